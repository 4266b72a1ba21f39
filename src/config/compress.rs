//! Whether text is stored compressed.

use super::{ConfigProblem, Mode, Origin, Reader, Setting, env_vars};
use crate::prefix::{PublicUrl, Scheme, StoreUrl};
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
                self.problems
                    .push(ConfigProblem::CompressedDirectory(chosen.origin));
                TextForm::Plain
            }
            Some(chosen) if chosen.value == CompressChoice::Gzip => {
                TextForm::Gzip(GzipReason::Setting(chosen.origin))
            }
            // Under an explicit version, other bytes are a conflict, and a CDN that is added later would change them.
            chosen
                if chosen.as_ref().is_none_or(is_auto)
                    && self.sources.text(&env_vars::RELEASE_VERSION).is_none()
                    && self.is_read_directly(mode) =>
            {
                TextForm::Gzip(GzipReason::OwnUrl)
            }
            _ => TextForm::Plain,
        }
    }

    /// Whether browsers read the files from the store, with no CDN in between.
    fn is_read_directly(&self, mode: &Mode) -> bool {
        let endpoint = match mode {
            Mode::Upload(destination) => {
                let server = destination.access.server();
                server.and_then(|server| server.endpoint.clone())
            }
            // Such a build reads no credentials, and what goes with them only for this.
            Mode::Defer(_) => {
                let endpoint = self.sources.text(&env_vars::ENDPOINT_URL);
                endpoint.and_then(|endpoint| Url::parse(&endpoint.value).ok())
            }
            Mode::Off(_) | Mode::CompileOnly(_) => None,
        };
        let Some(public) = mode.public_url() else {
            return false;
        };
        let is_own = |provider| is_own_url(public, provider, endpoint.as_ref());
        match mode.store() {
            Some(StoreUrl::Bucket(bucket)) => is_own(bucket.scheme),
            Some(StoreUrl::File(_)) => false,
            // Only the release phase knows it.
            None => [Scheme::S3, Scheme::Azure, Scheme::Gcs]
                .into_iter()
                .any(is_own),
        }
    }
}

fn is_own_url(public: &PublicUrl, provider: Scheme, endpoint: Option<&Url>) -> bool {
    let Ok(url) = Url::parse(&public.to_string()) else {
        return false;
    };
    match endpoint {
        None => is_host_of(provider, &url),
        Some(endpoint) if is_host_of(provider, endpoint) => is_host_of(provider, &url),
        Some(endpoint) => endpoint.authority() == url.authority(),
    }
}

/// Whether the provider itself serves a URL.
fn is_host_of(provider: Scheme, url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    match provider {
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
            let found = is_own_url(&public, bucket.scheme, None);
            assert_eq!(found, is_own, "{public}");
        }
    }
}
