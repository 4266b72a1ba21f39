//! Reads what the protocol says of the versions in a store.

use super::StoreResult;
use super::backend::Backend;
use crate::inventory::{Inventory, MetaContent, MetaNames, ReadRefs};
use crate::plan::Listing;
use crate::prefix::{Key, MetaObject};
use crate::version::Version;
use futures_util::future::try_join_all;
use futures_util::stream::FuturesUnordered;
use futures_util::{StreamExt, TryStreamExt, stream};
use std::collections::{BTreeMap, VecDeque};

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
        let read = parts
            .into_iter()
            .map(|part| async move { self.read_part(&part, only, refs).await });
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
        // A server that does not know the delimiter lists everything.
        if listed.keys().any(|name| name.contains('/')) {
            return Ok((Listing::new(), vec![top]));
        }
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

    /// Lists a part and reads what is needed of it. An object is read as soon as it is known that it is needed, while the next
    /// page is still listed.
    async fn read_part(
        &self,
        part: &Key,
        only: Option<&Version>,
        refs: ReadRefs,
    ) -> StoreResult<(Listing, Contents)> {
        let start = self.name_of_meta(part);
        let (mut listed, mut held) = (Listing::new(), Held::default());
        let mut pages = self.pages(part);
        let mut reading = FuturesUnordered::new();
        let mut to_read = VecDeque::new();
        let mut contents = Contents::new();
        let mut is_listed = false;
        while !(is_listed && to_read.is_empty() && reading.is_empty()) {
            while reading.len() < self.at_once()
                && let Some(name) = to_read.pop_front()
            {
                reading.push(self.read_named(name, refs));
            }
            tokio::select! {
                page = pages.try_next(), if !is_listed => {
                    let page = page?.map(|page| named(&start, page));
                    is_listed = page.is_none();
                    let known = match page {
                        Some(page) => {
                            listed.extend(page.clone());
                            held.take(page, refs)
                        }
                        None => held.rest(),
                    };
                    to_read.extend(MetaNames::of(&known, only).to_read(refs));
                }
                Some(content) = reading.next(), if !reading.is_empty() => {
                    contents.extend(content?);
                }
            }
        }
        Ok((listed, contents))
    }

    async fn read_named(
        &self,
        name: String,
        refs: ReadRefs,
    ) -> StoreResult<Option<(String, MetaContent)>> {
        let content = self
            .read(&self.dir().meta(&MetaObject::Named(&name)))
            .await?;
        Ok(content.map(|json| {
            let content = MetaContent::of(&name, &json, refs);
            (name, content)
        }))
    }
}

fn named(start: &str, page: Listing) -> Listing {
    let names = page.into_iter();
    names
        .map(|(rest, object)| (format!("{start}{rest}"), object))
        .collect()
}

/// Objects of which it is not known yet whether they are read: of a version's refs, only the newest is.
#[derive(Default)]
struct Held {
    objects: Listing,
    /// Whether the pages come in the order of the names. Then the refs of a version are known once the next one's come.
    is_unordered: bool,
}

impl Held {
    /// Returns the objects of which it is known.
    fn take(&mut self, page: Listing, refs: ReadRefs) -> Listing {
        if refs != ReadRefs::Newest {
            return page;
        }
        let last = self.objects.last_key_value().map(|(name, _)| name);
        let first = page.first_key_value().map(|(name, _)| name);
        self.is_unordered |= first < last;
        self.objects.extend(page);
        if self.is_unordered {
            return Listing::new();
        }
        let last = self.objects.last_key_value();
        let of_last = last.map(|(name, _)| dir_of_version(name).to_owned());
        let held = self.objects.split_off(&of_last.unwrap_or_default());
        std::mem::replace(&mut self.objects, held)
    }

    fn rest(&mut self) -> Listing {
        std::mem::take(&mut self.objects)
    }
}

/// `refs/v1/` of `refs/v1/default/1.json`.
fn dir_of_version(name: &str) -> &str {
    let mut slashes = name.match_indices('/').map(|(at, _)| at);
    slashes.nth(1).map_or(name, |end| &name[..=end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::ListedObject;
    use chrono::DateTime;

    fn page(names: &[&str]) -> Listing {
        let object = ListedObject {
            size: 1,
            etag: None,
            modified: DateTime::UNIX_EPOCH,
        };
        let names = names.iter();
        names
            .map(|name| ((*name).to_owned(), object.clone()))
            .collect()
    }

    fn names(listing: &Listing) -> Vec<&str> {
        listing.keys().map(String::as_str).collect()
    }

    #[test]
    fn the_refs_of_a_version_are_known_once_the_next_one_comes() {
        let mut held = Held::default();
        let known = held.take(page(&["refs/v1/a/1", "refs/v1/b/1"]), ReadRefs::Newest);
        assert_eq!(names(&known), [""; 0]);
        let known = held.take(page(&["refs/v1/b/2", "refs/v2/a/1"]), ReadRefs::Newest);
        assert_eq!(names(&known), ["refs/v1/a/1", "refs/v1/b/1", "refs/v1/b/2"]);
        assert_eq!(names(&held.rest()), ["refs/v2/a/1"]);
    }

    #[test]
    fn nothing_is_known_early_of_pages_without_order() {
        let mut held = Held::default();
        held.take(page(&["refs/v2/a/1", "refs/v3/a/1"]), ReadRefs::Newest);
        let known = held.take(page(&["refs/v1/a/1", "refs/v3/a/2"]), ReadRefs::Newest);
        assert_eq!(names(&known), [""; 0]);
        assert_eq!(held.rest().len(), 3);
    }
}
