//! Where to publish, as it is written, and what names and sizes each kind of store takes.

use super::Folder;
use crate::version::Version;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// `s3://bucket/prefix`, `az://container/prefix`, `gs://bucket/prefix` or `file:///folder`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoreUrl {
    Bucket(BucketUrl),
    File { root: PathBuf },
}

/// A bucket, which Azure calls a container, and a folder in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BucketUrl {
    pub(crate) scheme: Scheme,
    pub(crate) bucket: String,
    pub(crate) folder: Folder,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    S3,
    Azure,
    Gcs,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ParseStoreUrlError {
    /// Holds the scheme.
    UnknownScheme(String),
    NoScheme,
    NoBucket,
    /// A relative path, or a host where a path is meant: `file://assets/x`.
    NotAbsolute,
    BadFolder,
}

impl Scheme {
    const ALL: [Self; 3] = [Self::S3, Self::Azure, Self::Gcs];

    fn name(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Azure => "az",
            Self::Gcs => "gs",
        }
    }

    /// The most bytes that one request can put.
    ///
    /// S3: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/upload-objects.html>,
    /// Azure: <https://learn.microsoft.com/rest/api/storageservices/put-blob>,
    /// GCS: <https://cloud.google.com/storage/quotas#objects>
    pub(crate) fn largest_put(self) -> u64 {
        match self {
            Self::S3 => 5 << 30,
            Self::Azure => 5_000 << 20,
            Self::Gcs => 5 << 40,
        }
    }

    fn is_bucket(self, name: &str) -> bool {
        let is_letter = |byte: u8| match self {
            // `$web` and `$root` are containers with a meaning of their own.
            Self::Azure => {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-$".contains(&byte)
            }
            Self::S3 | Self::Gcs => byte.is_ascii_alphanumeric() || b".-_".contains(&byte),
        };
        // Servers refuse shorter ones.
        name.len() >= 3 && name.bytes().all(is_letter)
    }
}

/// Of a file that goes in parts. Not less than S3's 5 MiB, and all but the last equal, as R2 asks:
/// <https://developers.cloudflare.com/r2/objects/multipart-objects/#limitations>
pub(crate) const PART: u64 = 8 << 20;
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>
const MOST_PARTS: u64 = 10_000;

/// What a store can hold under one name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct NameRules {
    /// The longest path of an asset.
    pub(crate) longest: Option<Longest>,
    /// The most segments of a path.
    pub(crate) segments: Option<usize>,
    /// Whether no segment may end in a dot.
    pub(crate) trailing_dot: TrailingDot,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Longest {
    Bytes(usize),
    /// UTF-16 code units, in which Azure counts.
    Units(usize),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum TrailingDot {
    #[default]
    Kept,
    /// The store, or what is between it and the browser, drops it.
    Dropped,
}

impl StoreUrl {
    /// The most bytes of a file in a digest version, which may go in parts.
    pub(crate) fn largest_file(&self) -> Option<u64> {
        match self {
            Self::Bucket(_) => Some(PART * MOST_PARTS),
            Self::File { .. } => None,
        }
    }

    /// The most bytes of a file in an explicit version: one request puts it, because the end of an upload in
    /// parts replaces what is there.
    pub(crate) fn largest_put(&self) -> Option<u64> {
        match self {
            Self::Bucket(bucket) => Some(bucket.scheme.largest_put()),
            Self::File { .. } => None,
        }
    }

    /// What the names of a version's files must keep to.
    ///
    /// S3: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>,
    /// Azure: <https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata>,
    /// GCS: <https://cloud.google.com/storage/docs/objects#naming>
    pub(crate) fn name_rules(&self, version: &Version) -> NameRules {
        let Self::Bucket(BucketUrl { scheme, folder, .. }) = self else {
            return NameRules::default();
        };
        let folder = folder.version(version);
        let rest = |length: usize| 1024 - length.min(1024);
        match scheme {
            Scheme::S3 | Scheme::Gcs => NameRules {
                longest: Some(Longest::Bytes(rest(folder.as_str().len()))),
                ..NameRules::default()
            },
            Scheme::Azure => NameRules {
                longest: Some(Longest::Units(rest(folder.as_str().encode_utf16().count()))),
                segments: Some(254 - folder.as_str().matches('/').count().min(254)),
                trailing_dot: TrailingDot::Dropped,
            },
        }
    }
}

impl NameRules {
    pub(crate) fn is_too_long(&self, path: &str) -> bool {
        let too_long = match self.longest {
            Some(Longest::Bytes(longest)) => path.len() > longest,
            Some(Longest::Units(longest)) => path.encode_utf16().count() > longest,
            None => false,
        };
        too_long
            || self
                .segments
                .is_some_and(|most| path.split('/').count() > most)
    }
}

impl FromStr for StoreUrl {
    type Err = ParseStoreUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, rest) = text.split_once("://").ok_or(ParseStoreUrlError::NoScheme)?;
        if name == "file" {
            return file_url(rest);
        }
        let scheme = Scheme::ALL
            .into_iter()
            .find(|scheme| scheme.name() == name)
            .ok_or_else(|| ParseStoreUrlError::UnknownScheme(name.to_owned()))?;
        let (bucket, folder) = rest.split_once('/').unwrap_or((rest, ""));
        if !scheme.is_bucket(bucket) {
            return Err(ParseStoreUrlError::NoBucket);
        }
        Ok(Self::Bucket(BucketUrl {
            scheme,
            bucket: bucket.to_owned(),
            folder: folder.parse()?,
        }))
    }
}

fn file_url(rest: &str) -> Result<StoreUrl, ParseStoreUrlError> {
    let root = Path::new(rest);
    if !root.is_absolute() {
        return Err(ParseStoreUrlError::NotAbsolute);
    }
    let is_parent = |part| part == std::path::Component::ParentDir;
    if root.components().any(is_parent) {
        return Err(ParseStoreUrlError::BadFolder);
    }
    Ok(StoreUrl::File {
        root: root.to_owned(),
    })
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bucket(bucket) => bucket.fmt(formatter),
            Self::File { root } => write!(formatter, "file://{}", root.display()),
        }
    }
}

impl fmt::Display for BucketUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.scheme.name();
        write!(formatter, "{scheme}://{}/{}", self.bucket, self.folder)
    }
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
