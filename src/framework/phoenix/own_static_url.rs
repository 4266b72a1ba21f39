//! The Elixir source of an app, read once, and how it makes its `static_url` of `STATIC_URL` by itself.

use super::detect::Project;
use super::elixir::ElixirSource;
use super::elixir_values::{find_env_read, has_word, list_at, values};
use super::page_links::PageLinks;
use super::runtime_exs::without_block;
use super::sources::{
    Locations, RUNTIME_EXS, SourceLocation, has_extension, production_config, read_text,
    source_files,
};
use super::static_url::{StaticUrlForm, UNKNOWN_HOST};
use super::web_app::WebApp;
use crate::config::env_vars::{STATIC_ASSETS_VERSION, STATIC_URL};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

pub(super) struct AppSources {
    /// The configuration of production.
    pub(super) config: Vec<SourceFile>,
    pub(super) code: Vec<SourceFile>,
}

pub(super) struct SourceFile {
    /// Relative to the repository.
    pub(super) path: PathBuf,
    pub(super) source: ElixirSource,
}

impl AppSources {
    pub(super) fn read(repository: &Path, app: &WebApp) -> io::Result<Self> {
        let read = |file: &PathBuf| {
            Ok(SourceFile {
                path: file.strip_prefix(repository).unwrap_or(file).to_owned(),
                source: ElixirSource::of(&without_block(&read_text(file)?)),
            })
        };
        let config = production_config(&repository.join(&app.config));
        let mut code = source_files(&repository.join(&app.folder))?;
        code.retain(|file| has_extension(file, &["ex", "exs"]));
        Ok(Self {
            config: config.iter().map(read).collect::<io::Result<_>>()?,
            code: code.iter().map(read).collect::<io::Result<_>>()?,
        })
    }
}

/// The place at which an app reads the URL or the version for its `static_url`.
pub(super) struct OwnStaticUrl {
    pub(super) variable: &'static str,
    pub(super) location: SourceLocation,
    /// Whether it is read when the app starts. Otherwise it is read when the configuration is evaluated, which for a
    /// release is while it is built.
    pub(super) is_at_boot: bool,
    /// `None` if the source doesn't show it as a list.
    pub(super) form: Option<StaticUrlForm>,
}

impl OwnStaticUrl {
    /// Searches the configuration of production, then the endpoints, which may set it in `init/2`.
    pub(super) fn find(sources: &AppSources, project: &Project, app: &WebApp) -> Option<Self> {
        let in_config = sources.config.iter().find_map(|file| {
            let ElixirSource { bare, .. } = &file.source;
            let is_its_own =
                |at: &usize| project.is_about(app, &bare[..*at]) && is_for_production(&bare[..*at]);
            let set = values(bare, "static_url:").find(is_its_own)?;
            Some(Self {
                is_at_boot: file.path.ends_with(RUNTIME_EXS),
                form: form(&file.source, set),
                ..Self::read_in(file)?
            })
        });
        let in_endpoint = |file: &SourceFile| {
            let bare = &file.source.bare;
            let is_endpoint = bare.contains("Phoenix.Endpoint") && bare.contains("static_url");
            Self::read_in(file).filter(|_| is_endpoint)
        };
        in_config.or_else(|| sources.code.iter().find_map(in_endpoint))
    }

    fn read_in(file: &SourceFile) -> Option<Self> {
        let (variable, at) = find_env_read(&file.source, &[STATIC_URL, STATIC_ASSETS_VERSION])?;
        Some(Self {
            variable,
            location: Locations::of(&file.path, &file.source.code).at(at),
            is_at_boot: true,
            form: None,
        })
    }

    pub(super) fn fits(&self, links: &PageLinks) -> bool {
        self.form.is_none_or(|form| form.fits(links))
    }
}

/// Returns scheme, host and port of an app's `url:` for its `static_url`, as the configuration writes them.
pub(super) fn own_host(sources: &AppSources, project: &Project, app: &WebApp) -> String {
    // What is evaluated last wins.
    let (boot, before) = sources
        .config
        .iter()
        .partition::<Vec<_>, _>(|it| it.path.ends_with(RUNTIME_EXS));
    let mut parts = BTreeMap::new();
    for file in boot.into_iter().chain(before.into_iter().rev()) {
        let is_boot = file.path.ends_with(RUNTIME_EXS);
        let ElixirSource { bare, .. } = &file.source;
        let is_its_own =
            |at: &usize| project.is_about(app, &bare[..*at]) && is_for_production(&bare[..*at]);
        for at in values(bare, "url:").filter(is_its_own) {
            for (name, item) in host_parts(&file.source, at) {
                // The script of boot has none of the variables of another file.
                if is_boot || is_literal(item) {
                    parts.entry(name).or_insert(item);
                }
            }
        }
    }
    if !parts.contains_key("host") {
        return format!("scheme: \"https\", host: \"{UNKNOWN_HOST}\", port: 443");
    }
    let parts: Vec<&str> = parts.into_values().collect();
    parts.join(", ")
}

