//! The two hashes of a manifest (`docs/contract.md`): `digest` includes headers, `content` doesn't. Their JSON is for
//! ever: it names the versions that are published.

use super::{Asset, CACHE_CONTROL, Manifest};
use crate::sha256::Sha256;
use serde::{Serialize, Serializer};

/// Canonical JSON: fields in alphabetical order, no spaces, LF at the end.
pub(crate) fn canonical<T: Serialize>(value: &T) -> Vec<u8> {
    let mut json = serde_json::to_vec(value).unwrap_or_default();
    json.push(b'\n');
    json
}

/// Serializes the files of a manifest one by one: there may be too many to convert them first.
pub(super) struct Files<'a, T>(pub(super) &'a Manifest, pub(super) fn(&'a Asset) -> T);

impl<T: Serialize> Serialize for Files<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.assets().iter().map(self.1))
    }
}

#[derive(Serialize)]
struct DigestInput<'a> {
    files: Files<'a, FileJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    salt: Option<&'a str>,
    schema: u32,
}

/// A file in a marker. The JSON that is hashed for the digest has no template.
#[derive(Serialize)]
pub(super) struct FileJson<'a> {
    cache: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<&'static str>,
    path: &'a str,
    sha256: Sha256,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<&'a Sha256>,
    #[serde(rename = "type")]
    content_type: &'static str,
}

impl<'a> FileJson<'a> {
    pub(super) fn of(asset: &'a Asset) -> Self {
        Self {
            cache: CACHE_CONTROL,
            encoding: asset.encoding(),
            path: &asset.path,
            sha256: asset.sha256,
            size: asset.size,
            template: asset.template.as_deref(),
            content_type: asset.content_type,
        }
    }
}

#[derive(Serialize)]
struct ContentFile<'a> {
    path: &'a str,
    sha256: Sha256,
    size: u64,
}

impl Manifest {
    /// Names a digest version. Hashes the files as compiled: a file that holds its own URL counts with the placeholder
    /// in it.
    pub(crate) fn digest(&self, salt: Option<&str>) -> Sha256 {
        let files = Files(self, |asset| FileJson {
            sha256: asset.template.as_deref().copied().unwrap_or(asset.sha256),
            template: None,
            ..FileJson::of(asset)
        });
        Sha256::of(&canonical(&DigestInput {
            files,
            salt,
            schema: 1,
        }))
    }
}

/// Decides whether two explicit versions are equal: hashes paths and bytes as published, without headers.
pub(crate) fn content_of(manifest: &Manifest) -> Sha256 {
    Sha256::of(&canonical(&Files(manifest, |asset| ContentFile {
        path: &asset.path,
        sha256: asset.sha256,
        size: asset.size,
    })))
}

#[cfg(test)]
mod tests {
    use super::super::AssetSource;
    use super::*;
    use std::path::Path;

    fn asset(path: &str, content_type: &'static str) -> Asset {
        Asset {
            path: path.into(),
            source: AssetSource::At(Path::new(path).into()),
            size: 3,
            sha256: Sha256::of(b"abc"),
            content_type,
            template: None,
            plain: None,
        }
    }

    #[test]
    fn digest_includes_headers_and_salt_content_does_not() {
        let text = Manifest::of(vec![asset("a.js", "text/javascript; charset=utf-8")]);
        let other = Manifest::of(vec![asset("a.js", "application/javascript")]);
        assert_ne!(text.digest(None), other.digest(None));
        assert_ne!(text.digest(None), text.digest(Some("1")));
        assert_eq!(content_of(&text), content_of(&other));
    }

    #[test]
    fn digest_ignores_the_order_of_the_scan() {
        let one = Manifest::of(vec![asset("a", "x"), asset("b", "x")]);
        let other = Manifest::of(vec![asset("b", "x"), asset("a", "x")]);
        assert_eq!(one.digest(None), other.digest(None));
    }

    /// This literal never changes: old images publish with it.
    #[test]
    fn digest_of_a_known_manifest() {
        let manifest = Manifest::of(vec![asset("a.css", "text/css; charset=utf-8")]);
        let canonical = concat!(
            r#"{"files":[{"cache":"public, max-age=31536000, immutable","path":"a.css","#,
            r#""sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","#,
            r#""size":3,"type":"text/css; charset=utf-8"}],"schema":1}"#,
            "\n"
        );
        assert_eq!(manifest.digest(None), Sha256::of(canonical.as_bytes()));
    }
}
