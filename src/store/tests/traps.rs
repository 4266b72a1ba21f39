//! The traps of `object_store` and of the stores behind it that lie on the network's side, by their numbers in the
//! two lists of what was measured: `u` of the uploads', `r` of the reliability's. The others are in
//! `tests/traps.rs`.

use super::fake::{Creates, Fake, Fault, Rights, What, When};
use super::world::{Build, CANARIES, assert_promises, assert_settled, asset_puts, is_visible};
use crate::config::{Access, Config, Mode, Phase, Platform, Sources};
use crate::env::Env;
use crate::plan::ConflictWith;
use crate::prefix::{BucketUrl, StoreUrl};
use crate::store::StoreError;
use crate::store::client::{Remote, remote};
use crate::store::limiter::Limiter;
use crate::store::transport::Counter;
use object_store::list::PaginatedListOptions;
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Our own client for settings, with the store in memory in the network's place.
fn client(settings: &[(&str, &str)], fake: &Fake) -> Arc<dyn Remote> {
    let (url, access) = configured(settings);
    let counter = Arc::new(Counter::default());
    let limiter = Arc::new(Limiter::up_to(8));
    remote(&url, &access, fake.network(), (&counter, &limiter)).unwrap()
}

fn configured(settings: &[(&str, &str)]) -> (BucketUrl, Access) {
    let env: Env = settings
        .iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    let sources = Sources::read(&env, Platform::default(), "/nowhere".as_ref())
        .ok()
        .unwrap();
    let phase = Phase::Build {
        compile_without_store: false,
    };
    let config = Config::read(&sources, &phase).ok().unwrap();
    let Mode::Upload(destination) = config.mode else {
        panic!("not published");
    };
    match destination.site.store {
        StoreUrl::Bucket(url) => (url, destination.access),
        StoreUrl::File { .. } => panic!("not a bucket"),
    }
}

const AWS: [(&str, &str); 4] = [
    ("STATIC_ASSETS_STORE", "s3://acme-static/shop"),
    ("STATIC_ASSETS_ACCESS_KEY_ID", CANARIES[0]),
    ("STATIC_ASSETS_SECRET_ACCESS_KEY", CANARIES[1]),
    ("STATIC_ASSETS_SESSION_TOKEN", CANARIES[2]),
];

async fn comes_through(fault: Fault) {
    let build = Build::with("one", None);
    let fake = Fake::new();
    fake.fails(fault);
    build.publish(&fake).await.unwrap();
    assert_settled(&build, &fake).await;
}

