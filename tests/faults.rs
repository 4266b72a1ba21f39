//! What goes wrong on the machine that publishes. The names carry the numbers of the list of faults. The faults of
//! stores are in `src/store/tests/`, F20 is in `conformance.rs`, F34 in `publish_model`. F30, F31 and F35 are about a
//! prune, which this release lacks; F38 needs a file system that can't rename without replacing.

use crate::harness::refusing::Refusing;
use crate::harness::tls::Tls;
use crate::harness::{Platform, Ran, tree};
use fs_err as fs;
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsStr;
use std::net::TcpListener;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const PUBLISH: [&str; 3] = ["publish", "--dir", "dist"];
const KEEP: [&str; 4] = ["publish", "--dir", "dist", "--pin=kept/pin.env"];
const PUBLISH_KEPT: [&str; 2] = ["publish", "--prepared=kept/prepared"];

/// The same tests run on what a build and what a release phase uploads.
#[derive(Clone, Copy)]
enum Way {
    AtBuild,
    InTheReleasePhase,
}

impl Way {
    /// Runs what comes before the upload. A deferred upload fails here already if its files are wrong.
    fn prepare(self, platform: &Platform) -> Result<Vec<&'static str>, Ran> {
        if let Self::AtBuild = self {
            return Ok(PUBLISH.to_vec());
        }
        let kept = platform.cli_with(&KEEP, &[("STATIC_ASSETS_PUBLISH", "release")]);
        if kept.has_succeeded() {
            Ok(PUBLISH_KEPT.to_vec())
        } else {
            Err(kept)
        }
    }

    fn publish(self, platform: &Platform) -> Ran {
        match self.prepare(platform) {
            Ok(arguments) => platform.cli(&arguments),
            Err(ran) => ran,
        }
    }

    #[track_caller]
    fn prepared(self, platform: &Platform) -> Vec<&'static str> {
        match self.prepare(platform) {
            Ok(arguments) => arguments,
            Err(ran) => {
                ran.exits(0);
                unreachable!()
            }
        }
    }
}

