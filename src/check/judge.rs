//! Compares answers with the published file.

use super::{AssetKind, CheckProblem, Sample, essence};
use crate::gzip::decompress;
use crate::http::{Answer, ContentCoding};
use crate::manifest::{Asset, CACHE_CONTROL};
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
    let mut problems = Vec::new();
    let is_page = content_type.is_some_and(|found| essence(found) == "text/html");
    match compare_bodies(asset, plain) {
        Some(CheckProblem::WrongBytes(_)) if is_page => return vec![CheckProblem::Page],
        problem => problems.extend(problem),
    }
    // What is stored compressed was asked for with the `Origin` as browsers do it, compressed. A CDN may know a better
    // encoding, which can't be compared.
    if asset.encoding().is_some() && with_origin.status == 200 {
        let problem = compare_bodies(asset, with_origin);
        let problem = problem.filter(|it| !matches!(it, CheckProblem::Encoded(_)));
        problems.extend(problem.filter(|it| !problems.contains(it)));
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

/// Whether an answer has the file that was published.
pub(super) fn holds(asset: &Asset, answer: &Answer) -> bool {
    answer.status == 200 && compare_bodies(asset, answer).is_none()
}

/// Compares the body of an answer, decoded as browsers do it, with the file that was published.
fn compare_bodies(asset: &Asset, answer: &Answer) -> Option<CheckProblem> {
    let published = asset.as_plain();
    let is_encoded = asset.encoding().is_some();
    let coding = answer.coding();
    let hash = match coding {
        ContentCoding::Identity => Some(Sha256::of(&answer.body)),
        ContentCoding::Gzip if is_encoded => {
            let body = decompress(&answer.body, published.size.max(asset.size));
            body.ok().map(|body| Sha256::of(&body))
        }
        _ => {
            let encoding = answer.header("content-encoding").unwrap_or_default();
            let encoding = encoding.to_owned();
            return Some(if is_encoded && coding == ContentCoding::Unknown {
                CheckProblem::EncodingUnknown(encoding)
            } else {
                CheckProblem::Encoded(encoding)
            });
        }
    };
    match hash {
        Some(hash) if hash == published.sha256 => None,
        Some(hash) if is_encoded && hash == asset.sha256 => Some(match coding {
            ContentCoding::Identity => CheckProblem::EncodingLost,
            _ => CheckProblem::EncodedTwice,
        }),
        _ => Some(CheckProblem::WrongBytes(published.sha256)),
    }
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
