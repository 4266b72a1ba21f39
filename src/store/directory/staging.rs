//! Staging: a version is made whole where nobody sees it, in a directory whose lock shows that its run is alive.

use super::Directory;
use crate::fs::{create_dir_for_all, remove_dir_if_exists};
use crate::interrupt::Interrupt;
use crate::manifest::Asset;
use crate::parallel::parallel;
use crate::release::Release;
use crate::store::StoreError;
use crate::store::local_file::read_asset_chunks;
use fs_err as fs;
use rustix::fs::{FlockOperation, flock, syncfs};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::NamedTempFile;

/// Older leftovers are removed, unless a run holds their lock.
const LEFTOVER_AGE: Duration = Duration::from_hours(24);

/// A version that is made. Dropping it removes what was not renamed into place.
pub(super) struct StagedVersion {
    pub(super) dir: PathBuf,
    /// Locked while the directory is in use.
    lock: NamedTempFile,
}

impl Drop for StagedVersion {
    fn drop(&mut self) {
        // A later run removes what can't be removed now, if the lock is left.
        let is_left = remove_dir_if_exists(&self.dir).is_err();
        self.lock.disable_cleanup(is_left);
    }
}

impl Directory {
    pub(super) fn prepare_staging(&self) -> Result<(), StoreError> {
        let staging = self.staging_dir();
        if !staging.is_dir() {
            self.create_dir(&staging)?;
            if let Some(meta) = staging.parent() {
                fs::set_permissions(meta, PermissionsExt::from_mode(0o700))?;
            }
        }
        // Another run may remove leftovers at the same time, and a later one will.
        let _ = remove_leftovers(&staging);
        Ok(())
    }

    pub(super) fn stage(
        &self,
        release: &Release,
        interrupt: &Interrupt,
    ) -> Result<StagedVersion, StoreError> {
        let lock = tempfile::Builder::new()
            .prefix(&format!("{}.", release.version))
            .suffix(".lock")
            .rand_bytes(16)
            .tempfile_in(self.staging_dir())?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(io::Error::from)?;
        let dir = lock.path().with_extension("");
        let staged = StagedVersion { dir, lock };
        create_dir_for_all(&staged.dir)?;
        parallel(release.manifest.assets(), |asset| {
            if interrupt.is_raised() {
                return Err(StoreError::Interrupted);
            }
            stage_asset(asset, &staged.dir)
        })?;
        // One call in place of a sync for each of thousands of files.
        syncfs(fs::File::open(&staged.dir)?).map_err(io::Error::from)?;
        Ok(staged)
    }
}

/// Every user may read the copy, whatever the umask is: a web server of another user serves it.
fn stage_asset(asset: &Asset, dir: &Path) -> Result<(), StoreError> {
    let path = dir.join(&*asset.path);
    create_dir_for_all(path.parent().unwrap_or(dir))?;
    let mut file = fs::File::create(&path)?;
    read_asset_chunks(asset, |chunk| file.write_all(chunk))?;
    fs::set_permissions(&path, PermissionsExt::from_mode(0o644))?;
    Ok(())
}

fn remove_leftovers(staging: &Path) -> io::Result<()> {
    for entry in fs::read_dir(staging)? {
        let path = entry?.path();
        let extension = path.extension().unwrap_or_default();
        if !is_leftover(&path) {
            continue;
        }
        if extension == "lock" {
            let lock = fs::File::open(&path)?;
            if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok() {
                remove_dir_if_exists(&path.with_extension(""))?;
                fs::remove_file(&path)?;
            }
        } else if extension == "json" {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

fn is_leftover(path: &Path) -> bool {
    let modified = fs::metadata(path).and_then(|metadata| metadata.modified());
    modified.is_ok_and(|modified| modified.elapsed().is_ok_and(|age| age > LEFTOVER_AGE))
}
