//! The public check: whether a browser gets what was published, by a few files through their public
//! URL. Judging is apart from fetching.

use crate::http::{Answer, FetchError};
use crate::interrupt::Interrupt;
use crate::manifest::{Asset, CACHE_CONTROL, Manifest};
use crate::prefix::{PublicUrl, Site, StoreUrl};
use crate::release::Release;
use crate::sha256::Sha256;
use std::fmt;

/// Of no site: a store that allows listed origins only does not allow it.
pub(crate) const ORIGIN: &str = "https://example.org";
/// Makes another URL of the same file, which no cache in front of the store has seen.
const CACHE_BUSTER: &str = "static-assets-check=1";
const YEAR: u64 = 31_536_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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

    /// Without it a page is broken.
    fn is_vital(self) -> bool {
        matches!(self, Self::Css | Self::Js)
    }

    /// Browsers ask for fonts and modules with an `Origin`, and refuse an answer that doesn't allow it.
    fn needs_cors(self) -> bool {
        matches!(self, Self::Font | Self::Js)
    }
}

impl fmt::Display for AssetKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Css => "css",
            Self::Js => "js",
            Self::Svg => "svg",
            Self::Font => "font",
        })
    }
}

/// What is wrong with the answers for one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// There was no answer.
    Unreachable(FetchError),
    /// Not 200; and the other public URLs that don't have the file either.
    Status {
        status: u16,
        tried: Vec<PublicUrl>,
    },
    /// 200, but an HTML page.
    Page {
        tried: Vec<PublicUrl>,
    },
    /// The file is not below this public URL, but below another one.
    Elsewhere {
        instead: PublicUrl,
    },
    WrongBytes {
        expected: Sha256,
    },
    WrongType {
        found: Option<String>,
        expected: &'static str,
    },
    /// Compressed, although that was not asked for: not compared.
    Encoded(String),
    CacheControl(Option<String>),
    Redirected {
        to: String,
    },
    /// 200 without an `Origin`, this with one.
    RefusedWithOrigin(u16),
    NoCors,
    /// A URL that no cache has seen allows the `Origin`, this one doesn't.
    CorsCachedAway,
}

impl Problem {
    fn is_wrong_answer(&self) -> bool {
        match self {
            Self::Status { .. }
            | Self::Page { .. }
            | Self::Elsewhere { .. }
            | Self::WrongBytes { .. }
            | Self::WrongType { .. } => true,
            Self::Unreachable(_)
            | Self::Encoded(_)
            | Self::CacheControl(_)
            | Self::Redirected { .. }
            | Self::RefusedWithOrigin(_)
            | Self::NoCors
            | Self::CorsCachedAway => false,
        }
    }
}

/// One problem and the files that have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) kinds: Vec<AssetKind>,
    /// Of the first of them.
    pub(crate) url: String,
    pub(crate) problem: Problem,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Severity {
    Fails,
    Warns,
}

impl Finding {
    pub(crate) fn severity(&self) -> Severity {
        let is_vital = self.kinds.iter().any(|kind| kind.is_vital());
        if self.problem.is_wrong_answer() && is_vital {
            Severity::Fails
        } else {
            Severity::Warns
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    /// Whose answers have no fault.
    pub(crate) right: Vec<AssetKind>,
    pub(crate) findings: Vec<Finding>,
}

impl Report {
    fn add(&mut self, kind: AssetKind, url: &str, problem: Problem) {
        match self
            .findings
            .iter_mut()
            .find(|finding| finding.problem.is_like(&problem))
        {
            Some(finding) => finding.kinds.push(kind),
            None => self.findings.push(Finding {
                kinds: vec![kind],
                url: url.to_owned(),
                problem,
            }),
        }
    }
}

impl Problem {
    /// Whether one text tells of both.
    fn is_like(&self, other: &Self) -> bool {
        self == other
            || matches!(
                (self, other),
                (Self::WrongBytes { .. }, Self::WrongBytes { .. })
                    | (Self::Redirected { .. }, Self::Redirected { .. })
            )
    }
}

/// One GET, as the check asks for it.
pub(crate) struct Request<'a> {
    pub(crate) url: &'a str,
    /// With [`ORIGIN`], as browsers ask for fonts and modules.
    pub(crate) with_origin: bool,
    /// The most bytes that are looked at.
    pub(crate) limit: u64,
}

/// Why a version that is published is not pinned.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum CheckError {
    Wrong {
        findings: Vec<Finding>,
        store: StoreUrl,
        public: PublicUrl,
    },
    Interrupted,
}

