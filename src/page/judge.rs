//! Compares the answer for a file with what browsers ask of it.

use super::{FileKind, PageFile, PageProblem, RequestMode};
use crate::check::{AssetKind, is_type};
use crate::http::{Answer, Decoding};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256, Sha384, Sha512};
use std::path::Path;
use url::Url;

/// The first bytes of every gzip file.
const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];

pub(super) fn judge(
    file: &PageFile,
    answer: &Answer,
    decoding: Decoding,
    page: &Url,
) -> Vec<PageProblem> {
    if answer.status != 200 {
        return vec![PageProblem::Status(answer.status)];
    }
    let mut problems = Vec::new();
    let found = answer.header("content-type");
    if found.is_some_and(|it| it.starts_with("text/html")) {
        return vec![PageProblem::Page];
    }
    if !is_accepted(file, answer) {
        problems.push(PageProblem::WrongType(found.map(str::to_owned)));
    }
    let encoding = answer.header("content-encoding").map(str::to_owned);
    let is_gzip = answer.body.starts_with(GZIP_MAGIC) && is_text(file);
    match decoding {
        Decoding::Impossible => problems.push(PageProblem::WrongEncoding(encoding)),
        Decoding::Done if is_gzip => problems.push(PageProblem::WrongEncoding(encoding)),
        Decoding::Unknown => problems.extend(encoding.map(PageProblem::Unread)),
        Decoding::TooLong => problems.push(PageProblem::TooLong),
        Decoding::Done => {}
    }
    let answered = answer
        .redirected
        .as_deref()
        .and_then(|url| Url::parse(url).ok());
    let answered = answered.as_ref().unwrap_or(&file.url);
    let is_foreign = answered.origin() != page.origin() || file.url.origin() != page.origin();
    let has_hash = matches!(
        file.kind,
        FileKind::Script | FileKind::Module | FileKind::Stylesheet
    ) && !file.integrity.is_empty();
    if is_foreign && file.mode == RequestMode::NoCors {
        if has_hash {
            problems.push(PageProblem::IntegrityWithoutCors);
        }
    } else {
        if is_foreign && !allows(file.mode, answer, page) {
            let allowed = answer.header("access-control-allow-origin");
            problems.push(PageProblem::NoCors(allowed.map(str::to_owned)));
        }
        if has_hash && decoding == Decoding::Done && !holds_hash(&file.integrity, &answer.body) {
            problems.push(PageProblem::OtherBytes);
        }
    }
    if let Some(to) = &answer.redirected {
        problems.push(PageProblem::Redirected(to.clone()));
    }
    problems
}

/// Whether an answer allows the page's origin.
fn allows(mode: RequestMode, answer: &Answer, page: &Url) -> bool {
    let allowed = answer.header("access-control-allow-origin");
    let credentials = answer.header("access-control-allow-credentials");
    let is_named = allowed.is_some_and(|it| it == page.origin().ascii_serialization());
    match mode {
        RequestMode::WithCredentials => is_named && credentials == Some("true"),
        RequestMode::NoCors | RequestMode::Cors => is_named || allowed == Some("*"),
    }
}

/// Whether gzip bytes are not what a browser can use as this file.
fn is_text(file: &PageFile) -> bool {
    match file.kind {
        FileKind::Stylesheet | FileKind::Script | FileKind::Module | FileKind::Manifest => true,
        FileKind::Image => is_svg(file),
        FileKind::Font => false,
    }
}

fn is_svg(file: &PageFile) -> bool {
    Path::new(file.url.path()).extension() == Some("svg".as_ref())
}

/// Whether browsers take an answer of this type for a file of this kind.
fn is_accepted(file: &PageFile, answer: &Answer) -> bool {
    let found = answer.header("content-type");
    let essence = found.unwrap_or_default().split(';').next();
    let essence = essence.unwrap_or_default().trim().to_ascii_lowercase();
    let nosniff = answer.header("x-content-type-options");
    let sniffs = !nosniff.is_some_and(|it| it.trim().eq_ignore_ascii_case("nosniff"));
    match file.kind {
        FileKind::Stylesheet => is_type(AssetKind::Css, found),
        FileKind::Module => is_type(AssetKind::Js, found),
        // Without nosniff, browsers run a classic script of almost any type.
        FileKind::Script => {
            let top = essence.split('/').next().unwrap_or_default();
            let is_other = matches!(top, "image" | "audio" | "video") || essence == "text/csv";
            is_type(AssetKind::Js, found) || sniffs && !is_other
        }
        // All other images are recognised by their bytes.
        FileKind::Image if is_svg(file) => is_type(AssetKind::Svg, found),
        FileKind::Image | FileKind::Font | FileKind::Manifest => true,
    }
}

/// Whether the bytes have one of the hashes of the strongest kind, as browsers ask:
/// <https://www.w3.org/TR/SRI/#does-response-match-metadatalist>
fn holds_hash(integrity: &str, body: &[u8]) -> bool {
    let of_kind = |kind: &str, hash: &dyn Fn() -> String| {
        let hashes = integrity.split_ascii_whitespace();
        let hashes = hashes.filter_map(|it| it.split('?').next()?.strip_prefix(kind));
        let hashes: Vec<&str> = hashes.collect();
        (!hashes.is_empty()).then(|| hashes.contains(&&*hash()))
    };
    let sha512 = of_kind("sha512-", &|| STANDARD.encode(Sha512::digest(body)));
    let sha384 = || of_kind("sha384-", &|| STANDARD.encode(Sha384::digest(body)));
    let sha256 = || of_kind("sha256-", &|| STANDARD.encode(Sha256::digest(body)));
    sha512.or_else(sha384).or_else(sha256).unwrap_or(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_hash_decides() {
        // printf abc | openssl dgst -sha256 -binary | base64
        let right = "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";
        for (integrity, holds) in [
            ("", true),
            (right, true),
            ("sha256-AAAA", false),
            ("md5-AAAA", true),
            (
                "sha256-AAAA sha384-ywB1P0WjXou1oD1pmsZQBycsMqsO3tFjGotgWkP/W+2AhgcroefMI1i67KE0yCWn",
                true,
            ),
            (
                "sha384-AAAA sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
                false,
            ),
        ] {
            assert_eq!(holds_hash(integrity, b"abc"), holds, "{integrity}");
        }
    }
}
