//! The packages of a Phoenix app, and the scripts that make its assets: how Node.js and its package managers are handled.
//! All of them are stand-ins here.

use crate::harness::Platform;
use crate::harness::phoenix::MIX;
use fs_err as fs;
use serde_json::Value;

fn manifest(platform: &Platform, path: &str) -> Value {
    serde_json::from_str(&platform.read(path)).unwrap()
}

#[test]
fn packages_are_cached_and_not_in_the_image() {
    let Some(platform) = Platform::with("phoenix_1_4").file_store().node() else {
        return;
    };
    let ran = platform
        .build_with_cache()
        .succeeds()
        .says("phoenix_static_buildpack.config is read as data. Used: clean_cache, node_version")
        .says("npm_version is not used: the one on PATH runs")
        .says("remove_node is not needed")
        .says("npm ci --include=dev --no-audit --no-fund in assets, ")
        .says("Assets of shop: deploy of package.json\n")
        .says("so the URL becomes a part of the image")
        .says("\"/images/logo.svg\" is written by hand and stays on the app's own host");
    assert!(!platform.app().join("assets/node_modules").exists());
    assert!(
        ran.layers
            .join("cache/shop/node_modules/bundle")
            .is_symlink()
    );
    let types = fs::read_to_string(ran.layers.join("cache.toml")).unwrap();
    assert!(
        types.contains("cache = true") && !types.contains("launch"),
        "{types}"
    );
    let version = ran.launch("STATIC_ASSETS_VERSION");
    let manifest = manifest(&platform, "priv/static/cache_manifest.json");
    let css = manifest["latest"]["css/app.css"].as_str().unwrap();
    assert!(
        css.starts_with(&format!("/static.example.com/shop/{version}/css/app-")),
        "{css}"
    );
    assert_eq!(manifest["digests"][css]["logical_path"], "css/app.css");

    // The packages come back; another lock file throws them away.
    fs::remove_dir_all(platform.app().join("priv")).unwrap();
    platform
        .build_with_cache()
        .succeeds()
        .says("assets/node_modules from the cache")
        .does_not_say("npm ci")
        .says("unchanged: 0 uploaded");
    platform.edit(
        "assets/package-lock.json",
        "\"requires\": true",
        "\"requires\":  true",
    );
    fs::remove_dir_all(platform.app().join("priv")).unwrap();
    platform.build_with_cache().succeeds().says("npm ci");
}

#[test]
fn existing_packages_are_not_installed_again() {
    let platform = Platform::with("phoenix_1_4").file_store().stand_in(
        "npm",
        "mkdir -p ../priv/static/css && cp css/app.css ../priv/static/css/",
    );
    platform.write("assets/node_modules/bundle/package.json", "{}");
    platform
        .build()
        .succeeds()
        .says("assets/node_modules exists already and is used as it is");
    assert_eq!(platform.calls(), ["/assets npm run deploy"]);
    assert!(platform.app().join("assets/node_modules").exists());
}

#[test]
fn failures_of_node_say_what_to_do() {
    let without = Platform::with("phoenix_1_4").file_store();
    without
        .build()
        .exits(1)
        .says("[Error: static assets: No Node.js: 'npm' is not on PATH]")
        .says("This build step does not download Node.js")
        .says("--buildpack heroku/nodejs");
    for (output, title, fix) in [
        (
            "npm error `npm ci` can only install packages when your package.json and package-lock.json are in sync.",
            "The lock file does not match package.json",
            "npm install && git add package-lock.json",
        ),
        (
            "npm error code E401",
            "A package registry requires a login",
            "${NPM_TOKEN}",
        ),
        (
            "npm error code ENOTFOUND",
            "A download failed",
            "HTTPS_PROXY",
        ),
        (
            "  code: 'ERR_OSSL_EVP_UNSUPPORTED'",
            "Webpack 4 does not run on this Node.js",
            "NODE_OPTIONS=--openssl-legacy-provider DISABLE_V8_COMPILE_CACHE=1",
        ),
        (
            "npm error Missing script: \"deploy\"",
            "package.json has no script 'deploy'",
            "Add the script to package.json",
        ),
    ] {
        let script = format!("cat <<'END' >&2\n{output}\nEND\nexit 1");
        let platform = Platform::with("phoenix_1_4")
            .file_store()
            .stand_in("npm", &script);
        platform.build().exits(1).says(title).says(fix).says(output);
    }
}

#[test]
fn another_node_version_is_logged() {
    let platform = Platform::with("phoenix_1_4")
        .file_store()
        .stand_in("npm", "exit 1")
        .stand_in("node", "echo v22.1.0");
    platform
        .build()
        .exits(1)
        .says("Node.js 22.1.0 is on PATH, phoenix_static_buildpack.config asks for 20.11.0.")
        .says("Node.js is 22.1.0 here; phoenix_static_buildpack.config asks for 20.11.0.");
}

#[test]
fn a_missing_script_is_fatal_without_another_pipeline() {
    let platform = Platform::with("phoenix_1_8")
        .file_store()
        .stand_in("mix", MIX);
    platform.write("assets/package.json", "{\"scripts\": {\"watch\": \"x\"}}");
    platform
        .build()
        .succeeds()
        .says("mix assets.deploy (alias in mix.exs)");
    let platform = Platform::with("phoenix_1_4").file_store().tools();
    platform.write("assets/package.json", "{\"scripts\": {\"watch\": \"x\"}}");
    platform
        .build()
        .exits(1)
        .says("[Error: static assets: Nothing says how the assets of shop are made]")
        .says("package.json has no script deploy or build (it has: watch)");
    platform.write("assets/package.json", "{ not json");
    platform
        .build()
        .exits(1)
        .says("assets/package.json is not valid JSON]");
}

