//! `heroku buildpacks:add`: the stubs, called as Heroku calls them.

use crate::harness::heroku::{Heroku, Slug};
use crate::harness::pages::{assert_all_from, assets, links};
use crate::harness::phoenix::MIX;
use crate::harness::python::Python;
use crate::harness::web::Web;
use crate::harness::{Platform, http, tree};
use fs_err as fs;
use std::path::Path;

/// A Django app whose store a web server has.
fn django(fixture: &str) -> Option<(Platform, Python, Web)> {
    let python = Python::find("django52")?;
    let platform = Platform::with(fixture);
    fs::create_dir_all(platform.store()).unwrap();
    let web = Web::of(&platform.store());
    Some((platform, python, web))
}

#[track_caller]
fn assert_links_lead_to_the_store(url: &str, page: &str, base: &str) {
    let links = links(url, page);
    assert!(!links.is_empty(), "{page}");
    for (link, answer) in assets(url, page) {
        assert!(link.starts_with(base), "{link} is not below {base}");
        assert_eq!(answer.status, 200, "{link}");
    }
}

#[test]
fn django_is_deployed_twice_and_served_from_the_moved_slug() {
    for (fixture, collects_before) in [
        ("django_basic", false),
        ("django_basic", true),
        ("django_follows", false),
        ("django_compressor", false),
    ] {
        let Some((platform, python, web)) = django(fixture) else {
            return;
        };
        let mut heroku = Heroku::app(&platform)
            .python(&python)
            .publishes_to(&platform.store(), &web.url)
            .config_var("STATIC_ASSETS_CHECK", "fail");
        heroku = if collects_before {
            heroku.collects()
        } else {
            heroku.config_var("DISABLE_COLLECTSTATIC", "1")
        };
        let first = heroku.build().compiled();
        let slug = &first;
        let version = heroku.dyno_env(slug)["STATIC_ASSETS_VERSION"].clone();
        let base = format!("{}/{version}/", web.url);
        assert_eq!(heroku.dyno_env(slug)["STATIC_URL"], base);
        assert_eq!(first.next["STATIC_URL"], base);
        assert_eq!(first.next["STATIC_ASSETS_VERSION"], version);
        for said in [&version, &base, "digest: \"", "framework: \"django\""] {
            assert!(first.report.contains(said), "{}", first.report);
        }
        assert_eq!(first.release, "--- {}\n");
        let server = heroku.serve_django(slug);
        let page = http::get(&server.url).text();
        assert_links_lead_to_the_store(&server.url, &page, &base);
        drop(server);
        assert_no_path_of_the_build(&first);

        let published = tree(&platform.store());
        let second = heroku.build();
        assert_eq!(heroku.dyno_env(&second)["STATIC_URL"], base);
        let second_compile = second.compile.succeeds();
        second_compile
            .says("-----> Static assets ")
            .says("       Published before, unchanged: 0 uploaded")
            .says("; commit 4f1c2ab");
        let put = tree(&platform.store());
        let kept: Vec<&String> = put
            .keys()
            .filter(|path| !published.contains_key(*path))
            .collect();
        assert!(
            kept.iter().all(|path| path.contains(".static-assets/")),
            "{kept:?}"
        );
    }
}

/// The next build is elsewhere, and the dynos are.
#[track_caller]
fn assert_no_path_of_the_build(slug: &Slug) {
    let path = slug.build_dir.display().to_string();
    for (file, content) in tree(&slug.app) {
        let ours = file.contains("static") || file.starts_with(".profile.d");
        if ours && memchr::memmem::find(&content, path.as_bytes()).is_some() {
            panic!("{file} holds the folder of the build");
        }
    }
}

const URL: &str = "https://static.example.com/shop";

/// A Phoenix app that needs no Elixir.
fn phoenix() -> Platform {
    let platform = Platform::with("phoenix_monorepo");
    platform.write(
        "project.toml",
        "[io.github.static-assets]\ndigest = \"native\"\n",
    );
    platform
}