#[tokio::test(start_paused = true)]
async fn u01_a_create_that_finds_its_own_object_is_no_conflict() {
    for what in [
        What::Status(503, ""),
        What::Cut,
        What::Status(409, ""),
        What::Hang,
    ] {
        comes_through(Fault::at(1, "/a.css", When::After, what)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn u02_parts_are_never_an_explicit_versions() {
    let large = vec![1; 17 << 20];
    let build = Build::of(&[("large.bin", &large)], Some("v1"));
    let fake = Fake::new();
    build.publish(&fake).await.unwrap();
    assert!(
        fake.take_requests()
            .iter()
            .all(|request| !request.contains("upload"))
    );
}

/// `object_store` signs a listing before default headers are added to it; we have none to add.
#[tokio::test(start_paused = true)]
async fn u07_every_header_of_amazons_is_signed_also_of_a_listing() {
    let fake = Fake::new();
    let client = client(&AWS, &fake);
    let path = Path::parse("shop/a b.css").unwrap();
    client
        .put(&path, PutPayload::from_static(b"a{}"))
        .await
        .unwrap();
    client.get(&path).await.unwrap();
    let all = PaginatedListOptions::default();
    client.list_paginated(Some("shop/"), all).await.unwrap();
    let headers = fake.state().headers.clone();
    assert_eq!(headers.len(), 3);
    for headers in headers {
        let authorization = headers["authorization"].to_str().unwrap();
        let (_, signed) = authorization.split_once("SignedHeaders=").unwrap();
        let signed: Vec<&str> = signed.split(',').next().unwrap().split(';').collect();
        for name in headers
            .keys()
            .filter(|name| name.as_str().starts_with("x-amz-"))
        {
            assert!(signed.contains(&name.as_str()), "{name} in {signed:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn u09_a_stalled_put_costs_seconds() {
    let build = Build::with("one", None);
    let fake = Fake::new();
    fake.fails(Fault::at(1, "/b/c.js", When::Before, What::Hang));
    let start = Instant::now();
    build.publish(&fake).await.unwrap();
    assert!(start.elapsed() < Duration::from_secs(6));
}

#[tokio::test(start_paused = true)]
async fn u12_a_redirect_without_a_place_is_told_as_another_region() {
    let build = Build::with("one", None);
    let fake = Fake::new();
    fake.fails(Fault::always("", What::Status(301, "PermanentRedirect")));
    let error = build.failure(&fake).await;
    assert!(matches!(error, StoreError::WrongRegion { .. }), "{error:?}");
    assert_eq!(fake.take_requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn u13_a_bucket_with_object_lock_gets_the_checksum_it_asks_for() {
    let fake = Fake::new();
    let path = Path::parse("shop/a.css").unwrap();
    let put = async |settings: &[(&str, &str)]| {
        let client = client(settings, &fake);
        client
            .put(&path, PutPayload::from_static(b"a{}"))
            .await
            .unwrap();
        fake.state().headers.pop().unwrap()
    };
    assert!(put(&AWS).await.contains_key("x-amz-checksum-sha256"));
    let endpoint = ("STATIC_ASSETS_ENDPOINT_URL", "https://minio.example.com");
    let public = ("STATIC_ASSETS_PUBLIC_URL", "https://static.example.com");
    let elsewhere = put(&[&AWS[..], &[endpoint, public]].concat()).await;
    assert!(!elsewhere.contains_key("x-amz-checksum-sha256"));
}

#[tokio::test(start_paused = true)]
async fn r01_already_exists_is_always_looked_at() {
    // Something that is not ours, something that is, and nothing at all.
    let build = Build::with("one", None);
    let key = format!("shop/{}/a.css", build.release.version);
    for (planted, is_fine) in [("another's!!!!", false), ("a.css of one", true)] {
        let fake = Fake::new();
        fake.fails(Fault::at(
            1,
            "LIST",
            When::Before,
            What::Body(200, "<a></a>".to_owned()),
        ));
        fake.plant(&key, planted.as_bytes());
        match build.publish(&fake).await {
            Ok(_) => assert!(is_fine),
            Err(StoreError::Conflict(conflict)) => {
                assert!(!is_fine);
                assert!(matches!(conflict.with, ConflictWith::Foreign { .. }));
            }
            Err(error) => panic!("{error:?}"),
        }
    }
    comes_through(Fault::at(1, "/a.css", When::Before, What::Status(412, ""))).await;
}

#[tokio::test(start_paused = true)]
async fn r02_a_store_without_conditional_writes_costs_one_request_or_none() {
    for (creates, more) in [(Creates::Ignored, 0), (Creates::Refused, 1)] {
        let build = Build::with("one", None);
        let fake = Fake::new().with(|state| state.creates = creates);
        build.publish(&fake).await.unwrap();
        assert_eq!(fake.take_requests().len(), 3 + 5 + more);
        assert_promises(&fake.state());
    }
}

#[tokio::test(start_paused = true)]
async fn r03_what_is_written_again_below_a_digest_version_is_the_same() {
    let build = Build::with("one", None);
    let fake = Fake::new().with(|state| state.creates = Creates::Ignored);
    build.publish(&fake).await.unwrap();
    let before = fake.objects();
    fake.state().rights = Rights::Least;
    let marker = format!(
        "shop/.static-assets/versions/{}.json",
        build.release.version
    );
    fake.state().objects.remove(&marker);
    build.publish(&fake).await.unwrap();
    assert_eq!(fake.objects(), before);
}

#[tokio::test(start_paused = true)]
async fn r04_an_upload_in_parts_is_invisible_until_it_ends() {
    let large = vec![1; 17 << 20];
    let build = Build::of(&[("large.bin", &large)], None);
    let fake = Fake::new();
    fake.fails(Fault::always(
        "?uploadId",
        What::Status(403, "AccessDenied"),
    ));
    let error = build.failure(&fake).await;
    assert!(
        matches!(error, StoreError::MissingPermission(_)),
        "{error:?}"
    );
    assert!(!is_visible(&fake));
    assert!(fake.objects().is_empty());
}

#[tokio::test(start_paused = true)]
async fn r06_what_an_answer_repeats_of_the_credentials_goes_no_further() {
    let build = Build::with("one", None);
    for status in [400, 403, 418, 500] {
        for code in ["ExpiredToken", "SignatureDoesNotMatch", "", CANARIES[2]] {
            let fake = Fake::new();
            let body = format!(
                "<Error><Code>{code}</Code><Token-0>{}</Token-0></Error>",
                CANARIES[1]
            );
            fake.fails(Fault::always("", What::Body(status, body)));
            let error = build.publish(&fake).await.unwrap_err();
            // A code is shown; the log takes credentials out of every line.
            let told = format!("{error:?}").replace(CANARIES[2], "");
            assert!(
                CANARIES.iter().all(|canary| !told.contains(canary)),
                "{told}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn r08_a_key_is_what_the_browser_will_ask_for() {
    let names = super::names::NAMES;
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (*name, name.as_bytes())).collect();
    let build = Build::of(&files, None);
    let fake = Fake::new();
    build.publish(&fake).await.unwrap();
    assert_eq!(asset_puts(&fake.take_requests()), names.len());
    for name in names {
        let key = format!("shop/{}/{name}", build.release.version);
        let object = fake.state().objects[&key].clone();
        assert_eq!(object.body, name.as_bytes());
        let header = |name: &str| object.headers.iter().any(|(header, _)| header == name);
        assert!(header("content-type") && header("cache-control"));
    }
}
