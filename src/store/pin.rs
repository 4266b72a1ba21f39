//! Pins, which keep a version from a prune.

use super::StoreResult;
use super::backend::Backend;
use super::own_object::OwnObject;
use crate::prefix::MetaObject;
use crate::version::Version;

impl Backend {
    /// The pin is there before the tombstone is read: a prune that does not see it is seen.
    pub(super) async fn pin(&self, version: &Version, name: &Version, reason: &str) -> StoreResult {
        let pin = OwnObject::pin(self.dir(), version, name, reason);
        self.replace(&pin).await?;
        self.refuse_pruned(version).await
    }

    pub(super) async fn unpin(&self, version: &Version, name: &Version) -> StoreResult {
        let key = self.dir().meta(&MetaObject::Pin { version, name });
        self.delete(&key).await?;
        match self.read(&key).await? {
            None => Ok(()),
            Some(_) => Err(self.not_deleted(&key)),
        }
    }
}
