//! A Phoenix app from its sources to the image, without Phoenix: what this build step does by itself, and how it
//! handles Mix and Node.js. `mix` is a stand-in here; what Phoenix does is shown in `phoenix_real`.

use crate::harness::phoenix::MIX;
use crate::harness::{Platform, copy_folder, tree};
use fs_err as fs;
use serde_json::Value;
use std::os::unix::fs::symlink;
use std::path::Path;

const URL: &str = "https://static.example.com/shop";

fn published(platform: &Platform) -> Vec<String> {
    let version = fs::read_dir(platform.store())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .find(|name| !name.starts_with('.'))
        .expect("no version");
    tree(&platform.store().join(version)).into_keys().collect()
}

fn manifest(platform: &Platform, path: &str) -> Value {
    serde_json::from_str(&platform.read(path)).unwrap()
}

/// Its `priv/static` is all there is to it.
fn static_only() -> Platform {
    Platform::with("phoenix_monorepo").file_store()
}

#[test]
fn priv_static_is_digested_without_elixir() {
    let platform = static_only();
    let ran = platform
        .build()
        .succeeds()
        .says(
            "- backend/mix.exs: shop (ShopWeb.Endpoint), Phoenix of unknown version, priv/static\n",
        )
        .says("Assets of shop: digest only (priv/static)")
        .says("digested 1 file without Mix")
        .says("a block was appended to backend/config/runtime.exs in the image")
        .says("config :shop, ShopWeb.Endpoint, static_url: [path: static_url]")
        .says("Fallback: full copy in backend/priv/static; STATIC_URL=/ serves from the app again");
    let version = ran.launch("STATIC_ASSETS_VERSION");
    assert_eq!(ran.launch("STATIC_URL"), format!("{URL}/{version}/"));
    let names = [
        "assets/app-c13ba1ae6cf2d43f4b98b95a8f6ba94c.css",
        "assets/app.css",
    ];
    let found = published(&platform);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found[0].starts_with("assets/app-") && found[1] == names[1],
        "{found:?}"
    );
    assert!(
        !found
            .iter()
            .any(|name| name.contains("manifest") || name.contains(".gz"))
    );
    let lines = platform.read("backend/config/runtime.exs");
    assert!(lines.contains(
        "static_url: static_assets_host.(:shop, ShopWeb.Endpoint) ++ [path: static_assets_url])"
    ));
    assert!(ran.layer_names() == ["env"], "{:?}", ran.layer_names());
}

#[test]
fn a_second_build_is_equal_and_uploads_nothing() {
    let (one, other) = (static_only(), static_only());
    one.build().succeeds();
    let ran = other.build().succeeds();
    assert_eq!(tree(&one.app()), tree(&other.app()));
    let manifest = manifest(&one, "backend/priv/static/cache_manifest.json");
    let digests = manifest["digests"].as_object().unwrap();
    // The first second of 1980, as Erlang counts.
    assert!(
        digests
            .values()
            .all(|digest| digest["mtime"] == 62_482_752_001_u64)
    );
    // Over the same app, which has the lines and the digest already.
    let version = ran.launch("STATIC_ASSETS_VERSION");
    let again = other.build().succeeds().says("unchanged: 0 uploaded");
    assert_eq!(again.launch("STATIC_ASSETS_VERSION"), version);
    assert_eq!(tree(&one.app()), tree(&other.app()));
}

#[test]
fn source_date_epoch_is_the_time_of_the_manifest() {
    let platform = static_only().env("SOURCE_DATE_EPOCH", "1000000000");
    platform.build().succeeds();
    let manifest = platform.read("backend/priv/static/cache_manifest.json");
    assert!(manifest.contains("\"mtime\":63167219200"), "{manifest}");
    platform
        .env("SOURCE_DATE_EPOCH", "yesterday")
        .build()
        .exits(1)
        .says("SOURCE_DATE_EPOCH is not a number of seconds: 'yesterday'");
}

