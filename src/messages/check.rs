//! Texts of the public check.

mod remedies;

use super::{Explain, Kind, Message};
use crate::check::{CheckError, CheckFinding, CheckProblem, ORIGIN};
use crate::config::env_vars::{CHECK, COMPRESS, PUBLIC_URL, SALT};
use crate::http::FetchError;
use crate::manifest::CACHE_CONTROL;
use crate::prefix::{PublicUrl, Site};
use indoc::formatdoc;
use remedies::Remedies;

const PUBLIC: &str = PUBLIC_URL.name;

impl Explain for CheckError {
    fn explain(&self) -> Message {
        let Self::Wrong(findings, site) = self else {
            let title = "Interrupted during the public check";
            return Message::new(Kind::Interrupted, title, "The build was told to stop.");
        };
        let texts = findings.iter().map(|finding| finding_text(finding, site));
        let texts = texts.collect::<Vec<_>>().join("\n\n");
        let curl = curl(findings.first().map_or("", |finding| &finding.url));
        let check = CHECK.name;
        Message::new(Kind::Published, title(findings, site), texts).with_line(&formatdoc! {"
            After fixing it, check:
              {curl}
            Then build again. To continue with a warning instead:
              {check}=warn"
        })
    }
}

fn title(findings: &[CheckFinding], site: &Site) -> String {
    let Some(CheckFinding { problem, url, .. }) = findings.first() else {
        return "Browsers don't get the published files".to_owned();
    };
    let public = &site.public;
    match problem {
        CheckProblem::Status(status) => format!("Browsers get {status} for {url}"),
        CheckProblem::Unreachable(FetchError::Tls(_)) => {
            format!("No trusted connection to {public}")
        }
        CheckProblem::Unreachable(error) => {
            format!("No answer from {public}: {}", no_answer(error))
        }
        CheckProblem::Page => format!("Browsers get an HTML page for {url}"),
        CheckProblem::EncodingLost => format!("Browsers get gzip without Content-Encoding: {url}"),
        CheckProblem::EncodingUnknown(name) => {
            format!("Browsers can't decode Content-Encoding '{name}': {url}")
        }
        CheckProblem::EncodedTwice => format!("Browsers get a file compressed twice: {url}"),
        CheckProblem::Elsewhere(_) => format!("{PUBLIC} doesn't lead to the store: {public}"),
        CheckProblem::WrongType { found, .. } => {
            format!("Content-Type is {}: {url}", quoted(found.as_ref()))
        }
        _ => format!("Browsers get other bytes than were published: {url}"),
    }
}

/// Says what is wrong and how to fix it.
#[allow(clippy::too_many_lines, reason = "one text for each problem")]
pub(super) fn finding_text(finding: &CheckFinding, site: &Site) -> String {
    let CheckFinding { url, problem, .. } = finding;
    let (salt, leads) = (SALT.name, leads_to_store(site));
    let remedies = Remedies::of(site, url);
    let text = match problem {
        CheckProblem::Unreachable(error) => format!(
            "not checked, {}: {url}\nIs {} the right URL? If so, perhaps browsers reach it and this machine doesn't. \
             Check from another network:\n  {}",
            no_answer(error),
            site.public,
            curl(url)
        ),
        CheckProblem::Status(status) => status_text(url, *status, &remedies, &leads),
        CheckProblem::Page => format!(
            "200, but an HTML page: {url}\n\
             Something in front of the store answers instead, such as the site's own catch-all route.\n{leads}"
        ),
        CheckProblem::Elsewhere(instead) => elsewhere_text(url, &site.public, instead),
        CheckProblem::WrongBytes(expected) => formatdoc! {"
            200, but other bytes than were published: {url}
            Something in front of the store changes files (minification, rewriting): switch that off for this URL,
            because a changed file breaks integrity hashes. Or a cache holds an older answer: purge it, or publish the
            same files as another version, by a new salt:
              {salt}=2
            The published file has the SHA-256 {expected}. Compare:
              curl -sSL --compressed '{url}' | sha256sum"
        },
        CheckProblem::WrongType { found, expected } => format!(
            "Content-Type is {}, so browsers refuse the file; it should be '{expected}': {url}\n{}",
            quoted(found.as_ref()),
            remedies.types
        ),
        CheckProblem::EncodingLost => encoding_lost(
            &format!("200 with gzip bytes, but without Content-Encoding: gzip: {url}"),
            "drops",
        ),
        CheckProblem::EncodingUnknown(name) => encoding_lost(
            &format!("Content-Encoding is '{name}', and should be 'gzip': {url}"),
            "changes",
        ),
        CheckProblem::EncodedTwice => formatdoc! {"
            compressed twice, and Content-Encoding names it once: {url}
            The file is stored gzip-encoded. Something in front of the store compresses it again. Switch that off for this
            URL, or store the files as they are:
              {compress}=off",
            compress = COMPRESS.name
        },
        CheckProblem::Encoded(name) => {
            format!("not compared, the answer has an unrequested Content-Encoding {name}: {url}")
        }
        CheckProblem::CacheControl(found) => format!(
            "Cache-Control is {}; it should be '{CACHE_CONTROL}': {url}\nBrowsers load the file again and again.\n{}",
            quoted(found.as_ref()),
            remedies.caching
        ),
        CheckProblem::Redirected(to) => format!(
            "redirected to {to}\nEach file costs browsers two requests. {}",
            set_final_url()
        ),
        CheckProblem::RefusedWithOrigin(status) => format!(
            "200, but {status} to a request with 'Origin: {ORIGIN}': {url}\n\
             Browsers send an Origin for fonts and modules. Does a rule against hotlinking refuse it?"
        ),
        CheckProblem::NoCors => format!(
            "no Access-Control-Allow-Origin for 'Origin: {ORIGIN}': {url}\n\
             Pages of another host can't load fonts and <script type=\"module\"> from here.\n{}",
            remedies.cors
        ),
        CheckProblem::CorsCachedAway => formatdoc! {"
            the CDN has cached an answer without Access-Control-Allow-Origin, although the store allows the Origin: {url}
            The first request without an Origin header makes the CDN cache a response that breaks fonts and modules for
            everyone. Add the header Origin to the CDN's cache key, or let the CDN set 'Access-Control-Allow-Origin: *'
            (CloudFront: response headers policy SimpleCORS). Then purge the CDN's cache."
        },
    };
    let kinds: Vec<String> = finding.kinds.iter().map(ToString::to_string).collect();
    format!("{}: {}", kinds.join(" "), text.trim_end())
}