#[test]
fn what_there_is_to_do_is_said_where_there_is_nothing() {
    let empty = Platform::empty();
    let slug = Heroku::app(&empty).build();
    slug.compile
        .succeeds()
        .says("-----> Static assets ")
        .says("To publish them under their own URL");
    assert!(tree(&slug.app).is_empty());
    assert_eq!(
        (slug.report.as_str(), slug.release.as_str()),
        ("", "--- {}\n")
    );

    let slug = Heroku::app(&empty)
        .publishes_to(&empty.store(), URL)
        .build();
    slug.compile
        .succeeds()
        .says(" !     ")
        .says("no Django and no Phoenix app was found here");
    assert!(tree(&slug.app).is_empty());
}

#[test]
fn config_vars_win_over_what_is_pinned_and_re_base_a_promoted_slug() {
    let platform = phoenix();
    let heroku = Heroku::app(&platform).publishes_to(&platform.store(), URL);
    let slug = heroku.build().compiled();
    let version = heroku.dyno_env(&slug)["STATIC_ASSETS_VERSION"].clone();
    let url = |heroku: Heroku| heroku.dyno_env(&slug)["STATIC_URL"].clone();
    assert_eq!(url(heroku), format!("{URL}/{version}/"));
    let stage = |name, value| Heroku::app(&platform).config_var(name, value);
    assert_eq!(url(Heroku::app(&platform)), format!("{URL}/{version}/"));
    assert_eq!(url(stage("STATIC_URL", "/")), "/");
    let other = stage("STATIC_ASSETS_PUBLIC_URL", "https://prod.example.com");
    assert_eq!(url(other), format!("https://prod.example.com/{version}/"));
    let app = stage("STATIC_ASSETS_PUBLIC_URL", "https://x.example.com/{app}");
    assert_eq!(url(app), format!("{URL}/{version}/"));
    let stale = stage("STATIC_ASSETS_VERSION", "v0");
    assert_eq!(stale.dyno_env(&slug)["STATIC_ASSETS_VERSION"], version);
}

#[test]
fn config_vars_that_would_break_a_build_are_not_for_it() {
    let platform = phoenix();
    let slug = Heroku::app(&platform)
        .publishes_to(&platform.store(), URL)
        .config_var("PATH", "/nowhere")
        .config_var("LD_PRELOAD", "/nowhere.so")
        .config_var(
            "STATIC_ASSETS_COMPILE_COMMAND",
            "env > seen; cp -R . /dev/null 2>&1 || true",
        )
        .build();
    slug.compile.succeeds();
    let seen = fs::read_to_string(slug.app.join("backend/seen"))
        .or_else(|_| fs::read_to_string(slug.app.join("seen")))
        .unwrap();
    assert!(!seen.contains("nowhere"), "{seen}");
    assert!(seen.contains("STACK=heroku-24"), "{seen}");
}

#[test]
fn phoenix_is_compiled_without_a_store_and_started_without_a_procfile() {
    let platform = phoenix();
    let slug = Heroku::app(&platform).build();
    slug.compile
        .succeeds()
        .says("Assets of shop: digest only (priv/static)")
        .says("Compiled only: no store is set");
    let files = tree(&slug.app);
    assert!(files.contains_key("backend/priv/static/cache_manifest.json"));
    assert!(!files.keys().any(|file| file.starts_with(".profile.d")));
    assert!(
        slug.release
            .contains("web: elixir --sname server -S mix phx.server")
    );

    platform.write("Procfile", "web: bin/shop start\n");
    let slug = Heroku::app(&platform).build();
    assert_eq!(slug.release, "--- {}\n");
    slug.compile.succeeds();
}

#[test]
fn a_build_for_tests_publishes_nothing() {
    let platform = phoenix();
    let heroku = Heroku::app(&platform).publishes_to(&platform.store(), URL);
    let slug = heroku.build_for_tests();
    slug.compile
        .succeeds()
        .says("A build for tests: nothing is compiled, published or pinned");
    assert_eq!(tree(&slug.app), tree(&platform.app()));

    let slug = heroku
        .config_var("STATIC_ASSETS_COMPILE", "1")
        .build_for_tests();
    slug.compile
        .succeeds()
        .says("Compiled only, a build for tests");
    let files = tree(&slug.app);
    assert!(files.contains_key("backend/priv/static/cache_manifest.json"));
    assert!(tree(&platform.store()).is_empty());
}

