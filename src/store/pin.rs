//! Pins, which keep a version of a bucket from a prune.

use super::StoreResult;
use super::error::{FailedRequest, RequestError};
use super::objects::Objects;
use super::own_object::OwnObject;
use crate::prefix::MetaObject;
use crate::version::Version;

impl Objects {
    /// The pin is there before the tombstone is read: a prune that does not see it is seen.
    pub(super) async fn pin(&self, version: &Version, name: &Version, reason: &str) -> StoreResult {
        let dir = &self.url.folder;
        let pin = OwnObject::pin(dir, version, name, reason);
        self.replace_own(&pin).await?;
        self.refuse_pruned(version, &pin.key).await
    }

    pub(super) async fn unpin(&self, version: &Version, name: &Version) -> StoreResult {
        let key = self.url.folder.meta(&MetaObject::Pin { version, name });
        self.delete(&key).await?;
        // Some servers answer a delete that they did not carry out as if they had.
        match self.read(&key, None).await {
            Err(FailedRequest(RequestError::NotFound, _)) => Ok(()),
            Err(failed) => Err(failed.into()),
            Ok(_) => {
                let action = self.provider.delete_action;
                Err(self.failed(action, &key, RequestError::Forbidden).into())
            }
        }
    }
}
