//! What an app does with the URL by itself, as its source shows it.

use super::detect::{Project, WebApp};
use super::elixir::{Lines, Source, words};
use super::runtime_exs::without_lines;
use super::sources::{production_config, source_files};
use super::templates::{Place, Usage};
use crate::config::env_vars::{RELEASE_VERSION, STATIC_ASSETS_VERSION, STATIC_URL};
use crate::fs::read_file;
use std::io;
use std::path::Path;

/// Where the app reads the URL by itself.
pub(super) struct Reads {
    pub(super) name: &'static str,
    pub(super) place: Place,
    pub(super) when: When,
    pub(super) form: Form,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    Boot,
    /// When the configuration is evaluated: at boot by Mix, at build by a release.
    Configuration,
}

/// What the app makes of the URL, in its `static_url`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Path,
    HostAndPath,
    Host,
    /// Something that no list in the source shows.
    Own,
}

impl Form {
    pub(super) fn fits(self, usage: &Usage) -> bool {
        match self {
            // Chosen by whoever wrote it, where there are links of both kinds.
            Self::Path => usage.urls.is_empty() || !usage.paths.is_empty(),
            Self::HostAndPath => usage.paths.is_empty(),
            Self::Host => !usage.urls.is_empty() || usage.paths.is_empty(),
            Self::Own => true,
        }
    }
}

impl Reads {
    /// Where the app, or the configuration that it is started with, makes its `static_url` of the URL or the
    /// version.
    pub(super) fn of(
        repository: &Path,
        project: &Project,
        app: &WebApp,
    ) -> io::Result<Option<Self>> {
        for file in production_config(&repository.join(&app.config)) {
            let bytes = read_file(&file)?;
            let source = Source::of(&without_lines(&String::from_utf8_lossy(&bytes)));
            let is_its_own = |at: &usize| {
                let before = &source.bare[..*at];
                project.is_about(app, before) && is_for_production(before)
            };
            let Some(set) = words(&source.bare, "static_url:").find(is_its_own) else {
                continue;
            };
            let is_at_boot = file.ends_with("runtime.exs") || file.ends_with("releases.exs");
            if let Some((name, at)) =
                environment_read(&source, &[STATIC_URL, STATIC_ASSETS_VERSION])
            {
                return Ok(Some(Self {
                    name,
                    place: place(repository, &file, &source, at),
                    when: if is_at_boot {
                        When::Boot
                    } else {
                        When::Configuration
                    },
                    form: form(&source, set + "static_url:".len()),
                }));
            }
        }
        // `init/2` of an endpoint.
        for file in source_files(&repository.join(&app.folder))? {
            if file.extension().is_none_or(|extension| extension != "ex") {
                continue;
            }
            let source = Source::read(&file)?;
            let is_endpoint =
                source.bare.contains("Phoenix.Endpoint") && source.bare.contains("static_url");
            let read = environment_read(&source, &[STATIC_URL, STATIC_ASSETS_VERSION]);
            if let Some((name, at)) = read.filter(|_| is_endpoint) {
                return Ok(Some(Self {
                    name,
                    place: place(repository, &file, &source, at),
                    when: When::Boot,
                    form: Form::Own,
                }));
            }
        }
        Ok(None)
    }
}

fn place(repository: &Path, file: &Path, source: &Source, at: usize) -> Place {
    Place {
        line: Lines::of(&source.code).line(at),
        file: file.strip_prefix(repository).unwrap_or(file).to_owned(),
    }
}

