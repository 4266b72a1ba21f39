//! What a build leaves in the image for the running app, and that it leaves nothing else.

use crate::harness::python::Python;
use crate::harness::{Platform, Ran, tree};
use fs_err as fs;
use std::collections::BTreeMap;
use std::path::Path;

fn django(fixture: &str) -> Option<(Platform, Python)> {
    let python = Python::find("django52")?;
    Some((Platform::with(fixture).python(&python), python))
}

#[test]
fn without_a_store_nothing_is_done() {
    // No Python is on PATH, so a build that starts one fails.
    let platform = Platform::with("django_basic");
    let before = tree(&platform.app());
    let ran = platform.build().succeeds();
    assert_eq!(ran.stdout().lines().count(), 1, "{}", ran.stdout());
    let ran = ran.says("STATIC_ASSETS_STORE=s3://bucket/prefix");
    assert_nothing_left(&ran);
    assert_eq!(tree(&platform.app()), before);
}

#[test]
fn disable_switches_one_app_off() {
    let platform = Platform::with("django_basic")
        .file_store()
        .platform_env("STATIC_ASSETS_DISABLE", "1\n");
    platform.detect().succeeds();
    let ran = platform.build().succeeds();
    assert_nothing_left(&ran.says("STATIC_ASSETS_DISABLE is set (platform environment)"));
}

#[test]
fn disable_collectstatic_is_honoured() {
    let platform = Platform::with("django_basic")
        .file_store()
        .platform_env("DISABLE_COLLECTSTATIC", "1");
    let ran = platform.build().succeeds();
    assert_nothing_left(
        &ran.says("DISABLE_COLLECTSTATIC")
            .says("(platform environment)"),
    );
    assert!(tree(&platform.store()).is_empty());
}

/// Fails if the build left a layer, a label or a file.
#[track_caller]
fn assert_nothing_left(ran: &Ran) {
    let left: Vec<String> = tree(&ran.layers).into_keys().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_self_linking_app_gets_only_the_pin() {
    let Some((platform, _)) = django("django_follows") else {
        return;
    };
    let platform = platform.file_store().env("SOURCE_VERSION", "4f1c2ab");
    let ran = platform.build().succeeds().says("\n- Links: ");
    let version = ran.launch("STATIC_ASSETS_VERSION");
    let url = format!("https://static.example.com/shop/{version}/");
    let files: BTreeMap<String, String> = tree(&ran.layers)
        .into_iter()
        .map(|(path, content)| (path, String::from_utf8(content).unwrap()))
        .collect();
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "env.toml",
            "env/env.launch/STATIC_ASSETS_VERSION.override",
            "env/env.launch/STATIC_URL.default",
            "launch.toml",
        ]
    );
    assert_eq!(files["env/env.launch/STATIC_URL.default"], url);
    let types: toml::Table = files["env.toml"].parse().unwrap();
    assert_eq!(
        types["types"],
        toml::toml! { launch = true build = false cache = false }.into()
    );
    let launch: toml::Table = files["launch.toml"].parse().unwrap();
    let labels: Vec<&str> = launch["labels"]
        .as_array()
        .unwrap()
        .iter()
        .map(|label| label["key"].as_str().unwrap())
        .collect();
    assert_eq!(
        labels,
        [
            "io.github.static-assets.version",
            "io.github.static-assets.url",
            "io.github.static-assets.digest",
            "io.github.static-assets.framework",
            "io.github.static-assets.commit",
            "io.github.static-assets.files",
            "io.github.static-assets.bytes",
            "io.github.static-assets.store",
        ]
    );
    let store = launch["labels"][7]["value"].as_str().unwrap();
    assert!(store.starts_with("file:///"), "{store}");
    assert_eq!(launch["labels"][4]["value"].as_str(), Some("4f1c2ab"));
}

#[test]
fn image_version_and_operators_url_take_precedence() {
    let Some((platform, _)) = django("django_basic") else {
        return;
    };
    let ran = platform.file_store().build().succeeds();
    let mut operator = libcnb::Env::new();
    for (name, value) in [
        ("STATIC_ASSETS_VERSION", "other"),
        ("STATIC_URL", "/static/"),
        ("PYTHONPATH", "/app/lib"),
    ] {
        operator.insert(name, value);
    }
    let env = ran.launch_env_over(&operator);
    let version = ran.launch("STATIC_ASSETS_VERSION");
    assert_eq!(env.get("STATIC_ASSETS_VERSION").unwrap(), version.as_str());
    assert_eq!(env.get("STATIC_URL").unwrap(), "/static/");
    let injected = ran.layers.join("inject/python");
    let expected = format!("{}:/app/lib", injected.display());
    assert_eq!(env.get("PYTHONPATH").unwrap(), expected.as_str());
}

