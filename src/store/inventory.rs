//! Reads what the protocol says of the versions in a bucket.

use super::StoreResult;
use super::error::{FailedRequest, RequestError, RequestResult};
use super::objects::Objects;
use super::verify::read_json;
use crate::inventory::{Inventory, MetaContent, MetaNames, ReadRefs};
use crate::manifest::Marker;
use crate::prefix::MetaObject;
use crate::version::Version;
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use std::collections::BTreeMap;

/// How many small objects are read at once, if the store takes as many from one client.
const READS: usize = 128;

impl Objects {
    /// Lists the objects of the protocol and reads the markers, the tombstones and refs.
    pub(super) async fn inventory(
        &self,
        only: Option<&Version>,
        refs: ReadRefs,
    ) -> StoreResult<Inventory> {
        let folder = &self.url.folder;
        let at_once = READS.min(self.provider.highest_limit);
        let listed = self.list(&folder.meta_dir()).await?;
        let names = MetaNames::of(&listed, only);
        let read = names.to_read(refs).into_iter().map(|name| async {
            let content = self.read_listed(&name).await?;
            RequestResult::Ok(content.map(|json| {
                let content = MetaContent::of(&name, &json, refs);
                (name, content)
            }))
        });
        let contents = stream::iter(read).buffer_unordered(at_once);
        let contents: Vec<_> = contents.try_collect().await?;
        let contents = contents.into_iter().flatten().collect();
        let list = names.without_marker().into_iter().map(|version| async {
            let files = self.list(&folder.version(&version)).await?;
            RequestResult::Ok((version, files))
        });
        let files = stream::iter(list).buffer_unordered(at_once);
        let files: BTreeMap<_, _> = files.try_collect().await?;
        Ok(names.inventory(contents, &files))
    }

    /// Reads the marker of a version that is published.
    pub(super) async fn published_marker(&self, version: &Version) -> StoreResult<Marker> {
        let key = self.url.folder.meta(&MetaObject::Marker(version));
        let json = self.read(&key, None).await?;
        read_json(&key, &json)
    }

    /// `None` if a prune has deleted the object since it was listed.
    async fn read_listed(&self, name: &str) -> RequestResult<Option<Bytes>> {
        let key = self.url.folder.meta(&MetaObject::Named(name));
        match self.read(&key, None).await {
            Err(FailedRequest(RequestError::NotFound, _)) => Ok(None),
            content => content.map(Some),
        }
    }
}
