//! What operators see of a store: list, show, verify, pin.

use crate::harness::{Platform, skipped, tree, variable};
use fs_err as fs;
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// A store with two explicit versions, each with one file.
pub(crate) fn store() -> Platform {
    let platform = Platform::with("django_basic").file_store();
    platform.write("dist/app.css", "a {}");
    let platform = platform.env("SOURCE_VERSION", "4f1c2ab90deadbeef");
    publish(platform, "v1")
}

pub(crate) fn publish(platform: Platform, version: &str) -> Platform {
    let platform = platform.env("RELEASE_VERSION", version);
    platform.cli(&["publish", "--dir", "dist"]).exits(0);
    platform
}

#[test]
fn versions_are_listed_with_their_sizes_and_builds() {
    let platform = store().env("STATIC_ASSETS_GROUP", "review");
    platform.write("dist/more.js", "let a = 1\n");
    let platform = publish(platform, "v2");
    let listed = platform.cli(&["list"]).exits(0);
    let listed = listed.stdout();
    let rows: Vec<Vec<&str>> = listed
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(rows[0][0], "VERSION", "{listed}");
    assert_eq!(rows[1][..2], ["v2", "explicit"], "{listed}");
    assert_eq!(
        rows[1][2..7],
        ["2", "14", "B", "review", "4f1c2ab90dea"],
        "{listed}"
    );
    assert_eq!(rows[1].last(), Some(&"published"), "{listed}");
    assert_eq!(rows[2][..5], ["v1", "explicit", "1", "4", "B"], "{listed}");
    assert!(
        listed.contains("\n2 versions, 3 files, 18 B in file:///"),
        "{listed}"
    );

    let json = platform.cli(&["list", "--json"]).exits(0).json();
    let versions = json["versions"].as_array().unwrap();
    assert_eq!(versions.len(), 2);
    assert_eq!(versions[0]["version"], "v2");
    assert_eq!(versions[0]["groups"][0], "review");
    assert_eq!(versions[1]["commit"], "4f1c2ab90deadbeef");
    assert_eq!(versions[1]["bytes"], 4);
}

#[test]
fn one_version_is_shown_with_its_files_and_builds() {
    let platform = store();
    platform.cli(&["publish", "--dir", "dist"]).exits(0);
    platform
        .cli(&["show", "v1"])
        .exits(0)
        .says("State:     published")
        .says("Built by 2 runs, newest first (UTC):")
        .says("4 B  text/css; charset=utf-8  app.css");
    let json = platform.cli(&["show", "v1", "--json"]).exits(0).json();
    assert_eq!(json["runs"].as_array().unwrap().len(), 2);
    assert_eq!(json["paths"][0]["path"], "app.css");
    assert!(json["paths"][0]["encoding"].is_null());
    platform
        .cli(&["show", "v9"])
        .exits(10)
        .says("The store has no version v9")
        .says("static-assets list");
}

#[test]
fn a_build_that_did_not_end_is_unfinished() {
    let platform = store();
    let meta = platform.store().join(".static-assets");
    fs::remove_file(meta.join("versions/v1.json")).unwrap();
    fs::write(meta.join("versions/v2.json"), "{\"schema\":2}").unwrap();
    fs::write(meta.join("notes.txt"), "").unwrap();
    let json = platform.cli(&["list", "--json"]).exits(0).json();
    let states = json["versions"].as_array().unwrap().iter();
    let mut states: Vec<_> = states
        .map(|it| {
            (
                it["version"].as_str().unwrap(),
                it["state"].as_str().unwrap(),
            )
        })
        .collect();
    states.sort_unstable();
    assert_eq!(states, [("v1", "unfinished"), ("v2", "unreadable")]);
    assert_eq!(json["unknown"][0], "notes.txt");
    platform.cli(&["list"]).exits(0).says(
        "No part of the protocol, and left alone: 1 object, such as .static-assets/notes.txt",
    );
}

#[test]
fn what_a_store_names_gives_no_orders() {
    let platform = store();
    let refs = platform.store().join(".static-assets/refs/v1/\u{1b}[2J");
    fs::create_dir_all(&refs).unwrap();
    fs::write(refs.join("1.json"), "{}").unwrap();
    let listed = platform.cli(&["list"]).exits(0);
    assert!(!listed.stdout().contains('\u{1b}'), "{}", listed.stdout());
}

