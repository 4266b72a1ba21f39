//! `static-assets doctor` finds before any deploy what would stop the first one, with the text and the fix of the build.

use crate::harness::azure::Container;
use crate::harness::python::Python;
use crate::harness::refusing::Refusing;
use crate::harness::s3::Bucket;
use crate::harness::stores::TestStore;
use crate::harness::web::{Asked, Served, Web};
use crate::harness::{Platform, Ran, tree};
use fs_err as fs;
use std::collections::BTreeMap;

/// A directory store behind a web server. `change` alters its answers.
fn behind(change: impl FnMut(&Asked, &mut Served) + Send + 'static) -> (Platform, Web) {
    let platform = Platform::empty().file_store();
    let web = Web::changing(&platform.store(), change);
    let platform = platform
        .env("STATIC_ASSETS_PUBLIC_URL", &web.url)
        .env("STATIC_ASSETS_CHECK", "");
    (platform, web)
}

fn doctor(platform: &Platform) -> Ran {
    platform.cli(&["doctor"])
}

#[test]
fn a_store_that_works_is_good_and_keeps_four_samples() {
    let (platform, _web) = behind(|_, _| {});
    for _ in 0..2 {
        doctor(&platform)
            .exits(0)
            .says("✓ file:///")
            .says("✓ Files can be uploaded, and the store refuses to replace what exists")
            .says("✓ Builds can read their markers and refs")
            .says("✓ Browsers get the samples with the right bytes, types and headers: css, js, svg, font")
            .says("! Browsers get text uncompressed")
            .says("! Anyone can read .static-assets/")
            .says("✓ The store is ready for a deploy; --app DIR or --dir DIR examines what is published, too; see 2 warnings above");
    }
    let files: Vec<_> = tree(&platform.store()).into_keys().collect();
    assert_eq!(files[0], ".static-assets/doctor.json");
    let samples = files[1..].iter().map(|path| {
        let name = path.strip_prefix("_doctor/sample-").unwrap();
        name.split_once('.').unwrap().1
    });
    assert_eq!(samples.collect::<Vec<_>>(), ["css", "js", "svg", "woff2"]);
    let json = platform.cli(&["list", "--json"]).exits(0).json();
    assert_eq!(json["versions"].as_array().unwrap().len(), 0);
    assert_eq!(json["unknown"].as_array().unwrap().len(), 0);
    let json = platform.cli(&["doctor", "--json"]).exits(0).json();
    assert_eq!(json["checks"][1]["result"], "good");
}

/// A URL that leads to another store has the samples of that one.
#[test]
fn a_public_url_of_another_store_is_found() {
    let (staging, web) = behind(|_, _| {});
    doctor(&staging).exits(0);
    let production = Platform::empty().file_store();
    let production = production
        .env("STATIC_ASSETS_PUBLIC_URL", &web.url)
        .env("STATIC_ASSETS_CHECK", "fail");
    doctor(&production).exits(1).says("404");
}

/// The first failure: the bucket is in another region. The second: the key may not put.
#[test]
fn what_the_store_refuses_has_the_fix_of_the_build() {
    let region = "<Region>eu-west-1</Region>";
    for (status, code, more, exit, fix) in [
        (
            400,
            "AuthorizationHeaderMalformed",
            region,
            2,
            "STATIC_ASSETS_REGION=eu-west-1",
        ),
        (
            403,
            "AccessDenied",
            "",
            12,
            "\"Resource\": \"arn:aws:s3:::acme-static/shop/*\"",
        ),
        (404, "NoSuchBucket", "", 10, "aws s3 mb s3://acme-static"),
        (403, "RequestTimeTooSkewed", "", 1, "clock"),
    ] {
        let store = Refusing::s3(status, code, more);
        let platform = Platform::empty()
            .env("STATIC_ASSETS_STORE", "s3://acme-static/shop")
            .env(
                "STATIC_ASSETS_PUBLIC_URL",
                "https://static.example.com/shop",
            )
            .env("STATIC_ASSETS_ENDPOINT_URL", store.url.as_str())
            .env("STATIC_ASSETS_ACCESS_KEY_ID", "KEYOFATEST")
            .env("STATIC_ASSETS_SECRET_ACCESS_KEY", "secret-of-a-test")
            .env("STATIC_ASSETS_REGION", "us-west-2");
        doctor(&platform)
            .exits(exit)
            .says("✗ ")
            .says(fix)
            .says("Not ready for a deploy: one check failed")
            .does_not_say("secret-of-a-test");
    }
}

/// The third: the public can't read.
#[test]
fn a_private_bucket_has_its_policy() {
    let Some(bucket) = Bucket::private() else {
        return;
    };
    let platform = Platform::empty()
        .s3_store(&bucket)
        .env("STATIC_ASSETS_CHECK", "");
    doctor(&platform)
        .exits(1)
        .says("✗ Browsers get 403")
        .says(&format!(
            "aws s3api put-bucket-policy --bucket {}",
            bucket.name
        ))
        .says("! The key may delete, which no build has to");
}

/// The fourth: the CDN adds the prefix already.
#[test]
fn another_public_url_is_found() {
    let (platform, web) = behind(|_, _| {});
    let wrong = platform.env("STATIC_ASSETS_PUBLIC_URL", format!("{}/store", web.url));
    doctor(&wrong)
        .exits(1)
        .says("because the CDN already adds /store")
        .says(&format!("\n      STATIC_ASSETS_PUBLIC_URL={}\n", web.url));
}

