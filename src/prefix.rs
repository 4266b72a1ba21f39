//! Where a version lives: the only place that builds object keys and public URLs.

mod store_url;

use crate::encoding::{percent_decoded, percent_encoded_path};
use crate::version::Version;
use std::fmt;
use std::str::FromStr;
pub(crate) use store_url::{
    BucketUrl, NameRules, PART, ParseStoreUrlError, Scheme, StoreUrl, TrailingDot,
};
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
        self.public.prefix(version)
    }

    /// The public URLs that may have been meant: what is in front of a store adds its name and prefix
    /// by itself, or doesn't. None for a path of the site.
    pub(crate) fn other_public_urls(&self) -> Vec<PublicUrl> {
        let Ok(url) = Url::parse(&self.public.0) else {
            return Vec::new();
        };
        let (name, folder) = match &self.store {
            StoreUrl::Bucket(BucketUrl { bucket, folder, .. }) => {
                (bucket.clone(), percent_encoded_path(&folder.0))
            }
            StoreUrl::File { root } => {
                let name = root.file_name().unwrap_or_default().to_string_lossy();
                (percent_encoded_path(&name), String::new())
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
        format!("{}{}", self.url, percent_encoded_path(path))
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

impl PublicUrl {
    pub(crate) fn prefix(&self, version: &Version) -> Prefix {
        Prefix {
            url: format!("{self}{version}/"),
        }
    }
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
