//! Absolute references in stylesheets, which lead to the top of the host that serves them: below a
//! prefix they would be broken, so they are made relative.

use super::phx_digest::{css_urls, holds_digest};
use crate::encoding::percent_decoded;
use crate::fs::files_below;
use crate::fs::replace_file;
use fs_err as fs;
use std::io;
use std::ops::Range;
use std::path::Path;

/// A stylesheet that was changed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Relativised {
    /// Below the folder.
    pub(super) path: String,
    pub(super) references: usize,
}

/// Rewrites, in the originals of `folder`, each absolute reference to a file that is there.
pub(super) fn relativise(folder: &Path) -> io::Result<Vec<Relativised>> {
    let mut changed = Vec::new();
    for path in files_below(folder)? {
        let Some(path) = path.to_str() else { continue };
        let name = path.rsplit('/').next().unwrap_or(path);
        let is_stylesheet = Path::new(name)
            .extension()
            .is_some_and(|extension| extension == "css");
        if !is_stylesheet || holds_digest(name) {
            continue;
        }
        let file = folder.join(path);
        // Through a link, another file would be written.
        if file.is_symlink() {
            continue;
        }
        let content = fs::read(&file)?;
        let depth = path.matches('/').count();
        let is_there = |target: &str| folder.join(target).is_file();
        let (rewritten, references) = relative(&content, depth, is_there);
        if references > 0 {
            replace_file(&file, &rewritten)?;
            changed.push(Relativised {
                path: path.to_owned(),
                references,
            });
        }
    }
    Ok(changed)
}

/// The content with its references made relative to a stylesheet `depth` folders down, and how many.
fn relative(content: &[u8], depth: usize, is_there: impl Fn(&str) -> bool) -> (Vec<u8>, usize) {
    let mut rewritten = Vec::with_capacity(content.len());
    let (mut copied, mut count) = (0, 0);
    for slash in absolute_references(content) {
        let Some(target) = target(&content[slash.clone()]) else {
            continue;
        };
        if is_there(&target) || percent_decoded(&target).is_some_and(|target| is_there(&target)) {
            rewritten.extend_from_slice(&content[copied..slash.start]);
            if depth == 0 {
                rewritten.extend_from_slice(b"./");
            }
            rewritten.extend_from_slice("../".repeat(depth).as_bytes());
            copied = slash.start + 1;
            count += 1;
        }
    }
    rewritten.extend_from_slice(&content[copied..]);
    (rewritten, count)
}

/// What begins with one slash: in `url(…)`, after `@import`, within `image-set(…)`.
fn absolute_references(content: &[u8]) -> Vec<Range<usize>> {
    let mut found: Vec<_> = css_urls(content)
        .map(|url| unquoted(content, url))
        .collect();
    found.extend(imports(content));
    found.extend(image_sets(content));
    found.retain(|range| {
        content[range.clone()].starts_with(b"/") && !content[range.clone()].starts_with(b"//")
    });
    found.sort_by_key(|range| range.start);
    found.dedup_by_key(|range| range.start);
    found
}

fn unquoted(content: &[u8], url: Range<usize>) -> Range<usize> {
    match &content[url.clone()] {
        [first @ (b'"' | b'\''), .., last] if first == last => url.start + 1..url.end - 1,
        _ => url,
    }
}

/// `@import "…"`
fn imports(content: &[u8]) -> Vec<Range<usize>> {
    const IMPORT: &[u8] = b"@import";
    memchr::memmem::find_iter(content, IMPORT)
        .filter_map(|at| {
            let after = &content[at + IMPORT.len()..];
            let spaces = after.iter().take_while(|byte| byte.is_ascii_whitespace());
            quoted(content, at + IMPORT.len() + spaces.count())
        })
        .collect()
}

