//! Traps of `object_store` that show on the machine. The names carry the numbers of two lists: `u` of uploads, `r` of
//! reliability. The other traps are in `src/store/tests/traps.rs`; r15 is the store in memory itself.

use crate::harness::sources::own_code;
use crate::harness::{Platform, repository, tree};
use fs_err as fs;
use std::os::unix::fs::symlink;

const PUBLISH: [&str; 3] = ["publish", "--dir", "dist"];

fn prebuilt() -> Platform {
    let platform = Platform::empty().file_store();
    platform.write("dist/app.css", "a{}");
    platform
}

/// Our own code, without its tests and comments.
fn code(folder: &str) -> String {
    own_code(folder).into_values().collect()
}

#[test]
fn u03_directory_stores_need_no_attributes() {
    let platform = prebuilt();
    platform.cli(&PUBLISH).exits(0);
    let marker = tree(&platform.store())
        .into_iter()
        .find(|(path, _)| path.contains("/versions/"))
        .unwrap();
    let marker = String::from_utf8(marker.1).unwrap();
    assert!(
        marker.contains("\"type\":\"text/css; charset=utf-8\""),
        "{marker}"
    );
}

#[test]
fn u04_google_federation_is_named_as_the_cause() {
    prebuilt()
        .env("STATIC_ASSETS_STORE", "gs://acme-static/shop")
        .env(
            "GOOGLE_SERVICE_ACCOUNT_KEY",
            r#"{"type":"external_account"}"#,
        )
        .cli(&PUBLISH)
        .exits(2)
        .says("external_account");
}

#[test]
fn u05_nothing_is_ever_copied_within_a_store() {
    let store = code("src/store");
    for call in [".copy(", ".copy_opts(", ".copy_if_not_exists(", ".rename("] {
        assert!(!store.contains(call), "{call}");
    }
}

#[test]
fn u06_profiles_are_ignored_with_advice() {
    let platform = prebuilt();
    let home = platform.path("home");
    fs::create_dir_all(home.join(".aws")).unwrap();
    let profile = "[default]\naws_access_key_id = A\naws_secret_access_key = B\n";
    fs::write(home.join(".aws/credentials"), profile).unwrap();
    platform
        .env("HOME", &home)
        .env("AWS_PROFILE", "default")
        .env("STATIC_ASSETS_STORE", "s3://acme-static/shop")
        .cli(&PUBLISH)
        .exits(12)
        .says("aws configure export-credentials");
}

#[test]
fn u08_names_without_a_prefix_are_not_settings() {
    let names = [
        "TIMEOUT",
        "PROXY_URL",
        "TOKEN",
        "REGION",
        "BUCKET",
        "ENDPOINT",
    ];
    let platform = names
        .iter()
        .fold(prebuilt(), |platform, name| platform.env(*name, "banana"));
    platform.cli(&PUBLISH).exits(0);
}

#[test]
fn u10_an_https_url_is_not_a_store() {
    prebuilt()
        .env("STATIC_ASSETS_STORE", "https://minio.example.com/bucket")
        .cli(&PUBLISH)
        .exits(2)
        .says("scheme 'https'")
        .says("STATIC_ASSETS_ENDPOINT_URL=https://host");
}

#[test]
fn u11_no_request_goes_unsigned() {
    assert!(!code("src").contains("skip_signature"));
}

#[test]
fn u14_an_invalid_bucket_name_is_refused() {
    prebuilt()
        .env("STATIC_ASSETS_STORE", "s3://ab/shop")
        .cli(&PUBLISH)
        .exits(2)
        .says("has no valid bucket name");
}

/// `object_store`'s builders derive `Debug` with secrets in it; our types must not.
#[test]
fn r05_types_with_secrets_have_no_debug() {
    let code = code("src");
    for (kind, name) in [
        ("struct", "Secret"),
        ("enum", "Access"),
        ("struct", "S3Access"),
        ("enum", "S3Identity"),
        ("struct", "AzureAccess"),
        ("enum", "AzureIdentity"),
        ("struct", "GcsAccess"),
        ("enum", "GcsIdentity"),
        ("struct", "Secrets"),
        ("struct", "Binding"),
        ("struct", "Env"),
        ("struct", "Config"),
        ("struct", "Redaction"),
    ] {
        let definition = [" {", "(", "\n"].map(|end| format!("{kind} {name}{end}"));
        let at = definition.iter().find_map(|text| code.find(text));
        let before = &code[..at.unwrap_or_else(|| panic!("no {kind} {name}"))];
        let attributes = before.rsplit("\n\n").next().unwrap();
        let attributes = attributes.rsplit('}').next().unwrap();
        assert!(!attributes.contains("Debug"), "{name}: {attributes}");
    }
    assert!(!code.contains(":?}"), "a value is shown by its Debug");
}

