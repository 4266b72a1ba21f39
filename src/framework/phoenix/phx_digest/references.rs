//! The names of digested files, and what puts them into stylesheets, scripts and source maps.

use regex::bytes::{Captures, Regex, RegexBuilder};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Component, Path, PathBuf};
use std::sync::LazyLock;

/// The query of references in stylesheets, for which `Plug.Static` answers that the file never changes.
pub(in super::super) const VSN: &str = "?vsn=d";

/// Phoenix's own expressions, with the reference in the second group. `@import "…"` and `image-set("…")` stay as
/// they are.
static CSS_URL: LazyLock<Regex> = LazyLock::new(|| ascii_regex(r"(url\(\s*)(\S+?)(\s*\))"));
static SCRIPT_MAP: LazyLock<Regex> =
    LazyLock::new(|| ascii_regex(r"(//#\s*sourceMappingURL=\s*)(\S+)()"));
static MAP_FILE: LazyLock<Regex> =
    LazyLock::new(|| ascii_regex(r#"(['"]file['"]:['"])([^,"']+)(['"])"#));
/// <https://www.rfc-editor.org/rfc/rfc3986#section-3.1>
static SCHEME: LazyLock<Regex> = LazyLock::new(|| ascii_regex(r"^[A-Za-z][A-Za-z0-9+.-]*:"));

/// Compiles an expression for bytes, in which white space is ASCII as it is in Erlang's.
pub(in super::super) fn ascii_regex(text: &str) -> Regex {
    let regex = RegexBuilder::new(text).unicode(false).build();
    regex.expect("a valid expression")
}

/// Lists what stands in `url(…)`, quotes included.
pub(in super::super) fn css_urls(content: &[u8]) -> impl Iterator<Item = Range<usize>> + '_ {
    let urls = CSS_URL.captures_iter(content);
    urls.filter_map(|url| Some(url.get(2)?.range()))
}

/// What references are looked up in.
pub(super) struct References<'a> {
    pub(super) latest: BTreeMap<String, String>,
    pub(super) cwd: &'a Path,
    pub(super) vsn: &'static str,
}

impl References<'_> {
    /// Rewrites the content of the file at `path`.
    pub(super) fn rewrite<'c>(&self, content: &'c [u8], path: &str) -> Cow<'c, [u8]> {
        let pattern = match extension(path) {
            ".css" => &CSS_URL,
            ".js" => &SCRIPT_MAP,
            ".map" => &MAP_FILE,
            _ => return Cow::Borrowed(content),
        };
        pattern.replace_all(content, |found: &Captures<'_>| {
            let new = match extension(path) {
                ".css" => self.digested_css(&found[2], path),
                _ => self.digested(&found[2], path).map(String::into_bytes),
            };
            let new = new.unwrap_or_else(|| found[2].to_vec());
            [&found[1], &new, &found[3]].concat()
        })
    }

    fn digested_css(&self, url: &[u8], from: &str) -> Option<Vec<u8>> {
        let (quote, url): (&[u8], _) = match url {
            [first @ (b'"' | b'\''), inner @ .., last] if first == last && !inner.is_empty() => {
                (&url[..1], inner)
            }
            _ => (b"", url),
        };
        let digested = self.digested(url, from)? + self.vsn;
        Some([quote, digested.as_bytes(), quote].concat())
    }

    /// Returns `None` if the reference stays as it is.
    fn digested(&self, url: &[u8], from: &str) -> Option<String> {
        // The names of published files are UTF-8.
        let url = std::str::from_utf8(url).ok()?;
        if let Some(absolute) = url.strip_prefix('/') {
            return Some(format!("/{}", self.latest.get(absolute)?));
        }
        if SCHEME.is_match(url.as_bytes()) {
            return None;
        }
        let digested = self.latest.get(&self.resolve(url, from)?)?;
        Some(format!("{}/{}", parent_of(url), file_name(digested)))
    }

    /// Resolves a relative reference as Phoenix does: against the directory that Mix runs in, so that one that
    /// leaves it and comes back by its own name is found, too.
    fn resolve(&self, url: &str, from: &str) -> Option<String> {
        let dir = from.rsplit_once('/').map_or("", |(dir, _)| dir);
        let mut full = PathBuf::new();
        for component in self.cwd.join(dir).join(url).components() {
            match component {
                Component::ParentDir => drop(full.pop()),
                Component::CurDir => {}
                other => full.push(other),
            }
        }
        let path = full.strip_prefix(self.cwd).ok()?;
        path.to_str().map(str::to_owned)
    }
}

/// As `Path.dirname/1` and then `Path.join/2`: several slashes become one.
fn parent_of(url: &str) -> String {
    let Some((parent, _)) = url.rsplit_once('/') else {
        return ".".to_owned();
    };
    let parts: Vec<&str> = parent.split('/').filter(|part| !part.is_empty()).collect();
    parts.join("/")
}

pub(super) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The extension with its dot, as `Path.extname/1` has it: empty if the name has none.
pub(super) fn extension(path: &str) -> &str {
    let name = file_name(path);
    let dot = name.rfind('.').filter(|dot| *dot > 0);
    dot.map_or("", |dot| &name[dot..])
}

/// `css/app.css` becomes `css/app-<md5>.css`.
pub(super) fn digested_name(path: &str, md5: &str) -> String {
    let (root, extension) = path.split_at(path.len() - extension(path).len());
    format!("{root}-{md5}{extension}")
}

/// Whether `-` and 32 hexadecimal digits occur anywhere in the name.
pub(in super::super) fn holds_digest(name: &str) -> bool {
    name.match_indices('-').any(|(at, _)| {
        let digits = name.as_bytes().get(at + 1..at + 33);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}
