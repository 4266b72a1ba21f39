//! Saves a release in the image.

use super::super::Release;
use super::{FILES, MARKER, PREPARED, PreparedNothing, PreparedRelease, SCHEMA};
use crate::fs::{create_dir_for_all, remove_dir_if_exists, write_for_all};
use crate::manifest::canonical;
use crate::prefix::PublicUrl;
use derive_more::From;
use fs_err as fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

#[derive(Debug, From)]
pub(crate) enum SaveError {
    /// The directory holds files that no build has saved.
    Occupied(PathBuf),
    #[from]
    Io(io::Error),
}

impl Release {
    /// Saves all that the release phase needs to upload this release. `dir` then holds nothing else.
    pub(crate) fn save_for_release_phase(
        &self,
        dir: &Path,
        pinned: &PublicUrl,
        framework: &str,
    ) -> Result<(), SaveError> {
        remove_earlier_save(dir)?;
        create_dir_for_all(&dir.join(FILES))?;
        for asset in self.manifest.assets() {
            let copy = dir.join(FILES).join(&*asset.path);
            if let Some(parent) = copy.parent() {
                create_dir_for_all(parent)?;
            }
            // A copy and not a link: the app may write into its own file.
            fs::copy(asset.source(), &copy)?;
            fs::set_permissions(copy, PermissionsExt::from_mode(0o644))?;
        }
        write_for_all(&dir.join(MARKER), &self.marker)?;
        let prepared = canonical(&PreparedRelease {
            framework: framework.to_owned(),
            public_url: pinned.to_string(),
            schema: SCHEMA,
        });
        Ok(write_for_all(&dir.join(PREPARED), &prepared)?)
    }
}

/// Tells a release phase, which runs in any case, that it has nothing to upload.
pub(crate) fn save_nothing(dir: &Path) -> Result<(), SaveError> {
    remove_earlier_save(dir)?;
    let prepared = canonical(&PreparedNothing {
        kept: false,
        schema: SCHEMA,
    });
    Ok(write_for_all(&dir.join(PREPARED), &prepared)?)
}

/// Empties the directory if an earlier build has saved a release there. Refuses to remove anything else.
fn remove_earlier_save(dir: &Path) -> Result<(), SaveError> {
    let is_empty = match fs::read_dir(dir) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        Err(error) => return Err(error.into()),
    };
    if !is_empty && !dir.join(PREPARED).is_file() {
        return Err(SaveError::Occupied(dir.to_owned()));
    }
    remove_dir_if_exists(dir)?;
    Ok(create_dir_for_all(dir)?)
}
