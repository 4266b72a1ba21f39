//! Uploads a release and checks what browsers get of it.

use super::{CheckSkipped, PublishError, PublishEvent, other_version, public_check};
use crate::config::{CheckMode, Config, Destination, Mode};
use crate::context::{BuildContext, DryRun};
use crate::interrupt::Interrupt;
use crate::log::Log;
use crate::plan::{Change, Progress, Summary};
use crate::release::Release;
use crate::store::{RunLabel, Store, StoreError};
use crate::version::Version;
use std::sync::Arc;
use std::time::Duration;

/// The time between two lines of progress.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(1);

/// An open store, and what an upload to it needs to know.
pub(super) struct Uploader<'a> {
    store: Store,
    destination: &'a Destination,
    config: &'a Config,
    dry_run: DryRun,
    previous: Option<&'a Version>,
    interrupt: &'a Interrupt,
    log: &'a Log,
}

impl<'a> Uploader<'a> {
    /// `None` if this run does not upload.
    pub(super) fn open(ctx: &'a BuildContext<'_>) -> Result<Option<Self>, PublishError> {
        let Mode::Upload(destination) = &ctx.config.mode else {
            return Ok(None);
        };
        let mut uploader = Self::of(
            destination,
            &ctx.config,
            ctx.dry_run,
            (ctx.interrupt, ctx.log),
        )?;
        uploader.previous = ctx.previous.as_ref();
        Ok(Some(uploader))
    }

    pub(super) fn of(
        destination: &'a Destination,
        config: &'a Config,
        dry_run: DryRun,
        (interrupt, log): (&'a Interrupt, &'a Log),
    ) -> Result<Self, PublishError> {
        let store = Store::open(&destination.site, &destination.access);
        let store = store.map_err(|error| failed(error, destination))?;
        Ok(Self {
            store: match dry_run {
                DryRun::No => store,
                DryRun::Yes => store.without_writes(),
            },
            destination,
            config,
            dry_run,
            previous: None,
            interrupt,
            log,
        })
    }

    /// Uploads what the store lacks, or counts it in a dry run.
    pub(super) fn upload_release(&self, release: &Arc<Release>) -> Result<Summary, PublishError> {
        let failed = |error| failed(error, self.destination);
        if self.interrupt.is_raised() {
            return Err(failed(StoreError::Interrupted));
        }
        let label = RunLabel {
            group: self.config.group.clone(),
            commit: self.config.label.clone(),
        };
        let mut last = Duration::ZERO;
        let mut tick = |progress: Progress| {
            if progress.of_files > 0 && progress.elapsed >= last + PROGRESS_INTERVAL {
                last = progress.elapsed;
                self.log.event(&PublishEvent::Progress(progress));
            }
        };
        let published = self
            .store
            .publish(release, &label, self.interrupt, &mut tick);
        let summary = published.map_err(failed)?;
        self.log.event(&PublishEvent::Uploaded {
            summary: &summary,
            release,
            destination: self.destination,
            dry_run: self.dry_run,
        });
        if !summary.unchanged && self.dry_run == DryRun::No {
            self.log_change(release);
        }
        Ok(summary)
    }

    /// Logs what the version changes. This costs one request, and nothing is logged if that fails: the version is
    /// published.
    fn log_change(&self, release: &Release) {
        let previous = other_version(self.previous, release);
        if let Some(marker) = previous.and_then(|previous| self.store.marker(previous)) {
            let change = Change::between(&marker, release);
            self.log.event(&PublishEvent::Change { change, release });
        }
    }

    /// Checks what browsers get. An unchanged version is checked again only if a setting asks for it, or if the build
    /// that published it did not end well.
    pub(super) fn check_public_url(
        &self,
        release: &Release,
        summary: &Summary,
    ) -> Result<(), PublishError> {
        if self.dry_run == DryRun::Yes {
            return Ok(());
        }
        let is_asked_for = self.config.check.is_some_and(|mode| mode != CheckMode::Off);
        // Nothing remembers a build that ended with a failed check.
        let was_checked = summary.unchanged && self.previous == Some(&release.version);
        if was_checked && !is_asked_for {
            self.log.event(&PublishEvent::CheckSkipped {
                release,
                why: CheckSkipped::AlreadyChecked,
            });
            return Ok(());
        }
        let mode = self.config.check.unwrap_or_default();
        public_check::run(mode, release, self.destination, (self.interrupt, self.log))?;
        Ok(())
    }
}

fn failed(error: StoreError, destination: &Destination) -> PublishError {
    PublishError::Store {
        error,
        asked: destination.to_string(),
    }
}