/// The quoted texts of `image-set(…)`.
fn image_sets(content: &[u8]) -> Vec<Range<usize>> {
    const SET: &[u8] = b"image-set(";
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = memchr::memmem::find(&content[at..], SET) {
        at += start + SET.len();
        let mut depth = 1_usize;
        while depth > 0 && at < content.len() {
            match content[at] {
                b'(' => depth += 1,
                b')' => depth -= 1,
                b';' | b'}' => break,
                _ => {}
            }
            match quoted(content, at) {
                Some(text) => {
                    at = text.end + 1;
                    found.push(text);
                }
                None => at += 1,
            }
        }
    }
    found
}

/// What stands between the quotes that begin there, on one line.
fn quoted(content: &[u8], at: usize) -> Option<Range<usize>> {
    let quote = *content.get(at)?;
    if !matches!(quote, b'"' | b'\'') {
        return None;
    }
    let length = memchr::memchr2(quote, b'\n', &content[at + 1..])?;
    let end = at + 1 + length;
    (content[end] == quote).then_some(at + 1..end)
}

/// Without the first slash, query and fragment.
fn target(url: &[u8]) -> Option<String> {
    let url = std::str::from_utf8(url).ok()?.strip_prefix('/')?;
    let path = url.split(['?', '#']).next()?;
    (!path.is_empty()).then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_references_to_files_that_are_there_become_relative() {
        let there = |path: &str| ["fonts/x.woff2", "images/a b.png", "base.css"].contains(&path);
        for (before, after) in [
            ("url(/fonts/x.woff2)", "url(../fonts/x.woff2)"),
            ("url( '/fonts/x.woff2' )", "url( '../fonts/x.woff2' )"),
            (
                "url(\"/fonts/x.woff2?#iefix\")",
                "url(\"../fonts/x.woff2?#iefix\")",
            ),
            ("url(/images/a%20b.png)", "url(../images/a%20b.png)"),
            (
                "@import \"/base.css\" screen;",
                "@import \"../base.css\" screen;",
            ),
            ("@import url(/base.css);", "@import url(../base.css);"),
            (
                "image-set(\"/fonts/x.woff2\" 1x, url(/base.css) 2x);",
                "image-set(\"../fonts/x.woff2\" 1x, url(../base.css) 2x);",
            ),
            ("url(/fonts/y.woff2)", "url(/fonts/y.woff2)"), // not there: perhaps another app's
            ("url(//cdn/fonts/x.woff2)", "url(//cdn/fonts/x.woff2)"),
            ("url(fonts/x.woff2)", "url(fonts/x.woff2)"),
            ("url(/)", "url(/)"),
            ("content: \"/base.css\"", "content: \"/base.css\""),
            (
                "/* @import here */ a { content: \"/base.css\" }",
                "/* @import here */ a { content: \"/base.css\" }",
            ),
            (
                "image-set(\"a\" 1x) \"/base.css\"",
                "image-set(\"a\" 1x) \"/base.css\"",
            ),
        ] {
            let (rewritten, count) = relative(before.as_bytes(), 1, there);
            assert_eq!(String::from_utf8_lossy(&rewritten), after);
            let absolute = |text: &str| {
                ["(/", "'/", "\"/"]
                    .iter()
                    .map(|start| text.matches(start).count())
                    .sum::<usize>()
            };
            assert_eq!(count, absolute(before) - absolute(after), "{before}");
        }
    }

    #[test]
    fn what_only_looks_like_a_reference_takes_no_time() {
        for hostile in [
            "url(",
            "@import \"a\" ",
            "image-set(\"a\" ",
            "@import url(\"/base.css?\"x);",
            "url(\"/a\"(",
        ] {
            let (rewritten, _) = relative(hostile.repeat(100_000).as_bytes(), 1, |_| false);
            assert_eq!(rewritten.len(), hostile.len() * 100_000);
        }
    }

    #[test]
    fn at_the_top_it_is_the_folder_itself() {
        let (rewritten, _) = relative(b"url(/base.css)", 0, |_| true);
        assert_eq!(rewritten, b"url(./base.css)");
    }
}