#[test]
fn each_umbrella_app_has_its_own_manifest() {
    let platform = Platform::with("phoenix_umbrella").file_store();
    let ran = platform
        .build()
        .succeeds()
        .says("umbrella mix.exs: admin_web (AdminWeb.Endpoint), Phoenix 1.7.24, priv/static; shop_web (ShopWeb")
        .says("1 url(/…) in stylesheets made relative, so that they work under a prefix (assets/app.css)");
    let found = published(&platform);
    assert!(
        found.contains(&"admin_web/assets/app.css".to_owned()),
        "{found:?}"
    );
    assert!(found.contains(&"shop_web/fonts/shop.woff2".to_owned()));
    assert!(
        !found
            .iter()
            .any(|name| name.starts_with("api_web") || name.contains("manifest"))
    );
    let lines = platform.read("config/runtime.exs");
    for line in [
        "static_url: static_assets_host.(:admin_web, AdminWeb.Endpoint) ++ [path: static_assets_url <> \"/admin_web\"])",
        "static_url: static_assets_host.(:shop_web, ShopWeb.Endpoint) ++ [path: static_assets_url <> \"/shop_web\"])",
    ] {
        assert!(lines.contains(line), "{lines}");
    }
    let css = platform.read("apps/shop_web/priv/static/assets/app.css");
    assert!(css.contains("url(\"../fonts/shop.woff2\")"), "{css}");
    let own = "config :shop_web, ShopWeb.Endpoint, static_url: [path: static_url <> \"/shop_web\"]";
    ran.says(own);
}

#[test]
fn an_alias_runs_after_setup_and_compile() {
    let platform = Platform::with("phoenix_1_8")
        .file_store()
        .stand_in("mix", MIX);
    platform
        .build()
        .succeeds()
        .says("- mix.exs: shop (ShopWeb.Endpoint), Phoenix 1.8.12, alias assets.deploy\n")
        .says("Assets of shop: mix assets.deploy (alias in mix.exs)\n");
    assert_eq!(
        platform.calls(),
        [
            " mix assets.setup",
            " mix compile",
            " mix assets.deploy",
            " mix phx.digest"
        ]
    );
    // The time of the build is in no image.
    assert!(
        !platform
            .read("priv/static/cache_manifest.json")
            .contains("63900000000")
    );
}

#[test]
fn mix_sees_production_and_no_storage_key() {
    let seen = "env > \"$HOME/seen\"";
    let platform = Platform::with("phoenix_1_8")
        .file_store()
        .stand_in("mix", &format!("{seen}\n{MIX}"))
        .env("AWS_ACCESS_KEY_ID", "AKIACANARYCANARY0000")
        .env("AWS_SECRET_ACCESS_KEY", "canary-canary-canary-canary")
        .env("STATIC_ASSETS_BUILD_ENV", "MINE='two words'");
    let home = platform.path("tmp");
    let platform = platform.env("HOME", &home);
    platform.build().succeeds();
    let env = fs::read_to_string(home.join("seen")).unwrap();
    for line in [
        "MIX_ENV=prod",
        "LC_ALL=C.UTF-8",
        "MINE=two words",
        "AWS_ACCESS_KEY_ID=removed-by-static-assets",
    ] {
        assert!(
            env.lines().any(|seen| seen == line),
            "{line} is not in {env}"
        );
    }
    assert!(!env.contains("canary"), "{env}");
    let platform = platform.env("MIX_ENV", "staging");
    platform.build().succeeds();
    let env = fs::read_to_string(home.join("seen")).unwrap();
    assert!(env.contains("MIX_ENV=staging"));
}

#[test]
fn mix_is_found_in_platform_tools() {
    let platform = Platform::with("phoenix_1_8")
        .file_store()
        .stand_in("mix", MIX);
    let bin = platform.app().join(".platform_tools/elixir/bin");
    fs::create_dir_all(&bin).unwrap();
    fs::rename(platform.path("bin/mix"), bin.join("mix")).unwrap();
    platform.tools().build().succeeds();
}

