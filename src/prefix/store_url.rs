//! The URL of a store, and the limits of each provider on names and sizes.

use super::key::{Folder, META};
use crate::version::Version;
use derive_more::Display;
use std::path::{Component, Path, PathBuf};
use std::str::FromStr;

/// `s3://bucket/prefix`, `az://container/prefix`, `gs://bucket/prefix` or `file:///directory`.
#[derive(Clone, Debug, PartialEq, Eq, Display)]
pub(crate) enum StoreUrl {
    Bucket(BucketUrl),
    #[display("file://{}", _0.display())]
    File(PathBuf),
}

/// A bucket, which Azure calls a container, and a prefix in it.
#[derive(Clone, Debug, PartialEq, Eq, Display)]
#[display("{scheme}://{bucket}/{folder}")]
pub(crate) struct BucketUrl {
    pub(crate) scheme: Scheme,
    pub(crate) bucket: String,
    pub(crate) folder: Folder,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Display)]
pub(crate) enum Scheme {
    #[display("s3")]
    S3,
    #[display("az")]
    Azure,
    #[display("gs")]
    Gcs,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ParseStoreUrlError {
    /// Holds the scheme.
    UnknownScheme(String),
    NoScheme,
    NoBucket,
    /// A relative path, or a host instead of a path: `file://assets/x`.
    NotAbsolute,
    BadFolder,
}

impl Scheme {
    fn is_bucket(self, name: &str) -> bool {
        let is_letter = |byte: u8| match self {
            // `$web` and `$root` are containers with a meaning of their own.
            Self::Azure => matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'$'),
            Self::S3 | Self::Gcs => byte.is_ascii_alphanumeric() || b".-_".contains(&byte),
        };
        // Servers refuse shorter names.
        name.len() >= 3 && name.bytes().all(is_letter)
    }
}

/// The size of a part of a large file. S3 asks for at least 5 MiB, and R2 for equal parts but the last:
/// <https://developers.cloudflare.com/r2/objects/multipart-objects/#limitations>
pub(crate) const PART: u64 = 8 << 20;
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>
const MOST_PARTS: u64 = 10_000;

/// The limits of a store on the names of a version's files. `None` means no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct NameRules {
    most_bytes: Option<usize>,
    /// Azure counts UTF-16 code units.
    most_units: Option<usize>,
    most_segments: Option<usize>,
    /// Whether the store, or what is between it and the browser, drops a dot at the end of a segment.
    pub(crate) drops_trailing_dot: bool,
}

impl NameRules {
    pub(crate) fn is_too_long(&self, path: &str) -> bool {
        let is_over = |most: Option<usize>, length: usize| most.is_some_and(|most| length > most);
        is_over(self.most_bytes, path.len())
            || is_over(self.most_units, path.encode_utf16().count())
            || is_over(self.most_segments, path.split('/').count())
    }
}

impl StoreUrl {
    /// The largest file of a digest version, which is uploaded in parts if it is large.
    pub(crate) fn largest_file(&self) -> Option<u64> {
        matches!(self, Self::Bucket(_)).then_some(PART * MOST_PARTS)
    }

    /// The largest file of an explicit version. One request uploads it from memory, because completing an upload in parts
    /// overwrites an existing object.
    pub(crate) fn largest_put(&self) -> Option<u64> {
        matches!(self, Self::Bucket(_)).then_some(512 << 20)
    }

    /// The rules for the names of a version's files.
    ///
    /// S3: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>,
    /// Azure: <https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata>,
    /// GCS: <https://cloud.google.com/storage/docs/objects#naming>
    pub(crate) fn name_rules(&self, version: &Version) -> NameRules {
        let Self::Bucket(BucketUrl { scheme, folder, .. }) = self else {
            return NameRules::default();
        };
        let dir = folder.version(version).to_string();
        let mut rules = NameRules::default();
        let left = |most: usize, used: usize| Some(most.saturating_sub(used));
        match scheme {
            Scheme::S3 | Scheme::Gcs => rules.most_bytes = left(1024, dir.len()),
            Scheme::Azure => {
                rules.most_units = left(1024, dir.encode_utf16().count());
                rules.most_segments = left(254, dir.matches('/').count());
                rules.drops_trailing_dot = true;
            }
        }
        rules
    }
}

