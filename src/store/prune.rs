//! A prune, in the order of `docs/contract.md`. Versions don't depend on each other, so several go through the steps at
//! once.

use super::backend::Backend;
use super::bulk::Deleted;
use super::error::{FailedRequest, RequestError};
use super::lease::Lease;
use super::own_object::{OwnObject, random_name};
use super::retry::{READ_BACKS, pause};
use super::{Shared, StoreError, StoreResult};
use crate::interrupt::Interrupt;
use crate::inventory::{Deletion, DeletionReason, PrunePlan};
use crate::manifest::{Marker, Tombstone, TombstoneState, of_json};
use crate::plan::Listing;
use crate::prefix::{Key, MetaObject};
use crate::sha256::Sha256;
use crate::version::Version;
use futures_util::future::try_join;
use futures_util::{StreamExt, TryStreamExt, stream};
use std::slice;
use std::sync::Arc;

/// How many versions go through the steps at once.
const VERSIONS: usize = 32;

/// What a prune did with a version that it was to delete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pruned {
    Deleted {
        /// Files that no marker names, and that were left.
        left: usize,
    },
    /// A build or a pin has come meanwhile.
    Spared,
    /// Its marker or tombstone can't be read, or a build has published it meanwhile. Nothing was written.
    Kept,
}

/// A prune that has begun, and what it has done so far.
pub(super) struct Prune {
    backend: Backend,
    lease: Arc<Lease>,
    interrupt: Interrupt,
    pub(super) done: Arc<Shared<Vec<(Deletion, Pruned)>>>,
    /// By their names under the protocol's directory.
    refs_of_deleted: Shared<Vec<String>>,
}

impl Backend {
    /// Fails if the key may not delete. Nothing is changed: a prune that stops halfway would hold up builds of the version.
    pub(super) async fn refuse_without_right_to_delete(&self) -> StoreResult {
        let name = format!("_probe-{}", random_name()?);
        let dir = self.dir();
        let (own, beside) = (dir.meta(&MetaObject::Lease(&name)), dir.object(&name));
        try_join(self.delete(&own), self.delete(&beside))
            .await
            .map(drop)
    }
}

impl Prune {
    pub(super) fn new(backend: Backend, lease: Arc<Lease>, interrupt: Interrupt) -> Self {
        Self {
            backend,
            lease,
            interrupt,
            done: Arc::default(),
            refs_of_deleted: Shared::default(),
        }
    }

    pub(super) async fn run(&self, plan: PrunePlan) -> StoreResult {
        let pruned = self.carry_out(plan).await;
        // After any other error the lease goes, too, so that the next run need not wait.
        if matches!(pruned, Err(StoreError::HeldUp | StoreError::Interrupted)) {
            return pruned;
        }
        let ended = self.lease.end(&self.backend).await;
        pruned.and(ended)
    }

    async fn carry_out(&self, plan: PrunePlan) -> StoreResult {
        let spared = stream::iter(plan.spared.iter());
        spared.map(Ok).try_for_each(|it| self.spare(it)).await?;
        let deleted = self.delete_versions(plan.deleted).await;
        // Those of versions that are gone say nothing any more, even if another version could not be deleted.
        let mut refs = self.refs_of_deleted.with(std::mem::take);
        if deleted.is_ok() {
            refs.extend(plan.refs);
        }
        self.delete_meta(&refs).await?;
        deleted?;
        self.delete_meta(&self.lease.leftovers).await
    }

    /// An object that the store holds keeps no other version. After any other error no version is begun; those that were
    /// begun come to their end.
    async fn delete_versions(&self, deletions: Vec<Deletion>) -> StoreResult {
        let failed: Shared<Option<StoreError>> = Shared::default();
        let versions = deletions.into_iter().map(|deletion| async {
            let is_stopped = |failed: &mut Option<StoreError>| {
                failed.as_ref().is_some_and(|error| !is_held(error))
            };
            if failed.with(is_stopped) {
                return;
            }
            match self.delete_version(&deletion).await {
                Ok(pruned) => {
                    if matches!(pruned, Pruned::Deleted { .. }) {
                        let refs = deletion.refs.iter().cloned();
                        self.refs_of_deleted.with(|all| all.extend(refs));
                    }
                    self.done.with(|done| done.push((deletion, pruned)));
                }
                Err(error) => failed.with(|failed| match failed {
                    Some(first) if !is_held(first) => {}
                    _ => *failed = Some(error),
                }),
            }
        });
        let at_once = VERSIONS.min(self.backend.at_once());
        stream::iter(versions)
            .buffer_unordered(at_once)
            .collect::<()>()
            .await;
        failed.with(Option::take).map_or(Ok(()), Err)
    }