/// The fifth: an endpoint, and no public URL. The ninth: a fork without keys.
#[test]
fn settings_that_are_missing_are_named() {
    let platform = Platform::empty()
        .env("STATIC_ASSETS_STORE", "s3://acme-static/shop")
        .env("STATIC_ASSETS_ENDPOINT_URL", "https://minio.example.com");
    doctor(&platform)
        .exits(12)
        .says("no credentials for it were found")
        .says("STATIC_ASSETS_MISSING_CREDENTIALS=skip");
    let platform = platform
        .env("STATIC_ASSETS_ACCESS_KEY_ID", "KEYOFATEST")
        .env("STATIC_ASSETS_SECRET_ACCESS_KEY", "secret-of-a-test");
    doctor(&platform).exits(2).says("STATIC_ASSETS_PUBLIC_URL");
    doctor(&Platform::empty())
        .exits(2)
        .says("✗ ")
        .says("STATIC_ASSETS_STORE");
}

/// The sixth: a CDN has cached an answer without CORS.
#[test]
fn an_answer_that_was_cached_without_cors_is_named() {
    let mut cache: BTreeMap<String, Served> = BTreeMap::new();
    let (platform, _web) = behind(move |asked, served| {
        if asked.origin.is_none() {
            served.headers.remove("Access-Control-Allow-Origin");
        }
        let cached = cache.entry(asked.target.clone());
        *served = cached.or_insert_with(|| served.clone()).clone();
    });
    doctor(&platform)
        .exits(0)
        .says("! css svg: ")
        .says("SimpleCORS");
}

/// The seventh: a policy of the app. The eighth: a variable that the settings miss.
#[test]
fn an_app_is_examined_without_compiling_it() {
    let Some(python) = Python::find("django52") else {
        return;
    };
    let platform = Platform::with("django_basic").python(&python).file_store();
    let web = Web::of(&platform.store());
    let platform = platform
        .env("STATIC_ASSETS_PUBLIC_URL", &web.url)
        .env("STATIC_ASSETS_CHECK", "off");
    let before = tree(&platform.app());
    platform
        .cli(&["doctor", "--app", "."])
        .exits(0)
        .says("✓ Django: manage.py")
        .says("static-assets publish --app . --dry-run");
    platform.write(
        "web/views.py",
        "POLICY = \"default-src 'self'; script-src 'self'\"\n\
         def page(response):\n    response[\"Content-Security-Policy\"] = POLICY\n",
    );
    platform
        .cli(&["doctor", "--app", "."])
        .exits(0)
        .says("Content-Security-Policy without")
        .says(&format!("script-src 'self' {}", web.url));
    fs::remove_file(platform.app().join("web/views.py")).unwrap();
    let settings = platform.app().join("project/settings.py");
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(
        &settings,
        format!("import os\nos.environ[\"BILLING_KEY\"]\n{text}"),
    )
    .unwrap();
    platform
        .cli(&["doctor", "--app", "."])
        .exits(1)
        .says("✗ ")
        .says("BILLING_KEY");
    fs::write(&settings, format!("{text}\nDEBUG = True\n")).unwrap();
    platform
        .cli(&["doctor", "--app", "."])
        .exits(1)
        .says("✗ DEBUG is on in the build");
    fs::write(&settings, text).unwrap();
    let after = tree(&platform.app());
    let is_source = |path: &&String| !path.contains("__pycache__");
    assert_eq!(
        after.keys().filter(is_source).collect::<Vec<_>>(),
        before.keys().filter(is_source).collect::<Vec<_>>()
    );
}

#[test]
fn what_a_directory_must_not_hold_is_found() {
    let (platform, _web) = behind(|_, _| {});
    platform.write("dist/a.css", "a {}");
    let examine = || platform.cli(&["doctor", "--dir", "dist"]);
    examine()
        .exits(0)
        .says("✓ Nothing in the directory is refused: 1 file")
        .says("✓ A deploy would work");
    platform.write("dist/id_rsa", "x");
    examine().exits(13).says("✗ ").says("id_rsa");
}

/// The tenth: the explicit version is there already.
#[test]
fn a_version_that_exists_is_named() {
    let (platform, _web) = behind(|_, _| {});
    let platform = platform.env("RELEASE_VERSION", "v1");
    platform.write("dist/a.css", "a {}");
    platform.cli(&["publish", "--dir", "dist"]).exits(0);
    doctor(&platform)
        .exits(0)
        .says("! RELEASE_VERSION names a version that is published already: v1");
}

fn on(kind: &str) {
    let Some(store) = TestStore::of(kind) else {
        return;
    };
    for _ in 0..2 {
        let found = doctor(&store.platform).exits(0);
        let found = found
            .says("Files can be uploaded")
            .says("✓ Builds can read");
        found.says("✓ Browsers get the samples with the right bytes");
    }
}

/// Such a signature is not told that a blob exists.
#[test]
fn the_least_signature_of_azure_is_enough_each_time() {
    let Some(container) = Container::find() else {
        return;
    };
    let connection = format!(
        "BlobEndpoint={};AccountName={};SharedAccessSignature={}",
        container.endpoint, container.account, container.least_sas
    );
    let platform = Platform::empty()
        .env(
            "STATIC_ASSETS_STORE",
            format!("az://{}/{}", container.name, container.prefix),
        )
        .env("STATIC_ASSETS_PUBLIC_URL", container.url())
        .env("AZURE_STORAGE_CONNECTION_STRING", connection);
    platform.write("dist/app.css", "a{}");
    for salt in ["1", "2"] {
        doctor(&platform).exits(0).says("✓ Builds can read");
        platform
            .cli_with(
                &["publish", "--dir", "dist"],
                &[("STATIC_ASSETS_SALT", salt)],
            )
            .exits(0);
    }
}

macro_rules! on {
    ($($kind:ident),*) => {
        $(mod $kind {
            #[test]
            fn a_deploy_would_work() {
                super::on(stringify!($kind));
            }
        })*
    };
}

on!(s3, minio, versitygw, moto, rclone, azure, azure_sas, gcs);
