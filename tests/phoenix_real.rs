//! Real Phoenix, where it is there: unmodified apps are built, started with the launch environment, and every
//! link of their pages is followed.

use crate::harness::heroku::Heroku;
use crate::harness::pages::assert_all_from;
use crate::harness::phoenix::{Phoenix, image};
use crate::harness::web::Web;
use crate::harness::{Platform, http, tree};
use fs_err as fs;

macro_rules! generations {
    ($($module:ident: $generation:literal, $fixture:literal;)*) => {
        $(
            mod $module {
                #[test]
                fn two_versions_are_live_at_once() {
                    super::two_versions($generation, $fixture);
                }

                #[test]
                fn without_runtime_exs_the_manifest_links_to_the_version() {
                    super::baked($generation, $fixture);
                }

                #[test]
                fn a_release_built_afterwards_links_to_the_version() {
                    super::release($generation, $fixture);
                }

                #[test]
                fn wrong_links_of_the_app_are_refused() {
                    super::wrong_links($generation, $fixture);
                }

                #[test]
                fn a_moved_slug_is_served() {
                    super::classic($generation, $fixture);
                }
            }
        )*
    };
}

generations! {
    phoenix_1_7: "1.7", "phoenix_1_7";
    phoenix_1_8: "1.8", "phoenix_1_8";
}

const MIX: [&str; 2] = ["mix", "phx.server"];

/// A platform with a store that a web server has; without a fault of the check.
fn prepared(phoenix: &Phoenix, fixture: &str) -> (Platform, Web) {
    let platform = phoenix.platform(fixture).file_store();
    let web = Web::of(&platform.store());
    let url = web.url.clone();
    let platform = platform
        .env("STATIC_ASSETS_PUBLIC_URL", url)
        .env("STATIC_ASSETS_CHECK", "fail");
    (platform, web)
}

#[allow(clippy::too_many_lines, reason = "one case after the other")]
fn two_versions(generation: &str, fixture: &str) {
    let Some(phoenix) = Phoenix::find(generation) else {
        return;
    };
    let (platform, web) = prepared(&phoenix, fixture);
    platform.detect().succeeds().says("ShopWeb.Endpoint");
    let first = platform
        .build()
        .succeeds()
        .says("mix assets.deploy (alias in mix.exs)")
        .says("2 url(/…) in stylesheets made relative")
        .says("css js svg font: 200, right bytes and types");
    let first_image = image(&platform, "first");
    let first_url = first.launch("STATIC_URL");
    let first_env = first.launch_env();

    platform.write("assets/css/more.css", "h1 { color: red }\n");
    platform.edit(
        "assets/css/app.css",
        "@font-face",
        "@import \"./more.css\";\n@font-face",
    );
    let second = platform.build().succeeds();
    let second_image = image(&platform, "second");
    let second_url = second.launch("STATIC_URL");
    assert_ne!(first_url, second_url);

    let new = phoenix.serve(&second_image, &second, &[], &MIX);
    let page = http::get(&new.url).text();
    assert_all_from(&second_url, &new.url, &page);
    // The layers of the first image are its own: its variables are given as they were.
    let operator: Vec<(String, String)> = ["STATIC_URL", "STATIC_ASSETS_VERSION"]
        .iter()
        .map(|name| {
            let value = first_env.get(name).unwrap().to_string_lossy().into_owned();
            ((*name).to_owned(), value)
        })
        .collect();
    let operator: Vec<(&str, &str)> = operator
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let old = phoenix.serve(&first_image, &second, &operator, &MIX);
    let old_page = http::get(&old.url).text();
    assert_all_from(&first_url, &old.url, &old_page);
    drop((new, old));

    // What has the same digest is the same to LiveView, whatever the version.
    let script = asset(&old_page, ".js");
    let stylesheet = asset(&old_page, ".css");
    for (url, changed) in [(script, "false"), (stylesheet, "true")] {
        let code = format!(
            "socket = %Phoenix.LiveView.Socket{{endpoint: ShopWeb.Endpoint, transport_pid: self(), private: \
             %{{connect_params: %{{\"_track_static\" => [{url:?}]}}}}}}\n\
             IO.puts(\"changed: #{{Phoenix.LiveView.static_changed?(socket)}}\")"
        );
        let line = ["mix", "run", "-e", &code];
        let mut command = phoenix.command(&second_image, &second, &[("PHX_SERVER", "")], &line);
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            text.contains(&format!("changed: {changed}")),
            "{url}: {output:?}"
        );
    }

    // The fallback, and links without injection.
    for switch in [
        &[("STATIC_URL", "/")][..],
        &[("STATIC_ASSETS_INJECT", "off")],
    ] {
        let local = phoenix.serve(&second_image, &second, switch, &MIX);
        let page = http::get(&local.url).text();
        assert!(!page.contains(&web.url), "{page}");
        for (url, answer) in crate::harness::pages::assets(&local.url, &page) {
            assert!(url.starts_with(&local.url), "{url}");
            assert_eq!(answer.status, 200, "{url}");
        }
    }
}

