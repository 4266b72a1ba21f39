//! Reads a saved release, and verifies that its files are still those of the build.

use super::super::Release;
use super::{FILES, MARKER, PREPARED, PreparedNothing, PreparedRelease, SCHEMA};
use crate::fs::read_file;
use crate::interrupt::Interrupt;
use crate::manifest::{
    CACHE_CONTROL, GZIP, Manifest, Marker, ScanError, ScanRules, UnreadableMarker, VersionKind,
    content_of, of_json,
};
use crate::prefix::{PublicUrl, StoreUrl};
use crate::version::Version;
use bytes::Bytes;
use derive_more::From;
use fs_err as fs;
use std::io;
use std::path::{Path, PathBuf};

/// What a build has saved for the release phase.
#[derive(Debug)]
pub(crate) enum Deferred {
    Release(Box<DeferredRelease>),
    /// The build has uploaded by itself, or publishing was off.
    Nothing,
}

/// A saved release whose files are not verified yet.
#[derive(Debug)]
pub(crate) struct DeferredRelease {
    folder: PathBuf,
    /// The public URL that the build has pinned.
    pub(crate) pinned: PublicUrl,
    pub(crate) framework: String,
    pub(crate) version: Version,
    /// `None` if the build did not save it, so that the digest can't be computed again.
    salt: Option<String>,
    marker: Marker,
    json: Bytes,
}

#[derive(Debug, From)]
pub(crate) enum DeferredError {
    /// Nothing was saved there.
    Missing(PathBuf),
    /// No build writes such a file.
    Malformed(PathBuf, MalformedCause),
    /// A file differs from the one that the build has saved.
    Changed(String),
    /// Files of a directory have no headers that would say how they are encoded.
    CompressedForDirectory,
    #[from]
    Scan(ScanError),
    #[from]
    Io(io::Error),
}

#[derive(Debug, From)]
pub(crate) enum MalformedCause {
    #[from]
    Unreadable(UnreadableMarker),
    PublicUrl,
    Version,
    /// The files of another version of this program, in this encoding.
    Encoding(String),
}

impl Deferred {
    pub(crate) fn read(dir: &Path) -> Result<Self, DeferredError> {
        let prepared = read_saved(dir, PREPARED)?;
        let (kept, schema) = (false, SCHEMA);
        if serde_json::from_slice(&prepared).ok() == Some(PreparedNothing { kept, schema }) {
            return Ok(Self::Nothing);
        }
        DeferredRelease::read(dir, &prepared).map(|saved| Self::Release(Box::new(saved)))
    }

    /// The public URL that the build has pinned.
    pub(crate) fn pinned(&self) -> Option<&PublicUrl> {
        match self {
            Self::Release(release) => Some(&release.pinned),
            Self::Nothing => None,
        }
    }
}

impl DeferredRelease {
    fn read(dir: &Path, prepared: &[u8]) -> Result<Self, DeferredError> {
        let malformed = |file, cause| DeferredError::Malformed(dir.join(file), cause);
        let prepared = of_json::<PreparedRelease>(prepared);
        let prepared = prepared.map_err(|error| malformed(PREPARED, error.into()))?;
        let json = Bytes::from(read_saved(dir, MARKER)?);
        let marker: Marker = of_json(&json).map_err(|error| malformed(MARKER, error.into()))?;
        let pinned = prepared.public_url.parse();
        let version = marker.version.parse();
        Ok(Self {
            folder: dir.to_owned(),
            pinned: pinned.map_err(|_| malformed(PREPARED, MalformedCause::PublicUrl))?,
            framework: prepared.framework,
            salt: prepared.salt,
            version: version.map_err(|_| malformed(MARKER, MalformedCause::Version))?,
            marker,
            json,
        })
    }

    /// Hashes every file again: between the build and this, an image is pushed, pulled and extended.
    pub(crate) fn release(
        self,
        public: &PublicUrl,
        store: &StoreUrl,
        rules: &ScanRules,
        interrupt: &Interrupt,
    ) -> Result<Release, DeferredError> {
        let (marker, version) = (self.marker, self.version);
        let changed = |path: &str| Err(DeferredError::Changed(path.to_owned()));
        if marker.kind == VersionKind::Digest && version != Version::of_digest(&marker.digest) {
            return changed(MARKER);
        }
        let mut encodings = marker.files.iter().filter_map(|it| it.encoding.as_deref());
        if let Some(unknown) = encodings.find(|encoding| *encoding != GZIP) {
            let cause = MalformedCause::Encoding(unknown.to_owned());
            return Err(DeferredError::Malformed(self.folder.join(MARKER), cause));
        }
        let is_compressed = marker.files.iter().any(|file| file.encoding.is_some());
        if is_compressed && matches!(store, StoreUrl::File(_)) {
            return Err(DeferredError::CompressedForDirectory);
        }
        let dir = fs::canonicalize(self.folder.join(FILES))?;
        for file in &marker.files {
            let path = dir.join(&file.path);
            // A link leads to a file that the build has not saved.
            if !path.is_file() || fs::canonicalize(&path).ok() != Some(path) {
                return changed(&file.path);
            }
        }
        let rules = rules.for_store(store, &version, marker.kind);
        let manifest = Manifest::rescan(&marker.files, &dir, rules, interrupt)?;
        for (asset, marked) in manifest.assets().iter().zip(&marker.files) {
            if (asset.size, asset.sha256) != (marked.size, marked.sha256) {
                return changed(&asset.path);
            }
            let cache = marked.cache.as_deref();
            if asset.encoding() != marked.encoding.as_deref() || cache != Some(CACHE_CONTROL) {
                return changed(MARKER);
            }
        }
        let salt = self.salt.as_deref();
        let digest = salt.map(|salt| manifest.digest(Some(salt).filter(|salt| !salt.is_empty())));
        // The digest also covers the headers.
        if content_of(&manifest) != marker.content || digest.is_some_and(|it| it != marker.digest) {
            return changed(MARKER);
        }
        Ok(Release {
            prefix: public.prefix(&version),
            version,
            kind: marker.kind,
            digest: marker.digest,
            content: marker.content,
            manifest,
            marker: self.json,
        })
    }
}

fn read_saved(dir: &Path, file: &str) -> Result<Vec<u8>, DeferredError> {
    read_file(&dir.join(file)).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => DeferredError::Missing(dir.to_owned()),
        _ => error.into(),
    })
}
