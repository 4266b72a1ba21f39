//! Texts of `static-assets check`: what a browser refuses of a page, and why.

use super::check::{no_answer, quoted};
use super::{Explain, Kind, Message, title};
use crate::log::{Event, Log, count};
use crate::page::{FileKind, PageError, PageFile, PageProblem, PageReport};
use std::collections::BTreeSet;
use url::Url;

/// A page that is read to its end.
pub(crate) struct Checked<'a>(pub(crate) &'a PageReport);

impl Explain for PageError {
    fn explain(&self) -> Message {
        match self {
            Self::Malformed(cause) => Message::new(
                Kind::Configuration,
                "The URL of the page can't be read",
                format!("{cause}. Give it whole: https://shop.example.com/"),
            ),
            Self::Unreachable(url, error) => Message::new(
                Kind::Temporary,
                format!("The page does not answer: {url}"),
                format!(
                    "{}. Is the URL right, and can this machine reach it?",
                    no_answer(error)
                ),
            ),
            Self::Status(url, status) => Message::new(
                Kind::Machine,
                format!("The page answers with {status}: {url}"),
                "Give a page that everyone can read. One behind a login can't be checked.",
            ),
            Self::NoHtml(url, found) => Message::new(
                Kind::Configuration,
                format!("This is no page: {url}"),
                format!("Its Content-Type is {}.", quoted(found.as_ref())),
            ),
            Self::Encoded(url, encoding) => Message::new(
                Kind::Machine,
                format!("The page can't be read: {url}"),
                format!(
                    "Its Content-Encoding is '{encoding}', although the request asks for none. Check the app behind the CDN."
                ),
            ),
        }
        .alone()
    }
}

/// Fails if a browser refuses a file.
pub(crate) fn verdict(report: &PageReport) -> Result<(), Message> {
    let refused = report.refused();
    if refused == 0 && report.left_out == 0 {
        return Ok(());
    }
    if refused == 0 {
        let title = format!("Not all files of {} were read", report.url);
        let body =
            "Those that were read load. Check a page with fewer files, or from a faster network.";
        return Err(Message::new(Kind::Machine, title, body).alone());
    }
    let files = count(refused, "file");
    let title = format!("A browser refuses {files} of {}", report.url);
    let body = if report.is_down {
        "The host of the files does not answer, or fails. Until it does, the app can serve its own copy (the fallback):\n  \
         STATIC_URL=/static/"
    } else {
        "Each is named above, in a line with ✗ or under one. Those that belong to a version are compared with what was \
         published by:\n  static-assets verify VERSION"
    };
    Err(Message::new(Kind::Machine, title, body).alone())
}

impl Event for Checked<'_> {
    fn write_to(&self, log: &Log) {
        let report = self.0;
        log.header(&title());
        log.bullet(&format!("Page {}", report.url));
        let kinds = [
            (FileKind::Stylesheet, "stylesheet"),
            (FileKind::Script, "script"),
            (FileKind::Module, "module"),
            (FileKind::Image, "image"),
            (FileKind::Font, "font"),
            (FileKind::Manifest, "web app manifest"),
        ];
        let counted = kinds.iter().map(|(kind, noun)| {
            let files = report.files.iter().filter(|file| file.kind == *kind);
            (files.count(), *noun)
        });
        let counted = counted.filter(|(number, _)| *number > 0);
        let counted: Vec<_> = counted.map(|(number, noun)| count(number, noun)).collect();
        match counted.as_slice() {
            [] => log.bullet("It loads no file"),
            counted => log.bullet(&format!("It loads {}", counted.join(", "))),
        }
        let versions = report.versions.iter();
        let versions =
            versions.map(|(version, files)| format!("{version} ({})", count(*files, "file")));
        let versions: Vec<_> = versions.collect();
        match (versions.as_slice(), &report.public) {
            ([], None) => log.bullet(
                "It links to no version that is known by its URL. With STATIC_ASSETS_PUBLIC_URL set, explicit versions are \
                 known, too",
            ),
            ([], Some(public)) => log.bullet(&format!(
                "It links to no version that is known by its URL, and to none under {public}"
            )),
            (versions, _) => log.bullet(&format!("It links to version {}", versions.join(", "))),
        }
        unversioned(report, log);
        for group in alike(&report.problems) {
            log.warning(&group.text());
        }
        if report.left_out > 0 {
            log.warning(&format!(
                "Not read, because there are too many or they take too long: {}",
                count(report.left_out, "file")
            ));
        }
        if report.refused() == 0 && !report.files.is_empty() {
            log.bullet("A browser loads all of them");
        }
    }
}

