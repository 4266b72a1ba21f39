//! What goes wrong on the machine that publishes: the rows of the list of faults that are no store's, by their
//! numbers. The others are in `src/store/tests/`, F20 in `conformance.rs`, F34 in `publish_model`. F30, F31 and F35 are a
//! prune's, which this release has not; F38 needs a file system that can't rename without replacing.

use crate::harness::refusing::Refusing;
use crate::harness::tls::Tls;
use crate::harness::{Platform, tree};
use fs_err as fs;
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsStr;
use std::net::TcpListener;
use std::os::unix::ffi::OsStrExt;
use std::process::Command;
use std::time::{Duration, Instant};

const PUBLISH: [&str; 3] = ["publish", "--dir", "dist"];

fn prebuilt() -> Platform {
    let platform = Platform::empty().file_store();
    platform
        .write("dist/app.css", "a{}")
        .write("dist/b/app.js", "let a");
    platform
}

fn s3(endpoint: &str) -> Platform {
    prebuilt()
        .env("STATIC_ASSETS_STORE", "s3://acme-static/shop")
        .env("STATIC_ASSETS_ENDPOINT_URL", endpoint)
        .env("STATIC_ASSETS_ACCESS_KEY_ID", "KEYOFATEST")
        .env("STATIC_ASSETS_SECRET_ACCESS_KEY", "secret-of-a-test")
}

/// No version is visible, and nothing of it is left but the ref.
fn assert_invisible(platform: &Platform) {
    for path in tree(&platform.store()).keys() {
        assert!(path.starts_with(".static-assets/refs/"), "{path} is left");
    }
}

/// The same again succeeds, and once more changes nothing.
fn assert_recovers(platform: &Platform) {
    platform.cli(&PUBLISH).exits(0);
    platform
        .cli(&PUBLISH)
        .exits(0)
        .says("unchanged: 0 uploaded");
}

#[test]
fn f14_a_file_that_cannot_be_read_ends_it_with_its_name() {
    let platform = prebuilt();
    let file = platform.app().join("dist/b/app.js");
    // As root every file can be read, but not a link to one that is not there.
    fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink("/nowhere", &file).unwrap();
    for _ in 0..2 {
        platform.cli(&PUBLISH).exits(13).says("b/app.js");
        assert!(tree(&platform.store()).is_empty());
    }
    fs::remove_file(&file).unwrap();
    assert_recovers(&platform);
}

/// `RLIMIT_FSIZE` ends a write as a full disk does, without one.
#[test]
fn f15_a_full_disk_leaves_nothing_of_the_version() {
    let platform = prebuilt();
    platform.write("dist/large.js", &"x".repeat(200_000));
    let limited = || {
        let mut command =
            platform.shell("trap '' XFSZ; ulimit -f 100; exec \"$0\" publish --dir dist");
        command.output().unwrap()
    };
    for _ in 0..2 {
        let output = limited();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("File too large"), "{said}");
        assert_invisible(&platform);
    }
    assert_recovers(&platform);
}

#[test]
fn f16_a_store_that_cannot_be_written_is_named() {
    // No user may make a folder there, not even root.
    let platform = prebuilt().env("STATIC_ASSETS_STORE", "file:///proc/self");
    for _ in 0..2 {
        platform
            .cli(&PUBLISH)
            .exits(1)
            .says("/proc/self/.static-assets");
    }
}

#[test]
fn f17_a_folder_without_a_file_is_refused_unless_it_is_meant() {
    let platform = Platform::empty().file_store();
    fs::create_dir_all(platform.app().join("dist")).unwrap();
    platform
        .cli(&PUBLISH)
        .exits(13)
        .says("STATIC_ASSETS_ALLOW_EMPTY=1");
    let missing = platform.cli(&["publish", "--dir", "nowhere"]);
    missing.exits(2);
    assert!(tree(&platform.store()).is_empty());
    let platform = platform.env("STATIC_ASSETS_ALLOW_EMPTY", "1");
    platform.cli(&PUBLISH).exits(0);
}

#[test]
fn f19_a_file_over_the_limit_of_a_put_is_refused_before_anything_is_sent() {
    let store = Refusing::s3(500, "InternalError", "");
    let platform = s3(&store.url).env("RELEASE_VERSION", "v1");
    let file = fs::File::create(platform.app().join("dist/video.mp4")).unwrap();
    file.set_len((5 << 30) + 1).unwrap();
    platform
        .cli(&PUBLISH)
        .exits(13)
        .says("video.mp4")
        .says("5.4 GB");
    assert_eq!(store.requests(), [""; 0]);
}

#[test]
fn f21_names_that_break_stores_are_refused_before_anything_is_sent() {
    let store = Refusing::s3(500, "InternalError", "");
    for name in ["a\nb.css", "a\tb.css", "a\\b.css"] {
        let platform = s3(&store.url);
        platform.write(&format!("dist/{name}"), "x");
        platform.cli(&PUBLISH).exits(13);
    }
    let platform = s3(&store.url);
    fs::write(
        platform
            .app()
            .join("dist")
            .join(OsStr::from_bytes(b"\xff.css")),
        "x",
    )
    .unwrap();
    platform.cli(&PUBLISH).exits(13).says("not UTF-8");

    let long = ["x".repeat(255).as_str(); 4].join("/");
    let platform = s3(&store.url);
    platform.write(&format!("dist/{long}"), "x");
    platform
        .cli(&PUBLISH)
        .exits(13)
        .says("longer than the store takes");

    let azure = s3(&store.url)
        .env("STATIC_ASSETS_STORE", "az://acme-static/shop")
        .env("STATIC_ASSETS_ENDPOINT_URL", "")
        .env("AZURE_STORAGE_ACCOUNT_NAME", "acme")
        .env("AZURE_STORAGE_ACCOUNT_KEY", "a2V5LW9mLWEtdGVzdA==");
    azure.write("dist/folder./a.css", "x");
    azure.cli(&PUBLISH).exits(13).says("ends in a dot");
    assert_eq!(store.requests(), [""; 0]);
}