impl FromStr for StoreUrl {
    type Err = ParseStoreUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (scheme, rest) = text.split_once("://").ok_or(ParseStoreUrlError::NoScheme)?;
        let scheme = match scheme {
            "s3" => Scheme::S3,
            "az" => Scheme::Azure,
            "gs" => Scheme::Gcs,
            "file" => return file_url(Path::new(rest)),
            other => return Err(ParseStoreUrlError::UnknownScheme(other.to_owned())),
        };
        let (bucket, folder) = rest.split_once('/').unwrap_or((rest, ""));
        if !scheme.is_bucket(bucket) {
            return Err(ParseStoreUrlError::NoBucket);
        }
        Ok(Self::Bucket(BucketUrl {
            scheme,
            bucket: bucket.to_owned(),
            folder: folder.parse().map_err(|()| ParseStoreUrlError::BadFolder)?,
        }))
    }
}

fn file_url(root: &Path) -> Result<StoreUrl, ParseStoreUrlError> {
    if !root.is_absolute() {
        return Err(ParseStoreUrlError::NotAbsolute);
    }
    let is_forbidden =
        |part: Component<'_>| part == Component::ParentDir || part.as_os_str() == META;
    if root.components().any(is_forbidden) {
        return Err(ParseStoreUrlError::BadFolder);
    }
    Ok(StoreUrl::File(root.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_store_urls() {
        for (text, shown) in [
            ("s3://acme-static/shop", "s3://acme-static/shop"),
            ("s3://acme-static/a/b/", "s3://acme-static/a/b"),
            ("s3://acme.static", "s3://acme.static/"),
            ("az://acme-static/shop", "az://acme-static/shop"),
            ("az://$web/shop", "az://$web/shop"),
            ("gs://acme_static/shop", "gs://acme_static/shop"),
            ("file:///var/assets", "file:///var/assets"),
        ] {
            assert_eq!(text.parse::<StoreUrl>().unwrap().to_string(), shown);
        }
    }

    #[test]
    fn invalid_store_urls() {
        for (text, error) in [
            ("acme", ParseStoreUrlError::NoScheme),
            ("s3://", ParseStoreUrlError::NoBucket),
            ("s3://ab/x", ParseStoreUrlError::NoBucket), // servers refuse shorter than 3
            ("s3://key:secret@bucket/x", ParseStoreUrlError::NoBucket),
            ("az://Acme/x", ParseStoreUrlError::NoBucket), // containers are lower case
            (
                "az://account.blob.core.windows.net/x",
                ParseStoreUrlError::NoBucket,
            ),
            ("s3://bucket/a//b", ParseStoreUrlError::BadFolder),
            ("s3://bucket/../x", ParseStoreUrlError::BadFolder),
            ("s3://bucket/.static-assets", ParseStoreUrlError::BadFolder), // ours
            ("s3://bucket/{app}", ParseStoreUrlError::BadFolder), // expanded before it is parsed
            ("file://assets", ParseStoreUrlError::NotAbsolute),   // `assets` would be a host
            ("file:///a/.static-assets", ParseStoreUrlError::BadFolder),
            ("file:///a/../b", ParseStoreUrlError::BadFolder),
            (
                // Elsewhere this would be taken for WebDAV.
                "https://minio.example.com/bucket",
                ParseStoreUrlError::UnknownScheme("https".to_owned()),
            ),
        ] {
            assert_eq!(text.parse::<StoreUrl>(), Err(error), "{text}");
        }
    }
}
