//! Compares answers with the published file.

use super::{AssetKind, CheckProblem, Sample, essence};
use crate::http::Answer;
use crate::manifest::CACHE_CONTROL;
use crate::sha256::Sha256;

const YEAR: u64 = 31_536_000;

/// The problems of the answers without and with an `Origin`, except missing CORS headers, which take another request.
pub(super) fn judge(
    Sample { kind, asset, .. }: &Sample<'_>,
    plain: &Answer,
    with_origin: &Answer,
) -> Vec<CheckProblem> {
    if plain.status != 200 {
        return vec![CheckProblem::Status(plain.status)];
    }
    let content_type = plain.header("content-type");
    let encoding = plain.header("content-encoding");
    let mut problems = Vec::new();
    if let Some(encoding) = encoding.filter(|encoding| *encoding != "identity") {
        problems.push(CheckProblem::Encoded(encoding.to_owned()));
    } else if Sha256::of(&plain.body) != asset.sha256 {
        if content_type.is_some_and(|found| essence(found) == "text/html") {
            return vec![CheckProblem::Page];
        }
        problems.push(CheckProblem::WrongBytes(asset.sha256));
    }
    if !is_type(*kind, content_type) {
        let (found, expected) = (content_type.map(str::to_owned), asset.content_type);
        problems.push(CheckProblem::WrongType { found, expected });
    }
    let cache_control = plain.header("cache-control");
    if !cache_control.is_some_and(lasts) {
        problems.push(CheckProblem::CacheControl(cache_control.map(str::to_owned)));
    }
    if let Some(to) = &plain.redirected {
        problems.push(CheckProblem::Redirected(to.clone()));
    }
    if with_origin.status != 200 {
        problems.push(CheckProblem::RefusedWithOrigin(with_origin.status));
    }
    problems
}

/// Whether an answer allows any origin. A site may choose to allow only its own.
pub(super) fn allows_origin(answer: &Answer) -> bool {
    answer.header("access-control-allow-origin").is_some()
}

/// Whether browsers accept the file with this type: <https://mimesniff.spec.whatwg.org/#javascript-mime-type>
pub(crate) fn is_type(kind: AssetKind, found: Option<&str>) -> bool {
    let found = essence(found.unwrap_or_default());
    match kind {
        AssetKind::Css => found == "text/css",
        AssetKind::Js => match found.split_once('/') {
            Some(("text" | "application", "javascript" | "ecmascript")) => true,
            other => other == Some(("application", "x-javascript")),
        },
        AssetKind::Svg => found == "image/svg+xml",
        // Browsers recognize a font by its bytes.
        AssetKind::Font => true,
    }
}

/// Whether a browser keeps the file for a year, as [`CACHE_CONTROL`] allows.
pub(crate) fn lasts(cache_control: &str) -> bool {
    let lower = cache_control.to_ascii_lowercase();
    let directives = || lower.split(',').map(str::trim);
    let is_forbidden = directives().any(|it| matches!(it, "no-store" | "no-cache" | "private"));
    let mut ages = directives().filter_map(|it| it.strip_prefix("max-age=")?.parse().ok());
    cache_control == CACHE_CONTROL || !is_forbidden && ages.any(|age: u64| age >= YEAR)
}