fn release(generation: &str, fixture: &str) {
    let Some(phoenix) = Phoenix::find(generation) else {
        return;
    };
    let (platform, _web) = prepared(&phoenix, fixture);
    let ran = platform.build().succeeds();
    let mut assemble = phoenix.command(&platform.app(), &ran, &[], &["mix", "release", "--quiet"]);
    let output = assemble.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let url = ran.launch("STATIC_URL");
    let start = ["_build/prod/rel/shop/bin/shop", "start"];
    let server = phoenix.serve(&platform.app(), &ran, &[], &start);
    assert_all_from(&url, &server.url, &http::get(&server.url).text());
    drop(server);

    // One that is there already is told, and follows all the same.
    let again = platform.env("STATIC_ASSETS_SALT", "2");
    let ran = again
        .build()
        .succeeds()
        .says("_build/prod/rel/shop/releases/0.1.0/runtime.exs");
    let url = ran.launch("STATIC_URL");
    let server = phoenix.serve(&again.app(), &ran, &[], &start);
    assert_all_from(&url, &server.url, &http::get(&server.url).text());
}

/// After a buildpack that brings Elixir, by its `export`; by the default process, as there is no Procfile.
fn classic(generation: &str, fixture: &str) {
    let Some(phoenix) = Phoenix::find(generation) else {
        return;
    };
    let platform = phoenix.platform(fixture);
    fs::create_dir_all(platform.store()).unwrap();
    let web = Web::of(&platform.store());
    let mut heroku = Heroku::app(&platform)
        .publishes_to(&platform.store(), &web.url)
        .config_var("STATIC_ASSETS_CHECK", "fail");
    for (name, value) in phoenix.env() {
        heroku = heroku.exported(name, &value);
    }
    let first = heroku.build().compiled();
    let url = heroku.dyno_env(&first)["STATIC_URL"].clone();
    let web_process = first
        .release
        .lines()
        .find_map(|line| line.trim().strip_prefix("web: "))
        .unwrap()
        .trim_matches('"');
    let server = phoenix.serve_slug(&heroku, &first, web_process);
    assert_all_from(&url, &server.url, &http::get(&server.url).text());
    drop(server);

    let published = tree(&platform.store());
    let second = heroku.build().compiled();
    assert_eq!(heroku.dyno_env(&second)["STATIC_URL"], url);
    let log = second.compile.stdout();
    assert!(log.contains("unchanged: 0 uploaded"), "{log}");
    let uploaded = tree(&platform.store());
    let new = uploaded.keys().filter(|key| !published.contains_key(*key));
    assert!(
        new.into_iter()
            .all(|key| key.starts_with(".static-assets/refs/"))
    );
}