#[test]
fn phoenix_is_deployed_after_the_elixir_buildpack_twice() {
    let platform = Platform::with("phoenix_1_8").stand_in("mix", MIX);
    let path = format!("{}:/usr/bin:/bin", platform.path("bin").display());
    let heroku = Heroku::app(&platform)
        .publishes_to(&platform.store(), URL)
        .exported("PATH", &path)
        .exported("MIX_ENV", "staging");
    let slug = heroku.build().compiled();
    let base = heroku.dyno_env(&slug)["STATIC_URL"].clone();
    assert!(base.starts_with(URL), "{base}");
    assert_eq!(slug.next["STATIC_URL"], base);
    assert_eq!(slug.next["MIX_ENV"], "staging");
    assert!(
        slug.report.contains("framework: \"phoenix\""),
        "{}",
        slug.report
    );
    let lines = fs::read_to_string(slug.app.join("config/runtime.exs")).unwrap();
    assert!(lines.contains("# static-assets: begin"), "{lines}");
    assert_no_path_of_the_build(&slug);
    slug.compile.succeeds().says("mix assets.deploy");

    let published = tree(&platform.store());
    let again = heroku.build();
    assert_eq!(heroku.dyno_env(&again)["STATIC_URL"], base);
    again
        .compile
        .succeeds()
        .says("Published before, unchanged: 0 uploaded");
    let mut put = tree(&platform.store()).into_keys();
    assert!(put.all(|key| key.starts_with('.') || published.contains_key(&key)));
    assert!(
        platform
            .calls()
            .iter()
            .any(|call| call.contains("mix assets.deploy"))
    );
}

#[test]
fn python_that_is_not_deployed_is_no_place_for_the_hook() {
    let Some((platform, python, web)) = django("django_basic") else {
        return;
    };
    let heroku = Heroku::app(&platform).publishes_to(&platform.store(), &web.url);
    let path = format!("{}:/usr/bin:/bin", python.folder().join("bin").display());
    let slug = heroku.exported("PATH", &path).build();
    slug.compile
        .exits(1)
        .says("[Error: static assets: Pages would not link to the version]")
        .says("which is not deployed with the app")
        .says("STATIC_URL = os.environ.get(\"STATIC_URL\", \"/static/\")");
    assert!(tree(&platform.store()).is_empty());
}

#[test]
fn a_release_phase_uploads_what_the_build_has_kept() {
    let Some((platform, python, web)) = django("django_basic") else {
        return;
    };
    platform.write("Procfile", "release: static-assets publish --prepared\n");
    // What the build does not have, the release has.
    let heroku = Heroku::app(&platform)
        .python(&python)
        .config_var("STATIC_ASSETS_PUBLISH", "release")
        .config_var("STATIC_ASSETS_PUBLIC_URL", &web.url);
    let slug = heroku.build();
    assert!(tree(&platform.store()).is_empty());
    let published = || tree(&platform.store());
    let publish = |heroku: &Heroku| {
        heroku
            .dyno(&slug, &["static-assets", "publish", "--prepared"])
            .output()
            .unwrap()
    };

    let failed = publish(&heroku);
    assert!(!failed.status.success(), "{failed:?}");
    let said = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert!(said.contains("STATIC_ASSETS_STORE"), "{said}");

    let heroku = heroku.publishes_to(&platform.store(), &web.url);
    let first = publish(&heroku);
    assert!(first.status.success(), "{first:?}");
    let once = published();
    let server = heroku.serve_django(&slug);
    let page = http::get(&server.url).text();
    let base = heroku.dyno_env(&slug)["STATIC_URL"].clone();
    assert_links_lead_to_the_store(&server.url, &page, &base);

    // A version that was pruned meanwhile comes back from the slug.
    let version = heroku.dyno_env(&slug)["STATIC_ASSETS_VERSION"].clone();
    fs::remove_dir_all(platform.store().join(&version)).unwrap();
    let marker = once
        .keys()
        .find(|key| key.contains("versions") || key.contains(&format!(".static-assets/{version}")));
    if let Some(marker) = marker {
        fs::remove_file(platform.store().join(marker)).unwrap();
    }
    let rolled_back = publish(&heroku);
    assert!(rolled_back.status.success(), "{rolled_back:?}");
    let back = published();
    for file in once.keys().filter(|file| file.starts_with(&version)) {
        assert!(back.contains_key(file), "{file} did not come back");
    }
    slug.compile
        .succeeds()
        .says("Kept for the release phase")
        .does_not_say("nothing here publishes");
}

