//! `mix phx.digest` without Elixir: the same names, the same rewriting, the same compressed files.
//!
//! What it does has no description but its source,
//! <https://github.com/phoenixframework/phoenix/blob/main/lib/phoenix/digester.ex>; what it prints for
//! hard trees is recorded in `tests/phx_digest/` for each version that differs.

use super::cache_manifest::{CacheManifest, Digest, Form};
use super::version::PhoenixVersion;
use crate::encoding::hex;
use crate::fs::replace_file;
use crate::parallel::parallel;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::{Compression, GzBuilder};
use fs_err as fs;
use md5::Md5;
use sha2::{Digest as _, Sha512};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

/// In which the versions differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rules {
    maps: Maps,
    form: Form,
    /// Compressed forms of other files.
    compressed: &'static [&'static str],
    gzipped: &'static [&'static str],
}

/// The digest in the name of a source map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Maps {
    /// Its own.
    Own,
    /// The one of the file that it belongs to: <https://github.com/phoenixframework/phoenix/pull/5527>.
    OfFile,
}

const GZIPPED: [&str; 10] = [
    ".js", ".map", ".css", ".txt", ".text", ".html", ".json", ".svg", ".eot", ".ttf",
];
const GZIPPED_1_5: [&str; 9] = [
    ".js", ".css", ".txt", ".text", ".html", ".json", ".svg", ".eot", ".ttf",
];

impl Rules {
    pub(super) fn form(self) -> Form {
        self.form
    }

    /// Of the newest version where it is not known.
    pub(super) fn of(version: Option<PhoenixVersion>) -> Self {
        let is_before = |major, minor, patch| {
            version.is_some_and(|version| version < PhoenixVersion::new(major, minor, patch))
        };
        Self {
            maps: if is_before(1, 7, 8) {
                Maps::Own
            } else {
                Maps::OfFile
            },
            form: if is_before(1, 6, 0) {
                Form::Plain
            } else if is_before(1, 7, 0) {
                Form::CommentOf1_6
            } else {
                Form::Comment
            },
            compressed: if is_before(1, 6, 0) {
                &[".gz", ".br"]
            } else {
                &[".gz"]
            },
            gzipped: if is_before(1, 6, 0) {
                &GZIPPED_1_5
            } else {
                &GZIPPED
            },
        }
    }
}

/// Whether references in stylesheets get `?vsn=d`, for which `Plug.Static` answers that it never
/// changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Vsn {
    Query,
    None,
}

/// A file with what its name needs.
struct Source {
    /// Below the folder.
    path: String,
    digest: String,
    digested: String,
}

/// Digests `folder` in place. `cwd` is where Mix would run: a relative reference that leaves the folder
/// and comes back by that folder's own name is found, too. Returns how many files were digested.
pub(super) fn digest(
    folder: &Path,
    cwd: &Path,
    rules: Rules,
    (vsn, seconds): (Vsn, u64),
) -> io::Result<usize> {
    let paths = paths_below(folder, rules)?;
    let digests = parallel(&paths, |path| {
        fs::read(folder.join(path)).map(|content| hex(&Md5::digest(&content)))
    })?;
    let sources = named(paths, digests, rules);
    let latest: BTreeMap<String, String> = sources
        .iter()
        .map(|source| (source.path.clone(), source.digested.clone()))
        .collect();
    let references = References {
        latest: &latest,
        cwd,
    };
    let entries = parallel(&sources, |source| {
        write(folder, source, &references, rules, vsn)
    })?;

    let manifest_path = folder.join(CacheManifest::NAME);
    let before = CacheManifest::read(&manifest_path)?;
    let mut digests: BTreeMap<String, Digest> = before
        .map(|manifest| manifest.digests)
        .unwrap_or_default()
        .into_iter()
        .filter(|(path, _)| folder.join(path).exists())
        .collect();
    digests.extend(
        sources
            .iter()
            .zip(entries)
            .map(|(source, entry)| (source.digested.clone(), entry)),
    );
    let count = latest.len();
    let mut manifest = CacheManifest {
        latest,
        digests,
        foreign: 0,
    };
    manifest.set_time(seconds);
    replace_file(&manifest_path, manifest.render(rules.form).as_bytes())?;
    Ok(count)
}

