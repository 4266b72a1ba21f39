//! The classic Heroku buildpack (`heroku buildpacks:add`): its stubs, called as Heroku calls them.

use crate::harness::heroku::{Heroku, Slug, architecture};
use crate::harness::pages::{assets, links};
use crate::harness::phoenix::MIX;
use crate::harness::python::Python;
use crate::harness::web::Web;
use crate::harness::{Platform, copy_folder, http, repository, tree};
use fs_err as fs;
use std::collections::BTreeMap;
use std::path::Path;

/// Makes a Django app, and a web server that serves its store.
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
fn django_deployed_twice_is_served_from_the_slug() {
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
        for fact in [
            &version,
            &base,
            "digest: \"",
            "framework: \"django\"",
            "files: \"",
            "bytes: \"",
            "store: \"file:///",
        ] {
            assert!(first.report.contains(fact), "{}", first.report);
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
            .says("0 uploaded")
            .says("commit 4f1c2ab");
        assert_only_refs_were_added(&published, &tree(&platform.store()));
    }
}

/// Fails if the second of two equal builds uploaded anything besides its ref.
#[track_caller]
fn assert_only_refs_were_added(
    before: &BTreeMap<String, Vec<u8>>,
    after: &BTreeMap<String, Vec<u8>>,
) {
    let mut added = after.keys().filter(|key| !before.contains_key(*key));
    assert!(added.all(|key| key.contains(".static-assets/refs/")));
}

/// Fails if the slug holds the path of `BUILD_DIR`: dynos and the next build have the app elsewhere.
#[track_caller]
fn assert_no_path_of_the_build(slug: &Slug) {
    let path = slug.build_dir.display().to_string();
    for (file, content) in tree(&slug.app) {
        // A virtual environment holds its own path, but it belongs to heroku/python.
        let is_of_python = file.starts_with(".heroku/") || file.contains("__pycache__");
        let ours = !is_of_python || file.contains("static_assets");
        let holds_it = memchr::memmem::find(&content, path.as_bytes()).is_some();
        assert!(!(ours && holds_it), "{file} holds the path of BUILD_DIR");
    }
}

const URL: &str = "https://static.example.com/shop";

/// Makes a Phoenix app that is built without Elixir.
fn phoenix() -> Platform {
    let platform = Platform::with("phoenix_monorepo");
    platform.write(
        "project.toml",
        "[io.github.static-assets]\ndigest = \"native\"\n",
    );
    platform
}

#[test]
fn without_a_store_or_framework_nothing_is_published() {
    let empty = Platform::empty();
    let slug = Heroku::app(&empty).build();
    slug.compile
        .succeeds()
        .says("-----> Static assets ")
        .says("STATIC_ASSETS_STORE=s3://bucket/prefix");
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
        .says("STATIC_ASSETS_DIR=dist");
    assert!(tree(&slug.app).is_empty());
}

/// The README switches the other collectstatic off, so without this one nobody collects.
#[test]
fn an_app_for_which_nobody_collects_gets_a_warning() {
    let platform = Platform::with("django_basic");
    let off = || Heroku::app(&platform).config_var("STATIC_ASSETS_DISABLE", "1");
    let ran = off().config_var("DISABLE_COLLECTSTATIC", "1").build();
    ran.compile.succeeds().says("nobody collects static files");
    let ran = off().build();
    ran.compile.succeeds().does_not_say("nobody collects");
}

