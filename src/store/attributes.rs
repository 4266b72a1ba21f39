//! The headers and metadata that objects are stored with.

use crate::manifest::{Asset, CACHE_CONTROL};
use object_store::{Attribute, Attributes};

/// The name of the metadata that holds the hash of an asset.
const SHA256: &str = "sha256";

pub(super) fn attributes_of(asset: &Asset) -> Attributes {
    Attributes::from_iter([
        (Attribute::ContentType, asset.content_type.to_owned()),
        (Attribute::CacheControl, CACHE_CONTROL.to_owned()),
        (Attribute::Metadata(SHA256.into()), asset.sha256.to_string()),
    ])
}

/// The protocol's own objects are read from the store, never through a cache.
pub(super) fn meta_attributes() -> Attributes {
    Attributes::from_iter([
        (Attribute::ContentType, "application/json"),
        (Attribute::CacheControl, "no-store"),
    ])
}

/// Whether an object was uploaded with the hash of this asset.
pub(super) fn has_sha256_of(attributes: &Attributes, asset: &Asset) -> bool {
    let stored = attributes.get(&Attribute::Metadata(SHA256.into()));
    stored.is_some_and(|stored| stored.as_ref() == asset.sha256.to_string())
}
