//! The public URL of a store, and of one version under it.

use crate::encoding::{has_whole_escapes, percent_decoded, percent_encoded_path};
use crate::version::Version;
use std::str::FromStr;
use url::Url;

/// The URL of a store's prefix, with a trailing `/`: absolute, or a path of the app's own site.
#[derive(Clone, Debug, PartialEq, Eq, derive_more::Display)]
pub(crate) struct PublicUrl(pub(super) String);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ParsePublicUrlError {
    NotHttpOrPath,
    HasUserInfo,
    HasQueryOrFragment,
    Malformed,
}

impl PublicUrl {
    pub(crate) fn prefix(&self, version: &Version) -> Prefix {
        Prefix(format!("{self}{version}/"))
    }
}

impl FromStr for PublicUrl {
    type Err = ParsePublicUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        use ParsePublicUrlError::{HasQueryOrFragment, HasUserInfo, Malformed, NotHttpOrPath};
        let is_url_byte =
            |byte: u8| byte.is_ascii_graphic() && !b"\"'<>\\^`{|}$();&!*".contains(&byte);
        let leads_up = text.split('/').any(|part| part == "..");
        if text.contains(['?', '#']) {
            return Err(HasQueryOrFragment);
        }
        if !text.bytes().all(is_url_byte) || !has_whole_escapes(text) || leads_up {
            return Err(Malformed);
        }
        if text.starts_with('/') && !text.starts_with("//") {
            return Ok(Self(format!("{}/", text.trim_end_matches('/'))));
        }
        let url = Url::parse(text).map_err(|_| NotHttpOrPath)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(NotHttpOrPath);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(HasUserInfo);
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(Malformed);
        }
        Ok(Self(format!("{}/", url.as_str().trim_end_matches('/'))))
    }
}

/// The public URL of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Prefix(String);

impl Prefix {
    /// With a trailing `/`, as `STATIC_URL` needs it.
    pub(crate) fn url(&self) -> &str {
        &self.0
    }

    /// The URL of one file, encoded for a link.
    pub(crate) fn url_of(&self, path: &str) -> String {
        format!("{}{}", self.0, percent_encoded_path(path))
    }

    /// Whether it is a path of the app's own site, whose host the build doesn't know.
    pub(crate) fn is_path(&self) -> bool {
        self.0.starts_with('/')
    }

    /// The scheme, host and port: `https://cdn.example.com`. `None` for a path of the app's own site.
    pub(crate) fn origin(&self) -> Option<&str> {
        let (scheme, rest) = self.0.split_once("://")?;
        let host = rest.split('/').next()?;
        self.0.get(..scheme.len() + "://".len() + host.len())
    }

    /// Whether the app's own site routes requests for `path` to the store.
    pub(crate) fn covers(&self, path: &str) -> bool {
        let base = self.0.trim_end_matches('/');
        let base = base.rsplit_once('/').map_or("", |(base, _)| base);
        base.starts_with('/') && format!("{path}/").starts_with(&format!("{base}/"))
    }

    /// The decoded path of the file that `url` names. `None` if `url` is not under this prefix.
    pub(crate) fn path_of(&self, url: &str) -> Option<String> {
        let rest = url.strip_prefix(&self.0)?;
        percent_decoded(rest.split(['?', '#']).next()?)
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
    fn a_path_has_no_origin() {
        let prefix = |public: &str| public.parse::<PublicUrl>().unwrap().prefix(&version("v1"));
        let url = prefix("http://127.0.0.1:8080/shop");
        assert_eq!(url.origin(), Some("http://127.0.0.1:8080"));
        assert_eq!(prefix("/assets-v").origin(), None);
    }

    #[test]
    fn covers_paths_that_the_site_routes_to_the_store() {
        let prefix = |public: &str| public.parse::<PublicUrl>().unwrap().prefix(&version("v1"));
        assert!(prefix("/static").covers("/static/"));
        assert!(!prefix("/assets-v").covers("/static/"));
        assert!(!prefix("/stat").covers("/static/"));
        assert!(!prefix("https://cdn/static").covers("/static/"));
    }

    #[test]
    fn file_urls_are_encoded_and_decoded() {
        let base: PublicUrl = "https://cdn/x".parse().unwrap();
        let prefix = base.prefix(&version("v1"));
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
    fn path_of_decodes_paths_under_the_prefix() {
        let base: PublicUrl = "https://cdn/x".parse().unwrap();
        let prefix = base.prefix(&version("v1"));
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
