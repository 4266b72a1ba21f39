//! Reads what the protocol says of the versions in a directory.

use super::Directory;
use crate::fs::{files_below, if_exists, read_file};
use crate::inventory::{Inventory, MetaContent, MetaNames, ReadRefs};
use crate::manifest::Marker;
use crate::plan::{ListedObject, Listing};
use crate::prefix::MetaObject;
use crate::store::StoreResult;
use crate::store::verify::read_json;
use crate::version::Version;
use fs_err as fs;
use std::io;
use std::path::Path;

impl Directory {
    pub(in crate::store) fn inventory(
        &self,
        only: Option<&Version>,
        refs: ReadRefs,
    ) -> StoreResult<Inventory> {
        let listed = list(&self.path(&self.dir.meta_dir()))?;
        let names = MetaNames::of(&listed, only);
        let read = names.to_read(refs).into_iter().map(|name| {
            let content = if_exists(read_file(&self.meta_path(&MetaObject::Named(&name))))?;
            io::Result::Ok(content.map(|json| {
                let content = MetaContent::of(&name, &json, refs);
                (name, content)
            }))
        });
        let contents = read.collect::<io::Result<Vec<_>>>()?;
        let contents = contents.into_iter().flatten().collect();
        let files = names.without_marker().into_iter().map(|version| {
            let files = list(&self.path(&self.dir.version(&version)))?;
            io::Result::Ok((version, files))
        });
        let files = files.collect::<io::Result<_>>()?;
        Ok(names.inventory(contents, &files))
    }

    /// Reads the marker of a version that is published.
    pub(in crate::store) fn published_marker(&self, version: &Version) -> StoreResult<Marker> {
        let key = self.dir.meta(&MetaObject::Marker(version));
        let json = read_file(&self.path(&key))?;
        read_json(&key, &json)
    }
}

/// Lists the files under a directory, which need not exist. One that a prune deletes meanwhile is left out.
pub(super) fn list(dir: &Path) -> io::Result<Listing> {
    let paths = if_exists(files_below(dir))?.unwrap_or_default();
    let mut listing = Listing::new();
    for path in paths {
        let Some(metadata) = if_exists(fs::symlink_metadata(dir.join(&path)))? else {
            continue;
        };
        let object = ListedObject {
            size: metadata.len(),
            etag: None,
            modified: metadata.modified()?.into(),
        };
        listing.insert(path.to_string_lossy().into_owned(), object);
    }
    Ok(listing)
}
