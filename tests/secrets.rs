//! Every credential is a canary: no child process sees one, and none is left in a layer, the app, the log, the scratch
//! directory or the store. Planted leaks test the scanner first.

use crate::harness::canary::{Places, assert_clean, hex, holds};
use crate::harness::heroku::{Heroku, Slug, architecture};
use crate::harness::proxy::Proxy;
use crate::harness::python::Python;
use crate::harness::s3::Bucket;
use crate::harness::{Platform, http, tree};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fs_err as fs;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

#[test]
fn the_scanner_finds_planted_leaks() {
    let secret = "canary-0123456789-canary";
    for planted in [
        format!("x{secret}y"),
        hex(secret),
        STANDARD.encode(secret),
        STANDARD.encode(format!("a{secret}b")),
        STANDARD.encode(format!("ab{secret}")),
    ] {
        assert!(holds(planted.as_bytes(), secret), "{planted}");
    }
    assert!(!holds(b"canary-9876543210-canary", secret));
}

/// Writes the environment and arguments of a child process of the build to the file `$SPY`.
const SPY: &str = "
import os, sys, json
with open(os.environ['SPY'], 'a') as spy:
    parent = '/proc/%d/cmdline' % os.getppid()
    json.dump({'env': dict(os.environ), 'argv': sys.argv, 'cmdline': open('/proc/self/cmdline').read(),
               'parent': open(parent).read()}, spy)
";

fn spied(platform: Platform) -> Platform {
    let spy = platform.path("spy.json");
    for file in ["manage.py", "project/settings.py"] {
        let path = platform.app().join(file);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(path, format!("{SPY}\n{text}")).unwrap();
    }
    platform.env("SPY", spy)
}

#[test]
fn no_credential_reaches_a_child_or_stays_anywhere() {
    let (Some(python), Some(bucket)) = (Python::find("django52"), Bucket::create()) else {
        return;
    };
    let canaries = [
        bucket.secret.as_str(),
        "AKIAAWSCANARY0123456",
        "aws-secret-canary-0123456789abcdef",
        "session-token-canary-0123456789",
    ];
    let platform = spied(Platform::with("django_media_env"))
        .python(&python)
        .s3_store(&bucket)
        // The app's own credentials, which it reads while it starts.
        .platform_env("AWS_ACCESS_KEY_ID", canaries[1])
        .platform_env("AWS_SECRET_ACCESS_KEY", canaries[2])
        .platform_env("AWS_SESSION_TOKEN", canaries[3])
        .env("DSN", format!("https://user:{}@example.com", bucket.secret))
        .env("STATIC_ASSETS_BEFORE_COLLECT", "env >> \"$SPY\"");
    let ran = platform.build().succeeds();
    check(&platform, &ran, &canaries);
    assert_clean("the store", &bucket.objects(), &canaries);

    let spied = fs::read_to_string(platform.path("spy.json")).unwrap();
    assert!(spied.contains("removed-by-static-assets"));
    assert!(!spied.contains(&bucket.key_id), "the key's id");
}