#[test]
fn a_store_must_be_set_and_exist() {
    let platform = Platform::with("django_basic");
    platform
        .cli(&["list"])
        .exits(2)
        .says("STATIC_ASSETS_STORE is not set")
        .says("Set the store whose versions you want to see");
    let platform = platform.env("STATIC_ASSETS_STORE", "file:///no/such/dir");
    platform
        .cli(&["list"])
        .exits(10)
        .says("No such directory: /no/such/dir");
}

#[test]
fn what_differs_from_a_marker_is_named() {
    let platform = store();
    platform
        .cli(&["verify", "v1"])
        .exits(0)
        .says("v1: 1 file, 4 B, with the right sizes")
        .says("Compared by size only: 1 file");
    platform
        .cli(&["verify", "--all", "--read"])
        .exits(0)
        .says("v1: 1 file, 4 B, with the right sizes and bytes");
    fs::write(platform.store().join("v1/app.css"), "b {}").unwrap();
    fs::write(platform.store().join("v1/more.css"), "").unwrap();
    platform
        .cli(&["verify", "v1"])
        .exits(1)
        .says("more.css: the marker does not name this file")
        .does_not_say("app.css: its bytes differ");
    let read = platform.cli(&["verify", "v1", "--read", "--json"]).exits(1);
    let read = read
        .says("app.css: its bytes differ")
        .says("[Error: static assets: 2 files of 1 version differ from what was published]");
    let json = read.json();
    let problems = json["versions"][0]["problems"].as_array().unwrap();
    assert_eq!(problems[0]["problem"], "bytes");
    assert_eq!(problems[1]["problem"], "foreign");
    fs::remove_file(platform.store().join("v1/app.css")).unwrap();
    platform
        .cli(&["verify", "v1"])
        .exits(1)
        .says("app.css: missing");
    platform
        .cli(&["verify", "v7"])
        .exits(10)
        .says("v7 is not published")
        .says("The store has nothing of it");
}

#[test]
fn missing_files_come_back_from_a_directory_with_the_same_bytes() {
    let platform = store();
    platform.write("dist/lib/more.js", "more()");
    let platform = publish(platform, "v2");
    for path in ["app.css", "lib/more.js"] {
        fs::remove_file(platform.store().join("v2").join(path)).unwrap();
    }
    platform.write("dist/app.css", "other {}");
    let repair = ["verify", "v2", "--read", "--repair", "dist"];
    platform
        .cli(&repair)
        .exits(1)
        .says("v2: 1 missing file uploaded from dist")
        .says("app.css: missing")
        .says("1 file of 1 version");
    platform.write("dist/app.css", "a {}");
    platform
        .cli(&repair)
        .exits(0)
        .says("v2: 2 files, 10 B, with the right sizes and bytes");
    platform.cli(&repair).exits(0).does_not_say("uploaded");

    // A prune that has begun is obeyed.
    fs::remove_file(platform.store().join("v2/app.css")).unwrap();
    let tombstones = platform.store().join(".static-assets/tombstones");
    fs::create_dir_all(&tombstones).unwrap();
    let deleting = r#"{"content":null,"schema":1,"state":"deleting","version":"v2"}"#;
    fs::write(tombstones.join("v2.json"), deleting).unwrap();
    platform
        .cli(&repair)
        .exits(5)
        .says("This version is being pruned");
    assert!(!platform.store().join("v2/app.css").exists());
}

