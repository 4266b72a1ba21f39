//! Staging: files and versions are made whole where nobody sees them, a version in a directory whose lock shows that
//! its run is alive.

use super::Directory;
use crate::fs::{create_dir_for_all, if_exists, read_file, remove_dir_if_exists};
use crate::interrupt::Interrupt;
use crate::manifest::Asset;
use crate::parallel::parallel;
use crate::prefix::{Key, MetaObject};
use crate::release::Release;
use crate::store::local_file::read_asset_chunks;
use crate::store::own_object::OwnObject;
use crate::store::{StoreError, StoreResult};
use crate::version::Version;
use fs_err as fs;
use rustix::fs::{CWD, FlockOperation, RenameFlags, flock, renameat_with, syncfs};
use rustix::io::Errno;
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::NamedTempFile;

/// Older leftovers are removed, unless a run holds their lock.
const LEFTOVER_AGE: Duration = Duration::from_hours(24);

/// How many random letters the name of a staged version ends with.
const RANDOM: usize = 16;

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
    /// Creates a directory under the root. The root itself is never created: a volume that went away must not come
    /// back as an empty directory.
    pub(super) fn create_dir(&self, dir: &Path) -> StoreResult {
        if !fs::metadata(&self.root).is_ok_and(|root| root.dev() == self.device) {
            return Err(StoreError::NoRoot(self.root.clone()));
        }
        let mut path = self.root.clone();
        for part in dir.strip_prefix(&self.root).unwrap_or(dir) {
            path.push(part);
            match fs::create_dir(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    if path.is_symlink() {
                        return Err(StoreError::LinkInStore(path));
                    }
                }
                created => created?,
            }
        }
        Ok(())
    }

    /// Writes and syncs a whole file that waits for its name.
    pub(super) fn staged_file(&self, content: &[u8]) -> io::Result<NamedTempFile> {
        let mut file = tempfile::Builder::new()
            .suffix(".json")
            .tempfile_in(self.meta_path(&MetaObject::Staging))?;
        file.write_all(content)?;
        file.as_file().sync_all()?;
        Ok(file)
    }

    /// Writes a whole file under an unused name. Returns `false` if the name holds something else.
    pub(in crate::store) fn create(&self, own: &OwnObject) -> StoreResult<bool> {
        let path = self.path(&own.key);
        let dir = path.parent().unwrap_or(&self.root);
        self.create_dir(dir)?;
        let file = self.staged_file(&own.json)?;
        match rename(file.path(), &path) {
            Ok(()) => fs::File::open(dir)?.sync_all()?,
            // NFS loses replies, so the file itself decides.
            Err(_) if if_exists(read_file(&path))?.is_some_and(|json| json == own.json) => {}
            Err(Errno::EXIST) => return Ok(false),
            Err(error) => return Err(self.rename_error(error)),
        }
        Ok(true)
    }

    /// Writes a whole file that everyone may read under an unused name. Returns `false` if the name holds the same.
    pub(in crate::store) fn create_public(&self, key: &Key, content: &[u8]) -> StoreResult<bool> {
        let path = self.path(key);
        let dir = path.parent().unwrap_or(&self.root);
        self.create_dir(&self.root)?;
        create_dir_for_all(dir)?;
        let file = self.staged_file(content)?;
        fs::set_permissions(file.path(), PermissionsExt::from_mode(0o644))?;
        match rename(file.path(), &path) {
            Ok(()) => Ok(true),
            Err(_) if if_exists(read_file(&path))?.is_some_and(|it| it == content) => Ok(false),
            Err(Errno::EXIST) => Err(StoreError::ReadBackMismatch(key.clone())),
            Err(error) => Err(self.rename_error(error)),
        }
    }

    /// Writes a whole file in place of what has the name.
    pub(in crate::store) fn replace(&self, own: &OwnObject) -> StoreResult {
        let path = self.path(&own.key);
        let dir = path.parent().unwrap_or(&self.root);
        self.create_dir(dir)?;
        let file = self.staged_file(&own.json)?;
        fs::rename(file.path(), &path)?;
        Ok(fs::File::open(dir)?.sync_all()?)
    }

    pub(super) fn rename_error(&self, error: Errno) -> StoreError {
        match error {
            Errno::INVAL | Errno::NOSYS => StoreError::NoRename(self.root.clone()),
            error => io::Error::from(error).into(),
        }
    }

    pub(in crate::store) fn prepare_staging(&self) -> StoreResult {
        let staging = self.meta_path(&MetaObject::Staging);
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
    ) -> StoreResult<StagedVersion> {
        let lock = tempfile::Builder::new()
            .prefix(&format!("{}.", release.version))
            .suffix(".lock")
            .rand_bytes(RANDOM)
            .tempfile_in(self.meta_path(&MetaObject::Staging))?;
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
fn stage_asset(asset: &Asset, dir: &Path) -> StoreResult {
    let path = dir.join(&*asset.path);
    create_dir_for_all(path.parent().unwrap_or(dir))?;
    let mut file = fs::File::create(&path)?;
    read_asset_chunks(asset, |chunk| file.write_all(chunk))?;
    Ok(fs::set_permissions(
        &path,
        PermissionsExt::from_mode(0o644),
    )?)
}

/// Removes what runs have left. Nothing else is touched.
fn remove_leftovers(staging: &Path) -> io::Result<()> {
    for entry in fs::read_dir(staging)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if let Some(staged) = name.strip_suffix(".lock") {
            if is_of_staged_version(staged) && is_leftover(&path) {
                let lock = fs::File::open(&path)?;
                if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok() {
                    remove_dir_if_exists(&staging.join(staged))?;
                    fs::remove_file(&path)?;
                }
            }
        } else if name.starts_with(".tmp") && name.ends_with(".json") && is_leftover(&path) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// `v1.0123456789abcdef` is the directory in which v1 was staged.
fn is_of_staged_version(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(version, random)| {
        let is_random =
            random.len() == RANDOM && random.bytes().all(|it| it.is_ascii_alphanumeric());
        is_random && version.parse::<Version>().is_ok()
    })
}

fn is_leftover(path: &Path) -> bool {
    let modified = fs::metadata(path).and_then(|metadata| metadata.modified());
    modified.is_ok_and(|modified| modified.elapsed().is_ok_and(|age| age > LEFTOVER_AGE))
}

/// Renames without replacing.
pub(super) fn rename(from: &Path, to: &Path) -> Result<(), Errno> {
    renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)
}
