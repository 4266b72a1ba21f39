//! What built scripts hard-code: it stays on the app's own host, whatever `STATIC_URL` says, and is told
//! with file and line.

use super::elixir::Lines;
use super::phx_digest::holds_digest;
use super::templates::Place;
use crate::fs::files_below;
use crate::fs::read_file;
use std::collections::HashSet;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fixed {
    pub(super) place: Place,
    pub(super) kind: FixedKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FixedKind {
    /// Webpack loads its chunks from there.
    PublicPath(String),
    Worker,
    /// A path to a file that is published.
    Path(String),
}

impl fmt::Display for Fixed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = &self.place;
        match &self.kind {
            FixedKind::PublicPath(path) => write!(
                formatter,
                "{place}: webpack's publicPath is \"{path}\", so chunks are loaded from the app's own \
                 host; publicPath: \"auto\" follows"
            ),
            FixedKind::Worker => write!(
                formatter,
                "{place}: a worker must come from the page's own host; its file stays in the image"
            ),
            FixedKind::Path(path) => write!(
                formatter,
                "{place}: \"{path}\" is written by hand and stays on the app's own host"
            ),
        }
    }
}

/// In the originals of a folder, which `shown` names: below the repository.
pub(super) fn find(folder: &Path, shown: &Path) -> io::Result<Vec<Fixed>> {
    let files = files_below(folder)?;
    let there: HashSet<&Path> = files.iter().map(PathBuf::as_path).collect();
    let is_there = |path: &str| there.contains(Path::new(path));
    let mut found = Vec::new();
    for file in &files {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let is_script = name.ends_with(".js") || name.ends_with(".mjs");
        if !is_script || holds_digest(&name) {
            continue;
        }
        let content = read_file(&folder.join(file))?;
        let text = String::from_utf8_lossy(&content);
        let lines = Lines::of(&text);
        for (at, kind) in in_script(&text, is_there) {
            let place = Place {
                file: shown.join(file),
                line: lines.line(at),
            };
            found.push(Fixed { place, kind });
        }
    }
    Ok(found)
}

fn in_script(text: &str, is_there: impl Fn(&str) -> bool) -> Vec<(usize, FixedKind)> {
    /// No path in a script is longer.
    const LONGEST: usize = 200;
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    for at in memchr::memchr2_iter(b'"', b'\'', bytes) {
        if bytes.get(at + 1) != Some(&b'/') {
            continue;
        }
        let rest = &bytes[at + 2..bytes.len().min(at + 2 + LONGEST)];
        let path = memchr::memchr(bytes[at], rest).and_then(|end| text.get(at + 2..at + 2 + end));
        let Some(path) = path else {
            continue;
        };
        let before = text[..at].trim_end();
        let is_called = |name: &str| {
            before
                .strip_suffix('(')
                .is_some_and(|it| it.ends_with(name))
        };
        let is_property = || {
            let left = before.strip_suffix('=').map(str::trim_end);
            left.and_then(|left| left.strip_suffix('p'))
                .is_some_and(|it| it.ends_with('.'))
        };
        if is_property() && (path.is_empty() || path.ends_with('/')) {
            found.push((at, FixedKind::PublicPath(format!("/{path}"))));
        } else if ["Worker", "serviceWorker.register", "importScripts"]
            .into_iter()
            .any(is_called)
        {
            found.push((at, FixedKind::Worker));
        } else if is_there(path.split(['?', '#']).next().unwrap_or_default()) {
            found.push((at, FixedKind::Path(format!("/{path}"))));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_on_the_apps_own_host() {
        let there = |path: &str| path == "images/logo.png";
        let kinds = |text: &str| -> Vec<_> {
            in_script(text, there)
                .into_iter()
                .map(|(_, kind)| kind)
                .collect()
        };
        assert_eq!(
            kinds("__webpack_require__.p = \"/js/\";"),
            [FixedKind::PublicPath("/js/".to_owned())]
        );
        assert_eq!(kinds("n.p='/'"), [FixedKind::PublicPath("/".to_owned())]);
        assert_eq!(kinds("new Worker(\"/js/w.js\")"), [FixedKind::Worker]);
        assert_eq!(
            kinds("navigator.serviceWorker.register('/sw.js')"),
            [FixedKind::Worker]
        );
        assert_eq!(
            kinds("i.src=\"/images/logo.png\""),
            [FixedKind::Path("/images/logo.png".to_owned())]
        );
        assert_eq!(kinds("fetch(\"/api/users\"); a.b=\"/\"; x=\"//\""), []);
    }
}
