//! All in which kinds of stores differ, as one value.

use crate::manifest::Asset;
use crate::prefix::Scheme;
use object_store::{Attribute, AttributeValue, Attributes};

#[derive(Clone, Copy, Debug)]
pub(super) struct Provider {
    pub(super) etag: Etag,
    /// Requests in flight, at most.
    pub(super) most_requests: usize,
    pub(super) actions: Actions,
}

/// What an `ETag` proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Etag {
    /// The MD5 of the body, unless the store encrypts with keys of its customers, or put it together from
    /// parts.
    Md5,
    /// Nothing of the content.
    Opaque,
}

/// As the store's rights name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Actions {
    pub(super) get: &'static str,
    pub(super) list: &'static str,
    pub(super) put: &'static str,
}

/// S3 takes 3,500 puts a second below one prefix:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html>
const S3: Provider = Provider {
    etag: Etag::Md5,
    most_requests: 256,
    actions: Actions {
        get: "s3:GetObject",
        list: "s3:ListBucket",
        put: "s3:PutObject",
    },
};

/// <https://learn.microsoft.com/azure/storage/blobs/authorize-access-azure-active-directory>
const AZURE: Provider = Provider {
    etag: Etag::Opaque,
    most_requests: 256,
    actions: Actions {
        get: "read",
        list: "list",
        put: "create",
    },
};

/// GCS takes 1,000 writes a second at first, and more only slowly:
/// <https://cloud.google.com/storage/docs/request-rate>
const GCS: Provider = Provider {
    etag: Etag::Md5,
    most_requests: 100,
    actions: Actions {
        get: "storage.objects.get",
        list: "storage.objects.list",
        put: "storage.objects.create",
    },
};

/// The name under which the hash of an asset is kept with it.
const SHA256: &str = "sha256";

impl Provider {
    pub(super) fn of(scheme: Scheme) -> Self {
        match scheme {
            Scheme::S3 => S3,
            Scheme::Azure => AZURE,
            Scheme::Gcs => GCS,
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
