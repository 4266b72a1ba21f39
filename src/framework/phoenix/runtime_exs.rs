//! The block in the image's `runtime.exs` that makes unmodified helpers follow `STATIC_URL`.

use super::elixir_values::literal;
use super::static_url::{EndpointTarget, IMAGE_HOST, image_configs};
use crate::config::env_vars::{INJECT, PUBLIC_URL, STATIC_ASSETS_VERSION, STATIC_URL};
use indoc::formatdoc;
use regex::Regex;
use std::path::Path;
use std::sync::LazyLock;

const BEGIN: &str = "# static-assets: begin, in this image only";
const END: &str = "# static-assets: end";
static BLOCK: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = format!(r"(?ms)^{BEGIN}[ \t\r]*$.*?^{END}[ \t\r]*$\n?");
    Regex::new(&pattern).expect("a valid expression")
});

/// Returns the script with the block at its end, in place of the block of an earlier build. The block reads the pin
/// file, if there is one, for processes that `static-assets exec` did not start.
///
/// Modules have their whole names, since the script may define aliases.
pub(super) fn with_block(
    script: &str,
    targets: &[EndpointTarget<'_>],
    pin: Option<&Path>,
) -> String {
    formatdoc! {"
        {own}

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

        {IMAGE_HOST}
        if not static_assets_off and Elixir.Config.config_env() != :test do
        {configs}
        end
        {END}
        ",
        own = without_block(script).trim_end(),
        inject = INJECT.name,
        pin = pin.map(load_pin).unwrap_or_default(),
        configs = image_configs(targets),
    }
}

/// Returns the script of an app that follows by itself, with the pin loaded before the app's own code reads it.
pub(super) fn with_pin(script: &str, pin: &Path) -> String {
    let own = without_block(script);
    format!("{BEGIN}\n{}{END}\n\n{}", load_pin(pin), own.trim_start())
}

/// Returns the app's own script, without the block of an earlier build.
pub(super) fn without_block(script: &str) -> String {
    BLOCK.replace_all(script, "").into_owned()
}

/// Does what `static-assets exec` does, by the rule of `launch/pin.rs`. In the pin, the version is before the URL.
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

#[cfg(test)]
mod tests {
    use super::super::endpoint::Endpoint;
    use super::super::static_url::StaticUrlForm;
    use super::*;

    fn with_lines(script: &str, pin: Option<&str>) -> String {
        let target = EndpointTarget {
            endpoint: &Endpoint {
                otp_app: "shop".to_owned(),
                module: "ShopWeb.Endpoint".to_owned(),
            },
            form: StaticUrlForm::Path,
            mount: "",
            own_host: None,
        };
        with_block(script, &[target], pin.map(Path::new))
    }

    #[test]
    fn the_block_is_in_a_script_once() {
        let script = "import Config\n\nconfig :shop, port: 1";
        let once = with_lines(script, None);
        assert!(once.starts_with(script));
        assert_eq!(with_lines(&once, None), once);
    }

    #[test]
    fn a_pin_is_named_as_a_string_of_elixir() {
        assert_eq!(literal("/etc/a\"b#{c}\\d"), r#""/etc/a\"b\#{c}\\d""#);
        let script = with_lines("import Config\n", Some("/etc/static-assets/pin.env"));
        assert!(script.contains("Elixir.File.read(\"/etc/static-assets/pin.env\")"));
    }

    #[test]
    fn similar_lines_of_the_app_are_not_marks() {
        let script = "# \"# static-assets: begin, in this image only\"\nconfig :a, b: 1\n# static-assets: end\n";
        assert_eq!(without_block(script), script);
        let begun = format!("{BEGIN}\nconfig :a, b: 1\n");
        assert_eq!(without_block(&begun), begun);
    }
}
