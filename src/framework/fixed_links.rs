//! Links that built scripts and templates hard-code. They stay on the app's own host, whatever `STATIC_URL` says.

use super::source_text::{Locations, SourceLocation, has_extension, read_text};
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
    /// The path of a published file, or of a directory of scripts.
    Path(String),
    /// The same in a template or module of Django, with the name of the file.
    Template {
        path: String,
        name: String,
    },
    Jinja {
        path: String,
        name: String,
    },
}

/// The extensions of scripts.
pub(super) const SCRIPTS: [&str; 2] = ["js", "mjs"];

/// Finds them in the scripts of a static directory, among its `files`. `shown` is the directory as the log names it, and the app serves it at
/// `base`. Copies of a script under another name, such as a digested one, are left out.
pub(super) fn find_fixed_links(
    static_dir: &Path,
    files: &[PathBuf],
    shown: &Path,
    base: &str,
    is_copy: impl Fn(&Path) -> bool,
) -> io::Result<Vec<FixedLink>> {
    let paths: HashSet<&Path> = files.iter().map(PathBuf::as_path).collect();
    let scripts = files.iter().filter(|path| has_extension(path, &SCRIPTS));
    let script_dirs: HashSet<&Path> = scripts.filter_map(|path| path.parent()).collect();
    let dirs: HashSet<&Path> = files
        .iter()
        .flat_map(|path| path.ancestors().skip(1))
        .collect();
    let mut found = Vec::new();
    for path in files {
        if has_extension(path, &SCRIPTS) && !is_copy(path) {
            let text = read_text(&static_dir.join(path))?;
            let file = shown.join(path);
            // Below `/`, a path may be any route of the app.
            let exists = |path: &str| match (path.split_once("${"), path.strip_suffix('/')) {
                (Some((start, _)), _) => {
                    let dir = start.rsplit_once('/').map(|(dir, _)| dir);
                    base != "/" && dir.is_some_and(|dir| dirs.contains(Path::new(dir)))
                }
                (None, Some(dir)) => base != "/" && script_dirs.contains(Path::new(dir)),
                (None, None) => paths.contains(Path::new(path)),
            };
            found.extend(links_in(&text, base, &Locations::of(&file, &text), exists));
        }
    }
    Ok(found)
}

fn links_in(
    text: &str,
    base: &str,
    locations: &Locations<'_>,
    exists: impl Fn(&str) -> bool,
) -> Vec<FixedLink> {
    /// No path in a script is longer.
    const LONGEST: usize = 200;
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    for at in memchr::memchr3_iter(b'"', b'\'', b'`', bytes) {
        let rest = &bytes[at + 1..bytes.len().min(at + 1 + base.len() + LONGEST)];
        let end = memchr::memchr(bytes[at], rest).filter(|_| rest.starts_with(base.as_bytes()));
        let path = end.and_then(|end| text.get(at + 1 + base.len()..at + 1 + end));
        let Some(path) = path else {
            continue;
        };
        let before = text[..at].trim_end();
        let called = before.strip_suffix('(').unwrap_or_default();
        let mut loaders = ["Worker", "serviceWorker.register", "importScripts"].into_iter();
        let loads_worker = loaders.any(|name| called.ends_with(name));
        let property = before.strip_suffix('=').unwrap_or_default().trim_end();
        let is_dir = path.is_empty() || path.ends_with('/');
        let kind = if is_dir && is_entry_p(before) && text.contains(".p+") {
            FixedLinkKind::PublicPath(format!("{base}{path}"))
        } else if is_dir && property.strip_suffix(".p").is_some() {
            if !is_used_public_path(property, text) {
                continue;
            }
            FixedLinkKind::PublicPath(format!("{base}{path}"))
        } else if loads_worker {
            FixedLinkKind::Worker
        } else if exists(path.split(['?', '#']).next().unwrap_or_default()) {
            FixedLinkKind::Path(format!("{base}{path}"))
        } else {
            continue;
        };
        let location = locations.at(at);
        found.push(FixedLink { location, kind });
    }
    found
}

/// Whether `{p:` or `,p:` is before the path: the runtime of webpack as one object.
fn is_entry_p(before: &str) -> bool {
    let object = before
        .strip_suffix(":")
        .and_then(|before| before.strip_suffix('p'));
    object.is_some_and(|object| object.ends_with(['{', ',']))
}

/// Whether a property is webpack's `__webpack_require__.p`, short or not, and the script loads something by it. Webpack 4
/// sets it in every bundle.
fn is_used_public_path(property: &str, text: &str) -> bool {
    let Some(object) = property.strip_suffix(".p") else {
        return false;
    };
    let is_name = |letter: char| letter.is_alphanumeric() || "_$".contains(letter);
    let start = object.trim_end_matches(is_name).len();
    let name = &object[start..];
    !name.is_empty()
        && ["+", " +"]
            .iter()
            .any(|plus| text.contains(&format!("{name}.p{plus}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_hard_code_three_kinds_of_links() {
        let exists = |path: &str| path == "images/logo.png";
        let kinds = |text: &str| -> Vec<_> {
            let links = links_in(text, "/", &Locations::of(Path::new("app.js"), text), exists);
            links.into_iter().map(|link| link.kind).collect()
        };
        assert_eq!(
            kinds("__webpack_require__.p = \"/js/\"; __webpack_require__.p + \"1.js\""),
            [FixedLinkKind::PublicPath("/js/".to_owned())]
        );
        assert_eq!(
            kinds("e={u:1,p:'/'};s.src=e.p+'1.js'"),
            [FixedLinkKind::PublicPath("/".to_owned())]
        );
        assert_eq!(
            kinds("n.p='/';s.src=n.p+'1.js'"),
            [FixedLinkKind::PublicPath("/".to_owned())]
        );
        assert_eq!(kinds("n.p='/js/';n(n.s=0)"), []);
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

    #[test]
    fn only_paths_below_the_base_count() {
        let exists = |path: &str| path == "web/logo.png";
        let kinds = |text: &str| {
            links_in(
                text,
                "/static/",
                &Locations::of(Path::new("app.js"), text),
                exists,
            )
        };
        assert_eq!(kinds("a.src='/static/web/logo.png?1'").len(), 1);
        assert_eq!(kinds("r.p=\"/static/bundles/\";r.p+1").len(), 1);
        assert_eq!(kinds("a.src='/web/logo.png'; r.p='/bundles/'").len(), 0);
        // A public path that is put together.
        let exists = |path: &str| path == "build/";
        let text = "var e=\"/static/build/\"; o.p=\"\".concat(e)";
        let links = links_in(
            text,
            "/static/",
            &Locations::of(Path::new("app.js"), text),
            exists,
        );
        assert_eq!(
            links[0].kind,
            FixedLinkKind::Path("/static/build/".to_owned())
        );
    }
}
