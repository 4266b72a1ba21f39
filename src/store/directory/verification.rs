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
        let shown = parallel(&marker.files, |file| show(file, &dir, comparison))?;
        let shown = shown.into_iter().flatten().collect();
        Ok(Verification::of(version.clone(), marker, &shown, &listing))
    }
}

/// `None` if there is no such file.
fn show(
    file: &MarkedFile,
    dir: &Path,
    comparison: Comparison,
) -> io::Result<Option<(String, StoredFile)>> {
    let path = dir.join(&file.path);
    let metadata = match if_exists(fs::metadata(&path))? {
        Some(metadata) if metadata.is_file() => metadata,
        _ => return Ok(None),
    };
    let sha256 = match comparison {
        Comparison::Head => None,
        Comparison::Read => Some(Sha256::of_file(&path, |_| Ok(()))?.to_string()),
    };
    let stored = StoredFile {
        size: metadata.len(),
        sha256,
        headers: None,
    };
    Ok(Some((file.path.clone(), stored)))
}