/// Why nothing was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unchecked {
    /// The public URL is a path of the app's own site.
    Path,
    NothingToAskFor,
}

pub(crate) fn is_checkable(release: &Release) -> Result<(), Unchecked> {
    if release.prefix.is_path() {
        Err(Unchecked::Path)
    } else if samples(&release.manifest).is_empty() {
        Err(Unchecked::NothingToAskFor)
    } else {
        Ok(())
    }
}

/// Asks for one file of each kind; for more only where something is wrong.
pub(crate) fn check(
    site: &Site,
    release: &Release,
    interrupt: &Interrupt,
    get: &mut dyn FnMut(&Request<'_>) -> Result<Answer, FetchError>,
) -> Result<Report, CheckError> {
    let mut run = Run {
        site,
        release,
        get,
        elsewhere: Elsewhere::NotLookedFor,
    };
    let mut report = Report::default();
    for (kind, asset) in samples(&release.manifest) {
        if interrupt.is_raised() {
            return Err(CheckError::Interrupted);
        }
        let url = release.prefix.url_of(&asset.path);
        match run.problems(kind, asset, &url) {
            Ok(problems) if problems.is_empty() => report.right.push(kind),
            Ok(problems) => {
                for problem in problems {
                    report.add(kind, &url, problem);
                }
            }
            // The same host would keep the build waiting again.
            Err(error) => {
                report.add(kind, &url, Problem::Unreachable(error));
                break;
            }
        }
    }
    Ok(report)
}

/// The smallest file of each kind that is there.
fn samples(manifest: &Manifest) -> Vec<(AssetKind, &Asset)> {
    let smallest = |kind| {
        manifest
            .assets()
            .iter()
            .filter(|asset| asset.size > 0 && AssetKind::of(asset) == Some(kind))
            .min_by_key(|asset| asset.size)
    };
    AssetKind::ALL
        .into_iter()
        .filter_map(|kind| Some((kind, smallest(kind)?)))
        .collect()
}

struct Run<'a> {
    site: &'a Site,
    release: &'a Release,
    get: &'a mut dyn FnMut(&Request<'_>) -> Result<Answer, FetchError>,
    elsewhere: Elsewhere,
}

/// Another public URL below which a file is that isn't where it should be.
#[derive(Clone)]
enum Elsewhere {
    NotLookedFor,
    At(PublicUrl),
    Nowhere,
}

impl Run<'_> {
    fn problems(
        &mut self,
        kind: AssetKind,
        asset: &Asset,
        url: &str,
    ) -> Result<Vec<Problem>, FetchError> {
        let limit = asset.size + 1;
        let mut get = |with_origin| {
            (self.get)(&Request {
                url,
                with_origin,
                limit,
            })
        };
        // A cache that mixes up the two keeps the first answer for a year. For a file that browsers ask for
        // with an `Origin`, that must be the one that allows it.
        let answers = if kind.needs_cors() {
            let with_origin = get(true)?;
            Answers {
                plain: get(false)?,
                with_origin,
            }
        } else {
            Answers {
                plain: get(false)?,
                with_origin: get(true)?,
            }
        };
        let mut problems = judge(kind, asset, &answers);
        for problem in &mut problems {
            let (Problem::Status {
                status: 400..=499,
                tried,
            }
            | Problem::Page { tried }) = problem
            else {
                continue;
            };
            match self.elsewhere(asset) {
                Elsewhere::At(instead) => *problem = Problem::Elsewhere { instead },
                _ => *tried = self.site.other_public_urls(),
            }
        }
        if answers.are_without_cors() {
            problems.extend(self.without_cors(kind, url));
        }
        Ok(problems)
    }

    /// Looks once.
    fn elsewhere(&mut self, asset: &Asset) -> Elsewhere {
        if !matches!(self.elsewhere, Elsewhere::NotLookedFor) {
            return self.elsewhere.clone();
        }
        let found = self.site.other_public_urls().into_iter().find(|public| {
            let site = Site {
                public: public.clone(),
                ..self.site.clone()
            };
            let url = site.prefix(&self.release.version).url_of(&asset.path);
            let answer = (self.get)(&Request {
                url: &url,
                with_origin: false,
                limit: asset.size + 1,
            });
            answer.is_ok_and(|answer| {
                answer.status == 200 && Sha256::of(&answer.body) == asset.sha256
            })
        });
        self.elsewhere = found.map_or(Elsewhere::Nowhere, Elsewhere::At);
        self.elsewhere.clone()
    }

    fn without_cors(&mut self, kind: AssetKind, url: &str) -> Option<Problem> {
        let fresh = (self.get)(&Request {
            url: &format!("{url}?{CACHE_BUSTER}"),
            with_origin: true,
            limit: 0,
        });
        if fresh.is_ok_and(|fresh| fresh.status == 200 && allows_origin(&fresh)) {
            Some(Problem::CorsCachedAway)
        } else {
            kind.needs_cors().then_some(Problem::NoCors)
        }
    }
}