#[test]
fn a_release_phase_that_publishes_nothing_is_warned_of() {
    let platform = phoenix();
    let heroku = Heroku::app(&platform)
        .config_var("STATIC_ASSETS_PUBLISH", "release")
        .config_var("STATIC_ASSETS_PUBLIC_URL", URL);
    let warned = || {
        let ran = heroku.build().compile.succeeds();
        ran.stdout()
            .contains("release: static-assets publish --prepared")
    };
    assert!(warned());
    platform.write("Procfile", "web: x\nrelease: bin/migrate\n");
    assert!(warned());
    platform.write(
        "Procfile",
        "release: static-assets publish --prepared && bin/migrate\n",
    );
    assert!(!warned());
}

/// What a stub prints and ends with.
fn stub(platform: &Platform, buildpack: &Path, name: &str, env: &[(&str, &str)]) -> (i32, String) {
    let cache = platform.path("stub-cache");
    fs::create_dir_all(&cache).unwrap();
    let output = std::process::Command::new(buildpack.join("bin").join(name))
        .args([platform.app(), cache, platform.path("no-env")])
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .envs(env.iter().copied())
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8(text).unwrap();
    (output.status.code().unwrap(), text)
}

#[test]
fn stubs_refuse_a_platform_of_cloud_native_buildpacks() {
    let platform = Platform::empty();
    let buildpack = Heroku::app(&platform).buildpack();
    for name in ["detect", "compile", "test-compile"] {
        let env = [("CNB_BUILDPACK_DIR", "/x")];
        let (code, text) = stub(&platform, &buildpack, name, &env);
        assert_eq!(code, 1, "{text}");
        assert!(text.contains("Use the packaged CNB"), "{text}");
    }
}

#[test]
fn without_a_program_the_pinned_one_is_fetched_and_checked() {
    let platform = Platform::empty();
    let buildpack = Heroku::app(&platform).buildpack();
    let architecture = std::env::consts::ARCH;
    let program = buildpack.join(format!("dist/static-assets-{architecture}"));
    fs::remove_file(&program).unwrap();
    let (code, text) = stub(&platform, &buildpack, "compile", &[]);
    assert_eq!(code, 1, "{text}");
    for said in ["bin/pin names no release", "script/package", "-heroku.tgz"] {
        assert!(text.contains(said), "{text}");
    }

    let releases = platform.path("releases");
    fs::create_dir(&releases).unwrap();
    let released = releases.join(format!("static-assets-1.2.3-{architecture}"));
    fs::write(&released, "#!/bin/sh\necho \"it runs: $*\"\n").unwrap();
    let pin = |sum: &str| {
        let url = format!("file://{}", releases.display());
        let text = format!("version=1.2.3\nbase_url={url}\nsha256_{architecture}={sum}\n");
        fs::write(buildpack.join("bin/pin"), text).unwrap();
    };
    pin(&"0".repeat(64));
    let (code, text) = stub(&platform, &buildpack, "compile", &[]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("is not what bin/pin names"), "{text}");
    assert!(!text.contains("it runs"), "{text}");

    let sum = std::process::Command::new("sha256sum")
        .arg(&released)
        .output()
        .unwrap();
    let sum = String::from_utf8(sum.stdout).unwrap();
    pin(sum.split(' ').next().unwrap());
    let (code, text) = stub(&platform, &buildpack, "compile", &[]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("Fetching file://"), "{text}");
    assert!(text.contains("it runs: classic compile"), "{text}");

    // The next build gets the buildpack anew, and the program from its cache.
    fs::remove_file(&program).unwrap();
    fs::remove_dir_all(&releases).unwrap();
    let (code, text) = stub(&platform, &buildpack, "compile", &[]);
    assert_eq!(code, 0, "{text}");
    assert!(!text.contains("Fetching"), "{text}");

    fs::remove_file(&program).unwrap();
    fs::remove_dir_all(platform.path("stub-cache")).unwrap();
    let (code, text) = stub(&platform, &buildpack, "compile", &[]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("could not be fetched"), "{text}");
}