#[test]
fn release_version_reaches_only_apps_that_read_it() {
    let Some((platform, _)) = django("django_basic") else {
        return;
    };
    let ran = platform.file_store().build().succeeds();
    assert!(ran.launch_env().get("RELEASE_VERSION").is_none());

    let platform = django("django_basic").unwrap().0.file_store();
    platform.settings("SENTRY_RELEASE = os.environ.get('RELEASE_VERSION')");
    let ran = platform.build().succeeds();
    let version = ran.launch("STATIC_ASSETS_VERSION");
    assert_eq!(ran.launch("RELEASE_VERSION"), version);
}

#[test]
fn an_explicit_version_is_pinned_and_origin_logged() {
    let Some((platform, _)) = django("django_basic") else {
        return;
    };
    let ran = platform
        .file_store()
        .platform_env("RELEASE_VERSION", "v42\n")
        .env("SOURCE_VERSION", "4f1c2ab")
        .build()
        .succeeds()
        .says("- Version v42 (RELEASE_VERSION, platform environment), commit 4f1c2ab");
    assert_eq!(ran.launch("STATIC_ASSETS_VERSION"), "v42");
    assert_eq!(ran.launch("RELEASE_VERSION"), "v42");
    assert_eq!(
        ran.launch("STATIC_URL"),
        "https://static.example.com/shop/v42/"
    );
}

#[test]
fn two_builds_are_equal_to_the_byte() {
    let Some((platform, _)) = django("django_basic") else {
        return;
    };
    let platform = platform.file_store();
    let built = || {
        let ran = platform.build().succeeds();
        (tree(&ran.layers), tree(&platform.app()))
    };
    assert_eq!(built(), built());
}

#[test]
fn no_byte_code_is_left_in_the_app() {
    let Some((platform, _)) = django("django_basic") else {
        return;
    };
    let platform = platform.file_store();
    platform.build().succeeds();
    let byte_code = tree(&platform.app());
    let byte_code = byte_code.keys().find(|path| path.contains("__pycache__"));
    assert_eq!(byte_code, None);
    assert!(
        is_empty(&platform.path("tmp")),
        "the scratch directory is left"
    );
}

fn is_empty(dir: &Path) -> bool {
    fs::read_dir(dir).unwrap().next().is_none()
}

#[test]
fn static_root_gets_all_files_and_loses_none() {
    let Some((platform, _)) = django("django_basic") else {
        return;
    };
    let platform = platform.file_store();
    platform
        .write("staticfiles/web/app.css", "stale")
        .write("staticfiles/old/kept.css", "kept");
    let ran = platform
        .build()
        .succeeds()
        .says("\n- Fallback: ")
        .says("staticfiles; STATIC_URL=");
    let version = ran.launch("STATIC_ASSETS_VERSION");
    let mut local = tree(&platform.app().join("staticfiles"));
    assert_eq!(local.remove("old/kept.css").unwrap(), b"kept");
    assert_eq!(local, tree(&platform.store().join(version)));
}

#[test]
fn keep_manifests_leaves_the_files_out() {
    let Some((platform, python)) = django("django_matrix") else {
        return;
    };
    let platform = platform
        .file_store()
        .env("MATRIX_BACKEND", "manifest")
        .env("STATIC_ASSETS_KEEP", "manifests");
    platform.write("staticfiles/own.txt", "kept");
    // A Python buildpack that collects by itself leaves the files there.
    let earlier = python
        .command(&platform, &["manage.py", "collectstatic", "--noinput"])
        .env("MATRIX_BACKEND", "manifest")
        .status();
    assert!(earlier.unwrap().success());
    platform.build().succeeds();
    let local: Vec<String> = tree(&platform.app().join("staticfiles"))
        .into_keys()
        .collect();
    assert_eq!(local, ["own.txt", "staticfiles.json"]);
}

#[test]
fn publish_off_compiles_and_pins_nothing() {
    let Some((platform, _)) = django("django_basic") else {
        return;
    };
    let platform = platform.file_store().env("STATIC_ASSETS_PUBLISH", "off");
    let ran = platform
        .build()
        .succeeds()
        .says("STATIC_ASSETS_PUBLISH=off (environment)");
    assert_nothing_left(&ran);
    assert!(tree(&platform.store()).is_empty());
    assert!(platform.app().join("staticfiles/web/app.css").is_file());
}