/// Whether an app asks for the version in the way that elsewhere names its own release.
pub(super) fn reads_release_version(repository: &Path, app: &WebApp) -> io::Result<bool> {
    let mut files = production_config(&repository.join(&app.config));
    files.extend(source_files(&repository.join(&app.folder))?);
    for file in files {
        let is_code = file
            .extension()
            .is_some_and(|extension| extension == "ex" || extension == "exs");
        if is_code {
            let source = Source::read(&file)?;
            if environment_read(&source, &[RELEASE_VERSION.name]).is_some() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// `System.get_env("STATIC_URL")` and the like: which of the names, and where.
fn environment_read(source: &Source, names: &[&'static str]) -> Option<(&'static str, usize)> {
    /// `System.fetch_env!(`, with an indentation.
    const CALL: usize = 60;
    names.iter().find_map(|name| {
        let at = source.texts(name).find(|at| {
            let from = at.saturating_sub(CALL);
            let before = source.bare.get(from..*at).unwrap_or_default();
            let call = before.trim_end().rsplit([' ', '\n', ';', '{', ',']).next();
            call.is_some_and(|call| call.contains("env") || call.contains(":system"))
                || before.trim_end().ends_with(":system,")
        })?;
        Some((*name, at))
    })
}

/// Whether a line is evaluated in production: no `if config_env() == :dev do` is open above it.
fn is_for_production(before: &str) -> bool {
    let mut indent = usize::MAX;
    for line in before.lines().rev() {
        let own = line.len() - line.trim_start().len();
        if line.trim().is_empty() || own >= indent {
            continue;
        }
        indent = own;
        let asks = line.contains("config_env()") || line.contains("Mix.env()");
        if asks && line.contains("==") && !line.contains(":prod") {
            return false;
        }
        if own == 0 {
            break;
        }
    }
    true
}

/// The list that begins there.
pub(super) fn list(code: &str) -> Option<&str> {
    let list = code.trim_start().strip_prefix('[')?;
    let mut depth = 1_usize;
    let end = list.find(|letter| {
        match letter {
            '[' | '(' | '{' => depth += 1,
            ']' | ')' | '}' => depth -= 1,
            _ => {}
        }
        depth == 0
    })?;
    Some(&list[..end])
}

pub(super) fn has_key(list: &str, key: &str) -> bool {
    words(list, key).next().is_some()
}

fn form(source: &Source, after: usize) -> Form {
    let bare = &source.bare[after..];
    let Some(list) = list(bare) else {
        return Form::Own;
    };
    let start = after + bare.find('[').map_or(0, |open| open + 1);
    let code = &source.code[start..start + list.len()];
    // Phoenix takes it for none.
    let top = code
        .find("path: \"/\"")
        .map(|at| code[at + "path: \"/\"".len()..].trim_start());
    let is_at_top = top.is_some_and(|rest| rest.is_empty() || rest.starts_with(','));
    let has_path = has_key(list, "path:") && !is_at_top;
    match (has_key(list, "host:"), has_path) {
        (true, true) => Form::HostAndPath,
        (true, false) => Form::Host,
        (false, true) => Form::Path,
        (false, false) => Form::Own,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_asks_the_environment_reads_it() {
        for (code, reads) in [
            ("System.get_env(\"STATIC_URL\")", true),
            ("System.fetch_env!(\"STATIC_URL\")", true),
            ("System.get_env(\n  \"STATIC_URL\"\n)", true),
            ("static_url: [path: {:system, \"STATIC_URL\"}]", true),
            ("IO.puts(\"STATIC_URL\")", false),
            ("@doc \"System.get_env(\\\"STATIC_URL\\\")\"", false),
            ("# System.get_env(\"STATIC_URL\")", false),
        ] {
            let read = environment_read(&Source::of(code), &[STATIC_URL]);
            assert_eq!(read.is_some(), reads, "{code}");
        }
    }

    #[test]
    fn what_is_for_another_environment_does_not_count() {
        for (before, production) in [
            ("config :shop,\n  ", true),
            ("if config_env() == :prod do\n  config :shop,\n    ", true),
            ("if config_env() == :dev do\n  config :shop,\n    ", false),
            (
                "if config_env() == :dev do\n  x\nend\n\nconfig :shop,\n  ",
                true,
            ),
            (
                "if config_env() in [:prod, :staging] do\n  config :shop,\n    ",
                true,
            ),
        ] {
            assert_eq!(is_for_production(before), production, "{before}");
        }
    }

    #[test]
    fn the_form_of_a_static_url() {
        for (code, expected) in [
            (" [path: x]", Form::Path),
            (
                " [scheme: s, host: f(a, [b]), path: p], url: [host: x]",
                Form::HostAndPath,
            ),
            ("[host: h]", Form::Host),
            ("[host: h, path: \"/\"]", Form::Host),
            ("[host: h, path: u.path || \"/\"]", Form::HostAndPath),
            (" static_url", Form::Own),
        ] {
            assert!(form(&Source::of(code), 0) == expected, "{code}");
        }
    }
}
