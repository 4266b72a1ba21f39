//! Pins, which keep a version of a directory from a prune.

use super::Directory;
use crate::fs::remove_file_if_exists;
use crate::prefix::MetaObject;
use crate::store::StoreResult;
use crate::store::own_object::OwnObject;
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
        self.refuse_pruned(version)
    }

    pub(in crate::store) fn unpin(&self, version: &Version, name: &Version) -> StoreResult {
        Ok(remove_file_if_exists(
            &self.meta_path(&MetaObject::Pin { version, name }),
        )?)
    }
}
