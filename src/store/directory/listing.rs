//! The files of a directory, as objects under a prefix.

use super::Directory;
use crate::fs::{files_below, if_exists, read_file};
use crate::plan::{ListedObject, Listing};
use crate::prefix::Key;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use fs_err as fs;
use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

/// In bytes. No object of the protocol is as large.
const LARGEST: u64 = 256 << 20;

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
                modified: time_of(metadata.modified()?),
            };
            listing.insert(path.to_string_lossy().into_owned(), object);
        }
        Ok(listing)
    }

    /// Reads an object of the protocol. What is no file, or too large to be one, has no content that could be read.
    pub(in crate::store) fn read(&self, key: &Key) -> io::Result<Option<Bytes>> {
        let path = self.path(key);
        let Some(metadata) = if_exists(fs::symlink_metadata(&path))? else {
            return Ok(None);
        };
        if !metadata.is_file() || metadata.len() > LARGEST {
            return Ok(Some(Bytes::new()));
        }
        Ok(if_exists(read_file(&path))?.map(Bytes::from))
    }
}

/// A file may have any time, also one that no date can show.
fn time_of(modified: SystemTime) -> DateTime<Utc> {
    const LATEST: i64 = 253_402_300_799;
    let seconds = match modified.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_secs()).unwrap_or(LATEST).min(LATEST),
        Err(_) => 0,
    };
    let nanos = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
    DateTime::from_timestamp(seconds, nanos.subsec_nanos()).unwrap_or_default()
}
