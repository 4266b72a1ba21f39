//! The environment, which this process reads once.

use crate::redaction::SHORTEST_SECRET;
use memchr::memmem::Finder;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// Replaces a storage credential in a child's environment: an app that merely reads the variable must still start.
pub(crate) const REMOVED: &str = "removed-by-static-assets";

/// The path of this program.
pub(crate) fn own_program() -> Option<PathBuf> {
    std::env::current_exe().ok()
}

/// A snapshot of the environment. It has no `Debug`, because it holds secrets.
#[derive(Clone, Default)]
pub(crate) struct Env(BTreeMap<OsString, OsString>);

impl Env {
    #[allow(clippy::disallowed_methods, reason = "the one reader")]
    pub(crate) fn of_process() -> Self {
        std::env::vars_os().collect()
    }

    /// The value, if it is set, not empty and UTF-8.
    ///
    /// Drops a trailing line end: values that come from files (`<platform>/env`, secrets) often carry one.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let text = self.0.get(OsStr::new(name))?.to_str()?;
        Some(text.trim_end_matches(['\n', '\r'])).filter(|text| !text.is_empty())
    }

    /// Whether a variable is set, but not to UTF-8.
    pub(crate) fn is_no_text(&self, name: &str) -> bool {
        let value = self.0.get(OsStr::new(name));
        value.is_some_and(|value| value.to_str().is_none())
    }

    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&OsString, &OsString)> {
        self.0.iter()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().filter_map(|name| name.to_str())
    }

    /// The environment for child processes. [`REMOVED`] replaces the value of each variable in `names`, and each other
    /// value that holds one of `secrets`.
    pub(crate) fn for_children<'a>(
        &self,
        names: &[&str],
        secrets: impl IntoIterator<Item = &'a str>,
    ) -> ChildEnv {
        let secrets = secrets.into_iter().filter(|it| it.len() >= SHORTEST_SECRET);
        let secrets: Vec<Finder<'_>> = secrets.map(Finder::new).collect();
        let holds_secret = |value: &OsStr| {
            let value = value.as_encoded_bytes();
            secrets.iter().any(|secret| secret.find(value).is_some())
        };
        let mut env = self.clone();
        for (name, value) in &mut env.0 {
            let is_listed = name.to_str().is_some_and(|name| names.contains(&name));
            if (is_listed && !value.is_empty()) || (name != "PATH" && holds_secret(value)) {
                *value = REMOVED.into();
            }
        }
        ChildEnv(env)
    }
}

impl FromIterator<(OsString, OsString)> for Env {
    fn from_iter<T: IntoIterator<Item = (OsString, OsString)>>(pairs: T) -> Self {
        Self(pairs.into_iter().collect())
    }
}

/// The environment of a child process: [`crate::command::Command`] takes no other.
#[derive(Clone)]
pub(crate) struct ChildEnv(Env);

impl ChildEnv {
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.text(name)
    }

    pub(crate) fn with(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.0.0.insert(name.into(), value.into());
        self
    }

    /// Puts `dir` in front of a list of directories such as `PYTHONPATH`.
    pub(crate) fn with_first(self, name: &str, dir: &OsStr) -> Self {
        let rest = self.0.0.get(OsStr::new(name)).filter(|it| !it.is_empty());
        let rest = rest.into_iter().flat_map(|rest| [OsStr::new(":"), rest]);
        let list: OsString = [dir].into_iter().chain(rest).collect();
        self.with(name, list)
    }

    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&OsString, &OsString)> {
        self.0.pairs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> Env {
        pairs
            .iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect()
    }

    #[test]
    fn text_drops_a_trailing_line_end_and_empty_values() {
        let env = env(&[("A", "s3://b\n"), ("B", ""), ("C", "\n")]);
        assert_eq!(env.text("A"), Some("s3://b"));
        assert_eq!(env.text("B"), None);
        assert_eq!(env.text("C"), None);
    }

    #[test]
    fn for_children_replaces_credentials_by_name_and_by_value() {
        let child = env(&[
            ("KEY", "named"),
            ("EMPTY_KEY", ""),
            ("DSN", "https://user:hunter2hunter2@host"),
            ("OTHER", "kept"),
        ])
        .for_children(&["KEY", "EMPTY_KEY"], ["hunter2hunter2"]);
        assert_eq!(child.text("KEY"), Some(REMOVED));
        assert_eq!(child.text("EMPTY_KEY"), None);
        assert_eq!(child.text("DSN"), Some(REMOVED));
        assert_eq!(child.text("OTHER"), Some("kept"));
    }

    #[test]
    fn with_first_keeps_the_rest_of_the_list() {
        let child = env(&[("PYTHONPATH", "/b")]).for_children(&[], []);
        let child = child.with_first("PYTHONPATH", OsStr::new("/a"));
        assert_eq!(child.text("PYTHONPATH"), Some("/a:/b"));
    }
}
