//! MD5 hashes: what an answer proves of the body that was uploaded.

use crate::encoding::hex;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use object_store::{HeaderMap, PutResult};

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
