//! One suite for every kind of store: an ordinary HTTP client gets through the public URL what was uploaded.

use crate::harness::http;
use crate::harness::names::NAMES;
use crate::harness::stores::TestStore;
use fs_err as fs;
use serde_json::Value;
use std::fmt::Write;
use std::path::PathBuf;

fn encoded(path: &str) -> String {
    path.bytes().fold(String::new(), |mut url, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            url.push(char::from(byte));
        } else {
            write!(url, "%{byte:02X}").unwrap();
        }
        url
    })
}

/// Writes a file for each awkward name, and an empty one.
fn write_files(store: &TestStore) -> Vec<String> {
    let mut names: Vec<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
    names.push(format!("{}.css", "x".repeat(251))); // the longest segment of a file system
    for name in &names {
        store.platform.write(&format!("dist/{name}"), name);
    }
    store.platform.write("dist/empty.css", "");
    names.push("empty.css".to_owned());
    names
}

fn every_name(kind: &str) {
    let Some(store) = TestStore::of(kind) else {
        return;
    };
    let names = write_files(&store);
    let run = ["publish", "--dir", "dist", "--json"];
    let ran = store.platform.cli(&run).exits(0);
    let report = ran.json();
    assert_eq!(report["uploaded"]["files"], names.len());
    let url = report["url"].as_str().unwrap();
    let objects = (store.objects)();
    let marker = objects
        .iter()
        .find(|(key, _)| key.contains(".static-assets/versions/"))
        .map(|(_, json)| serde_json::from_slice::<Value>(json).unwrap())
        .unwrap();
    for file in marker["files"].as_array().unwrap() {
        let path = file["path"].as_str().unwrap();
        let answer = http::get(&format!("{url}{}", encoded(path)));
        assert_eq!(answer.status, 200, "{path}");
        let expected = if path == "empty.css" { "" } else { path };
        assert_eq!(answer.text(), expected, "{path}");
        if store.endpoint.is_some() {
            assert_eq!(answer.header("content-type"), file["type"], "{path}");
            assert_eq!(answer.header("cache-control"), file["cache"], "{path}");
        }
    }

    // No credential is in the output or in an object.
    for secret in &store.secrets {
        for text in [ran.stdout(), ran.stderr()] {
            assert!(!text.contains(secret.as_str()), "{text}");
        }
        for (key, body) in &objects {
            let holds = body.windows(secret.len()).any(|it| it == secret.as_bytes());
            assert!(!holds && !key.contains(secret.as_str()), "{key}");
        }
    }

    let again = store.platform.cli(&run).exits(0).json();
    assert_eq!(again["uploaded"]["files"], 0);
    assert_eq!(again["version"], report["version"]);
}

/// Counts the requests of a first and of an unchanged publish, for a digest version and an explicit one, and compares
/// them with `docs/contract.md`.
fn requests(kind: &str) {
    let Some(store) = TestStore::of(kind) else {
        return;
    };
    for number in 0..20 {
        let name = format!("dist/{number}.css");
        store.platform.write(&name, &format!("{number}"));
    }
    let count = |platform: &crate::harness::Platform| {
        let report = platform.cli(&["publish", "--dir", "dist", "--json"]);
        let report = report.exits(0).json();
        let of = |kind: &str| report["requests"][kind].as_u64().unwrap();
        (of("get"), of("head"), of("list"), of("put"))
    };
    let (get, head, list, put) = count(&store.platform);
    assert_eq!((get, head, list, put), (2, 0, 1, 22), "a digest version");
    assert_eq!(count(&store.platform), (2, 0, 0, 1), "unchanged");

    let explicit = store.platform.env("RELEASE_VERSION", "v1");
    assert_eq!(count(&explicit), (2, 0, 3, 23), "an explicit version");
    assert_eq!(count(&explicit), (2, 0, 0, 1), "unchanged");
    explicit.write("dist/1.css", "other");
    let conflict = explicit.cli(&["publish", "--dir", "dist"]).exits(11);
    conflict.says("changed  1.css");
}

/// Lists what was published, and compares it with its marker by what the store says and by its bytes.
fn inspected(kind: &str) {
    let Some(store) = TestStore::of(kind) else {
        return;
    };
    let names = write_files(&store);
    store.platform.cli(&["publish", "--dir", "dist"]).exits(0);
    let listed = store.platform.cli(&["list", "--json"]).exits(0).json();
    let versions = listed["versions"].as_array().unwrap();
    assert_eq!(versions.len(), 1, "{listed}");
    assert_eq!(versions[0]["state"], "published");
    assert_eq!(versions[0]["files"], names.len());
    let version = versions[0]["version"].as_str().unwrap();
    let pin = ["pin", version, "--reason", "a rollback"];
    store.platform.cli(&pin).exits(0);
    store.platform.cli(&pin).exits(0);
    let shown = store.platform.cli(&["show", version, "--json"]).exits(0);
    assert_eq!(shown.json()["pins"][0]["reason"], "a rollback");
    let unpinned = store.platform.cli(&["unpin", version]);
    // The token of `azure_sas` may not delete, but not every server asks it.
    let is_gone = kind != "azure_sas" || unpinned.has_succeeded();
    unpinned.exits(if is_gone { 0 } else { 12 });
    let shown = store.platform.cli(&["show", version, "--json"]).exits(0);
    let pins = shown.json()["pins"].as_array().unwrap().len();
    assert_eq!(pins, usize::from(!is_gone));
    for more in [&[][..], &["--read"]] {
        let run = [&["verify", version, "--json"][..], more].concat();
        let verified = store.platform.cli(&run).exits(0).json();
        let verified = &verified["versions"][0];
        assert_eq!(verified["problems"].as_array().unwrap().len(), 0);
        // A directory keeps no hashes.
        let unproven = if kind == "file" && more.is_empty() {
            names.len()
        } else {
            0
        };
        assert_eq!(verified["unproven"], unproven, "{kind} {more:?}");
    }
}

