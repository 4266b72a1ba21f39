//! A live page as a browser reads it: which files it loads, and which of them a browser refuses.

mod css;
mod html;
mod judge;
mod policy;

use crate::check::lasts;
use crate::http::{Client, Decoding, FetchError};
use crate::parallel::parallel;
use crate::prefix::PublicUrl;
use crate::version::Version;
use policy::PagePolicy;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::time::{Duration, Instant};
use url::Url;

/// No page and no file of one has as many bytes. What is longer is cut, and read as far as it goes.
const LARGEST: u64 = 32 << 20;
/// What a page or stylesheet names besides is left out.
const MOST_FILES: usize = 2000;
/// After this time, the other files are left out.
const LONGEST: Duration = Duration::from_mins(5);

/// What a page loads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum FileKind {
    Stylesheet,
    Script,
    Module,
    Image,
    Font,
    /// The web app manifest, by which a browser installs the app.
    Manifest,
}

/// How a browser asks for a file of another host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum RequestMode {
    /// It takes any answer.
    NoCors,
    /// It sends an `Origin` and refuses an answer that doesn't allow it: fonts, modules, manifests, and tags with `crossorigin`.
    Cors,
    /// The same, with the visitor's cookies: `crossorigin="use-credentials"`.
    WithCredentials,
}

/// A file that a page loads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PageFile {
    pub(crate) url: Url,
    pub(crate) kind: FileKind,
    mode: RequestMode,
    nonce: String,
    integrity: String,
    /// The stylesheet that names it. `None` is the page itself.
    pub(crate) named_by: Option<Url>,
}

impl PageFile {
    /// Whether the tag asks with the visitor's cookies.
    pub(crate) fn asks_with_cookies(&self) -> bool {
        self.mode == RequestMode::WithCredentials
    }
}

/// Why a browser does not load a file, or loads it at a price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PageProblem {
    Unreachable(FetchError),
    Status(u16),
    /// 200, but an HTML page.
    Page,
    WrongType(Option<String>),
    /// The bytes are not in the encoding that the answer names. Holds it.
    WrongEncoding(Option<String>),
    /// An encoding that was not asked for. What a stylesheet in it loads is not known.
    Unread(String),
    /// It was not read to its end.
    TooLong,
    /// Holds what the answer allows.
    NoCors(Option<String>),
    /// The page's policy forbids it. Holds the directive that would allow it.
    Forbidden(String),
    /// Plain http on a page of https.
    Mixed,
    /// The hash in the page is of other bytes.
    OtherBytes,
    /// The page has a hash of a file of another host, and does not ask with an `Origin`.
    IntegrityWithoutCors,
    /// An image of plain http, which browsers ask for by https.
    UpgradedImage,
    /// It has a version in its URL and is not kept for a year.
    CacheControl(Option<String>),
    /// Holds the URL that answered.
    Redirected(String),
}

impl PageProblem {
    /// Whether the server does not answer, or fails.
    fn is_of_server(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Status(500..=599))
    }

    /// Whether a browser refuses the file.
    pub(crate) fn is_fatal(&self) -> bool {
        !matches!(
            self,
            Self::CacheControl(_)
                | Self::Redirected(_)
                | Self::UpgradedImage
                | Self::Unread(_)
                | Self::TooLong
        )
    }
}

/// A page, with what is wrong.
pub(crate) struct PageReport {
    /// The URL that answered.
    pub(crate) url: Url,
    pub(crate) files: Vec<PageFile>,
    pub(crate) problems: Vec<(PageFile, PageProblem)>,
    /// How many files the page links to of each version.
    pub(crate) versions: BTreeMap<String, usize>,
    /// The stylesheets, scripts and fonts of no version that come from the page's own host: a deploy replaces them.
    pub(crate) unversioned: BTreeSet<Url>,
    /// Whether all that a browser refuses is of a version, and its host does not answer, or fails.
    pub(crate) is_down: bool,
    /// The public URL of the settings.
    pub(crate) public: Option<PublicUrl>,
    /// How many files were not read, because there are too many or they take too long.
    pub(crate) left_out: usize,
}