#[test]
fn a_version_is_pinned_and_unpinned() {
    let platform = store();
    let reason = "rollback target of \u{1b}[2J spring";
    platform
        .cli(&["pin", "v1", "--reason", reason])
        .exits(0)
        .says("v1: pinned as manual, so no prune deletes it");
    platform
        .cli(&["pin", "v1", "--reason", "another", "--name", "audit"])
        .exits(0);
    let shown = platform.cli(&["show", "v1"]).exits(0);
    assert!(!shown.stdout().contains('\u{1b}'));
    let shown = shown.says("Pin:       audit: another");
    shown.says("Pin:       manual: rollback target of");
    let json = platform.cli(&["list", "--json"]).exits(0).json();
    assert_eq!(json["versions"][0]["pins"][0]["name"], "audit");

    // Again replaces it.
    platform.cli(&["pin", "v1", "--reason", "newer"]).exits(0);
    platform
        .cli(&["show", "v1"])
        .exits(0)
        .says("Pin:       manual: newer");
    platform
        .cli(&["unpin", "v1"])
        .exits(0)
        .says("v1: the pin manual is gone");
    platform
        .cli(&["unpin", "v1"])
        .exits(10)
        .says("v1 has no pin manual")
        .says("Its pins: audit.");
    platform
        .cli(&["pin", "v9", "--reason", "x"])
        .exits(10)
        .says("The store has no version v9");
    let tombstones = platform.store().join(".static-assets/tombstones");
    fs::create_dir_all(&tombstones).unwrap();
    let deleting = r#"{"content":null,"schema":1,"state":"deleting","version":"v1"}"#;
    fs::write(tombstones.join("v1.json"), deleting).unwrap();
    platform
        .cli(&["pin", "v1", "--reason", "late"])
        .exits(5)
        .says("This version is being pruned");
}

#[test]
fn nothing_outside_of_a_version_is_read_or_written() {
    let platform = store();
    let store = platform.store();
    let outside = store.parent().unwrap().join("outside");
    fs::create_dir_all(&outside).unwrap();
    let marker = store.join(".static-assets/versions/v1.json");
    let json = fs::read_to_string(&marker).unwrap();
    fs::write(
        &marker,
        json.replace("\"app.css\"", "\"../../outside/app.css\""),
    )
    .unwrap();
    let repair = ["verify", "v1", "--read", "--repair", "dist"];
    platform.cli(&repair).exits(1).says("v1 can't be read");
    fs::write(&marker, json).unwrap();

    fs::remove_dir_all(store.join("v1")).unwrap();
    std::os::unix::fs::symlink(&outside, store.join("v1")).unwrap();
    platform
        .cli(&repair)
        .exits(1)
        .says("app.css: a symbolic link leads to it, so it was not read");
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
}

#[test]
fn what_could_not_be_compared_is_no_success() {
    let platform = store();
    let meta = platform.store().join(".static-assets/versions");
    fs::write(meta.join("v2.json"), "{\"schema\":2}").unwrap();
    platform
        .cli(&["verify", "--all"])
        .exits(1)
        .says("v2: unreadable")
        .says("1 version can't be compared");
    platform.cli(&["verify", "v1"]).exits(0);
    fs::remove_file(meta.join("v1.json")).unwrap();
    fs::remove_file(meta.join("v2.json")).unwrap();
    platform
        .cli(&["verify", "--all"])
        .exits(0)
        .says("v1: unfinished")
        .says("No published version in file:///");
}

#[test]
fn a_repair_says_what_its_directory_lacks_and_is_no_build() {
    let platform = store();
    let listed = platform.cli(&["list", "--json"]).exits(0).json();
    fs::remove_file(platform.store().join("v1/app.css")).unwrap();
    for dir in ["nowhere", "dist/app.css"] {
        platform
            .cli(&["verify", "v1", "--repair", dir])
            .exits(1)
            .says(&format!("The directory can't be read: {dir}"));
    }
    platform.write("empty/more.css", "");
    platform
        .cli(&["verify", "v1", "--repair", "empty"])
        .exits(1)
        .says("empty lacks 1 missing file")
        .says("app.css: missing")
        .says("static-assets verify v1 --repair DIR");
    platform
        .cli(&["verify", "v1", "--repair", "dist"])
        .exits(0)
        .says("v1: 1 missing file uploaded from dist");
    let after = platform.cli(&["list", "--json"]).exits(0).json();
    assert_eq!(after["versions"], listed["versions"]);
}

#[test]
fn output_that_is_lost_is_no_success() {
    let platform = store();
    let output = platform.shell("\"$0\" list --json > /dev/full").output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(log.contains("The output can't be written"), "{log}");
}

/// Moves all files of the store back by days, as if its clock had moved on.
pub(crate) fn days_pass(platform: &Platform, days: u64) {
    let age = Duration::from_hours(24 * days);
    for path in tree(&platform.store()).into_keys() {
        let file = fs::File::open(platform.store().join(path)).unwrap();
        let modified = file.metadata().unwrap().modified().unwrap();
        file.file().set_modified(modified - age).unwrap();
    }
}

