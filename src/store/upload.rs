//! Uploads the missing files of a release, as many at a time as the store takes, in bounded memory.

use super::error::{FailedRequest, RequestError};
use super::local_file::{read_asset, read_asset_chunks};
use super::objects::ObjectState;
use super::protocol::{BYTES_IN_FLIGHT, Protocol};
use super::receipt::{Md5Hash, Md5Match, attributes_of, compare_md5, is_etag_of};
use super::retry::{READ_BACKS, pause};
use super::verify::foreign;
use super::{StoreError, StoreResult};
use crate::manifest::Asset;
use crate::parallel::parallel;
use crate::plan::Plan;
use crate::prefix::Key;
use crate::release::Release;
use md5::{Digest, Md5};
use object_store::PutPayload;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::{JoinSet, spawn_blocking};

/// A larger file of a digest version is uploaded in parts.
const LARGEST_AT_ONCE: u64 = 16 << 20;
/// A file up to this size is in the page cache, where the scan left it.
const LARGEST_INLINE: u64 = 256 << 10;

/// What the listing shows under the name of an asset.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Listed {
    Absent,
    SameSize,
}

impl Protocol {
    /// Uploads what a plan names; compares existing objects meanwhile.
    pub(super) async fn upload_plan(self: &Arc<Self>, plan: Plan) -> StoreResult {
        let Plan { missing, present } = plan;
        let release = self.release.clone();
        let unproven = spawn_blocking(move || find_unproven(&release, &present));
        self.upload_all(missing, Listed::Absent).await?;
        self.upload_all(unproven.await??, Listed::SameSize).await
    }

    /// Uploads assets, by their index.
    async fn upload_all(self: &Arc<Self>, indices: Vec<usize>, listed: Listed) -> StoreResult {
        let assets = self.release.manifest.assets();
        self.progress.with(|progress| {
            progress.of_files += indices.len();
            let sizes = indices.iter().map(|index| assets[*index].size);
            progress.of_bytes += sizes.sum::<u64>();
        });
        let mut waiting = indices.into_iter();
        let mut running = JoinSet::new();
        loop {
            while running.len() < self.objects.limiter.limit() {
                let Some(index) = waiting.next() else { break };
                running.spawn(self.clone().upload(index, listed));
            }
            // The first error drops the set, which ends the other uploads.
            match running.join_next().await {
                Some(result) => result??,
                None => return Ok(()),
            }
        }
    }

    async fn upload(self: Arc<Self>, index: usize, listed: Listed) -> StoreResult {
        let asset = &self.release.manifest.assets()[index];
        let proof = if asset.size > LARGEST_AT_ONCE && !self.release.is_explicit() {
            self.upload_in_parts(asset, listed).await?
        } else {
            self.upload_at_once(asset, listed).await?
        };
        if proof == Some(Md5Match::Unknown) {
            self.is_unproven.store(true, Ordering::Relaxed);
        }
        self.progress.with(|progress| {
            if proof.is_some() {
                progress.files += 1;
                progress.bytes += asset.size;
            } else {
                progress.of_files -= 1;
                progress.of_bytes -= asset.size;
            }
        });
        Ok(())
    }

    /// Uploads an asset. `None` if that is not needed. An object of the same name decides: an equal one is fine, an
    /// absent one is uploaded again, a different one belongs to somebody else.
    async fn upload_at_once(&self, asset: &Asset, listed: Listed) -> StoreResult<Option<Md5Match>> {
        let key = self.key(asset);
        let _memory = self.reserve(asset.size).await?;
        let (content, md5) = if asset.size <= LARGEST_INLINE {
            read_asset(asset)?
        } else {
            let asset = asset.clone();
            spawn_blocking(move || read_asset(&asset)).await??
        };
        let payload = PutPayload::from(content);
        if listed == Listed::SameSize
            && let ObjectState::Equal = self.head(&key, asset, Some(md5)).await?
        {
            return Ok(None);
        }
        for _ in 0..READ_BACKS {
            let (payload, attributes) = (payload.clone(), attributes_of(asset));
            if let Some(result) = self.objects.create(&key, payload, attributes).await? {
                return match compare_md5(&result, md5) {
                    Md5Match::Different => Err(StoreError::ReadBackMismatch(key)),
                    proof => Ok(Some(proof)),
                };
            }
            match self.head(&key, asset, Some(md5)).await? {
                ObjectState::Equal => return Ok(None),
                ObjectState::Different => return Err(foreign(&self.release, &asset.path)),
                ObjectState::Absent => pause(1, None).await,
            }
        }
        Err(StoreError::ReadBackMismatch(key))
    }

    pub(super) fn key(&self, asset: &Asset) -> Key {
        let dir = &self.objects.url.folder;
        dir.asset(&self.release.version, &asset.path)
    }

    pub(super) async fn reserve(&self, bytes: u64) -> StoreResult<OwnedSemaphorePermit> {
        let bytes = u32::try_from(bytes).map_or(BYTES_IN_FLIGHT, |it| it.min(BYTES_IN_FLIGHT));
        Ok(self.memory.clone().acquire_many_owned(bytes).await?)
    }

    pub(super) async fn head(
        &self,
        key: &Key,
        asset: &Asset,
        md5: Option<Md5Hash>,
    ) -> StoreResult<ObjectState> {
        match self.objects.head(key, asset, md5).await {
            // The least rights let nobody head the assets of a digest version. Its names decide their content.
            Err(FailedRequest(RequestError::Forbidden, _)) if !self.release.is_explicit() => {
                Ok(ObjectState::Equal)
            }
            state => Ok(state?),
        }
    }
}

/// Finds those existing objects whose `ETag` does not prove them equal.
fn find_unproven(
    release: &Release,
    present: &[(usize, Option<String>)],
) -> StoreResult<Vec<usize>> {
    let compared = parallel(present, |(index, etag)| {
        let is_equal = is_proven_equal(&release.manifest.assets()[*index], etag.as_deref())?;
        Ok::<_, StoreError>((!is_equal).then_some(*index))
    })?;
    Ok(compared.into_iter().flatten().collect())
}

fn is_proven_equal(asset: &Asset, etag: Option<&str>) -> StoreResult<bool> {
    let is_md5 = |etag: &&str| etag.trim_matches('"').len() == 32;
    let Some(etag) = etag
        .filter(is_md5)
        .filter(|_| asset.size <= LARGEST_AT_ONCE)
    else {
        return Ok(false);
    };
    let mut md5 = Md5::new();
    read_asset_chunks(asset, |chunk| {
        md5.update(chunk);
        Ok(())
    })?;
    Ok(is_etag_of(etag, md5.finalize().into()))
}
