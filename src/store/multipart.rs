//! A large file of a digest version, in parts that are in memory a few at a time.

use super::StoreError;
use super::error::{RequestError, request_error};
use super::local_file::of_asset;
use super::objects::{LOOKS, ObjectState, Proven};
use super::provider::Provider;
use super::retry::{TRIES, pause_after};
use super::transport::observed;
use super::upload::{Put, Upload, changed, gone};
use crate::manifest::Asset;
use crate::prefix::{Key, PART};
use crate::sha256::Sha256;
use fs_err as fs;
use object_store::{MultipartUpload, PutPayload};
use sha2::Digest;
use std::io::Read;
use tokio::task::{JoinError, JoinSet, spawn_blocking};

impl Upload {
    /// In a digest version only: the last request replaces what has the name, and only there that can be
    /// nothing but the same bytes.
    pub(super) async fn put_in_parts(
        &self,
        put: Put,
        asset: &Asset,
        key: &Key,
    ) -> Result<(), StoreError> {
        if let Put::Doubtful(_) = put
            && let ObjectState::Equal = self.head(key, asset, None).await?
        {
            self.needs_nothing(asset);
            return Ok(());
        }
        let mut cause = "the upload in parts did not end".to_owned();
        for _ in 0..LOOKS {
            let attributes = Provider::attributes_of(asset);
            let mut upload = self.objects.begin_parts(key, attributes).await?;
            if let Err(error) = self.send_parts(upload.as_mut(), asset, key).await {
                // What it leaves is invisible, and the bucket's own rules end it.
                let _ = upload.abort().await;
                return Err(error);
            }
            let (final_error, response) = observed(1, upload.complete()).await;
            let Err(error) = final_error else {
                self.count(asset, Proven::Unknown);
                return Ok(());
            };
            // An end without an answer, or with a 200 that holds an error, may have happened.
            match request_error(&error, response.as_ref(), &self.objects.url, key) {
                RequestError::Temporary(said) => cause = said,
                RequestError::NotFound => {}
                _ if response.is_none() => {}
                other => return Err(self.objects.put_failed(other, key)),
            }
            match self.look_until_there(key, asset).await? {
                ObjectState::Equal => {
                    self.count(asset, Proven::Unknown);
                    return Ok(());
                }
                ObjectState::Different => return Err(self.foreign(asset)),
                ObjectState::Absent => {}
            }
        }
        let tries = u32::try_from(LOOKS).unwrap_or_default();
        Err(StoreError::Temporary { cause, tries })
    }

    /// What an end of parts came to: it may still be under way. Who may not look can't tell, so sends it again.
    async fn look_until_there(&self, key: &Key, asset: &Asset) -> Result<ObjectState, StoreError> {
        for try_number in 1..=TRIES {
            match self.objects.head(key, asset, None).await {
                Ok(ObjectState::Absent) => tokio::time::sleep(pause_after(try_number, None)).await,
                Ok(there) => return Ok(there),
                Err(RequestError::Forbidden) => break,
                Err(request_error) => return Err(self.objects.get_failed(request_error, key)),
            }
        }
        Ok(ObjectState::Absent)
    }

    async fn send_parts(
        &self,
        upload: &mut dyn MultipartUpload,
        asset: &Asset,
        key: &Key,
    ) -> Result<(), StoreError> {
        let file = fs::File::open(asset.source());
        let mut file = file.map_err(|error| of_asset(error, asset))?;
        let mut hasher = sha2::Sha256::new();
        let mut left = asset.size;
        let mut running = JoinSet::new();
        while left > 0 {
            let share = self.share(PART).await?;
            let part = spawn_blocking(move || read_part(file, hasher)).await;
            let content;
            (file, hasher, content) = part.map_err(gone)??;
            left = match left.checked_sub(content.len() as u64) {
                Some(rest) if !content.is_empty() => rest,
                _ => return Err(changed(asset)),
            };
            let sent = upload.put_part(PutPayload::from(content));
            let (store, part_of) = (self.objects.url.clone(), key.clone());
            running.spawn(async move {
                let _share = share;
                let (final_error, response) = observed(1, sent).await;
                final_error
                    .map_err(|error| request_error(&error, response.as_ref(), &store, &part_of))
            });
            while let Some(final_error) = running.try_join_next() {
                self.part_ended(final_error, key)?;
            }
        }
        while let Some(final_error) = running.join_next().await {
            self.part_ended(final_error, key)?;
        }
        if read_part(file, sha2::Sha256::new())?.2.is_empty()
            && Sha256::from(hasher) == asset.sha256
        {
            Ok(())
        } else {
            Err(changed(asset))
        }
    }

    fn part_ended(
        &self,
        final_error: Result<Result<(), RequestError>, JoinError>,
        key: &Key,
    ) -> Result<(), StoreError> {
        match final_error {
            Ok(Ok(())) => Ok(()),
            Ok(Err(RequestError::Temporary(cause))) => Err(StoreError::Temporary {
                cause,
                tries: TRIES,
            }),
            Ok(Err(request_error)) => Err(self.objects.put_failed(request_error, key)),
            Err(error) => Err(gone(error)),
        }
    }
}

type Part = (fs::File, sha2::Sha256, Vec<u8>);

fn read_part(mut file: fs::File, mut hasher: sha2::Sha256) -> Result<Part, StoreError> {
    let mut content = Vec::new();
    file.by_ref().take(PART).read_to_end(&mut content)?;
    hasher.update(&content);
    Ok((file, hasher, content))
}
