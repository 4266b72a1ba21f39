//! `static-assets publish`: arguments, the JSON object, the env file, and an exit code for each outcome.

use crate::harness::refusing::Refusing;
use crate::harness::stores::TestStore;
use crate::harness::{Platform, tree};
use fs_err as fs;

const PUBLISH: [&str; 3] = ["publish", "--dir", "dist"];

/// Makes a prebuilt directory `dist`, and a directory as its store.
fn prebuilt() -> Platform {
    let platform = Platform::empty().file_store();
    platform
        .write("dist/app.css", "a{}")
        .write("dist/app.js", "let a");
    platform
}

#[test]
fn the_report_is_one_json_object_on_stdout() {
    let platform = prebuilt();
    let ran = platform
        .cli(&["publish", "--dir", "dist", "--json"])
        .exits(0);
    let report = ran.json();
    let mut names: Vec<&str> = report
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    let expected = [
        "bytes",
        "digest",
        "files",
        "framework",
        "requests",
        "seconds",
        "uploaded",
        "url",
        "version",
    ];
    assert_eq!(names, expected);
    assert_eq!(report["framework"], "directory");
    assert_eq!((&report["files"], &report["bytes"]), (&2.into(), &8.into()));
    assert_eq!(report["uploaded"]["bytes"], 8);
    let version = report["version"].as_str().unwrap();
    assert_eq!(
        report["url"],
        format!("https://static.example.com/shop/{version}/")
    );
    assert!(ran.stderr().contains(&format!("Version {version} ")));
    assert!(platform.store().join(version).join("app.css").is_file());

    let without = platform.cli(&PUBLISH).exits(0);
    assert_eq!(without.stdout(), "");
}

#[test]
fn a_dry_run_plans_and_changes_nothing() {
    for kind in ["file", "s3", "azure", "gcs"] {
        let Some(store) = TestStore::of(kind) else {
            continue;
        };
        store.platform.write("dist/app.css", "a{}");
        let dry_run = [
            "publish",
            "--dir",
            "dist",
            "--dry-run",
            "--json",
            "--env-file",
            "x.env",
        ];
        let ran = store.platform.cli(&dry_run).exits(0);
        let report = ran.json();
        assert_eq!(report["dry_run"], true);
        assert_eq!(report["uploaded"]["files"], 1);
        assert_eq!(report["requests"]["put"], 0);
        ran.says("1 new, 0 reused, 3 B").says("--dry-run");
        assert!((store.objects)().is_empty(), "{kind}");
        assert!(!store.platform.app().join("x.env").exists());

        store.platform.cli(&PUBLISH).exits(0);
        let before = (store.objects)();
        let report = store.platform.cli(&dry_run).exits(0).json();
        assert_eq!(report["uploaded"]["files"], 0);
        assert_eq!((store.objects)(), before, "{kind}");

        store.platform.write("dist/app.css", "b{}");
        let explicit = [("RELEASE_VERSION", "v1")];
        store.platform.cli_with(&PUBLISH, &explicit).exits(0);
        store.platform.write("dist/app.css", "c{}");
        let conflict = store.platform.cli_with(&dry_run, &explicit).exits(11);
        conflict.says("changed  app.css");
    }
}

#[test]
fn an_env_file_pins_the_version_between_runs() {
    let platform = prebuilt();
    let with_file = ["publish", "--dir", "dist", "--json", "--env-file", "x.env"];
    platform.write("x.env", "OTHER=1\n");
    let first = platform.cli(&with_file).exits(0).json();
    let pinned = |report: &serde_json::Value| {
        let text = |name: &str| report[name].as_str().unwrap().to_owned();
        let (version, url) = (text("version"), text("url"));
        format!("OTHER=1\nSTATIC_ASSETS_VERSION={version}\nSTATIC_URL={url}\n")
    };
    let read = || fs::read_to_string(platform.app().join("x.env")).unwrap();
    assert_eq!(read(), pinned(&first));

    platform.write("dist/app.css", "b{}");
    let ran = platform.cli(&with_file).exits(0);
    assert_eq!(read(), pinned(&ran.json()));
    let before = first["version"].as_str().unwrap();
    ran.line_names(&["1 file", before, "1 equal", "2 files, 8 B"]);
    let missing = platform.cli(&["publish", "--dir", "dist", "--env-file", "no/x.env"]);
    missing.exits(2).says("no/x.env");
}

#[test]
fn an_explicit_version_also_pins_release_version() {
    let platform = prebuilt().env("RELEASE_VERSION", "v1");
    let run = ["publish", "--dir", "dist", "--env-file", "x.env"];
    platform.cli(&run).exits(0);
    let pinned = fs::read_to_string(platform.app().join("x.env")).unwrap();
    assert!(pinned.contains("\nRELEASE_VERSION=v1\n"), "{pinned}");
}

