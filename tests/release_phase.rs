//! The deferred upload: a build without credentials saves the release, and the release phase uploads it. Also the pin
//! that the processes of a container image read with `static-assets exec`.

use crate::harness::python::Python;
use crate::harness::s3::Bucket;
use crate::harness::{Platform, Ran, http, pages, tree, web::Web};
use fs_err as fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

/// Makes a Django app whose builds know the public URL but not the store.
fn without_a_store() -> Option<(Platform, Python, Web)> {
    let python = Python::find("django52")?;
    let platform = Platform::with("django_basic").python(&python);
    fs::create_dir_all(platform.store()).unwrap();
    let web = Web::of(&platform.store());
    let platform = platform
        .env("STATIC_ASSETS_PUBLISH", "release")
        .env("STATIC_ASSETS_PUBLIC_URL", &web.url);
    Some((platform, python, web))
}

/// Runs the process type `static-assets-publish` from the layers, as the launcher does.
fn publish(platform: &Platform, ran: &Ran, more: &[(&str, &str)]) -> (i32, String) {
    let output = Command::new(ran.layers.join("publisher/bin/static-assets"))
        .args(["publish", "--prepared"])
        .env_clear()
        .env(
            "STATIC_ASSETS_STORE",
            format!("file://{}", platform.store().display()),
        )
        .envs(more.iter().copied())
        .current_dir("/")
        .output()
        .unwrap();
    let log = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    (output.status.code().unwrap(), log)
}

#[test]
fn an_image_holds_the_deferred_upload_and_publisher() {
    let Some((platform, python, web)) = without_a_store() else {
        return;
    };
    let ran = platform
        .build()
        .succeeds()
        .says("5 files")
        .says("docker run --entrypoint static-assets-publish IMAGE");
    assert_eq!(
        ran.layer_names(),
        ["env", "inject", "prepared", "publisher"]
    );
    assert!(tree(&platform.store()).is_empty());
    let bill = fs::read(ran.layers.join("publisher.sbom.cdx.json")).unwrap();
    let bill: serde_json::Value = serde_json::from_slice(&bill).unwrap();
    assert_eq!(bill["bomFormat"], "CycloneDX");
    let mut components = bill["components"].as_array().unwrap().iter();
    assert!(components.any(|crate_| crate_["name"] == "object_store"));
    let launch = fs::read_to_string(ran.layers.join("launch.toml")).unwrap();
    for text in [
        "static-assets-publish",
        "\"--prepared\"",
        "io.github.static-assets.digest",
    ] {
        assert!(launch.contains(text), "{launch}");
    }
    assert!(!launch.contains("type = \"release\""), "{launch}");

    let (code, log) = publish(&platform, &ran, &[]);
    assert_eq!(code, 0, "{log}");
    let version = format!("Version {} ", ran.launch("STATIC_ASSETS_VERSION"));
    for fact in [&version, "5 files", "css js svg font: 200"] {
        assert!(log.contains(fact), "{log}");
    }
    let server = python.serve(&platform, &ran, &[]);
    let page = http::get(&server.url).text();
    let base = ran.launch("STATIC_URL");
    assert!(base.starts_with(&web.url));
    pages::assert_all_from(&base, &server.url, &page);

    let before = tree(&platform.store());
    let (code, log) = publish(&platform, &ran, &[]);
    assert_eq!(code, 0, "{log}");
    assert!(log.contains("0 uploaded"), "{log}");
    let after = tree(&platform.store());
    let refs = |key: &&String| key.starts_with(".static-assets/refs/");
    let without_refs = |tree: &std::collections::BTreeMap<String, Vec<u8>>| -> Vec<String> {
        tree.keys().filter(|key| !refs(key)).cloned().collect()
    };
    assert_eq!(without_refs(&before), without_refs(&after));
}