fn encoding_lost(seen: &str, done: &str) -> String {
    formatdoc! {"
        {seen}
        The file is stored gzip-encoded. Something in front of the store, or the store itself, {done} the header
        Content-Encoding, so browsers get unreadable bytes. Let it through, or store the files as they are:
          {compress}=off",
        compress = COMPRESS.name
    }
}

fn status_text(url: &str, status: u16, remedies: &Remedies, leads: &str) -> String {
    let (salt, set, read) = (SALT.name, set_final_url(), remedies.read.trim_end());
    match status {
        _ if remedies.private.contains(&status) => {
            format!("{status} without a key: {url}\n{read}\nOr the URL is wrong. {leads}")
        }
        401 => format!(
            "401: {url}\nBrowsers have no password for this path. Exempt it from the site's password protection."
        ),
        404 | 410 => formatdoc! {"
            {status}, although the file was uploaded: {url}
            {leads}
            A CDN caches a 404: purge it after fixing the URL, or publish the same files as another version, by a new salt:
              {salt}=2"
        },
        300..=399 => format!("{status}, a redirect that browsers can't follow: {url}\n{set}"),
        429 | 500..=599 => format!(
            "{status}: {url}\nThe store, or the CDN in front of it, is overloaded or fails. Build again once it answers."
        ),
        _ => format!("{status} instead of 200: {url}"),
    }
}

pub(super) fn quoted(header: Option<&String>) -> String {
    header.map_or_else(|| "missing".to_owned(), |value| format!("'{value}'"))
}

/// The command that shows what the check saw.
fn curl(url: &str) -> String {
    format!("curl -sSI -H 'Origin: {ORIGIN}' '{url}'")
}

/// Why there was no answer.
pub(super) fn no_answer(error: &FetchError) -> String {
    match error {
        FetchError::UnknownHost => "its host is not known here".to_owned(),
        FetchError::Refused => "nothing listens there".to_owned(),
        FetchError::Timeout => "no answer in time".to_owned(),
        FetchError::Tls(cause) => format!("no trusted connection: {cause}"),
        FetchError::Other(cause) => cause.clone(),
    }
}

fn set_final_url() -> String {
    format!("Set the final URL:\n  {PUBLIC}=https://…")
}

/// Names the URLs that the check has tried as well.
fn leads_to_store(site: &Site) -> String {
    let mut text = format!("{PUBLIC} must lead to {}.", site.store);
    let others = site.other_public_urls();
    if !others.is_empty() {
        text.push_str(" These URLs don't have the file either:");
    }
    text.extend(others.iter().map(|url| format!("\n  {url}")));
    text
}

fn elsewhere_text(url: &str, public: &PublicUrl, instead: &PublicUrl) -> String {
    let [now, then] = [public, instead].map(ToString::to_string);
    let (added, missing) = (now.strip_prefix(&then), then.strip_prefix(&now));
    let why = match [added, missing].map(|path| path.map(|path| path.trim_end_matches('/'))) {
        [Some(added), _] => format!(", because the CDN already adds /{added}"),
        [_, Some(missing)] => format!(", because the URL lacks /{missing}"),
        [None, None] => String::new(),
    };
    let base = then.trim_end_matches('/');
    format!("not found: {url}\nThe file is under {then}{why}. Set:\n  {PUBLIC}={base}")
}
