//! Stores for releases: a bucket or a directory, behind one synchronous API. Async code and `object_store` stay in
//! here; the app, its framework and the public URL stay out.

mod backend;
mod bucket;
mod bulk;
mod client;
mod clients;
mod directory;
mod error;
mod error_response;
mod inventory;
mod lease;
mod limiter;
mod listing;
mod local_file;
mod multipart;
mod network;
mod objects;
mod own_object;
mod pin;
mod probe;
mod protocol;
mod provider;
mod prune;
mod receipt;
mod repair;
mod retry;
mod transport;
mod upload;
mod verification;
mod verify;

use crate::config::{Access, Region};
use crate::interrupt::Interrupt;
use crate::inventory::{
    Comparison, Deletion, Inventory, LocalCopy, PrunePlan, REPAIRS, ReadRefs, Verification,
};
use crate::manifest::{Marker, UnreadableMarker, of_json};
use crate::plan::{Conflict, Progress, Summary};
use crate::prefix::{Key, StoreUrl};
use crate::release::Release;
use crate::version::Version;
use backend::Backend;
use bucket::Bucket;
use chrono::{DateTime, Utc};
use derive_more::From;
use directory::Directory;
pub(crate) use error::{FailedRequest, RequestError, RequestTarget};
pub(crate) use lease::Lease;
pub(crate) use probe::{Creates, Right};
use prune::Prune;
pub(crate) use prune::Pruned;
use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub(crate) enum Store {
    Bucket(Bucket),
    Directory(Arc<Directory>),
}

/// Why a store does not hold a release.
#[derive(Debug, From)]
pub(crate) enum StoreError {
    #[from]
    Request(FailedRequest),
    NoRoot(PathBuf),
    /// One of the protocol's own directories is a symbolic link.
    LinkInStore(PathBuf),
    #[from]
    Conflict(Conflict),
    /// A prune is deleting this version; a later run uploads it again.
    BeingPruned,
    /// Another prune runs, or has ended a while ago. Holds the time at which the next one may begin, and the lease.
    AnotherPrune(DateTime<Utc>, Key),
    /// The process stood still for so long that another prune may have begun.
    HeldUp,
    /// The store's answers have no `Date`, so the ages of what it holds are not known.
    NoClock,
    UnreadableObject(Key, UnreadableMarker),
    /// The store confirmed an upload and then showed something else.
    ReadBackMismatch(Key),
    /// A file differs from the one that was scanned.
    AssetChanged(PathBuf),
    /// The machine has no certificate authorities, so no https server can be trusted.
    NoCertificateAuthorities,
    /// The file system of the root can't rename without replacing.
    NoRename(PathBuf),
    #[from]
    LocalFile(io::Error),
    MalformedCredentials(String),
    #[from(&'static str, reqwest::Error, tokio::sync::AcquireError, tokio::task::JoinError)]
    Internal(Box<dyn Error + Send + Sync>),
    /// The machine gave no threads or no random numbers.
    NoResources(io::Error),
    TooLong,
    /// For minutes, nothing was sent and no answer came.
    Stalled,
    Interrupted,
}

/// What a key may do besides uploading.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Probed {
    pub(crate) list: Right,
    pub(crate) delete: Right,
    /// The time by the store's clock, if its answers tell it.
    pub(crate) now: Option<DateTime<Utc>>,
}

pub(crate) type StoreResult<T = ()> = Result<T, StoreError>;

/// What the ref of a run says besides the version.
#[derive(Clone, Debug)]
pub(crate) struct RunLabel {
    pub(crate) group: String,
    pub(crate) commit: Option<String>,
}

impl RunLabel {
    /// Repairs have a group of their own: they are no builds of any app.
    fn of_repair() -> Self {
        Self {
            group: REPAIRS.to_owned(),
            commit: None,
        }
    }
}

impl Store {
    pub(crate) fn open(url: &StoreUrl, access: &Access) -> StoreResult<Self> {
        match url {
            StoreUrl::Bucket(url) => Bucket::open(url.clone(), access).map(Self::Bucket),
            StoreUrl::File(root) => Ok(Self::Directory(Arc::new(Directory::open(root)?))),
        }
    }