#[test]
fn no_credential_is_shown_when_a_build_fails() {
    let (Some(python), Some(bucket)) = (Python::find("django52"), Bucket::create()) else {
        return;
    };
    let secret = "wrong-secret-canary-0123456789";
    let token = "session-token-canary-0123456789";
    for (name, value) in [
        ("STATIC_ASSETS_REGION", "eu-west-1"),
        ("STATIC_ASSETS_STORE", "s3://no-such-bucket-here/shop"),
        ("STATIC_ASSETS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("STATIC_ASSETS_ENDPOINT_URL", "https://user:pass@host/"),
        ("STATIC_ASSETS_BEFORE_COLLECT", "env; cat /nowhere"),
        ("DJANGO_SETTINGS_MODULE", "no.such.settings"),
        ("RELEASE_VERSION", "a b"),
    ] {
        let platform = spied(Platform::with("django_basic"))
            .python(&python)
            .s3_store(&bucket)
            .env("STATIC_ASSETS_SECRET_ACCESS_KEY", secret)
            .env("STATIC_ASSETS_SESSION_TOKEN", token)
            .env(name, value);
        let ran = platform.build().exits(1);
        check(&platform, &ran, &[secret, token]);
    }
}

#[test]
fn keys_from_bindings_and_files_are_redacted() {
    let Some(python) = Python::find("django52") else {
        return;
    };
    let secret = "secret-of-a-binding-0123456789";
    // The app's own code prints what it has read.
    let leak = "import glob, os\n\
                for path in glob.glob(os.environ['LEAK'] + '/**/*secret*', recursive=True):\n    \
                    raise RuntimeError(open(path).read())\n";
    let bound = Platform::with("django_basic").python(&python).binding(
        "assets",
        &[
            ("type", "static-assets"),
            ("store", "s3://acme-static/shop"),
            ("access-key-id", "KEYOFATEST"),
            ("secret-access-key", secret),
            ("public-url", "https://static.example.com/shop"),
        ],
    );
    let leaking = bound.path("platform/bindings");
    let bound = bound.env("LEAK", leaking);
    let filed = Platform::with("django_basic").python(&python);
    let folder = filed.path("run");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("secret"), secret).unwrap();
    let filed = filed
        .env("LEAK", &folder)
        .env("STATIC_ASSETS_STORE", "s3://acme-static/shop")
        .env(
            "STATIC_ASSETS_PUBLIC_URL",
            "https://static.example.com/shop",
        )
        .env("STATIC_ASSETS_ACCESS_KEY_ID", "KEYOFATEST")
        .env(
            "STATIC_ASSETS_SECRET_ACCESS_KEY_FILE",
            folder.join("secret"),
        );
    for platform in [bound, filed] {
        platform.write("project/settings.py", leak);
        let ran = platform.build().exits(1).says("[redacted]");
        check(&platform, &ran, &[secret]);
    }
}

/// In builds that succeed and in builds that fail, children see no credential, and none is left in the cache, the digest
/// manifest or a script.
#[test]
fn no_credential_reaches_mix_npm_or_the_app() {
    let Some(bucket) = Bucket::create() else {
        return;
    };
    let canaries = [bucket.secret.as_str()];
    let spy = "env >> \"$SPY\"";
    let css = "mkdir -p ../priv/static/css && cp css/app.css ../priv/static/css/";
    for (npm, fails) in [
        (format!("{spy}\n{css}"), false),
        (format!("{spy}\nenv; exit 1"), true),
    ] {
        let platform = Platform::with("phoenix_1_4")
            .s3_store(&bucket)
            .stand_in("npm", &npm)
            .stand_in("mix", &format!("{spy}\nexit 1"))
            .env("STATIC_ASSETS_DIGEST", "native")
            .env("DSN", format!("https://user:{}@example.com", bucket.secret));
        let spied = platform.path("spy.json");
        let platform = platform.env("SPY", &spied);
        let ran = if fails {
            platform.build_with_cache().exits(1)
        } else {
            platform.build_with_cache().succeeds()
        };
        check(&platform, &ran, &canaries);
        let seen = fs::read_to_string(spied).unwrap();
        assert!(seen.contains("DSN=removed-by-static-assets"), "{seen}");
    }
    assert_clean("the store", &bucket.objects(), &canaries);
}

#[test]
fn an_asset_that_holds_a_credential_is_refused() {
    let (Some(python), Some(bucket)) = (Python::find("django52"), Bucket::create()) else {
        return;
    };
    let platform = Platform::with("django_basic")
        .python(&python)
        .s3_store(&bucket);
    platform.write(
        "web/static/web/config.js",
        &format!("const key = '{}'", STANDARD.encode(&bucket.secret)),
    );
    platform
        .build()
        .exits(1)
        .line_names(&["web/config.js", "credential"])
        .does_not_say(&bucket.secret);
    assert!(bucket.objects().is_empty());
}

