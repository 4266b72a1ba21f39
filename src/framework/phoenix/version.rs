//! The version of Phoenix that an app is built with, found without Elixir.

use super::elixir::ElixirSource;
use super::elixir_values::{values, words};
use super::sources::read_text;
use std::path::Path;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, derive_more::Display)]
#[display("{_0}.{_1}.{_2}")]
pub(crate) struct PhoenixVersion(u32, u32, u32);

impl PhoenixVersion {
    pub(super) const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self(major, minor, patch)
    }

    /// Parses `1.7.21`, `1.8.0-rc.1`, `1.7`.
    fn parse(text: &str) -> Option<Self> {
        let numbers = text.split(['-', '+']).next()?.split('.');
        let mut numbers = numbers.map(|number| number.trim().parse().ok());
        let (major, minor) = (numbers.next()??, numbers.next()??);
        Some(Self(major, minor, numbers.next().flatten().unwrap_or(0)))
    }
}

/// Finds the version in the lock file, else in what was fetched, else in what `mix.exs` asks for. A git dependency
/// that was not fetched shows it nowhere.
pub(super) fn find(root: &Path, app: &Path, mix_exs: &ElixirSource) -> Option<PhoenixVersion> {
    let fetched = || fetched(root).or_else(|| fetched(app));
    let locked = locked(root).or_else(|| locked(app));
    locked.or_else(fetched).or_else(|| asked_for(mix_exs))
}

fn locked(dir: &Path) -> Option<PhoenixVersion> {
    let lock = read_text(&dir.join("mix.lock")).ok()?;
    let at = lock.find("{:hex, :phoenix, \"")?;
    PhoenixVersion::parse(lock[at..].split('"').nth(1)?)
}

fn fetched(dir: &Path) -> Option<PhoenixVersion> {
    let mix_exs = ElixirSource::read(&dir.join("deps/phoenix/mix.exs")).ok()?;
    let at = words(&mix_exs.bare, "@version").next()?;
    PhoenixVersion::parse(mix_exs.code[at..].split('"').nth(1)?)
}

fn asked_for(mix_exs: &ElixirSource) -> Option<PhoenixVersion> {
    let options = &mix_exs.code[phoenix_dependency(mix_exs)?..];
    let requirement = options.split(['}', '\n']).next()?.split('"').nth(1)?;
    let numbers = requirement.find(|letter: char| letter.is_ascii_digit())?;
    PhoenixVersion::parse(requirement[numbers..].split_whitespace().next()?)
}

/// Finds `{:phoenix, …}` or `phoenix: "…"` and returns where its options begin.
pub(super) fn phoenix_dependency(mix_exs: &ElixirSource) -> Option<usize> {
    let bare = &mix_exs.bare;
    let is_pair = |after: &usize| {
        bare[..after - ":phoenix".len()].trim_end().ends_with('{')
            && bare[*after..].trim_start().starts_with(',')
    };
    let is_option = |after: &usize| bare[*after..].trim_start().starts_with(['"', '[']);
    let pair = values(bare, ":phoenix").find(is_pair);
    pair.or_else(|| values(bare, "phoenix:").find(is_option))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::folder_with;

    fn found(files: &[(&str, &str)], mix_exs: &str) -> Option<String> {
        let app = folder_with(files);
        find(app.path(), app.path(), &ElixirSource::of(mix_exs)).map(|version| version.to_string())
    }

    #[test]
    fn the_lock_file_wins() {
        let lock = r#"%{
          "phoenix": {:hex, :phoenix, "1.7.21", "14ca", [:mix], [], "hexpm", "336c"},
          "phoenix_html": {:hex, :phoenix_html, "4.2.1", "35", [:mix], [], "hexpm", "cf"},
        }"#;
        let deps = r#"[{:phoenix, "~> 1.6"}]"#;
        assert_eq!(found(&[("mix.lock", lock)], deps).unwrap(), "1.7.21");
        assert_eq!(found(&[], deps).unwrap(), "1.6.0");
    }

    #[test]
    fn a_fetched_git_dependency_shows_its_version() {
        let lock =
            r#"%{"phoenix": {:git, "https://github.com/phoenixframework/phoenix.git", "f00", []}}"#;
        let deps = r#"[{:phoenix, github: "phoenixframework/phoenix", branch: "v1.8"}]"#;
        let fetched = "defmodule Phoenix.MixProject do\n  @version \"1.8.0-rc.1\"";
        let files = [("mix.lock", lock), ("deps/phoenix/mix.exs", fetched)];
        assert_eq!(found(&files, deps).unwrap(), "1.8.0");
        assert_eq!(found(&[("mix.lock", lock)], deps), None);
    }
}
