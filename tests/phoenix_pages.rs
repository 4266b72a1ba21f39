//! How the pages of a Phoenix app come to link to the version, and which links are reported because they can't.

use crate::harness::Platform;
use crate::harness::phoenix::MIX;
use fs_err as fs;

const PAGE: &str = "backend/lib/shop_web/page_html.ex";

fn app(page: &str) -> Platform {
    let platform = Platform::with("phoenix_monorepo").file_store();
    platform.write(PAGE, page);
    platform
}

fn lines(platform: &Platform) -> String {
    platform.read("backend/config/runtime.exs")
}

#[test]
fn an_app_that_reads_static_url_is_left_alone() {
    let platform = app("~p\"/assets/app.css\"");
    let script = "import Config\n# STATIC_URL in a comment is none\n\
                  config :shop, ShopWeb.Endpoint, static_url: [path: System.get_env(\"STATIC_URL\")]\n";
    platform.write("backend/config/runtime.exs", script);
    platform
        .build()
        .succeeds()
        .says("- Links: backend/config/runtime.exs:3 reads STATIC_URL\n");
    assert_eq!(lines(&platform), script);
}

#[test]
fn prod_exs_is_evaluated_too_early_for_a_release() {
    let platform = app("~p\"/assets/app.css\"");
    platform.write(
        "backend/config/prod.exs",
        "import Config\nconfig :shop, ShopWeb.Endpoint, static_url: [path: System.get_env(\"STATIC_URL\")]\n",
    );
    platform
        .build()
        .succeeds()
        .says("Links: backend/config/prod.exs:2 reads STATIC_URL");
    let release = "backend/_build/prod/rel/shop/releases/0.1.0";
    platform.write(&format!("{release}/start.boot"), "");
    platform.write(&format!("{release}/runtime.exs"), "import Config\n");
    platform
        .build()
        .succeeds()
        .says("reads STATIC_URL when a release is built, not when it starts")
        .says(&format!("{release}/runtime.exs in the image"));
}

#[test]
fn each_kind_of_link_has_its_static_url() {
    let paths = app("href={~p\"/assets/app.css\"}");
    paths.build().succeeds().does_not_say("  ! ");
    assert!(lines(&paths).contains("++ [path: static_assets_url])"));

    let addresses = app("href={url(~p\"/assets/app.css\")}");
    addresses.build().succeeds().says(
        "static_url: [scheme: uri.scheme, host: uri.host, port: uri.port, path: uri.path || \"/\"]",
    );
    assert!(lines(&addresses).contains("path: static_assets_uri.path || \"/\"]"));

    let both = app("href={~p\"/assets/app.css\"}\nurl(~p\"/images/a.png\")");
    both.build()
        .exits(1)
        .says("1 link without a host")
        .says("1 link with one")
        .says("URI.merge(ShopWeb.Endpoint.url(), ShopWeb.Endpoint.static_path(")
        .says("backend/lib/shop_web/page_html.ex:2");
}

#[test]
fn links_written_by_hand_follow_nothing() {
    let platform = app("<link href=\"/assets/app.css\">");
    platform
        .build()
        .exits(1)
        .says("[Error: static assets: Pages would not link to the version]")
        .says("Every link to a static file is written by hand")
        .says("backend/lib/shop_web/page_html.ex:1");
    assert!(!platform.store().join(".static-assets/versions").exists());
}

#[test]
fn injection_can_be_switched_off() {
    let platform = app("~p\"/assets/app.css\"").env("STATIC_ASSETS_INJECT", "off");
    platform
        .build()
        .exits(1)
        .says("STATIC_ASSETS_INJECT=off forbids the build to set it")
        .says("static_url = String.trim_trailing(System.get_env(\"STATIC_URL\") || \"\", \"/\")");
}

