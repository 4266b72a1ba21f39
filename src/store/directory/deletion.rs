//! Deletes files of a directory, and the directories that this leaves empty.

use super::Directory;
use crate::fs::{if_exists, remove_empty_dirs, remove_file_if_exists};
use crate::prefix::Key;
use crate::version::Version;
use fs_err as fs;
use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;

impl Directory {
    /// Removes the directories of a version that hold no file.
    pub(in crate::store) fn sweep(&self, version: &Version) -> io::Result<()> {
        let dir = self.path(&self.dir.version(version));
        if self.leads_out(&dir)? {
            return Ok(());
        }
        if_exists(remove_empty_dirs(&dir)).map(drop)
    }

    /// A file that does not exist counts as deleted. A path through a symbolic link is no file of the store, and stays.
    pub(in crate::store) fn delete(&self, keys: &[Key]) -> io::Result<()> {
        let mut parents = BTreeSet::new();
        for key in keys {
            let path = self.path(key);
            let parent = path.parent().unwrap_or(&self.root);
            if self.leads_out(parent)? {
                continue;
            }
            remove_file_if_exists(&path)?;
            parents.insert(parent.to_owned());
        }
        // The deepest come first.
        for parent in parents.into_iter().rev() {
            self.remove_empty(parent)?;
        }
        Ok(())
    }

    /// Syncs a directory, or removes it if it is empty, with those above that are empty then. The protocol's own
    /// directories stay: a build may have made one for the file that it is about to put there.
    fn remove_empty(&self, mut dir: PathBuf) -> io::Result<()> {
        let meta = self.path(&self.dir.meta_dir());
        while dir != self.root && !dir.starts_with(&meta) && fs::remove_dir(&dir).is_ok() {
            dir.pop();
        }
        if_exists(fs::File::open(&dir))?.map_or(Ok(()), |dir| dir.sync_all())
    }
}
