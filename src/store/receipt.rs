//! What proves the content of an object: MD5 hashes in answers, and the headers and metadata that it is stored with.

use crate::encoding::hex;
use crate::manifest::{Asset, CACHE_CONTROL, MarkedFile};
use crate::sha256::Sha256;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use object_store::{Attribute, Attributes, HeaderMap, PutResult};

pub(super) type Md5Hash = [u8; 16];

pub(super) fn md5_of(content: &[u8]) -> Md5Hash {
    Md5::digest(content).into()
}

/// Whether an `ETag` is this hash. Some stores send it without quotes.
pub(super) fn is_etag_of(etag: &str, md5: Md5Hash) -> bool {
    etag.trim_matches('"').eq_ignore_ascii_case(&hex(&md5))
}

/// The MD5 that a store names for the body it received. The transport leaves it in the extensions of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StoredMd5(Md5Hash);

impl StoredMd5 {
    /// Azure and GCS name it in a header each; S3 names it in the `ETag` only.
    pub(super) fn in_headers(headers: &HeaderMap) -> Option<Self> {
        let header = |name: &str| headers.get(name)?.to_str().ok();
        let google = || {
            let mut hashes = header("x-goog-hash")?.split(',');
            hashes.find_map(|hash| hash.trim().strip_prefix("md5="))
        };
        let md5 = STANDARD
            .decode(header("content-md5").or_else(google)?)
            .ok()?;
        md5.try_into().ok().map(Self)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Md5Match {
    Equal,
    Different,
    /// The answer proves nothing of the content.
    Unknown,
}

/// Compares a body with what an answer says. An `ETag` that differs may be no MD5, so it proves nothing.
pub(super) fn compare_md5(result: &PutResult, md5: Md5Hash) -> Md5Match {
    match (result.extensions.get(), &result.e_tag) {
        (Some(StoredMd5(stored)), _) if *stored == md5 => Md5Match::Equal,
        (Some(StoredMd5(_)), _) => Md5Match::Different,
        (None, Some(etag)) if is_etag_of(etag, md5) => Md5Match::Equal,
        (None, _) => Md5Match::Unknown,
    }
}

/// The name of the metadata that holds the hash of an asset.
const SHA256: &str = "sha256";

pub(super) fn attributes_of(asset: &Asset) -> Attributes {
    let encoding = asset.encoding();
    attributes(asset.content_type, CACHE_CONTROL, encoding, asset.sha256)
}

/// Those that the file was published with.
pub(super) fn attributes_of_published(file: &MarkedFile) -> Attributes {
    let cache = file.cache.as_deref().unwrap_or(CACHE_CONTROL);
    let encoding = file.encoding.as_deref();
    attributes(&file.content_type, cache, encoding, file.sha256)
}

fn attributes(
    content_type: &str,
    cache: &str,
    encoding: Option<&str>,
    sha256: Sha256,
) -> Attributes {
    let encoding = encoding.map(|encoding| (Attribute::ContentEncoding, encoding.to_owned()));
    let others = [
        (Attribute::ContentType, content_type.to_owned()),
        (Attribute::CacheControl, cache.to_owned()),
        (Attribute::Metadata(SHA256.into()), sha256.to_string()),
    ];
    others.into_iter().chain(encoding).collect()
}

/// The protocol's own objects are read from the store, never through a cache.
pub(super) fn meta_attributes() -> Attributes {
    Attributes::from_iter([
        (Attribute::ContentType, "application/json"),
        (Attribute::CacheControl, "no-store"),
    ])
}

/// The hash with which an object was uploaded.
pub(super) fn sha256_in(attributes: &Attributes) -> Option<&str> {
    let stored = attributes.get(&Attribute::Metadata(SHA256.into()));
    stored.map(AsRef::as_ref)
}

/// Whether an object was uploaded with the hash of this asset.
pub(super) fn has_sha256_of(attributes: &Attributes, asset: &Asset) -> bool {
    sha256_in(attributes).is_some_and(|stored| stored == asset.sha256.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn azures_and_googles_headers_name_the_md5() {
        let md5_in = |name: &'static str, value: &'static str| {
            let name: reqwest::header::HeaderName = name.parse().unwrap();
            StoredMd5::in_headers(&HeaderMap::from_iter([(name, value.parse().unwrap())]))
        };
        let empty = Some(StoredMd5(md5_of(b"")));
        assert_eq!(md5_in("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg=="), empty);
        let google = "crc32c=AAAAAA==,md5=1B2M2Y8AsgTpgAmY7PhCfg==";
        assert_eq!(md5_in("x-goog-hash", google), empty);
        assert_eq!(md5_in("content-md5", "x"), None);
    }
}