/// A file that is another than the one that was digested.
pub(super) fn first_stale(folder: &Path, manifest: &CacheManifest) -> io::Result<Option<String>> {
    for (path, digested) in &manifest.latest {
        // A map has the digest of the file that it belongs to.
        let is_map = extension(path) == ".map";
        let Some(digest) = manifest.digests.get(digested).filter(|_| !is_map) else {
            continue;
        };
        let content = fs::read(folder.join(path))?;
        if hex(&Md5::digest(&content)) != digest.md5 {
            return Ok(Some(path.clone()));
        }
    }
    Ok(None)
}

/// What `Path.wildcard("folder/**")` gives: names with a dot at their start are left out. Links to folders, which it
/// follows, are refused before.
fn paths_below(folder: &Path, rules: Rules) -> io::Result<Vec<String>> {
    let mut paths = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(below) = folders.pop() {
        for entry in fs::read_dir(folder.join(&below))? {
            let entry = entry?;
            // The scan refuses it, by its name.
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            if name.starts_with('.') {
                continue;
            }
            let path = format!("{below}{name}");
            if entry.file_type()?.is_dir() {
                folders.push(format!("{path}/"));
            } else if !is_compiled(&name, rules) {
                paths.push(path);
            }
        }
    }
    paths.sort();
    Ok(paths)
}

/// What a digest has made, or what it takes for that.
fn is_compiled(name: &str, rules: Rules) -> bool {
    holds_digest(name) || rules.compressed.contains(&extension(name)) || name == CacheManifest::NAME
}

/// `-` and 32 hexadecimal digits, anywhere in the name.
pub(super) fn holds_digest(name: &str) -> bool {
    name.match_indices('-').any(|(at, _)| {
        let digits = name.as_bytes()[at + 1..]
            .iter()
            .take_while(|byte| byte.is_ascii_hexdigit());
        digits.take(32).count() == 32
    })
}

/// With its dot; empty where the name has none.
fn extension(name: &str) -> &str {
    match name.rfind('.') {
        None | Some(0) => "",
        Some(dot) => &name[dot..],
    }
}

fn named(paths: Vec<String>, digests: Vec<String>, rules: Rules) -> Vec<Source> {
    let own = |path: &str, digest: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        let extension = extension(name);
        let root = &path[..path.len() - extension.len()];
        format!("{root}-{digest}{extension}")
    };
    let by_path: BTreeMap<String, String> = match rules.maps {
        Maps::Own => BTreeMap::new(),
        Maps::OfFile => paths.iter().cloned().zip(digests.iter().cloned()).collect(),
    };
    paths
        .into_iter()
        .zip(digests)
        .map(|(path, digest)| {
            let file = path.strip_suffix(".map");
            match file.and_then(|file| Some((file, by_path.get(file)?))) {
                Some((file, digest)) => Source {
                    digested: format!("{}.map", own(file, digest)),
                    digest: digest.clone(),
                    path,
                },
                None => Source {
                    digested: own(&path, &digest),
                    digest,
                    path,
                },
            }
        })
        .collect()
}

