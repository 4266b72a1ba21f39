//! An app's pages, and what is told of them: with its place, and what helps.

use super::detect::WebApp;
use super::fixed_links::Fixed;
use super::templates::{Named, Place, Usage};
use crate::log::Log;
use crate::prefix::Prefix;
use std::path::PathBuf;

/// An app whose assets are compiled.
pub(super) struct Built<'a> {
    pub(super) app: &'a WebApp,
    /// Its `priv/static`.
    pub(super) folder: PathBuf,
    /// Empty, or ends with `/`.
    pub(super) mount: String,
    pub(super) usage: Usage,
}

/// Of one kind.
const SHOWN: usize = 5;

/// What stays on the app's own host, whatever `STATIC_URL` says; the first of it. Told where that is another host than
/// the public URL's.
pub(super) fn tell_of_fixed_links(
    built: &Built<'_>,
    found: &[Fixed],
    prefix: Option<&Prefix>,
    log: &Log,
) -> Option<String> {
    let by_hand: Vec<&Place> = built
        .usage
        .fixed_code
        .iter()
        .chain(&built.usage.fixed_files)
        .collect();
    if prefix.and_then(host_of).is_some() {
        let in_scripts = found.iter().map(ToString::to_string);
        tell(in_scripts.collect(), log);
        let in_pages = by_hand.iter().map(|place| {
            format!(
                "{place}: a link written by hand stays on the app's own host; ~p\"…\" or static_path(…) follows"
            )
        });
        tell(in_pages.collect(), log);
    }
    let first = found.first().map(|fixed| fixed.place.to_string());
    first.or_else(|| by_hand.first().map(ToString::to_string))
}

/// The first few.
fn tell(warnings: Vec<String>, log: &Log) {
    let more = warnings.len().saturating_sub(SHOWN);
    for warning in warnings.into_iter().take(SHOWN) {
        log.warning(&warning);
    }
    if more > 0 {
        log.detail(&format!("… and {more} more like that"));
    }
}

/// What another host breaks. On the app's own nothing is cross-origin.
pub(super) fn tell_of_another_host(built: &[Built<'_>], prefix: &Prefix, log: &Log) {
    let Some(host) = host_of(prefix) else {
        return;
    };
    for Built { usage, .. } in built {
        let Usage {
            policies,
            modules,
            sprites,
            joined,
            ..
        } = usage;
        let closed = policies.iter().find(|policy| !policy.text.contains(host));
        if let Some(policy) = closed {
            log.warning(&format!(
                "{} has a Content-Security-Policy without this host, so browsers would block the files. Add \
                 https://{host} to its script-src, style-src, img-src and font-src.",
                policy.place
            ));
        }
        if let Some(place) = modules.first() {
            log.warning(&format!(
                "{place} loads a script with type=\"module\": browsers ask the store's CORS rules for it, also \
                 for what it imports."
            ));
        }
        if let Some(place) = sprites.first() {
            log.warning(&format!(
                "{place} has <use> of a file: browsers follow it on the page's own host only. Put the SVG into \
                 the page, or write its path by hand."
            ));
        }
        if let Some(place) = joined.first() {
            log.warning(&format!(
                "{place} puts Endpoint.url() before a static path: two hosts would stand there. url(~p\"…\") \
                 or static_url(…) gives one address."
            ));
        }
    }
}

/// Of links with and without a host, only some follow.
pub(super) fn tell_of_mixed_links(usage: &Usage, log: &Log) {
    log.warning(&format!(
        "links with a host, by url(~p\"…\") or static_url ({} of them), and without one ({}): no static_url \
         serves both on another host. Those with a host follow, the others stay on the app's own host. \
         Write all of them in one way; with a host:\n{}",
        usage.urls.len(),
        usage.paths.len(),
        shown(&usage.urls),
    ));
}

/// A script or stylesheet that pages ask for, where none of those was made; what else is not there is told.
pub(super) fn missing_code<'a>(built: &'a Built<'_>, log: &Log) -> Option<&'a Named> {
    let is_code = |named: &&Named| {
        let extension = named.path.rsplit('.').next().unwrap_or_default();
        ["css", "js", "mjs"].contains(&extension)
    };
    let is_there = |named: &Named| built.folder.join(&named.path).is_file();
    let code: Vec<&Named> = built.usage.named.iter().filter(is_code).collect();
    if !code.is_empty() && !code.iter().any(|named| is_there(named)) {
        return code.first().copied();
    }
    let missing: Vec<&Named> = built
        .usage
        .named
        .iter()
        .filter(|named| !is_there(named))
        .collect();
    let warnings = missing
        .iter()
        .map(|Named { place, path }| format!("{place} links to /{path}, which was not made."));
    tell(warnings.collect(), log);
    None
}

pub(super) fn tell_of_no_links(otp_app: &str, log: &Log) {
    log.warning(&format!(
        "no page of {otp_app} with a link to a static file was found below lib: whether any follows is not \
         proved. ~p\"…\", static_path(…), url(~p\"…\") and static_url(…) do."
    ));
}

fn shown(places: &[Place]) -> String {
    let mut lines: Vec<String> = places.iter().take(SHOWN).map(ToString::to_string).collect();
    if places.len() > SHOWN {
        lines.push(format!("… and {} more", places.len() - SHOWN));
    }
    lines.join("\n")
}

/// With its port; none where the public URL is a path.
pub(super) fn host_of(prefix: &Prefix) -> Option<&str> {
    let (_, rest) = prefix.url().split_once("//")?;
    rest.split('/').next()
}
