//! A Phoenix app from its sources to the image, without Phoenix: how its pipeline is found and run. `mix` is a stand-in
//! here; what Phoenix does is shown in `phoenix_real`.

use crate::harness::phoenix::MIX;
use crate::harness::{Platform, tree};
use fs_err as fs;

/// Its `priv/static` is all there is to it.
fn static_only() -> Platform {
    Platform::with("phoenix_monorepo").file_store()
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
    assert!(
        platform
            .published()
            .contains(&"assets/css/app.css".to_owned())
    );
    platform
        .env("STATIC_ASSETS_COMPILE_COMMAND", "webpack --mode production")
        .build()
        .exits(1)
        .says("[Error: static assets: 'webpack' is not on PATH]");
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
    assert!(platform.published().contains(&"assets/app.css".to_owned()));
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
    assert!(platform.published().contains(&"assets/app.css".to_owned()));
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
