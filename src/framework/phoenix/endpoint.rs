//! The endpoints of an app: the modules whose URLs are configured.

use super::elixir::{Source, atom_or_attribute, words};
use super::sources::source_files;
use crate::fs::read_file;
use std::io;
use std::path::Path;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) module: String,
    pub(super) otp_app: String,
}

/// The modules that `use Phoenix.Endpoint`, or what wraps it (`SiteEncrypt.Phoenix.Endpoint`). What can't be
/// told for sure is none.
pub(super) fn endpoints(folder: &Path, otp_app: &str) -> io::Result<Vec<Endpoint>> {
    const ENDPOINT: &str = "Phoenix.Endpoint";
    let mut endpoints = Vec::new();
    for file in source_files(folder)? {
        let is_code = file.extension().is_some_and(|extension| extension == "ex");
        let bytes = if is_code { read_file(&file)? } else { continue };
        if memchr::memmem::find(&bytes, ENDPOINT.as_bytes()).is_none() {
            continue;
        }
        let source = Source::of(&String::from_utf8_lossy(&bytes));
        for at in words(&source.bare, "use ") {
            let used = source.bare[at + "use ".len()..].trim_start();
            let end = used.find(|letter: char| !letter.is_alphanumeric() && letter != '.');
            let module = &used[..end.unwrap_or(used.len())];
            if module != ENDPOINT && !module.ends_with(".Phoenix.Endpoint") {
                continue;
            }
            let Some(module) = enclosing_module(&source.bare[..at]) else {
                continue;
            };
            let end = at + statement(&source.bare[at..]).len();
            let named = words(&source.bare[..end], "otp_app:").find(|named| *named > at);
            let named =
                named.and_then(|named| atom_or_attribute(&source, named + "otp_app:".len()));
            let endpoint = Endpoint {
                module,
                otp_app: named.unwrap_or_else(|| otp_app.to_owned()),
            };
            // One that is defined in two ways, of which a condition chooses.
            if !endpoints.contains(&endpoint) {
                endpoints.push(endpoint);
            }
        }
    }
    Ok(endpoints)
}

/// A call without parentheses ends with the first line that no comma continues.
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

/// The name of the module that is open at the end of `before`, by indentation: `Shop` and in it `Endpoint` are
/// `Shop.Endpoint`.
fn enclosing_module(before: &str) -> Option<String> {
    let mut names: Vec<(usize, String)> = Vec::new();
    for line in before.lines() {
        let indent = line.len() - line.trim_start().len();
        let line = line.trim();
        let definition = line
            .strip_prefix("defmodule ")
            .or_else(|| line.strip_prefix("defmodule("));
        if let Some(definition) = definition {
            names.retain(|(outer, _)| *outer < indent);
            let is_name = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '.';
            let definition = definition.trim_start();
            let end = definition.find(|letter| !is_name(letter));
            let name = &definition[..end.unwrap_or(definition.len())];
            // One that is whole on its line is closed.
            if !line.ends_with(" end") {
                names.push((indent, name.to_owned()));
            }
        } else if line == "end" {
            names.retain(|(outer, _)| *outer != indent);
        }
    }
    let mut module = String::new();
    for (_, name) in names {
        if let Some(rest) = name.strip_prefix("__MODULE__") {
            module.push_str(rest);
        } else {
            if !module.is_empty() {
                module.push('.');
            }
            module.push_str(&name);
        }
    }
    is_module(&module).then_some(module)
}

/// `Shop.Endpoint`: what may be written into a script.
fn is_module(name: &str) -> bool {
    name.split('.').all(|part| {
        part.starts_with(|first: char| first.is_ascii_uppercase())
            && part
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
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
            let found = endpoints(app.path(), "shop").unwrap();
            assert_eq!(
                found.first().map(|found| found.module.as_str()),
                Some(module),
                "{code}"
            );
        }
    }

    #[test]
    fn what_is_no_endpoint_for_sure_is_none() {
        for code in [
            "defmodule <%= @web %>.Endpoint do\n  use Phoenix.Endpoint, otp_app: :shop",
            "\"\"\"\ndefmodule A.Endpoint do\n  use Phoenix.Endpoint, otp_app: :a\n\"\"\"",
            "defmodule unquote(name) do\n  use Phoenix.Endpoint, otp_app: :shop",
        ] {
            let app = folder_with(&[("lib/e.ex", code)]);
            assert_eq!(endpoints(app.path(), "shop").unwrap(), [], "{code}");
        }
    }

    #[test]
    fn the_app_of_an_endpoint_is_the_one_of_its_own_use() {
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
                endpoints(app.path(), "shop").unwrap()[0].otp_app,
                otp_app,
                "{code}"
            );
        }
    }
}
