//! What the protocol's objects mean for a release, in every kind of store.

use super::{StoreError, StoreResult};
use crate::manifest::{Marker, Tombstone, TombstoneState, of_json};
use crate::plan::{Conflict, ConflictWith};
use crate::prefix::Key;
use crate::release::Release;
use serde::Deserialize;

/// Fails if a prune keeps this release from its version.
pub(super) fn verify_tombstone(release: &Release, key: &Key, json: &[u8]) -> StoreResult {
    let tombstone = read_json::<Tombstone>(key, json)?;
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

/// Fails if a prune is deleting the version.
pub(super) fn refuse_deleting(key: &Key, json: &[u8]) -> StoreResult {
    match read_json::<Tombstone>(key, json)?.state {
        TombstoneState::Deleting => Err(StoreError::BeingPruned),
        TombstoneState::Deleted | TombstoneState::Spared => Ok(()),
    }
}

/// Fails if the marker of the version names other content. Another version of this tool may name other headers; the
/// stored ones stay.
pub(super) fn verify_marker(release: &Release, key: &Key, json: &[u8]) -> StoreResult {
    if json == release.marker {
        return Ok(());
    }
    let marker = read_json::<Marker>(key, json)?;
    if marker.content != release.content {
        return Err(Conflict::published(release, &marker).into());
    }
    Ok(())
}

pub(super) fn read_json<'a, T: Deserialize<'a>>(key: &Key, json: &'a [u8]) -> StoreResult<T> {
    of_json(json).map_err(|reason| StoreError::UnreadableObject(key.clone(), reason))
}

/// The error if the version's prefix holds a file that is not part of the version.
pub(super) fn foreign(release: &Release, path: &str) -> StoreError {
    Conflict::new(release, ConflictWith::Foreign(path.to_owned())).into()
}

/// Whether a file name is a claim's: file systems leave names of their own.
pub(super) fn is_claim(name: &str) -> bool {
    let hash = name.strip_suffix(".json").unwrap_or_default();
    hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
}
