//! Puts what is missing, as many at a time as the store takes, in bounded memory.

use super::StoreError;
use super::error::RequestError;
use super::local_file::{hashed, of_asset};
use super::objects::{Created, LOOKS, ObjectState, Objects, Proven, same_etag};
use super::progress::Done;
use super::provider::Provider;
use super::retry::pause;
use crate::encoding::hex;
use crate::manifest::Asset;
use crate::parallel::parallel;
use crate::plan::{Conflict, ConflictWith, Plan};
use crate::prefix::Key;
use crate::release::Release;
use crate::sha256::Sha256;
use fs_err as fs;
use md5::Digest;
use object_store::PutPayload;
use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinSet, spawn_blocking};

/// Bodies in memory at one time; a larger one of an explicit version goes alone.
const BYTES_IN_FLIGHT: u32 = 64 << 20;
/// Up to this size a file goes at once. A larger one of a digest version goes in parts.
const AT_ONCE: u64 = 16 << 20;
/// A small file is in the page cache, where the scan left it.
const READ_INLINE: u64 = 256 << 10;

/// An upload of a release's missing files.
#[derive(Clone)]
pub(super) struct Upload {
    pub(super) objects: Arc<Objects>,
    release: Arc<Release>,
    done: Arc<Done>,
    memory: Arc<Semaphore>,
    /// An answer did not prove what was put.
    unproven: Arc<AtomicBool>,
}

/// An asset to put, by its place in the manifest.
#[derive(Clone, Copy)]
pub(super) enum Put {
    Missing(usize),
    /// Something of its size is there, whose `ETag` proves nothing.
    Doubtful(usize),
}

impl Put {
    fn index(self) -> usize {
        match self {
            Self::Missing(index) | Self::Doubtful(index) => index,
        }
    }
}

impl Upload {
    pub(super) fn new(objects: Arc<Objects>, release: Arc<Release>, done: Arc<Done>) -> Self {
        Self {
            objects,
            release,
            done,
            memory: Arc::new(Semaphore::new(BYTES_IN_FLIGHT as usize)),
            unproven: Arc::default(),
        }
    }

    /// Whether every answer proved what was put. What is there is compared while the rest is on its way.
    pub(super) async fn run(&self, plan: Plan) -> Result<Proven, StoreError> {
        let Plan { missing, present } = plan;
        let release = self.release.clone();
        let compared = spawn_blocking(move || differing(&release, &present));
        self.put_all(missing.into_iter().map(Put::Missing)).await?;
        let doubtful = compared.await.map_err(gone)??;
        self.put_all(doubtful.into_iter().map(Put::Doubtful))
            .await?;
        Ok(if self.unproven.load(Ordering::Relaxed) {
            Proven::Unknown
        } else {
            Proven::Whole
        })
    }

    async fn put_all(&self, puts: impl ExactSizeIterator<Item = Put>) -> Result<(), StoreError> {
        let assets = self.release.manifest.assets();
        let puts: Vec<Put> = puts.collect();
        let bytes = puts.iter().map(|put| assets[put.index()].size).sum();
        self.done.of_files.fetch_add(puts.len(), Ordering::Relaxed);
        self.done.of_bytes.fetch_add(bytes, Ordering::Relaxed);

        let mut waiting = puts.into_iter();
        let mut running = JoinSet::new();
        loop {
            while running.len() < self.objects.limiter.limit() {
                let Some(put) = waiting.next() else { break };
                running.spawn(self.clone().put(put));
            }
            // Dropping the set at the first error ends the others.
            match running.join_next().await {
                Some(final_error) => final_error.map_err(gone)??,
                None => return Ok(()),
            }
        }
    }

    /// Puts one asset. Something of the same name is with_retry by looking: equal is fine, absent is put
    /// again, different is not ours to replace.
    async fn put(self, put: Put) -> Result<(), StoreError> {
        let asset = &self.release.manifest.assets()[put.index()];
        let key = self.key(asset);
        if asset.size > AT_ONCE && !self.release.is_explicit() {
            return self.put_in_parts(put, asset, &key).await;
        }
        let _share = self.share(asset.size).await?;
        let (content, md5) = read(asset).await?;
        if let Put::Doubtful(_) = put
            && let ObjectState::Equal = self.head(&key, asset, Some(md5)).await?
        {
            self.needs_nothing(asset);
            return Ok(());
        }
        let payload = PutPayload::from(content);
        for _ in 0..LOOKS {
            let attributes = Provider::attributes_of(asset);
            match self
                .objects
                .create(&key, payload.clone(), attributes)
                .await?
            {
                Created::Put(proof) => match proof.of_md5(md5) {
                    Proven::Other => return Err(StoreError::ReadBackMismatch { key }),
                    Proven::Whole | Proven::Unknown => {
                        self.count(asset, proof.of_md5(md5));
                        return Ok(());
                    }
                },
                Created::Exists => match self.head(&key, asset, Some(md5)).await? {
                    ObjectState::Equal => {
                        self.needs_nothing(asset);
                        return Ok(());
                    }
                    ObjectState::Different => return Err(self.foreign(asset)),
                    ObjectState::Absent => pause().await,
                },
            }
        }
        Err(StoreError::ReadBackMismatch { key })
    }

