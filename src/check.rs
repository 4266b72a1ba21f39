//! The public check: whether browsers get what was published, tested by a few files through their public URL.
//! `ask` makes the requests and `judge` compares the answers. Nothing here changes a store or holds a sentence.

mod ask;
mod judge;

pub(crate) use ask::{check_by, is_checkable};
pub(crate) use judge::{is_type, lasts};

use crate::http::FetchError;
use crate::manifest::Asset;
use crate::prefix::{PublicUrl, Site};
use crate::sha256::Sha256;
use derive_more::Display;
use std::mem::discriminant;

/// A store that allows only listed origins doesn't allow this one.
pub(crate) const ORIGIN: &str = "https://example.org";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Display)]
#[display(rename_all = "lowercase")]
pub(crate) enum AssetKind {
    Css,
    Js,
    Svg,
    Font,
}

impl AssetKind {
    const ALL: [Self; 4] = [Self::Css, Self::Js, Self::Svg, Self::Font];

    fn of(asset: &Asset) -> Option<Self> {
        match essence(asset.content_type).as_str() {
            "text/css" => Some(Self::Css),
            "text/javascript" => Some(Self::Js),
            "image/svg+xml" => Some(Self::Svg),
            "font/woff2" | "font/woff" | "font/ttf" | "font/otf" => Some(Self::Font),
            _ => None,
        }
    }

    /// Whether a page is broken without it.
    fn is_vital(self) -> bool {
        matches!(self, Self::Css | Self::Js)
    }

    /// Browsers ask for fonts and modules with an `Origin`, and refuse an answer that doesn't allow it.
    fn needs_cors(self) -> bool {
        matches!(self, Self::Font | Self::Js)
    }
}

/// `text/css` of `Text/CSS; charset=utf-8`.
fn essence(content_type: &str) -> String {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

/// The file that is asked for.
struct Sample<'a> {
    kind: AssetKind,
    asset: &'a Asset,
    url: String,
}

/// What is wrong with the answers for one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CheckProblem {
    Unreachable(FetchError),
    /// Not 200. After 4xx the other public URLs don't have the file either.
    Status(u16),
    /// 200, but an HTML page. The other public URLs don't have the file either.
    Page,
    /// Another public URL has the file.
    Elsewhere(PublicUrl),
    /// Holds the hash of the published file.
    WrongBytes(Sha256),
    WrongType {
        found: Option<String>,
        expected: &'static str,
    },
    /// Stored gzip-encoded, and sent without the header that says so.
    EncodingLost,
    /// Stored gzip-encoded, and sent with another word for it, by which browsers can't decode it.
    EncodingUnknown(String),
    /// Stored gzip-encoded, compressed again, and sent with a header that names one of the two.
    EncodedTwice,
    /// Compressed, although the request didn't ask for it. The bytes can't be compared.
    Encoded(String),
    CacheControl(Option<String>),
    /// Holds the URL that answered.
    Redirected(String),
    /// 200 without an `Origin`, and this status with one.
    RefusedWithOrigin(u16),
    NoCors,
    /// A URL that no cache has seen allows the `Origin`; this URL doesn't.
    CorsCachedAway,
}

impl CheckProblem {
    fn is_wrong_answer(&self) -> bool {
        let is_wrong_file = matches!(self, Self::WrongBytes(_) | Self::WrongType { .. });
        is_wrong_file
            || matches!(
                self,
                Self::Status(_)
                    | Self::Page
                    | Self::Elsewhere(_)
                    | Self::EncodingLost
                    | Self::EncodingUnknown(_)
                    | Self::EncodedTwice
            )
    }

    /// Whether one text explains both.
    fn is_like(&self, other: &Self) -> bool {
        let is_of_one_file = matches!(self, Self::WrongBytes(_) | Self::Redirected(_));
        self == other || is_of_one_file && discriminant(self) == discriminant(other)
    }
}

/// One problem and the kinds of files that have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CheckFinding {
    pub(crate) kinds: Vec<AssetKind>,
    /// The URL of the first file.
    pub(crate) url: String,
    pub(crate) problem: CheckProblem,
}

/// What a URL without an answer is: perhaps only this machine can't reach it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unanswered {
    Warns,
    Fails,
}

impl CheckFinding {
    /// Whether pages are broken. Other findings are warnings in any case.
    pub(crate) fn is_fatal(&self, unanswered: Unanswered) -> bool {
        match &self.problem {
            CheckProblem::Unreachable(_) => unanswered == Unanswered::Fails,
            problem => problem.is_wrong_answer() && self.kinds.iter().any(|kind| kind.is_vital()),
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CheckReport {
    /// The kinds without a problem.
    pub(crate) right: Vec<AssetKind>,
    pub(crate) findings: Vec<CheckFinding>,
}

impl CheckReport {
    fn add(&mut self, sample: &Sample<'_>, problems: Vec<CheckProblem>) {
        if problems.is_empty() {
            self.right.push(sample.kind);
        }
        for problem in problems {
            let mut findings = self.findings.iter_mut();
            match findings.find(|finding| finding.problem.is_like(&problem)) {
                Some(finding) => finding.kinds.push(sample.kind),
                None => self.findings.push(CheckFinding {
                    kinds: vec![sample.kind],
                    url: sample.url.clone(),
                    problem,
                }),
            }
        }
    }
}

/// Why a published version is not pinned.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum CheckError {
    Wrong(Vec<CheckFinding>, Site),
    Interrupted,
}

/// Why a release is not checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CheckSkipped {
    /// `STATIC_ASSETS_CHECK=off`.
    Off,
    /// The previous build checked this version.
    AlreadyChecked,
    /// The public URL is a path of the app's own site.
    Path,
    NothingToAskFor,
}

#[cfg(test)]
mod tests;
