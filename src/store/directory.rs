//! The publish protocol on a directory, `file://`: a version is staged whole on the same file system, synced, and
//! renamed into place. Nothing in here is async.

mod deletion;
mod listing;
mod repair;
mod staging;
mod verification;

use super::own_object::OwnObject;
use super::verify::{foreign, is_claim, verify_marker, verify_tombstone};
use super::{RunLabel, StoreError, StoreResult};
use crate::fs::{files_below, if_exists, read_file, remove_empty_dirs};
use crate::interrupt::Interrupt;
use crate::plan::{Conflict, ConflictWith, Summary};
use crate::prefix::{Folder, Key, MetaObject};
use crate::release::Release;
use crate::sha256::Sha256;
use crate::version::Version;
use bytes::Bytes;
use fs_err as fs;
use staging::rename;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

#[derive(Debug)]
pub(crate) struct Directory {
    root: PathBuf,
    /// The number of the root's file system.
    device: u64,
    dir: Folder,
}

impl Directory {
    /// Fails if the root does not exist: a volume that is not mounted must not look like success.
    pub(super) fn open(root: &Path) -> StoreResult<Self> {
        let root = root.to_owned();
        if !root.is_dir() {
            return Err(StoreError::NoRoot(root));
        }
        refuse_links(&root.join(Folder::default().meta_dir().as_str()))?;
        Ok(Self {
            device: fs::metadata(&root)?.dev(),
            root,
            dir: Folder::default(),
        })
    }

    pub(super) fn publish(
        &self,
        release: &Release,
        label: &RunLabel,
        interrupt: &Interrupt,
    ) -> StoreResult<Summary> {
        let start = Instant::now();
        self.prepare_staging()?;
        self.create(&OwnObject::new_ref(&self.dir, release, label)?)?;
        let tombstone = MetaObject::Tombstone(&release.version);
        self.verify_object(release, &tombstone, verify_tombstone)?;
        let mut summary = Summary::of_unchanged(release);
        // A directory that somebody removed by hand is made again.
        if !self.is_published(release)? || !self.version_dir(release).is_dir() {
            if release.is_explicit() {
                self.verify_claims(release)?;
                self.refuse_foreign(release)?;
                self.create(&OwnObject::claim(&self.dir, release))?;
                self.verify_claims(release)?;
            }
            summary = self.place(release, interrupt)?;
            self.commit(release)?;
        }
        summary.duration = start.elapsed();
        Ok(summary)
    }

    pub(super) fn dry_run(&self, release: &Release) -> StoreResult<Summary> {
        let mut summary = Summary::of(release, 0, 0);
        summary.unchanged = self.is_published(release)?;
        let version_dir = self.version_dir(release);
        if !version_dir.is_dir() {
            return Ok(everything_uploaded(release));
        }
        compare(&version_dir, release).map(|()| summary)
    }

    pub(super) fn marker(&self, version: &Version) -> Option<Bytes> {
        let marker = self.meta_path(&MetaObject::Marker(version));
        if_exists(read_file(&marker)).ok()?.map(Bytes::from)
    }

    pub(super) fn dir(&self) -> &Folder {
        &self.dir
    }

    /// Without a slash at its end, which would follow a link.
    fn path(&self, key: &Key) -> PathBuf {
        self.root.join(key.as_str().trim_end_matches('/'))
    }

    fn meta_path(&self, object: &MetaObject<'_>) -> PathBuf {
        self.path(&self.dir.meta(object))
    }

    fn version_dir(&self, release: &Release) -> PathBuf {
        self.path(&self.dir.version(&release.version))
    }

    /// Reads an object of the protocol and verifies it. Returns whether it exists.
    fn verify_object(
        &self,
        release: &Release,
        object: &MetaObject<'_>,
        verify: fn(&Release, &Key, &[u8]) -> StoreResult,
    ) -> StoreResult<bool> {
        let key = self.dir.meta(object);
        let json = if_exists(read_file(&self.path(&key)))?;
        let verified = json.map(|json| verify(release, &key, &json)).transpose()?;
        Ok(verified.is_some())
    }

