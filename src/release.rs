//! One version of the assets: its name, its files, its marker and its URL.

use crate::config::Setting;
use crate::manifest::{
    Assets, Manifest, Marker, PlaceholderError, ScanError, ScanRules, Scanned, Sha256, VersionKind,
    content_of,
};
use crate::prefix::{Prefix, Site};
use crate::version::Version;
use bytes::Bytes;
use std::path::Path;

#[derive(Debug)]
pub(crate) struct Release {
    pub(crate) version: Version,
    pub(crate) kind: VersionKind,
    pub(crate) prefix: Prefix,
    pub(crate) manifest: Manifest,
    pub(crate) digest: Sha256,
    pub(crate) content: Sha256,
    pub(crate) marker: Bytes,
}

#[derive(Debug)]
pub(crate) enum ReleaseError {
    Scan(ScanError),
    Placeholder(PlaceholderError),
    /// An explicit version of the shape of a digest version, but of other content.
    LooksLikeDigest {
        given: Setting<Version>,
        computed: Version,
    },
}

impl From<ScanError> for ReleaseError {
    fn from(error: ScanError) -> Self {
        Self::Scan(error)
    }
}

impl From<PlaceholderError> for ReleaseError {
    fn from(error: PlaceholderError) -> Self {
        Self::Placeholder(error)
    }
}

/// What names a release besides its content.
pub(crate) struct Naming<'a> {
    pub(crate) site: &'a Site,
    pub(crate) given: Option<&'a Setting<Version>>,
    pub(crate) salt: Option<&'a str>,
}

impl Release {
    /// Scans what was compiled, derives the version, and puts it in the place of the placeholder in
    /// copies below `scratch`.
    pub(crate) fn of(
        assets: &Assets,
        rules: &ScanRules,
        naming: &Naming<'_>,
        scratch: &Path,
    ) -> Result<(Self, Scanned), ReleaseError> {
        let store = &naming.site.store;
        let rules = match naming.given {
            Some(given) => ScanRules {
                largest: store.largest_put(),
                names: store.name_rules(&given.value),
                ..rules.clone()
            },
            None => ScanRules {
                largest: store.largest_file(),
                names: store.name_rules(&Version::placeholder()),
                ..rules.clone()
            },
        };
        let scanned = Scanned::of(assets, &rules)?;
        let digest = scanned.manifest.digest(naming.salt);
        let computed = Version::of_digest(&digest);
        let (version, kind) = match naming.given {
            Some(given) if given.value.looks_like_digest() && given.value != computed => {
                return Err(ReleaseError::LooksLikeDigest {
                    given: given.clone(),
                    computed,
                });
            }
            Some(given) if given.value != computed => (given.value.clone(), VersionKind::Explicit),
            _ => (computed, VersionKind::Digest),
        };
        scanned.check_placeholder()?;
        let manifest = scanned
            .manifest
            .resolve_placeholder(&version, &scratch.join("resolved"))?;
        let content = content_of(&manifest);
        let marker = Marker::json(&version, kind, (digest, content), &manifest).into();
        let release = Self {
            prefix: naming.site.prefix(&version),
            version,
            kind,
            manifest,
            digest,
            content,
            marker,
        };
        Ok((release, scanned))
    }

    pub(crate) fn is_explicit(&self) -> bool {
        self.kind == VersionKind::Explicit
    }
}