/// As apps were before Elixir 1.11: all is in `prod.exs`, which raises without its secrets also at build.
fn baked(generation: &str, fixture: &str) {
    let Some(phoenix) = Phoenix::find(generation) else {
        return;
    };
    let (platform, _web) = prepared(&phoenix, fixture);
    let runtime = platform
        .read("config/runtime.exs")
        .replace("import Config", "");
    let prod = platform.read("config/prod.exs");
    platform.write("config/prod.exs", &format!("{prod}{runtime}"));
    fs::remove_file(platform.app().join("config/runtime.exs")).unwrap();
    let ran = platform
        .build()
        .succeeds()
        .says("The configuration asks for SECRET_KEY_BASE (prod.exs) at build time")
        .says("so cache_manifest.json in the image now leads to the version")
        .says("Fallback: none, the URL is part of the image");
    let url = ran.launch("STATIC_URL");
    let server = phoenix.serve(&platform.app(), &ran, &[("STATIC_URL", "/")], &MIX);
    assert_all_from(&url, &server.url, &http::get(&server.url).text());
}

/// Module `ShopWeb.More` with these functions.
fn with_links(platform: &Platform, functions: &str) {
    let module = format!(
        "defmodule ShopWeb.More do\n  use Phoenix.VerifiedRoutes, endpoint: ShopWeb.Endpoint, router: \
         ShopWeb.Router, statics: ~w(assets fonts images uploads)\n\n{functions}\nend\n"
    );
    platform.write("lib/shop_web/more.ex", &module);
}

