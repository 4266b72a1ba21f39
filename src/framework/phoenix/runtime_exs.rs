//! The lines at the end of a `runtime.exs` that make unmodified helpers follow `STATIC_URL`.

use crate::config::env_vars::{INJECT, PUBLIC_URL, STATIC_ASSETS_VERSION, STATIC_URL};
use indoc::formatdoc;
use std::path::Path;

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

const BEGIN: &str = "# static-assets: begin, in this image only";
const END: &str = "# static-assets: end";

/// The script with the lines at its end, and none of an earlier build. They read the pin file, where there is one,
/// for a process that was not started by `static-assets exec`.
pub(super) fn with_lines(
    script: &str,
    kind: Script,
    targets: &[Target],
    pin: Option<&Path>,
) -> String {
    let own = without_lines(script);
    format!("{}\n\n{}", own.trim_end(), lines(kind, targets, pin))
}

/// The app's own script, without what an earlier build has put there: what stands between these very lines.
pub(super) fn without_lines(script: &str) -> String {
    let mut own = String::with_capacity(script.len());
    let mut rest = script;
    let line = |text: &str, line: &str| {
        let mut start = 0;
        text.split_inclusive('\n').find_map(|found| {
            let at = start;
            start += found.len();
            (found.trim_end() == line).then_some((at, start))
        })
    };
    while let Some((begin, _)) = line(rest, BEGIN) {
        let Some((_, end)) = line(&rest[begin..], END) else {
            break;
        };
        own.push_str(&rest[..begin]);
        rest = &rest[begin + end..];
    }
    own.push_str(rest);
    own
}

