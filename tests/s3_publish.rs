//! Publishing to an S3 server (`SeaweedFS`): the requests of the contract, what a killed build leaves, and the errors
//! that a store causes.

use crate::harness::proxy::{Moment, Proxy};
use crate::harness::python::Python;
use crate::harness::refusing::Refusing;
use crate::harness::s3::Bucket;
use crate::harness::{Platform, http};
use crate::publish_model;
use std::collections::BTreeMap;

struct Setup {
    bucket: Bucket,
    proxy: Proxy,
    platform: Platform,
}

/// Makes a Django app that reaches its store through a proxy.
fn setup() -> Option<Setup> {
    let python = Python::find("django52")?;
    let bucket = Bucket::create()?;
    let proxy = Proxy::to(&bucket.endpoint);
    let platform = Platform::with("django_basic")
        .python(&python)
        .s3_store_at(&bucket, &proxy.url);
    Some(Setup {
        bucket,
        proxy,
        platform,
    })
}

/// Returns the method and the kind of each request, without names that differ between runs.
fn kinds(requests: &[String], bucket: &Bucket) -> Vec<String> {
    requests
        .iter()
        .map(|request| {
            let (method, path) = request.split_once(' ').unwrap();
            let path = path
                .strip_prefix(&format!("/{}", bucket.name))
                .unwrap()
                .trim_start_matches('/');
            let kind = if path.contains("list-type=2") && path.contains("claims") {
                "list claims"
            } else if path.contains("list-type=2") {
                "list version"
            } else if let Some(rest) = path.strip_prefix("shop/.static-assets/") {
                rest.split('/').next().unwrap()
            } else {
                "asset"
            };
            format!("{method} {kind}")
        })
        .collect()
}

const ASSETS: usize = 5;

#[test]
fn a_digest_version_takes_n_plus_5_requests() {
    let Some(Setup {
        bucket,
        proxy,
        platform,
    }) = setup()
    else {
        return;
    };
    let summary = format!("{ASSETS} new, 0 reused, 427 B, {} requests", ASSETS + 5);
    platform.build().succeeds().says(&summary);
    let mut expected = vec![
        "PUT refs",
        "GET tombstones",
        "GET versions",
        "GET list version",
    ];
    expected.extend(["PUT asset"; ASSETS]);
    expected.push("PUT versions");
    assert_eq!(kinds(&proxy.take_requests(), &bucket), expected);
    // The model searches the same requests.
    assert_eq!(publish_model::DIGEST.requests(ASSETS), expected);

    platform.build().succeeds().says("0 uploaded, 3 requests");
    assert_eq!(
        kinds(&proxy.take_requests(), &bucket),
        ["PUT refs", "GET tombstones", "GET versions"]
    );
}

#[test]
fn an_explicit_version_takes_n_plus_8_requests() {
    let Some(Setup {
        bucket,
        proxy,
        platform,
    }) = setup()
    else {
        return;
    };
    let platform = platform.env("RELEASE_VERSION", "v1");
    let summary = format!("{} requests", ASSETS + 8);
    platform.build().succeeds().says(&summary);
    let mut expected = vec![
        "PUT refs",
        "GET tombstones",
        "GET versions",
        "GET list version",
        "GET list claims",
        "PUT claims",
        "GET list claims",
    ];
    expected.extend(["PUT asset"; ASSETS]);
    expected.push("PUT versions");
    assert_eq!(kinds(&proxy.take_requests(), &bucket), expected);
    assert_eq!(publish_model::EXPLICIT.requests(ASSETS), expected);
    platform.build().succeeds().says("3 requests");
}

#[test]
fn headers_are_those_of_the_contract() {
    let Some(Setup {
        bucket, platform, ..
    }) = setup()
    else {
        return;
    };
    let ran = platform.build().succeeds();
    let version = ran.launch("STATIC_ASSETS_VERSION");
    let asset = http::get(&format!("{}web/font.woff2", ran.launch("STATIC_URL")));
    assert_eq!(asset.header("content-type"), "font/woff2");
    assert_eq!(
        asset.header("cache-control"),
        "public, max-age=31536000, immutable"
    );
    assert_eq!(asset.header("x-amz-meta-sha256").len(), 64);
    let marker = http::get(&format!(
        "{}/shop/.static-assets/versions/{version}.json",
        bucket.url()
    ));
    assert_eq!(marker.header("cache-control"), "no-store");
    assert_eq!(marker.header("content-type"), "application/json");
}