    /// The region of the bucket, if no setting gives it and an answer of this run had to name it.
    pub(crate) fn found_region(&self) -> Option<Region> {
        match self {
            Self::Bucket(bucket) => {
                let region = bucket.objects.clients.region();
                region.filter(|region| matches!(region, Region::Found(_)))
            }
            Self::Directory(_) => None,
        }
    }

    /// Asks the store for something of its own. Returns the region of S3 that has answered.
    pub(crate) fn find_region(&self, interrupt: &Interrupt) -> StoreResult<Option<Region>> {
        self.run(
            interrupt,
            |backend| async move { backend.ask_for_probe().await },
        )?;
        let Self::Bucket(bucket) = self else {
            return Ok(None);
        };
        let region = bucket.objects.clients.region();
        Ok(region.map(|region| Region::Found(region.name().to_owned())))
    }

    /// Publishes a release in the order of `docs/contract.md`: it becomes visible complete, or not at all.
    /// Without a label, it writes nothing and counts what it would upload.
    pub(crate) fn publish(
        &self,
        release: &Arc<Release>,
        label: Option<&RunLabel>,
        interrupt: &Interrupt,
        tick: &mut dyn FnMut(Progress),
    ) -> StoreResult<Summary> {
        match self {
            Self::Bucket(bucket) => bucket.run(release, label, interrupt, tick),
            Self::Directory(directory) => match label {
                Some(label) => directory.publish(release, label, interrupt),
                None => directory.dry_run(release),
            },
        }
    }

    /// Reads what the protocol says of the versions, or of one.
    pub(crate) fn inventory(
        &self,
        only: Option<&Version>,
        refs: ReadRefs,
        interrupt: &Interrupt,
    ) -> StoreResult<Inventory> {
        let only = only.cloned();
        self.run(interrupt, |backend| async move {
            backend.inventory(only.as_ref(), refs).await
        })
    }

    /// Reads the marker of a version that is published.
    pub(crate) fn published_marker(
        &self,
        version: &Version,
        interrupt: &Interrupt,
    ) -> StoreResult<Marker> {
        let version = version.clone();
        self.run(interrupt, |backend| async move {
            backend.published_marker(&version).await
        })
    }

    /// Compares the files of a version with its marker.
    pub(crate) fn verify(
        &self,
        version: &Version,
        marker: &Arc<Marker>,
        comparison: Comparison,
        interrupt: &Interrupt,
    ) -> StoreResult<Verification> {
        match self {
            Self::Bucket(bucket) => bucket.verify(version, marker, comparison, interrupt),
            Self::Directory(directory) => directory.verify(version, marker, comparison),
        }
    }

    /// Uploads missing files of a published version. Returns how many: what has come there meanwhile stays.
    pub(crate) fn repair(
        &self,
        version: &Version,
        marker: &Arc<Marker>,
        files: Vec<LocalCopy>,
        interrupt: &Interrupt,
    ) -> StoreResult<usize> {
        let (version, marker) = (version.clone(), marker.clone());
        self.run(interrupt, |backend| async move {
            backend.repair(&version, &marker, files).await
        })
    }

    /// Keeps a published version from a prune.
    pub(crate) fn pin(
        &self,
        version: &Version,
        name: &Version,
        reason: &str,
        interrupt: &Interrupt,
    ) -> StoreResult {
        let (version, name, reason) = (version.clone(), name.clone(), reason.to_owned());
        self.run(interrupt, |backend| async move {
            backend.pin(&version, &name, &reason).await
        })
    }

    pub(crate) fn unpin(
        &self,
        version: &Version,
        name: &Version,
        interrupt: &Interrupt,
    ) -> StoreResult {
        let (version, name) = (version.clone(), name.clone());
        self.run(interrupt, |backend| async move {
            backend.unpin(&version, &name).await
        })
    }

    /// Reads what a prune goes by, and the time by the store's own clock, if its answers tell it.
    pub(crate) fn inventory_now(
        &self,
        interrupt: &Interrupt,
    ) -> StoreResult<(Inventory, Option<DateTime<Utc>>)> {
        self.run(interrupt, |backend| async move {
            let inventory = backend.inventory(None, ReadRefs::Every).await?;
            Ok((inventory, backend.now()))
        })
    }

    /// Begins a prune. Fails while another one may run.
    pub(crate) fn begin_prune(&self, interrupt: &Interrupt) -> StoreResult<Arc<Lease>> {
        self.run(interrupt, |backend| async move {
            backend.refuse_without_right_to_delete().await?;
            Lease::take(&backend).await.map(Arc::new)
        })
    }

