//! Whole files and directories under the root of a store, which appear complete or not at all.

use super::Directory;
use crate::fs::ensure_is_file;
use crate::store::StoreError;
use crate::store::own_object::OwnObject;
use fs_err as fs;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

impl Directory {
    /// Creates a directory under the root. The root itself is never created: a volume that went away must not come
    /// back as an empty directory.
    pub(super) fn create_dir(&self, dir: &Path) -> Result<(), StoreError> {
        if !fs::metadata(&self.root).is_ok_and(|root| root.dev() == self.device) {
            return Err(StoreError::NoRoot(self.root.clone()));
        }
        let mut path = self.root.clone();
        for part in dir.strip_prefix(&self.root).unwrap_or(dir) {
            path.push(part);
            match fs::create_dir(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                created => created?,
            }
        }
        Ok(())
    }

    /// Writes a whole file under an unused name. Returns `false` if the name holds something else.
    pub(super) fn create(&self, own: &OwnObject) -> Result<bool, StoreError> {
        let path = self.path(&own.key);
        let dir = path.parent().unwrap_or(&self.root);
        self.create_dir(dir)?;
        let mut file = tempfile::Builder::new()
            .suffix(".json")
            .tempfile_in(self.staging_dir())?;
        file.write_all(&own.json)?;
        file.as_file().sync_all()?;
        match rename(file.path(), &path) {
            Ok(()) => fs::File::open(dir)?.sync_all()?,
            // NFS loses replies, so the file itself decides.
            Err(_) if read_if_exists(&path)?.is_some_and(|json| json == own.json) => {}
            Err(Errno::EXIST) => return Ok(false),
            Err(error) => return Err(self.rename_error(error)),
        }
        Ok(true)
    }

    pub(super) fn rename_error(&self, error: Errno) -> StoreError {
        match error {
            Errno::INVAL | Errno::NOSYS => StoreError::NoRename(self.root.clone()),
            error => io::Error::from(error).into(),
        }
    }
}

/// Renames without replacing.
pub(super) fn rename(from: &Path, to: &Path) -> Result<(), Errno> {
    renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)
}

pub(super) fn read_if_exists(path: &Path) -> io::Result<Option<Vec<u8>>> {
    ensure_is_file(path)?;
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        content => content.map(Some),
    }
}