    /// Deletes objects of the protocol, by their names under its directory.
    async fn delete_meta(&self, names: &[String]) -> StoreResult {
        let keys = names.iter();
        let keys = keys.map(|name| self.backend.dir().meta(&MetaObject::Named(name)));
        self.delete(&keys.collect::<Vec<_>>()).await
    }

    /// Lets builds of a version pass again that an earlier prune had begun to delete.
    async fn spare(&self, version: &Version) -> StoreResult {
        let (marker, tombstone) = self.read_both(version).await?;
        let tombstone = tombstone.and_then(|json| of_json::<Tombstone>(&json).ok());
        match (tombstone, marker) {
            (Some(tombstone), Some(json)) if tombstone.state == TombstoneState::Deleting => {
                let marker = of_json::<Marker>(&json).ok();
                let content = tombstone.content.or(marker.map(|it| it.content));
                self.put_tombstone(version, TombstoneState::Spared, content)
                    .await
            }
            _ => Ok(()),
        }
    }

    async fn delete_version(&self, deletion: &Deletion) -> StoreResult<Pruned> {
        let Deletion {
            version, reason, ..
        } = deletion;
        // Step 1.
        let (marker, tombstone) = self.read_both(version).await?;
        let marker = marker.map(|json| of_json::<Marker>(&json)).transpose();
        let tombstone = tombstone
            .map(|json| of_json::<Tombstone>(&json))
            .transpose();
        let (Ok(marker), Ok(tombstone)) = (marker, tombstone) else {
            return Ok(Pruned::Kept);
        };
        if marker.is_some() && *reason == DeletionReason::Unfinished {
            return Ok(Pruned::Kept);
        }
        let known = tombstone.and_then(|it| it.content);
        let content = known.or(marker.as_ref().map(|it| it.content));
        // Step 2.
        self.put_tombstone(version, TombstoneState::Deleting, content)
            .await?;
        // Step 3.
        let dir = self.backend.dir();
        let (refs, pins) = try_join(
            self.list(dir.meta(&MetaObject::Refs(version))),
            self.list(dir.meta(&MetaObject::Pins(version))),
        )
        .await?;
        let is_fresh = refs.values().any(|it| it.modified > deletion.fresh_after);
        let is_pinned = marker.is_some() && !pins.is_empty();
        if is_fresh || is_pinned {
            self.put_tombstone(version, TombstoneState::Spared, content)
                .await?;
            return Ok(Pruned::Spared);
        }
        // Step 4.
        let left = self
            .delete_objects(version, marker.as_ref(), content)
            .await?;
        self.backend.sweep(version)?;
        // Step 5. Every DELETE was answered.
        self.put_tombstone(version, TombstoneState::Deleted, content)
            .await?;
        Ok(Pruned::Deleted { left })
    }

    /// Deletes the marker first, so that no build takes half of a version for a whole one, and the claims last. Returns how
    /// many files are left that are of somebody else.
    async fn delete_objects(
        &self,
        version: &Version,
        marker: Option<&Marker>,
        content: Option<Sha256>,
    ) -> StoreResult<usize> {
        let dir = self.backend.dir();
        let claims_dir = dir.meta(&MetaObject::Claims(version));
        let version_dir = dir.version(version);
        let (claims, files) = try_join(
            self.list(claims_dir.clone()),
            self.backend.list(&version_dir),
        )
        .await?;
        let files: Vec<String> = match marker {
            Some(marker) => marker.files.iter().map(|it| it.path.clone()).collect(),
            // Without a marker, every file under the name is of a build that has not ended. Without a claim, too, an explicit
            // version has no file of a build.
            None if claims.is_empty() && !version.looks_like_digest() => Vec::new(),
            None => without_folders(files).into_keys().collect(),
        };
        if marker.is_some() {
            self.delete_marker(version, content).await?;
        }
        let keys: Vec<_> = files.iter().map(|path| dir.asset(version, path)).collect();
        self.delete(&keys).await?;
        let left = self.left_of(version, &keys).await?;
        let claims = claims.into_keys();
        let claims = claims.map(|name| format!("claims/{version}/{name}"));
        let claims: Vec<_> = claims.collect();
        self.delete_meta(&claims).await?;
        if !claims.is_empty() && !self.list(claims_dir.clone()).await?.is_empty() {
            return Err(self.backend.not_deleted(&claims_dir));
        }
        Ok(left)
    }