#[test]
fn without_runtime_exs_the_manifest_leads_to_the_version() {
    let platform = app("~p\"/assets/app.css\"");
    fs::remove_file(platform.app().join("backend/config/runtime.exs")).unwrap();
    platform
        .build()
        .exits(1)
        .says("shop has no config/runtime.exs that could set its URL from STATIC_URL");
    platform.write(
        "backend/config/prod.exs",
        "cache_static_manifest: \"priv/static/cache_manifest.json\"",
    );
    let ran = platform
        .build()
        .succeeds()
        .says("cache_manifest.json in the image now leads to the version")
        .says("LiveView reloads its pages with each version (static_changed?)")
        .does_not_say("releases.exs");
    platform.write("backend/config/releases.exs", "import Config\n");
    platform
        .build()
        .succeeds()
        .says("backend/config/releases.exs is not read: rename it to runtime.exs");
    let version = ran.launch("STATIC_ASSETS_VERSION");
    let manifest = platform.read("backend/priv/static/cache_manifest.json");
    let published = format!("\"assets/app.css\":\"/static.example.com/shop/{version}/assets/app-");
    assert!(manifest.contains(&published), "{manifest}");
    // Of the app's own site, it is a path.
    let platform = platform.env("STATIC_ASSETS_PUBLIC_URL", "/assets-v");
    let ran = platform.build().succeeds();
    let version = ran.launch("STATIC_ASSETS_VERSION");
    let manifest = platform.read("backend/priv/static/cache_manifest.json");
    assert!(
        manifest.contains(&format!(":\"assets-v/{version}/assets/app-")),
        "{manifest}"
    );
}

#[test]
fn a_release_built_before_is_reported_and_follows() {
    let platform = app("~p\"/assets/app.css\"");
    let release = "backend/_build/prod/rel/shop";
    platform.write(&format!("{release}/releases/0.1.0/start.boot"), "");
    platform.write(
        &format!("{release}/releases/0.1.0/runtime.exs"),
        "import Config\n",
    );
    platform.write(
        &format!("{release}/lib/shop-0.1.0/priv/static/assets/app.css"),
        "old",
    );
    platform
        .build()
        .succeeds()
        .says("The release backend/_build/prod/rel/shop was built before these assets")
        .says("backend/config/runtime.exs and backend/_build/prod/rel/shop/releases/0.1.0/runtime.exs in the image");
    let script = platform.read(&format!("{release}/releases/0.1.0/runtime.exs"));
    assert!(script.contains("++ [path: static_assets_url])"));
}

#[test]
fn what_another_host_breaks_is_reported_with_its_line() {
    let page = "~p\"/assets/app.css\"\n<script type=\"module\" src={~p\"/assets/app.js\"}>\n\
                <svg><use href={~p\"/images/icons.svg#a\"} /></svg>\n\
                \"default-src 'self'; script-src 'self'\"\nEndpoint.url() <> ~p\"/images/a.png\"\n";
    let platform = app(page);
    platform.write(
        "backend/config/prod.exs",
        "import Config\nconfig :shop, csp: %{script_src: [\"'self'\"]}\n",
    );
    platform.write(
        "backend/priv/static/assets/app.js",
        "n.p=\"/assets/\";n.p+1;new Worker(\"/assets/w.js\");\nfetch(\"/assets/app.css\")\n",
    );
    let at = |line: u32| format!("{PAGE}:{line} ");
    platform
        .build()
        .succeeds()
        .says(&format!("{}loads a script with type=\"module\"", at(2)))
        .says(&format!("{}has <use> of a file", at(3)))
        .says(&format!(
            "{}has a Content-Security-Policy without https://static.example.com",
            at(4)
        ))
        .says("script-src 'self' https://static.example.com;")
        .says("style-src 'self' https://static.example.com;")
        .does_not_say("img-src")
        .says("backend/config/prod.exs:2 has a Content-Security-Policy without")
        .says(&format!(
            "{}puts Endpoint.url() before a static path",
            at(5)
        ))
        .says("priv/static/assets/app.js:1: webpack's publicPath is \"/assets/\"")
        .says("priv/static/assets/app.js:1: a worker must come from the page's own host")
        .says("priv/static/assets/app.js:2: \"/assets/app.css\" is written by hand");
    // On the app's own host nothing is cross-origin.
    let platform = platform.env("STATIC_ASSETS_PUBLIC_URL", "/assets-v");
    platform
        .build()
        .succeeds()
        .does_not_say("Content-Security-Policy")
        .does_not_say("type=\"module\"")
        .does_not_say("publicPath");
}

