//! The block that a build appends to `runtime.exs`, evaluated by Elixir itself.

use crate::harness::phoenix::elixir;
use crate::harness::{Platform, Ran};
use fs_err as fs;
use std::process::{Command, Stdio};

/// Evaluates a script with an environment, and returns each endpoint's `static_url` as Elixir writes it.
fn evaluated(platform: &Platform, script: &str, env: &[(&str, &str)], config_env: &str) -> String {
    let Some(path) = elixir() else {
        unreachable!("asked for before")
    };
    let program = format!(
        "config = Config.Reader.read!({script:?}, env: :{config_env})\n\
         for {{app, modules}} <- Enum.sort(config), {{module, values}} <- Enum.sort(modules), url = \
         values[:static_url], do: IO.puts(\"#{{app}} #{{inspect(module)}} #{{inspect(url)}}\")"
    );
    let output = Command::new("elixir")
        .args(["-e", &program])
        .current_dir(platform.app())
        .env_clear()
        .env("PATH", path)
        .env("LC_ALL", "C.UTF-8")
        .envs(env.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stderr),
        fs::read_to_string(platform.app().join(script)).unwrap()
    );
    String::from_utf8(output.stdout).unwrap()
}

const SCRIPT: &str = "backend/config/runtime.exs";

/// Builds an app with this page and this `runtime.exs`.
fn built(page: &str, script: &str) -> Platform {
    build(page, script).0
}

/// Builds the same, and returns the log as well.
fn build(page: &str, script: &str) -> (Platform, Ran) {
    let platform = Platform::with("phoenix_monorepo").file_store();
    platform.write("backend/lib/shop_web/page_html.ex", page);
    platform.write(SCRIPT, script);
    let ran = platform.build().succeeds();
    (platform, ran)
}

/// Returns the lines that the log gives for the repository.
fn snippet(ran: &Ran) -> String {
    let stdout = ran.stdout();
    let lines = stdout
        .lines()
        .skip_while(|line| !line.contains("To do it in your own code:"));
    let lines = lines
        .skip(1)
        .take_while(|line| line.starts_with("    ") || line.is_empty());
    let lines: Vec<&str> = lines
        .map(|line| line.strip_prefix("    ").unwrap_or(line))
        .collect();
    lines.join("\n") + "\n"
}

const CDN: &str = "https://cdn.example.com/shop/v1/";

#[test]
fn each_form_follows_static_url_and_vanishes_without_it() {
    if elixir().is_none() {
        return;
    }
    let path = "~p\"/assets/app.css\"";
    let address = "url(~p\"/assets/app.css\")";
    for (page, url, expected) in [
        (path, CDN, "[path: \"https://cdn.example.com/shop/v1\"]"),
        (path, "/assets-v/v1/", "[path: \"/assets-v/v1\"]"),
        (path, "/", ""),
        (path, "", ""),
        (
            address,
            CDN,
            "[scheme: \"https\", host: \"cdn.example.com\", port: 443, path: \"/shop/v1\"]",
        ),
        (
            address,
            "http://cdn.example.com:9000",
            "[scheme: \"http\", host: \"cdn.example.com\", port: 9000, path: \"/\"]",
        ),
        // Of a path alone Phoenix would make addresses at localhost.
        (address, "/assets-v/v1/", ""),
    ] {
        let platform = built(page, "import Config\n");
        let found = evaluated(&platform, SCRIPT, &[("STATIC_URL", url)], "prod");
        let expected = match expected {
            "" => String::new(),
            expected => format!("shop ShopWeb.Endpoint {expected}\n"),
        };
        assert_eq!(found, expected, "{url} {page}");
        // The lines for the repository do the same, and then the build appends no block.
        let (_, ran) = build(page, "import Config\n");
        let owned = format!("import Config\n{}", snippet(&ran));
        let (platform, ran) = build(page, &owned);
        let found = evaluated(&platform, SCRIPT, &[("STATIC_URL", url)], "prod");
        assert_eq!(found, expected, "{url} {owned}");
        ran.says("backend/config/runtime.exs:3 reads STATIC_URL");
        assert_eq!(platform.read(SCRIPT), owned);
    }
    let platform = built(path, "import Config\n");
    let off = [("STATIC_URL", CDN), ("STATIC_ASSETS_INJECT", "off")];
    assert_eq!(evaluated(&platform, SCRIPT, &off, "prod"), "");
    assert_eq!(evaluated(&platform, SCRIPT, &[], "prod"), "");
    // A path without the version is the app's own.
    let fallback = [("STATIC_URL", "/static/"), ("STATIC_ASSETS_VERSION", "v1")];
    assert_eq!(evaluated(&platform, SCRIPT, &fallback, "prod"), "");
    // The app's own tests see their own files.
    assert_eq!(
        evaluated(&platform, SCRIPT, &[("STATIC_URL", CDN)], "test"),
        ""
    );
}