/// Drops the refs, which differ between any two runs.
fn without_refs(objects: BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
    objects
        .into_iter()
        .filter(|(key, _)| !key.contains("/.static-assets/refs/"))
        .collect()
}

/// Kills a build at each of its requests in turn. The next build must upload only what is missing, and must leave the
/// store as a build that was not killed does.
fn kill_at_every_request(moment: Moment, version: Option<&str>) {
    let Some(whole) = setup() else {
        return;
    };
    let with_version = |platform: Platform| match version {
        Some(version) => platform.env("RELEASE_VERSION", version),
        None => platform,
    };
    let platform = with_version(whole.platform);
    platform.build().succeeds();
    let requests = whole.proxy.take_requests().len();
    let expected = without_refs(whole.bucket.objects());
    let marker = |key: &String| key.contains("/.static-assets/versions/");
    let asset = |key: &&String| !key.contains("/.static-assets/");

    for number in 1..=requests {
        let Setup {
            bucket,
            proxy,
            platform,
        } = setup().unwrap();
        let platform = with_version(platform);
        proxy.kill_at(number, moment);
        let mut build = platform.start_build();
        proxy.victim(build.id());
        let status = build.wait().unwrap();
        assert!(
            !status.success(),
            "request {number}: the build was not killed"
        );
        assert!(proxy.stop_killing(), "request {number}");

        let left = bucket.objects();
        let is_visible = left.keys().any(marker);
        let was_last = number == requests && moment == Moment::AfterEffect;
        assert_eq!(is_visible, was_last, "request {number}: a marker");
        let uploaded_before: usize = left.keys().filter(asset).count();

        proxy.take_requests();
        platform.build().succeeds();
        let puts = kinds(&proxy.take_requests(), &bucket);
        let puts = puts.iter().filter(|kind| *kind == "PUT asset").count();
        assert_eq!(puts, ASSETS - uploaded_before, "request {number}");
        assert_eq!(without_refs(bucket.objects()), expected, "request {number}");

        proxy.take_requests();
        platform.build().succeeds().says("0 uploaded");
        assert_eq!(proxy.take_requests().len(), 3);
    }
}

#[test]
fn a_digest_build_killed_before_requests_stays_invisible() {
    kill_at_every_request(Moment::BeforeEffect, None);
}

#[test]
fn a_digest_build_killed_after_requests_stays_invisible() {
    kill_at_every_request(Moment::AfterEffect, None);
}

#[test]
fn an_explicit_build_killed_before_requests_stays_invisible() {
    kill_at_every_request(Moment::BeforeEffect, Some("v1"));
}

#[test]
fn an_explicit_build_killed_after_requests_stays_invisible() {
    kill_at_every_request(Moment::AfterEffect, Some("v1"));
}

#[test]
fn an_explicit_version_with_other_content_changes_nothing() {
    let Some(Setup {
        bucket, platform, ..
    }) = setup()
    else {
        return;
    };
    let platform = platform.env("RELEASE_VERSION", "v1");
    platform.build().succeeds();
    let before = without_refs(bucket.objects());
    platform.write("web/static/web/app.css", "body { color: teal }");
    platform
        .build()
        .exits(1)
        .says("v1")
        .says("changed  web/app.css");
    assert_eq!(without_refs(bucket.objects()), before);
}