fn check(platform: &Platform, ran: &crate::harness::Ran, canaries: &[&str]) {
    assert_clean("a layer", &tree(&ran.layers), canaries);
    assert_clean("the app", &tree(&platform.app()), canaries);
    assert_clean(
        "the scratch directory",
        &tree(&platform.path("tmp")),
        canaries,
    );
    let log = BTreeMap::from([
        ("stdout".to_owned(), ran.stdout().into_bytes()),
        ("stderr".to_owned(), ran.stderr().into_bytes()),
        (
            "a child".to_owned(),
            read_if_there(&platform.path("spy.json")),
        ),
    ]);
    assert_clean("the output", &log, canaries);
}

fn read_if_there(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_default()
}

/// Collects every place where a Heroku build or its dynos leave or find something.
fn of_heroku(platform: &Platform, heroku: &Heroku<'_>, slug: &Slug, bucket: &Bucket) -> Places {
    // The build does not change Python's own packages, and scanning them takes long.
    let is_ours =
        |path: &String| !path.contains("site-packages/") || path.contains("static_assets");
    let files = tree(&slug.app)
        .into_iter()
        .filter(|(path, _)| is_ours(path));
    Places::default()
        .files("the slug", files.collect())
        .files("the cache", tree(&heroku.cache()))
        .files(
            "the buildpack's directory",
            tree(&slug.buildpack.join("bin")),
        )
        .text("export", read_if_there(&slug.buildpack.join("export")))
        .text(
            "phoenix-app",
            read_if_there(&slug.buildpack.join("phoenix-app")),
        )
        .files("the scratch directory", tree(&platform.path("tmp")))
        .text("stdout", slug.compile.stdout())
        .text("stderr", slug.compile.stderr())
        .text("bin/report", slug.report.clone())
        .text("bin/release", slug.release.clone())
        .environment("the next buildpack", &slug.next)
        .text("a child", read_if_there(&platform.path("spy.json")))
        .files("the store", bucket.objects())
}

fn on_heroku<'a>(
    platform: &'a Platform,
    python: &'a Python,
    bucket: &Bucket,
    proxy: &Proxy,
) -> Heroku<'a> {
    Heroku::app(platform)
        .python(python)
        .config_var("STATIC_ASSETS_STORE", &format!("s3://{}/shop", bucket.name))
        .config_var(
            "STATIC_ASSETS_PUBLIC_URL",
            &format!("{}/shop", bucket.url()),
        )
        .config_var("STATIC_ASSETS_ENDPOINT_URL", &proxy.url)
        .config_var("STATIC_ASSETS_ACCESS_KEY_ID", &bucket.key_id)
        .config_var("STATIC_ASSETS_SECRET_ACCESS_KEY", &bucket.secret)
        .config_var(
            "DSN",
            &format!("https://user:{}@example.com", bucket.secret),
        )
        .config_var("SPY", platform.path("spy.json").to_str().unwrap())
}

