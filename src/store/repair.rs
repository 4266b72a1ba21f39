//! Uploads missing files of a published version again, from files of this machine with the same bytes.

use super::objects::Objects;
use super::own_object::OwnObject;
use super::receipt::attributes_of_published;
use super::verify::refuse_deleting;
use super::{RunLabel, StoreError, StoreResult};
use crate::fs::read_file;
use crate::inventory::LocalCopy;
use crate::manifest::Marker;
use crate::prefix::{Key, MetaObject};
use crate::sha256::Sha256;
use crate::version::Version;
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::PutPayload;
use tokio::task::spawn_blocking;

/// How many files are in memory at once.
const UPLOADS: usize = 4;

impl Objects {
    /// Begins as a build does: a prune that sees the ref deletes nothing, and one that has begun is obeyed.
    pub(super) async fn repair(
        &self,
        version: &Version,
        marker: &Marker,
        files: Vec<LocalCopy>,
    ) -> StoreResult<usize> {
        let dir = &self.url.folder;
        let own_ref = OwnObject::ref_of(dir, version, marker.content, &RunLabel::of_repair())?;
        self.create_own(&own_ref).await?;
        self.refuse_pruned(version, &own_ref.key).await?;
        let uploads = files
            .into_iter()
            .map(|file| self.upload_again(version, file));
        let uploads = stream::iter(uploads).buffer_unordered(UPLOADS);
        let uploaded: Vec<bool> = uploads.try_collect().await?;
        Ok(uploaded.into_iter().filter(|it| *it).count())
    }

    /// Fails unless the version is published and no prune deletes it. `own` is an object that this run has put before: a
    /// prune that does not see it is seen.
    pub(super) async fn refuse_pruned(&self, version: &Version, own: &Key) -> StoreResult {
        let key = self.url.folder.meta(&MetaObject::Tombstone(version));
        if let Some(json) = self.read_meta(&key, None, own).await? {
            refuse_deleting(&key, &json)?;
        }
        let key = self.url.folder.meta(&MetaObject::Marker(version));
        match self.read_meta(&key, None, own).await? {
            Some(_) => Ok(()),
            None => Err(StoreError::BeingPruned),
        }
    }

    /// Returns `false` if something has the name: another repair may have been faster. The verification afterwards
    /// says what is there.
    async fn upload_again(&self, version: &Version, file: LocalCopy) -> StoreResult<bool> {
        let LocalCopy { file, source } = file;
        let path = source.clone();
        let content = spawn_blocking(move || read_file(&path)).await??;
        if Sha256::of(&content) != file.sha256 {
            return Err(StoreError::AssetChanged(source));
        }
        let key = self.url.folder.asset(version, &file.path);
        let attributes = attributes_of_published(&file);
        let created = self.create(&key, PutPayload::from(content), attributes);
        Ok(created.await?.is_some())
    }
}