#[test]
fn an_explicit_version_claimed_by_others_is_refused() {
    let Some(Setup {
        bucket, platform, ..
    }) = setup()
    else {
        return;
    };
    let platform = platform.env("RELEASE_VERSION", "v1");
    let claim = format!("shop/.static-assets/claims/v1/{}.json", "0".repeat(64));
    bucket.put(&claim, "{}");
    platform.build().exits(1).says("v1");
    let objects = bucket.objects();
    assert!(objects.contains_key(&claim));
    assert!(!objects.keys().any(|key| key.starts_with("shop/v1/")));
    bucket.delete(&claim);

    bucket.put("shop/v1/web/app.css", "foreign");
    platform.build().exits(1).line_names(&["v1", "web/app.css"]);
    let objects = bucket.objects();
    assert_eq!(objects["shop/v1/web/app.css"], b"foreign");
    assert!(!objects.keys().any(|key| key.contains("/claims/")));
}

#[test]
fn a_foreign_file_under_a_digest_version_stays() {
    let Some(Setup {
        bucket, platform, ..
    }) = setup()
    else {
        return;
    };
    let version = platform.build().succeeds().launch("STATIC_ASSETS_VERSION");
    bucket.delete(&format!("shop/.static-assets/versions/{version}.json"));
    let key = format!("shop/{version}/web/app.css");
    bucket.delete(&key);
    bucket.put(&key, "foreign");
    platform
        .build()
        .exits(1)
        .line_names(&[&version, "web/app.css"]);
    assert_eq!(bucket.objects()[&key], b"foreign");
}

#[test]
fn rejected_credentials_name_the_code_without_secrets() {
    let Some(Setup { platform, .. }) = setup() else {
        return;
    };
    let wrong_secret = platform.env("STATIC_ASSETS_SECRET_ACCESS_KEY", "wrong-secret-of-a-test");
    wrong_secret
        .build()
        .exits(1)
        .says("SignatureDoesNotMatch")
        .does_not_say("wrong-secret-of-a-test");
    wrong_secret
        .env("STATIC_ASSETS_ACCESS_KEY_ID", "UNKNOWNKEYID")
        .build()
        .exits(1)
        .says("InvalidAccessKeyId");
}

/// Makes a Django app whose store refuses every request.
fn refused(store: &Refusing) -> Option<Platform> {
    let python = Python::find("django52")?;
    let platform = Platform::with("django_basic").python(&python);
    let settings = [
        ("STATIC_ASSETS_STORE", "s3://acme-static/shop"),
        (
            "STATIC_ASSETS_PUBLIC_URL",
            "https://static.example.com/shop",
        ),
        ("STATIC_ASSETS_ENDPOINT_URL", store.url.as_str()),
        ("STATIC_ASSETS_ACCESS_KEY_ID", "KEYOFATEST"),
        ("STATIC_ASSETS_SECRET_ACCESS_KEY", "secret-of-a-test"),
        ("STATIC_ASSETS_SESSION_TOKEN", "token-of-a-test"),
        ("STATIC_ASSETS_REGION", "us-west-2"),
    ];
    Some(settings.iter().fold(platform, |platform, (name, value)| {
        platform.env(*name, *value)
    }))
}

#[test]
fn each_store_error_names_its_fix() {
    let elsewhere = "<Region>eu-west-1</Region>";
    let token = "<Token-0>token-of-a-test</Token-0>";
    for (status, code, more, fix) in [
        (404, "NoSuchBucket", "", "aws s3 mb s3://acme-static"),
        (
            400,
            "AuthorizationHeaderMalformed",
            elsewhere,
            "\n  STATIC_ASSETS_REGION=eu-west-1",
        ),
        (
            301,
            "PermanentRedirect",
            "",
            "aws s3api get-bucket-location --bucket acme-static",
        ),
        (
            403,
            "AccessDenied",
            "",
            "\"Resource\": \"arn:aws:s3:::acme-static/shop/*\"",
        ),
        (400, "ExpiredToken", token, "session token"),
        (403, "RequestTimeTooSkewed", "", "clock"),
        (418, "", "", "HTTP 418"),
    ] {
        let store = Refusing::s3(status, code, more);
        let Some(platform) = refused(&store) else {
            return;
        };
        platform
            .build()
            .exits(1)
            .says(fix)
            .does_not_say("token-of-a-test");
        // A retry can't help, so there is none. The region is that of the settings, so no other one is tried.
        assert_eq!(store.requests().len(), 1, "{code}");
    }
}