impl PageReport {
    /// How many files a browser refuses.
    pub(crate) fn refused(&self) -> usize {
        let fatal = self.problems.iter().filter(|(_, it)| it.is_fatal());
        let urls: BTreeSet<_> = fatal.map(|(file, _)| &file.url).collect();
        urls.len()
    }
}

/// Why a page can't be read.
#[derive(Debug)]
pub(crate) enum PageError {
    Malformed(String),
    Unreachable(String, FetchError),
    Status(String, u16),
    /// The answer is of another type. Holds it.
    NoHtml(String, Option<String>),
    /// The page was sent in an encoding that was not asked for. Holds it.
    Encoded(String, String),
}

/// Reads a page and every file that it loads. With the app's public URL, explicit versions are known, too.
pub(crate) fn check_page(
    url: &str,
    client: &Client,
    public: Option<&PublicUrl>,
) -> Result<PageReport, PageError> {
    let headers = [("Accept-Encoding", "identity"), ("Accept", "text/html")];
    let answer = client.get(url, &headers, LARGEST);
    let mut answer = answer.map_err(|error| PageError::Unreachable(url.to_owned(), error))?;
    let decoding = answer.decode(LARGEST);
    if answer.status != 200 {
        return Err(PageError::Status(url.to_owned(), answer.status));
    }
    let content_type = answer.header("content-type");
    if !content_type.is_some_and(|it| it.starts_with("text/html") || it.contains("xhtml")) {
        let found = content_type.map(str::to_owned);
        return Err(PageError::NoHtml(url.to_owned(), found));
    }
    if decoding != Decoding::Done {
        let encoding = answer.header("content-encoding").unwrap_or_default();
        return Err(PageError::Encoded(url.to_owned(), encoding.to_owned()));
    }
    let at = answer.redirected.as_deref().unwrap_or(url);
    let at = Url::parse(at).map_err(|error| PageError::Malformed(error.to_string()))?;
    let html = html::read(&String::from_utf8_lossy(&answer.body), &at);
    let page = Page {
        policy: PagePolicy::of(
            answer.header("content-security-policy"),
            &html.policies,
            &at,
        ),
        url: at,
        client,
        public,
    };
    Ok(page.read(html.files))
}

struct Page<'a> {
    url: Url,
    policy: PagePolicy,
    client: &'a Client,
    public: Option<&'a PublicUrl>,
}

/// A file as it was answered.
struct FileAnswer {
    problems: Vec<PageProblem>,
    /// What a stylesheet loads.
    more: Vec<PageFile>,
}

