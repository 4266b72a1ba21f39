//! Pins, which keep a version of a directory from a prune.

use super::Directory;
use crate::fs::{if_exists, read_file, remove_file_if_exists};
use crate::prefix::MetaObject;
use crate::store::own_object::OwnObject;
use crate::store::verify::refuse_deleting;
use crate::store::{StoreError, StoreResult};
use crate::version::Version;

impl Directory {
    /// The pin is there before the tombstone is read: a prune that does not see it is seen.
    pub(in crate::store) fn pin(
        &self,
        version: &Version,
        name: &Version,
        reason: &str,
    ) -> StoreResult {
        let pin = OwnObject::pin(&self.dir, version, name, reason);
        self.prepare_staging()?;
        self.replace(&pin)?;
        let key = self.dir.meta(&MetaObject::Tombstone(version));
        if let Some(json) = if_exists(read_file(&self.path(&key)))? {
            refuse_deleting(&key, &json)?;
        }
        match self.marker(version) {
            Some(_) => Ok(()),
            None => Err(StoreError::BeingPruned),
        }
    }

    pub(in crate::store) fn unpin(&self, version: &Version, name: &Version) -> StoreResult {
        Ok(remove_file_if_exists(
            &self.meta_path(&MetaObject::Pin { version, name }),
        )?)
    }
}
