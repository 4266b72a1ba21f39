//! The files of a release: scanned, checked against the safety rules, hashed, and named by their content. The JSON
//! that is stored of them is defined here and is for ever. No module here knows a store or a framework.

mod app_secrets;
mod compress;
mod digest;
mod marker;
mod media_type;
mod placeholder;
mod rules;
mod safety;
mod scan;
mod tokens;
mod walk;

pub(crate) use app_secrets::AppSecrets;
pub(crate) use compress::{CompressError, Saving};
pub(crate) use digest::{canonical, content_of};
pub(crate) use marker::{
    MarkedFile, Marker, Ref, StoredPin, StoredRef, TOOL, Tombstone, TombstoneState,
    UnreadableMarker, VersionKind, claim_json, lease_json, of_json, pin_json, tombstone_json,
};
pub(crate) use placeholder::{PlaceholderError, holds_placeholder, replaced};
pub(crate) use rules::{Allowed, Empty, ParseAllowedError, ScanRules, SourceMaps};
pub(crate) use safety::{RefusedFile, Violation};
pub(crate) use scan::{ScanError, Scanned};

use crate::fs::lies_in;
use crate::sha256::Sha256;
use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Files of a version never change.
pub(crate) const CACHE_CONTROL: &str = "public, max-age=31536000, immutable";

/// The only encoding in which files are stored: every browser and every CDN knows it.
pub(crate) const GZIP: &str = "gzip";

/// The directories to publish, as the framework's compile left them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Assets {
    pub(crate) roots: Vec<AssetRoot>,
}

/// A directory, and its path under the version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AssetRoot {
    /// Empty, or ends with `/`.
    pub(crate) mount: String,
    pub(crate) folder: PathBuf,
}

impl From<&Path> for Assets {
    fn from(dir: &Path) -> Self {
        let (mount, folder) = (String::new(), dir.to_owned());
        let roots = vec![AssetRoot { mount, folder }];
        Self { roots }
    }
}

impl Assets {
    /// Whether `dir` is in one of the directories.
    pub(crate) fn contain_dir(&self, dir: &Path) -> bool {
        (self.roots.iter()).any(|root| lies_in(dir, &root.folder))
    }

    /// The compiled file that is published as `path`.
    pub(crate) fn compiled(&self, path: &str) -> Option<PathBuf> {
        let under = |root: &AssetRoot| Some(root.folder.join(path.strip_prefix(&root.mount)?));
        self.roots.iter().find_map(under)
    }
}

/// One file to publish. It is small, because some apps have a hundred thousand files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asset {
    /// Relative to the version, separated by `/`.
    pub(crate) path: Box<str>,
    source: AssetSource,
    pub(crate) size: u64,
    pub(crate) sha256: Sha256,
    pub(crate) content_type: &'static str,
    /// The hash of the file with the placeholder in it, if the file holds its own URL.
    pub(crate) template: Option<Box<Sha256>>,
    /// The file as browsers see it, if it is stored gzip-encoded.
    pub(crate) plain: Option<Box<Plain>>,
}

/// A file before it was compressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plain {
    pub(crate) size: u64,
    pub(crate) sha256: Sha256,
}

/// Where a file is on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
enum AssetSource {
    /// Under this directory, by the path of the asset.
    Under(Arc<AssetRoot>),
    At(Box<Path>),
}

impl AssetSource {
    fn of(&self, path: &str) -> Cow<'_, Path> {
        match self {
            Self::Under(root) => root.folder.join(&path[root.mount.len()..]).into(),
            Self::At(path) => (&**path).into(),
        }
    }
}

impl Asset {
    pub(crate) fn source(&self) -> Cow<'_, Path> {
        self.source.of(&self.path)
    }

    /// Its `Content-Encoding`.
    pub(crate) fn encoding(&self) -> Option<&'static str> {
        self.plain.as_ref().map(|_| GZIP)
    }

    /// The file as browsers see it.
    pub(crate) fn as_plain(&self) -> Plain {
        let (size, sha256) = (self.size, self.sha256);
        let plain = self.plain.as_deref().cloned();
        plain.unwrap_or(Plain { size, sha256 })
    }
}

/// The files to publish, sorted by path.
#[derive(Clone, Debug)]
pub(crate) struct Manifest {
    assets: Vec<Asset>,
}

impl Manifest {
    fn of(mut assets: Vec<Asset>) -> Self {
        assets.sort_by(|one, other| one.path.cmp(&other.path));
        Self { assets }
    }

    pub(crate) fn assets(&self) -> &[Asset] {
        &self.assets
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.assets.iter().map(|asset| asset.size).sum()
    }

    pub(crate) fn holds(&self, path: &str) -> bool {
        let by_path = |asset: &Asset| (*asset.path).cmp(path);
        self.assets.binary_search_by(by_path).is_ok()
    }
}
