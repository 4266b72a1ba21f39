//! What goes wrong between a build and its store, a test for each row of the list of faults, whose numbers the
//! names carry. Each ends with the same build again: same state, nothing put.

use super::fake::{Creates, Fake, Fault, Rights, State, Tags, What, When};
use super::world::{
    Build, CANARIES, assert_promises, assert_recovers, assert_settled, asset_puts, is_visible,
};
use crate::plan::ConflictWith;
use crate::store::StoreError;
use std::time::Duration;
use tokio::time::Instant;

const VERSIONS: [Option<&str>; 2] = [None, Some("v1")];
const REF: &str = "PUT shop/.static-assets/refs/";
const TOMBSTONE: &str = "GET shop/.static-assets/tombstones/";
const MARKER: &str = "GET shop/.static-assets/versions/";
const COMMIT: &str = "PUT shop/.static-assets/versions/";
const ASSET: &str = "/a.css";

fn well() -> Fake {
    Fake::new()
}

fn store(change: impl FnOnce(&mut State)) -> Fake {
    Fake::new().with(change)
}

/// A fault that passes, or whose outcome a look at the store settles: the build goes on.
async fn passes(fault: Fault) {
    for version in VERSIONS {
        let build = Build::with("one", version);
        let fake = well();
        fake.fails(fault.clone());
        build.publish(&fake).await.unwrap();
        assert_settled(&build, &fake).await;
    }
}

/// A fault that ends the build with nothing visible; the next one resumes.
async fn ends(fault: Fault, is: fn(&StoreError) -> bool) {
    for version in VERSIONS {
        let build = Build::with("one", version);
        let fake = well();
        fake.fails(fault.clone());
        let error = build.failure(&fake).await;
        assert!(is(&error), "{error:?}");
        assert!(!is_visible(&fake));
        assert_recovers(&build, &fake).await;
    }
}

fn is_temporary(error: &StoreError) -> bool {
    matches!(error, StoreError::Temporary { .. })
}

