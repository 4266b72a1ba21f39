//! Shows what a directory holds of the files of a version.

use super::Directory;
use super::inventory::list;
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
        let dir = self.path(&self.dir.version(version));
        let listing = list(&dir)?;
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
            is_link: self.leads_out(version, &path)?,
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

    /// Whether a path of a version is a symbolic link, or leads through one: no build makes any.
    pub(super) fn leads_out(&self, version: &Version, path: &Path) -> io::Result<bool> {
        let version_dir = self.path(&self.dir.version(version));
        for part in path
            .ancestors()
            .take_while(|it| it.starts_with(&version_dir))
        {
            let metadata = if_exists(fs::symlink_metadata(part))?;
            if metadata.is_some_and(|it| it.is_symlink()) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