/// Names what a deploy replaces, and why a page may link to the app's own files.
fn unversioned(report: &PageReport, log: &Log) {
    let Some(first) = report.unversioned.first() else {
        return;
    };
    let number = report.unversioned.len();
    let come = if number == 1 { "comes" } else { "come" };
    let files = count(number, "file");
    let text = format!(
        "{files} of no version {come} from the page's own host, such as {first}: a deploy replaces them"
    );
    if report.versions.is_empty() {
        log.bullet(&format!(
            "{text}. The app is not built with static-assets, or its process has no pin. Or DEBUG is on there, or \
             STATIC_URL is set (the fallback)"
        ));
    } else {
        log.bullet(&format!("{text}. Are their links written by hand?"));
    }
}

/// One problem of several files.
struct Alike<'a> {
    first: &'a PageFile,
    problem: &'a PageProblem,
    others: BTreeSet<&'a Url>,
}

impl Alike<'_> {
    fn text(&self) -> String {
        const NAMED: usize = 3;
        let (first, problem) = (self.first, self.problem);
        let is_fatal = problem.is_fatal();
        let mark = if is_fatal { "✗ " } else { "" };
        let mut lines = vec![format!(
            "{mark}{}: {}",
            first.url,
            problem_text(first, problem)
        )];
        let named_by = first.named_by.as_ref();
        lines.extend(named_by.map(|it| format!("The stylesheet {it} names it.")));
        let number = self.others.len();
        if number > 0 {
            lines.push(format!("The same for {}:", count(number, "other file")));
        }
        // Of what a browser refuses, each file is named.
        let shown = if is_fatal { number } else { NAMED };
        let named = self.others.iter().take(shown);
        lines.extend(named.map(|url| format!("  {url}")));
        if number > shown {
            lines.push(format!("  … and {} more", number - shown));
        }
        lines.join("\n")
    }
}

fn alike(problems: &[(PageFile, PageProblem)]) -> Vec<Alike<'_>> {
    let mut found: Vec<Alike<'_>> = Vec::new();
    for (file, problem) in problems {
        let is_alike = |it: &&mut Alike<'_>| {
            let (first, of_first) = (it.first, it.problem);
            let text = || problem_text(file, problem);
            of_first == problem
                && first.named_by == file.named_by
                && problem_text(first, of_first) == text()
        };
        match found.iter_mut().find(is_alike) {
            Some(alike) if alike.first.url == file.url => {}
            Some(alike) => drop(alike.others.insert(&file.url)),
            None => found.push(Alike {
                first: file,
                problem,
                others: BTreeSet::new(),
            }),
        }
    }
    found
}

