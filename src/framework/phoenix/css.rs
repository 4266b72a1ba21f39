//! Makes absolute references in stylesheets relative: they lead to the top of the host that serves the stylesheet,
//! which holds no assets if their URL has a prefix.

use super::phx_digest::{ascii_regex, css_urls, holds_digest};
use crate::encoding::percent_decoded;
use crate::fs::{files_below, replace_file};
use fs_err as fs;
use regex::bytes::Regex;
use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::LazyLock;

/// How many references were changed in each stylesheet, by its path under the directory.
pub(super) type RewrittenSheets = BTreeMap<String, usize>;

/// Rewrites, in the originals of `dir`, each absolute reference to a file that exists there.
pub(super) fn relativise_stylesheets(dir: &Path) -> io::Result<RewrittenSheets> {
    let mut rewritten = BTreeMap::new();
    for path in files_below(dir)? {
        let (Some(path), Some(name)) = (path.to_str(), path.file_name()) else {
            continue;
        };
        let is_stylesheet = Path::new(name).extension() == Some("css".as_ref());
        let file = dir.join(path);
        // Writing through a link would change another file.
        if !is_stylesheet || holds_digest(&name.to_string_lossy()) || file.is_symlink() {
            continue;
        }
        let exists = |target: &str| dir.join(target).is_file();
        let depth = path.matches('/').count();
        let (content, references) = make_relative(&fs::read(&file)?, depth, exists);
        if references > 0 {
            replace_file(&file, &content)?;
            rewritten.insert(path.to_owned(), references);
        }
    }
    Ok(rewritten)
}

/// Returns the content with references relative to a stylesheet `depth` directories down, and how many there are.
fn make_relative(content: &[u8], depth: usize, exists: impl Fn(&str) -> bool) -> (Vec<u8>, usize) {
    let up = match depth {
        0 => "./".to_owned(),
        depth => "../".repeat(depth),
    };
    let mut rewritten = Vec::with_capacity(content.len());
    let (mut copied, mut count) = (0, 0);
    for url in absolute_references(content) {
        let Some(target) = target(&content[url.clone()]) else {
            continue;
        };
        if exists(&target) || percent_decoded(&target).is_some_and(|target| exists(&target)) {
            rewritten.extend_from_slice(&content[copied..url.start]);
            rewritten.extend_from_slice(up.as_bytes());
            copied = url.start + 1;
            count += 1;
        }
    }
    rewritten.extend_from_slice(&content[copied..]);
    (rewritten, count)
}

/// Finds what begins with one slash in `url(…)`, after `@import` and in `image-set(…)`.
fn absolute_references(content: &[u8]) -> Vec<Range<usize>> {
    let mut found: Vec<_> = css_urls(content).collect();
    let imports = IMPORT.captures_iter(content);
    found.extend(imports.filter_map(|import| Some(import.get(1)?.range())));
    found.extend(image_set_texts(content));
    let unquoted = found.into_iter().rev().map(|text| unquoted(content, text));
    let urls: BTreeMap<_, _> = unquoted.map(|url| (url.start, url)).collect();
    let is_absolute = |url: &Range<usize>| {
        let url = &content[url.clone()];
        url.starts_with(b"/") && !url.starts_with(b"//")
    };
    urls.into_values().filter(is_absolute).collect()
}

static IMPORT: LazyLock<Regex> =
    LazyLock::new(|| ascii_regex(r#"@import\s*("[^"\n]*"|'[^'\n]*')"#));
/// What matters within `image-set(…)`.
static IMAGE_SET_TOKEN: LazyLock<Regex> =
    LazyLock::new(|| ascii_regex(r#""[^"\n]*"|'[^'\n]*'|[();}]"#));

fn unquoted(content: &[u8], text: Range<usize>) -> Range<usize> {
    match &content[text.clone()] {
        [first @ (b'"' | b'\''), .., last] if first == last => text.start + 1..text.end - 1,
        _ => text,
    }
}

/// Finds the quoted texts of each `image-set(…)`.
fn image_set_texts(content: &[u8]) -> Vec<Range<usize>> {
    const START: &[u8] = b"image-set(";
    let mut texts = Vec::new();
    let mut at = 0;
    while let Some(found) = memchr::memmem::find(&content[at..], START) {
        let start = at + found + START.len();
        at = start;
        let mut depth = 1_usize;
        for token in IMAGE_SET_TOKEN.find_iter(&content[start..]) {
            at = start + token.end();
            match token.as_bytes() {
                b"(" => depth += 1,
                b")" => depth -= 1,
                b";" | b"}" => depth = 0,
                _ => texts.push(start + token.start()..at),
            }
            if depth == 0 {
                break;
            }
        }
    }
    texts
}

/// The path of a URL without its first slash, query and fragment.
fn target(url: &[u8]) -> Option<String> {
    let url = std::str::from_utf8(url).ok()?.strip_prefix('/')?;
    let path = url.split(['?', '#']).next()?;
    (!path.is_empty()).then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_references_to_existing_files_become_relative() {
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
            ("url(/fonts/y.woff2)", "url(/fonts/y.woff2)"), // another app's
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
            let (rewritten, count) = make_relative(before.as_bytes(), 1, there);
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
    fn text_like_a_reference_takes_no_time() {
        for hostile in [
            "url(",
            "@import \"a\" ",
            "image-set(\"a\" ",
            "@import url(\"/base.css?\"x);",
            "url(\"/a\"(",
        ] {
            let (rewritten, _) = make_relative(hostile.repeat(100_000).as_bytes(), 1, |_| false);
            assert_eq!(rewritten.len(), hostile.len() * 100_000);
        }
    }

    #[test]
    fn a_stylesheet_at_the_top_refers_to_its_directory() {
        let (rewritten, _) = make_relative(b"url(/base.css)", 0, |_| true);
        assert_eq!(rewritten, b"url(./base.css)");
    }
}
