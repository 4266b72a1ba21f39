//! Where versions are kept: a bucket or a directory, behind one synchronous face.

mod bucket;
mod client;
mod directory;
mod error;
mod limiter;
mod local_file;
mod multipart;
mod objects;
mod progress;
mod protocol;
mod provider;
mod retry;
mod transport;
mod upload;
mod verify;

use crate::config::Access;
use crate::interrupt::Interrupt;
use crate::manifest::{Marker, Ref, UnreadableMarker};
use crate::plan::{Conflict, Summary};
use crate::prefix::{BucketUrl, Key, Site, StoreUrl};
use crate::release::Release;
use crate::version::Version;
use bucket::Bucket;
use directory::Directory;
pub(crate) use progress::Progress;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

pub(crate) enum Store {
    Bucket(Box<Bucket>),
    Directory(Directory),
}

/// What a store said, or what kept us from asking. Holds no error body: those repeat secrets.
#[derive(Debug)]
pub(crate) enum StoreError {
    NoBucket {
        store: BucketUrl,
    },
    NoRoot {
        root: PathBuf,
    },
    WrongRegion {
        bucket: String,
        region: Option<String>,
    },
    InvalidCredentials(InvalidCredentials),
    Expired,
    ClockSkew,
    MissingPermission(MissingPermission),
    Conflict(Conflict),
    /// A prune is deleting this version; a later run makes it again.
    BeingPruned,
    Unreadable {
        key: Key,
        reason: UnreadableMarker,
    },
    /// The store confirmed a put and then showed something else.
    ReadBackMismatch {
        key: Key,
    },
    /// A file is another one than was scanned.
    Changed {
        path: PathBuf,
    },
    /// The machine has no certificate authorities, so https reaches nobody.
    NoCertificateAuthorities,
    /// The store kept failing in a way that passes.
    Temporary {
        cause: String,
        tries: u32,
    },
    Unexpected {
        key: Key,
        cause: String,
    },
    /// The file system can't rename without replacing.
    NoRename {
        root: PathBuf,
    },
    Local(io::Error),
    /// The client library made nothing of the credentials.
    MalformedCredentials(String),
    Client(String),
    Runtime(io::Error),
    TooLong,
    /// Nothing was sent and nothing came back for minutes.
    Stalled,
    Interrupted,
}

/// The credentials themselves were not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InvalidCredentials {
    /// As the store names it: `InvalidAccessKeyId`, `SignatureDoesNotMatch`.
    pub(crate) code: String,
}

/// The credentials were accepted, the action was not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MissingPermission {
    pub(crate) action: &'static str,
    pub(crate) key: Key,
    pub(crate) store: BucketUrl,
}

impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        Self::Local(error)
    }
}

impl From<Conflict> for StoreError {
    fn from(conflict: Conflict) -> Self {
        Self::Conflict(conflict)
    }
}

/// What a run's ref says besides the version.
#[derive(Clone, Debug)]
pub(crate) struct RunLabel {
    pub(crate) group: String,
    pub(crate) commit: Option<String>,
}

impl Store {
    pub(crate) fn open(site: &Site, access: &Access) -> Result<Self, StoreError> {
        match &site.store {
            StoreUrl::Bucket(url) => {
                let bucket = Bucket::open(url.clone(), access)?;
                Ok(Self::Bucket(Box::new(bucket)))
            }
            StoreUrl::File { root } => Ok(Self::Directory(Directory::open(root)?)),
        }
    }

    /// Publishes complete-or-invisible, in the order of `docs/contract.md`.
    pub(crate) fn publish(
        &self,
        release: &Arc<Release>,
        label: &RunLabel,
        interrupt: &Interrupt,
        tick: &mut dyn FnMut(Progress),
    ) -> Result<Summary, StoreError> {
        match self {
            Self::Bucket(bucket) => bucket.publish(release, label, interrupt, tick),
            Self::Directory(directory) => directory.publish(release, label, interrupt),
        }
    }

    /// What [`Self::publish`] would put. Changes nothing.
    pub(crate) fn dry_run(
        &self,
        release: &Arc<Release>,
        interrupt: &Interrupt,
    ) -> Result<Summary, StoreError> {
        match self {
            Self::Bucket(bucket) => bucket.dry_run(release, interrupt),
            Self::Directory(directory) => directory.dry_run(release),
        }
    }
}

impl Store {
    /// What was published under a version, where that can be read.
    pub(crate) fn marker(&self, version: &Version) -> Option<Marker> {
        let json = match self {
            Self::Bucket(bucket) => bucket.marker(version),
            Self::Directory(directory) => directory.marker(version),
        };
        Marker::of_json(&json?).ok()
    }
}

/// The JSON of this run's ref, and its random name.
fn own_ref(release: &Release, label: &RunLabel) -> Result<(Vec<u8>, String), StoreError> {
    let random = getrandom::u64()
        .map_err(|error| StoreError::Runtime(io::Error::other(error.to_string())))?;
    let json = Ref {
        at: chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        content: release.content,
        group: &label.group,
        label: label.commit.as_deref(),
        schema: Ref::SCHEMA,
        tool: concat!("static-assets ", env!("CARGO_PKG_VERSION")),
        version: release.version.as_str(),
    }
    .to_json();
    Ok((json, format!("{random:016x}")))
}

#[cfg(test)]
mod tests;