#[test]
fn f22_names_that_are_one_name_elsewhere_are_refused_before_anything_is_sent() {
    let platform = prebuilt();
    platform.write("dist/APP.css", "x");
    platform
        .cli(&PUBLISH)
        .exits(13)
        .says("APP.css")
        .says("app.css");
    assert!(tree(&platform.store()).is_empty());
    let platform = prebuilt();
    platform
        .write("dist/caf\u{e9}.css", "x")
        .write("dist/cafe\u{301}.css", "x");
    platform.cli(&PUBLISH).exits(13);
}

#[test]
fn f36_sigterm_ends_a_run_within_seconds_with_nothing_visible() {
    // Connections are taken, and never answered.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let platform = s3(&format!("http://{}", silent.local_addr().unwrap()));
    for signal in [Signal::TERM, Signal::INT] {
        let mut child = platform.start_cli(&PUBLISH);
        let (_connection, _) = silent.accept().unwrap();
        let start = Instant::now();
        let id = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        kill_process(id, signal).unwrap();
        let status = child.wait().unwrap();
        assert_eq!(status.code(), Some(130));
        assert!(start.elapsed() < Duration::from_secs(5));
    }
}

#[test]
fn f37_what_a_killed_run_left_in_a_folder_is_not_adopted() {
    let platform = prebuilt();
    let version = platform
        .cli(&["publish", "--dir", "dist", "--json"])
        .exits(0)
        .json();
    let version = version["version"].as_str().unwrap();
    // As if killed while it was staged.
    let staging = platform.store().join(".static-assets/staging");
    fs::rename(
        platform.store().join(version),
        staging.join(format!("{version}.0123456789abcdef")),
    )
    .unwrap();
    fs::remove_file(
        platform
            .store()
            .join(format!(".static-assets/versions/{version}.json")),
    )
    .unwrap();
    let torn = staging.join(format!("{version}.0123456789abcdef/app.css"));
    fs::write(torn, "torn").unwrap();
    assert_recovers(&platform);
    let css = fs::read_to_string(platform.store().join(version).join("app.css")).unwrap();
    assert_eq!(css, "a{}");
}

/// Where `strace` is: a file, then its folder, then the marker.
#[test]
fn f39_a_version_is_on_the_disk_before_its_marker() {
    if Command::new("strace").arg("-V").output().is_err() {
        crate::harness::skipped("strace is not there");
        return;
    }
    let platform = prebuilt().env("PATH", "/usr/bin:/bin");
    let trace = platform.path("trace");
    let calls = "trace=fsync,fdatasync,syncfs,renameat2,rename";
    let script = format!(
        "exec strace -f -y -e {calls} -o {} \"$0\" publish --dir dist",
        trace.display()
    );
    let output = platform.shell(&script).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let trace = fs::read_to_string(&trace).unwrap();
    let at = |needle: &str| {
        let found = trace.lines().position(|line| line.contains(needle));
        found.unwrap_or_else(|| panic!("no {needle} in\n{trace}"))
    };
    let placed = trace
        .lines()
        .position(|line| {
            line.contains("renameat2") && line.contains("/staging/") && !line.contains(".json")
        })
        .unwrap();
    let marker = at("/.static-assets/versions/");
    assert!(at("syncfs") < placed && placed < marker, "{trace}");
}

#[test]
fn f40_a_server_that_is_not_there_is_temporary_and_a_certificate_nobody_knows_is_not() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    s3(&address)
        .cli(&PUBLISH)
        .exits(5)
        .says("The store does not answer")
        .says("STATIC_ASSETS_PUBLISH=off");

    let store = Refusing::s3(404, "NoSuchBucket", "");
    let Some(tls) = Tls::before(&store.url) else {
        return;
    };
    s3(&tls.url)
        .cli(&PUBLISH)
        .exits(1)
        .says("STATIC_ASSETS_CA_FILE");
    assert_eq!(store.requests(), [""; 0]);
    s3(&tls.url)
        .env("STATIC_ASSETS_CA_FILE", tls.ca_file())
        .cli(&PUBLISH)
        .exits(10);
}

#[test]
fn f41_a_proxy_is_used_for_https_and_its_password_is_not_shown() {
    let proxy = Refusing::s3(502, "BadGateway", "");
    let with_password = proxy
        .url
        .replace("http://", "http://user:password-of-a-test@");
    s3("https://s3.example.com")
        .env("HTTPS_PROXY", &with_password)
        .cli(&PUBLISH)
        .exits(5)
        .does_not_say("password-of-a-test");
    assert!(proxy.requests()[0].starts_with("CONNECT s3.example.com:443"));
    let proxy = Refusing::s3(502, "BadGateway", "");
    s3("https://localhost:1")
        .env("HTTPS_PROXY", &proxy.url)
        .env("NO_PROXY", "localhost")
        .cli(&PUBLISH)
        .exits(5);
    assert_eq!(proxy.requests(), [""; 0]);
}

#[test]
fn f45_an_app_that_fails_to_collect_sends_nothing() {
    let Some(python) = crate::harness::python::Python::find("django52") else {
        return;
    };
    let platform = Platform::with("django_follows")
        .python(&python)
        .file_store();
    platform.settings("raise RuntimeError('the message of the app')");
    let run = ["publish", "--app", "."];
    platform.cli(&run).exits(1).says("the message of the app");
    assert!(tree(&platform.store()).is_empty());
}
