//! A release on disk: kept by the build that pinned it, for the release phase that uploads it.
//!
//! `prepared.json`, the marker as it will be in the store, and `files/` below one folder. Release phases of other
//! versions of this program read it: schema 1 is for ever.

use super::Release;
use crate::fs::{create_dir_for_all, read_file, remove_dir_if_exists, write_for_all};
use crate::manifest::{
    Asset, Manifest, MarkedFile, Marker, ScanError, ScanRules, UnreadableMarker, VersionKind,
    canonical, content_of,
};
use crate::prefix::{ParsePublicUrlError, PublicUrl, StoreUrl};
use crate::version::Version;
use bytes::Bytes;
use fs_err as fs;
use serde::{Deserialize, Serialize};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

const SCHEMA: u32 = 1;
const NOTE: &str = "prepared.json";
const MARKER: &str = "marker.json";
const FILES: &str = "files";

/// What the marker does not tell.
#[derive(Serialize, Deserialize)]
struct Note {
    framework: String,
    public_url: String,
    schema: u32,
}

/// Where there is nothing to keep.
#[derive(Serialize, Deserialize)]
struct Nothing {
    kept: bool,
    schema: u32,
}

/// A kept release; its files are not looked at yet.
#[derive(Debug)]
pub(crate) struct DeferredRelease {
    folder: PathBuf,
    /// The base of the URL that the build has pinned.
    pub(crate) pinned: PublicUrl,
    pub(crate) framework: String,
    pub(crate) version: Version,
    marker: Marker,
    json: Bytes,
}

#[derive(Debug)]
pub(crate) enum DeferredError {
    /// Nothing was kept there.
    Missing {
        folder: PathBuf,
    },
    /// Not as a build writes it.
    Malformed {
        file: PathBuf,
        cause: Malformed,
    },
    /// A kept file is not what the build has kept.
    Changed {
        path: String,
    },
    Scan(ScanError),
    Io(io::Error),
}

#[derive(Debug)]
pub(crate) enum Malformed {
    Json(serde_json::Error),
    Schema(u32),
    PublicUrl,
    Version,
}

impl From<io::Error> for DeferredError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<UnreadableMarker> for Malformed {
    fn from(error: UnreadableMarker) -> Self {
        match error {
            UnreadableMarker::NotJson(error) => Self::Json(error),
            UnreadableMarker::UnknownSchema(schema) => Self::Schema(schema),
        }
    }
}

/// What an image has for its release phase.
#[derive(Debug)]
pub(crate) enum Deferred {
    Release(Box<DeferredRelease>),
    /// The build has published by itself, or was told not to.
    Nothing,
}

#[derive(Debug)]
pub(crate) enum SaveError {
    /// A folder of that name is somebody else's.
    Occupied(PathBuf),
    Io(io::Error),
}

impl From<io::Error> for SaveError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Empties the folder of what an earlier build has kept, and of nothing else.
fn make_room(folder: &Path) -> Result<(), SaveError> {
    let is_empty = match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        Err(error) => return Err(error.into()),
    };
    if !is_empty && !folder.join(NOTE).is_file() {
        return Err(SaveError::Occupied(folder.to_owned()));
    }
    remove_dir_if_exists(folder)?;
    Ok(create_dir_for_all(folder)?)
}

/// For an image whose release phase is called, and has nothing to do.
pub(crate) fn save_nothing(folder: &Path) -> Result<(), SaveError> {
    make_room(folder)?;
    let note = canonical(&Nothing {
        kept: false,
        schema: SCHEMA,
    });
    Ok(write_for_all(&folder.join(NOTE), &note)?)
}

impl Release {
    /// Keeps all that a later upload needs. `folder` holds nothing else.
    pub(crate) fn keep(
        &self,
        folder: &Path,
        pinned: &PublicUrl,
        framework: &str,
    ) -> Result<(), SaveError> {
        make_room(folder)?;
        create_dir_for_all(&folder.join(FILES))?;
        for asset in self.manifest.assets() {
            let kept = folder.join(FILES).join(&*asset.path);
            if let Some(parent) = kept.parent() {
                create_dir_for_all(parent)?;
            }
            // Not linked: the app may write into its own.
            fs::copy(asset.source(), &kept)?;
            fs::set_permissions(kept, PermissionsExt::from_mode(0o644))?;
        }
        write_for_all(&folder.join(MARKER), &self.marker)?;
        let note = canonical(&Note {
            framework: framework.to_owned(),
            public_url: pinned.to_string(),
            schema: SCHEMA,
        });
        Ok(write_for_all(&folder.join(NOTE), &note)?)
    }
}