/// Publishes a file that is large enough to be uploaded in parts, under a digest version and under an explicit one.
fn large_files(kind: &str) {
    let Some(store) = TestStore::of(kind) else {
        return;
    };
    let large: Vec<u8> = (0..20_u32 << 20)
        .map(|byte| byte.to_le_bytes()[2] ^ 7)
        .collect();
    let path: PathBuf = store.platform.app().join("dist/large.bin");
    store.platform.write("dist/small.css", "a{}");
    fs::write(path, &large).unwrap();
    for version in ["", "v1"] {
        let run = ["publish", "--dir", "dist", "--json"];
        let report = if version.is_empty() {
            store.platform.cli(&run)
        } else {
            store
                .platform
                .cli_with(&run, &[("RELEASE_VERSION", version)])
        };
        let report = report.exits(0).json();
        let url = report["url"].as_str().unwrap();
        let answer = http::get(&format!("{url}large.bin"));
        assert!(answer.body == large, "{kind} {version}");
        if store.endpoint.is_some() {
            assert_eq!(answer.header("content-type"), "application/octet-stream");
            assert!(answer.header("cache-control").contains("immutable"));
        }
        let version = report["version"].as_str().unwrap();
        let read = store.platform.cli(&["verify", version, "--read"]);
        read.exits(0).says("with the right sizes");
    }
}

/// Stores text compressed where that saves, and compares what the store holds and what browsers get.
fn compressed(kind: &str) {
    let Some(store) = TestStore::of(kind) else {
        return;
    };
    let css = "body { color: teal }\n".repeat(100);
    store.platform.write("dist/css/app.css", &css);
    store.platform.write("dist/tiny.css", "a{}");
    store.platform.write("dist/logo.png", &css);
    let platform = store.platform.env("STATIC_ASSETS_COMPRESS", "gzip");
    let platform = platform.env("STATIC_ASSETS_CHECK", "warn");
    let run = ["publish", "--dir", "dist", "--json"];
    if store.endpoint.is_none() {
        let refused = platform.cli(&run).exits(2);
        refused.says("STATIC_ASSETS_COMPRESS can't be gzip for file://");
        return;
    }
    let published = platform
        .cli(&run)
        .exits(0)
        .says("1 file stored gzip-encoded: ")
        .says("css: 200, right bytes and types");
    let report = published.json();
    let [url, version] = ["url", "version"].map(|name| report[name].as_str().unwrap());
    let objects = (store.objects)();
    let held = |path: &str| {
        let key = format!("{version}/{path}");
        let mut objects = objects.iter();
        objects.find(|(name, _)| name.ends_with(&key)).unwrap().1
    };
    assert_eq!(held("tiny.css"), b"a{}");
    assert_eq!(held("logo.png"), css.as_bytes());
    let by_browser = http::send(
        "GET",
        &format!("{url}css/app.css"),
        &[("Accept-Encoding", "gzip")],
        b"",
    );
    assert_eq!(by_browser.header("content-encoding"), "gzip", "{kind}");
    assert_eq!(by_browser.header("content-type"), "text/css; charset=utf-8");
    assert!(by_browser.body.len() < css.len() / 4);
    assert_eq!(by_browser.text(), css);

    for more in [&[][..], &["--read"]] {
        let verified = platform.cli(&[&["verify", version, "--json"][..], more].concat());
        let verified = verified.exits(0).json();
        let problems = &verified["versions"][0]["problems"];
        assert_eq!(problems.as_array().unwrap().len(), 0, "{kind} {problems}");
    }
    let again = platform.cli(&run).exits(0).json();
    assert_eq!(again["uploaded"]["files"], 0);
    let plain = platform
        .env("STATIC_ASSETS_COMPRESS", "off")
        .cli(&run)
        .exits(0);
    assert_ne!(plain.json()["version"], report["version"]);
}

macro_rules! suite {
    ($($kind:ident),*) => {
        $(mod $kind {
            #[test]
            fn f20_every_name_is_readable_by_public_url() {
                super::every_name(stringify!($kind));
            }

            #[test]
            fn versions_are_listed_and_verified() {
                super::inspected(stringify!($kind));
            }

            #[test]
            fn text_is_stored_compressed() {
                super::compressed(stringify!($kind));
            }

            #[test]
            fn a_large_file_is_whole_with_its_headers() {
                super::large_files(stringify!($kind));
            }
        })*
    };
}

macro_rules! counted {
    ($($kind:ident),*) => {
        $(mod $kind {
            #[test]
            fn requests_are_those_of_the_contract() {
                super::super::requests(stringify!($kind));
            }
        })*
    };
}

suite!(
    file, s3, minio, versitygw, moto, rclone, azure, azure_sas, gcs
);

mod counts {
    counted!(s3, minio, versitygw, moto, rclone, azure, azure_sas, gcs);
}
