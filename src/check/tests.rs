use super::ask::{Accepts, check};
use super::judge::{is_type, judge, lasts};
use super::*;
use crate::http::Answer;
use crate::interrupt::Interrupt;
use crate::manifest::CACHE_CONTROL;
use crate::release::{Release, release_of};
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
    release_of(folder.path(), &site(), Some("v1"))
}

/// The answer of a store that is set up well.
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

/// The problems of a plain answer for the CSS above.
#[allow(
    clippy::needless_pass_by_value,
    reason = "each case makes its own answer"
)]
fn judged(plain: Answer) -> Vec<CheckProblem> {
    let release = release(&[("app.css", CSS)]);
    let with_origin = right("text/css", CSS);
    let sample = Sample {
        kind: AssetKind::Css,
        asset: &release.manifest.assets()[0],
        url: String::new(),
    };
    judge(&sample, &plain, &with_origin)
}

#[test]
fn a_right_answer_has_no_problem() {
    assert_eq!(judged(right("text/css; charset=utf-8", CSS)), []);
    assert_eq!(judged(right("Text/CSS", CSS)), []);
}

#[test]
fn problems_of_an_answer() {
    let css = || right("text/css", CSS);
    let page = right("text/html; charset=utf-8", "<!doctype html>");
    let expected = Sha256::of(CSS.as_bytes());
    let wrong_type = |found: Option<&str>| CheckProblem::WrongType {
        found: found.map(str::to_owned),
        expected: "text/css; charset=utf-8",
    };
    for (answer, problem) in [
        (status(403), CheckProblem::Status(403)),
        (status(204), CheckProblem::Status(204)),
        (page, CheckProblem::Page),
        (
            right("text/css", "body{color:teal}"), // minified
            CheckProblem::WrongBytes(expected),
        ),
        (
            right("text/css", &format!("{CSS} ")), // one byte over what is expected
            CheckProblem::WrongBytes(expected),
        ),
        (right("text/plain", CSS), wrong_type(Some("text/plain"))),
        // Of a page that is the file itself, the type is wrong.
        (right("text/html", CSS), wrong_type(Some("text/html"))),
        (with(css(), "content-type", None), wrong_type(None)),
        (
            with(css(), "cache-control", None),
            CheckProblem::CacheControl(None),
        ),
        (
            with(css(), "content-encoding", Some("gzip")),
            CheckProblem::Encoded("gzip".to_owned()),
        ),
        (
            Answer {
                redirected: Some("https://b/app.css".to_owned()),
                ..css()
            },
            CheckProblem::Redirected("https://b/app.css".to_owned()),
        ),
    ] {
        assert_eq!(judged(answer), [problem]);
    }
}

#[test]
fn an_answer_can_have_several_problems() {
    let answer = with(right("text/plain", "other"), "cache-control", None);
    assert_eq!(judged(answer).len(), 3);
}