    /// It was there all the time.
    pub(super) fn needs_nothing(&self, asset: &Asset) {
        self.done.of_files.fetch_sub(1, Ordering::Relaxed);
        self.done.of_bytes.fetch_sub(asset.size, Ordering::Relaxed);
    }

    pub(super) fn count(&self, asset: &Asset, proven: Proven) {
        if proven == Proven::Unknown {
            self.unproven.store(true, Ordering::Relaxed);
        }
        self.done.files.fetch_add(1, Ordering::Relaxed);
        self.done.bytes.fetch_add(asset.size, Ordering::Relaxed);
    }

    fn key(&self, asset: &Asset) -> Key {
        let folder = &self.objects.url.folder;
        folder.asset(&self.release.version, &asset.path)
    }

    pub(super) fn foreign(&self, asset: &Asset) -> StoreError {
        let path = asset.path.to_string();
        Conflict::new(&self.release, ConflictWith::Foreign { path }).into()
    }

    pub(super) async fn share(&self, bytes: u64) -> Result<OwnedSemaphorePermit, StoreError> {
        let share = u32::try_from(bytes)
            .unwrap_or(u32::MAX)
            .min(BYTES_IN_FLIGHT);
        let share = self.memory.clone().acquire_many_owned(share).await;
        share.map_err(gone)
    }

    pub(super) async fn head(
        &self,
        key: &Key,
        asset: &Asset,
        md5: Option<[u8; 16]>,
    ) -> Result<ObjectState, StoreError> {
        match self.objects.head(key, asset, md5).await {
            Ok(there) => Ok(there),
            // The least rights don't let a digest version look at its assets, and need not: what is
            // there under its name is a function of the name.
            Err(RequestError::Forbidden) if !self.release.is_explicit() => Ok(ObjectState::Equal),
            Err(request_error) => Err(self.objects.get_failed(request_error, key)),
        }
    }
}

pub(super) fn md5_of(content: &[u8]) -> [u8; 16] {
    md5::Md5::digest(content).into()
}

/// A task of ours panicked, or the run is over.
pub(super) fn gone(error: impl Display) -> StoreError {
    StoreError::Client(error.to_string())
}

/// Of what is there, what is not proven to be equal by its `ETag`.
fn differing(
    release: &Release,
    present: &[(usize, Option<String>)],
) -> Result<Vec<usize>, StoreError> {
    let compared = parallel(present, |(index, etag)| {
        let asset = &release.manifest.assets()[*index];
        let is_equal = is_equal(asset, etag.as_deref())?;
        Ok::<_, StoreError>((!is_equal).then_some(*index))
    })?;
    Ok(compared.into_iter().flatten().collect())
}

fn is_equal(asset: &Asset, etag: Option<&str>) -> Result<bool, StoreError> {
    let is_md5 = |etag: &&str| etag.trim_matches('"').len() == 32;
    let Some(etag) = etag.filter(is_md5).filter(|_| asset.size <= AT_ONCE) else {
        return Ok(false);
    };
    let mut md5 = md5::Md5::new();
    let sha256 = hashed(&asset.source(), |chunk| {
        md5.update(chunk);
        Ok(())
    })
    .map_err(|error| of_asset(error, asset))?;
    if sha256 != asset.sha256 {
        return Err(changed(asset));
    }
    Ok(same_etag(etag, &hex(&md5.finalize())))
}

pub(super) fn changed(asset: &Asset) -> StoreError {
    StoreError::Changed {
        path: asset.source().into_owned(),
    }
}

/// The bytes that were scanned and their MD5, or an error: what is sent is what the marker says.
async fn read(asset: &Asset) -> Result<(Vec<u8>, [u8; 16]), StoreError> {
    if asset.size <= READ_INLINE {
        return read_now(asset);
    }
    let asset = asset.clone();
    let read = spawn_blocking(move || read_now(&asset)).await;
    read.map_err(gone)?
}

fn read_now(asset: &Asset) -> Result<(Vec<u8>, [u8; 16]), StoreError> {
    let content = fs::read(asset.source()).map_err(|error| of_asset(error, asset))?;
    if Sha256::of(&content) != asset.sha256 {
        return Err(changed(asset));
    }
    let md5 = md5_of(&content);
    Ok((content, md5))
}