    fn is_published(&self, release: &Release) -> StoreResult<bool> {
        let marker = MetaObject::Marker(&release.version);
        self.verify_object(release, &marker, verify_marker)
    }

    /// Fails if other content has a claim on the version.
    fn verify_claims(&self, release: &Release) -> StoreResult {
        let ours = format!("{}.json", release.content);
        let claims = self.meta_path(&MetaObject::Claims(&release.version));
        let names = if_exists(files_below(&claims))?.unwrap_or_default();
        let mut names = names.iter().map(|name| name.to_string_lossy());
        if names.any(|name| is_claim(&name) && name != ours) {
            return Err(Conflict::new(release, ConflictWith::Claimed).into());
        }
        Ok(())
    }

    /// Fails if the directory of a version that this content has no claim on holds anything else. A claim says that all of it
    /// is of a build: a prune deletes it then.
    fn refuse_foreign(&self, release: &Release) -> StoreResult {
        let (version, content) = (&release.version, &release.content.to_string());
        let claim = MetaObject::Claim { version, content };
        let version_dir = self.version_dir(release);
        if self.meta_path(&claim).exists() || !version_dir.is_dir() {
            return Ok(());
        }
        if files_below(&version_dir)?.is_empty() {
            return Ok(());
        }
        compare(&version_dir, release)
    }

    /// Stages a version and renames it into place, unless the same version exists without a marker.
    fn place(&self, release: &Release, interrupt: &Interrupt) -> StoreResult<Summary> {
        let version_dir = self.version_dir(release);
        // A prune that was killed may have left directories without files.
        if version_dir.is_dir() && files_below(&version_dir)?.is_empty() {
            remove_empty_dirs(&version_dir)?;
        }
        if version_dir.is_dir() {
            return compare(&version_dir, release).map(|()| Summary::of(release, 0, 0));
        }
        if version_dir.symlink_metadata().is_ok() {
            // A file, or a link that leads nowhere.
            return Err(foreign(release, ""));
        }
        let staged = self.stage(release, interrupt)?;
        match rename(&staged.dir, &version_dir) {
            Ok(()) => {}
            // NFS loses replies, so the directory itself decides.
            Err(_) if version_dir.exists() => compare(&version_dir, release)?,
            Err(error) => return Err(self.rename_error(error)),
        }
        fs::File::open(&self.root)?.sync_all()?;
        Ok(everything_uploaded(release))
    }

    fn commit(&self, release: &Release) -> StoreResult {
        let marker = OwnObject::marker(&self.dir, release);
        if !self.create(&marker)? && !self.is_published(release)? {
            return Err(StoreError::ReadBackMismatch(marker.key));
        }
        Ok(())
    }
}

/// Fails if one of the protocol's own directories is a symbolic link. What is behind it would be written by builds, and not
/// seen by prunes.
fn refuse_links(meta: &Path) -> StoreResult {
    const DIRS: [&str; 8] = [
        "",
        "versions",
        "claims",
        "refs",
        "pins",
        "tombstones",
        "leases",
        "staging",
    ];
    for dir in DIRS {
        let path = meta.join(dir);
        // Without a slash at its end, which would follow the link.
        let path = path.components().collect::<PathBuf>();
        if path.is_symlink() {
            return Err(StoreError::LinkInStore(path));
        }
    }
    Ok(())
}

/// Fails if the directory of a version holds anything but the version.
fn compare(version_dir: &Path, release: &Release) -> StoreResult {
    let paths = files_below(version_dir)?;
    let mut paths = paths.iter().map(|path| path.to_string_lossy());
    if let Some(path) = paths.find(|path| !release.manifest.holds(path)) {
        return Err(foreign(release, &path));
    }
    for asset in release.manifest.assets() {
        match Sha256::of_file(&version_dir.join(&*asset.path), |_| Ok(())) {
            Ok(hash) if hash == asset.sha256 => {}
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => return Err(foreign(release, &asset.path)),
        }
    }
    Ok(())
}

fn everything_uploaded(release: &Release) -> Summary {
    Summary::of(
        release,
        release.manifest.assets().len(),
        release.manifest.bytes(),
    )
}