#[test]
fn types_that_browsers_accept() {
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

/// Checks against a CDN that `cdn` plays: it gets the URL and whether the request has an `Origin`.
fn checked(
    files: &[(&str, &str)],
    mut cdn: impl FnMut(&str, bool) -> Result<Answer, FetchError>,
) -> (CheckReport, Vec<String>) {
    let mut asked = Vec::new();
    let report = check(
        &site(),
        &release(files),
        &Interrupt::default(),
        &mut |url, origin, _, _| {
            let with = if origin.is_some() { " +" } else { "" };
            asked.push(format!("{url}{with}"));
            cdn(url, origin.is_some())
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
fn the_smallest_files_are_asked_for_twice() {
    let (report, asked) = checked(&ALL, |url, _| Ok(served(url)));
    assert_eq!(report.findings, []);
    assert_eq!(report.right, AssetKind::ALL);
    let base = "https://static.acme.com/shop/v1/";
    // A cache may keep the first answer: for a font or a module, it must allow an `Origin`.
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
fn a_host_without_answer_is_asked_once() {
    let (report, asked) = checked(&ALL, |_, _| Err(FetchError::UnknownHost));
    assert_eq!(asked.len(), 1);
    assert_eq!(
        report.findings[0].problem,
        CheckProblem::Unreachable(FetchError::UnknownHost)
    );
    assert!(!report.findings[0].is_fatal(Unanswered::Warns));
    assert!(report.findings[0].is_fatal(Unanswered::Fails));
}

#[test]
fn equal_problems_are_one_finding() {
    let (report, _) = checked(&ALL, |_, _| Ok(status(403)));
    let [finding] = &report.findings[..] else {
        panic!("{report:?}");
    };
    assert_eq!(finding.kinds, AssetKind::ALL);
    assert!(finding.is_fatal(Unanswered::Warns));
    assert_eq!(report.right, []);

    let (report, _) = checked(&ALL, |url, _| {
        Ok(if url.contains("font") || url.contains("svg") {
            status(403)
        } else {
            served(url)
        })
    });
    assert_eq!(report.right, [AssetKind::Css, AssetKind::Js]);
    assert!(!report.findings[0].is_fatal(Unanswered::Warns));
}

#[test]
fn a_file_under_another_url_is_found() {
    for wrong in [status(404), status(403), right("text/html", "<html>")] {
        let (report, asked) = checked(&ALL, |url, _| {
            let path = url.strip_prefix("https://static.acme.com/v1/");
            Ok(path.map_or_else(|| wrong.clone(), served))
        });
        let instead: PublicUrl = "https://static.acme.com".parse().unwrap();
        assert_eq!(
            report.findings[0].problem,
            CheckProblem::Elsewhere(instead.clone())
        );
        assert_eq!(report.findings.len(), 1);
        // Sought once: eight answers and three other public URLs.
        assert_eq!(asked.len(), 8 + 3, "{asked:?}");
    }
}

#[test]
fn a_failing_server_is_not_sought_elsewhere() {
    let (report, asked) = checked(&ALL[..1], |_, _| Ok(status(503)));
    assert!(report.findings[0].is_fatal(Unanswered::Warns));
    assert_eq!(asked.len(), 2);
}

#[test]
fn another_file_elsewhere_is_not_the_file() {
    let (report, _) = checked(&ALL[..1], |url, _| {
        Ok(match url.strip_prefix("https://static.acme.com/shop/") {
            Some(_) => status(404),
            None => right("text/css", "other"),
        })
    });
    assert_eq!(report.findings[0].problem, CheckProblem::Status(404));
}

#[test]
fn missing_cors_is_found_for_fonts_and_js() {
    let without = |url: &str| with(served(url), "access-control-allow-origin", None);
    let (report, _) = checked(&ALL, |url, _| Ok(without(url)));
    let [finding] = &report.findings[..] else {
        panic!("{report:?}");
    };
    assert_eq!(finding.problem, CheckProblem::NoCors);
    assert_eq!(finding.kinds, [AssetKind::Js, AssetKind::Font]);
    assert!(!finding.is_fatal(Unanswered::Warns));
}

/// A store that allows an `Origin` only when asked with one, behind a cache that knows URLs only.
#[test]
fn cors_that_a_cache_dropped_is_found() {
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
    assert_eq!(finding.problem, CheckProblem::CorsCachedAway);
    // What browsers ask for with an `Origin` was not spoiled by the check itself.
    assert_eq!(finding.kinds, [AssetKind::Css, AssetKind::Svg]);
}

#[test]
fn a_refused_origin_is_found() {
    let (report, _) = checked(&ALL[..1], |url, has_origin| {
        Ok(if has_origin { status(403) } else { served(url) })
    });
    assert_eq!(
        report.findings[0].problem,
        CheckProblem::RefusedWithOrigin(403)
    );
    assert!(!report.findings[0].is_fatal(Unanswered::Warns));
}

#[test]
fn an_interrupted_check_asks_nothing_more() {
    let interrupt = Interrupt::default();
    let mut asked = 0;
    let stopped = check(&site(), &release(&ALL), &interrupt, &mut |url, _, _, _| {
        asked += 1;
        interrupt.raise();
        Ok(served(url))
    });
    assert_eq!(stopped, Err(CheckError::Interrupted));
    assert_eq!(asked, 2);
}

const LONG_CSS: &str =
    "body { color: teal } body { color: teal } body { color: teal } body { color: teal }";

/// Checks one stylesheet that is stored compressed, against a store that gets the encodings that a request accepts and
/// the bytes that it holds.
fn checked_compressed(
    mut store: impl FnMut(Accepts, Vec<u8>) -> Answer,
) -> (Vec<CheckProblem>, Vec<Accepts>) {
    let dir = tempfile::tempdir().unwrap();
    fs_err::write(dir.path().join("app.css"), LONG_CSS).unwrap();
    let release = crate::release::compressed_release_of(dir.path(), &site());
    let asset = &release.manifest.assets()[0];
    let stored = fs_err::read(asset.source()).unwrap();
    let mut asked = Vec::new();
    let mut get = |_: &str, _: Option<&'static str>, accepts, limit| {
        asked.push(accepts);
        let mut answer = store(accepts, stored.clone());
        answer.body.truncate(usize::try_from(limit).unwrap());
        Ok(answer)
    };
    let report = check(&site(), &release, &Interrupt::default(), &mut get).unwrap();
    let problems = report.findings.into_iter().map(|finding| finding.problem);
    (problems.collect(), asked)
}

#[test]
fn what_is_stored_compressed_is_compared_as_browsers_decode_it() {
    let answer = |body: Vec<u8>, encoding| {
        let mut answer = with(right("text/css", ""), "content-encoding", encoding);
        answer.body = body;
        answer
    };
    let (problems, asked) = checked_compressed(|_, stored| answer(stored, Some("gzip")));
    assert_eq!(problems, []);
    assert_eq!(asked, [Accepts::Identity, Accepts::Gzip]);
    // Google's store and some CDNs decode for a client that does not accept gzip.
    let (problems, _) = checked_compressed(|accepts, stored| match accepts {
        Accepts::Identity => answer(LONG_CSS.into(), None),
        Accepts::Gzip => answer(stored, Some("gzip")),
    });
    assert_eq!(problems, []);
    // A CDN that compresses by itself, in another encoding.
    let (problems, _) = checked_compressed(|accepts, _| match accepts {
        Accepts::Identity => answer(LONG_CSS.into(), None),
        Accepts::Gzip => answer(b"unknown".into(), Some("br")),
    });
    assert_eq!(problems, []);

    let (problems, _) = checked_compressed(|_, stored| answer(stored, Some("X-Gzip")));
    assert_eq!(problems, []);

    let (problems, _) = checked_compressed(|_, stored| answer(stored, Some("gzip,aws-chunked")));
    let chunked = "gzip,aws-chunked".to_owned();
    assert_eq!(problems, [CheckProblem::EncodingUnknown(chunked)]);
    let twice = |stored: Vec<u8>| crate::gzip::compress(&stored, crate::gzip::Effort::Best);
    let (problems, _) =
        checked_compressed(|_, stored| answer(twice(stored).unwrap(), Some("gzip")));
    assert_eq!(problems, [CheckProblem::EncodedTwice]);
    let (problems, _) = checked_compressed(|_, stored| answer(stored, None));
    assert_eq!(problems, [CheckProblem::EncodingLost]);
    let wrong = [CheckProblem::WrongBytes(Sha256::of(LONG_CSS.as_bytes()))];
    let (problems, _) = checked_compressed(|_, _| answer(b"a{}".into(), Some("gzip")));
    assert_eq!(problems, wrong);
    // Right for a client without gzip only.
    let (problems, _) = checked_compressed(|accepts, stored| match accepts {
        Accepts::Identity => answer(LONG_CSS.into(), None),
        Accepts::Gzip => answer([stored, b"more".into()].concat(), None),
    });
    assert_eq!(problems, wrong);
}

#[test]
fn a_file_that_is_stored_compressed_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    fs_err::write(dir.path().join("a.css"), "a{}").unwrap();
    fs_err::write(dir.path().join("b.css"), LONG_CSS).unwrap();
    let release = crate::release::compressed_release_of(dir.path(), &site());
    let mut asked = Vec::new();
    let mut get = |url: &str, _: Option<&'static str>, _, _| {
        asked.push(url.to_owned());
        Ok(right("text/css", LONG_CSS))
    };
    check(&site(), &release, &Interrupt::default(), &mut get).unwrap();
    assert_eq!(asked.len(), 2);
    assert!(asked.iter().all(|url| url.ends_with("/b.css")), "{asked:?}");
}
