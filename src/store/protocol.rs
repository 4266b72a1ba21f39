//! The publish protocol (`docs/contract.md`), request by request: ref → tombstone → marker →
//! claims → puts → check → marker.

use super::dialect::{Dialect, same_etag};
use super::judge::{judge_marker, judge_tombstone};
use super::progress::Done;
use super::reject::{Rejection, denied};
use super::settle::{pause, settled};
use super::{RunLabel, StoreError, own_ref};
use crate::manifest::{Asset, Claim, Sha256};
use crate::plan::{Conflict, ConflictWith, Equality, Found, Plan, Stored, Summary};
use crate::prefix::{Folder, Key, MetaObject, StoreUrl};
use crate::release::Release;
use object_store::aws::AmazonS3;
use object_store::list::{PaginatedListOptions, PaginatedListStore};
use object_store::path::Path;
use object_store::{
    Attributes, GetOptions, ObjectStore, PutMode, PutOptions, PutPayload, PutResult,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Bodies in memory at one time.
const BYTES_IN_FLIGHT: u32 = 64 << 20;

#[derive(Clone)]
pub(super) struct Protocol {
    store: Arc<AmazonS3>,
    url: StoreUrl,
    folder: Folder,
    release: Arc<Release>,
    dialect: Dialect,
    done: Arc<Done>,
    /// A store that refuses conditional writes is asked once.
    unconditional: Arc<AtomicBool>,
    /// An `ETag` was not the MD5 of what was put.
    unproven: Arc<AtomicBool>,
}

/// How often a create is repeated that found something which then was not there.
const LOOKS: usize = 3;

/// What a create came to.
enum Created {
    /// Ours, just now; with the `ETag` of the answer.
    Put(Option<String>),
    /// Something has the name already.
    Exists,
}

impl Protocol {
    pub(super) fn new(
        store: Arc<AmazonS3>,
        url: StoreUrl,
        release: Arc<Release>,
        (dialect, done): (Dialect, Arc<Done>),
    ) -> Result<Self, StoreError> {
        let StoreUrl::S3 { folder, .. } = &url else {
            return Err(StoreError::Client("not a bucket".to_owned()));
        };
        Ok(Self {
            folder: folder.clone(),
            store,
            url,
            release,
            dialect,
            done,
            unconditional: Arc::default(),
            unproven: Arc::default(),
        })
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
        let plan = Plan::of(&self.release, &stored, |asset, stored| {
            is_equal(self.dialect, asset, stored)
        })?;
        self.put_all(plan).await?;
        self.check_puts().await?;
        self.commit(&own_ref).await?;
        let put = self.done.files.load(Ordering::Relaxed);
        Ok(Summary {
            put,
            put_bytes: self.done.bytes.load(Ordering::Relaxed),
            present: self.release.manifest.assets().len() - put,
            ..Summary::default()
        })
    }

    /// Step 1. Before anything else: a prune that sees this ref deletes nothing.
    async fn announce(&self, label: &RunLabel) -> Result<Key, StoreError> {
        let (json, random) = own_ref(&self.release, label)?;
        let key = self.folder.meta(&MetaObject::Ref {
            version: &self.release.version,
            group: &label.group,
            random: &random,
        });
        if self.create_meta(&key, &json).await? {
            Ok(key)
        } else {
            Err(StoreError::Untrue { key })
        }
    }

    /// Step 2.
    async fn check_tombstone(&self, own_ref: &Key) -> Result<(), StoreError> {
        let key = self
            .folder
            .meta(&MetaObject::Tombstone(&self.release.version));
        let Some(json) = self.get(&key, None, own_ref).await? else {
            return Ok(());
        };
        let Read::Content(json) = json else {
            return Ok(());
        };
        judge_tombstone(&self.release, &key, &json)
    }

    /// Steps 3 and 4.
    async fn find(&self, own_ref: &Key) -> Result<Found, StoreError> {
        if self.is_published(own_ref).await? {
            return Ok(Found::Same);
        }
        if !self.release.is_explicit() {
            return Ok(Found::Unfinished(self.list_version_if_allowed().await?));
        }
        let claimed = self.is_claimed_by_us().await?;
        let stored = self.list_version().await?;
        let first = stored
            .iter()
            .find(|(path, stored)| !stored.is_folder(path, &self.release));
        if let (false, Some((path, _))) = (claimed, first) {
            return Err(self.conflict(ConflictWith::Foreign { path: path.clone() }));
        }
        let version = &self.release.version;
        let key = self.folder.meta(&MetaObject::Claim {
            version,
            content: &self.release.content.to_string(),
        });
        let json = Claim::json(version, self.release.content);
        // A listing that does not show what was just put would not show another's claim either.
        if !self.create_meta(&key, &json).await? || !self.is_claimed_by_us().await? {
            return Err(StoreError::Untrue { key });
        }
        Ok(Found::Unfinished(stored))
    }

    /// Step 3: whether the marker is there and is ours.
    async fn is_published(&self, own_ref: &Key) -> Result<bool, StoreError> {
        let key = self.marker();
        let etag = self.dialect.etag_of(&self.release.marker);
        match self.get(&key, Some(etag), own_ref).await? {
            None => Ok(false),
            Some(Read::NotModified) => Ok(true),
            Some(Read::Content(json)) => judge_marker(&self.release, &key, &json).map(|()| true),
        }
    }

    fn marker(&self) -> Key {
        self.folder.meta(&MetaObject::Marker(&self.release.version))
    }

    /// Whether our own claim is there; anyone else's is a conflict.
    async fn is_claimed_by_us(&self) -> Result<bool, StoreError> {
        let folder = self.folder.meta(&MetaObject::Claims(&self.release.version));
        let ours = format!("{}.json", self.release.content);
        let claims = self
            .list(&folder)
            .await
            .map_err(|rejection| self.end(rejection, "s3:ListBucket", &folder))?;
        let claims_ours = claims.contains_key(&ours);
        let other = claims
            .iter()
            .find(|(claim, stored)| stored.size > 0 && **claim != ours);
        match other {
            Some(_) => Err(self.conflict(ConflictWith::Claimed)),
            None => Ok(claims_ours),
        }
    }

    async fn list_version(&self) -> Result<BTreeMap<String, Stored>, StoreError> {
        let folder = self.folder.version(&self.release.version);
        self.list(&folder)
            .await
            .map_err(|rejection| self.end(rejection, "s3:ListBucket", &folder))
    }

    /// A digest version needs no right to list: without it, every file is put again.
    async fn list_version_if_allowed(&self) -> Result<BTreeMap<String, Stored>, StoreError> {
        let folder = self.folder.version(&self.release.version);
        match self.list(&folder).await {
            Ok(stored) => Ok(stored),
            Err(Rejection::Forbidden) => Ok(BTreeMap::new()),
            Err(rejection) => Err(self.end(rejection, "s3:ListBucket", &folder)),
        }
    }

    /// What lies below `folder`, by the rest of its key.
    async fn list(&self, folder: &Key) -> Result<BTreeMap<String, Stored>, Rejection> {
        let mut stored = BTreeMap::new();
        let mut page_token = None;
        loop {
            let page = settled(&self.url, folder, 0, || {
                let options = PaginatedListOptions {
                    page_token: page_token.clone(),
                    ..PaginatedListOptions::default()
                };
                self.store.list_paginated(Some(folder.as_str()), options)
            })
            .await?;
            for object in page.result.objects {
                let key = object.location.as_ref();
                if let Some(rest) = key.strip_prefix(folder.as_str()) {
                    let found = Stored {
                        size: object.size,
                        etag: object.e_tag,
                    };
                    stored.insert(rest.to_owned(), found);
                }
            }
            match page.page_token {
                // A listing that repeats its token would never end.
                Some(token) if page_token.as_ref() != Some(&token) => page_token = Some(token),
                _ => return Ok(stored),
            }
        }
    }

    /// Step 5.
    async fn put_all(&self, plan: Plan) -> Result<(), StoreError> {
        let assets: Vec<Put> = plan
            .doubtful
            .into_iter()
            .map(Put::Doubtful)
            .chain(plan.puts.into_iter().map(Put::Missing))
            .collect();
        let bytes = assets.iter().map(|put| put.asset().size).sum();
        self.done.of_files.store(assets.len(), Ordering::Relaxed);
        self.done.of_bytes.store(bytes, Ordering::Relaxed);

        let in_flight = Arc::new(Semaphore::new(BYTES_IN_FLIGHT as usize));
        let mut waiting = assets.into_iter();
        let mut running = JoinSet::new();
        for put in waiting.by_ref().take(self.dialect.concurrency) {
            running.spawn(self.clone().put(put, in_flight.clone()));
        }
        // Dropping the set at the first error ends the others.
        while let Some(ended) = running.join_next().await {
            ended.map_err(|error| StoreError::Client(error.to_string()))??;
            if let Some(put) = waiting.next() {
                running.spawn(self.clone().put(put, in_flight.clone()));
            }
        }
        Ok(())
    }

    /// Puts one asset. Something of the same name is settled by looking: equal is fine, absent is put
    /// again, different is not ours to replace.
    async fn put(self, put: Put, in_flight: Arc<Semaphore>) -> Result<(), StoreError> {
        let asset = put.asset();
        let share = u32::try_from(asset.size).unwrap_or(u32::MAX);
        let _share = in_flight
            .clone()
            .acquire_many_owned(share.min(BYTES_IN_FLIGHT))
            .await
            .map_err(|error| StoreError::Client(error.to_string()))?;
        let content = read(asset)?;
        let expected = self.dialect.etag_of(&content);
        let payload = PutPayload::from(content);
        let key = self.folder.asset(&self.release.version, &asset.path);
        if let Put::Doubtful(_) = put
            && let There::Equal = self.look(&key, asset, &expected).await?
        {
            return Ok(());
        }
        for _ in 0..LOOKS {
            let sharing = u64::from(BYTES_IN_FLIGHT) - in_flight.available_permits() as u64;
            let attributes = Dialect::attributes_of(asset);
            let created = self
                .create(&key, payload.clone(), attributes, sharing.max(asset.size))
                .await?;
            match created {
                Created::Put(etag) => {
                    if !etag.is_some_and(|etag| same_etag(&etag, &expected)) {
                        self.unproven.store(true, Ordering::Relaxed);
                    }
                    self.done.files.fetch_add(1, Ordering::Relaxed);
                    self.done.bytes.fetch_add(asset.size, Ordering::Relaxed);
                    return Ok(());
                }
                Created::Exists => match self.look(&key, asset, &expected).await? {
                    There::Equal => return Ok(()),
                    There::Different => {
                        let path = asset.path.clone();
                        return Err(self.conflict(ConflictWith::Foreign { path }));
                    }
                    There::Nothing => pause().await,
                },
            }
        }
        Err(StoreError::Untrue { key })
    }

    /// By size and `ETag`, or by the hash that was kept with the object: an `ETag` is no MD5 where the
    /// store encrypts with its customers' keys.
    async fn look(&self, key: &Key, asset: &Asset, expected: &str) -> Result<There, StoreError> {
        let path = path(key)?;
        let head = settled(&self.url, key, 0, || {
            let options = GetOptions {
                head: true,
                ..GetOptions::default()
            };
            self.store.get_opts(&path, options)
        })
        .await;
        let head = match head {
            Ok(head) => head,
            Err(Rejection::NotFound) => return Ok(There::Nothing),
            // The least rights don't let a digest version look at its assets, and need not: what is
            // there under its name is a function of the name.
            Err(Rejection::Forbidden) if !self.release.is_explicit() => return Ok(There::Equal),
            Err(rejection) => return Err(self.end(rejection, "s3:GetObject", key)),
        };
        let etag = head.meta.e_tag.as_deref();
        let is_equal = head.meta.size == asset.size
            && (etag.is_some_and(|etag| same_etag(etag, expected))
                || Dialect::sha256_in(&head.attributes) == Some(&asset.sha256.to_string()));
        Ok(if is_equal {
            There::Equal
        } else {
            There::Different
        })
    }

    /// Step 6, where an answer's `ETag` proved nothing: the listing shows every file whole.
    async fn check_puts(&self) -> Result<(), StoreError> {
        if !self.unproven.load(Ordering::Relaxed) {
            return Ok(());
        }
        let folder = self.folder.version(&self.release.version);
        let stored = match self.list(&folder).await {
            Ok(stored) => stored,
            // What was put is what was signed; without the right to list there is no more to see.
            Err(Rejection::Forbidden) => return Ok(()),
            Err(rejection) => return Err(self.end(rejection, "s3:ListBucket", &folder)),
        };
        let is_whole = |asset: &&Asset| {
            stored
                .get(&asset.path)
                .is_some_and(|stored| stored.size == asset.size)
        };
        let mut assets = self.release.manifest.assets().iter();
        match assets.find(|asset| !is_whole(asset)) {
            Some(asset) => Err(StoreError::Untrue {
                key: self.folder.asset(&self.release.version, &asset.path),
            }),
            None => Ok(()),
        }
    }

    /// Step 7. From here on the version is published.
    async fn commit(&self, own_ref: &Key) -> Result<(), StoreError> {
        let key = self.marker();
        if self.create_meta(&key, &self.release.marker).await? || self.is_published(own_ref).await?
        {
            return Ok(());
        }
        Err(StoreError::Untrue { key })
    }

    /// Creates an object of the protocol; whether it now holds `json`.
    async fn create_meta(&self, key: &Key, json: &[u8]) -> Result<bool, StoreError> {
        for _ in 0..LOOKS {
            let payload = PutPayload::from(json.to_vec());
            let attributes = Dialect::attributes_of_meta();
            let size = json.len() as u64;
            let created = self.create(key, payload, attributes, size).await?;
            if let Created::Put(_) = created {
                return Ok(true);
            }
            match self.try_get(key, None).await {
                Ok(Read::Content(there)) => return Ok(there == json),
                Ok(Read::NotModified) => return Ok(false),
                Err(Rejection::NotFound) => pause().await,
                Err(rejection) => return Err(self.end(rejection, "s3:GetObject", key)),
            }
        }
        Err(StoreError::Untrue { key: key.clone() })
    }

    /// A put that replaces nothing, where the store honours that; nothing relies on it.
    async fn create(
        &self,
        key: &Key,
        payload: PutPayload,
        attributes: Attributes,
        in_flight: u64,
    ) -> Result<Created, StoreError> {
        let path = path(key)?;
        let put = async |mode: PutMode| {
            settled(&self.url, key, in_flight, || {
                let options = PutOptions {
                    mode: mode.clone(),
                    attributes: attributes.clone(),
                    ..PutOptions::default()
                };
                self.store.put_opts(&path, payload.clone(), options)
            })
            .await
        };
        let put_done = |result: PutResult| Created::Put(result.e_tag);
        if !self.unconditional.load(Ordering::Relaxed) {
            match put(PutMode::Create).await {
                Ok(result) => return Ok(put_done(result)),
                Err(Rejection::Exists) => return Ok(Created::Exists),
                Err(Rejection::NotImplemented) => self.unconditional.store(true, Ordering::Relaxed),
                Err(rejection) => return Err(self.end(rejection, "s3:PutObject", key)),
            }
        }
        put(PutMode::Overwrite)
            .await
            .map(put_done)
            .map_err(|rejection| self.end(rejection, "s3:PutObject", key))
    }

    /// An object of the protocol; `None` where there is none.
    async fn get(
        &self,
        key: &Key,
        if_none_match: Option<String>,
        own_ref: &Key,
    ) -> Result<Option<Read>, StoreError> {
        match self.try_get(key, if_none_match).await {
            Ok(read) => Ok(Some(read)),
            Err(Rejection::NotFound) => Ok(None),
            // Without the right to list, S3 answers 403 for what is not there.
            Err(Rejection::Forbidden) => match self.try_get(own_ref, None).await {
                Ok(_) => Ok(None),
                Err(rejection) => Err(self.end(rejection, "s3:GetObject", key)),
            },
            Err(rejection) => Err(self.end(rejection, "s3:GetObject", key)),
        }
    }

    async fn try_get(&self, key: &Key, if_none_match: Option<String>) -> Result<Read, Rejection> {
        let path = path(key).map_err(|error| Rejection::Final(Box::new(error)))?;
        let body = settled(&self.url, key, 0, || async {
            let options = GetOptions {
                if_none_match: if_none_match.clone(),
                ..GetOptions::default()
            };
            self.store.get_opts(&path, options).await?.bytes().await
        })
        .await;
        match body {
            Ok(body) => Ok(Read::Content(body.to_vec())),
            Err(Rejection::NotModified) => Ok(Read::NotModified),
            Err(rejection) => Err(rejection),
        }
    }

    fn end(&self, rejection: Rejection, action: &'static str, key: &Key) -> StoreError {
        let unexpected = |cause: &str| StoreError::Unexpected {
            key: key.clone(),
            cause: cause.to_owned(),
        };
        match rejection {
            Rejection::Final(error) => *error,
            Rejection::Forbidden => denied(action, key, &self.url),
            Rejection::NotFound => unexpected("not found"),
            Rejection::Exists => unexpected("exists already"),
            Rejection::NotModified => unexpected("not modified"),
            Rejection::NotImplemented => unexpected("not implemented there"),
            Rejection::Temporary(cause) => unexpected(&cause),
        }
    }

    fn conflict(&self, with: ConflictWith) -> StoreError {
        Conflict::new(&self.release, with).into()
    }
}

/// An asset to put.
enum Put {
    Missing(Asset),
    /// Something of its size is there, whose `ETag` proves nothing.
    Doubtful(Asset),
}

impl Put {
    fn asset(&self) -> &Asset {
        match self {
            Self::Missing(asset) | Self::Doubtful(asset) => asset,
        }
    }
}

/// What lies under an asset's key.
enum There {
    Equal,
    Different,
    Nothing,
}

/// An answer to a read.
enum Read {
    Content(Vec<u8>),
    NotModified,
}

/// `Path::from` would encode names a second time; the key is what the browser will ask for.
fn path(key: &Key) -> Result<Path, StoreError> {
    Path::parse(key.as_str()).map_err(|error| StoreError::Unexpected {
        key: key.clone(),
        cause: error.to_string(),
    })
}

/// The bytes that were scanned, or an error: what is sent is what the marker says.
fn read(asset: &Asset) -> Result<Vec<u8>, StoreError> {
    let content = fs_err::read(&asset.source)?;
    if Sha256::of(&content) == asset.sha256 {
        Ok(content)
    } else {
        Err(StoreError::Changed {
            path: asset.source.clone(),
        })
    }
}

/// Whether an object of an earlier run holds the asset's bytes.
fn is_equal(dialect: Dialect, asset: &Asset, stored: &Stored) -> Result<Equality, StoreError> {
    match &stored.etag {
        Some(etag) if same_etag(etag, &dialect.etag_of(&read(asset)?)) => Ok(Equality::Equal),
        _ => Ok(Equality::Unknown),
    }
}
