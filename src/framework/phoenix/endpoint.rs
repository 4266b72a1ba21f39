//! The endpoints of an app: the modules whose URLs its configuration sets.

use super::elixir::ElixirSource;
use super::elixir_values::{atom_or_attribute, is_name_letter, leading_name, values};
use super::sources::{has_extension, read_text, source_files};
use std::io;
use std::path::Path;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) module: String,
    pub(super) otp_app: String,
}

/// Finds the modules that `use Phoenix.Endpoint`, or a wrapper such as `SiteEncrypt.Phoenix.Endpoint`. A module
/// whose name is uncertain is left out: a wrong name would break the configuration.
pub(super) fn find_endpoints(app: &Path, otp_app: &str) -> io::Result<Vec<Endpoint>> {
    const ENDPOINT: &str = "Phoenix.Endpoint";
    let mut endpoints = Vec::new();
    let mut files = source_files(app)?;
    files.retain(|file| has_extension(file, &["ex"]));
    for file in files {
        let text = read_text(&file)?;
        if !text.contains(ENDPOINT) {
            continue;
        }
        let source = ElixirSource::of(&text);
        for at in values(&source.bare, "use ") {
            let (before, used) = source.bare.split_at(at);
            let used_module = leading_name(used.trim_start(), &['.']);
            let is_endpoint = used_module == ENDPOINT || used_module.ends_with(".Phoenix.Endpoint");
            let Some(module) = enclosing_module(before).filter(|_| is_endpoint) else {
                continue;
            };
            let named = values(statement(used), "otp_app:").next();
            let named = named.and_then(|value| atom_or_attribute(&source, at + value));
            let otp_app = named.unwrap_or_else(|| otp_app.to_owned());
            let endpoint = Endpoint { module, otp_app };
            // A condition may choose between two definitions of one endpoint.
            if !endpoints.contains(&endpoint) {
                endpoints.push(endpoint);
            }
        }
    }
    Ok(endpoints)
}

/// Returns a call without parentheses: it ends with the first line that no comma continues.
fn statement(code: &str) -> &str {
    let mut end = 0;
    for line in code.split_inclusive('\n') {
        end += line.len();
        let line = line.trim_end();
        if !line.is_empty() && !line.ends_with([',', '(', '[']) {
            break;
        }
    }
    &code[..end]
}

/// Returns the name of the module that is open at the end of `before`, judged by indentation: an `Endpoint` in
/// `Shop` is `Shop.Endpoint`.
fn enclosing_module(before: &str) -> Option<String> {
    let mut names: Vec<(usize, &str)> = Vec::new();
    for line in before.lines() {
        let indent = line.len() - line.trim_start().len();
        let line = line.trim();
        let definition = line.strip_prefix("defmodule");
        if let Some(definition) = definition.filter(|it| it.starts_with([' ', '('])) {
            names.retain(|(outer, _)| *outer < indent);
            // A module that is whole on its line is closed.
            if !line.ends_with(" end") {
                let name = definition.trim_start_matches([' ', '(']);
                names.push((indent, leading_name(name, &['.'])));
            }
        } else if line == "end" {
            names.retain(|(outer, _)| *outer != indent);
        }
    }
    let mut module = String::new();
    for (_, name) in names {
        match name.strip_prefix("__MODULE__") {
            Some(rest) => module.push_str(rest),
            None if module.is_empty() => module.push_str(name),
            None => module = format!("{module}.{name}"),
        }
    }
    is_module(&module).then_some(module)
}

/// Whether a name such as `Shop.Endpoint` may be written into a script.
fn is_module(name: &str) -> bool {
    name.is_ascii()
        && name.split('.').all(|part| {
            part.starts_with(|first: char| first.is_ascii_uppercase())
                && part.chars().all(is_name_letter)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::folder_with;

    #[test]
    fn endpoints_have_the_names_that_elixir_gives_them() {
        for (code, module) in [
            (
                "defmodule A.Endpoint do\n  use Phoenix.Endpoint",
                "A.Endpoint",
            ),
            (
                "defmodule A do\n  defmodule Endpoint do\n    use Phoenix.Endpoint",
                "A.Endpoint",
            ),
            (
                "defmodule Config do\n  def a do\n  end\nend\n\ndefmodule B.Endpoint do\n  use SiteEncrypt.Phoenix.Endpoint",
                "B.Endpoint",
            ),
            (
                "defmodule B.Endpoint, do: (use Phoenix.Endpoint",
                "B.Endpoint",
            ),
            (
                "defmodule A do\n  defmodule Health do end\n  defmodule __MODULE__.Endpoint do\n    use Phoenix.Endpoint",
                "A.Endpoint",
            ),
            (
                "defmodule(A.Endpoint) do\n  @moduledoc \"defmodule (Foo) do\"\n  use Phoenix.Endpoint",
                "A.Endpoint",
            ),
        ] {
            let app = folder_with(&[("lib/e.ex", &format!("{code}, otp_app: :shop\n"))]);
            let found = find_endpoints(app.path(), "shop").unwrap();
            assert_eq!(
                found.first().map(|found| found.module.as_str()),
                Some(module),
                "{code}"
            );
        }
    }

    #[test]
    fn uncertain_endpoints_are_left_out() {
        for code in [
            "defmodule <%= @web %>.Endpoint do\n  use Phoenix.Endpoint, otp_app: :shop",
            "\"\"\"\ndefmodule A.Endpoint do\n  use Phoenix.Endpoint, otp_app: :a\n\"\"\"",
            "defmodule unquote(name) do\n  use Phoenix.Endpoint, otp_app: :shop",
        ] {
            let app = folder_with(&[("lib/e.ex", code)]);
            assert_eq!(find_endpoints(app.path(), "shop").unwrap(), [], "{code}");
        }
    }

    #[test]
    fn an_endpoint_belongs_to_the_app_it_names() {
        for (code, otp_app) in [
            (
                "@otp_app :web\n  use Phoenix.Endpoint,\n    otp_app: @otp_app\n  use X, otp_app: :x",
                "web",
            ),
            (
                "use Phoenix.Endpoint, otp_app: @unknown\n  use X, otp_app: :x",
                "shop",
            ),
            ("use Phoenix.Endpoint\n  use X, otp_app: :x", "shop"),
            ("use Phoenix.Endpoint, otp_app: :caf\u{e9}", "shop"),
        ] {
            let code = format!("defmodule A.Endpoint do\n  {code}\nend");
            let app = folder_with(&[("lib/e.ex", &code)]);
            assert_eq!(
                find_endpoints(app.path(), "shop").unwrap()[0].otp_app,
                otp_app,
                "{code}"
            );
        }
    }
}
