//! The lines at the end of a `runtime.exs` that make unmodified helpers follow `STATIC_URL`.

use crate::config::names::{INJECT, STATIC_ASSETS_VERSION, STATIC_URL};
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

const BEGIN: &str = "# static-assets: begin, in this image only";
const END: &str = "# static-assets: end";

/// The script with the lines at its end, and none of an earlier build.
pub(super) fn with_lines(script: &str, kind: Script, targets: &[Target]) -> String {
    let own = without_lines(script);
    format!("{}\n\n{}", own.trim_end(), lines(kind, targets))
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
fn lines(kind: Script, targets: &[Target]) -> String {
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
        uri = uri(targets, &IMAGE),
        configs = configs.join("\n"),
    }
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
        let once = with_lines(script, Script::Runtime, &[shop(Way::Path)]);
        assert!(once.starts_with(script));
        let twice = with_lines(&once, Script::Runtime, &[shop(Way::Path)]);
        assert_eq!(once, twice);
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
        let lines = with_lines("import Config\n", Script::Releases, &[shop(Way::Address)]);
        assert!(!lines.contains("config_env"));
        assert!(lines.contains("URI.parse"));
    }
}
