//! `heroku buildpacks:add`: the stubs, called as Heroku calls them.

use crate::harness::heroku::{Heroku, Slug};
use crate::harness::pages::{assets, links};
use crate::harness::phoenix::MIX;
use crate::harness::python::Python;
use crate::harness::web::Web;
use crate::harness::{Platform, copy_folder, http, repository, tree};
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
        // A virtual environment holds its own place, and is heroku/python's.
        let is_of_python = file.starts_with(".heroku/") || file.contains("__pycache__");
        let ours = !is_of_python || file.contains("static_assets");
        let holds_it = memchr::memmem::find(&content, path.as_bytes()).is_some();
        assert!(!(ours && holds_it), "{file} holds the folder of the build");
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
    let wrong = stage("STATIC_ASSETS_VERSION", "v0");
    assert_eq!(wrong.dyno_env(&slug)["STATIC_ASSETS_VERSION"], version);
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
    let web = "web: \"cd backend && elixir --sname server -S mix phx.server\"";
    assert!(slug.release.contains(web), "{}", slug.release);

    platform.write("Procfile", "release: bin/migrate\n");
    let slug = Heroku::app(&platform).build().compiled();
    assert!(slug.release.contains(web), "{}", slug.release);
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
        .exported("PATH", &path);
    let slug = heroku.build().compiled();
    let base = heroku.dyno_env(&slug)["STATIC_URL"].clone();
    assert!(base.starts_with(URL), "{base}");
    assert_eq!(slug.next["STATIC_URL"], base);
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

#[test]
fn a_release_phase_is_not_blocked_by_a_build_that_has_published_or_was_told_not_to() {
    let platform = phoenix();
    platform.write("Procfile", "release: static-assets publish --prepared\n");
    for mode in ["build", "off"] {
        let heroku = Heroku::app(&platform)
            .publishes_to(&platform.store(), URL)
            .config_var("STATIC_ASSETS_PUBLISH", mode)
            .config_var("STATIC_ASSETS_CHECK", "off");
        let slug = heroku.build().compiled();
        let release = heroku
            .dyno(&slug, &["static-assets", "publish", "--prepared"])
            .output()
            .unwrap();
        assert!(release.status.success(), "{mode}: {release:?}");
    }
}

#[test]
fn a_link_in_the_place_of_a_folder_is_not_written_through() {
    for folder in [".profile.d", ".static-assets"] {
        let platform = phoenix();
        let outside = platform.path("outside");
        fs::create_dir(&outside).unwrap();
        std::os::unix::fs::symlink(&outside, platform.app().join(folder)).unwrap();
        let heroku = Heroku::app(&platform).publishes_to(&platform.store(), URL);
        heroku
            .build()
            .compile
            .exits(1)
            .says("A link in the place of a folder");
        assert!(tree(&outside).is_empty());
    }
}

#[test]
fn settings_of_phoenix_are_judged_where_it_is_compiled_without_a_store() {
    let platform = phoenix();
    let heroku = Heroku::app(&platform).config_var("STATIC_ASSETS_DIGEST", "natve");
    heroku
        .build()
        .compile
        .exits(1)
        .says("STATIC_ASSETS_DIGEST is 'natve'");
}