#[test]
fn config_vars_override_the_pin_and_rebase_slugs() {
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
fn config_vars_that_break_builds_are_ignored() {
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
fn phoenix_without_store_or_procfile_compiles_and_starts() {
    let platform = phoenix();
    let slug = Heroku::app(&platform).build();
    slug.compile
        .succeeds()
        .says("Assets of shop: ")
        .says("STATIC_ASSETS_STORE=s3://bucket/prefix");
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
    slug.compile.succeeds().says("STATIC_ASSETS_COMPILE=1");
    assert_eq!(tree(&slug.app), tree(&platform.app()));

    let slug = heroku
        .config_var("STATIC_ASSETS_COMPILE", "1")
        .build_for_tests();
    slug.compile.succeeds();
    let files = tree(&slug.app);
    assert!(files.contains_key("backend/priv/static/cache_manifest.json"));
    assert!(tree(&platform.store()).is_empty());
}

#[test]
fn phoenix_is_deployed_twice_after_the_elixir_buildpack() {
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
    let runtime_exs = fs::read_to_string(slug.app.join("config/runtime.exs")).unwrap();
    assert!(
        runtime_exs.contains("# static-assets: begin"),
        "{runtime_exs}"
    );
    assert_no_path_of_the_build(&slug);
    slug.compile.succeeds().says("mix assets.deploy");

    let published = tree(&platform.store());
    let again = heroku.build();
    assert_eq!(heroku.dyno_env(&again)["STATIC_URL"], base);
    again.compile.succeeds().says("0 uploaded");
    assert_only_refs_were_added(&published, &tree(&platform.store()));
    assert!(
        platform
            .calls()
            .iter()
            .any(|call| call.contains("mix assets.deploy"))
    );
}

#[test]
fn the_hook_needs_a_python_inside_the_slug() {
    let Some((platform, python, web)) = django("django_basic") else {
        return;
    };
    let heroku = Heroku::app(&platform).publishes_to(&platform.store(), &web.url);
    let path = format!("{}:/usr/bin:/bin", python.folder().join("bin").display());
    let slug = heroku.exported("PATH", &path).build();
    slug.compile
        .exits(1)
        .says("[Error: static assets: ")
        .says(&python.folder().display().to_string())
        .says("STATIC_URL = os.environ.get(\"STATIC_URL\", \"/static/\")");
    assert!(tree(&platform.store()).is_empty());
}

#[test]
fn a_release_phase_runs_the_deferred_upload() {
    let Some((platform, python, web)) = django("django_basic") else {
        return;
    };
    platform.write("Procfile", "release: static-assets publish --prepared\n");
    // Only the release phase knows the store.
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
    let log = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert!(log.contains("STATIC_ASSETS_STORE"), "{log}");

    let heroku = heroku.publishes_to(&platform.store(), &web.url);
    let first = publish(&heroku);
    assert!(first.status.success(), "{first:?}");
    let once = published();
    let server = heroku.serve_django(&slug);
    let page = http::get(&server.url).text();
    let base = heroku.dyno_env(&slug)["STATIC_URL"].clone();
    assert_links_lead_to_the_store(&server.url, &page, &base);

    // The slug still holds the files of a version that was pruned meanwhile.
    let version = heroku.dyno_env(&slug)["STATIC_ASSETS_VERSION"].clone();
    fs::remove_dir_all(platform.store().join(&version)).unwrap();
    let marker = format!(".static-assets/versions/{version}.json");
    fs::remove_file(platform.store().join(&marker)).unwrap();
    let rolled_back = publish(&heroku);
    assert!(rolled_back.status.success(), "{rolled_back:?}");
    let back = published();
    assert!(back.contains_key(&marker), "{marker} did not come back");
    for file in once.keys().filter(|file| file.starts_with(&version)) {
        assert!(back.contains_key(file), "{file} did not come back");
    }
    slug.compile
        .succeeds()
        .says("static-assets publish --prepared")
        .does_not_say("release: static-assets publish --prepared");
}

#[test]
fn a_release_phase_without_upload_gets_a_warning() {
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
fn a_release_phase_succeeds_if_nothing_was_deferred() {
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
fn nothing_is_written_through_a_linked_directory() {
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
            .error_names(&format!("/{folder}"));
        assert!(tree(&outside).is_empty());
    }
}

#[test]
fn phoenix_settings_are_validated_without_a_store() {
    let platform = phoenix();
    let heroku = Heroku::app(&platform).config_var("STATIC_ASSETS_DIGEST", "natve");
    heroku
        .build()
        .compile
        .exits(1)
        .says("STATIC_ASSETS_DIGEST can't be 'natve'");
}

/// Makes a mirror of the official Node.js distribution. It holds one version, whose programs are stand-ins.
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

/// Makes an app with no Node.js on `PATH`, which downloads from the mirror.
fn without_node<'a>(platform: &'a Platform, mirror: &str) -> Heroku<'a> {
    Heroku::app(platform)
        .publishes_to(&platform.store(), URL)
        .config_var("STATIC_ASSETS_NODE_URL", mirror)
        .config_var("CALLS", platform.path("calls").to_str().unwrap())
        .exported("PATH", platform.path("bin").to_str().unwrap())
}

#[test]
fn node_is_downloaded_verified_cached_and_not_deployed() {
    let platform = Platform::with("phoenix_1_5").tools();
    let dist = node_distribution(&platform, "20.18.0");
    // The mirror answers the first request with 503.
    let mut busy = 1;
    let mirror = Web::changing(&dist, move |_, served| {
        if busy > 0 {
            busy -= 1;
            *served = crate::harness::web::Served::empty(503);
        }
    });
    let heroku = without_node(&platform, &mirror.url);
    let slug = heroku.build().compiled();
    let log = slug.compile.stdout();
    assert!(log.contains("Node.js 20.18.0 ("), "{log}");
    assert!(!tree(&slug.app).keys().any(|file| file.contains("bin/node")));
    let requests = mirror.requests().len();
    assert_eq!(requests, 4, "{:?}", mirror.requests());
    assert!(
        platform
            .calls()
            .iter()
            .any(|call| call.starts_with("npm ci"))
    );

    // If the app asks for the cached version, the mirror gets no request.
    platform.edit(
        "assets/package.json",
        "\"private\": true",
        "\"private\": true, \"engines\": {\"node\": \">=18 <21\"}",
    );
    platform.write("phoenix_static_buildpack.config", "remove_node=false\n");
    let slug = heroku.build().compiled();
    let log = slug.compile.stdout();
    assert!(log.contains("Node.js 20.18.0 (>=18 <21 "), "{log}");
    assert_eq!(mirror.requests().len(), requests);
    // remove_node=false puts it into the slug.
    let version = heroku.dyno(&slug, &["node", "--version"]).output().unwrap();
    assert_eq!(version.stdout, b"v20.18.0\n");
}

#[test]
fn a_missing_or_altered_node_stops_the_build() {
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
    for range in ["16.x", "sixteen"] {
        engines(range);
        let ran = heroku.build().compile.exits(1);
        ran.says("[Error: static assets: ")
            .says(range)
            .says("engines in package.json")
            .says("22.x");
    }
    for url in [
        "https://user:hunter2secret@mirror.example.com/dist",
        "nodejs.org/dist",
    ] {
        let heroku = without_node(&platform, url);
        let ran = heroku.build().compile.exits(1);
        ran.line_names(&["STATIC_ASSETS_NODE_URL", "(config var)"])
            .does_not_say("hunter2secret");
    }
    engines("20");
    let sums = dist.join("v20.18.0/SHASUMS256.txt");
    let right = fs::read_to_string(&sums).unwrap();
    fs::write(&sums, format!("{}{}", "0".repeat(64), &right[64..])).unwrap();
    let ran = heroku.build().compile.exits(1);
    ran.says("SHASUMS256.txt");
    assert_eq!(platform.calls(), [""; 0], "an unverified program was run");
    assert!(
        tree(&heroku.cache())
            .keys()
            .all(|file| !file.contains("bin/node"))
    );
    assert!(tree(&platform.store()).is_empty());
}

/// Runs a stub and returns its exit code and output.
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
        let package = format!("static-assets-linux-{}.cnb", architecture());
        assert!(text.contains(&package), "{text}");
    }
}