#[test]
fn the_compile_script_runs_as_a_child() {
    let platform = Platform::with("phoenix_1_4").file_store().tools();
    platform.write("assets/package.json", "{}");
    platform.write(
        "compile",
        "head 'Building'\ninfo \"in $(basename \"$assets_dir\"), $phoenix_ex, node $node_version\" > said\n\
         mkdir -p $phoenix_dir/priv/static/css && cp css/app.css $phoenix_dir/priv/static/css/ | indent\ncd $phoenix_dir\n",
    );
    platform
        .build()
        .succeeds()
        .says("phoenix_static_buildpack.config is read as data. Used: clean_cache, node_version")
        .says("Assets of shop: the script compile (phoenix_static_buildpack.config)\n");
    assert_eq!(
        platform.read("assets/said"),
        "       in assets, phx, node 20.11.0\n"
    );
    platform.write("compile", "exit 3\n");
    platform.build().exits(1).says("failed with status 3");
}

#[test]
fn each_package_manager_installs_by_its_lock_file() {
    for (lock, content, install, deploy) in [
        (
            "yarn.lock",
            "# yarn lockfile v1\n",
            "yarn install --frozen-lockfile --production=false",
            "yarn run deploy",
        ),
        (
            "yarn.lock",
            "__metadata:\n",
            "yarn install --immutable",
            "yarn run deploy",
        ),
        (
            "pnpm-lock.yaml",
            "",
            "pnpm install --frozen-lockfile --prod=false",
            "pnpm run deploy",
        ),
        (
            "bun.lock",
            "{}",
            "bun install --frozen-lockfile",
            "bun run deploy",
        ),
    ] {
        let program = install.split(' ').next().unwrap();
        let platform = Platform::with("phoenix_1_4").file_store().stand_in(
            program,
            "mkdir -p ../priv/static/css && cp css/app.css ../priv/static/css/",
        );
        fs::remove_file(platform.app().join("assets/package-lock.json")).unwrap();
        platform.write(&format!("assets/{lock}"), content);
        platform.build().succeeds().says(install);
        assert_eq!(
            platform.calls(),
            [format!("/assets {install}"), format!("/assets {deploy}")]
        );
    }
    let unlocked = Platform::with("phoenix_1_4").file_store().stand_in(
        "npm",
        "mkdir -p ../priv/static/css && cp css/app.css ../priv/static/css/",
    );
    fs::remove_file(unlocked.app().join("assets/package-lock.json")).unwrap();
    unlocked
        .build()
        .succeeds()
        .says("assets/package.json has no lock file, so each build installs the newest versions");
}

#[test]
fn packages_that_nothing_runs_are_not_required() {
    let platform = Platform::with("phoenix_1_8")
        .file_store()
        .stand_in("mix", MIX);
    platform.write(
        "assets/package.json",
        "{\"devDependencies\": {\"prettier\": \"3\"}}",
    );
    platform.build().succeeds().says(
        "assets/package.json has dependencies, but 'npm' is not on PATH. They are not installed",
    );
    let manager = Platform::with("phoenix_1_4")
        .file_store()
        .stand_in("node", "echo v20.11.0");
    fs::remove_file(manager.app().join("assets/package-lock.json")).unwrap();
    manager.write("assets/yarn.lock", "");
    manager
        .build()
        .exits(1)
        .says("[Error: static assets: assets/package.json uses yarn, but yarn is not on PATH]")
        .says("corepack enable");
}

#[test]
fn a_manifest_of_a_bundler_is_no_digest() {
    // As webpack-manifest-plugin writes it with a setting of its own.
    let bundler = "mkdir -p ../priv/static/css && cp css/app.css ../priv/static/css/ \
                   && echo '{\"app.css\": \"css/app.css\"}' > ../priv/static/cache_manifest.json";
    let platform = Platform::with("phoenix_1_4")
        .file_store()
        .stand_in("npm", bundler);
    platform
        .build()
        .succeeds()
        .says("digested 1 file without Mix");
    let manifest = platform.read("priv/static/cache_manifest.json");
    assert!(manifest.contains("/css/app-"), "{manifest}");
}

#[test]
fn packages_of_a_command_stay_out_of_the_image() {
    let platform = Platform::with("phoenix_1_4").file_store().tools().env(
        "STATIC_ASSETS_COMPILE_COMMAND",
        "mkdir -p assets/node_modules/x priv/static/css && cp assets/css/app.css priv/static/css/",
    );
    let ran = platform.build_with_cache().succeeds();
    assert!(!platform.app().join("assets/node_modules").exists());
    assert!(ran.layers.join("cache/shop/node_modules/x").exists());
}

#[test]
fn odd_package_json_fields_are_read_like_npm() {
    for json in [
        "\u{feff}{\"scripts\": {\"deploy\": \"x\"}, \"engines\": [\"node >= 0.8\"]}",
        "{\"scripts\": {\"deploy\": \"x\"}, \"dependencies\": [], \"packageManager\": {}}",
        "{\"scripts\": null, \"scripts\": {\"deploy\": \"x\", \"build\": 5}}",
    ] {
        let platform = Platform::with("phoenix_1_4").file_store().stand_in(
            "npm",
            "mkdir -p ../priv/static/css && cp css/app.css ../priv/static/css/",
        );
        platform.write("assets/package.json", json);
        platform.build().succeeds();
        assert_eq!(platform.calls(), ["/assets npm run deploy"], "{json}");
    }
}