struct Answers {
    plain: Answer,
    with_origin: Answer,
}

impl Answers {
    fn are_without_cors(&self) -> bool {
        let both = [&self.plain, &self.with_origin];
        both.iter().all(|answer| answer.status == 200) && !allows_origin(&self.with_origin)
    }
}

/// Another origin than ours in the header is a site's own choice.
fn allows_origin(answer: &Answer) -> bool {
    answer.header("access-control-allow-origin").is_some()
}

/// What is wrong with two answers, but for CORS, which takes another one to tell.
fn judge(kind: AssetKind, asset: &Asset, answers: &Answers) -> Vec<Problem> {
    let Answers { plain, with_origin } = answers;
    if plain.status != 200 {
        return vec![Problem::Status {
            status: plain.status,
            tried: Vec::new(),
        }];
    }
    let found = plain.header("content-type");
    let is_page = found.is_some_and(|found| essence(found) == "text/html");
    let encoding = plain
        .header("content-encoding")
        .filter(|encoding| *encoding != "identity");
    let is_equal = Sha256::of(&plain.body) == asset.sha256;
    let mut problems = Vec::new();
    match encoding {
        Some(encoding) => problems.push(Problem::Encoded(encoding.to_owned())),
        None if !is_equal && is_page => return vec![Problem::Page { tried: Vec::new() }],
        None if !is_equal => problems.push(Problem::WrongBytes {
            expected: asset.sha256,
        }),
        None => {}
    }
    if !is_type(kind, found) {
        problems.push(Problem::WrongType {
            found: found.map(str::to_owned),
            expected: asset.content_type,
        });
    }
    let cache_control = plain.header("cache-control");
    if !cache_control.is_some_and(lasts) {
        problems.push(Problem::CacheControl(cache_control.map(str::to_owned)));
    }
    if let Some(to) = &plain.redirected {
        problems.push(Problem::Redirected { to: to.clone() });
    }
    if with_origin.status != 200 {
        problems.push(Problem::RefusedWithOrigin(with_origin.status));
    }
    problems
}

/// `text/css` of `Text/CSS; charset=utf-8`.
fn essence(content_type: &str) -> String {
    let (essence, _) = content_type.split_once(';').unwrap_or((content_type, ""));
    essence.trim().to_ascii_lowercase()
}

/// Whether browsers take the file by this type: <https://mimesniff.spec.whatwg.org/#javascript-mime-type>
fn is_type(kind: AssetKind, found: Option<&str>) -> bool {
    let found = essence(found.unwrap_or_default());
    match kind {
        AssetKind::Css => found == "text/css",
        AssetKind::Js => matches!(
            found.as_str(),
            "text/javascript"
                | "application/javascript"
                | "application/x-javascript"
                | "text/ecmascript"
                | "application/ecmascript"
        ),
        AssetKind::Svg => found == "image/svg+xml",
        // They look at the bytes.
        AssetKind::Font => true,
    }
}