/// What is wrong with a file.
#[allow(clippy::too_many_lines, reason = "one text for each problem")]
pub(crate) fn problem_text(file: &PageFile, problem: &PageProblem) -> String {
    match problem {
        PageProblem::Unreachable(error) => no_answer(error),
        PageProblem::Status(status @ (404 | 410)) => format!(
            "{status}, so it does not load. If it belongs to a version: is that still in the store (static-assets list)? A CDN \
             caches a 404: purge it."
        ),
        PageProblem::Status(status) => format!("{status}, so it does not load"),
        PageProblem::Page => "200, but an HTML page. Something in front of the store answers instead, such as a catch-all \
                              route"
            .to_owned(),
        PageProblem::WrongType(found) => format!(
            "Content-Type is {}, so browsers refuse it as {}",
            quoted(found.as_ref()),
            kind(file.kind)
        ),
        PageProblem::WrongEncoding(None) => "its bytes are gzip, and no Content-Encoding says so, so browsers can't read \
                                             it. Does the store or the CDN drop that header? To store text as it is: \
                                             STATIC_ASSETS_COMPRESS=off"
            .to_owned(),
        PageProblem::WrongEncoding(Some(encoding)) => format!(
            "browsers can't decode it: the answer has Content-Encoding '{encoding}'. Does a CDN compress it twice, or change \
             that header?"
        ),
        PageProblem::Unread(encoding) => {
            format!("not read: its Content-Encoding is '{encoding}', although the request asks for none")
        }
        PageProblem::TooLong => "not read to its end: it has more than 32 MiB".to_owned(),
        PageProblem::NoCors(_) if file.asks_with_cookies() => format!(
            "the tag's crossorigin=\"use-credentials\" asks with cookies, so browsers refuse {} of another host unless the \
             answer names the page's host and allows credentials. A published file needs no cookies. In the template:\n  \
             crossorigin",
            kind(file.kind)
        ),
        PageProblem::NoCors(found) => format!(
            "Access-Control-Allow-Origin is {}, so browsers refuse {} of another host. To see the fix for your store: \
             static-assets doctor",
            quoted(found.as_ref()),
            kind(file.kind)
        ),
        PageProblem::Forbidden(directive) => format!(
            "the page's Content-Security-Policy forbids it. It needs:\n  {directive};"
        ),
        PageProblem::Mixed => "plain http on a page of https, so browsers block it".to_owned(),
        PageProblem::OtherBytes => {
            "its bytes are not those of the integrity hash in the page, so browsers refuse it. Does a CDN rewrite files?"
                .to_owned()
        }
        PageProblem::IntegrityWithoutCors => {
            "the page has an integrity hash of it, and no crossorigin attribute, so browsers refuse it. Add \
             crossorigin=\"anonymous\" to the tag"
                .to_owned()
        }
        PageProblem::UpgradedImage => {
            "plain http on a page of https: browsers ask for it by https instead".to_owned()
        }
        PageProblem::CacheControl(found) => format!(
            "Cache-Control is {}, so browsers ask for it again and again. It should be 'public, max-age=31536000, immutable'",
            quoted(found.as_ref())
        ),
        PageProblem::Redirected(to) => {
            format!("redirected to {to}, which costs each visitor a request")
        }
    }
}

fn kind(kind: FileKind) -> &'static str {
    match kind {
        FileKind::Stylesheet => "a stylesheet",
        FileKind::Script => "a script",
        FileKind::Module => "a module",
        FileKind::Image => "an image",
        FileKind::Font => "a font",
        FileKind::Manifest => "a web app manifest",
    }
}

/// The word for a kind, in JSON.
pub(crate) fn kind_word(kind: FileKind) -> &'static str {
    match kind {
        FileKind::Stylesheet => "stylesheet",
        FileKind::Script => "script",
        FileKind::Module => "module",
        FileKind::Image => "image",
        FileKind::Font => "font",
        FileKind::Manifest => "manifest",
    }
}

/// The word for a problem, in JSON.
pub(crate) fn problem_word(problem: &PageProblem) -> &'static str {
    match problem {
        PageProblem::Unreachable(_) => "unreachable",
        PageProblem::Status(_) => "status",
        PageProblem::Page => "page",
        PageProblem::WrongType(_) => "type",
        PageProblem::WrongEncoding(_) => "encoding",
        PageProblem::Unread(_) | PageProblem::TooLong => "unread",
        PageProblem::NoCors(_) => "cors",
        PageProblem::Forbidden(_) => "policy",
        PageProblem::Mixed => "mixed",
        PageProblem::OtherBytes | PageProblem::IntegrityWithoutCors => "integrity",
        PageProblem::UpgradedImage => "upgraded",
        PageProblem::CacheControl(_) => "cache",
        PageProblem::Redirected(_) => "redirect",
    }
}
