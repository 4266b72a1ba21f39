//! The publish protocol (`docs/contract.md`), request by request: ref → tombstone → marker →
//! claims → puts → check → marker.

use super::error::RequestError;
use super::objects::{LOOKS, Objects, Proven, Read};
use super::progress::Done;
use super::retry::pause;
use super::upload::{Upload, md5_of};
use super::verify::{is_claim, verify_marker, verify_tombstone};
use super::{RunLabel, StoreError, own_ref};
use crate::manifest::{Asset, Claim};
use crate::plan::{Conflict, ConflictWith, Found, Plan, Stored, Summary};
use crate::prefix::{Folder, Key, MetaObject};
use crate::release::Release;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

pub(super) struct Protocol {
    objects: Arc<Objects>,
    release: Arc<Release>,
    done: Arc<Done>,
}

impl Protocol {
    pub(super) fn new(objects: Arc<Objects>, release: Arc<Release>, done: Arc<Done>) -> Self {
        Self {
            objects,
            release,
            done,
        }
    }

    pub(super) async fn publish(&self, label: &RunLabel) -> Result<Summary, StoreError> {
        let own_ref = self.announce(label).await?;
        self.check_tombstone(&own_ref).await?;
        let stored = match self.find(&own_ref).await? {
            Found::Same => {
                return Ok(Summary {
                    present: self.release.manifest.assets().len(),
                    unchanged: true,
                    ..Summary::default()
                });
            }
            Found::Unfinished(stored) => stored,
        };
        let plan = Plan::of(&self.release, stored);
        let upload = Upload::new(
            self.objects.clone(),
            self.release.clone(),
            self.done.clone(),
        );
        if upload.run(plan).await? == Proven::Unknown {
            self.check_puts().await?;
        }
        self.commit(&own_ref).await?;
        let put = self.done.files.load(Ordering::Relaxed);
        Ok(Summary {
            put,
            put_bytes: self.done.bytes.load(Ordering::Relaxed),
            present: self.release.manifest.assets().len() - put,
            ..Summary::default()
        })
    }

    /// What a run would put, by reading only.
    pub(super) async fn dry_run(&self) -> Result<Summary, StoreError> {
        let assets = self.release.manifest.assets();
        let marker = self.marker();
        match self.objects.read(&marker, None).await {
            Ok(Read::Content(json)) => {
                verify_marker(&self.release, &marker, &json)?;
                return Ok(Summary {
                    present: assets.len(),
                    unchanged: true,
                    ..Summary::default()
                });
            }
            // Without the right to list, S3 answers 403 for what is not there.
            Ok(Read::NotModified) | Err(RequestError::NotFound | RequestError::Forbidden) => {}
            Err(request_error) => return Err(self.objects.get_failed(request_error, &marker)),
        }
        let plan = Plan::of(&self.release, self.list_version_if_allowed().await?);
        Ok(Summary {
            put: plan.missing.len(),
            put_bytes: plan.missing_bytes(&self.release),
            present: plan.present.len(),
            ..Summary::default()
        })
    }

    fn folder(&self) -> &Folder {
        &self.objects.url.folder
    }

    /// Step 1. Before anything else: a prune that sees this ref deletes nothing.
    async fn announce(&self, label: &RunLabel) -> Result<Key, StoreError> {
        let (json, random) = own_ref(&self.release, label)?;
        let key = self.folder().meta(&MetaObject::Ref {
            version: &self.release.version,
            group: &label.group,
            random: &random,
        });
        if self.objects.create_meta(&key, json.into()).await? {
            Ok(key)
        } else {
            Err(StoreError::ReadBackMismatch { key })
        }
    }

    /// Step 2.
    async fn check_tombstone(&self, own_ref: &Key) -> Result<(), StoreError> {
        let key = self
            .folder()
            .meta(&MetaObject::Tombstone(&self.release.version));
        match self.objects.get(&key, None, own_ref).await? {
            Some(Read::Content(json)) => verify_tombstone(&self.release, &key, &json),
            Some(Read::NotModified) | None => Ok(()),
        }
    }

