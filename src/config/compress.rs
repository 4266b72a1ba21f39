//! Whether text is stored compressed.

use super::{Access, ConfigProblem, Mode, Origin, Reader, Setting, env_vars};
use crate::prefix::{BucketUrl, PublicUrl, Scheme, StoreUrl};
use url::Url;

/// In which form text is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum TextForm {
    /// As the compile has left it.
    #[default]
    Plain,
    Gzip(GzipReason),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum GzipReason {
    Setting(Origin),
    /// Browsers read the store itself, and a store compresses nothing.
    OwnUrl,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum CompressChoice {
    Auto,
    Gzip,
    Off,
}

impl Reader<'_> {
    pub(super) fn text_form(&mut self, mode: Option<&Mode>) -> TextForm {
        let choices = [
            ("auto", CompressChoice::Auto),
            ("gzip", CompressChoice::Gzip),
            ("off", CompressChoice::Off),
        ];
        let chosen = self.sources.choice(&env_vars::COMPRESS, &choices);
        let (Some(chosen), Some(mode)) = (self.accept(chosen), mode) else {
            return TextForm::Plain;
        };
        let is_directory = matches!(mode.store(), Some(StoreUrl::File(_)));
        let is_auto = |chosen: &Setting<CompressChoice>| chosen.value == CompressChoice::Auto;
        match chosen {
            Some(chosen) if chosen.value == CompressChoice::Gzip && is_directory => {
                self.problems.push(ConfigProblem::CompressedDirectory);
                TextForm::Plain
            }
            Some(chosen) if chosen.value == CompressChoice::Gzip => {
                TextForm::Gzip(GzipReason::Setting(chosen.origin))
            }
            chosen if chosen.as_ref().is_none_or(is_auto) && is_read_directly(mode) => {
                TextForm::Gzip(GzipReason::OwnUrl)
            }
            _ => TextForm::Plain,
        }
    }
}

/// Whether browsers read the files from the store, with no CDN in between.
fn is_read_directly(mode: &Mode) -> bool {
    let access = match mode {
        Mode::Upload(destination) => Some(&destination.access),
        Mode::Off(_) | Mode::CompileOnly(_) | Mode::Defer(_) => None,
    };
    let (Some(public), Some(StoreUrl::Bucket(bucket))) = (mode.public_url(), mode.store()) else {
        return false;
    };
    is_own_url(public, bucket, access)
}

/// A build with a deferred upload knows no `access`.
fn is_own_url(public: &PublicUrl, bucket: &BucketUrl, access: Option<&Access>) -> bool {
    let Ok(url) = Url::parse(&public.to_string()) else {
        return false;
    };
    let server = access.and_then(Access::server);
    if let Some(endpoint) = server.and_then(|server| server.endpoint.as_ref()) {
        return endpoint.authority() == url.authority();
    }
    let host = url.host_str().unwrap_or_default();
    match bucket.scheme {
        Scheme::S3 => {
            host.ends_with(".amazonaws.com") && host.split('.').any(|label| label.starts_with("s3"))
        }
        Scheme::Azure => host.ends_with(".core.windows.net"),
        Scheme::Gcs => {
            host == "storage.googleapis.com" || host.ends_with(".storage.googleapis.com")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_the_stores_themselves() {
        for (store, public, is_own) in [
            (
                "s3://acme/shop",
                "https://acme.s3.eu-west-1.amazonaws.com/shop",
                true,
            ),
            ("s3://acme", "https://s3.eu-west-1.amazonaws.com/acme", true),
            (
                "s3://acme",
                "http://acme.s3-website-us-east-1.amazonaws.com",
                true,
            ),
            ("s3://acme", "https://d111.cloudfront.net", false),
            ("s3://acme", "https://static.acme.com", false),
            ("s3://acme", "https://api.eu.amazonaws.com", false),
            ("s3://acme", "/assets-v", false),
            ("az://web", "https://acme.blob.core.windows.net/web", true),
            ("az://web", "https://acme.azureedge.net/web", false),
            ("gs://acme", "https://storage.googleapis.com/acme", true),
            ("gs://acme", "https://static.acme.com", false),
        ] {
            let StoreUrl::Bucket(bucket) = store.parse().unwrap() else {
                panic!("not a bucket");
            };
            let public = public.parse().unwrap();
            assert_eq!(is_own_url(&public, &bucket, None), is_own, "{public}");
        }
    }
}
