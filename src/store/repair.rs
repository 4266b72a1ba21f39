//! Uploads missing files of a published version again, from files of this machine with the same bytes.

use super::backend::Backend;
use super::objects::Objects;
use super::own_object::OwnObject;
use super::receipt::attributes_of_published;
use super::{RunLabel, StoreError, StoreResult};
use crate::inventory::LocalCopy;
use crate::manifest::Marker;
use crate::sha256::Sha256;
use crate::version::Version;
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::PutPayload;
use tokio::task::spawn_blocking;

/// How many files are in memory at once.
const UPLOADS: usize = 4;

impl Backend {
    /// Begins as a build does: a prune that sees the ref deletes nothing, and one that has begun is obeyed. Returns how
    /// many files were uploaded.
    pub(super) async fn repair(
        &self,
        version: &Version,
        marker: &Marker,
        files: Vec<LocalCopy>,
    ) -> StoreResult<usize> {
        let label = RunLabel::of_repair();
        let own_ref = OwnObject::ref_of(self.dir(), version, marker.content, &label)?;
        self.create(&own_ref).await?;
        self.refuse_pruned(version).await?;
        match self {
            Self::Bucket(objects) => objects.upload_again(version, files).await,
            Self::Directory(directory) => directory.put_back(version, &files),
        }
    }
}

impl Objects {
    async fn upload_again(&self, version: &Version, files: Vec<LocalCopy>) -> StoreResult<usize> {
        let uploads = files
            .into_iter()
            .map(|file| self.upload_file_again(version, file));
        let uploads = stream::iter(uploads).buffer_unordered(UPLOADS);
        let uploaded: Vec<bool> = uploads.try_collect().await?;
        Ok(uploaded.into_iter().filter(|it| *it).count())
    }

    /// Returns `false` if something has the name: another repair may have been faster. The verification afterwards
    /// says what is there.
    async fn upload_file_again(&self, version: &Version, file: LocalCopy) -> StoreResult<bool> {
        let copy = file.clone();
        let content = spawn_blocking(move || copy.read()).await??;
        let LocalCopy { file, source } = file;
        if Sha256::of(&content) != file.sha256 {
            return Err(StoreError::AssetChanged(source));
        }
        let key = self.url.folder.asset(version, &file.path);
        let attributes = attributes_of_published(&file);
        let created = self.create(&key, PutPayload::from(content), attributes);
        Ok(created.await?.is_some())
    }
}
