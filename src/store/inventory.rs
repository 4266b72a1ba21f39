//! Reads what the protocol says of the versions in a store.

use super::StoreResult;
use super::backend::Backend;
use crate::inventory::{Inventory, MetaContent, MetaNames, ReadRefs};
use crate::prefix::MetaObject;
use crate::version::Version;
use futures_util::{StreamExt, TryStreamExt, stream};
use std::collections::BTreeMap;

impl Backend {
    /// Lists the objects of the protocol and reads the markers, the tombstones and refs. What a prune deletes meanwhile is
    /// left out.
    pub(super) async fn inventory(
        &self,
        only: Option<&Version>,
        refs: ReadRefs,
    ) -> StoreResult<Inventory> {
        let folder = self.dir();
        let listed = self.list(&folder.meta_dir()).await?;
        let names = MetaNames::of(&listed, only);
        let read = names.to_read(refs).into_iter().map(|name| async {
            let content = self.read(&folder.meta(&MetaObject::Named(&name))).await?;
            StoreResult::Ok(content.map(|json| {
                let content = MetaContent::of(&name, &json, refs);
                (name, content)
            }))
        });
        let contents = stream::iter(read).buffer_unordered(self.at_once());
        let contents: Vec<_> = contents.try_collect().await?;
        let contents = contents.into_iter().flatten().collect();
        let list = names.without_marker().into_iter().map(|version| async {
            let files = self.list(&folder.version(&version)).await?;
            StoreResult::Ok((version, files))
        });
        let files = stream::iter(list).buffer_unordered(self.at_once());
        let files: BTreeMap<_, _> = files.try_collect().await?;
        Ok(names.inventory(contents, &files))
    }
}