/// A mirror of the official distribution with one version, whose programs are stand-ins.
fn node_distribution(platform: &Platform, version: &str) -> std::path::PathBuf {
    const NPM: &str = "#!/bin/sh\necho \"npm $*\" >> \"$CALLS\"\ncase \"$1\" in ci) mkdir node_modules ;;\n\
                       run) mkdir -p ../priv/static/css ../priv/static/js; cp css/app.css ../priv/static/css/\n\
                       cp js/app.js ../priv/static/js/ ;; esac\n";
    let architecture = match std::env::consts::ARCH {
        "aarch64" => "arm64",
        _ => "x64",
    };
    let name = format!("node-v{version}-linux-{architecture}");
    let dist = platform.path("dist");
    let bin = platform.path("unpacked").join(&name).join("bin");
    fs::create_dir_all(&bin).unwrap();
    fs::create_dir_all(dist.join(format!("v{version}"))).unwrap();
    fs::write(bin.join("node"), format!("#!/bin/sh\necho v{version}\n")).unwrap();
    fs::write(bin.join("npm"), NPM).unwrap();
    for program in ["node", "npm"] {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(bin.join(program), mode).unwrap();
    }
    let archive = dist.join(format!("v{version}/{name}.tar.gz"));
    let run = |program: &str, arguments: &[&str]| {
        let output = std::process::Command::new(program)
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let (from, to) = (platform.path("unpacked"), archive.display().to_string());
    run("tar", &["-czf", &to, "-C", from.to_str().unwrap(), &name]);
    let sum = run("sha256sum", &[&to]);
    let sum = sum.split(' ').next().unwrap();
    let sums = format!("{sum}  {name}.tar.gz\n");
    fs::write(dist.join(format!("v{version}/SHASUMS256.txt")), sums).unwrap();
    let index = format!(
        "[{{\"version\": \"v{version}\", \"lts\": \"Iron\", \"files\": [\"linux-{architecture}\"]}}]"
    );
    fs::write(dist.join("index.json"), index).unwrap();
    dist
}

/// Whose PATH has no Node.js.
fn without_node<'a>(platform: &'a Platform, mirror: &str) -> Heroku<'a> {
    Heroku::app(platform)
        .publishes_to(&platform.store(), URL)
        .config_var("STATIC_ASSETS_NODE_URL", mirror)
        .config_var("CALLS", platform.path("calls").to_str().unwrap())
        .exported("PATH", platform.path("bin").to_str().unwrap())
}

#[test]
fn node_is_fetched_where_a_pipeline_needs_it_checked_kept_and_not_deployed() {
    let platform = Platform::with("phoenix_1_5").tools();
    let dist = node_distribution(&platform, "20.18.0");
    // The mirror is busy at first.
    let mut busy = 1;
    let mirror = Web::changing(&dist, move |_, served| {
        if busy > 0 {
            busy -= 1;
            *served = crate::harness::web::Served::empty(503);
        }
    });
    let heroku = without_node(&platform, &mirror.url);
    let slug = heroku.build().compiled();
    let said = slug.compile.stdout();
    assert!(said.contains("Node.js 20.18.0 (the newest LTS"), "{said}");
    assert!(!tree(&slug.app).keys().any(|file| file.contains("bin/node")));
    let asked = mirror.requests().len();
    assert_eq!(asked, 4, "{:?}", mirror.requests());
    assert!(
        platform
            .calls()
            .iter()
            .any(|call| call.starts_with("npm ci"))
    );

    // What is kept is taken without a word to the network, where the app asks for what it is.
    platform.edit(
        "assets/package.json",
        "\"private\": true",
        "\"private\": true, \"engines\": {\"node\": \">=18 <21\"}",
    );
    platform.write("phoenix_static_buildpack.config", "remove_node=false\n");
    let slug = heroku.build().compiled();
    let said = slug.compile.stdout();
    let kept = "Node.js 20.18.0 (>=18 <21 of engines in package.json) from the cache";
    assert!(said.contains(kept), "{said}");
    assert_eq!(mirror.requests().len(), asked);
    // Asked for, it is there for the running app.
    let version = heroku.dyno(&slug, &["node", "--version"]).output().unwrap();
    assert_eq!(version.stdout, b"v20.18.0\n");
}