#[test]
fn a_digest_that_did_nothing_ends_the_build() {
    for script in [
        "exit 0",
        "echo 'The input path \"priv/static\" does not exist' >&2",
    ] {
        let platform = Platform::with("phoenix_1_8")
            .file_store()
            .stand_in("mix", script);
        platform
            .build()
            .exits(1)
            .says("[Error: static assets: The asset pipeline left no new priv/static/cache_manifest.json]")
            .says("wrote no manifest with files in it");
        assert!(tree(&platform.store()).is_empty());
    }
    // An old one is no new one.
    let platform = Platform::with("phoenix_1_8")
        .file_store()
        .stand_in("mix", "exit 0");
    platform.write(
        "priv/static/cache_manifest.json",
        "{\"version\":1,\"latest\":{\"a\":\"b\"},\"digests\":{}}",
    );
    platform.build().exits(1).says("left no new");
    // Where this build step asks for the digest itself, too.
    let platform = Platform::with("phoenix_monorepo")
        .file_store()
        .stand_in("mix", "exit 0");
    platform.build().exits(1).says("left no new");
    assert_eq!(platform.calls(), ["/backend mix phx.digest"]);
}

#[test]
fn failures_of_mix_say_what_to_do() {
    for (output, title, fix) in [
        (
            "Unchecked dependencies for environment prod:",
            "Mix dependencies are missing",
            "MIX_ENV=prod mix deps.get --only prod",
        ),
        (
            "Could not find Hex, which is needed to build dependency :phoenix",
            "Mix has no Hex",
            "mix local.hex --force",
        ),
        (
            "** (RuntimeError) environment variable API_URL is missing.",
            "API_URL is not set in the build",
            "STATIC_ASSETS_BUILD_ENV=\"API_URL=unused-while-compiling\"",
        ),
        (
            "** (Mix) The task \"esbuild\" could not be found",
            "Mix has no task 'esbuild'",
            "runtime: Mix.env() == :dev",
        ),
        (
            "** (RuntimeError) Couldn't fetch https://registry.npmjs.org/x: {:failed_connect, :nxdomain}",
            "A download failed",
            "HTTPS_PROXY",
        ),
        (
            "something else",
            "Compiling the assets failed with status 1",
            "STATIC_ASSETS_COMPILE_COMMAND",
        ),
    ] {
        let script = format!("cat <<'END' >&2\n{output}\nEND\nexit 1");
        let platform = Platform::with("phoenix_1_8")
            .file_store()
            .stand_in("mix", &script);
        platform
            .build()
            .exits(1)
            .says(&format!("[Error: static assets: {title}]"))
            .says("'mix assets.setup' failed with status 1.")
            .says(fix)
            .says(&format!("  {output}"))
            .says("Nothing was sent or pinned.");
        assert!(tree(&platform.store()).is_empty());
    }
}

#[test]
fn without_elixir_the_error_names_alternatives() {
    Platform::with("phoenix_1_8")
        .file_store()
        .build()
        .exits(1)
        .says("[Error: static assets: No Elixir: 'mix' is not on PATH]")
        .says("Install Elixir before this build step")
        .says("STATIC_ASSETS_PREBUILT=1")
        .does_not_say("npm");
}

#[test]
fn a_compile_command_replaces_the_pipeline() {
    let platform = Platform::with("phoenix_1_8").file_store().tools().env(
        "STATIC_ASSETS_COMPILE_COMMAND",
        "mkdir -p priv/static/assets/css && cat assets/css/app.css > priv/static/assets/css/app.css",
    );
    platform
        .build()
        .succeeds()
        .says("(STATIC_ASSETS_COMPILE_COMMAND)")
        .says("2 url(/…) in stylesheets made relative")
        .says("digested 5 files without Mix");
    assert!(published(&platform).contains(&"assets/css/app.css".to_owned()));
    platform
        .env("STATIC_ASSETS_COMPILE_COMMAND", "webpack --mode production")
        .build()
        .exits(1)
        .says("[Error: static assets: 'webpack' is not on PATH]");
}

