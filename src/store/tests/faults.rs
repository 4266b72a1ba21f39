//! What goes wrong between a build and its store. The names carry the numbers of the list of faults. Each test ends
//! with the same build again, which changes nothing.

use super::fake::{ConditionalWrites, Etags, Fake, FakeState, Fault, FaultKind, FaultTime, Rights};
use super::world::{
    Build, CANARIES, assert_promises, assert_recovers, assert_settled, asset_uploads, is_visible,
    request_error,
};
use crate::plan::ConflictWith;
use crate::store::{FailedRequest, RequestError, StoreError};
use std::time::Duration;
use tokio::time::Instant;

const VERSIONS: [Option<&str>; 2] = [None, Some("v1")];
const REF: &str = "PUT shop/.static-assets/refs/";
const TOMBSTONE: &str = "GET shop/.static-assets/tombstones/";
const MARKER: &str = "GET shop/.static-assets/versions/";
const COMMIT: &str = "PUT shop/.static-assets/versions/";
const ASSET: &str = "/a.css";

fn healthy() -> Fake {
    Fake::new()
}

fn store(change: impl FnOnce(&mut FakeState)) -> Fake {
    Fake::new().with(change)
}

/// The build survives a fault that passes, or whose outcome is read back.
async fn survives(fault: Fault) {
    for version in VERSIONS {
        let build = Build::with("one", version);
        let fake = healthy();
        fake.fails(fault.clone());
        build.publish(&fake).await.unwrap();
        assert_settled(&build, &fake).await;
    }
}

/// The fault ends the build with nothing visible; the next build resumes.
async fn ends(fault: Fault, is: fn(&RequestError) -> bool) {
    for version in VERSIONS {
        let build = Build::with("one", version);
        let fake = healthy();
        fake.fails(fault.clone());
        let error = build.failure(&fake).await;
        assert!(is(request_error(&error)), "{error:?}");
        assert!(!is_visible(&fake));
        assert_recovers(&build, &fake).await;
    }
}

fn is_temporary(error: &RequestError) -> bool {
    matches!(error, RequestError::Temporary { .. })
}

