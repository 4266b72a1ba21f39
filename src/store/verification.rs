//! Shows what a bucket holds of the files of a version.

use super::StoreResult;
use super::error::{FailedRequest, RequestError, RequestResult};
use super::objects::Objects;
use super::receipt::sha256_in;
use super::transport::Form;
use crate::inventory::{Comparison, StoredFile, StoredHeaders, Verification};
use crate::manifest::Marker;
use crate::prefix::Key;
use crate::version::Version;
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::{Attribute, Attributes};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::ops::Range;

/// How many files are asked for at once.
const HEADS: usize = 64;
/// How many are read at once, each in parts of this size.
const READS: usize = 8;
const PART: u64 = 8 << 20;

impl Objects {
    pub(super) async fn verify(
        &self,
        version: &Version,
        marker: &Marker,
        comparison: Comparison,
    ) -> StoreResult<Verification> {
        let folder = &self.url.folder;
        let listing = self.list(&folder.version(version)).await?;
        let files = marker.files.iter();
        let files = files.map(|file| (file.path.clone(), Form::of(file.encoding.as_deref())));
        let files: Vec<(String, Form)> = files.collect();
        let shown = files.into_iter().map(|(path, form)| async move {
            let key = folder.asset(version, &path);
            let stored = self.stored(&key, form, comparison).await?;
            RequestResult::Ok(stored.map(|stored| (path, stored)))
        });
        let at_once = match comparison {
            Comparison::Head => HEADS.min(self.limiter.limit().max(1)),
            Comparison::Read => READS,
        };
        let shown = stream::iter(shown).buffer_unordered(at_once);
        let shown: Vec<_> = shown.try_collect().await?;
        let shown: BTreeMap<_, _> = shown.into_iter().flatten().collect();
        Ok(Verification::of(version.clone(), marker, &shown, &listing))
    }

    /// `None` if the store holds nothing under the key.
    async fn stored(
        &self,
        key: &Key,
        form: Form,
        comparison: Comparison,
    ) -> RequestResult<Option<StoredFile>> {
        let (size, attributes) = match self.get_head(key, form).await {
            Err(FailedRequest(RequestError::NotFound, _)) => return Ok(None),
            head => head?,
        };
        let text = |attribute| attributes.get(&attribute).map(|value| value.to_string());
        let sha256 = match comparison {
            Comparison::Head => sha256_in(&attributes).map(str::to_owned),
            Comparison::Read => match self.hash_of(key, form, size).await {
                Err(FailedRequest(RequestError::NotFound, _)) => return Ok(None),
                hash => Some(hash?),
            },
        };
        Ok(Some(StoredFile {
            size,
            is_link: false,
            sha256,
            headers: Some(StoredHeaders {
                content_type: text(Attribute::ContentType),
                cache: text(Attribute::CacheControl),
                encoding: text(Attribute::ContentEncoding),
            }),
        }))
    }

    async fn get_head(&self, key: &Key, form: Form) -> RequestResult<(u64, Attributes)> {
        let path = self.path(key)?;
        let head = self.request(self.provider.get_action, key, |remote| {
            let (path, options) = (&path, form.options().with_head(true));
            async move { remote.get_opts(path, options).await }
        });
        let head = head.await?;
        Ok((head.meta.size, head.attributes))
    }

    /// Reads a large object in parts, so that it takes little memory. Some servers don't answer range requests.
    async fn hash_of(&self, key: &Key, form: Form, size: u64) -> RequestResult<String> {
        if size > PART {
            match self.hash_of_parts(key, form, size).await {
                Err(FailedRequest(RequestError::NoAnswer(_), _)) => {}
                hash => return hash,
            }
        }
        let content = self.read_part(key, form, None).await?;
        Ok(crate::sha256::Sha256::of(&content).to_string())
    }

    async fn hash_of_parts(&self, key: &Key, form: Form, size: u64) -> RequestResult<String> {
        let mut hasher = Sha256::new();
        let mut start = 0;
        while start < size {
            let range = start..size.min(start + PART);
            start = range.end;
            hasher.update(&self.read_part(key, form, Some(range)).await?);
        }
        Ok(crate::sha256::Sha256::from(hasher).to_string())
    }

    /// Reads a range of an object, or all of it.
    async fn read_part(
        &self,
        key: &Key,
        form: Form,
        range: Option<Range<u64>>,
    ) -> RequestResult<Bytes> {
        let path = self.path(key)?;
        self.request(self.provider.get_action, key, |remote| {
            let (path, options) = (&path, form.options().with_range(range.clone()));
            async move { remote.get_opts(path, options).await?.bytes().await }
        })
        .await
    }
}
