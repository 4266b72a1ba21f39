//! The public check as a step of a run: what it logs, and whether the run goes on.

use super::PublishEvent;
use super::upload::Uploader;
use crate::check::{self, CheckError, CheckReport, CheckSkipped, Unanswered};
use crate::config::CheckMode;
use crate::context::DryRun;
use crate::http::Client;
use crate::plan::Summary;
use crate::release::Release;

impl Uploader<'_> {
    /// Checks what browsers get at once, because caches in front of a store keep its 404s. An unchanged version is
    /// checked again only if its URL or its store changed, if a setting asks for it, or if the build that published it did not
    /// end well. Returns whether the URL is known to be right.
    pub(super) fn check_public_url(
        &self,
        release: &Release,
        summary: &Summary,
    ) -> Result<bool, CheckError> {
        if self.dry_run == DryRun::Yes {
            return Ok(false);
        }
        if let Some(why) = self.skips_check(release, summary) {
            self.log.event(&PublishEvent::CheckSkipped(release, why));
            return Ok(why == CheckSkipped::AlreadyChecked);
        }
        self.log.event(&PublishEvent::CheckBegins(release));
        let report = self.ask(release)?;
        self.log.event(&PublishEvent::Checked(&report.right));
        let stops = self.config.check.unwrap_or_default() == CheckMode::Fail;
        let unanswered = match self.config.check {
            Some(CheckMode::Fail) => Unanswered::Fails,
            _ => Unanswered::Warns,
        };
        let mut findings = report.findings;
        let fatal: Vec<_> = findings
            .extract_if(.., |finding| stops && finding.is_fatal(unanswered))
            .collect();
        let site = &self.destination.site;
        // The error tells the fatal ones.
        for finding in &findings {
            self.log.event(&PublishEvent::CheckFailed(finding, site));
        }
        if fatal.is_empty() {
            return Ok(findings.is_empty());
        }
        Err(CheckError::Wrong(fatal, site.clone()))
    }

    fn skips_check(&self, release: &Release, summary: &Summary) -> Option<CheckSkipped> {
        let is_asked_for = matches!(self.config.check, Some(CheckMode::Fail | CheckMode::Warn));
        // Nothing remembers a build that ended with a failed check.
        let checked = self.previous.filter(|it| it.version == release.version);
        let checked = checked.and_then(|previous| previous.checked.as_ref());
        let was_checked = summary.unchanged
            && checked.is_some_and(|site| {
                site.url == release.prefix.url() && site.store == self.destination.place()
            });
        if was_checked && !is_asked_for {
            Some(CheckSkipped::AlreadyChecked)
        } else if self.config.check == Some(CheckMode::Off) {
            Some(CheckSkipped::Off)
        } else {
            check::is_checkable(release).err()
        }
    }

    fn ask(&self, release: &Release) -> Result<CheckReport, CheckError> {
        let client = Client::new(self.destination.access.ca_file());
        check::check_by(&client, &self.destination.site, release, self.interrupt)
    }
}
