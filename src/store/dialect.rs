//! All in which stores differ, as one value. Today there is S3; Azure and GCS become other values.

use crate::hex::hex;
use crate::manifest::Asset;
use md5::Digest;
use object_store::{Attribute, AttributeValue, Attributes};

#[derive(Clone, Copy, Debug)]
pub(super) struct Dialect {
    pub(super) etag: Etag,
    /// Requests in flight. S3 takes 3,500 puts a second below one prefix:
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html>
    pub(super) concurrency: usize,
}

/// What an `ETag` proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Etag {
    /// The MD5 of the body, unless the store encrypts with keys of its customers.
    Md5,
}

pub(super) const S3: Dialect = Dialect {
    etag: Etag::Md5,
    concurrency: 64,
};

/// The name under which the hash of an asset is kept with it.
const SHA256: &str = "sha256";

impl Dialect {
    /// The `ETag` that the store would give these bytes, in quotes as it is sent.
    pub(super) fn etag_of(self, content: &[u8]) -> String {
        match self.etag {
            Etag::Md5 => {
                format!("\"{}\"", hex(&md5::Md5::digest(content)))
            }
        }
    }

    pub(super) fn attributes_of(asset: &Asset) -> Attributes {
        Attributes::from_iter([
            (Attribute::ContentType, asset.content_type.to_owned()),
            (
                Attribute::CacheControl,
                crate::manifest::CACHE_CONTROL.to_owned(),
            ),
            (Attribute::Metadata(SHA256.into()), asset.sha256.to_string()),
        ])
    }

    pub(super) fn sha256_in(attributes: &Attributes) -> Option<&str> {
        attributes
            .get(&Attribute::Metadata(SHA256.into()))
            .map(AttributeValue::as_ref)
    }

    /// The protocol's own objects are read from the store, never through a cache.
    pub(super) fn attributes_of_meta() -> Attributes {
        Attributes::from_iter([
            (Attribute::ContentType, "application/json"),
            (Attribute::CacheControl, "no-store"),
        ])
    }
}

/// Whether two `ETag`s are one; some stores send them without quotes.
pub(super) fn same_etag(one: &str, other: &str) -> bool {
    one.trim_matches('"')
        .eq_ignore_ascii_case(other.trim_matches('"'))
}