fn write(
    folder: &Path,
    source: &Source,
    references: &References<'_>,
    rules: Rules,
    vsn: Vsn,
) -> io::Result<Digest> {
    let original = folder.join(&source.path);
    let content = fs::read(&original)?;
    let extension = extension(source.path.rsplit('/').next().unwrap_or_default());
    let rewritten = match extension {
        ".css" => Some(references.in_stylesheet(&content, &source.path, vsn)),
        ".js" => Some(references.in_script(&content, &source.path)),
        ".map" => Some(references.in_map(&content, &source.path)),
        _ => None,
    };
    let digested = rewritten.as_ref().unwrap_or(&content);
    replace_file(&folder.join(&source.digested), digested)?;
    if rules.gzipped.contains(&extension) {
        let compressed = gzip(digested)?;
        replace_file(&folder.join(format!("{}.gz", source.digested)), &compressed)?;
        let compressed = if *digested == content {
            compressed
        } else {
            gzip(&content)?
        };
        replace_file(&folder.join(format!("{}.gz", source.path)), &compressed)?;
    }
    Ok(Digest {
        md5: source.digest.clone(),
        logical_path: source.path.clone(),
        mtime: 0,
        sha512: STANDARD.encode(Sha512::digest(digested)),
        size: content.len() as u64,
    })
}

/// As Erlang's `zlib:gzip/1`: the default level, no time, made on Unix.
fn gzip(content: &[u8]) -> io::Result<Vec<u8>> {
    const UNIX: u8 = 3;
    let mut encoder = GzBuilder::new()
        .operating_system(UNIX)
        .write(Vec::new(), Compression::default());
    encoder.write_all(content)?;
    encoder.finish()
}

/// Finds the digested name of what a file refers to.
struct References<'a> {
    latest: &'a BTreeMap<String, String>,
    cwd: &'a Path,
}

impl References<'_> {
    /// `url(…)`; `@import "…"` and `image-set("…")` are left as they are.
    fn in_stylesheet(&self, content: &[u8], path: &str, vsn: Vsn) -> Vec<u8> {
        replace(content, next_css_url, |url| {
            let query = match vsn {
                Vsn::Query => "?vsn=d",
                Vsn::None => "",
            };
            match url {
                [quote @ (b'"' | b'\''), inner @ .., last]
                    if quote == last && !inner.is_empty() =>
                {
                    let mut quoted = vec![*quote];
                    quoted.extend(self.digested(inner, path, query)?);
                    quoted.push(*quote);
                    Some(quoted)
                }
                _ => self.digested(url, path, query),
            }
        })
    }

    /// `//# sourceMappingURL=…`
    fn in_script(&self, content: &[u8], path: &str) -> Vec<u8> {
        replace(content, next_source_mapping, |url| {
            self.digested(url, path, "")
        })
    }

    /// `"file":"…"`
    fn in_map(&self, content: &[u8], path: &str) -> Vec<u8> {
        replace(content, next_map_file, |url| self.digested(url, path, ""))
    }

    /// `None` where the reference stays as it is.
    fn digested(&self, url: &[u8], from: &str, query: &str) -> Option<Vec<u8>> {
        // What is no UTF-8 is no name of a file that is published.
        let url = std::str::from_utf8(url).ok()?;
        let found = if let Some(absolute) = url.strip_prefix('/') {
            format!("/{}", self.latest.get(absolute)?)
        } else {
            if has_scheme(url) {
                return None;
            }
            let digested = self.latest.get(&self.resolved(url, from)?)?;
            let name = digested.rsplit('/').next().unwrap_or(digested);
            format!("{}/{name}", parent_of_url(url))
        };
        Some(format!("{found}{query}").into_bytes())
    }

    /// Below the folder, by way of the place that Mix runs in.
    fn resolved(&self, url: &str, from: &str) -> Option<String> {
        let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut full = PathBuf::new();
        for component in self.cwd.join(folder).join(url).components() {
            match component {
                Component::ParentDir => {
                    full.pop();
                }
                Component::CurDir => {}
                other => full.push(other),
            }
        }
        let below = full.strip_prefix(self.cwd).ok()?;
        below.to_str().map(str::to_owned)
    }
}

/// <https://www.rfc-editor.org/rfc/rfc3986#section-3.1>
fn has_scheme(url: &str) -> bool {
    let Some((scheme, _)) = url.split_once(':') else {
        return false;
    };
    let mut letters = scheme.chars();
    letters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic())
        && letters.all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter))
}