/// What reads `STATIC_URL` is believed if the links that it gives are right.
#[allow(clippy::too_many_lines, reason = "one case after the other")]
fn wrong_links(generation: &str, fixture: &str) {
    let Some(phoenix) = Phoenix::find(generation) else {
        return;
    };
    let platform = phoenix.platform(fixture).file_store();
    let script = platform.read("config/runtime.exs");
    let own = |platform: &Platform, url: &str| {
        let config = format!("config :shop, ShopWeb.Endpoint, static_url: {url}");
        platform.write("config/runtime.exs", &format!("{script}\n{config}\n"));
    };
    let read = "System.get_env(\"STATIC_URL\")";
    own(&platform, &format!("[url: {read}]"));
    let lines = "config :shop, ShopWeb.Endpoint, static_url: [path: static_url]";
    platform
        .build()
        .exits(1)
        .says("config/runtime.exs:18 reads STATIC_URL, but with it these links do not lead to files under https://")
        .says("lib/shop_web/layouts/root.html.heex:6: /assets/")
        .says(lines);
    own(&platform, &format!("[path: {read}]"));
    platform.build().exits(1).says("//assets/").says(lines);
    own(
        &platform,
        &format!("if(System.get_env(\"CDN_ENABLED\"), do: [path: {read}], else: [path: \"/\"])"),
    );
    platform.build().exits(1).says(lines);
    let platform = platform.env("STATIC_ASSETS_BUILD_ENV", "CDN_ENABLED=1");
    platform.build().exits(1).says("//assets/");
    own(
        &platform,
        &format!("[path: String.trim_trailing({read} || \"\", \"/\")]"),
    );
    platform
        .build()
        .succeeds()
        .says("The compiled app was asked where its links lead: 3 links")
        .says("with throw-away values, for this question alone: SECRET_KEY_BASE")
        .says("- Links: config/runtime.exs:18 reads STATIC_URL");

    // In a release, `prod.exs` was evaluated long before.
    platform.write("config/runtime.exs", &script);
    let prod = platform.read("config/prod.exs");
    let early =
        "static_url: [path: String.trim_trailing(System.get_env(\"STATIC_URL\") || \"\", \"/\")]";
    platform.write(
        "config/prod.exs",
        &format!("{prod}\nconfig :shop, ShopWeb.Endpoint, {early}\n"),
    );
    platform
        .build()
        .succeeds()
        .says("reads STATIC_URL when a release is built, not when it starts")
        .says("a block was appended to config/runtime.exs");
    platform.write("config/prod.exs", &prod);

    // A link with a host beside links without one.
    platform.write("config/runtime.exs", &script);
    with_links(&platform, "  def image, do: url(~p\"/images/logo.svg\")");
    platform
        .build()
        .exits(1)
        .says("3 links without a host")
        .says("1 link with one")
        .says("URI.merge(ShopWeb.Endpoint.url(), ShopWeb.Endpoint.static_path(")
        .says("lib/shop_web/more.ex:4\n");
    with_links(
        &platform,
        "  def image, do: URI.merge(ShopWeb.Endpoint.url(), ~p\"/images/logo.svg\") |> to_string()",
    );
    platform
        .build()
        .succeeds()
        .says("a block was appended to config/runtime.exs");

    // What asks for the host alone keeps it.
    with_links(
        &platform,
        "  def image, do: ShopWeb.Endpoint.static_url() <> \"/images/logo.svg\"",
    );
    platform.build().succeeds().says("config/runtime.exs");
    let ran = platform.build().succeeds();
    let code = "IO.puts(\"is: \" <> ShopWeb.More.image())";
    let mut command = phoenix.command(
        &platform.app(),
        &ran,
        &[("PHX_SERVER", "")],
        &["mix", "run", "-e", code],
    );
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.contains("is: https://example.com/images/logo.svg\n"),
        "{output:?}"
    );
    own(
        &platform,
        "[path: String.trim_trailing(System.get_env(\"STATIC_URL\") || \"\", \"/\")]",
    );
    platform
        .build()
        .exits(1)
        .says("lib/shop_web/more.ex:4: http://localhost:4000/images/logo.svg")
        .says(
            "static_url: [host: \"example.com\", port: 443, scheme: \"https\", path: static_url]",
        );

    // Files that the app saves while it runs are never published.
    platform.write("config/runtime.exs", &script);
    with_links(&platform, "  def upload(file), do: ~p\"/uploads/#{file}\"");
    platform
        .build()
        .succeeds()
        .says("not checked: the names of files in 1 link")
        .says("lib/shop_web/more.ex:4 links to files under /uploads/ whose names are only known at run time");

    // What the build can't evaluate is not checked, and ends no build.
    platform.write(
        "config/runtime.exs",
        &format!("{script}\nraise \"no network\"\n"),
    );
    let ran = platform
        .build()
        .succeeds()
        .says("The links of the compiled app are not checked: its configuration or its endpoint needs")
        .says("    no network");
    if generation != "1.7" {
        // Elixir 1.14, with which that generation is tested, doesn't know the line.
        ran.says("    no network (config/runtime.exs:");
    }

    // Of the app, only the endpoint is started.
    platform.write("config/runtime.exs", &script);
    let router = "  plug ShopWeb.Router\n";
    let init = "  def init(_, config), do: {:ok, Keyword.put(config, :url, host: Agent.get(Shop.Missing, & &1))}\n";
    platform.edit(
        "lib/shop_web/endpoint.ex",
        router,
        &format!("{router}{init}"),
    );
    platform
        .build()
        .succeeds()
        .says("its configuration or its endpoint needs what the build does not have")
        .says("no process");
}

/// Helpers of a router, `use Mix.Config`, and a configuration that raises without its secrets.
const ROUTES: &str = "
defmodule ShopWeb.Router do
  use Phoenix.Router
  get \"/\", ShopWeb.PageController, :index
end

defmodule ShopWeb.Endpoint do
  use Phoenix.Endpoint, otp_app: :shop
  plug Plug.Static, at: \"/\", from: :shop, only: ~w(css images)
  plug ShopWeb.Router
end

