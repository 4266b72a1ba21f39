//! Puts missing files of a published version back, from files with the same bytes.

use super::Directory;
use super::staging::rename;
use crate::fs::create_dir_for_all;
use crate::inventory::LocalCopy;
use crate::sha256::Sha256;
use crate::store::{StoreError, StoreResult};
use crate::version::Version;
use fs_err as fs;
use rustix::io::Errno;
use std::os::unix::fs::PermissionsExt;

impl Directory {
    pub(in crate::store) fn put_back(
        &self,
        version: &Version,
        files: &[LocalCopy],
    ) -> StoreResult<usize> {
        let mut uploaded = 0;
        for copy in files {
            let LocalCopy { file, source } = copy;
            let content = copy.read()?;
            if Sha256::of(&content) != file.sha256 {
                return Err(StoreError::AssetChanged(source.clone()));
            }
            let path = self.path(&self.dir.asset(version, &file.path));
            let folder = path.parent().unwrap_or(&self.root);
            if self.leads_out(folder)? {
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
}