/// With the whole names of modules, whatever the script has made aliases of.
fn lines(kind: Script, targets: &[Target], pin: Option<&Path>) -> String {
    let guard = match kind {
        Script::Runtime => "not static_assets_off and Elixir.Config.config_env() != :test",
        Script::Releases => "not static_assets_off",
    };
    let configs: Vec<String> = targets
        .iter()
        .map(|target| config(target, &IMAGE))
        .collect();
    formatdoc! {"
        {BEGIN}
        require Elixir.Config
        {pin}
        static_assets_url = Elixir.String.trim_trailing(Elixir.System.get_env(\"{STATIC_URL}\") || \"\", \"/\")
        static_assets_version = Elixir.System.get_env(\"{STATIC_ASSETS_VERSION}\") || \"\"

        # A path without the version means: serve from the app again.
        static_assets_off =
          static_assets_url == \"\" or Elixir.System.get_env(\"{inject}\") == \"off\" or
            (Elixir.String.starts_with?(static_assets_url, \"/\") and
               not Elixir.String.contains?(static_assets_url, static_assets_version))

        if {guard} do
        {uri}{configs}
        end
        {END}
        ",
        inject = INJECT.name,
        pin = pin.map(load_pin).unwrap_or_default(),
        uri = uri(targets, &IMAGE),
        configs = configs.join("\n"),
    }
}

/// The script of an app that follows by itself, with the pin loaded before anything of its own is read.
pub(super) fn with_pin(script: &str, pin: &Path) -> String {
    let own = without_lines(script);
    format!("{BEGIN}\n{}{END}\n\n{}", load_pin(pin), own.trim_start())
}

/// What `static-assets exec` does, by the rule of `launch/pin.rs`. The version stands before the URL.
fn load_pin(pin: &Path) -> String {
    formatdoc! {"

        with true <- Elixir.File.regular?({pin}),
             {{:ok, static_assets_pin}} <- Elixir.File.read({pin}),
             true <- Elixir.String.valid?(static_assets_pin) and not Elixir.String.contains?(static_assets_pin, <<0>>) do
          for line <- Elixir.String.split(static_assets_pin, [\"\\r\\n\", \"\\n\"]),
              not Elixir.String.starts_with?(line, \"#\"),
              [name, value] <- [Elixir.String.split(line, \"=\", parts: 2)],
              name != \"\",
              name == \"{STATIC_ASSETS_VERSION}\" or Elixir.System.get_env(name) in [nil, \"\"] do
            base = Elixir.String.trim_trailing(Elixir.System.get_env(\"{public}\") || \"\", \"\\n\")
            is_base = ~r{{\\A(https?://[A-Za-z0-9]|/(?!/))[A-Za-z0-9/:.%_~+=,-]*\\z}}

            if name == \"{STATIC_URL}\" and Elixir.Regex.match?(is_base, base) do
              version = Elixir.System.get_env(\"{STATIC_ASSETS_VERSION}\")
              Elixir.System.put_env(name, Elixir.String.trim_trailing(base, \"/\") <> \"/\" <> version <> \"/\")
            else
              Elixir.System.put_env(name, value)
            end
          end
        end

        ",
        pin = literal(&pin.to_string_lossy()),
        public = PUBLIC_URL.name,
    }
}

/// <https://hexdocs.pm/elixir/syntax-reference.html#strings>
fn literal(text: &str) -> String {
    let escaped = text
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('#', "\\#");
    format!("\"{escaped}\"")
}

/// How lines name what they use: in the image nothing of the script's may be in the way; a repository has its own
/// style.
struct Naming {
    url: &'static str,
    uri: &'static str,
    modules: &'static str,
    config: &'static str,
}

const IMAGE: Naming = Naming {
    url: "static_assets_url",
    uri: "static_assets_uri",
    modules: "Elixir.",
    config: "Elixir.Config.config(",
};
const REPOSITORY: Naming = Naming {
    url: "static_url",
    uri: "uri",
    modules: "",
    config: "config ",
};

fn uri(targets: &[Target], naming: &Naming) -> String {
    if targets.iter().all(|target| target.way == Way::Path) {
        return String::new();
    }
    let Naming {
        url, uri, modules, ..
    } = naming;
    format!("  {uri} = {modules}URI.parse({url})\n")
}

/// What follows `STATIC_URL`. An address needs a host: of a path alone Phoenix would make one at `localhost`, so
/// nothing is set then.
fn config(target: &Target, naming: &Naming) -> String {
    let Naming {
        url, uri, config, ..
    } = naming;
    let Target {
        otp_app,
        module,
        mount,
        ..
    } = target;
    let with_mount = |expression: String| match mount.as_str() {
        "" => expression,
        mount => format!("{expression} <> \"{mount}\""),
    };
    let (condition, value) = match target.way {
        Way::Path => (None, format!("[path: {}]", with_mount((*url).to_owned()))),
        Way::Address => {
            let path = match mount.as_str() {
                "" => format!("{uri}.path || \"/\""),
                mount => format!("({uri}.path || \"\") <> \"{mount}\""),
            };
            let value =
                format!("[scheme: {uri}.scheme, host: {uri}.host, port: {uri}.port, path: {path}]");
            (Some(uri), value)
        }
        Way::Host => {
            let host = with_mount(format!("{uri}.host <> ({uri}.path || \"\")"));
            let value =
                format!("[scheme: {uri}.scheme, host: {host}, port: {uri}.port, path: \"/\"]");
            (Some(uri), value)
        }
    };
    let close = if config.ends_with('(') { ")" } else { "" };
    let set = format!("{config}:{otp_app}, {module}, static_url: {value}{close}");
    match condition {
        None => format!("  {set}"),
        Some(uri) => format!("  if {uri}.host do\n    {set}\n  end"),
    }
}

/// The lines for the repository, which make those of the build unnecessary.
pub(super) fn snippet(targets: &[Target]) -> String {
    let configs: Vec<String> = targets
        .iter()
        .map(|target| config(target, &REPOSITORY))
        .collect();
    formatdoc! {"
        # config/runtime.exs, inside `if config_env() == :prod do`
        static_url = String.trim_trailing(System.get_env(\"{STATIC_URL}\") || \"\", \"/\")

        if static_url != \"\" do
        {uri}{configs}
        end",
        uri = uri(targets, &REPOSITORY),
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
        let once = with_lines(script, Script::Runtime, &[shop(Way::Path)], None);
        assert!(once.starts_with(script));
        let twice = with_lines(&once, Script::Runtime, &[shop(Way::Path)], None);
        assert_eq!(once, twice);
    }

    #[test]
    fn a_pin_is_named_as_a_string_of_elixir() {
        assert_eq!(literal("/etc/a\"b#{c}\\d"), r#""/etc/a\"b\#{c}\\d""#);
        let script = with_lines(
            "import Config\n",
            Script::Runtime,
            &[shop(Way::Path)],
            Some(Path::new("/etc/static-assets/pin.env")),
        );
        assert!(script.contains("Elixir.File.read(\"/etc/static-assets/pin.env\")"));
    }

    #[test]
    fn words_of_the_apps_own_are_no_marks() {
        let script = "# \"# static-assets: begin, in this image only\"\nconfig :a, b: 1\n# static-assets: end\n";
        assert_eq!(without_lines(script), script);
        let begun = format!("{BEGIN}\nconfig :a, b: 1\n");
        assert_eq!(without_lines(&begun), begun);
    }

    #[test]
    fn a_script_of_old_releases_asks_for_no_environment() {
        let lines = with_lines(
            "import Config\n",
            Script::Releases,
            &[shop(Way::Address)],
            None,
        );
        assert!(!lines.contains("config_env"));
        assert!(lines.contains("URI.parse"));
    }
}
