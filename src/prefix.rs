//! Where a version lives: the only place that builds object keys and public URLs.

use crate::version::Version;
use std::fmt::{self, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use url::{Position, Url};

/// The folder of the protocol's own objects, below the store's prefix.
const META: &str = ".static-assets";

/// A store and the URL under which browsers find it.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub(crate) store: StoreUrl,
    pub(crate) public: PublicUrl,
}

impl Site {
    pub(crate) fn prefix(&self, version: &Version) -> Prefix {
        Prefix {
            url: format!("{}{version}/", self.public),
        }
    }

    /// The public URLs that may have been meant: what is in front of a store adds its name and prefix
    /// by itself, or doesn't. None for a path of the site.
    pub(crate) fn other_public_urls(&self) -> Vec<PublicUrl> {
        let Ok(url) = Url::parse(&self.public.0) else {
            return Vec::new();
        };
        let (name, folder) = match &self.store {
            StoreUrl::Bucket(BucketUrl { bucket, folder, .. }) => {
                (bucket.clone(), percent_encoded(&folder.0))
            }
            StoreUrl::File { root } => {
                let name = root.file_name().unwrap_or_default().to_string_lossy();
                (percent_encoded(&name), String::new())
            }
        };
        let mut tails: Vec<String> = Vec::new();
        for parts in [vec![&name, &folder], vec![&folder], vec![&name], vec![]] {
            let parts = parts.into_iter().filter(|part| !part.is_empty());
            let tail: String = parts.flat_map(|part| ["/", part.as_str()]).collect();
            if !tails.contains(&tail) {
                tails.push(tail);
            }
        }
        let origin = &url[..Position::BeforePath];
        let path = url.path().trim_end_matches('/');
        // The longest first; the empty one always fits.
        let stem = tails
            .iter()
            .find_map(|tail| path.strip_suffix(tail.as_str()));
        let stem = stem.unwrap_or(path);
        tails
            .iter()
            .map(|tail| PublicUrl(format!("{origin}{stem}{tail}/")))
            .filter(|other| *other != self.public)
            .collect()
    }
}

/// One version's public prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Prefix {
    url: String,
}

impl Prefix {
    /// With a trailing `/`, as `STATIC_URL` needs it.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The URL of one file as a link names it.
    pub(crate) fn url_of(&self, path: &str) -> String {
        format!("{}{}", self.url, percent_encoded(path))
    }

    /// Whether it is a path of the app's own site, whose host nobody knows while building.
    pub(crate) fn is_path(&self) -> bool {
        self.url.starts_with('/')
    }

    /// Whether requests of the app's own site for `path` are routed to the store.
    pub(crate) fn covers(&self, path: &str) -> bool {
        let base = self.url.trim_end_matches('/');
        let base = base.rsplit_once('/').map_or("", |(base, _)| base);
        base.starts_with('/') && format!("{path}/").starts_with(&format!("{base}/"))
    }

    /// The path below this prefix that `url` names, decoded; `None` where it is elsewhere.
    pub(crate) fn path_of(&self, url: &str) -> Option<String> {
        let rest = url.strip_prefix(&self.url)?;
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        percent_decoded(rest)
    }
}

/// Every byte but `/` and the unreserved ones: <https://www.rfc-editor.org/rfc/rfc3986#section-2.3>
fn percent_encoded(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = match (first, tail) {
            (b'%', [high, low, tail @ ..]) => {
                let digits = [*high, *low];
                let digits = std::str::from_utf8(&digits).ok()?;
                bytes.push(u8::from_str_radix(digits, 16).ok()?);
                tail
            }
            (byte, tail) => {
                bytes.push(*byte);
                tail
            }
        };
    }
    String::from_utf8(bytes).ok()
}

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

/// The store's prefix: empty, or segments joined by `/`, without one at either end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Folder(String);

impl Folder {
    pub(crate) fn asset(&self, version: &Version, path: &str) -> Key {
        Key(format!("{}{version}/{path}", self.base()))
    }

    pub(crate) fn version(&self, version: &Version) -> Key {
        Key(format!("{}{version}/", self.base()))
    }

    pub(crate) fn meta(&self, object: &MetaObject<'_>) -> Key {
        Key(format!("{}{META}/{object}", self.base()))
    }

    fn base(&self) -> String {
        if self.0.is_empty() {
            String::new()
        } else {
            format!("{}/", self.0)
        }
    }
}

