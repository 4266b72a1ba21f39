//! Publishing into a directory (`file://`): a version is complete or invisible, and never overwritten.

use crate::harness::python::Python;
use crate::harness::{Platform, tree};
use fs_err as fs;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;

/// Makes a Django app that publishes into a directory.
fn django() -> Option<Platform> {
    let python = Python::find("django52")?;
    Some(Platform::with("django_basic").python(&python).file_store())
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

#[test]
fn a_build_writes_files_marker_and_ref() {
    let Some(platform) = django() else {
        return;
    };
    let platform = platform.env("SOURCE_VERSION", "4f1c2ab");
    let ran = platform.build().succeeds();
    let version = ran.launch("STATIC_ASSETS_VERSION");
    let store = tree(&platform.store());

    let marker = &store[&format!(".static-assets/versions/{version}.json")];
    assert!(marker.ends_with(b"}\n"));
    let marker = json(marker);
    assert_eq!(marker["schema"], 1);
    assert_eq!(marker["kind"], "digest");
    assert_eq!(marker["version"], version.as_str());
    let files = marker["files"].as_array().unwrap();
    assert_eq!(marker["totals"]["files"], files.len());
    for file in files {
        let path = file["path"].as_str().unwrap();
        let content = &store[&format!("{version}/{path}")];
        assert_eq!(file["size"], content.len());
        assert_eq!(file["cache"], "public, max-age=31536000, immutable");
    }

    let refs: Vec<&String> = store
        .keys()
        .filter(|path| path.contains("/refs/"))
        .collect();
    assert_eq!(refs.len(), 1);
    assert!(refs[0].starts_with(&format!(".static-assets/refs/{version}/default/")));
    let first = json(&store[refs[0]]);
    assert_eq!(first["label"], "4f1c2ab");
    assert_eq!(first["content"], marker["content"]);

    let mode = |path: &str| {
        let metadata = fs::metadata(platform.store().join(path)).unwrap();
        metadata.permissions().mode() & 0o777
    };
    assert_eq!(mode(".static-assets"), 0o700);
    assert_eq!(mode(&version), 0o755);
    assert_eq!(mode(&format!("{version}/web/app.css")), 0o644);
}

#[test]
fn an_unchanged_build_adds_a_ref_only() {
    let Some(platform) = django() else {
        return;
    };
    platform.build().succeeds();
    let before = tree(&platform.store());
    platform.build().succeeds().says("0 uploaded");
    let after = tree(&platform.store());
    let added: Vec<&String> = after
        .keys()
        .filter(|path| !before.contains_key(*path))
        .collect();
    assert_eq!(added.len(), 1);
    assert!(added[0].starts_with(".static-assets/refs/"));
    assert!(before.iter().all(|(path, content)| after[path] == *content));
}

#[test]
fn a_changed_asset_makes_a_second_version() {
    let Some(platform) = django() else {
        return;
    };
    let first = platform.build().succeeds().launch("STATIC_ASSETS_VERSION");
    let before = tree(&platform.store().join(&first));
    platform.write("web/static/web/app.css", "body { color: teal }");
    let second = platform.build().succeeds().launch("STATIC_ASSETS_VERSION");
    assert_ne!(first, second);
    assert_eq!(tree(&platform.store().join(&first)), before);
    assert!(platform.store().join(second).is_dir());
}

#[test]
fn the_salt_changes_only_the_version() {
    let Some(platform) = django() else {
        return;
    };
    let first = platform.build().succeeds().launch("STATIC_ASSETS_VERSION");
    let platform = platform.env("STATIC_ASSETS_SALT", "2");
    let second = platform.build().succeeds().launch("STATIC_ASSETS_VERSION");
    assert_ne!(first, second);
    assert_eq!(
        tree(&platform.store().join(first)),
        tree(&platform.store().join(second))
    );
}

#[test]
fn an_explicit_version_never_changes_its_content() {
    let Some(platform) = django() else {
        return;
    };
    let platform = platform.env("RELEASE_VERSION", "v1");
    platform.build().succeeds();
    platform.build().succeeds().says("0 uploaded");
    let before = tree(&platform.store().join("v1"));
    platform
        .write("web/static/web/app.css", "body { color: teal }")
        .write("web/static/web/new.js", "1");
    platform
        .build()
        .exits(1)
        .says("v1")
        .says("changed  web/app.css")
        .says("added    web/new.js");
    assert_eq!(tree(&platform.store().join("v1")), before);
}

#[test]
fn a_digest_like_version_must_match_the_content() {
    let Some(platform) = django() else {
        return;
    };
    let version = platform.build().succeeds().launch("STATIC_ASSETS_VERSION");
    let platform = platform.env("RELEASE_VERSION", &version);
    let again = platform.build().succeeds();
    assert_eq!(again.launch("STATIC_ASSETS_VERSION"), version);
    let platform = platform.env("RELEASE_VERSION", "aaaaaaaaaaaaaaaaaaaa");
    platform
        .build()
        .exits(1)
        .says("RELEASE_VERSION")
        .says("aaaaaaaaaaaaaaaaaaaa")
        .says(&version);
}

#[test]
fn foreign_files_under_a_version_are_not_touched() {
    let Some(platform) = django() else {
        return;
    };
    let platform = platform.env("RELEASE_VERSION", "v1");
    let foreign = platform.store().join("v1/readme.txt");
    fs::create_dir_all(foreign.parent().unwrap()).unwrap();
    fs::write(&foreign, "mine").unwrap();
    platform.build().exits(1).line_names(&["v1", "readme.txt"]);
    assert_eq!(fs::read_to_string(foreign).unwrap(), "mine");
    assert!(
        !platform
            .store()
            .join(".static-assets/versions/v1.json")
            .exists()
    );
}

#[test]
fn the_next_build_adds_a_missing_marker() {
    let Some(platform) = django() else {
        return;
    };
    let version = platform.build().succeeds().launch("STATIC_ASSETS_VERSION");
    let marker = platform
        .store()
        .join(format!(".static-assets/versions/{version}.json"));
    let before = fs::read(&marker).unwrap();
    fs::remove_file(&marker).unwrap();
    platform.build().succeeds().says("0 new, 5 reused");
    assert_eq!(fs::read(&marker).unwrap(), before);
}

#[test]
fn tombstones_are_obeyed() {
    let platform = Platform::empty().file_store();
    platform.write("dist/app.css", "a{}");
    let report = platform.cli(&["publish", "--dir", "dist", "--json"]).json();
    let version = report["version"].as_str().unwrap().to_owned();
    let store = platform.store();
    let tombstones = store.join(".static-assets/tombstones");
    fs::create_dir_all(&tombstones).unwrap();
    let bury = |state: &str, content: &str| {
        let json = format!(
            "{{\"schema\":1,\"version\":\"{version}\",\"state\":\"{state}\",\"content\":{content}}}\n"
        );
        fs::write(tombstones.join(format!("{version}.json")), json).unwrap();
    };
    // Exit codes tell the errors apart: run again later (5), and other content (11).
    let publish = || platform.cli(&["publish", "--dir", "dist"]);
    bury("deleting", "null");
    publish().exits(5);
    bury("spared", "null");
    publish().exits(0);
    let other = format!("\"{}\"", "0".repeat(64));
    for state in ["deleted", "spared"] {
        bury(state, &other);
        publish().exits(11).says(&version);
    }
    fs::write(tombstones.join(format!("{version}.json")), "{\"schema\":2}").unwrap();
    publish().exits(1).says("schema 2");
}

#[test]
fn a_missing_root_directory_is_not_created() {
    let Some(platform) = django() else {
        return;
    };
    fs::remove_dir(platform.store()).unwrap();
    let store = platform.store().display().to_string();
    platform.build().exits(1).says(&format!("mkdir -p {store}"));
    assert!(!platform.store().exists());
}

#[test]
fn abandoned_staging_is_removed_after_a_day() {
    let Some(platform) = django() else {
        return;
    };
    platform.build().succeeds();
    let staging = platform.store().join(".static-assets/staging");
    for (name, days) in [("old.0123456789abcdeF", 2), ("young.0123456789abcdeF", 0)] {
        fs::create_dir_all(staging.join(name)).unwrap();
        fs::write(staging.join(name).join("half.css"), "").unwrap();
        let lock = fs::File::create(staging.join(format!("{name}.lock"))).unwrap();
        let age = std::time::Duration::from_hours(24 * days);
        let modified = std::time::SystemTime::now() - age;
        lock.file().set_modified(modified).unwrap();
    }
    platform.write("web/static/web/app.css", "a{}");
    platform.build().succeeds();
    let left: Vec<String> = tree(&staging).into_keys().collect();
    assert_eq!(
        left,
        [
            "young.0123456789abcdeF.lock",
            "young.0123456789abcdeF/half.css"
        ]
    );
}

#[test]
fn secret_files_stop_the_build_before_any_upload() {
    let Some(platform) = django() else {
        return;
    };
    let key = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7";
    platform
        .write("web/static/web/id_rsa", "x")
        .write("web/static/web/App.css", "x")
        .write(
            "web/static/web/key.js",
            &format!("`-----BEGIN PRIVATE KEY-----\n{key}\n`"),
        );
    platform
        .build()
        .exits(1)
        .says("web/id_rsa: ")
        .line_names(&["web/key.js: ", "private key"])
        .line_names(&["web/app.css: ", "web/App.css"])
        .says("STATIC_ASSETS_ALLOW=\"web/id_rsa web/key.js\"");
    assert!(tree(&platform.store()).is_empty());
}

#[test]
fn an_empty_release_needs_explicit_permission() {
    let Some(platform) = django() else {
        return;
    };
    fs::remove_dir_all(platform.app().join("web/static")).unwrap();
    platform
        .build()
        .exits(1)
        .says("STATIC_ASSETS_ALLOW_EMPTY=1");
    platform
        .env("STATIC_ASSETS_ALLOW_EMPTY", "1")
        .build()
        .succeeds()
        .says("0 new, 0 reused");
}
