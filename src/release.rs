//! One version of the assets: its name, its files, its marker and its URL.

pub(crate) mod deferred;

use crate::config::Setting;
use crate::manifest::{
    Assets, Manifest, Marker, PlaceholderError, ScanError, ScanRules, Scanned, VersionKind,
    content_of,
};
use crate::prefix::{NameRules, Prefix, PublicUrl, StoreUrl};
use crate::sha256::Sha256;
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
    pub(crate) public: &'a PublicUrl,
    /// Its rules are kept; where it is not known yet, they are looked at once it is.
    pub(crate) store: Option<&'a StoreUrl>,
    pub(crate) given: Option<&'a Setting<Version>>,
    pub(crate) salt: Option<&'a str>,
}

impl Naming<'_> {
    fn rules(&self, rules: &ScanRules) -> ScanRules {
        let (largest, names) = match (self.store, self.given) {
            (None, _) => (None, NameRules::default()),
            (Some(store), Some(given)) => (store.largest_put(), store.name_rules(&given.value)),
            (Some(store), None) => (
                store.largest_file(),
                store.name_rules(&Version::placeholder()),
            ),
        };
        ScanRules {
            largest,
            names,
            ..rules.clone()
        }
    }
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
        let rules = naming.rules(rules);
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
            prefix: naming.public.prefix(&version),
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