/// As `Path.dirname/1`, then joined: several slashes are one.
fn parent_of_url(url: &str) -> String {
    let Some((parent, _)) = url.rsplit_once('/') else {
        return ".".to_owned();
    };
    let parts: Vec<&str> = parent.split('/').filter(|part| !part.is_empty()).collect();
    parts.join("/")
}

/// A match: where the part to replace begins and ends, and where to look on.
struct Match {
    part: std::ops::Range<usize>,
    end: usize,
}

/// Each part that `next` finds, replaced where `with` gives something else.
fn replace(
    content: &[u8],
    next: impl Fn(&[u8], usize) -> Option<Match>,
    with: impl Fn(&[u8]) -> Option<Vec<u8>>,
) -> Vec<u8> {
    let mut replaced = Vec::with_capacity(content.len());
    let (mut at, mut copied) = (0, 0);
    while let Some(Match { part, end }) = next(content, at) {
        if let Some(new) = with(&content[part.clone()]) {
            replaced.extend_from_slice(&content[copied..part.start]);
            replaced.extend(new);
            copied = part.end;
        }
        at = end;
    }
    replaced.extend_from_slice(&content[copied..]);
    replaced
}

/// White space as Erlang's regular expressions have it.
fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | 0x0b | 0x0c | b'\r' | b' ')
}

fn skip_spaces(content: &[u8], at: usize) -> usize {
    let spaces = content[at..].iter().take_while(|byte| is_space(**byte));
    at + spaces.count()
}

/// Where `opening` stands next, from `at` on.
fn find(content: &[u8], at: usize, opening: &[u8]) -> Option<usize> {
    memchr::memmem::find(content.get(at..)?, opening).map(|found| at + found)
}

/// `url(`, then as few characters as possible that are no white space, then `)`.
pub(super) fn css_urls(content: &[u8]) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let found = next_css_url(content, at)?;
        at = found.end;
        Some(found.part)
    })
}

fn next_css_url(content: &[u8], mut at: usize) -> Option<Match> {
    loop {
        let found = find(content, at, b"url(")?;
        let start = skip_spaces(content, found + 4);
        let mut end = start;
        while end < content.len() && !is_space(content[end]) {
            end += 1;
            let close = skip_spaces(content, end);
            if content.get(close) == Some(&b')') {
                return Some(Match {
                    part: start..end,
                    end: close + 1,
                });
            }
        }
        // None that begins before this white space can end, but for one that opens right before it.
        let last = end.saturating_sub(4);
        at = if last > found && content[last..end] == *b"url(" {
            last
        } else {
            end.max(found + 4)
        };
    }
}

fn next_source_mapping(content: &[u8], mut at: usize) -> Option<Match> {
    const NAME: &[u8] = b"sourceMappingURL=";
    loop {
        let found = find(content, at, b"//#")?;
        let name = skip_spaces(content, found + 3);
        if content[name..].starts_with(NAME) {
            let start = skip_spaces(content, name + NAME.len());
            let length = content[start..].iter().take_while(|byte| !is_space(**byte));
            let end = start + length.count();
            if end > start {
                return Some(Match {
                    part: start..end,
                    end,
                });
            }
        }
        at = found + 1;
    }
}

fn next_map_file(content: &[u8], mut at: usize) -> Option<Match> {
    let is_quote = |at: usize| matches!(content.get(at), Some(b'"' | b'\''));
    loop {
        let found = find(content, at, b"file")?;
        let colon = found + 5;
        let opens = found > at && is_quote(found - 1) && is_quote(found + 4);
        if opens && content.get(colon) == Some(&b':') && is_quote(colon + 1) {
            let start = colon + 2;
            let ends = |byte: &u8| matches!(byte, b',' | b'"' | b'\'');
            let end = content[start..]
                .iter()
                .position(ends)
                .map(|end| start + end);
            if let Some(end) = end
                && end > start
                && is_quote(end)
            {
                return Some(Match {
                    part: start..end,
                    end: end + 1,
                });
            }
        }
        at = found + 4;
    }
}

#[cfg(test)]
mod tests;