#[test]
fn compile_without_a_store_pins_nothing() {
    let Some((platform, _)) = django("django_basic") else {
        return;
    };
    let platform = platform.env("STATIC_ASSETS_COMPILE", "1");
    let ran = platform
        .build()
        .succeeds()
        .says("STATIC_ASSETS_STORE=s3://bucket/prefix");
    assert_nothing_left(&ran);
    assert!(platform.app().join("staticfiles/web/app.css").is_file());
}

#[test]
fn a_fork_without_keys_can_skip_publishing() {
    let Some((platform, _)) = django("django_basic") else {
        return;
    };
    let platform = platform.env("STATIC_ASSETS_STORE", "s3://acme-static/shop");
    platform
        .build()
        .exits(1)
        .says("s3://acme-static/shop")
        .says("STATIC_ASSETS_ACCESS_KEY_ID")
        .says("STATIC_ASSETS_MISSING_CREDENTIALS=skip");
    let ran = platform
        .env("STATIC_ASSETS_MISSING_CREDENTIALS", "skip")
        .build()
        .succeeds()
        .says("s3://acme-static/shop");
    assert_nothing_left(&ran);
}

#[test]
fn remote_storage_builds_without_publishing() {
    let Some((platform, _)) = django("django_matrix") else {
        return;
    };
    let platform = platform
        .file_store()
        .env("MATRIX_BACKEND", "s3manifest")
        .env("STATIC_ASSETS_PUBLISH", "off");
    let ran = platform.build().succeeds();
    assert_nothing_left(&ran);
    assert!(
        platform
            .app()
            .join("staticfiles/staticfiles.json")
            .is_file()
    );
}

#[test]
fn a_compile_only_failure_is_diagnosed_too() {
    let Some((platform, _)) = django("django_missing_variable") else {
        return;
    };
    platform
        .env("STATIC_ASSETS_COMPILE", "1")
        .build()
        .exits(1)
        .says("STATIC_ASSETS_BUILD_ENV=\"DATABASE_URL=");
}

#[test]
fn invalid_settings_are_ignored_if_switched_off() {
    Platform::with("django_basic")
        .env("RELEASE_VERSION", "1.0+b1")
        .build()
        .succeeds()
        .says("STATIC_ASSETS_STORE=s3://bucket/prefix");
    let platform = Platform::with("django_basic").env("STATIC_ASSETS_DISABLE", "1");
    platform.write("project.toml", "a = ");
    platform.build().succeeds().says("STATIC_ASSETS_DISABLE");
}

#[test]
fn settings_that_are_not_text_are_named() {
    use std::os::unix::ffi::OsStringExt;
    let text = std::ffi::OsString::from_vec(b"s3://b\xc3x".to_vec());
    Platform::with("django_basic")
        .env("STATIC_ASSETS_STORE", text)
        .build()
        .exits(1)
        .line_names(&["STATIC_ASSETS_STORE", "UTF-8"]);
    Platform::with("django_basic")
        .env("STATIC_ASSETS_STORE", "s3://acme-static/shop")
        .env("STATIC_ASSETS_ACCESS_KEY_ID", "KEYOFATEST")
        .env("STATIC_ASSETS_SECRET_ACCESS_KEY", "secret-of-a-test")
        .env("STATIC_ASSETS_REGION", "eu-west-1\nx")
        .build()
        .exits(1)
        .says("region");
}

#[test]
fn bindings_of_others_need_not_be_readable() {
    let platform = Platform::with("django_basic").binding("redis", &[("type", "redis")]);
    let entry = platform.path("platform/bindings/redis/ca");
    std::os::unix::fs::symlink("gone", entry).unwrap();
    assert_nothing_left(&platform.build().succeeds());
}

#[test]
fn settings_beside_keys_of_another_source_are_refused() {
    Platform::with("django_basic")
        .env("STATIC_ASSETS_STORE", "s3://acme-static/shop")
        .env("STATIC_ASSETS_PUBLIC_URL", "/assets-v")
        .env("STATIC_ASSETS_ENDPOINT_URL", "http://127.0.0.1:1")
        .env("AWS_ACCESS_KEY_ID", "KEYOFATEST")
        .env("AWS_SECRET_ACCESS_KEY", "secret-of-a-test")
        .build()
        .exits(1)
        .says("STATIC_ASSETS_ENDPOINT_URL")
        .says("AWS_*")
        .says(" AWS_ENDPOINT_URL")
        .says("STATIC_ASSETS_ACCESS_KEY_ID");
}