impl Page<'_> {
    fn read(self, first: Vec<PageFile>) -> PageReport {
        let mut seen = BTreeSet::new();
        let (mut files, mut problems) = (Vec::new(), Vec::new());
        let mut next = first;
        let (start, mut left_out) = (Instant::now(), 0);
        while !next.is_empty() {
            next.retain(|file| seen.insert((file.url.clone(), file.kind, file.mode)));
            left_out += next.len().saturating_sub(MOST_FILES - files.len());
            next.truncate(MOST_FILES - files.len());
            let is_late = || start.elapsed() > LONGEST;
            let read = parallel(&next, |file| {
                Ok::<_, Infallible>((!is_late()).then(|| self.read_file(file)))
            });
            let Ok(read) = read;
            let mut more = Vec::new();
            for (file, read) in next.into_iter().zip(read) {
                let Some(read) = read else {
                    left_out += 1;
                    continue;
                };
                more.extend(read.more);
                problems.extend(read.problems.into_iter().map(|it| (file.clone(), it)));
                files.push(file);
            }
            next = more;
        }
        let mut versions = BTreeMap::new();
        let mut unversioned = BTreeSet::new();
        for file in &files {
            // An image may be an upload.
            let is_of_deploy = !matches!(file.kind, FileKind::Image | FileKind::Manifest);
            if let Some(version) = self.version_of(&file.url) {
                *versions.entry(version).or_default() += 1;
            } else if is_of_deploy && file.url.origin() == self.url.origin() {
                unversioned.insert(file.url.clone());
            }
        }
        let mut fatal = problems.iter().filter(|(_, problem)| problem.is_fatal());
        let is_down = fatal
            .all(|(file, problem)| self.version_of(&file.url).is_some() && problem.is_of_server());
        PageReport {
            is_down,
            public: self.public.cloned(),
            unversioned,
            url: self.url,
            files,
            problems,
            versions,
            left_out,
        }
    }

    fn read_file(&self, file: &PageFile) -> FileAnswer {
        let mut more = Vec::new();
        if let Some(problem) = self.refused_before(file) {
            let problems = vec![problem];
            return FileAnswer { problems, more };
        }
        let origin = self.url.origin().ascii_serialization();
        let mut headers = vec![("Accept-Encoding", "identity")];
        if file.mode != RequestMode::NoCors {
            headers.push(("Origin", &*origin));
        }
        let mut answer = match self.client.get(file.url.as_str(), &headers, LARGEST) {
            Ok(answer) => answer,
            Err(error) => {
                let problems = vec![PageProblem::Unreachable(error)];
                return FileAnswer { problems, more };
            }
        };
        let decoding = answer.decode(LARGEST);
        let mut problems = judge::judge(file, &answer, decoding, &self.url);
        let redirected = answer
            .redirected
            .as_deref()
            .and_then(|url| Url::parse(url).ok());
        let redirected = redirected.map(|url| PageFile {
            url,
            ..file.clone()
        });
        let forbidden = redirected.and_then(|file| self.policy.forbids(&file));
        problems.extend(forbidden.map(PageProblem::Forbidden));
        let is_versioned = self.version_of(&file.url).is_some();
        let cache = answer.header("cache-control");
        if answer.status == 200 && is_versioned && !cache.is_some_and(lasts) {
            problems.push(PageProblem::CacheControl(cache.map(str::to_owned)));
        }
        let is_read = answer.status == 200 && decoding == Decoding::Done;
        if is_read && file.kind == FileKind::Stylesheet {
            let at = answer
                .redirected
                .as_deref()
                .and_then(|url| Url::parse(url).ok());
            let at = at.unwrap_or_else(|| file.url.clone());
            more = css::read(&String::from_utf8_lossy(&answer.body), &at, Some(&at));
        }
        FileAnswer { problems, more }
    }

    /// Why a browser does not even ask for a file.
    fn refused_before(&self, file: &PageFile) -> Option<PageProblem> {
        if let Some(directive) = self.policy.forbids(file) {
            return Some(PageProblem::Forbidden(directive));
        }
        match (self.url.scheme(), file.url.scheme()) {
            ("https", "http") if file.kind == FileKind::Image => Some(PageProblem::UpgradedImage),
            ("https", "http") => Some(PageProblem::Mixed),
            _ => None,
        }
    }

    /// The version in a URL: what follows the public URL, or a part that has the form of a digest version.
    fn version_of(&self, url: &Url) -> Option<String> {
        let public = self.public.map(|public| self.url.join(&public.to_string()));
        let public = public.and_then(Result::ok);
        let rest = public.and_then(|public| url.as_str().strip_prefix(public.as_str()));
        let version = if let Some((first, _)) = rest.and_then(|rest| rest.split_once('/')) {
            first.parse::<Version>().ok()
        } else if self.public.is_some() && url.origin() == self.url.origin() {
            // The app's own host has directories of any name.
            None
        } else {
            let parts = url.path_segments()?.map(str::parse::<Version>);
            let mut versions = parts.filter_map(Result::ok);
            versions.find(Version::looks_like_digest)
        };
        Some(version?.to_string())
    }
}