impl Deferred {
    pub(crate) fn read(folder: &Path) -> Result<Self, DeferredError> {
        let note = kept(folder, NOTE)?;
        match serde_json::from_slice(&note) {
            Ok(Nothing {
                kept: false,
                schema: SCHEMA,
            }) => Ok(Self::Nothing),
            _ => Ok(Self::Release(Box::new(DeferredRelease::of(folder, &note)?))),
        }
    }

    /// The base of the URL that the build has pinned.
    pub(crate) fn pinned(&self) -> Option<&PublicUrl> {
        match self {
            Self::Release(prepared) => Some(&prepared.pinned),
            Self::Nothing => None,
        }
    }
}

impl DeferredRelease {
    fn of(folder: &Path, note: &[u8]) -> Result<Self, DeferredError> {
        let malformed = |file: &str| {
            let file = folder.join(file);
            move |cause| DeferredError::Malformed { file, cause }
        };
        let note: Note = serde_json::from_slice(note)
            .map_err(Malformed::Json)
            .map_err(malformed(NOTE))?;
        if note.schema != SCHEMA {
            return Err(malformed(NOTE)(Malformed::Schema(note.schema)));
        }
        let json = Bytes::from(kept(folder, MARKER)?);
        let marker = Marker::of_json(&json)
            .map_err(Malformed::from)
            .map_err(malformed(MARKER))?;
        Ok(Self {
            pinned: note
                .public_url
                .parse()
                .map_err(|_: ParsePublicUrlError| Malformed::PublicUrl)
                .map_err(malformed(NOTE))?,
            version: marker
                .version
                .parse()
                .map_err(|_| malformed(MARKER)(Malformed::Version))?,
            folder: folder.to_owned(),
            framework: note.framework,
            marker,
            json,
        })
    }

    /// Hashes every file again: an image is pushed, pulled and extended between the build and this.
    pub(crate) fn release(
        self,
        public: &PublicUrl,
        store: &StoreUrl,
        rules: &ScanRules,
    ) -> Result<Release, DeferredError> {
        let rules = ScanRules {
            largest: match self.marker.kind {
                VersionKind::Digest => store.largest_file(),
                VersionKind::Explicit => store.largest_put(),
            },
            names: store.name_rules(&self.version),
            ..rules.clone()
        };
        let changed = |path: &str| DeferredError::Changed {
            path: path.to_owned(),
        };
        let is_digest = self.marker.kind == VersionKind::Digest;
        if is_digest && self.version != Version::of_digest(&self.marker.digest) {
            return Err(changed(MARKER));
        }
        let files = fs::canonicalize(self.folder.join(FILES))?;
        if let Some(other) = self.marker.files.iter().find(|file| {
            let path = files.join(&file.path);
            // Nor a link, which leads out of what the build has kept.
            !path.is_file() || fs::canonicalize(&path).ok() != Some(path)
        }) {
            return Err(changed(&other.path));
        }
        let manifest =
            Manifest::again(&self.marker.files, &files, &rules).map_err(DeferredError::Scan)?;
        let is_changed = |(asset, marked): &(&Asset, &MarkedFile)| {
            (asset.size, asset.sha256) != (marked.size, marked.sha256)
        };
        if let Some((asset, _)) = manifest
            .assets()
            .iter()
            .zip(&self.marker.files)
            .find(is_changed)
        {
            return Err(changed(&asset.path));
        }
        let content = content_of(&manifest);
        if content != self.marker.content {
            return Err(changed(MARKER));
        }
        Ok(Release {
            prefix: public.prefix(&self.version),
            version: self.version,
            kind: self.marker.kind,
            digest: self.marker.digest,
            content,
            manifest,
            marker: self.json,
        })
    }
}

fn kept(folder: &Path, file: &str) -> Result<Vec<u8>, DeferredError> {
    read_file(&folder.join(file)).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => DeferredError::Missing {
            folder: folder.to_owned(),
        },
        _ => DeferredError::Io(error),
    })
}