/// Whether a browser keeps the file as long as [`CACHE_CONTROL`] lets it.
fn lasts(cache_control: &str) -> bool {
    if cache_control == CACHE_CONTROL {
        return true;
    }
    let lower = cache_control.to_ascii_lowercase();
    let mut directives = lower.split(',').map(str::trim);
    let forbids = |directive: &str| matches!(directive, "no-store" | "no-cache" | "private");
    if directives.clone().any(forbids) {
        return false;
    }
    directives.any(|directive| {
        let age = directive.strip_prefix("max-age=");
        age.and_then(|age| age.parse().ok())
            .is_some_and(|age: u64| age >= YEAR)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::ScanRules;
    use crate::release::Naming;
    use std::collections::BTreeMap;

    const CSS: &str = "body { color: teal }";

    fn site() -> Site {
        Site {
            store: "s3://acme-static/shop".parse().unwrap(),
            public: "https://static.acme.com/shop".parse().unwrap(),
        }
    }

    fn release(files: &[(&str, &str)]) -> Release {
        let folder = tempfile::tempdir().unwrap();
        for (path, content) in files {
            fs_err::write(folder.path().join(path), content).unwrap();
        }
        let site = site();
        let given = crate::config::Setting {
            value: "v1".parse().unwrap(),
            origin: crate::config::Origin::Environment,
        };
        let naming = Naming {
            public: &site.public,
            store: Some(&site.store),
            given: Some(&given),
            salt: None,
        };
        Release::of(
            &folder.path().into(),
            &ScanRules::default(),
            &naming,
            folder.path(),
        )
        .unwrap()
        .0
    }

    /// As a store answers that is set up well.
    fn right(content_type: &str, body: &str) -> Answer {
        let headers = [
            ("content-type", content_type),
            ("cache-control", CACHE_CONTROL),
            ("access-control-allow-origin", "*"),
        ];
        Answer {
            status: 200,
            headers: headers
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            body: body.as_bytes().to_vec(),
            redirected: None,
        }
    }

    fn with(mut answer: Answer, name: &str, value: Option<&str>) -> Answer {
        match value {
            Some(value) => answer.headers.insert(name.to_owned(), value.to_owned()),
            None => answer.headers.remove(name),
        };
        answer
    }

    fn status(status: u16) -> Answer {
        Answer {
            status,
            ..Answer::default()
        }
    }

    /// The judgement of a plain answer for the CSS above.
    fn judged(plain: Answer) -> Vec<Problem> {
        let release = release(&[("app.css", CSS)]);
        let answers = Answers {
            plain,
            with_origin: right("text/css", CSS),
        };
        judge(AssetKind::Css, &release.manifest.assets()[0], &answers)
    }

    #[test]
    fn a_right_answer_has_no_fault() {
        assert_eq!(judged(right("text/css; charset=utf-8", CSS)), []);
        assert_eq!(judged(right("Text/CSS", CSS)), []);
    }

    #[test]
    fn what_is_wrong_with_an_answer() {
        let css = || right("text/css", CSS);
        let tried = Vec::new;
        let page = right("text/html; charset=utf-8", "<!doctype html>");
        let expected = Sha256::of(CSS.as_bytes());
        let wrong_type = |found: Option<&str>| Problem::WrongType {
            found: found.map(str::to_owned),
            expected: "text/css; charset=utf-8",
        };
        for (answer, problem) in [
            (
                status(403),
                Problem::Status {
                    status: 403,
                    tried: tried(),
                },
            ),
            (
                status(204),
                Problem::Status {
                    status: 204,
                    tried: tried(),
                },
            ),
            (page, Problem::Page { tried: tried() }),
            (
                right("text/css", "body{color:teal}"), // minified
                Problem::WrongBytes { expected },
            ),
            (
                right("text/css", &format!("{CSS} ")), // one byte over what is expected
                Problem::WrongBytes { expected },
            ),
            (right("text/plain", CSS), wrong_type(Some("text/plain"))),
            // Of a page that is the file itself, the type is wrong.
            (right("text/html", CSS), wrong_type(Some("text/html"))),
            (with(css(), "content-type", None), wrong_type(None)),
            (
                with(css(), "cache-control", None),
                Problem::CacheControl(None),
            ),
            (
                with(css(), "content-encoding", Some("gzip")),
                Problem::Encoded("gzip".to_owned()),
            ),
            (
                Answer {
                    redirected: Some("https://b/app.css".to_owned()),
                    ..css()
                },
                Problem::Redirected {
                    to: "https://b/app.css".to_owned(),
                },
            ),
        ] {
            assert_eq!(judged(answer), [problem]);
        }
    }

    #[test]
    fn an_answer_can_have_several_faults() {
        let answer = with(right("text/plain", "other"), "cache-control", None);
        assert_eq!(judged(answer).len(), 3);
    }

    #[test]
    fn types_that_browsers_take() {
        for (kind, found) in [
            (AssetKind::Js, "text/javascript; charset=utf-8"),
            (AssetKind::Js, "application/javascript"),
            (AssetKind::Svg, "image/svg+xml"),
            (AssetKind::Font, "application/octet-stream"),
        ] {
            assert!(is_type(kind, Some(found)), "{found}");
        }
        for (kind, found) in [
            (AssetKind::Js, "text/plain"),
            (AssetKind::Js, "application/json"),
            (AssetKind::Css, "text/csss"),
            (AssetKind::Svg, "text/xml"),
        ] {
            assert!(!is_type(kind, Some(found)), "{found}");
        }
        assert!(!is_type(AssetKind::Css, None));
    }

    #[test]
    fn cache_control_that_lasts() {
        for text in [
            CACHE_CONTROL,
            "max-age=31536000",
            "Public, Max-Age=31536000",
            "immutable,max-age=63072000",
        ] {
            assert!(lasts(text), "{text}");
        }
        for text in [
            "",
            "public",
            "immutable",
            "max-age=14400",
            "s-maxage=31536000",
            "max-age=31536000, no-store",
            "private, max-age=31536000",
            "max-age=x",
        ] {
            assert!(!lasts(text), "{text}");
        }
    }

    /// A CDN by its answers: URL and whether there is an `Origin`, each asked as often as is told.
    fn checked(
        files: &[(&str, &str)],
        mut cdn: impl FnMut(&str, bool) -> Result<Answer, FetchError>,
    ) -> (Report, Vec<String>) {
        let mut asked = Vec::new();
        let report = check(
            &site(),
            &release(files),
            &Interrupt::default(),
            &mut |request| {
                let with = if request.with_origin { " +" } else { "" };
                asked.push(format!("{}{with}", request.url));
                cdn(request.url, request.with_origin)
            },
        );
        (report.unwrap(), asked)
    }

    fn served(url: &str) -> Answer {
        let path = url.split('?').next().unwrap();
        match path.rsplit('.').next().unwrap() {
            "css" => right("text/css", CSS),
            "js" => right("text/javascript", "1"),
            "svg" => right("image/svg+xml", "<svg/>"),
            _ => right("font/woff2", "woff2"),
        }
    }

    const ALL: [(&str, &str); 6] = [
        ("app.css", CSS),
        ("longer.css", "body { color: rebeccapurple }"),
        ("empty.css", ""),
        ("app.js", "1"),
        ("logo.svg", "<svg/>"),
        ("font.woff2", "woff2"),
    ];

    #[test]
    fn the_smallest_file_of_each_kind_is_asked_for_twice() {
        let (report, asked) = checked(&ALL, |url, _| Ok(served(url)));
        assert_eq!(report.findings, []);
        assert_eq!(report.right, AssetKind::ALL);
        let base = "https://static.acme.com/shop/v1/";
        // Where the first answer may be kept, a font's and a module's is one that allows an `Origin`.
        assert_eq!(
            asked,
            [
                "app.css",
                "app.css +",
                "app.js +",
                "app.js",
                "logo.svg",
                "logo.svg +",
                "font.woff2 +",
                "font.woff2"
            ]
            .map(|path| format!("{base}{path}"))
        );
    }

    #[test]
    fn a_host_that_does_not_answer_is_asked_once() {
        let (report, asked) = checked(&ALL, |_, _| Err(FetchError::UnknownHost));
        assert_eq!(asked.len(), 1);
        assert_eq!(
            report.findings[0].problem,
            Problem::Unreachable(FetchError::UnknownHost)
        );
        assert_eq!(report.findings[0].severity(), Severity::Warns);
    }

    #[test]
    fn equal_problems_are_one_finding_and_fail_where_css_or_js_has_them() {
        let (report, _) = checked(&ALL, |_, _| Ok(status(403)));
        let [finding] = &report.findings[..] else {
            panic!("{report:?}");
        };
        assert_eq!(finding.kinds, AssetKind::ALL);
        assert_eq!(finding.severity(), Severity::Fails);
        assert_eq!(report.right, []);

        let (report, _) = checked(&ALL, |url, _| {
            Ok(if url.contains("font") || url.contains("svg") {
                status(403)
            } else {
                served(url)
            })
        });
        assert_eq!(report.right, [AssetKind::Css, AssetKind::Js]);
        assert_eq!(report.findings[0].severity(), Severity::Warns);
    }

    #[test]
    fn a_file_that_is_below_another_public_url_is_found_there() {
        for wrong in [status(404), status(403), right("text/html", "<html>")] {
            let (report, asked) = checked(&ALL, |url, _| {
                let path = url.strip_prefix("https://static.acme.com/v1/");
                Ok(path.map_or_else(|| wrong.clone(), served))
            });
            let instead: PublicUrl = "https://static.acme.com".parse().unwrap();
            assert_eq!(report.findings[0].problem, Problem::Elsewhere { instead });
            assert_eq!(report.findings.len(), 1);
            // Looked for once: eight answers and three other public URLs.
            assert_eq!(asked.len(), 8 + 3, "{asked:?}");
        }
    }

    #[test]
    fn a_server_in_trouble_is_not_looked_for_elsewhere() {
        let (report, asked) = checked(&ALL[..1], |_, _| Ok(status(503)));
        assert_eq!(report.findings[0].severity(), Severity::Fails);
        assert_eq!(asked.len(), 2);
    }

    #[test]
    fn a_page_of_another_file_is_not_the_file() {
        let (report, _) = checked(&ALL[..1], |url, _| {
            Ok(match url.strip_prefix("https://static.acme.com/shop/") {
                Some(_) => status(404),
                None => right("text/css", "other"),
            })
        });
        let Problem::Status { status: 404, tried } = &report.findings[0].problem else {
            panic!("{report:?}");
        };
        assert_eq!(tried.len(), 3);
    }

    #[test]
    fn cors_that_is_missing_is_told_where_browsers_need_it() {
        let without = |url: &str| with(served(url), "access-control-allow-origin", None);
        let (report, _) = checked(&ALL, |url, _| Ok(without(url)));
        let [finding] = &report.findings[..] else {
            panic!("{report:?}");
        };
        assert_eq!(finding.problem, Problem::NoCors);
        assert_eq!(finding.kinds, [AssetKind::Js, AssetKind::Font]);
        assert_eq!(finding.severity(), Severity::Warns);
    }

    /// A store that allows an `Origin` only when asked with one, behind a cache that knows URLs only.
    #[test]
    fn cors_that_a_cache_took_away_is_told_apart() {
        let mut cache: BTreeMap<String, Answer> = BTreeMap::new();
        let (report, _) = checked(&ALL, |url, has_origin| {
            let fresh = if has_origin {
                served(url)
            } else {
                with(served(url), "access-control-allow-origin", None)
            };
            Ok(cache.entry(url.to_owned()).or_insert(fresh).clone())
        });
        let [finding] = &report.findings[..] else {
            panic!("{report:?}");
        };
        assert_eq!(finding.problem, Problem::CorsCachedAway);
        // What browsers ask for with an `Origin` was not spoiled by the check itself.
        assert_eq!(finding.kinds, [AssetKind::Css, AssetKind::Svg]);
    }

    #[test]
    fn an_origin_that_is_refused() {
        let (report, _) = checked(&ALL[..1], |url, has_origin| {
            Ok(if has_origin { status(403) } else { served(url) })
        });
        assert_eq!(report.findings[0].problem, Problem::RefusedWithOrigin(403));
        assert_eq!(report.findings[0].severity(), Severity::Warns);
    }

    #[test]
    fn a_run_that_is_told_to_stop_asks_nothing_more() {
        let interrupt = Interrupt::default();
        let mut asked = 0;
        let stopped = check(&site(), &release(&ALL), &interrupt, &mut |request| {
            asked += 1;
            interrupt.raise();
            Ok(served(request.url))
        });
        assert_eq!(stopped, Err(CheckError::Interrupted));
        assert_eq!(asked, 2);
    }
}
