//! Where a version is stored, and the URL under which browsers find it. No other module builds object keys or
//! public URLs; this one reads no store and no setting.

mod key;
mod public_url;
mod store_url;

use crate::encoding::percent_encoded_path;
pub(crate) use key::{Folder, Key, MetaObject, PROBE};
pub(crate) use public_url::{ParsePublicUrlError, Prefix, PublicUrl};
pub(crate) use store_url::{BucketUrl, NameRules, PART, ParseStoreUrlError, Scheme, StoreUrl};
use url::{Position, Url};

/// A store and its public URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Site {
    pub(crate) store: StoreUrl,
    pub(crate) public: PublicUrl,
}

impl Site {
    /// Other public URLs that may be meant: a CDN in front of a store may add the bucket's name and prefix, or not.
    /// There are none for a path of the site.
    pub(crate) fn other_public_urls(&self) -> Vec<PublicUrl> {
        let Ok(url) = Url::parse(&self.public.0) else {
            return Vec::new();
        };
        let (name, folder) = match &self.store {
            StoreUrl::Bucket(bucket) => (bucket.bucket.clone(), bucket.folder.to_string()),
            StoreUrl::File(root) => {
                let name = root.file_name().unwrap_or_default().to_string_lossy();
                (percent_encoded_path(&name), String::new())
            }
        };
        let slashed = |part: &str| format!("/{part}").trim_end_matches('/').to_owned();
        let (name, folder) = (slashed(&name), slashed(&percent_encoded_path(&folder)));
        let mut tails = match folder.as_str() {
            "" => vec![name, String::new()],
            _ => vec![format!("{name}{folder}"), folder, name, String::new()],
        };
        tails.dedup();
        let origin = &url[..Position::BeforePath];
        let path = url.path().trim_end_matches('/');
        // The longest tail comes first; the empty one always fits.
        let stem = tails.iter().find_map(|tail| path.strip_suffix(tail));
        let stem = stem.unwrap_or(path);
        let urls = tails
            .iter()
            .map(|tail| PublicUrl(format!("{origin}{stem}{tail}/")));
        urls.filter(|url| *url != self.public).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(store: &str, public: &str) -> Site {
        Site {
            store: store.parse().unwrap(),
            public: public.parse().unwrap(),
        }
    }

    #[test]
    fn other_public_urls_that_may_be_meant() {
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
}
