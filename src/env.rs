//! The environment, read once.

use crate::redaction::SHORTEST_SECRET;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// What a child process finds in place of a storage credential: an app that merely reads the
/// variable must still start.
pub(crate) const REMOVED: &str = "removed-by-static-assets";

/// Where this program is.
pub(crate) fn own_program() -> Option<PathBuf> {
    std::env::current_exe().ok()
}

/// A snapshot of the environment. Deliberately without `Debug`: it holds secrets.
#[derive(Clone, Default)]
pub(crate) struct Env(BTreeMap<OsString, OsString>);

impl Env {
    #[allow(
        clippy::disallowed_methods,
        reason = "the one reader of the environment"
    )]
    pub(crate) fn of_process() -> Self {
        std::env::vars_os().collect()
    }

    /// The value, where it is set, not empty and UTF-8.
    ///
    /// A trailing line end is dropped: values that come from files (`<platform>/env`, secrets)
    /// carry one so often that no setting could rely on it.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0
            .get(OsStr::new(name))
            .and_then(|value| value.to_str())
            .map(|value| value.trim_end_matches(['\n', '\r']))
            .filter(|value| !value.is_empty())
    }

    /// Set, but not UTF-8.
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

    /// The environment for child processes: every variable named in `names`, and every other one
    /// whose value holds one of `secrets`, is replaced by [`REMOVED`].
    pub(crate) fn for_children<'a>(
        &self,
        names: &[&str],
        secrets: impl IntoIterator<Item = &'a str>,
    ) -> ChildEnv {
        let secrets: Vec<_> = secrets
            .into_iter()
            .filter(|secret| secret.len() >= SHORTEST_SECRET)
            .collect();
        let hides_secret = |value: &OsStr| {
            secrets.iter().any(|secret| {
                memchr::memmem::find(value.as_encoded_bytes(), secret.as_bytes()).is_some()
            })
        };
        ChildEnv(
            self.0
                .iter()
                .map(|(name, value)| {
                    let is_credential = name.to_str().is_some_and(|name| names.contains(&name))
                        && !value.is_empty();
                    if is_credential || (name != "PATH" && hides_secret(value)) {
                        (name.clone(), REMOVED.into())
                    } else {
                        (name.clone(), value.clone())
                    }
                })
                .collect(),
        )
    }
}

impl FromIterator<(OsString, OsString)> for Env {
    fn from_iter<T: IntoIterator<Item = (OsString, OsString)>>(pairs: T) -> Self {
        Self(pairs.into_iter().collect())
    }
}

/// The only environment that a child process can be given.
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

    /// Puts `folder` in front of a list of folders such as `PYTHONPATH`.
    pub(crate) fn with_first(self, name: &str, folder: &OsStr) -> Self {
        let list = match self.0.0.get(OsStr::new(name)) {
            Some(rest) if !rest.is_empty() => {
                let mut list = folder.to_owned();
                list.push(":");
                list.push(rest);
                list
            }
            _ => folder.to_owned(),
        };
        self.with(name, list)
    }

    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&OsString, &OsString)> {
        self.0.0.iter()
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