    /// Carries out a plan, in the order of `docs/contract.md`. Reports each version as it is done.
    pub(crate) fn prune(
        &self,
        lease: &Arc<Lease>,
        plan: PrunePlan,
        interrupt: &Interrupt,
        report: &mut dyn FnMut(&Deletion, &Pruned),
    ) -> StoreResult {
        let backend = self.backend();
        let prune = Prune::new(backend, lease.clone(), interrupt.clone());
        let done = prune.done.clone();
        let mut report_done = || {
            for (deletion, pruned) in done.with(std::mem::take) {
                report(&deletion, &pruned);
            }
        };
        let work = |_| async move { prune.run(plan).await };
        let result = self.run_and_report(interrupt, work, &mut |_| report_done());
        report_done();
        result
    }

    /// Ends a prune that deletes nothing.
    pub(crate) fn end_prune(&self, lease: &Arc<Lease>, interrupt: &Interrupt) -> StoreResult {
        let lease = lease.clone();
        self.run(
            interrupt,
            |backend| async move { lease.end(&backend).await },
        )
    }

    /// Puts the samples of `doctor`. Says how the store treats a create of what exists.
    pub(crate) fn put_samples(
        &self,
        release: &Arc<Release>,
        interrupt: &Interrupt,
    ) -> StoreResult<Creates> {
        let release = release.clone();
        self.run(interrupt, |backend| async move {
            backend.put_samples(&release).await
        })
    }

    /// Fails if the key may not list.
    pub(crate) fn list_samples(&self, version: &Version, interrupt: &Interrupt) -> StoreResult {
        let version = version.clone();
        self.run(interrupt, |backend| async move {
            backend.list_samples(&version).await
        })
    }

    /// Fails if the key may not get the protocol's objects. Says what else it may, and the time by the store's clock.
    pub(crate) fn probe(&self, version: &Version, interrupt: &Interrupt) -> StoreResult<Probed> {
        let version = version.clone();
        self.run(interrupt, |backend| async move {
            backend.reads_back().await?;
            Ok(Probed {
                list: backend.lists(&version).await?,
                delete: backend.may_delete(&version).await?,
                now: backend.now(),
            })
        })
    }

    pub(crate) fn is_published(
        &self,
        version: &Version,
        interrupt: &Interrupt,
    ) -> StoreResult<bool> {
        let version = version.clone();
        self.run(interrupt, |backend| async move {
            backend.is_published(&version).await
        })
    }

    /// Does the work of a command on a store of either kind, and waits for its end.
    fn run<T: Send + 'static, F: Future<Output = StoreResult<T>> + Send + 'static>(
        &self,
        interrupt: &Interrupt,
        work: impl FnOnce(Backend) -> F,
    ) -> StoreResult<T> {
        self.run_and_report(interrupt, work, &mut |_| {})
    }

    fn backend(&self) -> Backend {
        match self {
            Self::Bucket(bucket) => Backend::Bucket(bucket.objects.clone()),
            Self::Directory(directory) => Backend::Directory(directory.clone()),
        }
    }

    fn run_and_report<T: Send + 'static, F: Future<Output = StoreResult<T>> + Send + 'static>(
        &self,
        interrupt: &Interrupt,
        work: impl FnOnce(Backend) -> F,
        tick: &mut dyn FnMut(Duration),
    ) -> StoreResult<T> {
        let work = work(self.backend());
        match self {
            Self::Bucket(bucket) => bucket.wait_for(work, interrupt, tick),
            Self::Directory(_) => tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .build()
                .map_err(StoreError::NoResources)?
                .block_on(work),
        }
    }

    /// Reads the marker of a version. `None` if it does not exist or can't be read.
    pub(crate) fn marker(&self, version: &Version) -> Option<Marker> {
        let json = match self {
            Self::Bucket(bucket) => bucket.marker(version),
            Self::Directory(directory) => directory.marker(version),
        };
        of_json::<Marker>(&json?).ok()
    }
}

/// A value that tasks change while the waiting thread reads it. Its lock is held for one closure at a time.
#[derive(Debug, Default)]
struct Shared<T>(Mutex<T>);

impl<T> Shared<T> {
    fn with<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        // No closure panics while it holds the lock.
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests;
