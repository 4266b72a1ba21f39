//! Stores for releases: a bucket or a directory, behind one synchronous API. Async code and `object_store` stay in
//! here; the app, its framework and the public URL stay out.

mod bucket;
mod client;
mod directory;
mod error;
mod error_response;
mod inventory;
mod limiter;
mod listing;
mod local_file;
mod multipart;
mod network;
mod objects;
mod own_object;
mod pin;
mod protocol;
mod provider;
mod receipt;
mod repair;
mod retry;
mod transport;
mod upload;
mod verification;
mod verify;

use crate::config::Access;
use crate::interrupt::Interrupt;
use crate::inventory::{Comparison, Inventory, LocalCopy, REPAIRS, ReadRefs, Verification};
use crate::manifest::{Marker, UnreadableMarker, of_json};
use crate::plan::{Conflict, Progress, Summary};
use crate::prefix::{Key, StoreUrl};
use crate::release::Release;
use crate::version::Version;
use bucket::Bucket;
use derive_more::From;
use directory::Directory;
pub(crate) use error::{FailedRequest, RequestError, RequestTarget};
use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) enum Store {
    Bucket(Bucket),
    Directory(Directory),
}

/// Why a store does not hold a release.
#[derive(Debug, From)]
pub(crate) enum StoreError {
    #[from]
    Request(FailedRequest),
    NoRoot(PathBuf),
    #[from]
    Conflict(Conflict),
    /// A prune is deleting this version; a later run uploads it again.
    BeingPruned,
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
            StoreUrl::File(root) => Directory::open(root).map(Self::Directory),
        }
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
        match self {
            Self::Bucket(bucket) => bucket.inventory(only, refs, interrupt),
            Self::Directory(directory) => directory.inventory(only, refs),
        }
    }

    /// Reads the marker of a version that is published.
    pub(crate) fn published_marker(
        &self,
        version: &Version,
        interrupt: &Interrupt,
    ) -> StoreResult<Marker> {
        match self {
            Self::Bucket(bucket) => bucket.published_marker(version, interrupt),
            Self::Directory(directory) => directory.published_marker(version),
        }
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
        match self {
            Self::Bucket(bucket) => bucket.repair(version, marker, files, interrupt),
            Self::Directory(directory) => directory.repair(version, marker, &files),
        }
    }

    /// Keeps a published version from a prune.
    pub(crate) fn pin(
        &self,
        version: &Version,
        name: &Version,
        reason: &str,
        interrupt: &Interrupt,
    ) -> StoreResult {
        match self {
            Self::Bucket(bucket) => bucket.pin(version, name, reason, interrupt),
            Self::Directory(directory) => directory.pin(version, name, reason),
        }
    }

    pub(crate) fn unpin(
        &self,
        version: &Version,
        name: &Version,
        interrupt: &Interrupt,
    ) -> StoreResult {
        match self {
            Self::Bucket(bucket) => bucket.unpin(version, name, interrupt),
            Self::Directory(directory) => directory.unpin(version, name),
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
