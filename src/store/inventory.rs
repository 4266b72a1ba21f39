//! Reads what the protocol says of the versions in a store.

use super::StoreResult;
use super::backend::Backend;
use crate::inventory::{Inventory, MetaContent, MetaNames, ReadRefs};
use crate::plan::Listing;
use crate::prefix::{Key, MetaObject};
use crate::version::Version;
use futures_util::future::try_join_all;
use futures_util::{StreamExt, TryStreamExt, stream};
use std::collections::BTreeMap;

/// What is read, by the names of the objects.
type Contents = Vec<(String, MetaContent)>;

impl Backend {
    /// Lists the objects of the protocol and reads the markers, the tombstones and refs. What a prune deletes meanwhile is
    /// left out. The markers are read while the refs, which are many, are still listed.
    pub(super) async fn inventory(
        &self,
        only: Option<&Version>,
        refs: ReadRefs,
    ) -> StoreResult<Inventory> {
        let (mut listed, parts) = self.parts_of_meta(only).await?;
        let read = parts.into_iter().map(|part| async move {
            let found = self.list(&part).await?;
            let start = self.name_of_meta(&part);
            let found: Listing = found
                .into_iter()
                .map(|(rest, object)| (format!("{start}{rest}"), object))
                .collect();
            let names = MetaNames::of(&found, only);
            let contents = self.read_all(names.to_read(refs), refs).await?;
            StoreResult::Ok((found, contents))
        });
        let mut contents = BTreeMap::new();
        for (found, read) in try_join_all(read).await? {
            listed.extend(found);
            contents.extend(read);
        }
        let names = MetaNames::of(&listed, only);
        let list = names.without_marker().into_iter().map(|version| async {
            let files = self.list(&self.dir().version(&version)).await?;
            StoreResult::Ok((version, files))
        });
        let files = stream::iter(list).buffer_unordered(self.at_once());
        let files: BTreeMap<_, _> = files.try_collect().await?;
        Ok(names.inventory(contents, &files))
    }

    /// The parts of the protocol's directory that are listed at the same time, and the objects beside them.
    async fn parts_of_meta(&self, only: Option<&Version>) -> StoreResult<(Listing, Vec<Key>)> {
        let (dir, top) = (self.dir(), self.dir().meta_dir());
        let objects = match (self, only) {
            (Self::Directory(_), _) => return Ok((Listing::new(), vec![top])),
            (Self::Bucket(_), Some(version)) => {
                // Not whole names: some clients leave out what has the very name that is asked for.
                let names = ["versions", "tombstones"].map(|it| format!("{it}/{version}"));
                let names = names.iter().map(|name| MetaObject::Named(name));
                let dirs = [
                    MetaObject::Claims(version),
                    MetaObject::Refs(version),
                    MetaObject::Pins(version),
                ];
                let parts = names.chain(dirs).map(|part| dir.meta(&part));
                return Ok((Listing::new(), parts.collect()));
            }
            (Self::Bucket(objects), None) => objects,
        };
        let (listed, dirs) = objects.list_top(&top).await?;
        let parts = dirs
            .iter()
            .map(|name| format!("{}/", name.trim_end_matches('/')));
        let parts = parts.map(|name| dir.meta(&MetaObject::Named(&name)));
        Ok((listed, parts.collect()))
    }

    /// The name of one of the protocol's objects under its directory.
    fn name_of_meta(&self, key: &Key) -> String {
        let dir = self.dir().meta_dir();
        let name = key.as_str().strip_prefix(dir.as_str());
        name.unwrap_or_default().to_owned()
    }

    async fn read_all(&self, names: Vec<String>, refs: ReadRefs) -> StoreResult<Contents> {
        let read = names.into_iter().map(|name| async move {
            let content = self
                .read(&self.dir().meta(&MetaObject::Named(&name)))
                .await?;
            StoreResult::Ok(content.map(|json| {
                let content = MetaContent::of(&name, &json, refs);
                (name, content)
            }))
        });
        let contents = stream::iter(read).buffer_unordered(self.at_once());
        let contents: Vec<_> = contents.try_collect().await?;
        Ok(contents.into_iter().flatten().collect())
    }
}
