//! What operators' commands make of a directory in which somebody has put or removed something.

use crate::harness::tree;
use crate::operate::{days_pass, five_versions, publish, store, versions};
use fs_err as fs;
use std::time::Duration;

#[test]
fn a_directory_of_the_protocol_that_is_a_link_is_refused() {
    for dir in ["", "refs", "pins", "staging"] {
        let platform = store();
        let meta = platform.store().join(".static-assets");
        let outside = platform.path("outside");
        let link = meta.join(dir);
        let link = link.components().collect::<std::path::PathBuf>();
        fs::create_dir_all(&link).unwrap();
        fs::rename(&link, &outside).unwrap();
        std::os::unix::fs::symlink(&outside, &link).unwrap();
        let before = tree(&outside);
        for run in [
            &["list"][..],
            &["prune", "--apply"],
            &["publish", "--dir", "dist"],
            &["pin", "v1", "--reason", "x"],
        ] {
            platform
                .cli(run)
                .exits(2)
                .says("A directory of the store is a symbolic link");
        }
        assert_eq!(tree(&outside), before, "{dir}");
    }
}

#[test]
fn only_leftovers_of_runs_are_removed() {
    let platform = store();
    let meta = platform.store().join(".static-assets");
    for name in [
        "staging/...lock",
        "staging/notes.lock",
        "staging/a.json",
        "leases/README",
    ] {
        let path = meta.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "x").unwrap();
    }
    days_pass(&platform, 3);
    platform.cli(&["publish", "--dir", "dist"]).exits(0);
    platform.cli(&["prune", "--apply"]).exits(0);
    for name in [
        "staging/...lock",
        "staging/notes.lock",
        "staging/a.json",
        "leases/README",
    ] {
        assert!(meta.join(name).exists(), "{name}");
    }
    platform.cli(&["show", "v1"]).exits(0);
}

#[test]
fn directories_that_a_killed_prune_left_are_in_nobodys_way() {
    let platform = store();
    platform.write("dist/sub/deep/b.js", "b");
    let platform = publish(platform, "v2");
    fs::remove_dir_all(platform.store().join("v1")).unwrap();
    fs::create_dir_all(platform.store().join("v1/sub/deep")).unwrap();
    fs::remove_file(platform.store().join(".static-assets/versions/v1.json")).unwrap();
    fs::remove_dir_all(platform.app().join("dist/sub")).unwrap();
    platform
        .cli_with(&["publish", "--dir", "dist"], &[("RELEASE_VERSION", "v1")])
        .exits(0);
    platform.cli(&["verify", "v1", "--read"]).exits(0);
}

#[test]
fn odd_files_in_the_store_are_unreadable_and_kept() {
    let platform = five_versions();
    let markers = platform.store().join(".static-assets/versions");
    let refs = platform.store().join(".static-assets/refs/v2/default");
    fs::remove_file(markers.join("v1.json")).unwrap();
    std::os::unix::fs::symlink("v1.json", markers.join("v1.json")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", refs.join("0.json")).unwrap();
    let far = std::time::UNIX_EPOCH + Duration::from_secs(8_000_000_000_000);
    let file = fs::File::open(markers.join("v3.json")).unwrap();
    // Not every file system keeps such a time.
    let _ = file.file().set_modified(far);
    let json = platform.cli(&["list", "--json"]).exits(0).json();
    let all = json["versions"].as_array().unwrap();
    let v1 = all.iter().find(|it| it["version"] == "v1").unwrap();
    assert_eq!(v1["state"], "unreadable");
    let plan = platform.cli(&["prune", "--json"]).exits(0).json();
    assert!(versions(&plan, "keep").contains(&"v1".to_owned()));
}

/// A store may show what it was sent.
#[test]
fn a_secret_that_the_store_shows_is_in_no_output() {
    let secret = "secret-of-a-test";
    let platform = store().env("AWS_SECRET_ACCESS_KEY", secret);
    let marker = platform.store().join(".static-assets/versions/v1.json");
    fs::rename(&marker, marker.with_file_name(format!("{secret}.json"))).unwrap();
    for run in [
        &["list"][..],
        &["list", "--json"],
        &["list", "--html", "page.html"],
        &["prune", "--json"],
    ] {
        let ran = platform.cli(run).exits(0).does_not_say(secret);
        assert!(!ran.stdout().contains(secret), "{}", ran.stdout());
    }
    let page = fs::read_to_string(platform.app().join("page.html")).unwrap();
    assert!(page.contains("[redacted]") && !page.contains(secret));
}