#[test]
fn no_credential_stays_after_a_heroku_build() {
    let (Some(python), Some(bucket)) = (Python::find("django52"), Bucket::create()) else {
        return;
    };
    let platform = spied(Platform::with("django_basic"));
    let canaries = [bucket.secret.as_str(), bucket.key_id.as_str()];
    let proxy = Proxy::to(&bucket.endpoint);
    let heroku = on_heroku(&platform, &python, &bucket, &proxy);
    for _ in 0..2 {
        let slug = heroku.build().compiled();
        of_heroku(&platform, &heroku, &slug, &bucket).assert_clean(&canaries);
        let seen = String::from_utf8(read_if_there(&platform.path("spy.json"))).unwrap();
        assert!(seen.contains("removed-by-static-assets"), "{seen}");
    }
    let slug = heroku.build_for_tests().compiled();
    of_heroku(&platform, &heroku, &slug, &bucket).assert_clean(&canaries);

    for (name, value) in [
        ("STATIC_ASSETS_REGION", "not a region"),
        (
            "STATIC_ASSETS_SECRET_ACCESS_KEY",
            "a-wrong-secret-canary-0123456789",
        ),
        ("STATIC_ASSETS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("STATIC_ASSETS_ENDPOINT_URL", "https://user:pass@host/"),
        ("STATIC_ASSETS_BEFORE_COLLECT", "env; cat /nowhere"),
        ("DJANGO_SETTINGS_MODULE", "no.such.settings"),
        ("RELEASE_VERSION", bucket.secret.as_str()),
    ] {
        let heroku = on_heroku(&platform, &python, &bucket, &proxy).config_var(name, value);
        let heroku = match name {
            // A value that is not a key of this build belongs to the app.
            "STATIC_ASSETS_SECRET_ACCESS_KEY" => heroku.config_var("DSN", value),
            _ => heroku,
        };
        let mut slug = heroku.build();
        slug.compile = slug.compile.exits(1);
        let wrong = ["a-wrong-secret-canary-0123456789"];
        let places = of_heroku(&platform, &heroku, &slug, &bucket);
        places.assert_clean(&[&canaries[..], &wrong].concat());
    }
    let received = proxy.received();
    let seen = String::from_utf8_lossy(&received).into_owned();
    assert!(seen.contains("PUT /") && seen.contains("app.css"), "{seen}");
    Places::default()
        .text("what the store received", received)
        .assert_clean(&[&canaries[..], &["a-wrong-secret-canary-0123456789"]].concat());
}

type Plant = fn(&mut Slug, &str);

/// Builds with a program in the place of ours that prints the leak to a stream.
fn build_by_leaking_program(heroku: &Heroku<'_>, leak: &str, stream: &str) -> Slug {
    let buildpack = heroku.buildpack();
    let program = format!("dist/static-assets-linux-{}", architecture());
    let program = buildpack.join(program);
    fs::remove_file(&program).unwrap();
    let script = format!("#!/bin/sh\n[ \"$2\" != compile ] || echo {leak} >&{stream}\n");
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
    heroku.run("compile", &buildpack)
}

/// Plants a leak in each place that is scanned: on the disk, in the output, in the store.
#[test]
fn the_scanner_finds_leaks_in_each_heroku_place() {
    let (Some(python), Some(bucket)) = (Python::find("django52"), Bucket::create()) else {
        return;
    };
    let platform = Platform::with("django_basic");
    let proxy = Proxy::to(&bucket.endpoint);
    let heroku = on_heroku(&platform, &python, &bucket, &proxy);
    let canaries = [bucket.secret.as_str()];
    let planted = STANDARD.encode(format!("a{}", bucket.secret));
    let slug = heroku.build().compiled();
    let packages = tree(&slug.app);
    let packages = packages
        .keys()
        .find(|path| path.ends_with("site-packages/static_assets.pth"))
        .unwrap();
    let cached = heroku.cache().join("static-assets/last.json");
    for place in [
        slug.app.join(".profile.d/static-assets.sh"),
        slug.app.join("staticfiles/web/app.css"),
        slug.app.join(packages),
        cached,
        slug.buildpack.join("export"),
        slug.buildpack.join("bin/leak"),
        platform.path("tmp/leak"),
        platform.path("spy.json"),
    ] {
        let own = fs::read(&place).unwrap_or_default();
        // The collected files are links, which would be written through.
        let _ = fs::remove_file(&place);
        fs::write(&place, &planted).unwrap();
        let leaks = of_heroku(&platform, &heroku, &slug, &bucket).leaks(&canaries);
        assert_eq!(leaks.len(), 1, "{}: {leaks:?}", place.display());
        fs::write(&place, own).unwrap();
    }
    bucket.put("shop/leak.txt", &planted);
    let places = of_heroku(&platform, &heroku, &slug, &bucket);
    assert_eq!(places.leaks(&canaries), ["the store: shop/leak.txt"]);
    bucket.delete("shop/leak.txt");
    // The proxy records all but the headers that prove who sends the request.
    let target = format!("{}/x", proxy.url);
    http::send("PUT", &target, &[("X-Leak", &planted)], b"");
    let received = Places::default().text("requests", proxy.received());
    assert_eq!(received.leaks(&canaries).len(), 1);
    let plants: [(Plant, &str); 3] = [
        (|slug, leak| slug.report.push_str(leak), "bin/report"),
        (|slug, leak| slug.release.push_str(leak), "bin/release"),
        (
            |slug, leak| drop(slug.next.insert("LEAK".to_owned(), leak.to_owned())),
            "the next buildpack",
        ),
    ];
    for (plant, what) in plants {
        let mut slug = heroku.build().compiled();
        plant(&mut slug, &planted);
        let leaks = of_heroku(&platform, &heroku, &slug, &bucket).leaks(&canaries);
        assert_eq!(leaks, [format!("{what}: {what}")]);
    }
    for (stream, what) in [("1", "stdout"), ("2", "stderr")] {
        let slug = build_by_leaking_program(&heroku, &planted, stream);
        let leaks = of_heroku(&platform, &heroku, &slug, &bucket).leaks(&canaries);
        assert!(leaks.contains(&format!("{what}: {what}")), "{leaks:?}");
    }
    of_heroku(&platform, &heroku, &slug, &bucket).assert_clean(&canaries);
}

/// The release phase has the key. The image and the pin do not hold it.
#[test]
fn no_credential_stays_in_pins_or_release_phases() {
    let (Some(python), Some(bucket)) = (Python::find("django52"), Bucket::create()) else {
        return;
    };
    let canaries = [bucket.secret.as_str(), bucket.key_id.as_str()];
    let key = |platform: &Platform| {
        let folder = platform.path("run");
        fs::create_dir_all(&folder).unwrap();
        for (name, value) in [("id", &bucket.key_id), ("secret", &bucket.secret)] {
            fs::write(folder.join(name), value).unwrap();
        }
        folder
    };
    for (mode, fails) in [("build", false), ("release", false), ("build", true)] {
        let platform = spied(Platform::with("django_follows")).python(&python);
        let folder = key(&platform);
        let endpoint = if fails {
            "http://127.0.0.1:1"
        } else {
            &bucket.endpoint
        };
        let platform = platform
            .env("STATIC_ASSETS_STORE", format!("s3://{}/shop", bucket.name))
            .env("STATIC_ASSETS_PUBLIC_URL", format!("{}/shop", bucket.url()))
            .env("STATIC_ASSETS_ENDPOINT_URL", endpoint)
            .env("STATIC_ASSETS_ACCESS_KEY_ID_FILE", folder.join("id"))
            .env(
                "STATIC_ASSETS_SECRET_ACCESS_KEY_FILE",
                folder.join("secret"),
            )
            .env("STATIC_ASSETS_PUBLISH", mode)
            // All tests share its Python packages.
            .env("STATIC_ASSETS_INJECT", "off");
        let ran = platform.cli(&["publish", "--app", ".", "--pin=image/pin.env", "--json"]);
        let mut places = places_of(&platform, &ran);
        if mode == "release" {
            let released = platform.cli_with(
                &["publish", "--prepared=image/prepared"],
                &[("STATIC_ASSETS_PUBLISH", "build")],
            );
            places = places.text("the release phase", released.stderr() + &released.stdout());
            released.exits(0);
        }
        let places = places
            .files("the image", tree(&platform.app()))
            .files("the store", bucket.objects());
        places.assert_clean(&canaries);
        ran.exits(if fails { 5 } else { 0 });
    }
}

fn places_of(platform: &Platform, ran: &crate::harness::Ran) -> Places {
    Places::default()
        .text("stdout", ran.stdout())
        .text("stderr", ran.stderr())
        .files("the scratch directory", tree(&platform.path("tmp")))
        .text("a child", read_if_there(&platform.path("spy.json")))
}
