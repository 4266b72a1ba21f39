//! A large file of a digest version, in parts that are in memory a few at a time.

use super::StoreError;
use super::dialect::Dialect;
use super::files::of_asset;
use super::objects::{LOOKS, Proven, There};
use super::reject::{Rejection, rejection};
use super::settle::{TRIES, pause_after};
use super::transport::observed;
use super::upload::{Put, Upload, changed, gone};
use crate::manifest::{Asset, Sha256};
use crate::prefix::{Key, PART};
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
            && let There::Equal = self.look(key, asset, None).await?
        {
            self.needs_nothing(asset);
            return Ok(());
        }
        let mut cause = "the upload in parts did not end".to_owned();
        for _ in 0..LOOKS {
            let attributes = Dialect::attributes_of(asset);
            let mut upload = self.objects.begin_parts(key, attributes).await?;
            if let Err(error) = self.send_parts(upload.as_mut(), asset, key).await {
                // What it leaves is invisible, and the bucket's own rules end it.
                let _ = upload.abort().await;
                return Err(error);
            }
            let (ended, refusal) = observed(1, upload.complete()).await;
            let Err(error) = ended else {
                self.count(asset, Proven::Unknown);
                return Ok(());
            };
            // An end without an answer, or with a 200 that holds an error, may have happened.
            match rejection(&error, refusal.as_ref(), &self.objects.url, key) {
                Rejection::Temporary(said) => cause = said,
                Rejection::NotFound => {}
                _ if refusal.is_none() => {}
                other => return Err(self.objects.put_ended(other, key)),
            }
            match self.look_until_there(key, asset).await? {
                There::Equal => {
                    self.count(asset, Proven::Unknown);
                    return Ok(());
                }
                There::Different => return Err(self.foreign(asset)),
                There::Nothing => {}
            }
        }
        let tries = u32::try_from(LOOKS).unwrap_or_default();
        Err(StoreError::Temporary { cause, tries })
    }

    /// What an end of parts came to: it may still be under way. Who may not look can't tell, so sends it again.
    async fn look_until_there(&self, key: &Key, asset: &Asset) -> Result<There, StoreError> {
        for try_number in 1..=TRIES {
            match self.objects.look(key, asset, None).await {
                Ok(There::Nothing) => tokio::time::sleep(pause_after(try_number, None)).await,
                Ok(there) => return Ok(there),
                Err(Rejection::Forbidden) => break,
                Err(rejection) => return Err(self.objects.get_ended(rejection, key)),
            }
        }
        Ok(There::Nothing)
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
                let (ended, refusal) = observed(1, sent).await;
                ended.map_err(|error| rejection(&error, refusal.as_ref(), &store, &part_of))
            });
            while let Some(ended) = running.try_join_next() {
                self.part_ended(ended, key)?;
            }
        }
        while let Some(ended) = running.join_next().await {
            self.part_ended(ended, key)?;
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
        ended: Result<Result<(), Rejection>, JoinError>,
        key: &Key,
    ) -> Result<(), StoreError> {
        match ended {
            Ok(Ok(())) => Ok(()),
            Ok(Err(Rejection::Temporary(cause))) => Err(StoreError::Temporary {
                cause,
                tries: TRIES,
            }),
            Ok(Err(rejection)) => Err(self.objects.put_ended(rejection, key)),
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