    /// Steps 3 and 4.
    async fn find(&self, own_ref: &Key) -> Result<Found, StoreError> {
        if self.is_published(own_ref).await? {
            return Ok(Found::Same);
        }
        if !self.release.is_explicit() {
            return Ok(Found::Unfinished(self.list_version_if_allowed().await?));
        }
        // In this order: files that another build of this content has put by now have its claim.
        let stored = self.list_version().await?;
        let claimed = self.is_claimed_by_us().await?;
        let first = stored
            .iter()
            .find(|(path, stored)| !stored.is_folder(path, &self.release));
        if let (false, Some((path, _))) = (claimed, first) {
            return Err(self.conflict(ConflictWith::Foreign { path: path.clone() }));
        }
        let version = &self.release.version;
        let key = self.folder().meta(&MetaObject::Claim {
            version,
            content: &self.release.content.to_string(),
        });
        let json = Claim::json(version, self.release.content);
        // A listing that does not show what was just put would not show another's claim either.
        if !self.objects.create_meta(&key, json.into()).await? || !self.is_claimed_by_us().await? {
            return Err(StoreError::ReadBackMismatch { key });
        }
        Ok(Found::Unfinished(stored))
    }

    /// Step 3: whether the marker is there and is ours.
    async fn is_published(&self, own_ref: &Key) -> Result<bool, StoreError> {
        let key = self.marker();
        let etag = self.objects.etag_of(md5_of(&self.release.marker));
        match self.objects.get(&key, etag, own_ref).await? {
            None => Ok(false),
            Some(Read::NotModified) => Ok(true),
            Some(Read::Content(json)) => verify_marker(&self.release, &key, &json).map(|()| true),
        }
    }

    fn marker(&self) -> Key {
        self.folder()
            .meta(&MetaObject::Marker(&self.release.version))
    }

    /// Whether our own claim is there; anyone else's is a conflict.
    async fn is_claimed_by_us(&self) -> Result<bool, StoreError> {
        let version = &self.release.version;
        let folder = self.folder().meta(&MetaObject::Claims(version));
        let ours = format!("{}.json", self.release.content);
        let claims = self.objects.list(&folder).await;
        let claims =
            claims.map_err(|request_error| self.objects.list_failed(request_error, &folder))?;
        let claims_ours = claims.contains_key(&ours);
        let other = claims
            .iter()
            .find(|(claim, stored)| stored.size > 0 && is_claim(claim) && **claim != ours);
        match other {
            Some(_) => Err(self.conflict(ConflictWith::Claimed)),
            None => Ok(claims_ours),
        }
    }

    async fn list_version(&self) -> Result<BTreeMap<String, Stored>, StoreError> {
        let folder = self.folder().version(&self.release.version);
        let stored = self.objects.list(&folder).await;
        stored.map_err(|request_error| self.objects.list_failed(request_error, &folder))
    }

    /// A digest version needs no right to list: without it, every file is put again.
    async fn list_version_if_allowed(&self) -> Result<BTreeMap<String, Stored>, StoreError> {
        match self.list_version().await {
            Err(StoreError::MissingPermission(_)) => Ok(BTreeMap::new()),
            listed => listed,
        }
    }

    /// Step 6, where the answers proved nothing: the listing shows every file whole. Some stores' listings lag.
    async fn check_puts(&self) -> Result<(), StoreError> {
        for look in 1.. {
            let stored = match self.list_version().await {
                Ok(stored) => stored,
                // What was put is what was signed; without the right to list there is no more to see.
                Err(StoreError::MissingPermission(_)) => return Ok(()),
                Err(error) => return Err(error),
            };
            let is_whole = |asset: &&Asset| {
                stored
                    .get(&*asset.path)
                    .is_some_and(|stored| stored.size == asset.size)
            };
            let mut assets = self.release.manifest.assets().iter();
            match assets.find(|asset| !is_whole(asset)) {
                None => break,
                Some(_) if look < LOOKS => pause().await,
                Some(asset) => {
                    return Err(StoreError::ReadBackMismatch {
                        key: self.folder().asset(&self.release.version, &asset.path),
                    });
                }
            }
        }
        Ok(())
    }

    /// Step 7. From here on the version is published.
    async fn commit(&self, own_ref: &Key) -> Result<(), StoreError> {
        let key = self.marker();
        let is_created = self
            .objects
            .create_meta(&key, self.release.marker.clone())
            .await?;
        if is_created || self.is_published(own_ref).await? {
            return Ok(());
        }
        Err(StoreError::ReadBackMismatch { key })
    }

    fn conflict(&self, with: ConflictWith) -> StoreError {
        Conflict::new(&self.release, with).into()
    }
}
