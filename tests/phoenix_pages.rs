//! Which way makes the pages of an app follow, and what is told of the pages that can't.

use crate::harness::Platform;
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
        .says("- Pages: backend/config/runtime.exs:3 reads STATIC_URL\n");
    assert_eq!(lines(&platform), script);
}

#[test]
fn what_is_read_in_the_configuration_of_the_build_is_too_early_for_a_release() {
    let platform = app("~p\"/assets/app.css\"");
    platform.write(
        "backend/config/prod.exs",
        "import Config\nconfig :shop, ShopWeb.Endpoint, static_url: [path: System.get_env(\"STATIC_URL\")]\n",
    );
    platform
        .build()
        .succeeds()
        .says("Pages: backend/config/prod.exs:2 reads STATIC_URL");
    let release = "backend/_build/prod/rel/shop/releases/0.1.0";
    platform.write(&format!("{release}/start.boot"), "");
    platform.write(&format!("{release}/runtime.exs"), "import Config\n");
    platform
        .build()
        .succeeds()
        .says("reads STATIC_URL when a release is built, which is done already")
        .says(&format!("{release}/runtime.exs do"));
}

#[test]
fn addresses_and_paths_follow_by_another_part_of_static_url() {
    let paths = app("href={~p\"/assets/app.css\"}");
    paths.build().succeeds().does_not_say("  ! ");
    assert!(lines(&paths).contains("static_url: [path: static_assets_url]"));

    let addresses = app("href={url(~p\"/assets/app.css\")}");
    addresses.build().succeeds().says(
        "static_url: [scheme: uri.scheme, host: uri.host, port: uri.port, path: uri.path || \"/\"]",
    );
    assert!(lines(&addresses).contains("path: static_assets_uri.path || \"/\"]"));

    let both = app("href={~p\"/assets/app.css\"}\nurl(~p\"/images/a.png\")");
    both.build()
        .succeeds()
        .says("1 link with url(~p\"…\") or static_url (backend/lib/shop_web/page_html.ex:2) and 1 without a host")
        .says("Those with a host follow, the others stay on the app's own host");
    assert!(
        lines(&both).contains("host: static_assets_uri.host <> (static_assets_uri.path || \"\")")
    );
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
        .says("STATIC_ASSETS_INJECT=off keeps it so")
        .says("if static_url = System.get_env(\"STATIC_URL\") do");
}

#[test]
fn without_a_runtime_script_the_manifest_leads_to_the_version() {
    let platform = app("~p\"/assets/app.css\"");
    fs::remove_file(platform.app().join("backend/config/runtime.exs")).unwrap();
    platform
        .build()
        .exits(1)
        .says("There is no config/runtime.exs in which shop could follow STATIC_URL");
    platform.write(
        "backend/config/prod.exs",
        "cache_static_manifest: \"priv/static/cache_manifest.json\"",
    );
    let ran = platform
        .build()
        .succeeds()
        .says("the keys of cache_manifest.json in the image lead to the version")
        .says("LiveView reloads its pages with each version (static_changed?)");
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
fn a_release_that_was_built_before_is_told_and_follows() {
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
        .says("the release backend/_build/prod/rel/shop was built before these assets")
        .says("backend/config/runtime.exs and backend/_build/prod/rel/shop/releases/0.1.0/runtime.exs do");
    let script = platform.read(&format!("{release}/releases/0.1.0/runtime.exs"));
    assert!(script.contains("static_url: [path: static_assets_url]"));
}

#[test]
fn what_another_host_breaks_is_told_with_its_place() {
    let page = "~p\"/assets/app.css\"\n<script type=\"module\" src={~p\"/assets/app.js\"}>\n\
                <svg><use href={~p\"/images/icons.svg#a\"} /></svg>\n\
                \"default-src 'self'; script-src 'self'\"\nEndpoint.url() <> ~p\"/images/a.png\"\n";
    let platform = app(page);
    platform.write(
        "backend/priv/static/assets/app.js",
        "n.p=\"/assets/\";new Worker(\"/assets/w.js\");\nfetch(\"/assets/app.css\")\n",
    );
    let at = |line: u32| format!("{PAGE}:{line} ");
    platform
        .build()
        .succeeds()
        .says(&format!("{}loads a script with type=\"module\"", at(2)))
        .says(&format!("{}has <use> of a file", at(3)))
        .says(&format!(
            "{}has a Content-Security-Policy without this host",
            at(4)
        ))
        .says("Add https://static.example.com to its script-src")
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
        .does_not_say("type=\"module\"");
}