#[test]
fn r07_object_store_never_reads_the_environment() {
    let code = code("src");
    for call in [
        "Builder::from_env(",
        "parse_url(",
        "parse_url_opts(",
        "with_use_azure_cli",
    ] {
        assert!(!code.contains(call), "{call}");
    }
}

#[test]
fn r09_object_stores_own_directories_are_unused() {
    let manifest = fs::read_to_string(repository().join("Cargo.toml")).unwrap();
    let line = manifest
        .lines()
        .find(|line| line.starts_with("object_store = "));
    let line = line.unwrap();
    assert!(line.contains("default-features = false") && !line.contains("\"fs\""));
    // Its own directory store breaks on a name with `#1`.
    let platform = prebuilt();
    platform.write("dist/app.js#1", "let a");
    let report = platform
        .cli(&["publish", "--dir", "dist", "--json"])
        .exits(0)
        .json();
    let version = report["version"].as_str().unwrap();
    assert!(platform.store().join(version).join("app.js#1").is_file());
}

#[test]
fn r10_layers_hold_what_the_contract_names() {
    let platform = prebuilt()
        .env("STATIC_ASSETS_DIR", "dist")
        .env("STATIC_ASSETS_SECRET_ACCESS_KEY", "canary-0123456789");
    let ran = platform.build().succeeds();
    let names: Vec<String> = tree(&ran.layers).into_keys().collect();
    assert_eq!(
        names,
        [
            "env.toml",
            "env/env.launch/STATIC_ASSETS_VERSION.override",
            "env/env.launch/STATIC_URL.default",
            "launch.toml",
        ]
    );
    for (path, content) in tree(&ran.layers) {
        let text = String::from_utf8_lossy(&content).into_owned();
        assert!(!text.contains("canary"), "{path}");
    }
}

#[test]
fn r11_platform_variables_are_not_logged() {
    let platform = prebuilt()
        .platform_env("STATIC_ASSETS_DIR", "dist")
        .platform_env("STATIC_ASSETS_SECRET_ACCESS_KEY", "canary-0123456789")
        .platform_env("DATABASE_URL", "postgres://canary");
    platform.build().succeeds().does_not_say("canary");
}

#[test]
fn r12_nothing_outside_the_directory_is_published() {
    let platform = prebuilt();
    platform.write("secret.txt", "secret");
    let dist = platform.app().join("dist");
    for target in [
        "/etc/hostname",
        "../secret.txt",
        "/nowhere",
        "..",
        "/etc",
        "loop",
    ] {
        symlink(target, dist.join("loop")).unwrap();
        platform.cli(&PUBLISH).exits(13).says("loop: a link to");
        fs::remove_file(dist.join("loop")).unwrap();
    }
    // A link within the directory is the file that it names.
    symlink("app.css", dist.join("link.css")).unwrap();
    platform.cli(&PUBLISH).exits(0).says("2 new");
}

#[test]
fn r13_every_run_leaves_its_ref() {
    let platform = prebuilt();
    for number in 1..=3 {
        platform.cli(&PUBLISH).exits(0);
        let files = tree(&platform.store());
        let refs = files.keys().filter(|path| path.contains("/refs/")).count();
        assert_eq!(refs, number);
    }
}

/// Phoenix writes the time into `cache_manifest.json`: two builds of the same app would never be equal.
#[test]
fn r14_versions_do_not_depend_on_time() {
    let version = |epoch: &str| {
        let platform = Platform::with("phoenix_monorepo")
            .file_store()
            .env("SOURCE_DATE_EPOCH", epoch);
        let ran = platform.build().succeeds();
        let manifest = platform.read("backend/priv/static/cache_manifest.json");
        (ran.launch("STATIC_ASSETS_VERSION"), manifest)
    };
    let ((one, first), (other, second)) = (version("1000000000"), version("2000000000"));
    assert_ne!(first, second);
    assert_eq!(one, other);
}
