//! SHA-256 and the two names of content (`docs/contract.md`): `digest` with headers, `content`
//! without.

use super::{Asset, CACHE_CONTROL, Manifest};
use crate::sha256::Sha256;
use serde::{Serialize, Serializer};
use sha2::Digest;
use std::io::{self, BufWriter, Write};

/// Canonical JSON: fields in alphabetical order, no spaces, LF at the end.
pub(crate) fn canonical<T: Serialize>(value: &T) -> Vec<u8> {
    let mut json = serde_json::to_vec(value).unwrap_or_default();
    json.push(b'\n');
    json
}

/// Of canonical JSON that nobody needs as such.
fn sha256_of_canonical<T: Serialize>(value: &T) -> Sha256 {
    let mut hasher = BufWriter::new(Hasher(sha2::Sha256::new()));
    // Hashing does not fail, and the values are maps and lists of text.
    let _ = serde_json::to_writer(&mut hasher, value);
    let _ = hasher.write_all(b"\n");
    let (hasher, rest) = hasher.into_parts();
    let mut hasher = hasher.0;
    hasher.update(rest.unwrap_or_default());
    hasher.into()
}

struct Hasher(sha2::Sha256);

impl Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The files of a manifest, each made as it is written.
pub(super) struct Files<'a, F>(pub(super) &'a [Asset], pub(super) F);

impl<'a, T: Serialize, F: Fn(&'a Asset) -> T> Serialize for Files<'a, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(&self.1))
    }
}

#[derive(Serialize)]
struct CanonicalManifest<'a, F: Serialize> {
    files: F,
    #[serde(skip_serializing_if = "Option::is_none")]
    salt: Option<&'a str>,
    schema: u32,
}

#[derive(Serialize)]
struct CanonicalFile<'a> {
    cache: &'a str,
    path: &'a str,
    sha256: Sha256,
    size: u64,
    #[serde(rename = "type")]
    content_type: &'a str,
}

#[derive(Serialize)]
struct ContentFile<'a> {
    path: &'a str,
    sha256: Sha256,
    size: u64,
}

impl Manifest {
    /// Names a digest version. Of the files as compiled: where one holds its own URL, with the
    /// placeholder in place of the version.
    pub(crate) fn digest(&self, salt: Option<&str>) -> Sha256 {
        sha256_of_canonical(&CanonicalManifest {
            files: Files(self.assets(), canonical_file),
            salt,
            schema: 1,
        })
    }
}

fn canonical_file(asset: &Asset) -> CanonicalFile<'_> {
    CanonicalFile {
        cache: CACHE_CONTROL,
        path: &asset.path,
        sha256: asset.template.as_deref().copied().unwrap_or(asset.sha256),
        size: asset.size,
        content_type: asset.content_type,
    }
}

/// Decides whether an explicit version is the same: paths and bytes as published, without headers.
pub(crate) fn content_of(manifest: &Manifest) -> Sha256 {
    let file = |asset| {
        let Asset {
            path, sha256, size, ..
        }: &Asset = asset;
        ContentFile {
            path,
            sha256: *sha256,
            size: *size,
        }
    };
    sha256_of_canonical(&Files(manifest.assets(), file))
}

#[cfg(test)]
mod tests {
    use super::super::Source;
    use super::*;
    use std::path::Path;

    fn asset(path: &str, content_type: &'static str) -> Asset {
        Asset {
            path: path.into(),
            source: Source::At(Path::new(path).into()),
            size: 3,
            sha256: Sha256::of(b"abc"),
            content_type,
            template: None,
        }
    }

    #[test]
    fn digest_is_of_headers_and_salt_too_and_content_is_not() {
        let text = Manifest::of(vec![asset("a.js", "text/javascript; charset=utf-8")]);
        let other = Manifest::of(vec![asset("a.js", "application/javascript")]);
        assert_ne!(text.digest(None), other.digest(None));
        assert_ne!(text.digest(None), text.digest(Some("1")));
        assert_eq!(content_of(&text), content_of(&other));
    }

    #[test]
    fn digest_does_not_depend_on_the_order_of_the_scan() {
        let one = Manifest::of(vec![asset("a", "x"), asset("b", "x")]);
        let other = Manifest::of(vec![asset("b", "x"), asset("a", "x")]);
        assert_eq!(one.digest(None), other.digest(None));
    }

    /// Old images publish with what is written here: this literal never changes.
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