/// Whether the value of an item means the same in every file.
fn is_literal(item: &str) -> bool {
    let value = item
        .split_once(':')
        .map_or("", |(_, value)| value.trim_start());
    let is_text = value.starts_with('"') && !value.contains("#{");
    is_text || value.starts_with(|first: char| first.is_ascii_digit())
}

/// Returns the items of a list that are a scheme, a host or a port, by name. `localhost` is the host of development.
fn host_parts(source: &ElixirSource, at: usize) -> Vec<(&str, &str)> {
    let Some(list) = list_at(&source.bare, at) else {
        return Vec::new();
    };
    let (bare, code) = (&source.bare[list.clone()], &source.code[list]);
    let mut depth = 0_usize;
    let commas = bare.char_indices().filter(|(_, letter)| {
        match letter {
            '[' | '(' | '{' => depth += 1,
            ']' | ')' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        *letter == ',' && depth == 0
    });
    let mut start = 0;
    let mut items = Vec::new();
    for end in commas.map(|(at, _)| at).chain([code.len()]) {
        items.extend(code.get(start..end).map(str::trim));
        start = end + 1;
    }
    let parts = items.into_iter().filter_map(|item| {
        let (name, value) = item.split_once(':')?;
        let is_part = matches!(name, "scheme" | "host" | "port");
        let is_set = !matches!(value.trim(), "\"localhost\"" | "\"\"" | "nil");
        (is_part && is_set).then_some((name, item))
    });
    parts.collect()
}

/// Whether production evaluates what follows `before`: no `if config_env() == :dev do` is open there.
fn is_for_production(before: &str) -> bool {
    let mut indent = usize::MAX;
    before.lines().rev().all(|line| {
        let own = line.len() - line.trim_start().len();
        if line.trim().is_empty() || own >= indent {
            return true;
        }
        indent = own;
        let asks = line.contains("config_env()") || line.contains("Mix.env()");
        !asks || !line.contains("==") || line.contains(":prod")
    })
}

fn form(source: &ElixirSource, at: usize) -> Option<StaticUrlForm> {
    let list = list_at(&source.bare, at)?;
    // For Phoenix, the path `/` alone is none.
    let top = source.code[list.clone()].split_once("path: \"/\"");
    let top = top.map(|(_, rest)| rest.trim_start());
    let is_at_top = top.is_some_and(|rest| rest.is_empty() || rest.starts_with(','));
    let list = &source.bare[list];
    let has_path = has_word(list, "path:") && !is_at_top;
    match (has_word(list, "host:"), has_path) {
        (true, true) => Some(StaticUrlForm::HostAndPath),
        (true, false) => Some(StaticUrlForm::Host),
        (false, true) => Some(StaticUrlForm::Path),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configuration_of_other_environments_does_not_count() {
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
    fn the_host_is_what_the_configuration_writes() {
        for (code, expected) in [
            (
                "[host: host, path: \"/\", port: f(443, [1])]",
                &["host: host", "port: f(443, [1])"][..],
            ),
            (
                " [host: System.get_env(\"A,B\"), scheme: \"https\"]",
                &["host: System.get_env(\"A,B\")", "scheme: \"https\""],
            ),
            ("[path: \"/x\", host: \"localhost\"]", &[]),
            (" url", &[]),
        ] {
            let source = ElixirSource::of(code);
            let items: Vec<&str> = host_parts(&source, 0)
                .into_iter()
                .map(|(_, item)| item)
                .collect();
            assert_eq!(items, expected, "{code}");
        }
    }

    #[test]
    fn a_list_shows_the_form_of_static_url() {
        for (code, expected) in [
            (" [path: x]", Some(StaticUrlForm::Path)),
            (
                " [scheme: s, host: f(a, [b]), path: p], url: [host: x]",
                Some(StaticUrlForm::HostAndPath),
            ),
            ("[host: h]", Some(StaticUrlForm::Host)),
            ("[host: h, path: \"/\"]", Some(StaticUrlForm::Host)),
            (
                "[host: h, path: u.path || \"/\"]",
                Some(StaticUrlForm::HostAndPath),
            ),
            (" static_url", None),
        ] {
            assert_eq!(form(&ElixirSource::of(code), 0), expected, "{code}");
        }
    }
}
