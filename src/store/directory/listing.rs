//! The files of a directory, as objects under a prefix.

use super::Directory;
use crate::fs::{files_below, if_exists, read_file};
use crate::plan::{ListedObject, Listing};
use crate::prefix::Key;
use bytes::Bytes;
use fs_err as fs;
use std::io;

impl Directory {
    /// Lists the files under a directory, which need not exist. One that a prune deletes meanwhile is left out, and so is
    /// what lies behind a symbolic link.
    pub(in crate::store) fn list(&self, dir: &Key) -> io::Result<Listing> {
        let dir = self.path(dir);
        if self.leads_out(&dir)? {
            return Ok(Listing::new());
        }
        let paths = if_exists(files_below(&dir))?.unwrap_or_default();
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

    pub(in crate::store) fn read(&self, key: &Key) -> io::Result<Option<Bytes>> {
        let content = if_exists(read_file(&self.path(key)))?;
        Ok(content.map(Bytes::from))
    }
}
