//! Text that is stored compressed, beyond what the conformance tests show: who decides, repairs, and the release phase.

use crate::harness::Platform;
use crate::harness::http;
use crate::harness::s3::Bucket;
use fs_err as fs;

const RUN: [&str; 4] = ["publish", "--dir", "dist", "--json"];

fn css() -> String {
    "body { color: teal }\n".repeat(100)
}

fn with_css() -> Platform {
    let platform = Platform::empty();
    platform.write("dist/app.css", &css());
    platform
}

#[test]
fn a_cdn_compresses_by_itself_and_the_store_does_not() {
    let Some(bucket) = Bucket::create() else {
        return;
    };
    let platform = with_css().s3_store(&bucket);
    let own = platform.cli(&RUN).exits(0);
    let own = own
        .says("60 B instead of 2.1 kB (browsers read the store itself, which compresses nothing)");
    let cdn = format!("{}/{}/shop", bucket.cdn(), bucket.name);
    let by_cdn = platform.cli_with(&RUN, &[("STATIC_ASSETS_PUBLIC_URL", &cdn)]);
    let by_cdn = by_cdn.exits(0);
    assert!(!by_cdn.stderr().contains("gzip"), "{}", by_cdn.stderr());
    assert_ne!(own.json()["version"], by_cdn.json()["version"]);
    let auto = [("STATIC_ASSETS_COMPRESS", "auto")];
    let auto = platform.cli_with(&RUN, &auto).exits(0).json();
    assert_eq!(auto["version"], own.json()["version"]);
    assert_eq!(auto["uploaded"]["files"], 0);
}

#[test]
fn a_repair_compresses_the_copy_of_an_image() {
    let Some(bucket) = Bucket::create() else {
        return;
    };
    let platform = with_css().s3_store(&bucket);
    let report = platform.cli(&RUN).exits(0).json();
    let version = report["version"].as_str().unwrap();
    let shown = platform.cli(&["show", version, "--json"]).exits(0).json();
    assert_eq!(shown["paths"][0]["encoding"], "gzip");
    platform
        .cli(&["show", version])
        .exits(0)
        .says("60 B  text/css; charset=utf-8, gzip  app.css");
    bucket.delete(&format!("shop/{version}/app.css"));
    platform
        .cli(&["verify", version, "--repair", "dist"])
        .exits(0)
        .says("1 missing file");
    platform.cli(&["verify", version, "--read"]).exits(0);
    let answer = http::get(&format!("{}app.css", report["url"].as_str().unwrap()));
    assert_eq!(answer.text(), css());

    // A copy of the stored bytes is as good.
    let stored = answer.body;
    let copies = platform.app().join("stored");
    fs::create_dir(&copies).unwrap();
    fs::write(copies.join("app.css"), stored).unwrap();
    bucket.delete(&format!("shop/{version}/app.css"));
    platform
        .cli(&["verify", version, "--repair", "stored"])
        .exits(0)
        .says("1 missing file");
}

#[test]
fn an_explicit_version_in_another_form_is_a_conflict_that_says_so() {
    let Some(bucket) = Bucket::create() else {
        return;
    };
    let platform = with_css().s3_store(&bucket).env("RELEASE_VERSION", "v42");
    // By itself, it is stored as it is.
    let own = platform.cli(&RUN).exits(0);
    assert!(!own.stderr().contains("gzip"), "{}", own.stderr());
    platform
        .cli_with(&RUN, &[("STATIC_ASSETS_COMPRESS", "gzip")])
        .exits(11)
        .says("encoded  app.css")
        .says("STATIC_ASSETS_COMPRESS was set differently");
}