#[test]
fn wrong_arguments_exit_2_with_help() {
    let platform = prebuilt();
    for (arguments, value) in [
        (&[][..], "command"),
        (&["upload"][..], "'upload'"),
        (&["publish"][..], "--app DIR, --dir DIR"),
        (
            &["publish", "--dir", "x", "--app", "y"][..],
            "--app, --dir and --prepared",
        ),
        (&["publish", "--dir"][..], "'--dir'"),
        (&["publish", "--dir", "x", "--force"][..], "'--force'"),
    ] {
        let ran = platform.cli(arguments).exits(2).says(value);
        ran.says("  static-assets publish (--app DIR")
            .says("--help");
    }
    for arguments in [
        &["--help"][..],
        &["publish", "--help"],
        &["help", "publish"],
        &["--version"],
    ] {
        let ran = platform.cli(arguments).exits(0);
        assert!(ran.stdout().contains("static-assets"));
        assert_eq!(ran.stderr(), "");
    }
}

#[test]
fn a_missing_store_exits_2() {
    let platform = prebuilt().env("STATIC_ASSETS_STORE", "");
    platform
        .cli(&PUBLISH)
        .exits(2)
        .error_names("STATIC_ASSETS_STORE");
}

#[test]
fn switched_off_publishing_succeeds() {
    for (name, value) in [
        ("STATIC_ASSETS_DISABLE", "1"),
        ("STATIC_ASSETS_PUBLISH", "off"),
    ] {
        let platform = prebuilt().env(name, value);
        platform.write("x.env", "A=1\nSTATIC_ASSETS_VERSION=v1\nSTATIC_URL=/v1/\n");
        let run = ["publish", "--dir", "dist", "--json", "--env-file", "x.env"];
        let ran = platform.cli(&run).exits(0);
        let pinned = fs::read_to_string(platform.app().join("x.env")).unwrap();
        assert_eq!(pinned, "A=1\n");
        assert!(ran.json()["version"].is_null());
        ran.says(name);
        assert!(tree(&platform.store()).is_empty());
    }
}

#[test]
fn each_outcome_has_its_exit_code() {
    let refused = |status, code| {
        let store = Refusing::s3(status, code, "");
        let platform = prebuilt()
            .env("STATIC_ASSETS_STORE", "s3://acme-static/shop")
            .env("STATIC_ASSETS_ENDPOINT_URL", &store.url)
            .env("STATIC_ASSETS_ACCESS_KEY_ID", "KEYOFATEST")
            .env("STATIC_ASSETS_SECRET_ACCESS_KEY", "secret-of-a-test");
        (store, platform)
    };
    for (status, code, exit) in [
        (418, "", 1),
        (301, "PermanentRedirect", 2),
        (404, "NoSuchBucket", 10),
        (403, "AccessDenied", 12),
        (400, "ExpiredToken", 12),
        (403, "InvalidAccessKeyId", 12),
    ] {
        let (_store, platform) = refused(status, code);
        platform.cli(&PUBLISH).exits(exit);
    }
    let platform = prebuilt();
    platform
        .env("STATIC_ASSETS_STORE", "s3://acme-static/shop")
        .cli(&PUBLISH)
        .exits(12);
    let platform = prebuilt();
    platform
        .env("STATIC_ASSETS_STORE", "file:///nowhere")
        .cli(&PUBLISH)
        .exits(10);
    let platform = prebuilt();
    platform
        .env("STATIC_ASSETS_STORE", "x")
        .cli(&PUBLISH)
        .exits(2);
    let platform = prebuilt();
    platform
        .write("dist/.env", "SECRET=1")
        .cli(&PUBLISH)
        .exits(13);
    let platform = prebuilt();
    platform
        .cli(&["publish", "--dir", "nowhere"])
        .exits(2)
        .says("nowhere");
    let platform = prebuilt().env("RELEASE_VERSION", "v1");
    platform.cli(&PUBLISH).exits(0);
    platform
        .write("dist/app.css", "b{}")
        .cli(&PUBLISH)
        .exits(11);
}

#[test]
fn an_app_failing_the_link_check_is_refused() {
    let Some(python) = crate::harness::python::Python::find("django52") else {
        return;
    };
    let app = |fixture| Platform::with(fixture).python(&python).file_store();
    let ignores = app("django_basic");
    ignores
        .cli(&["publish", "--app", "."])
        .exits(1)
        .says("STATIC_URL = os.environ.get(");
    assert!(tree(&ignores.store()).is_empty());

    let reads = app("django_follows");
    let report = reads
        .cli(&["publish", "--app", ".", "--json"])
        .exits(0)
        .json();
    assert_eq!(report["framework"], "django");
}

