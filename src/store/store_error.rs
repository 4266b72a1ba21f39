//! Why a store does not hold a release.

use super::error::FailedRequest;
use crate::manifest::UnreadableMarker;
use crate::plan::Conflict;
use crate::prefix::Key;
use derive_more::From;
use std::fmt::Display;
use std::io;
use std::path::PathBuf;

#[derive(Debug, From)]
pub(crate) enum StoreError {
    #[from]
    Request(FailedRequest),
    NoRoot(PathBuf),
    #[from]
    Conflict(Conflict),
    /// A prune is deleting this version; a later run uploads it again.
    BeingPruned,
    /// An object of the protocol can't be read.
    UnreadableObject {
        key: Key,
        reason: UnreadableMarker,
    },
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
    /// The client library can't use the credentials.
    MalformedCredentials(String),
    /// A part of this program failed.
    Internal(String),
    /// The machine gave no threads or no random numbers.
    NoResources(io::Error),
    TooLong,
    /// For minutes, nothing was sent and no answer came.
    Stalled,
    Interrupted,
}

impl StoreError {
    pub(super) fn internal(error: impl Display) -> Self {
        Self::Internal(error.to_string())
    }
}