#[test]
fn a_release_phase_uploads_what_the_build_has_compressed() {
    let Some(bucket) = Bucket::create() else {
        return;
    };
    let css = "body { color: teal }\n".repeat(100);
    let platform = Platform::empty()
        .env("STATIC_ASSETS_DIR", "dist")
        .env("STATIC_ASSETS_PUBLISH", "release")
        .env("STATIC_ASSETS_PUBLIC_URL", format!("{}/shop", bucket.url()))
        .env("STATIC_ASSETS_COMPRESS", "gzip");
    platform.write("dist/app.css", &css);
    let ran = platform
        .build()
        .succeeds()
        .says("1 file stored gzip-encoded");
    let store = format!("s3://{}/shop", bucket.name);
    let store = [
        ("STATIC_ASSETS_STORE", store.as_str()),
        ("STATIC_ASSETS_ENDPOINT_URL", &bucket.endpoint),
        ("STATIC_ASSETS_ACCESS_KEY_ID", &bucket.key_id),
        ("STATIC_ASSETS_SECRET_ACCESS_KEY", &bucket.secret),
    ];
    let (code, log) = publish(&platform, &ran, &store);
    assert_eq!(code, 0, "{log}");
    assert!(log.contains("css: 200, right bytes and types"), "{log}");
    let answer = http::get(&format!("{}app.css", ran.launch("STATIC_URL")));
    assert_eq!(answer.text(), css);

    // What is compressed in an image is searched for secrets all the same.
    let secret = [&store[..], &[("AWS_SECRET_ACCESS_KEY", "color: teal }")]].concat();
    let (code, log) = publish(&platform, &ran, &secret);
    assert_eq!(code, 13, "{log}");
    fs::create_dir_all(platform.store()).unwrap();
    let (code, log) = publish(&platform, &ran, &[]);
    assert_eq!(code, 2, "{log}");
    assert!(
        log.contains("A file:// store can't serve the compressed files of this image"),
        "{log}"
    );

    // Without this word, browsers would get gzip as if it were the file.
    let marker = ran.layers.join("prepared/marker.json");
    let json = fs::read_to_string(&marker).unwrap();
    fs::write(marker, json.replace(r#""encoding":"gzip","#, "")).unwrap();
    let (code, log) = publish(&platform, &ran, &store);
    assert_eq!(code, 13, "{log}");
    assert!(log.contains("marker.json changed after the build"), "{log}");
}

#[test]
fn a_release_phase_fails_with_its_exit_code() {
    let Some((platform, _, _web)) = without_a_store() else {
        return;
    };
    let ran = platform.build().succeeds();
    for (more, code, value) in [
        (&[("STATIC_ASSETS_STORE", "")][..], 2, "STATIC_ASSETS_STORE"),
        (
            &[("STATIC_ASSETS_STORE", "s3://acme-static/shop")],
            12,
            "STATIC_ASSETS_ACCESS_KEY_ID",
        ),
        (
            &[("STATIC_ASSETS_STORE", "file:///nowhere/at/all")],
            10,
            "/nowhere/at/all",
        ),
        (
            &[("STATIC_ASSETS_PUBLIC_URL", "http://127.0.0.1:1/x?y")],
            2,
            "STATIC_ASSETS_PUBLIC_URL",
        ),
        (
            &[
                ("STATIC_ASSETS_MISSING_CREDENTIALS", "skip"),
                ("STATIC_ASSETS_STORE", "s3://acme-static/shop"),
            ],
            12,
            "STATIC_ASSETS_ACCESS_KEY_ID",
        ),
    ] {
        let (ended, text) = publish(&platform, &ran, more);
        assert_eq!(ended, code, "{text}");
        assert!(text.contains(value), "{text}");
    }
    assert!(tree(&platform.store()).is_empty());
    // A release phase ignores STATIC_ASSETS_COMPILE, a setting of builds for tests.
    let lacking = [("STATIC_ASSETS_STORE", ""), ("STATIC_ASSETS_COMPILE", "1")];
    let (code, log) = publish(&platform, &ran, &lacking);
    assert_eq!(code, 2, "{log}");
    assert!(log.contains("STATIC_ASSETS_STORE"), "{log}");
    // If publishing is switched off, the release phase succeeds with a warning: the store may be down, and the version
    // may be published already.
    let (code, log) = publish(&platform, &ran, &[("STATIC_ASSETS_DISABLE", "1")]);
    assert_eq!(code, 0, "{log}");
    assert!(log.contains("STATIC_ASSETS_DISABLE"), "{log}");
    let (code, log) = publish(&platform, &ran, &[("STATIC_ASSETS_PUBLISH", "off")]);
    assert_eq!(code, 0, "{log}");
    assert!(log.contains("STATIC_ASSETS_PUBLISH=off"), "{log}");

    let platform = platform.env("STATIC_ASSETS_PUBLIC_URL", "");
    platform
        .build()
        .exits(1)
        .says("STATIC_ASSETS_PUBLIC_URL=/assets-v");
}

#[test]
fn the_plan_offers_a_heroku_release_phase() {
    let platform = Platform::with("django_basic").env("STATIC_ASSETS_PUBLISH", "release");
    platform.detect().succeeds();
    let plan = platform.plan();
    for text in [
        "release-phase",
        "\"--prepared\"",
        "command = \"static-assets\"",
    ] {
        assert!(plan.contains(text), "{plan}");
    }
    let off = platform.env("STATIC_ASSETS_DISABLE", "1");
    for platform in [Platform::with("django_basic"), off] {
        platform.detect().succeeds();
        let plan = platform.plan();
        assert!(!plan.contains("release-phase"), "{plan}");
    }
}

/// Returns what a launcher would set before it starts a process: <https://github.com/buildpacks/spec/blob/main/buildpack.md#execd>.
fn rebased(ran: &Ran, more: &[(&str, &str)]) -> String {
    let program = ran.layers.join("publisher/exec.d/static-assets-rebase");
    let mut env = ran.launch_env();
    for (name, value) in more {
        env.insert(name, value);
    }
    let output = Command::new("/bin/sh")
        .args(["-c", "exec \"$0\" 3>&1"])
        .arg(program)
        .env_clear()
        .envs(&env)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_promoted_image_uses_its_stages_url() {
    let Some((platform, _, _web)) = without_a_store() else {
        return;
    };
    let ran = platform.build().succeeds();
    let version = ran.launch("STATIC_ASSETS_VERSION");
    assert_eq!(rebased(&ran, &[]), "");
    let base = ("STATIC_ASSETS_PUBLIC_URL", "https://prod.example.com/shop");
    let url = format!("STATIC_URL = \"https://prod.example.com/shop/{version}/\"\n");
    assert_eq!(rebased(&ran, &[base]), url);
    // An operator's STATIC_URL stays, and a value that is not a URL changes nothing.
    assert_eq!(rebased(&ran, &[base, ("STATIC_URL", "/static/")]), "");
    for wrong in ["https://x/{app}", "x", ""] {
        assert_eq!(rebased(&ran, &[("STATIC_ASSETS_PUBLIC_URL", wrong)]), "");
    }
}

const PIN: &str =
    "# pinned\nSTATIC_ASSETS_VERSION=v1\nSTATIC_URL=https://built/v1/\nRELEASE_VERSION=v1\n";

/// Runs `static-assets exec` in an image with `PIN`.
fn exec(platform: &Platform, env: &[(&str, &str)], line: &[&str]) -> Ran {
    platform.write("pin.env", PIN);
    let arguments = [&["exec", "--pin=pin.env", "--"], line].concat();
    let env = [&[("PATH", "/usr/bin:/bin")], env].concat();
    platform.cli_with(&arguments, &env)
}

#[test]
fn exec_sets_the_pin_and_becomes_the_process() {
    let platform = Platform::empty();
    let printed = |env: &[(&str, &str)], name: &str| {
        let ran = exec(&platform, env, &["printenv", name]).succeeds();
        ran.stdout().trim_end().to_owned()
    };
    assert_eq!(printed(&[], "STATIC_URL"), "https://built/v1/");
    assert_eq!(
        printed(&[("STATIC_URL", "/static/")], "STATIC_URL"),
        "/static/"
    );
    assert_eq!(
        printed(&[("STATIC_URL", "")], "STATIC_URL"),
        "https://built/v1/"
    );
    let stale = [("STATIC_ASSETS_VERSION", "v0")];
    assert_eq!(printed(&stale, "STATIC_ASSETS_VERSION"), "v1");
    let promoted = [("STATIC_ASSETS_PUBLIC_URL", "https://stage/shop")];
    assert_eq!(printed(&promoted, "STATIC_URL"), "https://stage/shop/v1/");
    assert_eq!(printed(&[("OTHER", "kept")], "OTHER"), "kept");

    exec(&platform, &[], &["sh", "-c", "exit 7"]).exits(7);
    // The command replaces `exec`: its parent is this test.
    let ran = exec(&platform, &[], &["sh", "-c", "echo $PPID"]).succeeds();
    assert_eq!(ran.stdout().trim(), std::process::id().to_string());
}

/// The hook is missing if a later stage of a Dockerfile installs its packages again.
#[test]
fn exec_warns_if_the_hook_is_missing() {
    let Some(python) = Python::find("django52") else {
        return;
    };
    let platform = Platform::with("django_basic").file_store();
    let home = platform.path("venv");
    fs::create_dir(&home).unwrap();
    python.install(&home);
    let path = format!(
        "{}:/usr/bin:/bin",
        home.join(".heroku/python/bin").display()
    );
    let env = [("PATH", path.as_str())];
    let line = ["publish", "--app", ".", "--pin=image/pin.env"];
    platform.cli_with(&line, &env).exits(0);
    let start = ["exec", "--pin=image/pin.env", "--", "true"];
    let ran = platform.cli_with(&start, &env).exits(0);
    assert_eq!(ran.stderr(), "");
    fs::remove_dir_all(&home).unwrap();
    platform
        .cli_with(&start, &[("PATH", "/usr/bin:/bin")])
        .exits(0)
        .says("static_assets_hook.py");
}

#[test]
fn exec_fails_with_the_exit_codes_of_env() {
    let platform = Platform::empty();
    exec(&platform, &[], &["no-such-program"])
        .exits(127)
        .error_names("'no-such-program'")
        .says("static-assets exec -- sh -c");
    let folder = platform.app().display().to_string();
    exec(&platform, &[], &[&folder]).exits(126);
    platform
        .cli(&["exec", "--pin=nowhere.env", "--", "true"])
        .exits(2)
        .says("RUN static-assets publish --app . --pin")
        .says("COPY --from=build");
    platform
        .cli(&["exec"])
        .exits(2)
        .says("static-assets exec -- COMMAND");
    platform.cli(&["exec", "--pin=.", "--", "true"]).exits(2);
}

#[test]
fn an_empty_pin_lets_an_image_start() {
    let platform = Platform::empty().env("STATIC_ASSETS_DISABLE", "1");
    platform
        .write("dist/app.css", "a{}")
        .write("kept/pin.env", PIN);
    platform
        .cli(&["publish", "--dir", "dist", "--pin=kept/pin.env"])
        .exits(0);
    let pin = fs::read_to_string(platform.app().join("kept/pin.env")).unwrap();
    assert!(!pin.contains("STATIC_URL="), "{pin}");
    let line = ["exec", "--pin=kept/pin.env", "--", "printenv", "STATIC_URL"];
    platform
        .cli_with(&line, &[("PATH", "/usr/bin:/bin")])
        .exits(1);
}

#[test]
fn a_failed_publish_removes_the_earlier_pin() {
    let platform = Platform::empty().file_store();
    platform
        .write("dist/app.css", "a{}")
        .write("kept/pin.env", PIN);
    let line = ["publish", "--dir", "dist", "--pin=kept/pin.env"];
    platform
        .cli_with(&line, &[("STATIC_ASSETS_STORE", "file:///nowhere/at/all")])
        .exits(10)
        .says("Removed the earlier pin from kept/pin.env");
    let pin = fs::read_to_string(platform.app().join("kept/pin.env")).unwrap();
    assert!(!pin.contains("v1"), "{pin}");
    let again = platform.cli(&line).exits(0).says("kept/pin.env");
    again.does_not_say("Removed the earlier pin");
    let pin = fs::read_to_string(platform.app().join("kept/pin.env")).unwrap();
    assert!(
        pin.contains("STATIC_URL=https://static.example.com/shop/"),
        "{pin}"
    );
    platform
        .cli(&["publish", "--dir", "dist", "--pin=/proc/pin.env"])
        .exits(1)
        .error_names("/proc/pin.env")
        .says("USER root");
}

/// The line in the Procfile stays, whichever mode the build had.
#[test]
fn a_release_phase_without_deferred_upload_succeeds() {
    let platform = Platform::empty().file_store();
    platform.write("dist/app.css", "a{}");
    let line = ["publish", "--dir", "dist", "--pin=kept/pin.env"];
    let release = ["publish", "--prepared=kept/prepared"];
    for mode in ["build", "off"] {
        let env = [("STATIC_ASSETS_PUBLISH", mode)];
        platform.cli_with(&line, &env).exits(0);
        let published = tree(&platform.store());
        platform.cli_with(&release, &env).exits(0);
        platform
            .cli_with(&release, &[("STATIC_ASSETS_STORE", "")])
            .exits(0);
        assert_eq!(tree(&platform.store()), published);
    }
    // If publishing is switched off, the directory may be missing.
    let off = [("STATIC_ASSETS_PUBLISH", "off")];
    let nowhere = ["publish", "--prepared=nowhere"];
    platform
        .cli_with(&nowhere, &off)
        .exits(0)
        .says("STATIC_ASSETS_PUBLISH=off");
    platform
        .cli(&nowhere)
        .exits(2)
        .says("STATIC_ASSETS_PUBLISH=release");
}

#[test]
fn a_foreign_directory_is_not_emptied() {
    let platform = Platform::empty().file_store();
    platform
        .write("dist/app.css", "a{}")
        .write("prepared/models.py", "mine");
    let line = ["publish", "--dir", "dist", "--pin=pin.env"];
    platform
        .cli_with(&line, &[("STATIC_ASSETS_PUBLISH", "release")])
        .exits(13)
        .error_names("prepared");
    assert!(platform.app().join("prepared/models.py").exists());
}

/// A release phase uploads for the URL that the app's processes link to: that of its environment, else the pinned one.
#[test]
fn a_release_phase_ignores_the_repositorys_public_url() {
    let platform = Platform::empty().file_store();
    platform.write("dist/app.css", "a{}").write(
        "project.toml",
        "[io.github.static-assets]\npublic-url = \"https://of-the-repository.example.com\"\n",
    );
    let line = ["publish", "--dir", "dist", "--pin=kept/pin.env"];
    platform
        .cli_with(&line, &[("STATIC_ASSETS_PUBLISH", "release")])
        .exits(0);
    let release = ["publish", "--prepared=kept/prepared", "--json"];
    let url = |base: &str| {
        let ran = platform.cli_with(&release, &[("STATIC_ASSETS_PUBLIC_URL", base)]);
        ran.exits(0).json()["url"].as_str().unwrap().to_owned()
    };
    assert!(url("").starts_with("https://static.example.com/shop/"));
    assert!(url("https://x.example.com/{app}").starts_with("https://static.example.com/shop/"));
    assert!(url("https://prod.example.com").starts_with("https://prod.example.com/"));
}

#[test]
fn the_public_url_can_hold_the_app_name() {
    let platform = Platform::empty().file_store();
    platform.write("dist/app.css", "a{}");
    let env = [
        ("STATIC_ASSETS_APP", "shop"),
        ("STATIC_ASSETS_PUBLIC_URL", "https://static.acme.com/{app}"),
    ];
    let ran = platform.cli_with(&["publish", "--dir", "dist", "--json"], &env);
    let report = ran.exits(0).json();
    let url = report["url"].as_str().unwrap();
    assert!(url.starts_with("https://static.acme.com/shop/"), "{url}");
}

/// One user builds an image, and another runs it.
#[test]
fn every_user_can_read_the_deferred_upload() {
    let platform = Platform::empty()
        .file_store()
        .env("PATH", "/usr/bin:/bin")
        .env("STATIC_ASSETS_PUBLISH", "release");
    platform.write("dist/web/app.css", "a{}");
    let script =
        "umask 077; chmod 600 dist/web/app.css; exec \"$0\" publish --dir dist --pin=kept/pin.env";
    let output = platform.shell(script).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let kept = platform.app().join("kept");
    for (path, expected) in [
        ("pin.env", 0o644),
        ("prepared", 0o755),
        ("prepared/prepared.json", 0o644),
        ("prepared/marker.json", 0o644),
        ("prepared/files/web", 0o755),
        ("prepared/files/web/app.css", 0o644),
    ] {
        let mode = fs::metadata(kept.join(path)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, expected, "{path}");
    }
}
