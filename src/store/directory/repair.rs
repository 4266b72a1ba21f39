//! Puts missing files of a published version back, from files with the same bytes.

use super::Directory;
use super::staging::rename;
use crate::fs::{create_dir_for_all, if_exists, read_file};
use crate::inventory::LocalCopy;
use crate::manifest::Marker;
use crate::prefix::MetaObject;
use crate::sha256::Sha256;
use crate::store::own_object::OwnObject;
use crate::store::verify::refuse_deleting;
use crate::store::{RunLabel, StoreError, StoreResult};
use crate::version::Version;
use fs_err as fs;
use rustix::io::Errno;
use std::os::unix::fs::PermissionsExt;

impl Directory {
    pub(in crate::store) fn repair(
        &self,
        version: &Version,
        marker: &Marker,
        files: &[LocalCopy],
    ) -> StoreResult<usize> {
        self.prepare_staging()?;
        let label = RunLabel::of_repair();
        self.create(&OwnObject::ref_of(
            &self.dir,
            version,
            marker.content,
            &label,
        )?)?;
        self.refuse_pruned(version)?;
        let mut uploaded = 0;
        for LocalCopy { file, source } in files {
            let content = read_file(source)?;
            if Sha256::of(&content) != file.sha256 {
                return Err(StoreError::AssetChanged(source.clone()));
            }
            let path = self.path(&self.dir.asset(version, &file.path));
            let folder = path.parent().unwrap_or(&self.root);
            if self.leads_out(version, folder)? {
                continue;
            }
            self.create_dir(&self.root)?;
            create_dir_for_all(folder)?;
            let staged = self.staged_file(&content)?;
            fs::set_permissions(staged.path(), PermissionsExt::from_mode(0o644))?;
            match rename(staged.path(), &path) {
                Ok(()) => uploaded += 1,
                // Another repair may have been faster; the verification afterwards says what is there.
                Err(Errno::EXIST) => {}
                Err(error) => return Err(self.rename_error(error)),
            }
            fs::File::open(folder)?.sync_all()?;
        }
        Ok(uploaded)
    }

    /// Fails unless the version is published and no prune deletes it.
    pub(super) fn refuse_pruned(&self, version: &Version) -> StoreResult {
        let key = self.dir.meta(&MetaObject::Tombstone(version));
        if let Some(json) = if_exists(read_file(&self.path(&key)))? {
            refuse_deleting(&key, &json)?;
        }
        match self.marker(version) {
            Some(_) => Ok(()),
            None => Err(StoreError::BeingPruned),
        }
    }
}