#[test]
fn a_bucket_in_another_region_names_its_region() {
    let more = "<Region>eu-west-1</Region>";
    let store = Refusing::s3(400, "AuthorizationHeaderMalformed", more);
    let Some(platform) = refused(&store) else {
        return;
    };
    platform
        .build()
        .exits(1)
        .says("acme-static")
        .says("\n  STATIC_ASSETS_REGION=eu-west-1");
}

#[test]
fn a_denied_write_names_action_and_object() {
    let store = Refusing::s3(403, "AccessDenied", "");
    let Some(platform) = refused(&store) else {
        return;
    };
    platform
        .build()
        .exits(1)
        .line_names(&["s3:PutObject", "shop/.static-assets/refs/"])
        .says("\"Effect\": \"Allow\", \"Action\": [\"s3:PutObject\", \"s3:GetObject\"]");
}

#[test]
fn a_custom_endpoint_needs_a_public_url() {
    let store = Refusing::s3(403, "AccessDenied", "");
    let Some(platform) = refused(&store) else {
        return;
    };
    platform
        .env("STATIC_ASSETS_PUBLIC_URL", "")
        .build()
        .exits(1)
        .says("\n  STATIC_ASSETS_PUBLIC_URL=https://static.example.com/shop");
    assert_eq!(store.requests(), [""; 0]);
}

#[test]
fn no_proxy_sees_plain_http() {
    let proxy = Refusing::s3(403, "AccessDenied", "");
    let store = Refusing::s3(403, "AccessDenied", "");
    let Some(mut platform) = refused(&store) else {
        return;
    };
    for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        platform = platform.env(name, &proxy.url);
    }
    platform.build().exits(1);
    assert_eq!(proxy.requests(), [""; 0]);
    assert_eq!(store.requests().len(), 1);
}

#[test]
fn no_redirect_leads_the_credentials_to_another_host() {
    let elsewhere = Refusing::s3(404, "NoSuchKey", "");
    let location = format!("Location: {}/there\r\n", elsewhere.url);
    for status in [301, 302, 307, 308] {
        let store = Refusing::with(status, &location, "");
        let Some(platform) = refused(&store) else {
            return;
        };
        platform.build().exits(1);
    }
    assert_eq!(elsewhere.requests(), [""; 0]);
}

#[test]
fn refused_conditional_writes_are_retried_once_without() {
    let store = Refusing::s3(501, "NotImplemented", "");
    let Some(platform) = refused(&store) else {
        return;
    };
    platform.build().exits(1);
    // The first request has the condition, the second has none.
    assert_eq!(store.requests().len(), 2);
}

#[test]
fn credentials_come_from_bindings_and_aws_variables() {
    let Some(Setup {
        bucket, platform, ..
    }) = setup()
    else {
        return;
    };
    let none = platform
        .env("STATIC_ASSETS_ACCESS_KEY_ID", "")
        .env("STATIC_ASSETS_SECRET_ACCESS_KEY", "")
        .env("STATIC_ASSETS_ENDPOINT_URL", "");
    let hint = &bucket.key_id[bucket.key_id.len() - 4..];
    let aws = none
        .env("AWS_ACCESS_KEY_ID", &bucket.key_id)
        .env("AWS_SECRET_ACCESS_KEY", &bucket.secret)
        .env("AWS_ENDPOINT_URL", &bucket.endpoint);
    aws.build()
        .succeeds()
        .line_names(&["us-east-1", &format!("…{hint}"), "AWS_*"]);

    let bound = aws.binding(
        "object-store",
        &[
            ("type", "s3"),
            ("bucket", &bucket.name),
            ("access-key-id", &bucket.key_id),
            ("secret-access-key", &bucket.secret),
            ("endpoint", &bucket.endpoint),
            ("region", "eu-west-1"),
        ],
    );
    bound.build().succeeds().line_names(&[
        "eu-west-1",
        &format!("…{hint}"),
        "service binding 'object-store'",
    ]);
}