macro_rules! both_ways {
    ($($row:ident)*) => {
        mod at_build {
            $(#[test] fn $row() { super::$row(super::Way::AtBuild); })*
        }
        mod in_the_release_phase {
            $(#[test] fn $row() { super::$row(super::Way::InTheReleasePhase); })*
        }
    };
}

both_ways! {
    f14_an_unreadable_file_is_named
    f15_a_full_disk_leaves_nothing_of_the_version
    f16_an_unwritable_store_is_named
    f17_an_empty_directory_needs_permission
    f19_an_oversized_file_is_refused_before_sending
    f21_bad_names_are_refused_before_sending
    f22_colliding_names_are_refused_before_sending
    f36_signals_end_a_run_within_seconds
    f37_leftovers_of_killed_runs_are_not_adopted
    f40_a_missing_server_is_temporary
    f41_https_uses_the_proxy
}

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
fn assert_recovers(way: Way, platform: &Platform) {
    way.publish(platform).exits(0);
    way.publish(platform).exits(0).says("unchanged: 0 uploaded");
}

fn f14_an_unreadable_file_is_named(way: Way) {
    let platform = prebuilt();
    let file = platform.app().join("dist/b/app.js");
    // Root can read every file, but not a link to a missing one.
    fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink("/nowhere", &file).unwrap();
    for _ in 0..2 {
        way.publish(&platform).exits(13).says("b/app.js");
        assert!(tree(&platform.store()).is_empty());
    }
    fs::remove_file(&file).unwrap();
    assert_recovers(way, &platform);
}

/// `RLIMIT_FSIZE` fails a write as a full disk does.
fn f15_a_full_disk_leaves_nothing_of_the_version(way: Way) {
    let platform = prebuilt();
    platform.write("dist/large.js", &"x".repeat(200_000));
    let line = way.prepared(&platform).join(" ");
    let limited = || {
        let mut command =
            platform.shell(&format!("trap '' XFSZ; ulimit -f 100; exec \"$0\" {line}"));
        command.output().unwrap()
    };
    for _ in 0..2 {
        let output = limited();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("File too large"), "{said}");
        assert_invisible(&platform);
    }
    assert_recovers(way, &platform);
}

fn f16_an_unwritable_store_is_named(way: Way) {
    // Not even root may create a directory there.
    let platform = prebuilt().env("STATIC_ASSETS_STORE", "file:///proc/self");
    for _ in 0..2 {
        way.publish(&platform)
            .exits(1)
            .says("/proc/self/.static-assets");
    }
}

fn f17_an_empty_directory_needs_permission(way: Way) {
    let platform = Platform::empty().file_store();
    fs::create_dir_all(platform.app().join("dist")).unwrap();
    way.publish(&platform)
        .exits(13)
        .says("STATIC_ASSETS_ALLOW_EMPTY=1");
    let missing = platform.cli(&["publish", "--dir", "nowhere"]);
    missing.exits(2);
    assert!(tree(&platform.store()).is_empty());
    let platform = platform.env("STATIC_ASSETS_ALLOW_EMPTY", "1");
    way.publish(&platform).exits(0);
}

fn f19_an_oversized_file_is_refused_before_sending(way: Way) {
    let store = Refusing::s3(500, "InternalError", "");
    let platform = s3(&store.url).env("RELEASE_VERSION", "v1");
    let file = fs::File::create(platform.app().join("dist/video.mp4")).unwrap();
    file.set_len((5 << 30) + 1).unwrap();
    way.publish(&platform)
        .exits(13)
        .says("video.mp4")
        .says("5.4 GB");
    assert_eq!(store.requests(), [""; 0]);
}

fn f21_bad_names_are_refused_before_sending(way: Way) {
    let store = Refusing::s3(500, "InternalError", "");
    for name in ["a\nb.css", "a\tb.css", "a\\b.css"] {
        let platform = s3(&store.url);
        platform.write(&format!("dist/{name}"), "x");
        way.publish(&platform).exits(13);
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
    way.publish(&platform).exits(13).says("not UTF-8");

    let long = ["x".repeat(255).as_str(); 4].join("/");
    let platform = s3(&store.url);
    platform.write(&format!("dist/{long}"), "x");
    way.publish(&platform)
        .exits(13)
        .says("too long for the store");

    let azure = s3(&store.url)
        .env("STATIC_ASSETS_STORE", "az://acme-static/shop")
        .env("STATIC_ASSETS_ENDPOINT_URL", "")
        .env("AZURE_STORAGE_ACCOUNT_NAME", "acme")
        .env("AZURE_STORAGE_ACCOUNT_KEY", "a2V5LW9mLWEtdGVzdA==");
    azure.write("dist/folder./a.css", "x");
    way.publish(&azure).exits(13).says("ends in a dot");
    assert_eq!(store.requests(), [""; 0]);
}

fn f22_colliding_names_are_refused_before_sending(way: Way) {
    let platform = prebuilt();
    platform.write("dist/APP.css", "x");
    way.publish(&platform)
        .exits(13)
        .says("APP.css")
        .says("app.css");
    assert!(tree(&platform.store()).is_empty());
    let platform = prebuilt();
    platform
        .write("dist/caf\u{e9}.css", "x")
        .write("dist/cafe\u{301}.css", "x");
    way.publish(&platform).exits(13);
}

fn f36_signals_end_a_run_within_seconds(way: Way) {
    // The server accepts connections and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let platform = s3(&format!("http://{}", silent.local_addr().unwrap()));
    for signal in [Signal::TERM, Signal::INT] {
        let mut child = platform.start_cli(&way.prepared(&platform));
        let (_connection, _) = silent.accept().unwrap();
        let start = Instant::now();
        let id = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        kill_process(id, signal).unwrap();
        let status = child.wait().unwrap();
        assert_eq!(status.code(), Some(130));
        assert!(start.elapsed() < Duration::from_secs(5));
    }
}

fn f37_leftovers_of_killed_runs_are_not_adopted(way: Way) {
    let platform = prebuilt();
    let mut line = way.prepared(&platform);
    line.push("--json");
    let version = platform.cli(&line).exits(0).json();
    let version = version["version"].as_str().unwrap();
    // This is what a run leaves that was killed while it staged.
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
    assert_recovers(way, &platform);
    let css = fs::read_to_string(platform.store().join(version).join("app.css")).unwrap();
    assert_eq!(css, "a{}");
}

/// Traced by `strace`: first the files, then their directory, then the marker.
#[test]
fn f39_a_version_is_on_the_disk_before_its_marker() {
    if Command::new("strace").arg("-V").output().is_err() {
        crate::harness::skipped("strace is not installed");
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

fn f40_a_missing_server_is_temporary(way: Way) {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    way.publish(&s3(&address))
        .exits(5)
        .says("The store keeps failing: Connection refused")
        .says("STATIC_ASSETS_PUBLISH=off");

    let store = Refusing::s3(404, "NoSuchBucket", "");
    let Some(tls) = Tls::before(&store.url) else {
        return;
    };
    way.publish(&s3(&tls.url))
        .exits(1)
        .says("STATIC_ASSETS_CA_FILE");
    assert_eq!(store.requests(), [""; 0]);
    way.publish(&s3(&tls.url).env("STATIC_ASSETS_CA_FILE", tls.ca_file()))
        .exits(10);
}

fn f41_https_uses_the_proxy(way: Way) {
    let proxy = Refusing::s3(502, "BadGateway", "");
    let with_password = proxy
        .url
        .replace("http://", "http://user:password-of-a-test@");
    way.publish(&s3("https://s3.example.com").env("HTTPS_PROXY", &with_password))
        .exits(5)
        .does_not_say("password-of-a-test");
    assert!(proxy.requests()[0].starts_with("CONNECT s3.example.com:443"));
    let proxy = Refusing::s3(502, "BadGateway", "");
    way.publish(
        &s3("https://localhost:1")
            .env("HTTPS_PROXY", &proxy.url)
            .env("NO_PROXY", "localhost"),
    )
    .exits(5);
    assert_eq!(proxy.requests(), [""; 0]);
}

fn change_marker(kept: &Path, old: &str, new: &str) {
    let marker = kept.join("marker.json");
    let json = fs::read_to_string(&marker).unwrap();
    assert!(json.contains(old), "{json}");
    fs::write(marker, json.replacen(old, new, 1)).unwrap();
}

/// The files are hashed again: an image is pushed, pulled and extended between its build and its release.
#[test]
#[allow(clippy::too_many_lines, reason = "one line for each change")]
fn changed_deferred_uploads_are_not_published() {
    type Change = fn(&Path);
    let way = Way::InTheReleasePhase;
    let changes: [(Change, i32, &str); 10] = [
        (
            |kept| fs::write(kept.join("files/app.css"), "b{}").unwrap(),
            13,
            "app.css changed after the build",
        ),
        (
            |kept| fs::write(kept.join("files/app.css"), "a{").unwrap(),
            13,
            "app.css changed after the build",
        ),
        (
            |kept| fs::remove_file(kept.join("files/b/app.js")).unwrap(),
            13,
            "b/app.js changed after the build",
        ),
        (
            |kept| fs::write(kept.join("marker.json"), "{}").unwrap(),
            13,
            "marker.json: it is not valid JSON",
        ),
        (
            |kept| change_marker(kept, "text/css; charset=utf-8", "text/html"),
            13,
            "marker.json changed after the build",
        ),
        (
            |kept| change_marker(kept, "max-age=31536000", "max-age=60"),
            13,
            "marker.json changed after the build",
        ),
        (
            |kept| change_marker(kept, "text/css; charset=utf-8", "text/css\\n"),
            13,
            "marker.json: ",
        ),
        (
            |kept| fs::write(kept.join("prepared.json"), "").unwrap(),
            13,
            "prepared.json: it is not valid JSON",
        ),
        (
            |kept| fs::remove_file(kept.join("marker.json")).unwrap(),
            2,
            "does not exist or is incomplete",
        ),
        (
            |kept| fs::remove_dir_all(kept).unwrap(),
            2,
            "STATIC_ASSETS_PUBLISH=release",
        ),
    ];
    for (change, code, said) in changes {
        let platform = prebuilt();
        let line = way.prepared(&platform);
        change(&platform.app().join("kept/prepared"));
        platform.cli(&line).exits(code).says(said);
        assert!(tree(&platform.store()).is_empty());
    }
    // A file that the build did not save is not published.
    let platform = prebuilt();
    let line = way.prepared(&platform);
    platform.write("kept/prepared/files/more.css", "x");
    platform.cli(&line).exits(0);
    assert!(
        !tree(&platform.store())
            .keys()
            .any(|key| key.ends_with("more.css"))
    );
}

/// The images of many platforms are read-only and have no directory for scratch files.
#[test]
fn a_release_phase_writes_only_the_store() {
    let platform = prebuilt();
    let line = Way::InTheReleasePhase.prepared(&platform);
    let before = tree(&platform.app());
    let env = [("TMPDIR", "/nowhere"), ("HOME", "/nowhere")];
    platform.cli_with(&line, &env).exits(0);
    assert_eq!(tree(&platform.app()), before);
}

/// The slim images of Elixir and Erlang are such machines.
#[test]
fn missing_certificate_authorities_come_with_a_fix() {
    let platform = s3("https://s3.example.com")
        .env("SSL_CERT_FILE", "/nowhere")
        .env("SSL_CERT_DIR", "/nowhere");
    for way in [Way::AtBuild, Way::InTheReleasePhase] {
        way.publish(&platform)
            .exits(1)
            .says("[Error: static assets: No certificate authorities on this machine]")
            .says("ca-certificates")
            .says("STATIC_ASSETS_CA_FILE=");
    }
}

#[test]
fn f45_a_failed_collectstatic_sends_nothing() {
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