#[tokio::test(start_paused = true)]
async fn f01_temporary_errors_are_retried() {
    for about in [REF, TOMBSTONE, MARKER, ASSET, COMMIT] {
        for (status, code) in [
            (500, "InternalError"),
            (502, ""),
            (503, "SlowDown"),
            (504, ""),
            (408, "RequestTimeout"),
        ] {
            survives(Fault::first(
                3,
                about,
                FaultTime::Before,
                FaultKind::Status(status, code),
            ))
            .await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn f01_lasting_errors_end_as_temporary() {
    for about in [REF, TOMBSTONE, MARKER, ASSET, COMMIT] {
        let down = FaultKind::Status(503, "ServiceUnavailable");
        ends(Fault::always(about, down), is_temporary).await;
    }
}

#[tokio::test(start_paused = true)]
async fn f02_a_429_waits_as_the_store_asks() {
    let build = Build::with("one", None);
    let fake = healthy();
    fake.fails(Fault::first(
        2,
        ASSET,
        FaultTime::Before,
        FaultKind::Throttle(7),
    ));
    let start = Instant::now();
    build.publish(&fake).await.unwrap();
    let waited = start.elapsed();
    assert!(waited >= Duration::from_secs(14) && waited < Duration::from_secs(16));
    assert_settled(&build, &fake).await;

    // It does not wait for hours.
    let fake = healthy();
    fake.fails(Fault::first(
        1,
        ASSET,
        FaultTime::Before,
        FaultKind::Throttle(7200),
    ));
    let start = Instant::now();
    build.publish(&fake).await.unwrap();
    assert!(start.elapsed() < Duration::from_mins(1));
}

#[tokio::test(start_paused = true)]
async fn f03_unsupported_conditional_writes_are_tried_once() {
    for version in VERSIONS {
        let build = Build::with("one", version);
        let fake = store(|state| state.creates = ConditionalWrites::Refused);
        build.publish(&fake).await.unwrap();
        let requests = fake.take_requests();
        let puts = requests.iter().filter(|it| it.starts_with("PUT")).count();
        // The ref is sent twice: with the condition, and without.
        assert_eq!(puts, 1 + 1 + 3 + 1 + usize::from(version.is_some()));
        assert_promises(&fake.state());
        let again = build.publish(&fake).await.unwrap();
        assert!(again.unchanged);
        assert_eq!(asset_uploads(&fake.take_requests()), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn f04_an_equal_object_counts_as_uploaded() {
    let build = Build::with("one", None);
    let fake = healthy();
    // The listing does not show the object, so the create finds it.
    fake.fails(Fault::at(
        1,
        "LIST",
        FaultTime::Before,
        FaultKind::Body(200, EMPTY_LIST.to_owned()),
    ));
    let key = format!("shop/{}/a.css", build.release.version);
    fake.plant(&key, b"a.css of one");
    build.publish(&fake).await.unwrap();
    assert_settled(&build, &fake).await;
}

const EMPTY_LIST: &str = "<ListBucketResult></ListBucketResult>";

#[tokio::test(start_paused = true)]
async fn f05_a_different_object_is_a_conflict_and_stays() {
    let build = Build::with("one", None);
    let fake = healthy();
    let key = format!("shop/{}/a.css", build.release.version);
    for other in ["another's", "A.CSS OF ONE"] {
        fake.plant(&key, other.as_bytes());
        for _ in 0..2 {
            let error = build.failure(&fake).await;
            let StoreError::Conflict(conflict) = error else {
                panic!("{error:?}");
            };
            assert!(matches!(conflict.with, ConflictWith::Foreign(path) if path == "a.css"));
            assert_eq!(fake.objects()[&key], other.as_bytes());
            assert!(!is_visible(&fake));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn f06_a_409_is_retried_and_read_back() {
    let conflict = || FaultKind::Status(409, "ConditionalRequestConflict");
    for about in [REF, ASSET, COMMIT] {
        survives(Fault::at(1, about, FaultTime::Before, conflict())).await;
        survives(Fault::at(1, about, FaultTime::After, conflict())).await;
    }
}

#[tokio::test(start_paused = true)]
async fn f07_a_500_after_the_effect_is_read_back() {
    for about in [REF, ASSET, COMMIT, "PUT shop/.static-assets/claims/"] {
        let error = FaultKind::Status(500, "InternalError");
        survives(Fault::at(1, about, FaultTime::After, error)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn f08_a_cut_connection_is_read_back() {
    for about in [REF, TOMBSTONE, MARKER, ASSET, COMMIT] {
        survives(Fault::at(1, about, FaultTime::Before, FaultKind::Cut)).await;
        survives(Fault::at(1, about, FaultTime::After, FaultKind::Cut)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn f09_an_unanswered_request_is_retried_within_seconds() {
    for about in [REF, TOMBSTONE, MARKER, ASSET, COMMIT] {
        for when in [FaultTime::Before, FaultTime::After] {
            let build = Build::with("one", None);
            let fake = healthy();
            fake.fails(Fault::at(1, about, when, FaultKind::Hang));
            let start = Instant::now();
            build.publish(&fake).await.unwrap();
            assert!(start.elapsed() < Duration::from_secs(6), "{about}");
            assert_settled(&build, &fake).await;
        }
    }
    let ends_within = Instant::now();
    ends(Fault::always(ASSET, FaultKind::Hang), is_temporary).await;
    assert!(ends_within.elapsed() < Duration::from_mins(5));
}

#[tokio::test(start_paused = true)]
async fn f09_a_store_that_never_answers_is_given_up_soon() {
    let start = Instant::now();
    let fake = healthy();
    fake.fails(Fault::always("", FaultKind::Hang));
    let error = Build::with("one", None).failure(&fake).await;
    assert!(is_temporary(request_error(&error)), "{error:?}");
    assert!(
        start.elapsed() < Duration::from_secs(45),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn f10_a_body_of_single_bytes_times_out() {
    let build = Build::with("one", None);
    let fake = healthy();
    build.publish(&fake).await.unwrap();
    let other = Build::with("two", Some("v1"));
    other.publish(&fake).await.unwrap();
    // The marker differs in bytes only, so it is read whole.
    fake.state().tags = Etags::Opaque;
    let marker = "shop/.static-assets/versions/v1.json";
    let json = fake.objects()[marker].clone();
    fake.plant(marker, &[&json[..json.len() - 1], b" \n"].concat());
    fake.fails(Fault::at(
        1,
        &format!("GET {marker}"),
        FaultTime::After,
        FaultKind::Slow,
    ));
    let start = Instant::now();
    assert!(other.publish(&fake).await.unwrap().unchanged);
    assert!(start.elapsed() < Duration::from_secs(12));
    fake.heals();
    fake.fails(Fault::always(&format!("GET {marker}"), FaultKind::Slow));
    let error = other.failure(&fake).await;
    assert!(is_temporary(request_error(&error)), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn f11_a_cut_marker_never_counts_as_absent() {
    let build = Build::with("one", Some("v1"));
    let fake = healthy();
    build.publish(&fake).await.unwrap();
    let other = Build::with("two", Some("v1"));
    fake.fails(Fault::always(MARKER, FaultKind::Truncate(20)));
    fake.take_requests();
    let error = other.failure(&fake).await;
    assert!(is_temporary(request_error(&error)), "{error:?}");
    assert_eq!(asset_uploads(&fake.take_requests()), 0);
    assert_settled(&build, &fake).await;
    survives(Fault::at(
        1,
        TOMBSTONE,
        FaultTime::After,
        FaultKind::Truncate(0),
    ))
    .await;
}

#[tokio::test(start_paused = true)]
async fn f12_an_unreadable_marker_is_kept() {
    for version in VERSIONS {
        let build = Build::with("one", version);
        let key = format!(
            "shop/.static-assets/versions/{}.json",
            build.release.version
        );
        for marker in ["{\"schema\":1", "{\"schema\":2}", ""] {
            let fake = healthy();
            fake.plant(&key, marker.as_bytes());
            for _ in 0..2 {
                let error = build.failure(&fake).await;
                assert!(
                    matches!(error, StoreError::UnreadableObject(..)),
                    "{error:?}"
                );
                assert_eq!(asset_uploads(&fake.take_requests()), 0);
                assert_eq!(fake.objects()[&key], marker.as_bytes());
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn f13_a_changed_file_is_noticed_before_publishing() {
    let large = vec![7; 20 << 20];
    for version in VERSIONS {
        let build = Build::of(&[("a.css", b"one"), ("large.bin", &large)], version);
        for (path, before) in [("a.css", b"one".to_vec()), ("large.bin", large.clone())] {
            // A store of its own: what an earlier attempt has uploaded is not read again.
            let fake = healthy();
            let file = build.uploaded_from(path);
            let longer = [before.as_slice(), b"x"].concat();
            let other = vec![b'x'; before.len()];
            for changed in [&before[1..], &longer, &other] {
                fs_err::write(&file, changed).unwrap();
                let error = build.failure(&fake).await;
                assert!(matches!(&error, StoreError::AssetChanged(path) if *path == file));
                assert!(!is_visible(&fake));
            }
            fs_err::remove_file(&file).unwrap();
            let error = build.failure(&fake).await;
            assert!(matches!(&error, StoreError::AssetChanged(path) if *path == file));
            fs_err::write(&file, before).unwrap();
            assert_recovers(&build, &fake).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn f18_thousands_of_files_respect_the_request_limit() {
    let names: Vec<String> = (0..3000).map(|number| format!("{number}.css")).collect();
    let files: Vec<(&str, &[u8])> = names
        .iter()
        .map(|name| (name.as_str(), name.as_bytes()))
        .collect();
    let build = Build::of(&files, None);
    let fake = healthy();
    build.publish(&fake).await.unwrap();
    assert_eq!(fake.take_requests().len(), 3000 + 5);
    assert!(fake.state().most_in_flight <= 256);
    assert_settled(&build, &fake).await;

    // A part exists: three pages are listed, and the missing files uploaded.
    let half: Vec<String> = fake.objects().into_keys().collect();
    let is_gone = |key: &&String| key.ends_with("1.css") || key.contains("/versions/");
    for key in half.iter().filter(is_gone) {
        fake.state().objects.remove(key);
    }
    fake.take_requests();
    build.publish(&fake).await.unwrap();
    let requests = fake.take_requests();
    assert_eq!(asset_uploads(&requests), 300);
    let lists = requests.iter().filter(|it| it.starts_with("LIST")).count();
    assert_eq!(lists, 3);
    assert_settled(&build, &fake).await;
}

#[tokio::test(start_paused = true)]
async fn f19_only_digest_versions_use_multipart_uploads() {
    let large: Vec<u8> = (0..20_u32 << 20)
        .map(|byte| byte.to_le_bytes()[2])
        .collect();
    for version in VERSIONS {
        let build = Build::of(&[("a.css", b"one"), ("large.bin", &large)], version);
        let fake = healthy();
        build.publish(&fake).await.unwrap();
        let requests = fake.take_requests();
        let parts = requests
            .iter()
            .filter(|it| it.contains("partNumber"))
            .count();
        assert_eq!(parts, if version.is_none() { 3 } else { 0 });
        assert_settled(&build, &fake).await;
        let key = format!("shop/{}/large.bin", build.release.version);
        let object = fake.state().objects[&key].clone();
        let header = |name: &str| object.headers.iter().any(|(header, _)| header == name);
        assert!(header("content-type") && header("cache-control") && header("x-amz-meta-sha256"));
    }
}

#[tokio::test(start_paused = true)]
async fn f01_failed_parts_and_completions_are_retried() {
    let large: Vec<u8> = (0..20_u32 << 20)
        .map(|byte| byte.to_le_bytes()[2])
        .collect();
    for (about, when, what) in [
        (
            "?uploads",
            FaultTime::Before,
            FaultKind::Status(503, "SlowDown"),
        ),
        (
            "partNumber",
            FaultTime::Before,
            FaultKind::Status(500, "InternalError"),
        ),
        ("partNumber", FaultTime::After, FaultKind::Cut),
        ("partNumber", FaultTime::Before, FaultKind::Hang),
        ("POST shop/", FaultTime::After, FaultKind::Cut),
        // S3 may begin its answer before it knows the outcome.
        (
            "?uploadId",
            FaultTime::Before,
            FaultKind::Body(200, "<Error><Code>InternalError</Code></Error>".to_owned()),
        ),
        (
            "?uploadId",
            FaultTime::After,
            FaultKind::Status(503, "SlowDown"),
        ),
        (
            "?uploadId",
            FaultTime::Before,
            FaultKind::Status(503, "SlowDown"),
        ),
    ] {
        let build = Build::of(&[("large.bin", &large)], None);
        let fake = healthy();
        fake.fails(Fault::at(1, about, when, what));
        build.publish(&fake).await.unwrap();
        assert_settled(&build, &fake).await;
    }
    let build = Build::of(&[("large.bin", &large)], None);
    let fake = healthy();
    fake.fails(Fault::always(
        "partNumber",
        FaultKind::Status(503, "SlowDown"),
    ));
    let error = build.failure(&fake).await;
    assert!(is_temporary(request_error(&error)), "{error:?}");
    assert_recovers(&build, &fake).await;
}

/// An error whose body repeats the credentials, as AWS sends it.
fn echo(status: u16, code: &str) -> FaultKind {
    let [id, secret, token] = CANARIES;
    FaultKind::Body(
        status,
        format!(
            "<Error><Code>{code}</Code><Message>{id} {secret}</Message><Token-0>{token}</Token-0></Error>"
        ),
    )
}

#[tokio::test(start_paused = true)]
async fn f23_a_wrong_clock_is_named_without_retry() {
    let skewed = Fault::always("", echo(403, "RequestTimeTooSkewed"));
    ends(skewed, |error| matches!(error, RequestError::ClockSkew)).await;
}

#[tokio::test(start_paused = true)]
async fn f24_credentials_may_expire_midway() {
    for about in [REF, "/d.svg", COMMIT] {
        let expired = Fault::always(about, echo(400, "ExpiredToken"));
        ends(expired, |error| {
            matches!(error, RequestError::ExpiredCredentials)
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn f25_invalid_credentials_are_named_but_not_shown() {
    for code in ["SignatureDoesNotMatch", "InvalidAccessKeyId"] {
        let rejected = Fault::always("", echo(403, code));
        ends(rejected, |error| {
            matches!(error, RequestError::InvalidCredentials(_))
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn f26_a_missing_bucket_is_not_created() {
    let missing = Fault::always("", echo(404, "NoSuchBucket"));
    ends(missing, |error| matches!(error, RequestError::NoBucket)).await;
}

#[tokio::test(start_paused = true)]
async fn f27_a_wrong_region_names_the_right_one() {
    let region =
        "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>";
    let malformed = Fault::always("", FaultKind::Body(400, region.to_owned()));
    ends(
        malformed,
        |error| matches!(error, RequestError::WrongRegion(Some(region)) if region == "eu-west-1"),
    )
    .await;
    let redirect = Fault::always("", FaultKind::Status(301, "PermanentRedirect"));
    ends(redirect, |error| {
        matches!(error, RequestError::WrongRegion(_))
    })
    .await;
    let elsewhere = Fault::always("", FaultKind::Status(308, ""));
    ends(
        elsewhere,
        |error| matches!(error, RequestError::Unexpected(cause) if cause.contains("redirect")),
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn f28_missing_upload_permission_fails_before_any_asset() {
    let build = Build::with("one", None);
    let fake = store(|state| state.rights = Rights::ReadOnly);
    let error = build.failure(&fake).await;
    assert!(
        matches!(request_error(&error), RequestError::Forbidden),
        "{error:?}"
    );
    assert_eq!(fake.take_requests().len(), 1);
    fake.state().rights = Rights::All;
    assert_recovers(&build, &fake).await;
}

#[tokio::test(start_paused = true)]
async fn f29_least_rights_publish_and_resume_digest_versions() {
    let build = Build::with("one", None);
    let fake = store(|state| state.rights = Rights::Least);
    fake.fails(Fault::always("/d.svg", FaultKind::Status(503, "SlowDown")));
    let error = build.failure(&fake).await;
    assert!(is_temporary(request_error(&error)), "{error:?}");
    fake.heals();
    build.publish(&fake).await.unwrap();
    fake.state().rights = Rights::All;
    assert_settled(&build, &fake).await;

    let blind = store(|state| state.rights = Rights::Blind);
    let error = build.failure(&blind).await;
    assert!(
        matches!(request_error(&error), RequestError::Forbidden),
        "{error:?}"
    );
    assert!(!is_visible(&blind));

    let explicit = Build::with("one", Some("v1"));
    let least = store(|state| state.rights = Rights::Least);
    let error = explicit.failure(&least).await;
    assert!(
        matches!(&error, StoreError::Request(FailedRequest(RequestError::Forbidden, target)) if target.action == "s3:ListBucket")
    );
    assert_eq!(asset_uploads(&least.take_requests()), 0);
}

#[tokio::test(start_paused = true)]
async fn f29_failed_completion_is_untrusted_without_head_permission() {
    let large = vec![1; 17 << 20];
    let build = Build::of(&[("large.bin", &large)], None);
    let down = || FaultKind::Status(503, "ServiceUnavailable");
    let fake = store(|state| state.rights = Rights::Least);
    fake.fails(Fault::at(1, "?uploadId", FaultTime::Before, down()));
    build.publish(&fake).await.unwrap();
    assert_promises(&fake.state());

    let fake = store(|state| state.rights = Rights::Least);
    fake.fails(Fault::always("POST", down()));
    let error = build.failure(&fake).await;
    assert!(is_temporary(request_error(&error)), "{error:?}");
    let fake = store(|state| state.rights = Rights::Least);
    fake.fails(Fault::always("?uploadId", down()));
    let error = build.failure(&fake).await;
    assert!(is_temporary(request_error(&error)), "{error:?}");
    assert!(!is_visible(&fake));
    fake.state().rights = Rights::All;
    assert_recovers(&build, &fake).await;
}

#[tokio::test(start_paused = true)]
async fn f31_an_immutable_object_is_compared() {
    let immutable = || FaultKind::Status(409, "BlobImmutableDueToPolicy");
    survives(Fault::at(1, ASSET, FaultTime::After, immutable())).await;
}

#[tokio::test(start_paused = true)]
async fn f40_an_unreachable_server_is_temporary() {
    ends(Fault::always("", FaultKind::Cut), is_temporary).await;
}

#[tokio::test(start_paused = true)]
async fn f42_a_confirmed_upload_that_failed_is_noticed() {
    for version in VERSIONS {
        let build = Build::with("one", version);
        let fake = healthy();
        fake.fails(Fault::at(1, ASSET, FaultTime::Before, FaultKind::Lie));
        let error = build.failure(&fake).await;
        assert!(
            matches!(error, StoreError::ReadBackMismatch(_)),
            "{error:?}"
        );
        assert!(!is_visible(&fake));
        assert_recovers(&build, &fake).await;
    }
}

#[tokio::test(start_paused = true)]
async fn f42_opaque_etags_are_verified_by_listing() {
    for version in VERSIONS {
        let build = Build::with("one", version);
        let fake = store(|state| state.tags = Etags::Opaque);
        build.publish(&fake).await.unwrap();
        let lists = fake.take_requests();
        let lists = lists.iter().filter(|it| it.starts_with("LIST")).count();
        assert_eq!(lists, if version.is_some() { 4 } else { 2 });
        assert!(build.publish(&fake).await.unwrap().unchanged);
        assert_eq!(asset_uploads(&fake.take_requests()), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn f43_a_lagging_listing_is_read_again() {
    let build = Build::with("one", None);
    let fake = store(|state| {
        state.tags = Etags::Opaque;
        state.stale = 2;
    });
    build.publish(&fake).await.unwrap();
    assert_promises(&fake.state());
    assert!(build.publish(&fake).await.unwrap().unchanged);
}

#[tokio::test(start_paused = true)]
async fn f44_an_endless_listing_is_an_error() {
    for version in VERSIONS {
        let build = Build::with("one", version);
        let key = format!("shop/{}/a.css", build.release.version);
        // Each page holds an object of the version, or none.
        for key in [key.as_str(), "shop/x"] {
            let endless = format!(
                "<ListBucketResult><Contents><Key>{key}</Key><Size>1</Size>\
                 <LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>\
                 <NextContinuationToken>again</NextContinuationToken></ListBucketResult>"
            );
            let fake = healthy();
            fake.fails(Fault::always("LIST", FaultKind::Body(200, endless)));
            let error = build.failure(&fake).await;
            assert!(
                matches!(request_error(&error), RequestError::Unexpected(_)),
                "{error:?}"
            );
            assert_eq!(
                fake.take_requests()
                    .iter()
                    .filter(|it| it.starts_with("LIST"))
                    .count(),
                2
            );
            assert_recovers(&build, &fake).await;
        }
    }
}
