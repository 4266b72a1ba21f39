//! Deletes many objects of a bucket, by as few requests as the store allows.

use super::error::{FailedRequest, RequestError, RequestResult};
use super::objects::Objects;
use crate::prefix::Key;
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::ObjectStoreExt;
use object_store::path::Path;
use std::sync::atomic::Ordering;

/// How many bulk requests are in flight: each is work of seconds for a server.
const BULKS: usize = 4;

/// What became of objects that were to be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deleted {
    All,
    /// The store did not confirm all of it. The next call deletes them one by one.
    Perhaps,
}

impl Objects {
    /// How many objects are deleted by requests that are in flight together.
    pub(super) fn deletes_at_once(&self) -> usize {
        if self.deletes_in_bulk() {
            self.provider.most_deletes * BULKS
        } else {
            self.limiter.limit().max(1)
        }
    }

    fn deletes_in_bulk(&self) -> bool {
        self.provider.most_deletes > 1 && !self.lacks_bulk.load(Ordering::Relaxed)
    }

    /// Deletes at most [`Self::deletes_at_once`] objects. An object that does not exist counts as deleted.
    pub(super) async fn delete_some(&self, keys: &[Key]) -> RequestResult<Deleted> {
        if keys.len() < 2 || !self.deletes_in_bulk() {
            return self.delete_each(keys).await.map(|()| Deleted::All);
        }
        let most = self.provider.most_deletes;
        let bulks: Vec<Vec<Key>> = keys.chunks(most).map(<[_]>::to_vec).collect();
        let bulks = bulks
            .into_iter()
            .map(|keys| async move { self.delete_bulk(&keys).await });
        let confirmed = stream::iter(bulks).buffer_unordered(BULKS);
        let confirmed: Vec<bool> = confirmed.try_collect().await?;
        if confirmed.into_iter().all(|it| it) {
            return Ok(Deleted::All);
        }
        self.lacks_bulk.store(true, Ordering::Relaxed);
        Ok(Deleted::Perhaps)
    }

    /// Deletes objects by one request. Returns whether its answer confirms all of them: it names no cause that could be
    /// explained.
    async fn delete_bulk(&self, keys: &[Key]) -> RequestResult<bool> {
        let Some(first) = keys.first() else {
            return Ok(true);
        };
        let paths = keys.iter().map(|key| self.path(key));
        let paths = paths.collect::<Result<Vec<Path>, _>>()?;
        let bulk = self.request(self.provider.delete_action, first, |_| {
            let sent: Vec<_> = paths.iter().cloned().map(Ok).collect();
            let bulk = self.clients.bulk();
            let answers = bulk.delete_stream(stream::iter(sent).boxed());
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
            Ok(are_all) => Ok(are_all),
            Err(failed @ FailedRequest(RequestError::Temporary { .. }, _)) => Err(failed),
            Err(_) => Ok(false),
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
        let delete = self.request(self.provider.delete_action, key, |remote| {
            let path = &path;
            async move { remote.delete(path).await }
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