/// Fills a mirror with a release of stand-ins, and returns the pin that `script/package pin` writes for it.
fn pin_of_mirror(platform: &Platform, mirror: &Path) -> String {
    let made = platform.path("made");
    fs::create_dir(&made).unwrap();
    for program in ["static-assets-linux-amd64", "static-assets-linux-arm64"] {
        fs::write(made.join(program), "#!/bin/sh\necho \"it runs: $*\"\n").unwrap();
    }
    fs::write(made.join("sbom.cdx.json"), "{\"bomFormat\": \"CycloneDX\"}").unwrap();
    let checkout = platform.path("checkout");
    for dir in ["script", "bin", "auto"] {
        copy_folder(&repository().join(dir), &checkout.join(dir));
    }
    for file in ["Cargo.toml", "buildpack.toml", "LICENSE", "README.md"] {
        fs::copy(repository().join(file), checkout.join(file)).unwrap();
    }
    let package = |arguments: &[&str]| {
        let mut command = std::process::Command::new(checkout.join("script/package"));
        let command = command.args(arguments).arg("--dist").arg(mirror);
        let command = command.env("STATIC_ASSETS_CACHE", platform.path("cache"));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    package(&["--from", &made.display().to_string()]);
    package(&["pin", &format!("file://{}/", mirror.display())]);
    fs::read_to_string(checkout.join("bin/pin")).unwrap()
}

#[test]
fn a_missing_program_is_downloaded_by_its_pin() {
    let platform = Platform::empty();
    let buildpack = Heroku::app(&platform).buildpack();
    let architecture = architecture();
    let program = buildpack.join(format!("dist/static-assets-linux-{architecture}"));
    fs::remove_file(&program).unwrap();
    let (code, text) = stub(&platform, &buildpack, "compile", &[]);
    assert_eq!(code, 1, "{text}");
    for fact in ["bin/pin", "script/package", "static-assets-heroku.tgz"] {
        assert!(text.contains(fact), "{text}");
    }

    let mirror = platform.path("mirror");
    let pin = pin_of_mirror(&platform, &mirror);
    for line in [
        "version=1.0.0",
        "base_url=file://",
        "sha256_amd64=",
        "sha256_arm64=",
    ] {
        assert!(pin.contains(line), "{pin}");
    }
    fs::write(buildpack.join("bin/pin"), &pin).unwrap();

    let file = mirror.join(format!("static-assets-linux-{architecture}"));
    let own = fs::read(&file).unwrap();
    fs::write(&file, "#!/bin/sh\necho \"it runs: another\"\n").unwrap();
    let (code, text) = stub(&platform, &buildpack, "compile", &[]);
    assert_eq!(code, 1, "{text}");
    let sum = pin
        .split(&format!("sha256_{architecture}="))
        .nth(1)
        .unwrap();
    assert!(text.contains(&sum[..64]), "{text}");
    assert!(!text.contains("it runs"), "{text}");
    fs::write(&file, own).unwrap();

    let (code, text) = stub(&platform, &buildpack, "compile", &[]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("file://"), "{text}");
    assert!(text.contains("it runs: classic compile"), "{text}");

    // The next build gets a fresh buildpack and takes the program from its cache.
    fs::remove_file(&program).unwrap();
    fs::remove_dir_all(&mirror).unwrap();
    let (code, text) = stub(&platform, &buildpack, "compile", &[]);
    assert_eq!(code, 0, "{text}");
    assert!(!text.contains("file://"), "{text}");

    fs::remove_file(&program).unwrap();
    fs::remove_dir_all(platform.path("stub-cache")).unwrap();
    let (code, text) = stub(&platform, &buildpack, "compile", &[]);
    assert_eq!(code, 1, "{text}");
    let url = format!("file://{}", mirror.display());
    assert!(text.contains(&url), "{text}");
}
