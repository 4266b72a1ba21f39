//! What can be done with one object of a bucket, with_retry: create, read, look, list.

use super::StoreError;
use super::client::Remote;
use super::error::{RequestError, final_error};
use super::limiter::Limiter;
use super::provider::{Etag, Provider};
use super::retry::{PartRetry, pause, with_retry};
use super::transport::StoredMd5;
use super::upload::md5_of;
use crate::encoding::hex;
use crate::manifest::Asset;
use crate::plan::Stored;
use crate::prefix::{BucketUrl, Key};
use bytes::Bytes;
use object_store::list::PaginatedListOptions;
use object_store::path::Path;
use object_store::{
    Attributes, GetOptions, MultipartUpload, PutMode, PutMultipartOptions, PutOptions, PutPayload,
    PutResult,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// How often a create is repeated that found something which then was not there.
pub(super) const LOOKS: usize = 3;

/// In a row. Azure may answer some.
const MOST_EMPTY_PAGES: usize = 100;
/// No version has as many files.
const MOST_LISTED: usize = 10_000_000;

pub(super) struct Objects {
    pub(super) remote: Arc<dyn Remote>,
    pub(super) url: BucketUrl,
    pub(super) provider: Provider,
    pub(super) limiter: Arc<Limiter>,
    /// A store that refuses conditional writes is asked once.
    unconditional: AtomicBool,
}

/// What a create came to.
pub(super) enum Created {
    /// Ours, just now.
    Put(Proof),
    /// Something has the name already.
    Exists,
}

/// What an answer says of the body that was put.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Proof {
    etag: Option<String>,
    md5: Option<[u8; 16]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proven {
    Whole,
    Unknown,
    Other,
}

impl Proof {
    fn of(result: &PutResult) -> Self {
        Self {
            etag: result.e_tag.clone(),
            md5: result.extensions.get::<StoredMd5>().map(|md5| md5.0),
        }
    }

    /// An `ETag` that differs proves nothing: it is no MD5 where the store encrypts with its customers' keys.
    pub(super) fn of_md5(&self, md5: [u8; 16]) -> Proven {
        match (self.md5, &self.etag) {
            (Some(stored), _) if stored != md5 => Proven::Other,
            (Some(_), _) => Proven::Whole,
            (None, Some(etag)) if same_etag(etag, &hex(&md5)) => Proven::Whole,
            (None, _) => Proven::Unknown,
        }
    }
}

/// What lies under a key.
pub(super) enum ObjectState {
    Equal,
    Different,
    Absent,
}

/// An answer to a read.
pub(super) enum Read {
    Content(Bytes),
    NotModified,
}

impl Objects {
    pub(super) fn new(
        remote: Arc<dyn Remote>,
        url: BucketUrl,
        provider: Provider,
        limiter: Arc<Limiter>,
    ) -> Self {
        Self {
            remote,
            url,
            provider,
            limiter,
            unconditional: AtomicBool::new(false),
        }
    }

    /// A put that replaces nothing, where the store honours that; nothing relies on it.
    pub(super) async fn create(
        &self,
        key: &Key,
        payload: PutPayload,
        attributes: Attributes,
    ) -> Result<Created, StoreError> {
        let path = path(key)?;
        let put = async |mode: PutMode| {
            with_retry(&self.url, key, || {
                let options = PutOptions {
                    mode: mode.clone(),
                    attributes: attributes.clone(),
                    ..PutOptions::default()
                };
                self.remote.put_opts(&path, payload.clone(), options)
            })
            .await
        };
        if !self.unconditional.load(Ordering::Relaxed) {
            match put(PutMode::Create).await {
                Ok(result) => return Ok(Created::Put(Proof::of(&result))),
                Err(RequestError::Exists) => return Ok(Created::Exists),
                Err(RequestError::NotImplemented) => {
                    self.unconditional.store(true, Ordering::Relaxed)
                }
                Err(request_error) => return Err(self.put_failed(request_error, key)),
            }
        }
        match put(PutMode::Overwrite).await {
            Ok(result) => Ok(Created::Put(Proof::of(&result))),
            Err(request_error) => Err(self.put_failed(request_error, key)),
        }
    }

    /// Creates an object of the protocol; whether it now holds `json`.
    pub(super) async fn create_meta(&self, key: &Key, json: Bytes) -> Result<bool, StoreError> {
        for _ in 0..LOOKS {
            let payload = PutPayload::from(json.clone());
            let attributes = Provider::attributes_of_meta();
            if let Created::Put(proof) = self.create(key, payload, attributes).await? {
                return match proof.of_md5(md5_of(&json)) {
                    Proven::Other => Err(StoreError::ReadBackMismatch { key: key.clone() }),
                    Proven::Whole | Proven::Unknown => Ok(true),
                };
            }
            match self.read(key, None).await {
                Ok(Read::Content(there)) => return Ok(there == json),
                Ok(Read::NotModified) => return Ok(false),
                Err(RequestError::NotFound) => pause().await,
                Err(request_error) => return Err(self.get_failed(request_error, key)),
            }
        }
        Err(StoreError::ReadBackMismatch { key: key.clone() })
    }

    /// Begins an upload in parts. Its end replaces what has the name.
    pub(super) async fn begin_parts(
        &self,
        key: &Key,
        attributes: Attributes,
    ) -> Result<Box<dyn MultipartUpload>, StoreError> {
        let path = path(key)?;
        with_retry(&self.url, key, || {
            let options = PutMultipartOptions::from(attributes.clone());
            let retry = PartRetry {
                store: self.url.clone(),
                key: key.clone(),
            };
            let options = options.with_retry_policy(Arc::new(retry));
            self.remote.put_multipart_opts(&path, options)
        })
        .await
        .map_err(|request_error| self.put_failed(request_error, key))
    }

    /// An object of the protocol; `None` where there is none.
    pub(super) async fn get(
        &self,
        key: &Key,
        if_none_match: Option<String>,
        own_ref: &Key,
    ) -> Result<Option<Read>, StoreError> {
        match self.read(key, if_none_match).await {
            Ok(read) => Ok(Some(read)),
            Err(RequestError::NotFound) => Ok(None),
            // Without the right to list, S3 answers 403 for what is not there.
            Err(RequestError::Forbidden) => match self.read(own_ref, None).await {
                Ok(_) => Ok(None),
                Err(request_error) => Err(self.get_failed(request_error, key)),
            },
            Err(request_error) => Err(self.get_failed(request_error, key)),
        }
    }

    pub(super) async fn read(
        &self,
        key: &Key,
        if_none_match: Option<String>,
    ) -> Result<Read, RequestError> {
        let path = path(key).map_err(|error| RequestError::Final(Box::new(error)))?;
        let body = with_retry(&self.url, key, || async {
            let options = GetOptions {
                if_none_match: if_none_match.clone(),
                ..GetOptions::default()
            };
            self.remote.get_opts(&path, options).await?.bytes().await
        })
        .await;
        match body {
            Ok(body) => Ok(Read::Content(body)),
            Err(RequestError::NotModified) => Ok(Read::NotModified),
            Err(request_error) => Err(request_error),
        }
    }

    /// By size and `ETag`, or by the hash that was kept with the object. `md5` is the asset's, where it was
    /// put at once.
    pub(super) async fn head(
        &self,
        key: &Key,
        asset: &Asset,
        md5: Option<[u8; 16]>,
    ) -> Result<ObjectState, RequestError> {
        let path = path(key).map_err(|error| RequestError::Final(Box::new(error)))?;
        let head = with_retry(&self.url, key, || {
            let options = GetOptions {
                head: true,
                ..GetOptions::default()
            };
            self.remote.get_opts(&path, options)
        })
        .await;
        let head = match head {
            Ok(head) => head,
            Err(RequestError::NotFound) => return Ok(ObjectState::Absent),
            Err(request_error) => return Err(request_error),
        };
        let is_same = match (self.provider.etag, md5, &head.meta.e_tag) {
            (Etag::Md5, Some(md5), Some(etag)) => same_etag(etag, &hex(&md5)),
            _ => false,
        };
        let is_marked = Provider::sha256_in(&head.attributes) == Some(&asset.sha256.to_string());
        Ok(if head.meta.size == asset.size && (is_same || is_marked) {
            ObjectState::Equal
        } else {
            ObjectState::Different
        })
    }

    /// What lies below `folder`, by the rest of its key.
    pub(super) async fn list(
        &self,
        folder: &Key,
    ) -> Result<BTreeMap<String, Stored>, RequestError> {
        let mut stored = BTreeMap::new();
        let mut page_token = None;
        let mut empty_pages = 0;
        loop {
            let page = with_retry(&self.url, folder, || {
                let options = PaginatedListOptions {
                    page_token: page_token.clone(),
                    ..PaginatedListOptions::default()
                };
                self.remote.list_paginated(Some(folder.as_str()), options)
            })
            .await?;
            let before = stored.len();
            for object in page.result.objects {
                let key = object.location.as_ref();
                if let Some(rest) = key.strip_prefix(folder.as_str()) {
                    let found = Stored {
                        size: object.size,
                        etag: object.e_tag,
                    };
                    stored.insert(rest.to_owned(), found);
                }
            }
            empty_pages = if stored.len() == before {
                empty_pages + 1
            } else {
                0
            };
            match page.page_token {
                None => return Ok(stored),
                // A listing that repeats itself would never end.
                Some(token)
                    if page_token.as_ref() == Some(&token)
                        || empty_pages > MOST_EMPTY_PAGES
                        || stored.len() > MOST_LISTED =>
                {
                    return Err(RequestError::Final(Box::new(StoreError::Unexpected {
                        key: folder.clone(),
                        cause: "a listing that does not end".to_owned(),
                    })));
                }
                Some(token) => page_token = Some(token),
            }
        }
    }

    /// The `ETag` of a body where that is known beforehand, as it is sent.
    pub(super) fn etag_of(&self, md5: [u8; 16]) -> Option<String> {
        match self.provider.etag {
            Etag::Md5 => Some(format!("\"{}\"", hex(&md5))),
            Etag::Opaque => None,
        }
    }

    pub(super) fn put_failed(&self, request_error: RequestError, key: &Key) -> StoreError {
        final_error(request_error, self.provider.actions.put, key, &self.url)
    }

    pub(super) fn get_failed(&self, request_error: RequestError, key: &Key) -> StoreError {
        final_error(request_error, self.provider.actions.get, key, &self.url)
    }

    pub(super) fn list_failed(&self, request_error: RequestError, key: &Key) -> StoreError {
        final_error(request_error, self.provider.actions.list, key, &self.url)
    }
}

/// `Path::from` would encode names a second time; the key is what the browser will ask for.
fn path(key: &Key) -> Result<Path, StoreError> {
    Path::parse(key.as_str()).map_err(|error| StoreError::Unexpected {
        key: key.clone(),
        cause: error.to_string(),
    })
}

/// Whether two `ETag`s are one; some stores send them without quotes.
pub(super) fn same_etag(one: &str, other: &str) -> bool {
    one.trim_matches('"')
        .eq_ignore_ascii_case(other.trim_matches('"'))
}
