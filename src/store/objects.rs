//! What can be done with one object of a bucket, with retries.

use super::client::Remote;
use super::clients::Clients;
use super::error::{FailedRequest, RequestError, RequestResult, RequestTarget};
use super::limiter::Limiter;
use super::own_object::OwnObject;
use super::provider::Provider;
use super::receipt::{
    Md5Hash, Md5Match, attributes_of, compare_md5, has_sha256_of, is_etag_of, md5_of,
    meta_attributes,
};
use super::retry::{PartRetry, READ_BACKS, pause, with_retry};
use super::transport::Form;
use super::{Shared, StoreError, StoreResult};
use crate::encoding::hex;
use crate::manifest::Asset;
use crate::prefix::{BucketUrl, Key};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use object_store::path::Path;
use object_store::{
    Attributes, GetOptions, MultipartUpload, PutMode, PutMultipartOptions, PutOptions, PutPayload,
    PutResult, Result,
};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

pub(super) struct Objects {
    pub(super) clients: Clients,
    pub(super) url: BucketUrl,
    pub(super) provider: Provider,
    pub(super) limiter: Arc<Limiter>,
    /// The time of the store's last answer, by its own clock.
    pub(super) clock: Arc<Shared<Option<DateTime<Utc>>>>,
    /// Whether a write got no answer, or one that says nothing of its effect.
    pub(super) has_open_writes: Arc<AtomicBool>,
    /// Turns from `Create` to `Overwrite` if the store knows no conditional writes.
    pub(super) put_mode: Shared<PutMode>,
    /// Whether a delete of many objects was not confirmed.
    pub(super) lacks_bulk: AtomicBool,
}

/// What the store holds under the key of an asset.
pub(super) enum ObjectState {
    Equal,
    Different,
    Absent,
}

impl Objects {
    pub(super) async fn request<T, F: Future<Output = Result<T>>>(
        &self,
        action: &'static str,
        key: &Key,
        mut send: impl FnMut(Arc<dyn Remote>) -> F,
    ) -> RequestResult<T> {
        let result = loop {
            let asked = self.clients.region();
            let result = with_retry(|| send(self.clients.single())).await;
            let Err(RequestError::WrongRegion(Some(named))) = result else {
                break result;
            };
            if let Err(error) = self.clients.follow_region(&named, asked.as_ref()) {
                break Err(error);
            }
        };
        if matches!(
            result,
            Ok(_) | Err(RequestError::NotFound | RequestError::NotModified | RequestError::Exists)
        ) {
            self.clients.settle();
        }
        result.map_err(|error| self.failed(action, key, error))
    }

    pub(super) fn failed(
        &self,
        action: &'static str,
        key: &Key,
        error: RequestError,
    ) -> FailedRequest {
        let (key, store) = (key.clone(), self.url.clone());
        FailedRequest(error, Box::new(RequestTarget { action, key, store }))
    }

    /// `Path::from` would encode names a second time; browsers ask for the key.
    pub(super) fn path(&self, key: &Key) -> RequestResult<Path> {
        let path = Path::parse(key.as_str());
        let path = path.map_err(|error| RequestError::Unexpected(error.to_string()));
        path.map_err(|error| self.failed(self.provider.get_action, key, error))
    }

    /// Uploads an object. `None` if one exists and the store honours conditional writes; nothing relies on that.
    pub(super) async fn create(
        &self,
        key: &Key,
        payload: PutPayload,
        attributes: Attributes,
    ) -> RequestResult<Option<PutResult>> {
        let path = self.path(key)?;
        loop {
            let mode = self.put_mode.with(|mode| mode.clone());
            let result = self.request(self.provider.create_action, key, |remote| {
                let mut options = PutOptions::from(attributes.clone());
                options.mode = mode.clone();
                let (path, payload) = (&path, payload.clone());
                async move { remote.put_opts(path, payload, options).await }
            });
            match result.await {
                Ok(result) => return Ok(Some(result)),
                Err(FailedRequest(RequestError::Exists, _)) => return Ok(None),
                Err(FailedRequest(RequestError::NotImplemented, _)) if mode == PutMode::Create => {
                    self.put_mode.with(|mode| *mode = PutMode::Overwrite);
                }
                Err(failed) => return Err(failed),
            }
        }
    }

