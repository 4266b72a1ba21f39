//! `file://`: a version is staged whole on the same file system, synced, and renamed into place.

use super::local_file::{hashed, of_asset};
use super::verify::{is_claim, verify_marker, verify_tombstone};
use super::{RunLabel, StoreError, own_ref};
use crate::fs::ensure_is_file;
use crate::fs::files_below;
use crate::interrupt::Interrupt;
use crate::manifest::{Asset, Claim};
use crate::parallel::parallel;
use crate::plan::{Conflict, ConflictWith, Summary};
use crate::prefix::{Folder, Key, MetaObject};
use crate::release::Release;
use crate::version::Version;
use bytes::Bytes;
use fs_err as fs;
use fs_err::os::unix::fs::OpenOptionsExt;
use rustix::fs::{CWD, FlockOperation, RenameFlags, flock, renameat_with, syncfs};
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// Staging folders that nobody holds are removed after this time.
const LEFTOVER_AGE: Duration = Duration::from_hours(24);

#[derive(Debug)]
pub(crate) struct Directory {
    root: PathBuf,
    /// Of the root's file system.
    device: u64,
    folder: Folder,
}

/// A staged version; removed when it did not make it.
struct Staged {
    folder: PathBuf,
    /// Held while the folder is in use.
    _lock: fs::File,
    lock_path: PathBuf,
}

impl Drop for Staged {
    fn drop(&mut self) {
        // What can't be removed now is removed by a later run, which goes by the lock.
        if !self.folder.exists() || fs::remove_dir_all(&self.folder).is_ok() {
            let _ = fs::remove_file(&self.lock_path);
        }
    }
}

impl Directory {
    /// The root must exist: a volume that is not mounted must not "succeed".
    pub(super) fn open(root: &Path) -> Result<Self, StoreError> {
        if !root.is_dir() {
            return Err(StoreError::NoRoot {
                root: root.to_owned(),
            });
        }
        Ok(Self {
            root: root.to_owned(),
            device: fs::metadata(root)?.dev(),
            folder: Folder::default(),
        })
    }

    pub(super) fn publish(
        &self,
        release: &Release,
        label: &RunLabel,
        interrupt: &Interrupt,
    ) -> Result<Summary, StoreError> {
        let start = Instant::now();
        self.prepare()?;
        self.announce(release, label)?;
        self.check_tombstone(release)?;
        let mut summary = Summary::default();
        // Somebody may have removed the folder by hand; then it is put again.
        let place = self.path(&self.folder.version(&release.version));
        if self.is_published(release)? && place.is_dir() {
            summary.unchanged = true;
            summary.present = release.manifest.assets().len();
        } else {
            self.claim(release)?;
            if self.place(release, interrupt)? {
                summary.put = release.manifest.assets().len();
                summary.put_bytes = release.manifest.bytes();
            } else {
                summary.present = release.manifest.assets().len();
            }
            self.commit(release)?;
        }
        summary.duration = start.elapsed();
        Ok(summary)
    }

    pub(super) fn marker(&self, version: &Version) -> Option<Bytes> {
        let key = self.folder.meta(&MetaObject::Marker(version));
        read_if_there(&self.path(&key))
            .ok()
            .flatten()
            .map(Bytes::from)
    }

    pub(super) fn dry_run(&self, release: &Release) -> Result<Summary, StoreError> {
        let place = self.path(&self.folder.version(&release.version));
        let assets = release.manifest.assets();
        let unchanged = self.is_published(release)?;
        if place.is_dir() {
            Self::compare(&place, release)?;
            return Ok(Summary {
                present: assets.len(),
                unchanged,
                ..Summary::default()
            });
        }
        Ok(Summary {
            put: assets.len(),
            put_bytes: release.manifest.bytes(),
            ..Summary::default()
        })
    }

    /// Without a slash at its end, which would follow a link.
    fn path(&self, key: &Key) -> PathBuf {
        self.root.join(key.as_str().trim_end_matches('/'))
    }

    fn meta(&self, object: &MetaObject<'_>) -> PathBuf {
        self.path(&self.folder.meta(object))
    }

    fn staging(&self) -> PathBuf {
        self.meta(&MetaObject::Staging)
    }

    fn prepare(&self) -> Result<(), StoreError> {
        let staging = self.staging();
        if !staging.is_dir() {
            self.make(&staging)?;
            if let Some(meta) = staging.parent() {
                fs::set_permissions(meta, std::fs::Permissions::from_mode(0o700))?;
            }
        }
        // Another build may be cleaning as well, and a later one will.
        let _ = Self::remove_leftovers(&staging);
        Ok(())
    }