    async fn read_both(
        &self,
        version: &Version,
    ) -> StoreResult<(Option<bytes::Bytes>, Option<bytes::Bytes>)> {
        let dir = self.backend.dir();
        let marker = dir.meta(&MetaObject::Marker(version));
        let tombstone = dir.meta(&MetaObject::Tombstone(version));
        try_join(self.backend.read(&marker), self.backend.read(&tombstone)).await
    }

    /// Deletes the marker. If the store refuses that, nothing is deleted yet, and builds of the version may pass.
    async fn delete_marker(&self, version: &Version, content: Option<Sha256>) -> StoreResult {
        let key = self.backend.dir().meta(&MetaObject::Marker(version));
        let mut deleted = self.delete(slice::from_ref(&key)).await;
        if deleted.is_ok() && self.backend.read(&key).await?.is_some() {
            deleted = Err(self.backend.not_deleted(&key));
        }
        if let Err(StoreError::Request(FailedRequest(error, _))) = &deleted
            && matches!(error, RequestError::Forbidden | RequestError::Held)
        {
            self.put_tombstone(version, TombstoneState::Spared, content)
                .await?;
        }
        deleted
    }

    /// How many files are left under a version. Fails if one of these is among them. Some stores' listings lag.
    async fn left_of(&self, version: &Version, deleted: &[Key]) -> StoreResult<usize> {
        let dir = self.backend.dir().version(version);
        let mut read_back = 1;
        loop {
            let listed = self.backend.list(&dir).await?;
            let mut remaining = deleted.iter().filter(|key| {
                let path = key.as_str().strip_prefix(dir.as_str());
                path.is_some_and(|path| listed.contains_key(path))
            });
            match remaining.next() {
                None => return Ok(listed.values().filter(|it| it.size > 0).count()),
                Some(key) if read_back == READ_BACKS => return Err(self.backend.not_deleted(key)),
                Some(_) => pause(1, None).await,
            }
            read_back += 1;
        }
    }

    /// Lists objects of the protocol. Stores on file systems list directories as empty objects.
    async fn list(&self, dir: Key) -> StoreResult<Listing> {
        let mut listed = self.backend.list(&dir).await?;
        listed.retain(|_, object| object.size > 0);
        Ok(listed)
    }

    async fn put_tombstone(
        &self,
        version: &Version,
        state: TombstoneState,
        content: Option<Sha256>,
    ) -> StoreResult {
        self.go_on().await?;
        let tombstone = OwnObject::tombstone(self.backend.dir(), version, state, content);
        self.backend.replace(&tombstone).await
    }

    /// Deletes objects, no more at a time than end while the lease holds.
    async fn delete(&self, mut keys: &[Key]) -> StoreResult {
        while !keys.is_empty() {
            self.go_on().await?;
            let (some, rest) = keys.split_at(keys.len().min(self.backend.deletes_at_once()));
            if self.backend.delete_some(some).await? == Deleted::All {
                keys = rest;
            }
        }
        Ok(())
    }

    /// Before each write: the lease must hold, and nobody must have asked for an end.
    async fn go_on(&self) -> StoreResult {
        if self.interrupt.is_raised() {
            return Err(StoreError::Interrupted);
        }
        self.lease.renew(&self.backend).await
    }
}

fn is_held(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Request(FailedRequest(RequestError::Held, _))
    )
}

/// Leaves out the directories that stores on file systems list as empty objects.
fn without_folders(mut files: Listing) -> Listing {
    let holds_files = |path: &str, files: &Listing| {
        let below = format!("{path}/");
        let mut after = files.range(below.clone()..);
        path.is_empty()
            || path.ends_with('/')
            || after
                .next()
                .is_some_and(|(next, _)| next.starts_with(&below))
    };
    let empty = files.iter().filter(|(_, object)| object.size == 0);
    let empty: Vec<_> = empty.map(|(path, _)| path.clone()).collect();
    for path in empty {
        if holds_files(&path, &files) {
            files.remove(&path);
        }
    }
    files
}
