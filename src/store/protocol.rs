//! The publish protocol (`docs/contract.md`), request by request: ref → tombstone → marker → claims → uploads →
//! verification → marker.

use super::error::{FailedRequest, RequestError, RequestResult};
use super::objects::Objects;
use super::own_object::OwnObject;
use super::receipt::md5_of;
use super::retry::{READ_BACKS, pause};
use super::verify::{foreign, is_claim, verify_marker, verify_tombstone};
use super::{RunLabel, Shared, StoreError, StoreResult};
use crate::plan::{Conflict, ConflictWith, ListedObject, Listing, Plan, Progress, Summary};
use crate::prefix::{Folder, Key, MetaObject};
use crate::release::Release;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Semaphore;

/// Bodies in memory at one time. A larger one of an explicit version goes alone.
pub(super) const BYTES_IN_FLIGHT: u32 = 64 << 20;

pub(super) struct Protocol {
    pub(super) objects: Arc<Objects>,
    pub(super) release: Arc<Release>,
    pub(super) progress: Shared<Progress>,
    /// Limits the bytes in flight.
    pub(super) memory: Arc<Semaphore>,
    /// An answer did not prove what was uploaded.
    pub(super) is_unproven: AtomicBool,
}

impl Protocol {
    pub(super) fn new(objects: Arc<Objects>, release: Arc<Release>) -> Arc<Self> {
        Arc::new(Self {
            objects,
            release,
            progress: Shared::default(),
            memory: Arc::new(Semaphore::new(BYTES_IN_FLIGHT as usize)),
            is_unproven: AtomicBool::new(false),
        })
    }

    pub(super) async fn publish(self: &Arc<Self>, label: &RunLabel) -> StoreResult<Summary> {
        // Step 1. It comes first, because a prune that sees this ref deletes nothing.
        let own_ref = OwnObject::new_ref(self.dir(), &self.release, label)?;
        self.objects.create_own(&own_ref).await?;
        let own_ref = own_ref.key;
        // Step 2.
        let key = MetaObject::Tombstone(&self.release.version);
        let key = self.dir().meta(&key);
        if let Some(json) = self.objects.read_meta(&key, None, &own_ref).await? {
            verify_tombstone(&self.release, &key, &json)?;
        }
        if self.is_published(&own_ref).await? {
            return Ok(Summary::of_unchanged(&self.release));
        }
        let listed = self.claim_and_list().await?;
        self.upload_plan(Plan::of(&self.release, listed)).await?;
        if self.is_unproven.load(Ordering::Relaxed) {
            self.verify_uploads().await?;
        }
        self.commit(&own_ref).await?;
        let progress = self.progress.with(|progress| *progress);
        Ok(Summary::of(&self.release, progress.files, progress.bytes))
    }

    /// Finds out what a run would upload, by reading only.
    pub(super) async fn dry_run(&self) -> StoreResult<Summary> {
        let marker = self.dir().meta(&MetaObject::Marker(&self.release.version));
        match self.objects.read(&marker, None).await {
            Ok(json) => {
                verify_marker(&self.release, &marker, &json)?;
                return Ok(Summary::of_unchanged(&self.release));
            }
            // Without the right to list, S3 answers 403 for what does not exist.
            Err(FailedRequest(RequestError::NotFound | RequestError::Forbidden, _)) => {}
            Err(failed) => return Err(failed.into()),
        }
        let plan = Plan::of(&self.release, self.list_version_if_allowed().await?);
        let bytes = plan.missing_bytes(&self.release);
        Ok(Summary::of(&self.release, plan.missing.len(), bytes))
    }

    fn dir(&self) -> &Folder {
        &self.objects.url.folder
    }

    /// Step 4. Returns the objects of an earlier, unfinished run.
    async fn claim_and_list(&self) -> StoreResult<Listing> {
        if !self.release.is_explicit() {
            return self.list_version_if_allowed().await;
        }
        // The version is listed first: files that another build of this content uploads meanwhile have its claim.
        let listed = self.list_version().await?;
        let is_claimed = self.is_claimed_by_us().await?;
        let mut files = listed.iter();
        let file = files.find(|(path, object)| !object.is_folder(path, &self.release));
        if let (false, Some((path, _))) = (is_claimed, file) {
            return Err(foreign(&self.release, path));
        }
        let claim = OwnObject::claim(self.dir(), &self.release);
        self.objects.create_own(&claim).await?;
        if !self.is_claimed_by_us().await? {
            // A listing that does not show this claim would not show another's either.
            return Err(StoreError::ReadBackMismatch(claim.key));
        }
        Ok(listed)
    }

    /// Step 3: whether the marker exists. A marker of other content is an error.
    async fn is_published(&self, own_ref: &Key) -> StoreResult<bool> {
        let OwnObject { key, json } = OwnObject::marker(self.dir(), &self.release);
        let etag = self.objects.etag_of(md5_of(&json));
        match self.objects.read_meta(&key, etag, own_ref).await {
            Err(FailedRequest(RequestError::NotModified, _)) => Ok(true),
            Ok(Some(json)) => verify_marker(&self.release, &key, &json).map(|()| true),
            Ok(None) => Ok(false),
            Err(failed) => Err(failed.into()),
        }
    }

    /// Whether the claim of this content exists. A claim of other content is an error.
    async fn is_claimed_by_us(&self) -> StoreResult<bool> {
        let dir = MetaObject::Claims(&self.release.version);
        let claims = self.objects.list(&self.dir().meta(&dir)).await?;
        let ours = format!("{}.json", self.release.content);
        let is_other = |(name, object): (&String, &ListedObject)| {
            object.size > 0 && is_claim(name) && *name != ours
        };
        if claims.iter().any(is_other) {
            return Err(Conflict::new(&self.release, ConflictWith::Claimed).into());
        }
        Ok(claims.contains_key(&ours))
    }

    async fn list_version(&self) -> RequestResult<Listing> {
        let dir = self.dir().version(&self.release.version);
        self.objects.list(&dir).await
    }

    /// A digest version needs no right to list: without it, every file is uploaded again.
    async fn list_version_if_allowed(&self) -> StoreResult<Listing> {
        match self.list_version().await {
            Err(FailedRequest(RequestError::Forbidden, _)) => Ok(Listing::new()),
            listed => Ok(listed?),
        }
    }

    /// Step 6, if the answers prove nothing: the listing shows every file whole. Some stores' listings lag.
    async fn verify_uploads(&self) -> StoreResult {
        let mut read_back = 1;
        loop {
            let listed = match self.list_version().await {
                // The uploads were signed; without the right to list there is no more to see.
                Err(FailedRequest(RequestError::Forbidden, _)) => return Ok(()),
                listed => listed?,
            };
            let mut assets = self.release.manifest.assets().iter();
            let missing = assets.find(|asset| {
                let object = listed.get(&*asset.path);
                object.is_none_or(|object| object.size != asset.size)
            });
            let Some(asset) = missing else { return Ok(()) };
            if read_back == READ_BACKS {
                return Err(StoreError::ReadBackMismatch(self.key(asset)));
            }
            pause(1, None).await;
            read_back += 1;
        }
    }

    /// Step 7. From here on the version is published.
    async fn commit(&self, own_ref: &Key) -> StoreResult {
        let marker = OwnObject::marker(self.dir(), &self.release);
        match self.objects.create_own(&marker).await {
            Err(StoreError::ReadBackMismatch(_)) if self.is_published(own_ref).await? => Ok(()),
            created => created,
        }
    }
}
