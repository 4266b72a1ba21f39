//! Links that built scripts hard-code. They stay on the app's own host, whatever `STATIC_URL` says.

use super::phx_digest::holds_digest;
use super::sources::{Locations, SourceLocation, has_extension, read_text};
use crate::fs::files_below;
use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

#[derive(Debug)]
pub(crate) struct FixedLink {
    pub(crate) location: SourceLocation,
    pub(crate) kind: FixedLinkKind,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum FixedLinkKind {
    /// The path from which webpack loads its chunks.
    PublicPath(String),
    Worker,
    /// The path of a published file.
    Path(String),
}

/// Finds them in the scripts of a static directory that no digest has made. `shown` is the directory relative to the
/// repository.
pub(super) fn find_fixed_links(static_dir: &Path, shown: &Path) -> io::Result<Vec<FixedLink>> {
    let files = files_below(static_dir)?;
    let paths: HashSet<&Path> = files.iter().map(PathBuf::as_path).collect();
    let mut found = Vec::new();
    for path in &files {
        if has_extension(path, &["js", "mjs"]) && !holds_digest(&path.to_string_lossy()) {
            let text = read_text(&static_dir.join(path))?;
            let file = shown.join(path);
            let exists = |path: &str| paths.contains(Path::new(path));
            found.extend(links_in(&text, &Locations::of(&file, &text), exists));
        }
    }
    Ok(found)
}

fn links_in(
    text: &str,
    locations: &Locations<'_>,
    exists: impl Fn(&str) -> bool,
) -> Vec<FixedLink> {
    /// No path in a script is longer.
    const LONGEST: usize = 200;
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    for at in memchr::memchr2_iter(b'"', b'\'', bytes) {
        let rest = &bytes[at + 1..bytes.len().min(at + 2 + LONGEST)];
        let end = memchr::memchr(bytes[at], rest).filter(|_| rest.starts_with(b"/"));
        let path = end.and_then(|end| text.get(at + 2..at + 1 + end));
        let Some(path) = path else {
            continue;
        };
        let before = text[..at].trim_end();
        let called = before.strip_suffix('(').unwrap_or_default();
        let mut loaders = ["Worker", "serviceWorker.register", "importScripts"].into_iter();
        let loads_worker = loaders.any(|name| called.ends_with(name));
        let property = before.strip_suffix('=').unwrap_or_default().trim_end();
        let is_dir = path.is_empty() || path.ends_with('/');
        let kind = if is_dir && matches!(property.rsplit_once('.'), Some((_, "p"))) {
            FixedLinkKind::PublicPath(format!("/{path}"))
        } else if loads_worker {
            FixedLinkKind::Worker
        } else if exists(path.split(['?', '#']).next().unwrap_or_default()) {
            FixedLinkKind::Path(format!("/{path}"))
        } else {
            continue;
        };
        let location = locations.at(at);
        found.push(FixedLink { location, kind });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_hard_code_three_kinds_of_links() {
        let exists = |path: &str| path == "images/logo.png";
        let kinds = |text: &str| -> Vec<_> {
            let links = links_in(text, &Locations::of(Path::new("app.js"), text), exists);
            links.into_iter().map(|link| link.kind).collect()
        };
        assert_eq!(
            kinds("__webpack_require__.p = \"/js/\";"),
            [FixedLinkKind::PublicPath("/js/".to_owned())]
        );
        assert_eq!(
            kinds("n.p='/'"),
            [FixedLinkKind::PublicPath("/".to_owned())]
        );
        assert_eq!(kinds("new Worker(\"/js/w.js\")"), [FixedLinkKind::Worker]);
        assert_eq!(
            kinds("navigator.serviceWorker.register('/sw.js')"),
            [FixedLinkKind::Worker]
        );
        assert_eq!(
            kinds("i.src=\"/images/logo.png\""),
            [FixedLinkKind::Path("/images/logo.png".to_owned())]
        );
        assert_eq!(kinds("fetch(\"/api/users\"); a.b=\"/\"; x=\"//\""), []);
    }
}