defmodule ShopWeb.PageController do
  use Phoenix.Controller, namespace: ShopWeb
  alias ShopWeb.Router.Helpers, as: Routes

  def index(conn, _), do: html(conn, Routes.static_path(conn, \"/css/app.css\"))
  def logo(conn), do: Routes.static_path(conn, \"/images/logo.svg\")
  # More
end
";

#[test]
fn helpers_of_older_generations_are_asked() {
    for generation in ["1.5", "1.6"] {
        let Some(phoenix) = Phoenix::find(generation) else {
            return;
        };
        let platform = phoenix
            .platform("phoenix_1_6")
            .file_store()
            .env("STATIC_ASSETS_COMPILE_COMMAND", "mix compile");
        fs::remove_dir_all(platform.app().join("lib")).unwrap();
        platform.write("lib/shop_web.ex", ROUTES);
        platform.write("priv/static/css/app.css", "h1 { color: red }");
        platform.write(
            "config/config.exs",
            "use Mix.Config\nconfig :phoenix, :json_library, Jason\nimport_config \"#{Mix.env()}.exs\"\n",
        );
        platform
            .build()
            .succeeds()
            .says("The compiled app was asked where its links lead: 2 links")
            .says("a block was appended to config/runtime.exs");
        let url = "  def image(conn), do: Routes.static_url(conn, \"/images/logo.svg\")";
        platform.edit("lib/shop_web.ex", "  # More", url);
        platform
            .build()
            .exits(1)
            .says("1 link with one")
            .says("lib/shop_web.ex:19\n");

        // Without a script of the boot, the manifest is asked.
        platform.edit("lib/shop_web.ex", url, "");
        fs::remove_file(platform.app().join("config/runtime.exs")).unwrap();
        platform
            .build()
            .succeeds()
            .says("The compiled app was asked where its links lead: 2 links")
            .says("so cache_manifest.json in the image now leads to the version");
    }
}

type Break = fn(Platform) -> Platform;

/// What Mix itself prints when something is missing.
#[test]
#[allow(clippy::too_many_lines, reason = "one case after the other")]
fn failures_of_real_mix_are_understood() {
    let Some(phoenix) = Phoenix::find("1.8") else {
        return;
    };
    let breaks: [(Break, &str, &str); 5] = [
        (
            |platform| {
                let deps = "defp deps do\n    [";
                platform.edit(
                    "mix.exs",
                    deps,
                    &format!("{deps}{{:not_there, \"~> 1.0\"}}, "),
                );
                platform
            },
            "Mix dependencies are missing",
            "mix deps.get --only prod",
        ),
        (
            |platform| {
                let home = platform.path("no-hex");
                let deps = "defp deps do\n    [";
                platform.edit(
                    "mix.exs",
                    deps,
                    &format!("{deps}{{:not_there, \"~> 1.0\"}}, "),
                );
                platform.env("MIX_HOME", home)
            },
            "Mix has no Hex",
            "mix local.hex --force",
        ),
        (
            |platform| {
                let end = "config :logger, level: :info\n";
                platform.edit("config/prod.exs", end, "System.fetch_env!(\"API_URL\")\n");
                platform
            },
            "API_URL is not set in the build",
            "STATIC_ASSETS_BUILD_ENV=\"API_URL=unused-while-compiling\"",
        ),
        (
            |platform| {
                platform.edit("mix.exs", "elixir: \"~> 1.14\"", "elixir: \"~> 1.99\"");
                platform
            },
            "The app requires another Elixir version",
            "supports only Elixir ~> 1.99",
        ),
        (
            |platform| {
                let esbuild = platform.app().join("_build/esbuild-linux-x64");
                fs::remove_file(esbuild).unwrap();
                platform.env("HTTPS_PROXY", "http://127.0.0.1:1")
            },
            "A download failed",
            "econnrefused",
        ),
    ];
    for (broken, title, text) in breaks {
        let platform = broken(phoenix.platform("phoenix_1_8").file_store());
        platform
            .build()
            .exits(1)
            .says(&format!("[Error: static assets: {title}]"))
            .says(text);
        assert!(tree(&platform.store()).is_empty());
    }
}

/// The link of a page to a file of that kind.
fn asset(page: &str, extension: &str) -> String {
    let links = crate::harness::pages::links("http://localhost", page);
    let is_it = |link: &String| link.split('?').next().unwrap().ends_with(extension);
    links.into_iter().find(is_it).unwrap()
}
