//! Compares the answer for a file with what browsers ask of it.

use super::{FileKind, PageFile, PageProblem, is_accepted};
use crate::http::Answer;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256, Sha384, Sha512};
use url::Url;

pub(super) fn judge(file: &PageFile, answer: &Answer, page: &Url) -> Vec<PageProblem> {
    if answer.status != 200 {
        return vec![PageProblem::Status(answer.status)];
    }
    let mut problems = Vec::new();
    let found = answer.header("content-type");
    if found.is_some_and(|it| it.starts_with("text/html")) {
        return vec![PageProblem::Page];
    }
    if !is_accepted(file.kind, answer) {
        problems.push(PageProblem::WrongType(found.map(str::to_owned)));
    }
    let is_foreign = file.url.origin() != page.origin();
    let allowed = answer.header("access-control-allow-origin");
    let origin = page.origin().ascii_serialization();
    if file.is_cors && is_foreign && !allowed.is_some_and(|it| it == "*" || it == origin) {
        problems.push(PageProblem::NoCors(allowed.map(str::to_owned)));
    }
    let has_hash = matches!(
        file.kind,
        FileKind::Script | FileKind::Module | FileKind::Stylesheet
    );
    if has_hash && !holds_hash(&file.integrity, &answer.body) {
        problems.push(PageProblem::OtherBytes);
    }
    if let Some(to) = &answer.redirected {
        problems.push(PageProblem::Redirected(to.clone()));
    }
    problems
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