#[test]
fn the_buildpack_publishes_a_prebuilt_directory() {
    let platform = prebuilt().env("STATIC_ASSETS_DIR", "dist");
    platform.detect().exits(0).says("STATIC_ASSETS_DIR");
    let ran = platform.build().succeeds();
    let ran = ran.line_names(&["dist", "(environment)"]);
    let version = ran.launch("STATIC_ASSETS_VERSION");
    assert_eq!(
        ran.launch("STATIC_URL"),
        format!("https://static.example.com/shop/{version}/")
    );
    assert_eq!(ran.layer_names(), ["env"]);
    let missing = platform.env("STATIC_ASSETS_DIR", "nowhere");
    missing.detect().exits(0);
    missing.build().exits(1).says("nowhere");
}

/// The lifecycle restores `env.toml` from the previous image.
#[test]
fn a_rebuild_logs_what_changed() {
    let platform = prebuilt().env("STATIC_ASSETS_DIR", "dist");
    let ran = platform.build().succeeds();
    let first = ran.launch("STATIC_ASSETS_VERSION");
    let metadata = fs::read_to_string(ran.layers.join("env.toml")).unwrap();
    assert!(
        metadata.contains(&format!("version = \"{first}\"")),
        "{metadata}"
    );

    platform.write("dist/new.css", "c{}");
    let ran = platform.build_over(&[("env.toml", &metadata)]).succeeds();
    ran.line_names(&["1 file", &first, "2 equal", "3 files, 11 B"]);
    let unreadable = platform
        .build_over(&[("env.toml", "metadata = 1")])
        .succeeds();
    unreadable.does_not_say("2 equal");
}

#[test]
fn nothing_is_published_into_itself() {
    let platform = prebuilt();
    let inside = platform.app().join("dist/store");
    fs::create_dir_all(&inside).unwrap();
    platform
        .cli_with(
            &PUBLISH,
            &[(
                "STATIC_ASSETS_STORE",
                &format!("file://{}", inside.display()),
            )],
        )
        .exits(2)
        .says(&inside.display().to_string());
    assert!(tree(&inside).is_empty());
    let env_file = ["publish", "--dir", "dist", "--env-file", "dist/x.env"];
    platform
        .cli(&env_file)
        .exits(2)
        .says("static-assets publish --help");
    platform
        .cli(&["publish", "--dir", ""])
        .exits(2)
        .says("--dir is empty");
    assert!(tree(&platform.store()).is_empty());
}

#[test]
fn a_secret_under_the_wrong_name_goes_nowhere() {
    let secret = "canary-0123456789-canary";
    let platform = prebuilt().env("STATIC_ASSETS_SECRET_ACCESS_KEY", secret);
    for name in ["RELEASE_VERSION", "STATIC_ASSETS_GROUP", "SOURCE_VERSION"] {
        let ran = platform.cli_with(&["publish", "--dir", "dist", "--json"], &[(name, secret)]);
        let ran = ran.exits(2).says(name);
        ran.does_not_say(secret);
    }
    platform.write(&format!("dist/{secret}.css"), "x");
    platform
        .cli(&PUBLISH)
        .exits(13)
        .says("credential")
        .does_not_say(secret);
    assert!(tree(&platform.store()).is_empty());
}

#[test]
fn misplaced_files_and_directories_in_the_store_fail() {
    let platform = prebuilt().env("RELEASE_VERSION", "v1");
    let place = platform.store().join("v1");
    fs::write(&place, "x").unwrap();
    platform.cli(&PUBLISH).exits(11);
    fs::remove_file(&place).unwrap();
    // A file that a file system left is not a claim.
    let claims = platform.store().join(".static-assets/claims/v1");
    fs::write(claims.join(".nfs0001"), "").unwrap();
    platform.cli(&PUBLISH).exits(0);

    let marker = platform.store().join(".static-assets/versions/v1.json");
    fs::remove_file(&marker).unwrap();
    fs::create_dir(&marker).unwrap();
    platform.cli(&PUBLISH).exits(1).says("v1.json");
}

/// On servers of one's own, a key's id may be any word.
#[test]
fn a_key_id_in_the_public_url_stays_in_the_output() {
    let platform = Platform::empty()
        .file_store()
        .env(
            "STATIC_ASSETS_PUBLIC_URL",
            "https://static.acme.com/acme-shop",
        )
        .env("AWS_ACCESS_KEY_ID", "acme-shop")
        .env("AWS_SECRET_ACCESS_KEY", "secret-of-a-test");
    platform.write("dist/app.css", "a{}");
    let json = platform
        .cli(&["publish", "--dir", "dist", "--json"])
        .exits(0)
        .json();
    let url = json["url"].as_str().unwrap();
    assert!(
        url.starts_with("https://static.acme.com/acme-shop/"),
        "{url}"
    );
}

#[test]
fn a_space_at_an_end_of_the_prefix_is_an_error() {
    Platform::empty()
        .env("STATIC_ASSETS_STORE", "s3://acme-static/shop ")
        .env("STATIC_ASSETS_PUBLIC_URL", "https://static.acme.com/shop")
        .cli(&["publish", "--dir", "dist"])
        .exits(2)
        .says("STATIC_ASSETS_STORE has a prefix that can't be used: 's3://acme-static/shop '");
}