#[tokio::test(start_paused = true)]
async fn f01_passing_errors_are_tried_again() {
    for about in [REF, TOMBSTONE, MARKER, ASSET, COMMIT] {
        for (status, code) in [
            (500, "InternalError"),
            (502, ""),
            (503, "SlowDown"),
            (504, ""),
            (408, "RequestTimeout"),
        ] {
            passes(Fault::first(
                3,
                about,
                When::Before,
                What::Status(status, code),
            ))
            .await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn f01_errors_that_do_not_pass_end_the_run_as_temporary() {
    for about in [REF, TOMBSTONE, MARKER, ASSET, COMMIT] {
        let down = What::Status(503, "ServiceUnavailable");
        ends(Fault::always(about, down), is_temporary).await;
    }
}

#[tokio::test(start_paused = true)]
async fn f02_a_429_waits_as_long_as_the_store_asks() {
    let build = Build::with("one", None);
    let fake = well();
    fake.fails(Fault::first(2, ASSET, When::Before, What::Throttle(7)));
    let start = Instant::now();
    build.publish(&fake).await.unwrap();
    let waited = start.elapsed();
    assert!(waited >= Duration::from_secs(14) && waited < Duration::from_secs(16));
    assert_settled(&build, &fake).await;

    // But not for hours.
    let fake = well();
    fake.fails(Fault::first(1, ASSET, When::Before, What::Throttle(7200)));
    let start = Instant::now();
    build.publish(&fake).await.unwrap();
    assert!(start.elapsed() < Duration::from_mins(1));
}

#[tokio::test(start_paused = true)]
async fn f03_a_store_without_conditional_writes_is_asked_once() {
    for version in VERSIONS {
        let build = Build::with("one", version);
        let fake = store(|state| state.creates = Creates::Refused);
        build.publish(&fake).await.unwrap();
        let requests = fake.take_requests();
        let puts = requests.iter().filter(|it| it.starts_with("PUT")).count();
        // The ref twice: with the condition, and without.
        assert_eq!(puts, 1 + 1 + 3 + 1 + usize::from(version.is_some()));
        assert_promises(&fake.state());
        let again = build.publish(&fake).await.unwrap();
        assert!(again.unchanged);
        assert_eq!(asset_puts(&fake.take_requests()), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn f04_an_object_with_the_same_bytes_is_taken_as_put() {
    let build = Build::with("one", None);
    let fake = well();
    // A listing that did not show it, so that the create meets it.
    fake.fails(Fault::at(
        1,
        "LIST",
        When::Before,
        What::Body(200, EMPTY_LIST.to_owned()),
    ));
    let key = format!("shop/{}/a.css", build.release.version);
    fake.plant(&key, b"a.css of one");
    build.publish(&fake).await.unwrap();
    assert_settled(&build, &fake).await;
}

const EMPTY_LIST: &str = "<ListBucketResult></ListBucketResult>";

#[tokio::test(start_paused = true)]
async fn f05_an_object_with_other_bytes_is_a_conflict_and_stays() {
    let build = Build::with("one", None);
    let fake = well();
    let key = format!("shop/{}/a.css", build.release.version);
    for other in ["another's", "A.CSS OF ONE"] {
        fake.plant(&key, other.as_bytes());
        for _ in 0..2 {
            let error = build.failure(&fake).await;
            let StoreError::Conflict(conflict) = error else {
                panic!("{error:?}");
            };
            assert!(matches!(conflict.with, ConflictWith::Foreign { path } if path == "a.css"));
            assert_eq!(fake.objects()[&key], other.as_bytes());
            assert!(!is_visible(&fake));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn f06_a_409_says_nothing_of_what_is_there() {
    let conflict = || What::Status(409, "ConditionalRequestConflict");
    for about in [REF, ASSET, COMMIT] {
        passes(Fault::at(1, about, When::Before, conflict())).await;
        passes(Fault::at(1, about, When::After, conflict())).await;
    }
}

#[tokio::test(start_paused = true)]
async fn f07_a_500_after_the_effect_is_settled_by_looking() {
    for about in [REF, ASSET, COMMIT, "PUT shop/.static-assets/claims/"] {
        let error = What::Status(500, "InternalError");
        passes(Fault::at(1, about, When::After, error)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn f08_a_connection_cut_before_the_answer_is_settled_by_looking() {
    for about in [REF, TOMBSTONE, MARKER, ASSET, COMMIT] {
        passes(Fault::at(1, about, When::Before, What::Cut)).await;
        passes(Fault::at(1, about, When::After, What::Cut)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn f09_a_request_without_an_answer_is_sent_again_within_seconds() {
    for about in [REF, TOMBSTONE, MARKER, ASSET, COMMIT] {
        for when in [When::Before, When::After] {
            let build = Build::with("one", None);
            let fake = well();
            fake.fails(Fault::at(1, about, when, What::Hang));
            let start = Instant::now();
            build.publish(&fake).await.unwrap();
            assert!(start.elapsed() < Duration::from_secs(6), "{about}");
            assert_settled(&build, &fake).await;
        }
    }
    let ends_within = Instant::now();
    ends(Fault::always(ASSET, What::Hang), is_temporary).await;
    assert!(ends_within.elapsed() < Duration::from_mins(5));
}

#[tokio::test(start_paused = true)]
async fn f10_a_body_that_comes_byte_by_byte_is_given_up() {
    let build = Build::with("one", None);
    let fake = well();
    build.publish(&fake).await.unwrap();
    let other = Build::with("two", Some("v1"));
    other.publish(&fake).await.unwrap();
    // Another tool's marker of the same content is read whole.
    fake.state().tags = Tags::Opaque;
    let marker = "shop/.static-assets/versions/v1.json";
    let json = fake.objects()[marker].clone();
    fake.plant(marker, &[&json[..json.len() - 1], b" \n"].concat());
    fake.fails(Fault::at(
        1,
        &format!("GET {marker}"),
        When::After,
        What::Slow,
    ));
    let start = Instant::now();
    assert!(other.publish(&fake).await.unwrap().unchanged);
    assert!(start.elapsed() < Duration::from_secs(12));
    fake.heals();
    fake.fails(Fault::always(&format!("GET {marker}"), What::Slow));
    let error = other.failure(&fake).await;
    assert!(is_temporary(&error), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn f11_a_marker_that_is_cut_is_unknown_and_never_absent() {
    let build = Build::with("one", Some("v1"));
    let fake = well();
    build.publish(&fake).await.unwrap();
    let other = Build::with("two", Some("v1"));
    fake.fails(Fault::always(MARKER, What::Truncate(20)));
    fake.take_requests();
    let error = other.failure(&fake).await;
    assert!(is_temporary(&error), "{error:?}");
    assert_eq!(asset_puts(&fake.take_requests()), 0);
    assert_settled(&build, &fake).await;
    passes(Fault::at(1, TOMBSTONE, When::After, What::Truncate(0))).await;
}

#[tokio::test(start_paused = true)]
async fn f12_a_marker_that_is_no_json_or_newer_is_kept() {
    for version in VERSIONS {
        let build = Build::with("one", version);
        let key = format!(
            "shop/.static-assets/versions/{}.json",
            build.release.version
        );
        for marker in ["{\"schema\":1", "{\"schema\":2}", ""] {
            let fake = well();
            fake.plant(&key, marker.as_bytes());
            for _ in 0..2 {
                let error = build.failure(&fake).await;
                assert!(matches!(error, StoreError::Unreadable { .. }), "{error:?}");
                assert_eq!(asset_puts(&fake.take_requests()), 0);
                assert_eq!(fake.objects()[&key], marker.as_bytes());
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn f13_a_file_that_changes_is_noticed_before_it_is_visible() {
    let large = vec![7; 20 << 20];
    for version in VERSIONS {
        let build = Build::of(&[("a.css", b"one"), ("large.bin", &large)], version);
        let fake = well();
        for (path, before) in [("a.css", b"one".to_vec()), ("large.bin", large.clone())] {
            let file = build.uploaded_from(path);
            let longer = [before.as_slice(), b"x"].concat();
            let other = vec![b'x'; before.len()];
            for changed in [&before[1..], &longer, &other] {
                fs_err::write(&file, changed).unwrap();
                let error = build.failure(&fake).await;
                assert!(matches!(&error, StoreError::Changed { path } if *path == file));
                assert!(!is_visible(&fake));
            }
            fs_err::remove_file(&file).unwrap();
            let error = build.failure(&fake).await;
            assert!(matches!(&error, StoreError::Changed { path } if *path == file));
            fs_err::write(&file, before).unwrap();
        }
        assert_recovers(&build, &fake).await;
    }
}

#[tokio::test(start_paused = true)]
async fn f18_thousands_of_files_are_sent_some_at_a_time_and_unchanged_ones_not_at_all() {
    let names: Vec<String> = (0..3000).map(|number| format!("{number}.css")).collect();
    let files: Vec<(&str, &[u8])> = names
        .iter()
        .map(|name| (name.as_str(), name.as_bytes()))
        .collect();
    let build = Build::of(&files, None);
    let fake = well();
    build.publish(&fake).await.unwrap();
    assert_eq!(fake.take_requests().len(), 3000 + 5);
    assert!(fake.state().most_in_flight <= 256);
    assert_settled(&build, &fake).await;

    // Half of it is there: four pages of the listing, and what is missing.
    let half: Vec<String> = fake.objects().into_keys().collect();
    let is_gone = |key: &&String| key.ends_with("1.css") || key.contains("/versions/");
    for key in half.iter().filter(is_gone) {
        fake.state().objects.remove(key);
    }
    fake.take_requests();
    build.publish(&fake).await.unwrap();
    let requests = fake.take_requests();
    assert_eq!(asset_puts(&requests), 300);
    let lists = requests.iter().filter(|it| it.starts_with("LIST")).count();
    assert_eq!(lists, 3);
    assert_settled(&build, &fake).await;
}

#[tokio::test(start_paused = true)]
async fn f19_a_large_file_goes_in_parts_or_at_once_as_its_version_allows() {
    let large: Vec<u8> = (0..20_u32 << 20)
        .map(|byte| byte.to_le_bytes()[2])
        .collect();
    for version in VERSIONS {
        let build = Build::of(&[("a.css", b"one"), ("large.bin", &large)], version);
        let fake = well();
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
async fn f01_parts_that_fail_are_tried_again_and_an_end_without_an_answer_is_settled() {
    let large: Vec<u8> = (0..20_u32 << 20)
        .map(|byte| byte.to_le_bytes()[2])
        .collect();
    for (about, when, what) in [
        ("?uploads", When::Before, What::Status(503, "SlowDown")),
        (
            "partNumber",
            When::Before,
            What::Status(500, "InternalError"),
        ),
        ("partNumber", When::After, What::Cut),
        ("partNumber", When::Before, What::Hang),
        ("POST shop/", When::After, What::Cut),
        // S3 may begin its answer before it knows how it ends.
        (
            "?uploadId",
            When::Before,
            What::Body(200, "<Error><Code>InternalError</Code></Error>".to_owned()),
        ),
        ("?uploadId", When::After, What::Status(503, "SlowDown")),
        ("?uploadId", When::Before, What::Status(503, "SlowDown")),
    ] {
        let build = Build::of(&[("large.bin", &large)], None);
        let fake = well();
        fake.fails(Fault::at(1, about, when, what));
        build.publish(&fake).await.unwrap();
        assert_settled(&build, &fake).await;
    }
    let build = Build::of(&[("large.bin", &large)], None);
    let fake = well();
    fake.fails(Fault::always("partNumber", What::Status(503, "SlowDown")));
    let error = build.failure(&fake).await;
    assert!(is_temporary(&error), "{error:?}");
    assert_recovers(&build, &fake).await;
}

/// As AWS does, with the credentials in the answer.
fn echo(status: u16, code: &str) -> What {
    let [id, secret, token] = CANARIES;
    What::Body(
        status,
        format!(
            "<Error><Code>{code}</Code><Message>{id} {secret}</Message><Token-0>{token}</Token-0></Error>"
        ),
    )
}

#[tokio::test(start_paused = true)]
async fn f23_a_wrong_clock_is_said_and_not_tried_again() {
    let skewed = Fault::always("", echo(403, "RequestTimeTooSkewed"));
    ends(skewed, |error| matches!(error, StoreError::ClockSkew)).await;
}

#[tokio::test(start_paused = true)]
async fn f24_credentials_that_expire_midway_leave_a_run_to_resume() {
    for about in [REF, "/d.svg", COMMIT] {
        let expired = Fault::always(about, echo(400, "ExpiredToken"));
        ends(expired, |error| matches!(error, StoreError::Expired)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn f25_wrong_credentials_are_named_and_not_shown() {
    for code in ["SignatureDoesNotMatch", "InvalidAccessKeyId"] {
        let rejected = Fault::always("", echo(403, code));
        ends(rejected, |error| {
            matches!(error, StoreError::InvalidCredentials(_))
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn f26_a_bucket_that_is_not_there_is_not_made() {
    let missing = Fault::always("", echo(404, "NoSuchBucket"));
    ends(missing, |error| {
        matches!(error, StoreError::NoBucket { .. })
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn f27_a_bucket_in_another_region_is_said_with_its_region() {
    let region =
        "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>";
    let malformed = Fault::always("", What::Body(400, region.to_owned()));
    ends(malformed, |error| {
        matches!(error, StoreError::WrongRegion { region: Some(region), .. } if region == "eu-west-1")
    })
    .await;
    let redirect = Fault::always("", What::Status(301, "PermanentRedirect"));
    ends(redirect, |error| {
        matches!(error, StoreError::WrongRegion { .. })
    })
    .await;
    let elsewhere = Fault::always("", What::Status(308, ""));
    ends(
        elsewhere,
        |error| matches!(error, StoreError::Unexpected { cause, .. } if cause.contains("redirect")),
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn f28_credentials_that_only_read_are_told_before_any_asset() {
    let build = Build::with("one", None);
    let fake = store(|state| state.rights = Rights::ReadOnly);
    let error = build.failure(&fake).await;
    assert!(
        matches!(error, StoreError::MissingPermission(_)),
        "{error:?}"
    );
    assert_eq!(fake.take_requests().len(), 1);
    fake.state().rights = Rights::All;
    assert_recovers(&build, &fake).await;
}

#[tokio::test(start_paused = true)]
async fn f29_the_least_rights_publish_digest_versions_and_resume_them() {
    let build = Build::with("one", None);
    let fake = store(|state| state.rights = Rights::Least);
    fake.fails(Fault::always("/d.svg", What::Status(503, "SlowDown")));
    let error = build.failure(&fake).await;
    assert!(is_temporary(&error), "{error:?}");
    fake.heals();
    build.publish(&fake).await.unwrap();
    fake.state().rights = Rights::All;
    assert_settled(&build, &fake).await;

    let blind = store(|state| state.rights = Rights::Blind);
    let error = build.failure(&blind).await;
    assert!(
        matches!(error, StoreError::MissingPermission(_)),
        "{error:?}"
    );
    assert!(!is_visible(&blind));

    let explicit = Build::with("one", Some("v1"));
    let least = store(|state| state.rights = Rights::Least);
    let error = explicit.failure(&least).await;
    assert!(
        matches!(&error, StoreError::MissingPermission(denied) if denied.action == "s3:ListBucket")
    );
    assert_eq!(asset_puts(&least.take_requests()), 0);
}

#[tokio::test(start_paused = true)]
async fn f29_a_large_file_whose_end_failed_is_not_taken_as_there_by_who_may_not_look() {
    let large = vec![1; 17 << 20];
    let build = Build::of(&[("large.bin", &large)], None);
    let down = || What::Status(503, "ServiceUnavailable");
    let fake = store(|state| state.rights = Rights::Least);
    fake.fails(Fault::at(1, "?uploadId", When::Before, down()));
    build.publish(&fake).await.unwrap();
    assert_promises(&fake.state());

    let fake = store(|state| state.rights = Rights::Least);
    fake.fails(Fault::always("POST", down()));
    let error = build.failure(&fake).await;
    assert!(is_temporary(&error), "{error:?}");
    let fake = store(|state| state.rights = Rights::Least);
    fake.fails(Fault::always("?uploadId", down()));
    let error = build.failure(&fake).await;
    assert!(is_temporary(&error), "{error:?}");
    assert!(!is_visible(&fake));
    fake.state().rights = Rights::All;
    assert_recovers(&build, &fake).await;
}

#[tokio::test(start_paused = true)]
async fn f31_an_object_that_may_not_be_changed_is_looked_at() {
    let immutable = || What::Status(409, "BlobImmutableDueToPolicy");
    passes(Fault::at(1, ASSET, When::After, immutable())).await;
}

#[tokio::test(start_paused = true)]
async fn f40_a_server_that_is_not_reached_is_temporary() {
    ends(Fault::always("", What::Cut), is_temporary).await;
}

#[tokio::test(start_paused = true)]
async fn f42_a_put_that_was_confirmed_and_not_done_is_found_out() {
    for version in VERSIONS {
        let build = Build::with("one", version);
        let fake = well();
        fake.fails(Fault::at(1, ASSET, When::Before, What::Lie));
        let error = build.failure(&fake).await;
        assert!(
            matches!(error, StoreError::ReadBackMismatch { .. }),
            "{error:?}"
        );
        assert!(!is_visible(&fake));
        assert_recovers(&build, &fake).await;
    }
}

#[tokio::test(start_paused = true)]
async fn f42_a_store_whose_etags_prove_nothing_is_checked_by_its_listing() {
    for version in VERSIONS {
        let build = Build::with("one", version);
        let fake = store(|state| state.tags = Tags::Opaque);
        build.publish(&fake).await.unwrap();
        let lists = fake.take_requests();
        let lists = lists.iter().filter(|it| it.starts_with("LIST")).count();
        assert_eq!(lists, if version.is_some() { 4 } else { 2 });
        assert!(build.publish(&fake).await.unwrap().unchanged);
        assert_eq!(asset_puts(&fake.take_requests()), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn f43_a_listing_that_lags_is_looked_at_again() {
    let build = Build::with("one", None);
    let fake = store(|state| {
        state.tags = Tags::Opaque;
        state.stale = 2;
    });
    build.publish(&fake).await.unwrap();
    assert_promises(&fake.state());
    assert!(build.publish(&fake).await.unwrap().unchanged);
}

#[tokio::test(start_paused = true)]
async fn f44_a_listing_without_an_end_ends() {
    for version in VERSIONS {
        let build = Build::with("one", version);
        let key = format!("shop/{}/a.css", build.release.version);
        // With something on each page, and with nothing.
        for key in [key.as_str(), "shop/x"] {
            let endless = format!(
                "<ListBucketResult><Contents><Key>{key}</Key><Size>1</Size>\
                 <LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>\
                 <NextContinuationToken>again</NextContinuationToken></ListBucketResult>"
            );
            let fake = well();
            fake.fails(Fault::always("LIST", What::Body(200, endless)));
            let error = build.failure(&fake).await;
            assert!(matches!(error, StoreError::Unexpected { .. }), "{error:?}");
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
