//! A release on disk: the build saves it in the image, and the release phase reads and uploads it.
//!
//! One directory holds `prepared.json`, the marker of the store, and `files/`. Release phases of other versions of
//! this program read it: schema 1 is for ever.

mod read;

use super::Release;
use crate::fs::{
    create_dir_for_all, create_parent_for_all, if_exists, remove_dir_if_exists, write_for_all,
};
use crate::manifest::canonical;
use crate::prefix::PublicUrl;
use fs_err as fs;
pub(crate) use read::{Deferred, DeferredError, MalformedCause};
use serde::{Deserialize, Serialize};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

const SCHEMA: u32 = 1;
const PREPARED: &str = "prepared.json";
const MARKER: &str = "marker.json";
const FILES: &str = "files";

/// `prepared.json` of a saved release: what its marker doesn't hold.
#[derive(Serialize, Deserialize)]
struct PreparedRelease {
    framework: String,
    public_url: String,
    /// The salt of the digest, or an empty text. The first builds did not save it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    salt: Option<String>,
    schema: u32,
}

/// `prepared.json` of an image whose release phase has nothing to upload.
#[derive(PartialEq, Serialize, Deserialize)]
struct PreparedNothing {
    kept: bool,
    schema: u32,
}

#[derive(Debug, derive_more::From)]
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
        salt: Option<&str>,
    ) -> Result<(), SaveError> {
        remove_earlier_save(dir)?;
        create_dir_for_all(&dir.join(FILES))?;
        for asset in self.manifest.assets() {
            let copy = dir.join(FILES).join(&*asset.path);
            create_parent_for_all(&copy)?;
            // A copy and not a link: the app may write into its own file.
            fs::copy(asset.source(), &copy)?;
            fs::set_permissions(copy, PermissionsExt::from_mode(0o644))?;
        }
        write_for_all(&dir.join(MARKER), &self.marker)?;
        let prepared = canonical(&PreparedRelease {
            framework: framework.to_owned(),
            public_url: pinned.to_string(),
            salt: Some(salt.unwrap_or_default().to_owned()),
            schema: SCHEMA,
        });
        Ok(write_for_all(&dir.join(PREPARED), &prepared)?)
    }
}

/// Tells a release phase, which runs in any case, that it has nothing to upload.
pub(crate) fn save_nothing(dir: &Path) -> Result<(), SaveError> {
    remove_earlier_save(dir)?;
    let (kept, schema) = (false, SCHEMA);
    let prepared = canonical(&PreparedNothing { kept, schema });
    Ok(write_for_all(&dir.join(PREPARED), &prepared)?)
}

/// Empties the directory if an earlier build has saved a release there. Refuses to remove anything else.
fn remove_earlier_save(dir: &Path) -> Result<(), SaveError> {
    let mut entries = if_exists(fs::read_dir(dir))?.into_iter().flatten();
    if entries.next().is_some() && !dir.join(PREPARED).is_file() {
        return Err(SaveError::Occupied(dir.to_owned()));
    }
    remove_dir_if_exists(dir)?;
    Ok(create_dir_for_all(dir)?)
}
