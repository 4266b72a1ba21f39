//! What the protocol's objects mean for a release; the same for every kind of store.

use super::StoreError;
use crate::manifest::{Marker, Tombstone, TombstoneState};
use crate::plan::{Conflict, ConflictWith};
use crate::prefix::Key;
use crate::release::Release;

/// Whether a version that was pruned, or is being pruned, may be published.
pub(super) fn verify_tombstone(
    release: &Release,
    key: &Key,
    json: &[u8],
) -> Result<(), StoreError> {
    let tombstone = Tombstone::of_json(json).map_err(|reason| StoreError::Unreadable {
        key: key.clone(),
        reason,
    })?;
    match (tombstone.state, tombstone.content) {
        (TombstoneState::Deleting, _) => Err(StoreError::BeingPruned),
        // Browsers hold a pruned name for a year: it accepts only its old content. So does one that was
        // spared, which may have been pruned before that.
        (TombstoneState::Deleted | TombstoneState::Spared, Some(content))
            if content != release.content =>
        {
            Err(Conflict::new(release, ConflictWith::Pruned).into())
        }
        (TombstoneState::Deleted | TombstoneState::Spared, _) => Ok(()),
    }
}

/// Whether a version's marker is this release's. Another tool version may name other headers; the
/// stored ones stay.
pub(super) fn verify_marker(release: &Release, key: &Key, json: &[u8]) -> Result<(), StoreError> {
    if json == release.marker {
        return Ok(());
    }
    let marker = Marker::of_json(json).map_err(|reason| StoreError::Unreadable {
        key: key.clone(),
        reason,
    })?;
    if marker.content == release.content {
        Ok(())
    } else {
        Err(Conflict::published(release, &marker).into())
    }
}

/// Whether a name is a claim's: file systems leave names of their own.
pub(super) fn is_claim(name: &str) -> bool {
    let hash = name.strip_suffix(".json").unwrap_or_default();
    hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
}
