//! Traps of `object_store` and of stores that show in requests. The names carry the numbers of two lists: `u` of
//! uploads, `r` of reliability. The other traps are in `tests/traps.rs`.

use super::fake::{ConditionalWrites, Fake, Fault, FaultKind, FaultTime, Rights};
use super::world::{
    Build, CANARIES, assert_promises, assert_settled, asset_uploads, is_visible, label,
    protocol_by, request_error, transport,
};
use crate::config::{Access, Config, Mode, Phase, Platform, Region, Sources};
use crate::env::Env;
use crate::plan::ConflictWith;
use crate::prefix::{BucketUrl, StoreUrl};
use crate::store::client::{Deletes, Remote, connect};
use crate::store::clients::Clients;
use crate::store::network::Hosts;
use crate::store::{RequestError, StoreError};
use object_store::list::PaginatedListOptions;
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The real client for these settings, with the store in memory in place of the network.
fn client(settings: &[(&str, &str)], fake: &Fake) -> Arc<dyn Remote> {
    let (url, access) = configured(settings);
    let hosts = Hosts::of(&url, &access);
    connect(&url, &access, Deletes::Single, transport(fake, hosts))
        .ok()
        .unwrap()
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
        StoreUrl::File(_) => panic!("not a bucket"),
    }
}

const AWS: [(&str, &str); 4] = [
    ("STATIC_ASSETS_STORE", "s3://acme-static/shop"),
    ("STATIC_ASSETS_ACCESS_KEY_ID", CANARIES[0]),
    ("STATIC_ASSETS_SECRET_ACCESS_KEY", CANARIES[1]),
    ("STATIC_ASSETS_SESSION_TOKEN", CANARIES[2]),
];

async fn survives(fault: Fault) {
    let build = Build::with("one", None);
    let fake = Fake::new();
    fake.fails(fault);
    build.publish(&fake).await.unwrap();
    assert_settled(&build, &fake).await;
}