    /// Makes folders below the root. The root itself is never made: a volume that went away must not come back as
    /// an empty folder.
    fn make(&self, folder: &Path) -> Result<(), StoreError> {
        let is_there = fs::metadata(&self.root).is_ok_and(|root| root.dev() == self.device);
        if !is_there {
            return Err(StoreError::NoRoot {
                root: self.root.clone(),
            });
        }
        let mut path = self.root.clone();
        for part in folder.strip_prefix(&self.root).unwrap_or(folder) {
            path.push(part);
            match fs::create_dir(&path) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(error.into());
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn remove_leftovers(staging: &Path) -> io::Result<()> {
        for entry in fs::read_dir(staging)? {
            let path = entry?.path();
            let extension = path.extension().unwrap_or_default().to_owned();
            if !is_older(&path, LEFTOVER_AGE) || !(extension == "lock" || extension == "json") {
                continue;
            }
            if extension == "json" {
                fs::remove_file(&path)?;
                continue;
            }
            let lock = fs::File::open(&path)?;
            if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok() {
                let folder = path.with_extension("");
                if folder.exists() {
                    fs::remove_dir_all(&folder)?;
                }
                fs::remove_file(&path)?;
            }
        }
        Ok(())
    }

    fn announce(&self, release: &Release, label: &RunLabel) -> Result<(), StoreError> {
        let (json, random) = own_ref(release, label)?;
        let path = self.meta(&MetaObject::Ref {
            version: &release.version,
            group: &label.group,
            random: &random,
        });
        self.create(&path, &json).map(drop)
    }

    fn check_tombstone(&self, release: &Release) -> Result<(), StoreError> {
        let key = self.folder.meta(&MetaObject::Tombstone(&release.version));
        let Some(json) = read_if_there(&self.path(&key))? else {
            return Ok(());
        };
        verify_tombstone(release, &key, &json)
    }

    fn is_published(&self, release: &Release) -> Result<bool, StoreError> {
        let key = self.folder.meta(&MetaObject::Marker(&release.version));
        let Some(json) = read_if_there(&self.path(&key))? else {
            return Ok(false);
        };
        verify_marker(release, &key, &json).map(|()| true)
    }

    fn claim(&self, release: &Release) -> Result<(), StoreError> {
        if !release.is_explicit() {
            return Ok(());
        }
        let version = &release.version;
        self.refuse_other_claims(release)?;
        let path = self.meta(&MetaObject::Claim {
            version,
            content: &release.content.to_string(),
        });
        self.create(&path, &Claim::json(version, release.content))?;
        self.refuse_other_claims(release)
    }

    fn refuse_other_claims(&self, release: &Release) -> Result<(), StoreError> {
        let ours = format!("{}.json", release.content);
        let claims = self.meta(&MetaObject::Claims(&release.version));
        match fs::read_dir(claims) {
            Ok(entries) => {
                for entry in entries {
                    let name = entry?.file_name();
                    if name != *ours && is_claim(&name.to_string_lossy()) {
                        return Err(Conflict::new(release, ConflictWith::Claimed).into());
                    }
                }
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Stages and renames; `false` where the same version stood there without a marker.
    fn place(&self, release: &Release, interrupt: &Interrupt) -> Result<bool, StoreError> {
        let place = self.path(&self.folder.version(&release.version));
        if place.is_dir() {
            return Self::compare(&place, release).map(|()| false);
        }
        if place.symlink_metadata().is_ok() {
            // A file, or a link that leads nowhere.
            let path = String::new();
            return Err(Conflict::new(release, ConflictWith::Foreign { path }).into());
        }
        let staged = self.stage(release, interrupt)?;
        // One call in place of a sync for each of thousands of files.
        syncfs(fs::File::open(&staged.folder)?).map_err(io::Error::from)?;
        match renameat_with(CWD, &staged.folder, CWD, &place, RenameFlags::NOREPLACE) {
            Ok(()) => {}
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {
                return Err(StoreError::NoRename {
                    root: self.root.clone(),
                });
            }
            // NFS loses replies: what is there decides.
            Err(_) if place.exists() => Self::compare(&place, release)?,
            Err(error) => return Err(io::Error::from(error).into()),
        }
        fs::File::open(&self.root)?.sync_all()?;
        Ok(true)
    }

    fn stage(&self, release: &Release, interrupt: &Interrupt) -> Result<Staged, StoreError> {
        let random = getrandom::u64().map_err(|error| io::Error::other(error.to_string()))?;
        let name = format!("{}.{random:016x}", release.version);
        let folder = self.staging().join(&name);
        let lock_path = self.staging().join(format!("{name}.lock"));
        let lock = fs::File::create(&lock_path)?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(io::Error::from)?;
        let staged = Staged {
            folder,
            _lock: lock,
            lock_path,
        };
        for folder in folders_of(release.manifest.assets()) {
            let folder = staged.folder.join(folder);
            fs::create_dir(&folder)?;
            // Whatever the umask: a web server under another user reads them.
            fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755))?;
        }
        parallel(release.manifest.assets(), |asset| {
            if interrupt.is_raised() {
                return Err(StoreError::Interrupted);
            }
            stage_asset(asset, &staged.folder)
        })?;
        Ok(staged)
    }

    /// Refuses a folder of the version that holds anything but the version.
    fn compare(place: &Path, release: &Release) -> Result<(), StoreError> {
        let foreign = |path: &str| {
            let path = path.to_owned();
            Err(Conflict::new(release, ConflictWith::Foreign { path }).into())
        };
        for path in files_below(place)? {
            let path = path.to_string_lossy();
            if !release.manifest.holds(&path) {
                return foreign(&path);
            }
        }
        for asset in release.manifest.assets() {
            match hashed(&place.join(&*asset.path), |_| Ok(())) {
                Ok(there) if there == asset.sha256 => {}
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
                _ => return foreign(&asset.path),
            }
        }
        Ok(())
    }

    fn commit(&self, release: &Release) -> Result<(), StoreError> {
        let key = self.folder.meta(&MetaObject::Marker(&release.version));
        if self.create(&self.path(&key), &release.marker)? || self.is_published(release)? {
            Ok(())
        } else {
            Err(StoreError::ReadBackMismatch { key })
        }
    }

    /// Writes a whole file under a name that nothing has; `false` where something had it.
    fn create(&self, path: &Path, content: &[u8]) -> Result<bool, StoreError> {
        let folder = path.parent().unwrap_or(&self.root);
        self.make(folder)?;
        let random = getrandom::u64().map_err(|error| io::Error::other(error.to_string()))?;
        let unfinished = self.staging().join(format!("{random:016x}.json"));
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&unfinished)?;
        file.write_all(content)?;
        file.sync_all()?;
        let renamed = renameat_with(CWD, &unfinished, CWD, path, RenameFlags::NOREPLACE);
        if renamed.is_err() {
            // Gone already where only the answer was an error: NFS loses replies.
            let _ = fs::remove_file(&unfinished);
        }
        match renamed {
            Err(_) if read_if_there(path)?.is_some_and(|there| there == content) => Ok(true),
            Ok(()) => {
                fs::File::open(folder)?.sync_all()?;
                Ok(true)
            }
            Err(rustix::io::Errno::EXIST) => Ok(false),
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => Err(StoreError::NoRename {
                root: self.root.clone(),
            }),
            Err(error) => Err(io::Error::from(error).into()),
        }
    }
}

fn stage_asset(asset: &Asset, folder: &Path) -> Result<(), StoreError> {
    let path = folder.join(&*asset.path);
    let mut file = fs::File::create(&path)?;
    let copied = hashed(&asset.source(), |chunk| file.write_all(chunk));
    let copied = copied.map_err(|error| of_asset(error, asset))?;
    if copied != asset.sha256 {
        return Err(StoreError::Changed {
            path: asset.source().into_owned(),
        });
    }
    fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644))?;
    Ok(())
}

/// The folders of a version, outer ones first; the first is its own.
fn folders_of(assets: &[Asset]) -> BTreeSet<&Path> {
    let mut folders = BTreeSet::from([Path::new("")]);
    for asset in assets {
        folders.extend(Path::new(&*asset.path).ancestors().skip(1));
    }
    folders
}

fn read_if_there(path: &Path) -> io::Result<Option<Vec<u8>>> {
    ensure_is_file(path)?;
    match fs::read(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_older(path: &Path, age: Duration) -> bool {
    fs::metadata(path)
        .and_then(|metadata| metadata.modified())
        .ok()
        .and_then(|modified| SystemTime::now().duration_since(modified).ok())
        .is_some_and(|since| since > age)
}
