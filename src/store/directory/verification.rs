//! Shows what a directory holds of the files of a version.

use super::Directory;
use crate::fs::if_exists;
use crate::inventory::{Comparison, StoredFile, Verification};
use crate::manifest::{MarkedFile, Marker};
use crate::parallel::parallel;
use crate::sha256::Sha256;
use crate::store::StoreResult;
use crate::version::Version;
use fs_err as fs;
use std::io;
use std::path::Path;

impl Directory {
    pub(in crate::store) fn verify(
        &self,
        version: &Version,
        marker: &Marker,
        comparison: Comparison,
    ) -> StoreResult<Verification> {
        let listing = self.list(&self.dir.version(version))?;
        let shown = parallel(&marker.files, |file| self.show(version, file, comparison))?;
        let shown = shown.into_iter().flatten().collect();
        Ok(Verification::of(version.clone(), marker, &shown, &listing))
    }

    /// `None` if there is no such file.
    fn show(
        &self,
        version: &Version,
        file: &MarkedFile,
        comparison: Comparison,
    ) -> io::Result<Option<(String, StoredFile)>> {
        let path = self.path(&self.dir.asset(version, &file.path));
        let mut stored = StoredFile {
            is_link: self.leads_out(&path)?,
            ..StoredFile::default()
        };
        if !stored.is_link {
            match if_exists(fs::symlink_metadata(&path))? {
                Some(metadata) if metadata.is_file() => stored.size = metadata.len(),
                _ => return Ok(None),
            }
            if comparison == Comparison::Read {
                stored.sha256 = Some(Sha256::of_file(&path, |_| Ok(()))?.to_string());
            }
        }
        Ok(Some((file.path.clone(), stored)))
    }

    /// Whether a path is a symbolic link below the root, or leads through one: no build makes any.
    pub(super) fn leads_out(&self, path: &Path) -> io::Result<bool> {
        for part in path.ancestors().take_while(|it| *it != self.root) {
            let metadata = if_exists(fs::symlink_metadata(part))?;
            if metadata.is_some_and(|it| it.is_symlink()) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
