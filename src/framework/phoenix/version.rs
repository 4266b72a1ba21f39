//! The version of Phoenix that an app is built with, found without Elixir.

use super::elixir::ElixirSource;
use super::elixir_values::words;
use crate::fs::read_file;
use std::fmt;
use std::path::Path;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PhoenixVersion {
    major: u32,
    minor: u32,
    patch: u32,
}

impl PhoenixVersion {
    pub(super) const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self {
            major,
            minor,
            patch,
        }
    }

    /// `1.7.21`, `1.8.0-rc.1`, `1.7`.
    fn parse(text: &str) -> Option<Self> {
        let numbers = text.split(['-', '+']).next()?;
        let mut numbers = numbers.split('.').map(|number| number.trim().parse().ok());
        Some(Self {
            major: numbers.next()??,
            minor: numbers.next()??,
            patch: numbers.next().flatten().unwrap_or(0),
        })
    }
}

impl fmt::Display for PhoenixVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// By the lock file, else by what was fetched, else by what `mix.exs` asks for. None of them tells it of a
/// git dependency that was not fetched.
pub(super) fn find(root: &Path, folder: &Path, mix_exs: &ElixirSource) -> Option<PhoenixVersion> {
    let in_lock = |folder: &Path| {
        let lock = read_file(&folder.join("mix.lock")).ok()?;
        let lock = String::from_utf8_lossy(&lock);
        let at = lock.find("{:hex, :phoenix, \"")?;
        let version = lock[at..].split('"').nth(1)?;
        PhoenixVersion::parse(version)
    };
    let fetched = |folder: &Path| {
        let mix_exs = ElixirSource::read(&folder.join("deps/phoenix/mix.exs")).ok()?;
        let at = words(&mix_exs.bare, "@version").next()?;
        PhoenixVersion::parse(mix_exs.code[at..].split('"').nth(1)?)
    };
    let asked_for = || {
        let options = &mix_exs.code[phoenix_dependency(mix_exs)?..];
        let requirement = options.split(['}', '\n']).next()?.split('"').nth(1)?;
        let numbers = requirement.find(|letter: char| letter.is_ascii_digit())?;
        let numbers = requirement[numbers..].split_whitespace().next()?;
        PhoenixVersion::parse(numbers)
    };
    in_lock(root)
        .or_else(|| in_lock(folder))
        .or_else(|| fetched(root))
        .or_else(|| fetched(folder))
        .or_else(asked_for)
}

/// `{:phoenix, …}`, or `phoenix: "…"`: where its options begin.
pub(super) fn phoenix_dependency(mix_exs: &ElixirSource) -> Option<usize> {
    let bare = &mix_exs.bare;
    let pair = words(bare, ":phoenix").find_map(|at| {
        let after = at + ":phoenix".len();
        let is_pair =
            bare[..at].trim_end().ends_with('{') && bare[after..].trim_start().starts_with(',');
        is_pair.then_some(after)
    });
    pair.or_else(|| {
        let keys = words(bare, "phoenix:").map(|at| at + "phoenix:".len());
        let mut values = keys.filter(|after| bare[*after..].trim_start().starts_with(['"', '[']));
        values.next()
    })
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
    fn what_is_fetched_tells_the_version_of_a_git_dependency() {
        let lock =
            r#"%{"phoenix": {:git, "https://github.com/phoenixframework/phoenix.git", "f00", []}}"#;
        let deps = r#"[{:phoenix, github: "phoenixframework/phoenix", branch: "v1.8"}]"#;
        let fetched = "defmodule Phoenix.MixProject do\n  @version \"1.8.0-rc.1\"";
        let files = [("mix.lock", lock), ("deps/phoenix/mix.exs", fetched)];
        assert_eq!(found(&files, deps).unwrap(), "1.8.0");
        assert_eq!(found(&[("mix.lock", lock)], deps), None);
    }
}