#[test]
fn every_problem_is_reported_at_once() {
    Platform::with("django_basic")
        .env("STATIC_ASSETS_STORE", "s3://acme-static/{app}")
        .env("RELEASE_VERSION", "a/b")
        .env("STATIC_ASSETS_INJECT", "maybe")
        .env("STATIC_ASSETS_BUILD_ENV", "DATABASE_URL")
        .build()
        .exits(1)
        .error_names("4")
        .says("1. ")
        .says("STATIC_ASSETS_APP=shop")
        .says("RELEASE_VERSION")
        .says("'a/b'")
        .says("STATIC_ASSETS_INJECT")
        .says("'maybe'")
        .says("auto, off")
        .says("STATIC_ASSETS_BUILD_ENV=")
        .says("4. ");
}

#[test]
fn a_misspelt_setting_gets_a_suggestion() {
    Platform::with("django_basic")
        .env("STATIC_ASSETS_STOER", "s3://x")
        .build()
        .succeeds()
        .line_names(&["STATIC_ASSETS_STOER", "STATIC_ASSETS_STORE"]);
}

#[test]
fn warnings_come_after_the_title() {
    let Some((platform, _)) = django("django_basic") else {
        return;
    };
    let ran = platform
        .file_store()
        .env("STATIC_ASSETS_STOER", "s3://x")
        .build()
        .succeeds();
    let log = ran.stdout();
    let at = |text: &str| {
        log.find(text)
            .unwrap_or_else(|| panic!("no {text} in {log}"))
    };
    assert!(at("[Static assets") < at("STATIC_ASSETS_STOER"), "{log}");
}

#[test]
fn settings_of_project_toml_come_after_the_environment() {
    let Some((platform, _)) = django("django_basic") else {
        return;
    };
    let store = platform.path("stores/shop");
    fs::create_dir_all(&store).unwrap();
    platform.write(
        "project.toml",
        &format!(
            "[_]\nid = \"shop\"\n[io.github.static-assets]\nstore = \"file://{}/{{app}}\"\n\
             public-url = \"/from-project-toml\"\n",
            platform.path("stores").display()
        ),
    );
    let ran = platform
        .env("STATIC_ASSETS_PUBLIC_URL", "/from-environment")
        .build()
        .succeeds();
    assert!(ran.launch("STATIC_URL").starts_with("/from-environment/"));
    assert!(!is_empty(&store));
}

#[test]
fn a_binding_alone_turns_publishing_on() {
    let Some((platform, _)) = django("django_basic") else {
        return;
    };
    fs::create_dir_all(platform.store()).unwrap();
    let store = format!("file://{}\n", platform.store().display());
    let platform = platform.binding(
        "assets",
        &[
            ("type", "static-assets\n"),
            ("store", &store),
            ("public-url", "/bound"),
        ],
    );
    let ran = platform.build().succeeds();
    assert!(ran.launch("STATIC_URL").starts_with("/bound/"));

    platform
        .env("STATIC_ASSETS_STORE", "file:///elsewhere")
        .build()
        .exits(1)
        .says("STATIC_ASSETS_STORE")
        .says("service binding 'assets'")
        .says("environment");
}

#[test]
fn a_platform_static_url_gets_a_warning() {
    let Some((platform, _)) = django("django_basic") else {
        return;
    };
    platform
        .file_store()
        .platform_env("STATIC_URL", "/static/")
        .build()
        .succeeds()
        .says("  ! STATIC_URL=/static/ ");
}

#[test]
fn an_app_cannot_take_the_prefix_of_another_one() {
    let Some((platform, _)) = django("django_basic") else {
        return;
    };
    for app in ["shop", "blog"] {
        fs::create_dir_all(platform.path("stores").join(app)).unwrap();
    }
    let store = format!("file://{}/{{app}}", platform.path("stores").display());
    let binding = [
        ("type", "static-assets"),
        ("store", &*store),
        ("public-url", "/assets-v/{app}"),
        ("app", "shop"),
    ];
    let platform = platform.binding("assets", &binding);
    let project =
        |app: &str| format!("[_]\nid = \"blog\"\n[io.github.static-assets]\napp = \"{app}\"\n");
    platform.write("project.toml", &project("blog"));
    platform
        .build()
        .exits(1)
        .says("STATIC_ASSETS_APP comes from two sources")
        .says("service binding 'assets'")
        .says("project.toml");
    assert!(is_empty(&platform.path("stores/blog")));
    // The same name is no contradiction, and the operator's environment has the last word.
    platform.write("project.toml", &project("shop"));
    let ran = platform.build().succeeds();
    assert!(ran.launch("STATIC_URL").starts_with("/assets-v/shop/"));
    platform.write("project.toml", "");
    let ran = platform.env("STATIC_ASSETS_APP", "blog").build().succeeds();
    assert!(ran.launch("STATIC_URL").starts_with("/assets-v/blog/"));
}
