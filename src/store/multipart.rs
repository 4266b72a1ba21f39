//! Uploads a large file of a digest version in parts, of which a few are in memory at a time.

use super::StoreResult;
use super::error::{FailedRequest, RequestError, RequestResult};
use super::local_file::{asset_changed, read_error, verify_hash};
use super::objects::ObjectState;
use super::protocol::Protocol;
use super::receipt::Md5Match;
use super::retry::{READ_BACKS, TRIES, pause, without_retry};
use super::upload::Listed;
use super::verify::foreign;
use crate::manifest::Asset;
use crate::prefix::{Key, PART};
use fs_err as fs;
use object_store::MultipartUpload;
use sha2::{Digest, Sha256};
use std::io::Read;
use std::mem::take;
use tokio::task::{JoinSet, spawn_blocking};

struct Part {
    content: Vec<u8>,
    /// Of all parts so far.
    hasher: Sha256,
    rest: fs::File,
}

impl Part {
    fn read_next(mut self) -> StoreResult<Self> {
        self.rest
            .by_ref()
            .take(PART)
            .read_to_end(&mut self.content)?;
        self.hasher.update(&self.content);
        Ok(self)
    }
}

impl Protocol {
    /// Uploads an asset in parts. `None` if that is not needed. The last request replaces what has the name: in a
    /// digest version only, that can be nothing but the same bytes.
    pub(super) async fn upload_in_parts(
        &self,
        asset: &Asset,
        listed: Listed,
    ) -> StoreResult<Option<Md5Match>> {
        let key = &self.key(asset);
        if listed == Listed::SameSize
            && let ObjectState::Equal = self.head(key, asset, None).await?
        {
            return Ok(None);
        }
        let action = self.objects.provider.create_action;
        let mut last_error = RequestError::temporary("the multipart upload was not completed");
        for _ in 0..READ_BACKS {
            let mut upload = self.objects.begin_multipart(key, asset).await?;
            if let Err(error) = self.send_parts(upload.as_mut(), asset, key).await {
                // Parts that stay are invisible, and the bucket's own rules delete them.
                let _ = upload.abort().await;
                return Err(error);
            }
            match without_retry(1, upload.complete()).await {
                Ok(_) => return Ok(Some(Md5Match::Unknown)),
                // A completion without an answer, or with a 200 that holds an error, may have happened.
                Err(error @ RequestError::Temporary { .. }) => last_error = error,
                Err(RequestError::NotFound | RequestError::NoAnswer(_)) => {}
                Err(error) => return Err(self.objects.failed(action, key, error).into()),
            }
            match self.read_back(key, asset).await? {
                ObjectState::Equal => return Ok(Some(Md5Match::Unknown)),
                ObjectState::Different => return Err(foreign(&self.release, &asset.path)),
                ObjectState::Absent => {}
            }
        }
        Err(self.objects.failed(action, key, last_error).into())
    }

    /// Finds out what a completion came to, which may still run. `Absent` if that takes a right that is missing.
    async fn read_back(&self, key: &Key, asset: &Asset) -> RequestResult<ObjectState> {
        for try_number in 1..=TRIES {
            match self.objects.head(key, asset, None).await {
                Ok(ObjectState::Absent) => pause(try_number, None).await,
                Err(FailedRequest(RequestError::Forbidden, _)) => break,
                state => return state,
            }
        }
        Ok(ObjectState::Absent)
    }

    async fn send_parts(
        &self,
        upload: &mut dyn MultipartUpload,
        asset: &Asset,
        key: &Key,
    ) -> StoreResult {
        let action = self.objects.provider.create_action;
        let failed = |error| self.objects.failed(action, key, error);
        let file = fs::File::open(asset.source());
        let mut part = Part {
            content: Vec::new(),
            hasher: Sha256::new(),
            rest: file.map_err(|error| read_error(error, asset))?,
        };
        let mut bytes_left = asset.size;
        let mut running = JoinSet::new();
        while bytes_left > 0 {
            let memory = self.reserve(PART).await?;
            part = spawn_blocking(move || part.read_next()).await??;
            bytes_left = match bytes_left.checked_sub(part.content.len() as u64) {
                Some(left) if !part.content.is_empty() => left,
                _ => return Err(asset_changed(asset)),
            };
            let sent = upload.put_part(take(&mut part.content).into());
            running.spawn(async move {
                let _memory = memory;
                without_retry(1, sent).await
            });
            while let Some(result) = running.try_join_next() {
                result?.map_err(failed)?;
            }
        }
        while let Some(result) = running.join_next().await {
            result?.map_err(failed)?;
        }
        let end = part.read_next()?;
        if !end.content.is_empty() {
            return Err(asset_changed(asset));
        }
        verify_hash(asset, end.hasher.into())
    }
}
