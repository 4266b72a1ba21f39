//! The public check as a step of a run: what it logs, and whether the run goes on.

use super::{CheckSkipped, PublishEvent};
use crate::check::{self, CheckError, CheckReport, Uncheckable};
use crate::config::{CheckMode, Destination};
use crate::http::Client;
use crate::interrupt::Interrupt;
use crate::log::Log;
use crate::release::Release;

/// Checks a version that was just published: caches in front of a store keep its 404s.
pub(super) fn run(
    mode: CheckMode,
    release: &Release,
    destination: &Destination,
    (interrupt, log): (&Interrupt, &Log),
) -> Result<(), CheckError> {
    let skipped = match (mode, check::is_checkable(release)) {
        (CheckMode::Off, _) => Some(CheckSkipped::Off),
        (_, Err(Uncheckable::Path)) => Some(CheckSkipped::Path),
        (_, Err(Uncheckable::NothingToAskFor)) => Some(CheckSkipped::NothingToAskFor),
        (_, Ok(())) => None,
    };
    if let Some(why) = skipped {
        log.event(&PublishEvent::CheckSkipped { release, why });
        return Ok(());
    }
    log.event(&PublishEvent::CheckBegins(release));
    let report = ask(release, destination, interrupt)?;
    log.event(&PublishEvent::Checked(&report.right));
    let (fatal, warnings): (Vec<_>, Vec<_>) = report
        .findings
        .into_iter()
        .partition(|finding| mode == CheckMode::Fail && finding.is_fatal());
    // The error tells the fatal ones.
    for finding in &warnings {
        log.event(&PublishEvent::CheckFailed {
            finding,
            destination,
        });
    }
    if fatal.is_empty() {
        return Ok(());
    }
    Err(CheckError::Wrong {
        findings: fatal,
        site: destination.site.clone(),
    })
}

fn ask(
    release: &Release,
    destination: &Destination,
    interrupt: &Interrupt,
) -> Result<CheckReport, CheckError> {
    let server = destination.access.server();
    let client = Client::new(server.and_then(|server| server.ca_file.as_deref()));
    check::check(
        &destination.site,
        release,
        interrupt,
        &mut |url, origin, limit| {
            let mut headers = vec![("Accept-Encoding", "identity")];
            headers.extend(origin.map(|origin| ("Origin", origin)));
            client.get(url, &headers, limit)
        },
    )
}