#[test]
fn a_static_url_must_fit_the_apps_own_links() {
    let documented = "import Config\n\nif static_url = System.get_env(\"STATIC_URL\") do\n  uri = URI.parse(static_url)\n  config :shop, \
                      ShopWeb.Endpoint,\n    static_url: [scheme: uri.scheme, host: uri.host, port: uri.port, path: uri.path]\nend\n";
    let platform = app("~p\"/assets/app.css\"");
    platform.write("backend/config/runtime.exs", documented);
    platform
        .build()
        .succeeds()
        .says("backend/config/runtime.exs:3 reads STATIC_URL, but its static_url does not fit links like the one at")
        .says("a block was appended to backend/config/runtime.exs in the image");
    let platform = app("url(~p\"/assets/app.css\")");
    platform.write("backend/config/runtime.exs", documented);
    platform
        .build()
        .succeeds()
        .says("Links: backend/config/runtime.exs:3 reads STATIC_URL");
}

#[test]
fn with_both_kinds_of_links_the_app_chooses() {
    let platform = app("~p\"/assets/app.css\"\nurl(~p\"/images/a.png\")");
    let script = "import Config\nconfig :shop, ShopWeb.Endpoint, static_url: [path: System.get_env(\"STATIC_URL\")]\n";
    platform.write("backend/config/runtime.exs", script);
    platform
        .build()
        .succeeds()
        .says("reads STATIC_URL as a path, so links with a host, like the one at backend/lib/shop_web/page_html.ex:2,")
        .says("Links: backend/config/runtime.exs:2 reads STATIC_URL");
    assert_eq!(lines(&platform), script);
}

#[test]
fn a_mention_of_static_url_is_no_reading() {
    for (path, content) in [
        (
            "backend/lib/shop/mailer.ex",
            "def cdn, do: System.get_env(\"STATIC_URL\")",
        ),
        (
            "backend/config/staging.exs",
            "config :shop, ShopWeb.Endpoint, static_url: [path: System.get_env(\"STATIC_URL\")]",
        ),
        (
            "backend/config/config.exs",
            "config :shop, ShopWeb.Endpoint, static_url: [path: \"/\"]\nIO.puts(\"STATIC_URL\")",
        ),
        (
            "backend/config/runtime.exs",
            "if config_env() == :dev do\n  config :shop, ShopWeb.Endpoint, static_url: [path: System.get_env(\"STATIC_URL\")]\nend",
        ),
    ] {
        let platform = app("~p\"/assets/app.css\"");
        platform.write(path, content);
        platform.build().succeeds().says("a block was appended to");
        assert!(
            lines(&platform).contains("# static-assets: begin"),
            "{path}"
        );
    }
}

#[test]
fn links_with_a_host_need_a_public_url_with_one() {
    let path = app("url(~p\"/assets/app.css\")").env("STATIC_ASSETS_PUBLIC_URL", "/assets-v");
    path.build()
        .exits(1)
        .says("Phoenix would make links to http://localhost");
    let port = app("url(~p\"/assets/app.css\") ~p\"/assets/app.css\"")
        .env("STATIC_ASSETS_PUBLIC_URL", "https://cdn.example.com:8443/x");
    port.build()
        .exits(1)
        .says("no static_url serves both on another host");
    let baked = app("Routes.static_url(@conn, \"/assets/app.css\")");
    fs::remove_file(baked.app().join("backend/config/runtime.exs")).unwrap();
    baked.write(
        "backend/config/prod.exs",
        "cache_static_manifest: \"priv/static/cache_manifest.json\"",
    );
    baked
        .build()
        .exits(1)
        .says("there is no config/runtime.exs that could set it at run time");
}

#[test]
fn static_html_counts_and_no_link_is_reported() {
    let none = app("def render(_), do: nil");
    none.build()
        .succeeds()
        .says("so the link check proves nothing");
    let page = app("def render(_), do: nil");
    page.write(
        "backend/priv/static/index.html",
        "<script src=\"/assets/app.js\"></script>",
    );
    page.write("backend/priv/static/assets/app.js", "1");
    page.build()
        .exits(1)
        .says("Every link to a static file is written by hand")
        .says("backend/priv/static/index.html:1");
    // A picture may be linked to by hand, as long as stylesheets and scripts follow.
    let picture = app("static_path @conn, \"/assets/app.css\"\n<img src=\"/images/logo.svg\">");
    picture
        .build()
        .succeeds()
        .says("a link written by hand stays on the app's own host");
}

