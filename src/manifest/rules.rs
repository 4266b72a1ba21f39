//! The rules of a scan: the settings of the app and the limits of the store.

use super::{Allowed, VersionKind};
use crate::prefix::{NameRules, StoreUrl};
use crate::redaction::Redaction;
use crate::version::Version;
use std::collections::BTreeSet;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum SourceMaps {
    #[default]
    Publish,
    Exclude,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Empty {
    #[default]
    Refused,
    Allowed,
}

/// What may be published. It has no `Debug`, because it holds the build's secrets.
#[derive(Clone, Default)]
pub(crate) struct ScanRules {
    pub(crate) allowed: Allowed,
    pub(crate) empty: Empty,
    pub(crate) source_maps: SourceMaps,
    pub(crate) secrets: Redaction,
    /// Compressed files that the compile made of other files.
    pub(crate) by_products: BTreeSet<String>,
    /// Files that only the framework reads.
    pub(crate) unpublished: BTreeSet<String>,
    /// The store's limit for one file, in bytes.
    pub(crate) largest: Option<u64>,
    pub(crate) names: NameRules,
}

impl ScanRules {
    /// Adds the limits of a store for files of this version.
    pub(crate) fn for_store(&self, store: &StoreUrl, version: &Version, kind: VersionKind) -> Self {
        Self {
            largest: match kind {
                VersionKind::Digest => store.largest_file(),
                VersionKind::Explicit => store.largest_put(),
            },
            names: store.name_rules(version),
            ..self.clone()
        }
    }
}