    /// Creates an object of the protocol. Fails if the store does not hold its content then.
    pub(super) async fn create_own(&self, own: &OwnObject) -> StoreResult {
        for _ in 0..READ_BACKS {
            let payload = PutPayload::from(own.json.clone());
            if let Some(result) = self.create(&own.key, payload, meta_attributes()).await? {
                if compare_md5(&result, md5_of(&own.json)) == Md5Match::Different {
                    break;
                }
                return Ok(());
            }
            match self.read(&own.key, None).await {
                Err(FailedRequest(RequestError::NotFound, _)) => pause(1, None).await,
                Err(failed) => return Err(failed.into()),
                Ok(existing) if existing == own.json => return Ok(()),
                Ok(_) => break,
            }
        }
        Err(StoreError::ReadBackMismatch(own.key.clone()))
    }

    /// Writes an object of the protocol, in place of what has the name.
    pub(super) async fn replace_own(&self, own: &OwnObject) -> RequestResult<()> {
        let path = self.path(&own.key)?;
        let put = self.request(self.provider.create_action, &own.key, |remote| {
            let options = PutOptions::from(meta_attributes());
            let (path, payload) = (&path, PutPayload::from(own.json.clone()));
            async move { remote.put_opts(path, payload, options).await }
        });
        put.await.map(drop)
    }

    /// Begins a multipart upload. Its completion replaces what has the name.
    pub(super) async fn begin_multipart(
        &self,
        key: &Key,
        asset: &Asset,
    ) -> RequestResult<Box<dyn MultipartUpload>> {
        let path = self.path(key)?;
        self.request(self.provider.create_action, key, |remote| {
            let options = PutMultipartOptions::from(attributes_of(asset));
            let options = options.with_retry_policy(Arc::new(PartRetry));
            let path = &path;
            async move { remote.put_multipart_opts(path, options).await }
        })
        .await
    }

    /// Reads an object of the protocol. `None` if it does not exist.
    pub(super) async fn read_meta(
        &self,
        key: &Key,
        known_etag: Option<String>,
        own_ref: &Key,
    ) -> RequestResult<Option<Bytes>> {
        match self.read(key, known_etag).await {
            Err(FailedRequest(RequestError::NotFound, _)) => Ok(None),
            // Without the right to list, S3 answers 403 for what does not exist. The ref of this run does exist.
            Err(FailedRequest(RequestError::Forbidden, _)) => {
                self.read(own_ref, None).await.map(|_| None)
            }
            json => json.map(Some),
        }
    }

    pub(super) async fn read(&self, key: &Key, known_etag: Option<String>) -> RequestResult<Bytes> {
        let path = self.path(key)?;
        self.request(self.provider.get_action, key, |remote| {
            let options = GetOptions::new().with_if_none_match(known_etag.as_deref());
            let path = &path;
            async move { remote.get_opts(path, options).await?.bytes().await }
        })
        .await
    }

    /// Compares an object with an asset by size, and by `ETag` or the hash in its metadata.
    pub(super) async fn head(
        &self,
        key: &Key,
        asset: &Asset,
        md5: Option<Md5Hash>,
    ) -> RequestResult<ObjectState> {
        let path = self.path(key)?;
        let head = self.request(self.provider.get_action, key, |remote| {
            let options = Form::of(asset.encoding()).options();
            let (path, options) = (&path, options.with_head(true));
            async move { remote.get_opts(path, options).await }
        });
        let head = match head.await {
            Err(FailedRequest(RequestError::NotFound, _)) => return Ok(ObjectState::Absent),
            head => head?,
        };
        let md5 = md5.filter(|_| self.provider.has_md5_etags);
        let etag = md5.zip(head.meta.e_tag.as_ref());
        let is_equal = etag.is_some_and(|(md5, etag)| is_etag_of(etag, md5))
            || has_sha256_of(&head.attributes, asset);
        Ok(if is_equal && head.meta.size == asset.size {
            ObjectState::Equal
        } else {
            ObjectState::Different
        })
    }

    /// The `ETag` that the store will give a body, as it sends it. `None` if nobody knows beforehand.
    pub(super) fn etag_of(&self, md5: Md5Hash) -> Option<String> {
        let quoted = || format!("\"{}\"", hex(&md5));
        self.provider.has_md5_etags.then(quoted)
    }
}