/// Five versions, each built two days after the one before.
pub(crate) fn five_versions() -> Platform {
    let mut platform = store();
    for number in 2..=5 {
        days_pass(&platform, 2);
        platform.write("dist/app.css", &format!("a {{ order: {number} }}"));
        platform = publish(platform, &format!("v{number}"));
    }
    platform
}

pub(crate) fn versions(json: &Value, list: &str) -> Vec<String> {
    let entries = json[list].as_array().unwrap().iter();
    let name = |entry: &Value| entry["version"].as_str().unwrap().to_owned();
    entries.map(name).collect()
}

/// The page as a browser has it, and what its console says.
fn in_chromium(platform: &Platform, page: &Path) -> Option<(String, String)> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let path = variable("PATH").unwrap_or_default();
    let programs = names.iter().flat_map(|name| {
        let dirs = std::env::split_paths(&path);
        dirs.map(move |dir| dir.join(name))
    });
    let Some(chromium) = programs.into_iter().find(|program| program.is_file()) else {
        skipped("no Chromium is installed (apt-get install chromium)");
        return None;
    };
    let output = Command::new(chromium)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--enable-logging=stderr",
        ])
        .arg(format!(
            "--user-data-dir={}",
            platform.path("chromium").display()
        ))
        .arg("--dump-dom")
        .arg(format!("file://{}", page.display()))
        .env("HOME", platform.path("home"))
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    Some((text(&output.stdout), text(&output.stderr)))
}

/// The values of an attribute, in the order of the page.
fn attributes<'a>(dom: &'a str, name: &str) -> Vec<&'a str> {
    let start = format!("{name}=\"");
    let values = dom.split(start.as_str()).skip(1);
    values.map(|rest| rest.split('"').next().unwrap()).collect()
}

#[test]
fn the_page_shows_what_json_says_and_a_browser_has_no_complaint() {
    let platform = five_versions();
    days_pass(&platform, 40);
    platform
        .cli(&["pin", "v1", "--reason", "<b>audit"])
        .exits(0);
    let policy = ["--keep-last", "2"];
    let html = [&["list", "--html", "store.html"], &policy[..]].concat();
    platform.cli(&html).exits(0).says("Written to store.html");
    let listed = platform.cli(&["list", "--json"]).exits(0).json();
    let plan = [&["prune", "--json"], &policy[..]].concat();
    let plan = platform.cli(&plan).exits(0).json();
    let page = platform.app().join("store.html");
    let text = fs::read_to_string(&page).unwrap();
    for foreign in ["<script", "http://", "https://", "<b>"] {
        assert!(!text.contains(foreign), "{foreign}");
    }
    let Some((dom, console)) = in_chromium(&platform, &page) else {
        return;
    };
    assert!(!console.contains("CONSOLE"), "{console}");
    let entries = listed["versions"].as_array().unwrap();
    let of = |name: &str| -> Vec<String> {
        let values = entries.iter().map(|it| it[name].to_string());
        values.map(|it| it.trim_matches('"').to_owned()).collect()
    };
    assert_eq!(attributes(&dom, "data-version"), of("version"));
    assert_eq!(attributes(&dom, "data-files"), of("files"));
    assert_eq!(attributes(&dom, "data-bytes"), of("bytes"));
    let planned = attributes(&dom, "data-plan");
    let deleted = attributes(&dom, "data-version").into_iter().zip(planned);
    let deleted = deleted.filter(|(_, plan)| *plan == "delete");
    let deleted: Vec<_> = deleted.map(|(version, _)| version.to_owned()).collect();
    assert_eq!(deleted, versions(&plan, "delete"));
    let sum = entries.iter().map(|it| it["bytes"].as_u64().unwrap());
    let freed = plan["delete"].as_array().unwrap().iter();
    let freed = freed.map(|it| it["bytes"].as_u64().unwrap());
    let expected = [
        5,
        5,
        sum.sum::<u64>(),
        u64::try_from(deleted.len()).unwrap(),
        freed.sum::<u64>(),
    ];
    assert_eq!(attributes(&dom, "value"), expected.map(|it| it.to_string()));
    assert_eq!(attributes(&dom, "<rect x").len(), 5);
    platform
        .cli(&["list", "--keep-last", "2"])
        .exits(2)
        .says("belong to --html");
}
