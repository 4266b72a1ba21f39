//! The protocol's own objects: those that a run writes, and what existing ones mean for a release.

use super::{RunLabel, StoreError, StoreResult};
use crate::manifest::{Claim, Marker, Ref, Tombstone, TombstoneState, UnreadableMarker};
use crate::plan::{Conflict, ConflictWith};
use crate::prefix::{Folder, Key, MetaObject};
use crate::release::Release;
use bytes::Bytes;
use chrono::{SecondsFormat, Utc};
use std::io;

pub(super) struct OwnObject {
    pub(super) key: Key,
    pub(super) json: Bytes,
}

impl OwnObject {
    fn new(dir: &Folder, object: &MetaObject<'_>, json: impl Into<Bytes>) -> Self {
        let (key, json) = (dir.meta(object), json.into());
        Self { key, json }
    }

    /// The ref of this run, under a name of its own.
    pub(super) fn new_ref(dir: &Folder, release: &Release, label: &RunLabel) -> StoreResult<Self> {
        let random = getrandom::u64();
        let random = random.map_err(|error| StoreError::NoResources(io::Error::other(error)))?;
        let (version, group) = (&release.version, label.group.as_str());
        let json = Ref {
            at: Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true),
            content: release.content,
            group,
            label: label.commit.as_deref(),
            schema: Ref::SCHEMA,
            tool: concat!("static-assets ", env!("CARGO_PKG_VERSION")),
            version: version.as_str(),
        };
        let object = MetaObject::Ref {
            version,
            group,
            random: &format!("{random:016x}"),
        };
        Ok(Self::new(dir, &object, json.to_json()))
    }

    pub(super) fn claim(dir: &Folder, release: &Release) -> Self {
        let (version, content) = (&release.version, &release.content.to_string());
        let json = Claim::json(version, release.content);
        Self::new(dir, &MetaObject::Claim { version, content }, json)
    }

    pub(super) fn marker(dir: &Folder, release: &Release) -> Self {
        let object = MetaObject::Marker(&release.version);
        Self::new(dir, &object, release.marker.clone())
    }
}

/// Fails if a prune keeps this release from its version.
pub(super) fn verify_tombstone(release: &Release, key: &Key, json: &[u8]) -> StoreResult {
    let tombstone = Tombstone::of_json(json).map_err(|reason| unreadable(key, reason))?;
    if let TombstoneState::Deleting = tombstone.state {
        return Err(StoreError::BeingPruned);
    }
    // Browsers hold a pruned version for a year. A spared one may have been pruned before.
    match tombstone.content {
        Some(content) if content != release.content => {
            Err(Conflict::new(release, ConflictWith::Pruned).into())
        }
        _ => Ok(()),
    }
}

/// Fails if the marker of the version names other content. Another version of this tool may name other headers; the
/// stored ones stay.
pub(super) fn verify_marker(release: &Release, key: &Key, json: &[u8]) -> StoreResult {
    if json == release.marker {
        return Ok(());
    }
    let marker = Marker::of_json(json).map_err(|reason| unreadable(key, reason))?;
    if marker.content != release.content {
        return Err(Conflict::published(release, &marker).into());
    }
    Ok(())
}

fn unreadable(key: &Key, reason: UnreadableMarker) -> StoreError {
    let key = key.clone();
    StoreError::UnreadableObject { key, reason }
}

/// Something else uploaded a file where the version wants to be.
pub(super) fn foreign(release: &Release, path: &str) -> StoreError {
    Conflict::new(release, ConflictWith::Foreign(path.to_owned())).into()
}

/// Whether a file name is a claim's: file systems leave names of their own.
pub(super) fn is_claim(name: &str) -> bool {
    let hash = name.strip_suffix(".json").unwrap_or_default();
    hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
}
