//! The objects of a store, whatever its kind: what the commands of operators ask for.

use super::bulk::Deleted;
use super::directory::Directory;
use super::error::{FailedRequest, RequestError};
use super::objects::Objects;
use super::own_object::OwnObject;
use super::verify::{read_json, refuse_deleting};
use super::{StoreError, StoreResult};
use crate::manifest::Marker;
use crate::plan::Listing;
use crate::prefix::{Folder, Key, MetaObject};
use crate::version::Version;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::{Stream, TryStreamExt, stream};
use std::pin::Pin;
use std::slice;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// How many small objects are read at once, if the store takes as many from one client.
const READS: usize = 128;
/// How many files of a directory are deleted together.
const FILES: usize = 1000;

#[derive(Clone)]
pub(super) enum Backend {
    Bucket(Arc<Objects>),
    Directory(Arc<Directory>),
}

impl Backend {
    pub(super) fn dir(&self) -> &Folder {
        match self {
            Self::Bucket(objects) => &objects.url.folder,
            Self::Directory(directory) => directory.dir(),
        }
    }

    /// The time by the store's own clock, if its answers tell it.
    pub(super) fn now(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Bucket(objects) => objects.clock.with(|clock| *clock),
            Self::Directory(_) => Some(Utc::now()),
        }
    }

    /// Whether a write of this process got no answer. It may still land.
    pub(super) fn has_open_writes(&self) -> bool {
        match self {
            Self::Bucket(objects) => objects.has_open_writes.load(Ordering::Relaxed),
            Self::Directory(_) => false,
        }
    }

    /// How many requests may be made at once.
    pub(super) fn at_once(&self) -> usize {
        match self {
            Self::Bucket(objects) => READS.min(objects.provider.highest_limit),
            Self::Directory(_) => 1,
        }
    }

    /// The answers of a listing, as they come.
    pub(super) fn pages(
        &self,
        dir: &Key,
    ) -> Pin<Box<dyn Stream<Item = StoreResult<Listing>> + Send + '_>> {
        match self {
            Self::Bucket(objects) => Box::pin(objects.pages(dir).map_err(StoreError::from)),
            Self::Directory(directory) => {
                let listed = directory.list(dir).map_err(StoreError::from);
                Box::pin(stream::iter([listed]))
            }
        }
    }

    pub(super) async fn list(&self, dir: &Key) -> StoreResult<Listing> {
        match self {
            Self::Bucket(objects) => Ok(objects.list(dir).await?),
            Self::Directory(directory) => Ok(directory.list(dir)?),
        }
    }

    /// Reads an object of the protocol. `None` if it does not exist.
    pub(super) async fn read(&self, key: &Key) -> StoreResult<Option<Bytes>> {
        match self {
            Self::Bucket(objects) => match objects.read(key, None).await {
                Err(FailedRequest(RequestError::NotFound, _)) => Ok(None),
                content => Ok(Some(content?)),
            },
            Self::Directory(directory) => Ok(directory.read(key)?),
        }
    }

    /// Writes an object of the protocol under a name that nothing has.
    pub(super) async fn create(&self, own: &OwnObject) -> StoreResult {
        match self {
            Self::Bucket(objects) => objects.create_own(own).await,
            Self::Directory(directory) => {
                directory.prepare_staging()?;
                directory.create(own).map(drop)
            }
        }
    }

    /// Writes an object of the protocol, in place of what has the name.
    pub(super) async fn replace(&self, own: &OwnObject) -> StoreResult {
        match self {
            Self::Bucket(objects) => Ok(objects.replace_own(own).await?),
            Self::Directory(directory) => {
                directory.prepare_staging()?;
                directory.replace(own)
            }
        }
    }

    /// How many objects are deleted together.
    pub(super) fn deletes_at_once(&self) -> usize {
        match self {
            Self::Bucket(objects) => objects.deletes_at_once(),
            Self::Directory(_) => FILES,
        }
    }

    /// Deletes at most [`Self::deletes_at_once`] objects. An object that does not exist counts as deleted.
    pub(super) async fn delete_some(&self, keys: &[Key]) -> StoreResult<Deleted> {
        match self {
            Self::Bucket(objects) => Ok(objects.delete_some(keys).await?),
            Self::Directory(directory) => Ok(directory.delete(keys).map(|()| Deleted::All)?),
        }
    }

    /// Removes what a version without files leaves: only directories have anything.
    pub(super) fn sweep(&self, version: &Version) -> StoreResult {
        match self {
            Self::Bucket(_) => Ok(()),
            Self::Directory(directory) => Ok(directory.sweep(version)?),
        }
    }

    /// Deletes one object. If it does not exist, it is deleted already.
    pub(super) async fn delete(&self, key: &Key) -> StoreResult {
        self.delete_some(slice::from_ref(key)).await.map(drop)
    }

    /// The error if the store confirmed that an object is deleted, and still holds it: some servers answer a delete that
    /// they did not carry out as if they had.
    pub(super) fn not_deleted(&self, key: &Key) -> StoreError {
        match self {
            Self::Bucket(objects) => {
                let action = objects.provider.delete_action;
                objects.failed(action, key, RequestError::Forbidden).into()
            }
            Self::Directory(_) => StoreError::ReadBackMismatch(key.clone()),
        }
    }

    /// Reads the marker of a version that is published.
    pub(super) async fn published_marker(&self, version: &Version) -> StoreResult<Marker> {
        let key = self.dir().meta(&MetaObject::Marker(version));
        match self.read(&key).await? {
            Some(json) => read_json(&key, &json),
            // It was there when the store was listed.
            None => Err(StoreError::BeingPruned),
        }
    }

    /// Fails unless the version is published and no prune deletes it. This run has put an object before that a prune
    /// looks for: a prune that does not see it is seen.
    pub(super) async fn refuse_pruned(&self, version: &Version) -> StoreResult {
        let key = self.dir().meta(&MetaObject::Tombstone(version));
        if let Some(json) = self.read(&key).await? {
            refuse_deleting(&key, &json)?;
        }
        let key = self.dir().meta(&MetaObject::Marker(version));
        match self.read(&key).await? {
            Some(_) => Ok(()),
            None => Err(StoreError::BeingPruned),
        }
    }
}
