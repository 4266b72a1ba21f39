//! Uploads a release to the store of the settings.

use super::{PublishError, PublishEvent};
use crate::config::{Config, Destination, Mode};
use crate::context::{BuildContext, DryRun, PreviousBuild};
use crate::interrupt::Interrupt;
use crate::log::Log;
use crate::plan::{Change, Progress, Summary};
use crate::release::Release;
use crate::store::{RunLabel, Store, StoreError};
use std::sync::Arc;
use std::time::Duration;

/// The time between two lines of progress.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(1);

/// How an upload ended.
#[derive(Debug)]
pub(crate) struct Uploaded {
    pub(crate) summary: Summary,
    /// The store behind the public URL, if a check of that URL found nothing wrong.
    pub(crate) checked_store: Option<String>,
}

/// An open store, and what an upload to it needs to know.
pub(super) struct Uploader<'a> {
    store: Store,
    pub(super) destination: &'a Destination,
    pub(super) config: &'a Config,
    pub(super) dry_run: DryRun,
    pub(super) previous: Option<&'a PreviousBuild>,
    pub(super) interrupt: &'a Interrupt,
    pub(super) log: &'a Log,
}

impl<'a> Uploader<'a> {
    /// `None` if this run does not upload.
    pub(super) fn open(ctx: &'a BuildContext<'_>) -> Result<Option<Self>, PublishError> {
        let Mode::Upload(to) = &ctx.config.mode else {
            return Ok(None);
        };
        let mut uploader = Self::new(to, &ctx.config, ctx.dry_run, ctx.interrupt, ctx.log)?;
        uploader.previous = ctx.previous.as_ref();
        Ok(Some(uploader))
    }

    pub(super) fn new(
        destination: &'a Destination,
        config: &'a Config,
        dry_run: DryRun,
        interrupt: &'a Interrupt,
        log: &'a Log,
    ) -> Result<Self, PublishError> {
        let store = Store::open(&destination.site.store, &destination.access);
        let store = store.map_err(|error| failed(error, destination))?;
        Ok(Self {
            store,
            destination,
            config,
            dry_run,
            previous: None,
            interrupt,
            log,
        })
    }

    /// Uploads a release and checks what browsers get of it.
    pub(super) fn upload_and_check(
        &self,
        release: &Arc<Release>,
    ) -> Result<Uploaded, PublishError> {
        let summary = self.upload_release(release)?;
        let is_right = self.check_public_url(release, &summary)?;
        Ok(Uploaded {
            summary,
            checked_store: is_right.then(|| self.destination.place()),
        })
    }

    /// Uploads what the store lacks, or counts it in a dry run.
    fn upload_release(&self, release: &Arc<Release>) -> Result<Summary, PublishError> {
        let Self {
            destination, log, ..
        } = *self;
        if self.interrupt.is_raised() {
            return Err(failed(StoreError::Interrupted, destination));
        }
        let label = (self.dry_run == DryRun::No).then(|| RunLabel {
            group: self.config.group.clone(),
            commit: self.config.label.clone(),
        });
        let mut last = Duration::ZERO;
        let mut tick = |progress: Progress| {
            if progress.of_files > 0 && progress.elapsed >= last + PROGRESS_INTERVAL {
                last = progress.elapsed;
                log.event(&PublishEvent::Progress(progress));
            }
        };
        let uploaded = self
            .store
            .publish(release, label.as_ref(), self.interrupt, &mut tick);
        let destination = destination.in_region(self.store.found_region().as_ref());
        let summary = uploaded.map_err(|error| failed(error, &destination))?;
        if self.dry_run == DryRun::Yes {
            log.event(&PublishEvent::WouldUpload(&summary, release, &destination));
            return Ok(summary);
        }
        log.event(&PublishEvent::Uploaded(&summary, &destination));
        // The comparison costs one request. If it fails, nothing is logged: the version is published.
        if !summary.unchanged
            && let Some(previous) = self.previous
            && previous.version != release.version
            && let Some(marker) = self.store.marker(&previous.version)
        {
            log.event(&PublishEvent::Change(
                Change::between(&marker, release),
                release,
            ));
        }
        Ok(summary)
    }
}

fn failed(error: StoreError, destination: &Destination) -> PublishError {
    PublishError::Store(error, destination.to_string())
}
