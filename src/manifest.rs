//! What is to be published: every file with its hash, size and headers, and the names of the whole.

mod digest;
mod marker;
mod media_type;
mod placeholder;
mod safety;
mod scan;

pub(crate) use digest::{canonical, content_of};
pub(crate) use marker::{
    Claim, MarkedFile, Marker, Ref, Tombstone, TombstoneState, UnreadableMarker, VersionKind,
};
pub(crate) use placeholder::{PlaceholderError, holds_placeholder, replaced};
pub(crate) use safety::{Allowed, ParseAllowedError, Violation};
pub(crate) use scan::{Empty, LeftOut, ScanError, ScanRules, Scanned, SourceMaps};

use crate::fs::lies_in;
use crate::sha256::Sha256;
use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Everything below a version's prefix is immutable by construction.
pub(crate) const CACHE_CONTROL: &str = "public, max-age=31536000, immutable";

/// The folders to publish, as the framework's compile left them.
#[derive(Clone, Debug)]
pub(crate) struct Assets {
    pub(crate) roots: Vec<AssetRoot>,
}

/// One folder, and where it stands below the version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AssetRoot {
    /// Empty, or ends with `/`.
    pub(crate) mount: String,
    pub(crate) folder: PathBuf,
}

impl From<&Path> for Assets {
    fn from(folder: &Path) -> Self {
        Self {
            roots: vec![AssetRoot {
                mount: String::new(),
                folder: folder.to_owned(),
            }],
        }
    }
}

impl Assets {
    /// Whether `dir` lies in one of the folders.
    pub(crate) fn contain_dir(&self, dir: &Path) -> bool {
        let mut roots = self.roots.iter();
        roots.any(|root| lies_in(dir, &root.folder))
    }

    /// Where the compile left what is published as `path`.
    pub(crate) fn compiled(&self, path: &str) -> Option<PathBuf> {
        let below = |root: &AssetRoot| Some(root.folder.join(path.strip_prefix(&root.mount)?));
        self.roots.iter().find_map(below)
    }
}

/// One file to publish. Small: there are apps with a hundred thousand of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asset {
    /// Below the version, separated by `/`.
    pub(crate) path: Box<str>,
    source: Source,
    pub(crate) size: u64,
    pub(crate) sha256: Sha256,
    pub(crate) content_type: &'static str,
    /// The hash of the file with the placeholder in it, where the file holds its own URL.
    pub(crate) template: Option<Box<Sha256>>,
}

/// Where an asset's bytes are on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    /// Under the same path below a folder.
    Below(Arc<AssetRoot>),
    At(Box<Path>),
}

impl Asset {
    pub(crate) fn source(&self) -> Cow<'_, Path> {
        self.source.of(&self.path)
    }
}

impl Source {
    fn of(&self, path: &str) -> Cow<'_, Path> {
        match self {
            Self::Below(root) => Cow::Owned(root.folder.join(&path[root.mount.len()..])),
            Self::At(path) => Cow::Borrowed(path),
        }
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
        self.assets
            .binary_search_by(|asset| (*asset.path).cmp(path))
            .is_ok()
    }

    /// The same files with some of them replaced.
    pub(crate) fn with(&self, mut replace: impl FnMut(&Asset) -> Option<Asset>) -> Self {
        Self::of(
            self.assets
                .iter()
                .map(|asset| replace(asset).unwrap_or_else(|| asset.clone()))
                .collect(),
        )
    }
}
