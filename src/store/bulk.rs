//! Deletes many objects of a bucket, by as few requests as the store allows.

use super::error::{FailedRequest, RequestError, RequestResult};
use super::objects::Objects;
use crate::prefix::Key;
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::ObjectStoreExt;
use object_store::path::Path;

/// How many bulk requests are in flight: each is work of seconds for a server.
const BULKS: usize = 4;

impl Objects {
    /// Deletes objects. What does not exist is deleted already.
    pub(super) async fn delete_all(&self, keys: &[Key]) -> RequestResult<()> {
        let most = self.provider.most_deletes;
        if most == 1 || keys.len() == 1 {
            return self.delete_each(keys).await;
        }
        let bulks: Vec<Vec<Key>> = keys.chunks(most).map(<[_]>::to_vec).collect();
        let bulks = bulks
            .into_iter()
            .map(|keys| async move { self.delete_bulk(&keys).await });
        stream::iter(bulks)
            .buffer_unordered(BULKS)
            .try_collect()
            .await
    }

    /// Deletes objects by one request. The answer names no cause that could be explained: what it does not confirm is
    /// deleted one by one.
    async fn delete_bulk(&self, keys: &[Key]) -> RequestResult<()> {
        let Some(first) = keys.first() else {
            return Ok(());
        };
        let paths = keys.iter().map(|key| self.path(key));
        let paths = paths.collect::<Result<Vec<Path>, _>>()?;
        let bulk = self.request(self.provider.delete_action, first, || {
            let sent: Vec<_> = paths.iter().cloned().map(Ok).collect();
            let answers = self.bulk.delete_stream(stream::iter(sent).boxed());
            async {
                let answers: Vec<_> = answers.collect().await;
                let are_all = answers.len() == paths.len() && answers.iter().all(Result::is_ok);
                match answers.into_iter().next() {
                    // The error of the whole request, which may pass.
                    Some(Err(error)) => Err(error),
                    _ => Ok(are_all),
                }
            }
        });
        match bulk.await {
            Ok(true) => Ok(()),
            Err(failed @ FailedRequest(RequestError::Temporary { .. }, _)) => Err(failed),
            Ok(false) | Err(_) => self.delete_each(keys).await,
        }
    }

    async fn delete_each(&self, keys: &[Key]) -> RequestResult<()> {
        let deletes = keys.iter().cloned();
        let deletes = deletes.map(|key| async move { self.delete(&key).await });
        stream::iter(deletes)
            .buffer_unordered(self.limiter.limit().max(1))
            .try_collect()
            .await
    }

    async fn delete(&self, key: &Key) -> RequestResult<()> {
        let path = self.path(key)?;
        let delete = self.request(self.provider.delete_action, key, || {
            self.remote.delete(&path)
        });
        match delete.await {
            Err(FailedRequest(RequestError::NotFound, _)) => Ok(()),
            // Nothing but a policy of the store says so of a delete.
            Err(FailedRequest(RequestError::Exists, target)) => {
                Err(FailedRequest(RequestError::Held, target))
            }
            deleted => deleted,
        }
    }
}
