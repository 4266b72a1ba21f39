//! The public check as a step of the build: what it tells, and whether the build goes on.

use crate::check::{self, CheckError, ORIGIN, Report, Severity, Unchecked};
use crate::config::{Access, CheckMode};
use crate::http::Client;
use crate::interrupt::Interrupt;
use crate::log::Log;
use crate::prefix::Site;
use crate::release::Release;

/// For a version that was just published: caches in front of a store keep its 404s.
pub(super) fn run(
    mode: CheckMode,
    release: &Release,
    (site, access): (&Site, &Access),
    interrupt: &Interrupt,
    log: &mut Log,
) -> Result<(), CheckError> {
    let url = release.prefix.url();
    if mode == CheckMode::Off {
        log.bullet(&format!(
            "Public URL: {url}, not checked: STATIC_ASSETS_CHECK=off"
        ));
        return Ok(());
    }
    if let Err(unchecked) = check::is_checkable(release) {
        let why = match unchecked {
            Unchecked::Path => "a path of your site, which must lead to the store",
            Unchecked::NothingToAskFor => "no CSS, JS, SVG or font",
        };
        log.bullet(&format!("Public URL: {url}, not checked: {why}"));
        return Ok(());
    }
    log.bullet(&format!("Public check {url}"));
    let report = ask(release, (site, access), interrupt)?;
    tell(&report, mode, site, log);
    let fails = |finding: &check::Finding| finding.severity() == Severity::Fails;
    if mode == CheckMode::Fail && report.findings.iter().any(fails) {
        return Err(CheckError::Wrong {
            findings: report.findings.into_iter().filter(fails).collect(),
            store: site.store.clone(),
            public: site.public.clone(),
        });
    }
    Ok(())
}

fn ask(
    release: &Release,
    (site, access): (&Site, &Access),
    interrupt: &Interrupt,
) -> Result<Report, CheckError> {
    let ca_file = access.server().and_then(|server| server.ca_file.as_deref());
    let client = Client::new(ca_file);
    check::check(site, release, interrupt, &mut |request| {
        let mut headers = vec![("Accept-Encoding", "identity")];
        if request.with_origin {
            headers.push(("Origin", ORIGIN));
        }
        client.get(request.url, &headers, request.limit)
    })
}

/// What ends the build is told by the error.
fn tell(report: &Report, mode: CheckMode, site: &Site, log: &mut Log) {
    if !report.right.is_empty() {
        let kinds: Vec<String> = report.right.iter().map(ToString::to_string).collect();
        log.detail(&format!("{}: 200, right bytes and types", kinds.join(" ")));
    }
    for finding in &report.findings {
        if mode == CheckMode::Warn || finding.severity() == Severity::Warns {
            log.warning(&finding.text(&site.store, &site.public));
        }
    }
}
