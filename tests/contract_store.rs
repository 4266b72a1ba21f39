//! Publishing into a folder: complete or invisible, never overwritten, in the order of the contract.

use crate::harness::python::Python;
use crate::harness::{Platform, tree};
use fs_err as fs;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;

fn django() -> Option<Platform> {
    let python = Python::find("django52")?;
    Some(Platform::with("django_basic").python(&python).file_store())
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

#[test]
fn a_version_with_its_marker_and_its_ref() {
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
    platform.build().succeeds().says("unchanged: 0 uploaded");
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
fn a_changed_asset_makes_a_version_beside_the_old_one() {
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
fn the_salt_makes_another_version_of_the_same_content() {
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
fn an_explicit_version_is_never_published_with_other_content() {
    let Some(platform) = django() else {
        return;
    };
    let platform = platform.env("RELEASE_VERSION", "v1");
    platform.build().succeeds();
    platform.build().succeeds().says("unchanged: 0 uploaded");
    let before = tree(&platform.store().join("v1"));
    platform
        .write("web/static/web/app.css", "body { color: teal }")
        .write("web/static/web/new.js", "1");
    platform
        .build()
        .exits(1)
        .says("v1 is published, and 2 of its files differ")
        .says("changed  web/app.css")
        .says("added    web/new.js")
        .says("What is published stays as it is");
    assert_eq!(tree(&platform.store().join("v1")), before);
}

#[test]
fn a_version_that_looks_like_a_digest_must_be_one() {
    let Some(platform) = django() else {
        return;
    };
    let version = platform.build().succeeds().launch("STATIC_ASSETS_VERSION");
    let platform = platform.env("RELEASE_VERSION", version);
    platform.build().succeeds().says("unchanged");
    let platform = platform.env("RELEASE_VERSION", "aaaaaaaaaaaaaaaaaaaa");
    platform.build().exits(1).says("Was it set for a rollback?");
}

#[test]
fn files_of_somebody_else_in_a_versions_place_are_not_touched() {
    let Some(platform) = django() else {
        return;
    };
    let platform = platform.env("RELEASE_VERSION", "v1");
    let foreign = platform.store().join("v1/readme.txt");
    fs::create_dir_all(foreign.parent().unwrap()).unwrap();
    fs::write(&foreign, "mine").unwrap();
    platform
        .build()
        .exits(1)
        .says("another file at v1/readme.txt");
    assert_eq!(fs::read_to_string(foreign).unwrap(), "mine");
    assert!(
        !platform
            .store()
            .join(".static-assets/versions/v1.json")
            .exists()
    );
}

#[test]
fn a_version_placed_without_its_marker_is_committed_by_the_next_build() {
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
    let Some(platform) = django() else {
        return;
    };
    let version = platform.build().succeeds().launch("STATIC_ASSETS_VERSION");
    let store = platform.store();
    let tombstones = store.join(".static-assets/tombstones");
    fs::create_dir_all(&tombstones).unwrap();
    let bury = |state: &str, content: &str| {
        let json = format!(
            "{{\"schema\":1,\"version\":\"{version}\",\"state\":\"{state}\",\"content\":{content}}}\n"
        );
        fs::write(tombstones.join(format!("{version}.json")), json).unwrap();
    };
    bury("deleting", "null");
    platform
        .build()
        .exits(1)
        .says("A prune is deleting the version");
    bury("spared", "null");
    platform.build().succeeds();
    let other = format!("\"{}\"", "0".repeat(64));
    for state in ["deleted", "spared"] {
        bury(state, &other);
        platform
            .build()
            .exits(1)
            .says("was pruned with other content");
    }
    fs::write(tombstones.join(format!("{version}.json")), "{\"schema\":2}").unwrap();
    platform.build().exits(1).says("schema 2");
}

#[test]
fn a_root_that_is_not_there_is_not_created() {
    let Some(platform) = django() else {
        return;
    };
    fs::remove_dir(platform.store()).unwrap();
    platform
        .build()
        .exits(1)
        .says("does not exist")
        .says("mkdir -p");
    assert!(!platform.store().exists());
}

#[test]
fn leftovers_that_nobody_holds_are_removed_after_a_day() {
    let Some(platform) = django() else {
        return;
    };
    platform.build().succeeds();
    let staging = platform.store().join(".static-assets/staging");
    for (name, days) in [("old.1", 2), ("young.1", 0)] {
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
    assert_eq!(left, ["young.1.lock", "young.1/half.css"]);
}

#[test]
fn what_must_not_be_public_ends_the_build_with_nothing_sent() {
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
        .says("web/id_rsa: the name of a secret")
        .says("web/key.js: holds a private key")
        .says("web/app.css: the same as web/App.css")
        .says("STATIC_ASSETS_ALLOW=\"web/id_rsa web/key.js\"")
        .says("Nothing was sent.");
    assert!(tree(&platform.store()).is_empty());
}

#[test]
fn no_file_at_all_is_an_error_unless_it_is_meant() {
    let Some(platform) = django() else {
        return;
    };
    fs::remove_dir_all(platform.app().join("web/static")).unwrap();
    platform.build().exits(1).says("No static file at all");
    platform
        .env("STATIC_ASSETS_ALLOW_EMPTY", "1")
        .build()
        .succeeds()
        .says("0 new, 0 reused");
}