#[test]
fn files_that_the_image_must_serve_stay_in_it() {
    let platform = app("~p\"/assets/app.css\"").env("STATIC_ASSETS_KEEP", "manifests");
    platform.write(
        "backend/priv/static/assets/app.js",
        "new Worker(\"/assets/w.js\")",
    );
    platform.write("backend/priv/static/assets/w.js", "1");
    platform
        .build()
        .succeeds()
        .says("the image has to serve links like the one at backend/priv/static/assets/app.js:1");
    assert!(
        platform
            .app()
            .join("backend/priv/static/assets/w.js")
            .exists()
    );
    let platform = app("~p\"/assets/app.css\"").env("STATIC_ASSETS_KEEP", "manifests");
    platform.write("backend/priv/static/.well-known/assetlinks.json", "[]");
    platform.build().succeeds();
    assert!(
        platform
            .app()
            .join("backend/priv/static/.well-known/assetlinks.json")
            .exists()
    );
    assert!(
        !platform
            .app()
            .join("backend/priv/static/assets/app.css")
            .exists()
    );
}

#[test]
fn only_an_app_that_reads_release_version_gets_it() {
    let other = app("~p\"/assets/app.css\"");
    let ran = other.build().succeeds();
    assert!(ran.launch_env().get("RELEASE_VERSION").is_none());
    let platform = app("~p\"/assets/app.css\"\nSystem.get_env(\"RELEASE_VERSION\")");
    let ran = platform.build().succeeds();
    assert_eq!(
        ran.launch("RELEASE_VERSION"),
        ran.launch("STATIC_ASSETS_VERSION")
    );
}

#[test]
fn links_to_files_that_were_not_made_are_reported() {
    let none = app("~p\"/assets/css/app.css\"\n~p\"/assets/js/app.js\"");
    none.build()
        .exits(1)
        .says("backend/lib/shop_web/page_html.ex:1 links to /assets/css/app.css, but the pipeline made neither that file")
        .says("1.7 has assets/app.css, 1.8 assets/css/app.css");
    let some = app("~p\"/assets/app.css\"\n~p\"/images/gone.png\" ~p\"/images/#{name}.png\"");
    some.build()
        .succeeds()
        .says("backend/lib/shop_web/page_html.ex:2 links to /images/gone.png, which this build does not publish");
}

/// A tree that was digested before makes the same version as a clean one.
#[test]
fn files_of_an_earlier_digest_are_not_published() {
    let platform = app("~p\"/assets/app.css\"");
    platform.build().succeeds();
    let changed = "h1 { color: blue }";
    platform.write("backend/priv/static/assets/app.css", changed);
    let again = platform
        .build()
        .succeeds()
        .says("Not uploaded: 1 file of an earlier digest");
    let clean = app("~p\"/assets/app.css\"");
    clean.write("backend/priv/static/assets/app.css", changed);
    let first = clean.build().succeeds();
    assert_eq!(
        again.launch("STATIC_ASSETS_VERSION"),
        first.launch("STATIC_ASSETS_VERSION")
    );
}

/// Umbrellas of older generators: `import_config "../apps/*/config/config.exs"`.
#[test]
fn configuration_of_the_apps_of_an_umbrella_is_followed() {
    let platform = Platform::with("phoenix_umbrella").file_store();
    fs::remove_file(platform.app().join("config/runtime.exs")).unwrap();
    platform.write(
        "config/config.exs",
        "use Mix.Config\n\nimport_config \"../apps/*/config/config.exs\"\n",
    );
    for (app, module) in [("shop_web", "ShopWeb"), ("admin_web", "AdminWeb")] {
        let dir = format!("apps/{app}/config");
        platform.write(&format!("{dir}/config.exs"), "use Mix.Config\n");
        platform.write(
            &format!("{dir}/prod.exs"),
            &format!(
                "use Mix.Config\nconfig :{app}, {module}.Endpoint, cache_static_manifest: \
                 \"priv/static/cache_manifest.json\"\n"
            ),
        );
    }
    platform
        .build()
        .succeeds()
        .says("cache_manifest.json in the image now leads to the version");
}

