//! The lines at the end of a `runtime.exs` that make unmodified helpers follow `STATIC_URL`.

use crate::config::names::{INJECT, STATIC_URL};
use indoc::formatdoc;

/// What of an endpoint's URLs follows, and by which part of `static_url`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// The whole URL as the path, which is only ever put in front: what `~p` and `static_path` give.
    Path,
    /// As documented: what `url(~p"…")` and `static_url` give.
    Address,
    /// The host with the path behind it: `static_url` follows, `static_path` stays on the app's own host.
    Host,
}

/// An endpoint to configure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) otp_app: String,
    pub(super) module: String,
    pub(super) way: Way,
    /// Its folder below the version: empty, or begins with `/`.
    pub(super) mount: String,
}

/// The script that is evaluated at boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Script {
    /// `runtime.exs`, of Elixir 1.11 and later.
    Runtime,
    /// `releases.exs`, which knows no `config_env`.
    Releases,
}

const BEGIN: &str = "# static-assets: begin";
const END: &str = "# static-assets: end";

/// The script with the lines at its end, and none of an earlier build.
pub(super) fn with_lines(script: &str, kind: Script, targets: &[Target]) -> String {
    let own = without_lines(script);
    format!("{}\n\n{}", own.trim_end(), lines(kind, targets))
}

/// The app's own script, without what an earlier build has put there.
pub(super) fn without_lines(script: &str) -> String {
    match (script.find(BEGIN), script.find(END)) {
        (Some(begin), Some(end)) if begin < end => {
            let after = script[end + END.len()..].trim_start();
            format!("{}{after}", &script[..begin])
        }
        _ => script.to_owned(),
    }
}

fn lines(kind: Script, targets: &[Target]) -> String {
    let guard = match kind {
        Script::Runtime => "static_assets_url != \"\" and Config.config_env() != :test",
        Script::Releases => "static_assets_url != \"\"",
    };
    let configs: Vec<String> = targets
        .iter()
        .map(|target| {
            format!(
                "  Config.config(:{}, {}, static_url: {})",
                target.otp_app,
                target.module,
                value(target)
            )
        })
        .collect();
    let needs_uri = targets.iter().any(|target| target.way != Way::Path);
    let uri = if needs_uri {
        "  static_assets_uri = URI.parse(static_assets_url)\n"
    } else {
        ""
    };
    formatdoc! {"
        {BEGIN}, in this image only
        require Config

        static_assets_url =
          if System.get_env(\"{inject}\") == \"off\",
            do: \"\",
            else: String.trim_trailing(System.get_env(\"{STATIC_URL}\") || \"\", \"/\")

        if {guard} do
        {uri}{configs}
        end
        {END}
        ",
        inject = INJECT.name,
        configs = configs.join("\n"),
    }
}

fn value(target: &Target) -> String {
    let path = with_mount("static_assets_url", &target.mount);
    let path = format!("[path: {path}]");
    let uri_path = match target.mount.as_str() {
        "" => "static_assets_uri.path || \"/\"".to_owned(),
        mount => format!("(static_assets_uri.path || \"\") <> \"{mount}\""),
    };
    match target.way {
        Way::Path => path,
        // A path alone is one of the app's own host.
        Way::Address => format!(
            "if(static_assets_uri.host, do: [scheme: static_assets_uri.scheme, host: \
             static_assets_uri.host, port: static_assets_uri.port, path: {uri_path}], else: {path})"
        ),
        // Another port would stand behind the path.
        Way::Host => format!(
            "if(static_assets_uri.host && static_assets_uri.port == \
             URI.default_port(static_assets_uri.scheme), do: [scheme: static_assets_uri.scheme, host: \
             static_assets_uri.host <> {host}, port: static_assets_uri.port], else: {path})",
            host = with_mount("(static_assets_uri.path || \"\")", &target.mount)
        ),
    }
}

fn with_mount(expression: &str, mount: &str) -> String {
    match mount {
        "" => expression.to_owned(),
        mount => format!("{expression} <> \"{mount}\""),
    }
}

/// The lines for the repository, which make those of the build unnecessary.
pub(super) fn snippet(targets: &[Target]) -> String {
    let configs: Vec<String> = targets
        .iter()
        .map(|target| {
            let Target {
                otp_app, module, ..
            } = target;
            let trimmed = with_mount("String.trim_trailing(static_url, \"/\")", &target.mount);
            match target.way {
                Way::Path => format!("  config :{otp_app}, {module}, static_url: [path: {trimmed}]"),
                Way::Address | Way::Host => formatdoc! {"
                    {indent}uri = URI.parse({trimmed})
                    {indent}config :{otp_app}, {module},
                    {indent}  static_url: [scheme: uri.scheme, host: uri.host, port: uri.port, path: uri.path || \"/\"]",
                    indent = "  "
                },
            }
        })
        .collect();
    formatdoc! {"
        # config/runtime.exs, inside `if config_env() == :prod do`
        if static_url = System.get_env(\"{STATIC_URL}\") do
        {configs}
        end",
        configs = configs.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shop(way: Way) -> Target {
        Target {
            otp_app: "shop".to_owned(),
            module: "ShopWeb.Endpoint".to_owned(),
            way,
            mount: String::new(),
        }
    }

    #[test]
    fn lines_are_put_once() {
        let script = "import Config\n\nconfig :shop, port: 1";
        let once = with_lines(script, Script::Runtime, &[shop(Way::Path)]);
        assert!(once.starts_with(script));
        assert!(once.contains(
            "Config.config(:shop, ShopWeb.Endpoint, static_url: [path: static_assets_url])"
        ));
        let twice = with_lines(&once, Script::Runtime, &[shop(Way::Path)]);
        assert_eq!(once, twice);
    }

    #[test]
    fn apps_of_an_umbrella_have_their_own_folder() {
        let target = Target {
            mount: "/shop_web".to_owned(),
            ..shop(Way::Path)
        };
        assert_eq!(value(&target), "[path: static_assets_url <> \"/shop_web\"]");
        assert!(
            snippet(&[target]).contains("String.trim_trailing(static_url, \"/\") <> \"/shop_web\"")
        );
    }

    #[test]
    fn a_script_of_old_releases_asks_for_no_environment() {
        let lines = with_lines("import Config\n", Script::Releases, &[shop(Way::Address)]);
        assert!(!lines.contains("config_env"));
        assert!(lines.contains("URI.parse"));
    }
}