impl FromStr for Folder {
    type Err = ParseStoreUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim_matches('/');
        let is_segment = |segment: &str| {
            !segment.is_empty()
                && segment != "."
                && segment != ".."
                && segment != META
                && !segment.contains(|character: char| {
                    character.is_control() || "\\?#%{}".contains(character)
                })
        };
        if text.is_empty() || text.split('/').all(is_segment) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseStoreUrlError::BadFolder)
        }
    }
}

impl fmt::Display for Folder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The protocol's own objects (`docs/contract.md`).
pub(crate) enum MetaObject<'a> {
    Marker(&'a Version),
    Tombstone(&'a Version),
    Claims(&'a Version),
    Claim {
        version: &'a Version,
        content: &'a str,
    },
    Ref {
        version: &'a Version,
        group: &'a str,
        random: &'a str,
    },
    Staging,
}

impl fmt::Display for MetaObject<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Marker(version) => write!(formatter, "versions/{version}.json"),
            Self::Tombstone(version) => write!(formatter, "tombstones/{version}.json"),
            Self::Claims(version) => write!(formatter, "claims/{version}/"),
            Self::Claim { version, content } => {
                write!(formatter, "claims/{version}/{content}.json")
            }
            Self::Ref {
                version,
                group,
                random,
            } => write!(formatter, "refs/{version}/{group}/{random}.json"),
            Self::Staging => formatter.write_str("staging"),
        }
    }
}

/// The full name of one object in the bucket, or of one file below a directory store's root.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key(String);

impl Key {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The base URL of a store's prefix, with a trailing `/`: absolute, or a path of the app's own site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicUrl(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ParsePublicUrlError {
    NotHttpOrPath,
    HasUserInfo,
    HasQueryOrFragment,
    Malformed,
}

impl FromStr for PublicUrl {
    type Err = ParsePublicUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.contains(['?', '#']) {
            return Err(ParsePublicUrlError::HasQueryOrFragment);
        }
        let is_url_byte =
            |byte: u8| byte.is_ascii_graphic() && !b"\"'<>\\^`{|}$();&!*".contains(&byte);
        let is_escape = |rest: &str| {
            let digits = rest.as_bytes().get(..2);
            digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
        };
        let escapes = text.split('%').skip(1).all(is_escape);
        let leads_up = text.split('/').any(|part| part == "..");
        if !text.bytes().all(is_url_byte) || !escapes || leads_up {
            return Err(ParsePublicUrlError::Malformed);
        }
        if text.starts_with('/') && !text.starts_with("//") {
            return Ok(Self(format!("{}/", text.trim_end_matches('/'))));
        }
        let url = Url::parse(text).map_err(|_| ParsePublicUrlError::NotHttpOrPath)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(ParsePublicUrlError::NotHttpOrPath);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ParsePublicUrlError::HasUserInfo);
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(ParsePublicUrlError::Malformed);
        }
        Ok(Self(format!("{}/", url.as_str().trim_end_matches('/'))))
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

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

    #[test]
    fn valid_public_urls() {
        for (text, shown) in [
            ("https://static.acme.com", "https://static.acme.com/"),
            (
                "https://static.acme.com/shop/",
                "https://static.acme.com/shop/",
            ),
            ("http://127.0.0.1:8080/x", "http://127.0.0.1:8080/x/"),
            ("/assets-v", "/assets-v/"), // routed by the site's own CDN
        ] {
            assert_eq!(text.parse::<PublicUrl>().unwrap().to_string(), shown);
        }
    }

    #[test]
    fn invalid_public_urls() {
        for (text, error) in [
            ("static.acme.com", ParsePublicUrlError::NotHttpOrPath),
            ("//static.acme.com/", ParsePublicUrlError::NotHttpOrPath),
            ("ftp://x/", ParsePublicUrlError::NotHttpOrPath),
            ("https://u:p@x/", ParsePublicUrlError::HasUserInfo),
            ("https://x/?v=1", ParsePublicUrlError::HasQueryOrFragment),
            ("https://x/#a", ParsePublicUrlError::HasQueryOrFragment),
            ("https://x/a b", ParsePublicUrlError::Malformed),
            ("https://x/{app}/", ParsePublicUrlError::Malformed),
            ("/a$(id)", ParsePublicUrlError::Malformed), // env files are read by shells
            ("/../x", ParsePublicUrlError::Malformed),
            ("/a%zz", ParsePublicUrlError::Malformed),
        ] {
            assert_eq!(text.parse::<PublicUrl>(), Err(error), "{text}");
        }
    }