#[test]
fn each_endpoint_has_its_own_static_paths() {
    let platform = app("~p\"/files/a.pdf\"\n~p\"/images/a.png\"");
    for (module, paths) in [("Admin", "files"), ("Shop", "images")] {
        platform.write(
            &format!("backend/lib/{module}.ex"),
            &format!("defmodule {module} do\n  def static_paths, do: ~w({paths})\nend\n"),
        );
    }
    for file in ["files/a.pdf", "images/a.png"] {
        platform.write(&format!("backend/priv/static/{file}"), "1");
    }
    platform.build().succeeds().does_not_say("proves nothing");
    fs::remove_file(platform.app().join("backend/priv/static/files/a.pdf")).unwrap();
    fs::remove_file(platform.app().join("backend/priv/static/images/a.png")).unwrap();
    platform
        .build()
        .succeeds()
        .says("links to /files/a.pdf, which this build does not publish")
        .says("links to /images/a.png, which this build does not publish");
}

/// An app that is compiled, with a stand-in for Elixir. The program gets the path of its answer last.
fn compiled_app(elixir: &str) -> Platform {
    let platform = Platform::with("phoenix_1_8")
        .file_store()
        .stand_in("mix", MIX)
        .stand_in("elixir", elixir);
    platform.write("_build/prod/lib/shop/ebin/shop.app", "");
    platform
}

#[test]
fn an_app_that_can_not_be_asked_is_not_checked() {
    for (elixir, text) in [
        (
            "echo 'cannot load crypto' >&2; exit 1",
            "not checked: Elixir could not run it",
        ),
        (
            "echo '{\"failure\":\"cannot load crypto\"}' >\"$5\"",
            "not checked: Elixir could not run it",
        ),
        (
            "echo '{\"endpoints\":[],\"links\":[],\"unreadable\":[],\"answers\":[{\"stand_ins\":[],\"error\":\"cannot \
             load crypto\",\"endpoints\":[]}]}' >\"$5\"",
            "not checked: its configuration or its endpoint needs what the build does not have",
        ),
    ] {
        compiled_app(elixir)
            .build()
            .succeeds()
            .says(text)
            .says("    cannot load crypto")
            .says("a block was appended to config/runtime.exs");
    }
    let platform = Platform::with("phoenix_1_8")
        .file_store()
        .stand_in("mix", MIX);
    platform
        .build()
        .succeeds()
        .says("not checked: _build/prod/lib/shop does not exist");
    platform.write("_build/prod/lib/shop/ebin/shop.app", "");
    platform
        .build()
        .succeeds()
        .says("not checked: Elixir is not on PATH");
}

#[test]
fn the_question_holds_no_storage_key() {
    let platform = compiled_app("env >\"$HOME/seen\"; cat \"$4\" >>\"$HOME/seen\"; exit 1")
        .env("AWS_ACCESS_KEY_ID", "AKIACANARYCANARY0000")
        .env("AWS_SECRET_ACCESS_KEY", "canary-canary-canary-canary");
    let home = platform.path("tmp");
    let platform = platform.env("HOME", &home);
    platform.build().succeeds();
    let seen = fs::read_to_string(home.join("seen")).unwrap();
    assert!(
        seen.contains("MIX_ENV=prod") && !seen.contains("canary"),
        "{seen}"
    );
    assert!(
        seen.contains("{\"STATIC_URL\", \"https://static.example.com/shop/"),
        "{seen}"
    );
    assert!(seen.contains("{\"STATIC_URL\", nil}"), "{seen}");
}

#[test]
fn files_stay_in_the_image_if_no_link_to_code_was_found() {
    let page = "<img src={~p\"/images/logo.png\"}><script src={Vite.path(\"app.js\")}>";
    let platform = app(page).env("STATIC_ASSETS_KEEP", "manifests");
    platform.build().succeeds().says(
        "STATIC_ASSETS_KEEP=manifests has no effect: no link to a script, or none to a stylesheet, was found in shop",
    );
    assert!(
        platform
            .app()
            .join("backend/priv/static/assets/app.css")
            .is_file()
    );
}

#[test]
fn files_stay_in_the_image_if_a_page_writes_out_their_path() {
    let page = "<link href={~p\"/assets/app.css\"}>\n<.avatar image='/images/logo.png' />";
    let platform = app(page).env("STATIC_ASSETS_KEEP", "manifests");
    platform.write("backend/priv/static/images/logo.png", "png");
    platform
        .build()
        .succeeds()
        .says("the image has to serve links like the one at backend/lib/shop_web/page_html.ex:2");
}