#[tokio::test(start_paused = true)]
async fn u01_finding_its_own_object_is_no_conflict() {
    for what in [
        FaultKind::Status(503, ""),
        FaultKind::Cut,
        FaultKind::Status(409, ""),
        FaultKind::Hang,
    ] {
        survives(Fault::at(1, "/a.css", FaultTime::After, what)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn u02_explicit_versions_never_use_multipart_uploads() {
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

/// `object_store` signs a listing before it adds default headers; we have none to add.
#[tokio::test(start_paused = true)]
async fn u07_every_amz_header_is_signed() {
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
async fn u09_a_stalled_upload_costs_seconds() {
    let build = Build::with("one", None);
    let fake = Fake::new();
    fake.fails(Fault::at(1, "/b/c.js", FaultTime::Before, FaultKind::Hang));
    let start = Instant::now();
    build.publish(&fake).await.unwrap();
    assert!(start.elapsed() < Duration::from_secs(6));
}

#[tokio::test(start_paused = true)]
async fn u12_a_redirect_means_another_region() {
    let build = Build::with("one", None);
    let fake = Fake::new();
    fake.fails(Fault::always(
        "",
        FaultKind::Status(301, "PermanentRedirect"),
    ));
    let error = build.failure(&fake).await;
    assert!(
        matches!(request_error(&error), RequestError::WrongRegion(_)),
        "{error:?}"
    );
    assert_eq!(fake.take_requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn u14_a_region_that_no_setting_gives_is_found_by_one_request_more() {
    let region = |name: &str| {
        let code = "<Code>AuthorizationHeaderMalformed</Code>";
        let body = format!("<Error>{code}<Region>{name}</Region></Error>");
        FaultKind::Body(400, body)
    };
    let publish = async |settings: &[(&str, &str)], answer: FaultKind, times: usize| {
        let build = Build::with("one", None);
        let fake = Fake::new();
        let (url, access) = configured(settings);
        fake.fails(Fault::first(times, "", FaultTime::Before, answer));
        let transport = transport(&fake, Hosts::of(&url, &access));
        let protocol = protocol_by(transport, &build.release, |transport| {
            Clients::open(&url, &access, transport).ok().unwrap()
        });
        let published = protocol.publish(&label()).await;
        let region = protocol.objects.clients.region();
        let found = region.filter(|region| matches!(region, Region::Found(_)));
        let signed = fake.state().headers.clone().into_iter().map(|headers| {
            let authorization = headers["authorization"].to_str().unwrap();
            authorization.split('/').nth(2).unwrap().to_owned()
        });
        (published, found, signed.collect::<Vec<_>>())
    };

    let (published, found, signed) = publish(&AWS, region("eu-west-1"), 1).await;
    published.unwrap();
    assert_eq!(found, Some(Region::Found("eu-west-1".to_owned())));
    assert_eq!(signed[0], "us-east-1");
    assert!(signed[1..].iter().all(|region| region == "eu-west-1"));
    assert_eq!(signed.len(), 9, "3 files, 5 of the protocol, and 1");

    // A region that is set is an error if it is wrong.
    let given = [&AWS[..], &[("STATIC_ASSETS_REGION", "us-west-2")]].concat();
    let (published, found, signed) = publish(&given, region("eu-west-1"), 1).await;
    let error = published.unwrap_err();
    assert!(matches!(
        request_error(&error),
        RequestError::WrongRegion(_)
    ));
    assert_eq!((found, signed.len()), (None, 1));

    // A store that names a region again and again is asked twice.
    let (published, _, signed) = publish(&AWS, region("eu-west-1"), usize::MAX).await;
    assert!(published.is_err());
    assert_eq!(signed, ["us-east-1", "eu-west-1"]);
}

#[tokio::test(start_paused = true)]
async fn u13_only_amazon_gets_a_checksum() {
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
async fn r01_an_existing_object_is_always_compared() {
    // A different object, an equal one, and none.
    let build = Build::with("one", None);
    let key = format!("shop/{}/a.css", build.release.version);
    for (planted, is_fine) in [("another's!!!!", false), ("a.css of one", true)] {
        let fake = Fake::new();
        fake.fails(Fault::at(
            1,
            "LIST",
            FaultTime::Before,
            FaultKind::Body(200, "<a></a>".to_owned()),
        ));
        fake.plant(&key, planted.as_bytes());
        match build.publish(&fake).await {
            Ok(_) => assert!(is_fine),
            Err(StoreError::Conflict(conflict)) => {
                assert!(!is_fine);
                assert!(matches!(conflict.with, ConflictWith::Foreign(_)));
            }
            Err(error) => panic!("{error:?}"),
        }
    }
    survives(Fault::at(
        1,
        "/a.css",
        FaultTime::Before,
        FaultKind::Status(412, ""),
    ))
    .await;
}

#[tokio::test(start_paused = true)]
async fn r02_missing_conditional_writes_cost_one_request() {
    for (creates, more) in [
        (ConditionalWrites::Ignored, 0),
        (ConditionalWrites::Refused, 1),
    ] {
        let build = Build::with("one", None);
        let fake = Fake::new().with(|state| state.creates = creates);
        build.publish(&fake).await.unwrap();
        assert_eq!(fake.take_requests().len(), 3 + 5 + more);
        assert_promises(&fake.state());
    }
}

#[tokio::test(start_paused = true)]
async fn r03_a_rewritten_digest_version_stays_the_same() {
    let build = Build::with("one", None);
    let fake = Fake::new().with(|state| state.creates = ConditionalWrites::Ignored);
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
async fn r04_a_multipart_upload_is_invisible_until_completed() {
    let large = vec![1; 17 << 20];
    let build = Build::of(&[("large.bin", &large)], None);
    let fake = Fake::new();
    fake.fails(Fault::always(
        "?uploadId",
        FaultKind::Status(403, "AccessDenied"),
    ));
    let error = build.failure(&fake).await;
    assert!(
        matches!(request_error(&error), RequestError::Forbidden),
        "{error:?}"
    );
    assert!(!is_visible(&fake));
    assert!(fake.objects().is_empty());
}

#[tokio::test(start_paused = true)]
async fn r06_credentials_in_answers_are_never_shown() {
    let build = Build::with("one", None);
    for status in [400, 403, 418, 500] {
        for code in ["ExpiredToken", "SignatureDoesNotMatch", "", CANARIES[2]] {
            let fake = Fake::new();
            let body = format!(
                "<Error><Code>{code}</Code><Token-0>{}</Token-0></Error>",
                CANARIES[1]
            );
            fake.fails(Fault::always("", FaultKind::Body(status, body)));
            let error = build.publish(&fake).await.unwrap_err();
            // A code is shown; the log redacts credentials in every line.
            let shown = format!("{error:?}").replace(CANARIES[2], "");
            assert!(
                CANARIES.iter().all(|canary| !shown.contains(canary)),
                "{shown}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn r08_keys_are_what_browsers_ask_for() {
    let names = super::names::NAMES;
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (*name, name.as_bytes())).collect();
    let build = Build::of(&files, None);
    let fake = Fake::new();
    build.publish(&fake).await.unwrap();
    assert_eq!(asset_uploads(&fake.take_requests()), names.len());
    for name in names {
        let key = format!("shop/{}/{name}", build.release.version);
        let object = fake.state().objects[&key].clone();
        assert_eq!(object.body, name.as_bytes());
        let header = |name: &str| object.headers.iter().any(|(header, _)| header == name);
        assert!(header("content-type") && header("cache-control"));
    }
}