    #[test]
    fn keys_lie_below_the_folder() {
        let folder: Folder = "shop".parse().unwrap();
        let v1 = version("v1");
        assert_eq!(folder.asset(&v1, "a/b.css").as_str(), "shop/v1/a/b.css");
        assert_eq!(
            folder.meta(&MetaObject::Marker(&v1)).as_str(),
            "shop/.static-assets/versions/v1.json"
        );
        assert_eq!(Folder::default().asset(&v1, "b.css").as_str(), "v1/b.css");
    }

    #[test]
    fn covers_what_the_sites_own_router_sends_to_the_store() {
        let prefix = |public: &str| {
            let site = Site {
                store: "file:///x".parse().unwrap(),
                public: public.parse().unwrap(),
            };
            site.prefix(&version("v1"))
        };
        assert!(prefix("/static").covers("/static/"));
        assert!(!prefix("/assets-v").covers("/static/"));
        assert!(!prefix("/stat").covers("/static/"));
        assert!(!prefix("https://cdn/static").covers("/static/"));
    }

    fn site(store: &str, public: &str) -> Site {
        Site {
            store: store.parse().unwrap(),
            public: public.parse().unwrap(),
        }
    }

    #[test]
    fn urls_of_files_are_encoded_and_decoded_to_the_same_path() {
        let prefix = site("file:///x", "https://cdn/x").prefix(&version("v1"));
        for (path, encoded) in [
            ("web/app.css", "web/app.css"),
            ("a b", "a%20b"),
            ("a+b", "a%2Bb"),
            ("a%20b", "a%2520b"), // the name holds a percent sign
            ("a#b", "a%23b"),
            ("a?b", "a%3Fb"),
            ("~a-b_c.d", "~a-b_c.d"),
            ("a[1]", "a%5B1%5D"),
            ("'a'\"b\"", "%27a%27%22b%22"),
            ("é/日", "%C3%A9/%E6%97%A5"),
            (
                "a@2x,b;c=d&e:f!$*()",
                "a%402x%2Cb%3Bc%3Dd%26e%3Af%21%24%2A%28%29",
            ),
        ] {
            let url = prefix.url_of(path);
            assert_eq!(url, format!("https://cdn/x/v1/{encoded}"));
            assert_eq!(prefix.path_of(&url).as_deref(), Some(path));
        }
    }

    #[test]
    fn public_urls_that_may_have_been_meant() {
        for (store, public, others) in [
            (
                "s3://acme/shop",
                "https://cdn.example/shop",
                &[
                    "https://cdn.example/acme/shop/",
                    "https://cdn.example/acme/",
                    "https://cdn.example/",
                ][..],
            ),
            (
                "s3://acme/shop",
                "http://127.0.0.1:9000/acme/shop",
                &[
                    "http://127.0.0.1:9000/shop/",
                    "http://127.0.0.1:9000/acme/",
                    "http://127.0.0.1:9000/",
                ],
            ),
            ("s3://acme", "https://cdn/x", &["https://cdn/x/acme/"]),
            (
                "s3://acme/a b",
                "https://cdn/a%20b",
                &[
                    "https://cdn/acme/a%20b/",
                    "https://cdn/acme/",
                    "https://cdn/",
                ],
            ),
            // The host is no part of the path.
            ("file:///srv/shop", "https://shop", &["https://shop/shop/"]),
            ("file:///srv/shop", "https://cdn/shop", &["https://cdn/"]),
            ("file:///", "https://cdn/x", &[]),
            ("s3://acme/shop", "/assets-v", &[]),
        ] {
            let site = site(store, public);
            let found: Vec<String> = site
                .other_public_urls()
                .iter()
                .map(ToString::to_string)
                .collect();
            assert_eq!(found, others, "{store} {public}");
        }
    }

    #[test]
    fn path_of_decodes_what_lies_below() {
        let site = Site {
            store: "file:///x".parse().unwrap(),
            public: "https://cdn/x".parse().unwrap(),
        };
        let prefix = site.prefix(&version("v1"));
        assert_eq!(prefix.url(), "https://cdn/x/v1/");
        assert_eq!(
            prefix
                .path_of("https://cdn/x/v1/a%20b.svg?#icon")
                .as_deref(),
            Some("a b.svg")
        );
        assert_eq!(prefix.path_of("/static/a.css"), None);
        assert_eq!(prefix.path_of("https://cdn/x/v10/a.css"), None);
    }
}