#[test]
fn node_that_is_not_there_or_not_what_it_should_be_ends_the_build() {
    let platform = Platform::with("phoenix_1_5").tools();
    let dist = node_distribution(&platform, "20.18.0");
    let mirror = Web::of(&dist);
    let heroku = without_node(&platform, &mirror.url);
    let engines = |range: &str| {
        let json = format!(
            "{{\"private\": true, \"engines\": {{\"node\": \"{range}\"}}, \"scripts\": {{\"deploy\": \"x\"}}}}"
        );
        platform.write("assets/package.json", &json);
    };
    for (range, said) in [
        (
            "16.x",
            "[Error: static assets: No Node.js version matches '16.x' (engines in package.json)]",
        ),
        (
            "sixteen",
            "[Error: static assets: Not a version range of Node.js: 'sixteen'",
        ),
    ] {
        engines(range);
        let ran = heroku.build().compile.exits(1);
        ran.says(said)
            .says("The asset pipeline needs Node.js, and 'node' is not on PATH.");
    }
    for url in [
        "https://user:hunter2secret@mirror.example.com/dist",
        "nodejs.org/dist",
    ] {
        let heroku = without_node(&platform, url);
        let ran = heroku.build().compile.exits(1);
        ran.says("STATIC_ASSETS_NODE_URL (config var) is not a URL")
            .does_not_say("hunter2secret");
    }
    engines("20");
    let sums = dist.join("v20.18.0/SHASUMS256.txt");
    let right = fs::read_to_string(&sums).unwrap();
    fs::write(&sums, format!("{}{}", "0".repeat(64), &right[64..])).unwrap();
    let ran = heroku.build().compile.exits(1);
    ran.says("[Error: static assets: Wrong checksum: ")
        .says("nothing of it");
    assert!(
        tree(&heroku.cache())
            .keys()
            .all(|file| !file.contains("bin/node"))
    );
    assert!(tree(&platform.store()).is_empty());
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

    // What `script/package pin` writes, for the files that it has made, published under their own names.
    let mirror = platform.path("mirror");
    fs::create_dir(&mirror).unwrap();
    let name = format!("static-assets-{architecture}");
    for file in [
        "static-assets-x86_64",
        "static-assets-aarch64",
        "SHA256SUMS",
    ] {
        fs::write(mirror.join(file), "#!/bin/sh\necho \"it runs: $*\"\n").unwrap();
    }
    let file = mirror.join(&name);
    let house = platform.path("house");
    for (from, to) in [("script", "script"), ("bin", "bin")] {
        copy_folder(&repository().join(from), &house.join(to));
    }
    fs::copy(repository().join("Cargo.toml"), house.join("Cargo.toml")).unwrap();
    copy_folder(&mirror, &house.join("dist"));
    let output = std::process::Command::new(house.join("script/package"))
        .args(["pin", &format!("file://{}/", mirror.display())])
        .env("STATIC_ASSETS_CACHE", platform.path("cache"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let pin = fs::read_to_string(house.join("bin/pin")).unwrap();
    for line in [
        "version=1.0.0",
        "base_url=file://",
        "sha256_x86_64=",
        "sha256_aarch64=",
    ] {
        assert!(pin.contains(line), "{pin}");
    }
    fs::write(buildpack.join("bin/pin"), &pin).unwrap();

    let own = fs::read(&file).unwrap();
    fs::write(&file, "#!/bin/sh\necho \"it runs: another\"\n").unwrap();
    let (code, text) = stub(&platform, &buildpack, "compile", &[]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("is not what bin/pin names"), "{text}");
    assert!(!text.contains("it runs"), "{text}");
    fs::write(&file, own).unwrap();

    let (code, text) = stub(&platform, &buildpack, "compile", &[]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("Fetching file://"), "{text}");
    assert!(text.contains("it runs: classic compile"), "{text}");

    // The next build gets the buildpack anew, and the program from its cache.
    fs::remove_file(&program).unwrap();
    fs::remove_dir_all(&mirror).unwrap();
    let (code, text) = stub(&platform, &buildpack, "compile", &[]);
    assert_eq!(code, 0, "{text}");
    assert!(!text.contains("Fetching"), "{text}");

    fs::remove_file(&program).unwrap();
    fs::remove_dir_all(platform.path("stub-cache")).unwrap();
    let (code, text) = stub(&platform, &buildpack, "compile", &[]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("could not be fetched"), "{text}");
}