#[test]
fn prebuilt_assets_are_published_unchanged() {
    let platform = static_only();
    platform.build().succeeds();
    let prebuilt = platform.app();
    let again = Platform::with("phoenix_monorepo").file_store();
    copy_folder(
        &prebuilt.join("backend/priv"),
        &again.app().join("backend/priv"),
    );
    let again = again.env("STATIC_ASSETS_PREBUILT", "1");
    again
        .build()
        .succeeds()
        .says("digested before (STATIC_ASSETS_PREBUILT)");
    assert_eq!(published(&again), published(&platform));

    again.write("backend/priv/static/assets/app.css", "changed since");
    again
        .build()
        .exits(1)
        .says("[Error: static assets: STATIC_ASSETS_PREBUILT=1, but backend/priv/static/assets/app.css changed after the digest]");
    fs::remove_file(again.app().join("backend/priv/static/cache_manifest.json")).unwrap();
    again
        .build()
        .exits(1)
        .says("[Error: static assets: STATIC_ASSETS_PREBUILT=1, but backend/priv/static/cache_manifest.json is missing");
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
            "NODE_OPTIONS=--openssl-legacy-provider",
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
fn throw_away_values_reach_old_configurations_only() {
    let script = "test -n \"$SECRET_KEY_BASE\" && test -n \"$DATABASE_URL\" || exit 9";
    let platform = Platform::with("phoenix_1_5")
        .file_store()
        .stand_in(
            "npm",
            "mkdir -p ../priv/static/css && cp css/app.css ../priv/static/css/",
        )
        .stand_in(
            "mix",
            &format!("{script}\n{}", MIX.replace("assets/css/", "css/")),
        );
    platform
        .build()
        .succeeds()
        .says(
            "The configuration asks for SECRET_KEY_BASE (prod.secret.exs), DATABASE_URL (prod.secret.exs) at build time",
        )
        .says("This step alone sets throw-away values");
    let own = Platform::with("phoenix_1_8")
        .file_store()
        .stand_in("mix", MIX);
    own.build().succeeds().does_not_say("throw-away");
}

#[test]
fn programs_of_mix_are_cached_by_version() {
    let fetch = "test -e _build/esbuild-linux-x64 || { mkdir -p _build; echo x > _build/esbuild-linux-x64; echo \
                 fetched >> fetched; }";
    let platform = Platform::with("phoenix_1_8")
        .file_store()
        .stand_in("mix", &format!("{fetch}\n{MIX}"));
    let ran = platform
        .build_with_cache()
        .succeeds()
        .says("cached for the next build, not in the image: esbuild-linux-x64");
    assert!(!platform.app().join("_build/esbuild-linux-x64").exists());
    assert!(ran.layers.join("cache/programs/esbuild-linux-x64").exists());
    platform.build_with_cache().succeeds();
    assert_eq!(platform.read("fetched"), "fetched\n");
    // Another version is another program.
    platform.edit(
        "config/config.exs",
        "version: \"0.25.4\"",
        "version: \"0.25.5\"",
    );
    platform.build_with_cache().succeeds();
    assert_eq!(platform.read("fetched"), "fetched\nfetched\n");
}

#[test]
fn django_beside_phoenix_needs_a_setting() {
    let platform = static_only();
    platform.write("manage.py", "import django\n");
    platform
        .detect()
        .succeeds()
        .says("The app is both Django and Phoenix. The build reports it.");
    platform
        .build()
        .exits(1)
        .says("[Error: static assets: The app is both Django and Phoenix]")
        .says("STATIC_ASSETS_FRAMEWORK=phoenix");
    let platform = platform.env("STATIC_ASSETS_FRAMEWORK", "phoenix");
    platform.build().succeeds().says("digest only");
    platform
        .env("STATIC_ASSETS_FRAMEWORK", "django")
        .env("STATIC_ASSETS_PHOENIX_PATH", "nowhere")
        .build()
        .exits(1)
        .says("No Python");
}

#[test]
fn keep_manifests_leaves_files_out_of_the_image() {
    let platform = static_only().env("STATIC_ASSETS_KEEP", "manifests");
    platform.write("backend/priv/static/robots.txt", "User-agent: *\n");
    platform
        .build()
        .succeeds()
        .says("Fallback: none, STATIC_ASSETS_KEEP=manifests");
    let left: Vec<String> = tree(&platform.app().join("backend/priv/static"))
        .into_keys()
        .collect();
    assert_eq!(left.len(), 5, "{left:?}");
    assert!(
        left.iter()
            .all(|name| name.starts_with("robots") || name == "cache_manifest.json")
    );
    assert!(published(&platform).contains(&"assets/app.css".to_owned()));
}

#[test]
fn without_a_store_nothing_is_injected() {
    let platform = Platform::with("phoenix_monorepo").env("STATIC_ASSETS_COMPILE", "1");
    let lines = platform.read("backend/config/runtime.exs");
    platform
        .build()
        .succeeds()
        .says("Compiled only: no store is set");
    assert!(
        platform
            .app()
            .join("backend/priv/static/cache_manifest.json")
            .exists()
    );
    assert_eq!(platform.read("backend/config/runtime.exs"), lines);
}

#[test]
fn the_command_line_changes_assets_only() {
    let platform = static_only();
    platform
        .cli(&["publish", "--app", "."])
        .exits(1)
        .says("the command line changes no file of an app")
        .says("config :shop, ShopWeb.Endpoint, static_url:");
    platform.write(
        "backend/config/runtime.exs",
        "import Config\n\nif static_url = System.get_env(\"STATIC_URL\") do\n  config :shop, ShopWeb.Endpoint, static_url: [path: \
         static_url]\nend\n",
    );
    let lines = platform.read("backend/config/runtime.exs");
    let json = platform
        .cli(&["publish", "--app", ".", "--json"])
        .exits(0)
        .json();
    assert_eq!(json["framework"], "phoenix");
    assert_eq!(platform.read("backend/config/runtime.exs"), lines);
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
fn a_manifest_that_nothing_writes_ends_the_build() {
    let platform = static_only();
    platform.write(
        "backend/config/prod.exs",
        "import Config\nconfig :shop, ShopWeb.Endpoint,\n  cache_static_manifest: \"priv/static/manifest.json\"\n",
    );
    platform
        .build()
        .exits(1)
        .says("[Error: static assets: cache_static_manifest names a missing file: priv/static/manifest.json]")
        .says("backend/config/prod.exs:3 makes Phoenix read")
        .says("cache_static_manifest: \"priv/static/cache_manifest.json\"");
}

#[test]
fn a_custom_digest_option_is_kept() {
    let platform = Platform::with("phoenix_1_8")
        .file_store()
        .stand_in("mix", MIX);
    platform.edit("mix.exs", "\"phx.digest\"", "\"phx.digest --no-vsn\"");
    platform.edit("assets/css/app.css", "h1", "h2");
    let css = "printf 'h1 { background: url(/images/logo.svg) }' > priv/static/assets/css/app.css";
    let script = MIX.replace(
        "printf 'h1 { color: red }' > priv/static/assets/css/app.css",
        css,
    );
    let platform = platform.stand_in("mix", &script);
    platform
        .build()
        .succeeds()
        .says("digested by mix phx.digest --no-vsn");
    assert_eq!(platform.calls().last().unwrap(), " mix phx.digest --no-vsn");
}

type Plant = fn(&Path, &Path);

/// Nothing outside of the app is written, published or waited for.
#[test]
fn links_and_pipes_end_the_build() {
    let outside = tempfile::tempdir().unwrap();
    let file = outside.path().join("theme.css");
    fs::write(&file, "a{b:url(/assets/app.css)}").unwrap();
    let plants: [(&str, Plant); 5] = [
        ("theme.css", |outside, statics| {
            symlink(outside.join("theme.css"), statics.join("theme.css")).unwrap();
        }),
        ("uploads", |outside, statics| {
            symlink(outside, statics.join("uploads")).unwrap();
        }),
        ("broken.css", |_, statics| {
            symlink("nowhere", statics.join("broken.css")).unwrap();
        }),
        ("pipe.css", |_, statics| {
            let made = std::process::Command::new("mkfifo")
                .arg(statics.join("pipe.css"))
                .status();
            assert!(made.unwrap().success());
        }),
        ("again", |_, statics| {
            symlink(".", statics.join("again")).unwrap();
        }),
    ];
    for (name, plant) in plants {
        let platform = static_only();
        plant(outside.path(), &platform.app().join("backend/priv/static"));
        let before = tree(&platform.app().join("backend/config"));
        platform.build().exits(1).says(name);
        assert_eq!(tree(&platform.app().join("backend/config")), before);
        assert!(tree(&platform.store()).is_empty());
    }
    assert_eq!(tree(outside.path()).len(), 1);
    assert_eq!(
        fs::read_to_string(&file).unwrap(),
        "a{b:url(/assets/app.css)}"
    );

    let platform = static_only();
    let statics = platform.app().join("backend/priv/static");
    fs::remove_dir_all(&statics).unwrap();
    symlink(outside.path(), &statics).unwrap();
    platform
        .build()
        .exits(1)
        .says("[Error: static assets: backend/priv/static leads out of the app to ");
}

#[test]
fn a_hard_link_of_a_file_is_not_changed() {
    let platform = static_only();
    let shared = platform.path("shared");
    fs::create_dir_all(&shared).unwrap();
    platform.write(
        "backend/priv/static/assets/b.css",
        "a{b:url(/assets/app.css)}",
    );
    for path in ["priv/static/assets/b.css", "config/runtime.exs"] {
        let name = path.rsplit('/').next().unwrap();
        fs::hard_link(platform.app().join("backend").join(path), shared.join(name)).unwrap();
    }
    let before = tree(&shared);
    platform
        .build()
        .succeeds()
        .says("1 url(/…) in stylesheets made relative");
    assert_eq!(tree(&shared), before);
}

#[test]
fn a_hostile_manifest_reaches_no_other_file() {
    let victim = tempfile::NamedTempFile::new().unwrap();
    for name in [victim.path().to_str().unwrap(), "", "../../mix.exs", ".."] {
        let manifest = format!(
            r#"{{"version":1,"latest":{{"assets/t.css":"{name}"}},"digests":{{"../../mix.exs":{{"digest":"x","logical_path":"a","mtime":1,"size":1}}}}}}"#
        );
        let platform = static_only().tools();
        platform.write("hostile.json", &manifest);
        platform.write(
            "backend/priv/static/assets/t.css",
            "a{b:url(/assets/app.css)}",
        );
        let platform = platform.env(
            "STATIC_ASSETS_COMPILE_COMMAND",
            "cp ../hostile.json priv/static/cache_manifest.json",
        );
        platform.build().succeeds();
        assert!(victim.path().exists() && platform.app().join("backend/mix.exs").exists());
        assert!(
            !platform
                .read("backend/priv/static/cache_manifest.json")
                .contains("mix.exs")
        );
        platform.write("backend/priv/static/cache_manifest.json", &manifest);
        platform
            .env("STATIC_ASSETS_PREBUILT", "1")
            .env("STATIC_ASSETS_COMPILE_COMMAND", "")
            .build()
            .exits(1)
            .says("STATIC_ASSETS_PREBUILT=1, but");
    }
    let platform = static_only();
    platform.write("backend/priv/static/cache_manifest.json", "{");
    platform
        .build()
        .exits(1)
        .says("[Error: static assets: cache_manifest.json is not a manifest of a digest]")
        .says("mix phx.digest.clean --all");
}

#[test]
fn prebuilt_stylesheets_become_relative() {
    let first = static_only();
    first.write("backend/priv/static/fonts/a.woff2", "font");
    first.build().succeeds();
    let platform = static_only().env("STATIC_ASSETS_PREBUILT", "1");
    let statics = "backend/priv/static";
    copy_folder(&first.app().join(statics), &platform.app().join(statics));
    // As another digest leaves it, which knows of no prefix.
    let css = "a{b:url(/fonts/a.woff2)}";
    let old = manifest(&platform, &format!("{statics}/cache_manifest.json"));
    let old = old["latest"]["assets/app.css"].as_str().unwrap().to_owned();
    fs::remove_file(platform.app().join(statics).join(&old)).unwrap();
    let digested = "assets/app-b68d1d4b28c4e4ed9ee6dbd6b0b0c9e2.css";
    platform.write(&format!("{statics}/assets/app.css"), css);
    platform.write(&format!("{statics}/{digested}"), css);
    let text = platform.read(&format!("{statics}/cache_manifest.json"));
    let md5 = &old["assets/app-".len()..old.len() - ".css".len()];
    let text = text.replace(md5, &md5_of(css));
    let name = format!("assets/app-{}.css", md5_of(css));
    fs::rename(
        platform.app().join(statics).join(digested),
        platform.app().join(statics).join(&name),
    )
    .unwrap();
    platform.write(&format!("{statics}/cache_manifest.json"), &text);
    platform
        .build()
        .succeeds()
        .says("1 url(/…) in stylesheets made relative");
    assert!(!published(&platform).contains(&name));
    assert!(
        platform
            .read(&format!("{statics}/assets/app.css"))
            .contains("url(../fonts/a.woff2)")
    );
}

fn md5_of(text: &str) -> String {
    use md5::Digest;
    let digest = md5::Md5::digest(text.as_bytes());
    let bytes: Vec<String> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    bytes.concat()
}

#[test]
fn sources_without_a_pipeline_are_not_published() {
    let platform = Platform::with("phoenix_1_4").file_store().tools();
    platform.write("assets/package.json", "{\"scripts\": {\"watch\": \"x\"}}");
    platform.write("priv/static/robots.txt", "User-agent: *\n");
    platform
        .build()
        .exits(1)
        .says("Nothing says how the assets of shop are made");
}

#[test]
fn one_umbrella_app_can_be_chosen() {
    let platform = Platform::with("phoenix_umbrella")
        .file_store()
        .env("STATIC_ASSETS_PHOENIX_PATH", "./apps/shop_web/");
    let release = "_build/prod/rel/market/releases/0.1.0";
    platform.write(&format!("{release}/start.boot"), "");
    platform.write(&format!("{release}/runtime.exs"), "import Config\n");
    platform.build().succeeds();
    assert!(published(&platform).contains(&"assets/app.css".to_owned()));
    for script in ["config/runtime.exs", &format!("{release}/runtime.exs")] {
        assert!(
            platform
                .read(script)
                .contains(", ShopWeb.Endpoint) ++ [path: static_assets_url])")
        );
        assert!(
            !platform
                .read(script)
                .contains("AdminWeb.Endpoint, static_url")
        );
    }
}

#[test]
fn clean_cache_empties_the_cache_first() {
    let Some(platform) = Platform::with("phoenix_1_4").file_store().node() else {
        return;
    };
    platform.edit(
        "phoenix_static_buildpack.config",
        "clean_cache=false",
        "clean_cache=true",
    );
    platform
        .build_with_cache()
        .succeeds()
        .says("cache was emptied: clean_cache=true");
    let ran = platform
        .build_with_cache()
        .succeeds()
        .does_not_say("from the cache");
    assert!(ran.layers.join("cache/shop/node_modules").exists());
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

/// No JavaScript would be built, and no link check sees that.
#[test]
fn an_alias_that_leaves_out_a_script_of_the_dockerfile_is_reported() {
    let platform = Platform::with("phoenix_1_8")
        .file_store()
        .stand_in("mix", MIX);
    platform.edit(
        "mix.exs",
        "[\"esbuild shop --minify\", ",
        "[\"tailwind shop --minify\", ",
    );
    platform.write(
        "assets/package.json",
        "{\"scripts\": {\"build\": \"vite build\"}}",
    );
    platform.build().succeeds().does_not_say("package.json");
    platform.write(
        "Dockerfile",
        "FROM elixir\nRUN npm --prefix assets run build\n",
    );
    platform
        .build()
        .succeeds()
        .says("Dockerfile:2 runs the script 'build' of package.json")
        .says("STATIC_ASSETS_COMPILE_COMMAND=\"(cd assets && npm install && npm run build) && mix compile && mix assets.deploy\"");
}