/// Prints each row of the table that a script and its pin do not fit.
const ASK: &str = "
    [script, pin, table, asked] = System.argv()
    for line <- String.split(File.read!(table), \"\\n\", trim: true), not String.starts_with?(line, \"#\") do
      [base, url] = String.split(line, \"\\t\")
      File.write!(pin, \"# a=b\\nSTATIC_ASSETS_VERSION=v1\\nSTATIC_URL=https://built/v1/\\n\")
      for ending <- [\"\", \"\\n\"] do
        System.delete_env(\"STATIC_URL\")
        System.put_env(\"STATIC_ASSETS_VERSION\", \"v0\")
        System.put_env(\"STATIC_ASSETS_PUBLIC_URL\", base <> ending)
        config = Config.Reader.read!(script, env: :prod)
        found = if asked == \"own\", do: config[:shop][:own], else: config[:shop][ShopWeb.Endpoint][:static_url][:path] <> \"/\"
        expected = if url == \"\", do: \"https://built/v1/\", else: url
        if found != expected, do: IO.puts(\"#{inspect(base)}: #{inspect(found)}\")
      end
    end
    IO.puts(\"asked\")";

/// With each base of run time, the pin gives the URL to the endpoint or to the script's own code.
#[test]
fn the_pin_is_read_as_exec_reads_it() {
    let Some(path) = elixir() else {
        return;
    };
    let follows = "import Config\nconfig :shop, own: System.get_env(\"STATIC_URL\")\n\
                   if url = System.get_env(\"STATIC_URL\") do\n  config :shop, ShopWeb.Endpoint, static_url: [path: url]\nend\n";
    for (script, asked) in [("import Config\n", "injected"), (follows, "own")] {
        let platform = Platform::with("phoenix_monorepo").file_store();
        platform.write(SCRIPT, script);
        let pin = platform.path("pin.env").display().to_string();
        let line = ["publish", "--app", ".", &format!("--pin={pin}")];
        platform
            .cli_with(&line, &[("STATIC_ASSETS_DIGEST", "native")])
            .exits(0);
        let table = crate::harness::repository().join("tests/rebase.txt");
        let output = Command::new("elixir")
            .args(["-e", ASK])
            .arg(platform.app().join(SCRIPT))
            .args([&pin, &table.display().to_string(), asked])
            .env("PATH", &path)
            .output()
            .unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert_eq!(said, "asked\n", "{asked}");
    }
}

#[test]
fn a_static_url_of_the_app_is_replaced() {
    if elixir().is_none() {
        return;
    }
    for script in [
        "import Config\nconfig :shop, ShopWeb.Endpoint, static_url: [path: \"/old\"]",
        "import Config\r\nconfig :shop, ShopWeb.Endpoint, static_url: [path: \"/old\"]\r\n",
        "import Config\nif config_env() == :prod do\n  config :shop, ShopWeb.Endpoint, static_url: [path: \"/old\"]\nend # the end",
        "",
        "# nothing but a comment",
        "import Config\nalias Shop.{Config, System, String, URI}\n",
    ] {
        let platform = built("~p\"/assets/app.css\"", script);
        let found = evaluated(&platform, SCRIPT, &[("STATIC_URL", CDN)], "prod");
        assert_eq!(
            found, "shop ShopWeb.Endpoint [path: \"https://cdn.example.com/shop/v1\"]\n",
            "{script}"
        );
    }
}

/// `static_url` replaces `url` as a whole: what asks for `static_url()` alone would be at `localhost`.
#[test]
fn the_own_host_stays_beside_the_path() {
    if elixir().is_none() {
        return;
    }
    for (script, host) in [
        (
            "url: [host: \"shop.example.com\", scheme: \"https\", port: 443, path: \"/x\"]",
            "shop",
        ),
        (
            "url: [host: \"shop.example.com\", scheme: \"https\", port: 443], static_url: [host: \"old.example.com\"]",
            "old",
        ),
    ] {
        let script = format!("import Config\nconfig :shop, ShopWeb.Endpoint, {script}\n");
        let platform = built(
            "~p\"/assets/app.css\" ShopWeb.Endpoint.static_url()",
            &script,
        );
        assert_eq!(
            evaluated(&platform, SCRIPT, &[("STATIC_URL", CDN)], "prod"),
            format!(
                "shop ShopWeb.Endpoint [host: \"{host}.example.com\", port: 443, scheme: \"https\", \
                 path: \"https://cdn.example.com/shop/v1\"]\n"
            )
        );
    }
}

#[test]
fn apps_of_an_umbrella_follow_under_their_own_directory() {
    if elixir().is_none() {
        return;
    }
    let platform = Platform::with("phoenix_umbrella").file_store();
    platform.build().succeeds();
    let env = [("STATIC_URL", CDN), ("SECRET_KEY_BASE", "x")];
    assert_eq!(
        evaluated(&platform, "config/runtime.exs", &env, "prod"),
        "admin_web AdminWeb.Endpoint [path: \"https://cdn.example.com/shop/v1/admin_web\"]\n\
         shop_web ShopWeb.Endpoint [path: \"https://cdn.example.com/shop/v1/shop_web\"]\n"
    );
}
