//! Texts of a store or a public URL that can't be used.

use super::{ProblemText, about};
use crate::config::Setting;
use crate::prefix::{BucketUrl, ParsePublicUrlError, ParseStoreUrlError, Scheme, StoreUrl};
use indoc::formatdoc;

/// A URL with somebody's password in it is not repeated.
fn shown_url(setting: &Setting<String>) -> String {
    if setting.value.contains('@') {
        format!(" ({})", setting.origin)
    } else {
        format!(": {setting}")
    }
}

pub(super) fn store(setting: &Setting<String>, error: &ParseStoreUrlError) -> ProblemText {
    let (why, rule) = match error {
        ParseStoreUrlError::NoScheme => ("has no scheme".to_owned(), ""),
        ParseStoreUrlError::UnknownScheme(scheme) => {
            (format!("has the unknown scheme '{scheme}'"), "")
        }
        ParseStoreUrlError::NoBucket => (
            "has no valid bucket name".to_owned(),
            "A bucket name has 3 or more letters, digits, '.', '-' and '_'. That of an Azure container has only \
             lower-case\nletters, digits and '-'.\n",
        ),
        ParseStoreUrlError::NotAbsolute => (
            "has no absolute path".to_owned(),
            "The URL of a directory begins with three slashes.\n",
        ),
        ParseStoreUrlError::BadFolder => (
            "has a prefix that can't be used".to_owned(),
            "A prefix has no empty part, no part '..' or '.static-assets', and no '?', '#' or '%'.\n",
        ),
    };
    about("STATIC_ASSETS_STORE").say(formatdoc! {"
        {why}{value}
        {rule}Use one of these forms:
          STATIC_ASSETS_STORE=s3://bucket/prefix
          STATIC_ASSETS_STORE=az://container/prefix
          STATIC_ASSETS_STORE=gs://bucket/prefix
          STATIC_ASSETS_STORE=file:///directory
        For an S3-compatible server, set STATIC_ASSETS_ENDPOINT_URL=https://host, too.",
        value = shown_url(setting)
    })
}

pub(super) fn public_url(setting: &Setting<String>, error: ParsePublicUrlError) -> ProblemText {
    let (why, cause) = match error {
        ParsePublicUrlError::NotHttpOrPath => ("is neither an http(s) URL nor a path", ""),
        ParsePublicUrlError::HasUserInfo => {
            ("holds a user or password", "Every page would show it. ")
        }
        ParsePublicUrlError::HasQueryOrFragment => ("holds a query or fragment", ""),
        ParsePublicUrlError::Malformed => (
            "is not a valid URL",
            "Quotes in an --env-file are part of the value. ",
        ),
    };
    let fix = public_url_fix("the store's prefix");
    about("STATIC_ASSETS_PUBLIC_URL").say(format!("{why}{}\n{cause}{fix}", shown_url(setting)))
}

pub(super) fn public_url_missing(store: &StoreUrl) -> ProblemText {
    let why = match store {
        StoreUrl::Bucket(BucketUrl {
            scheme: Scheme::S3, ..
        }) => "an S3 endpoint is not a public URL",
        StoreUrl::Bucket(_) => "the store's own public URL is not known",
        StoreUrl::File { .. } => "a directory is not a public URL",
    };
    let fix = public_url_fix(&store.to_string());
    about("STATIC_ASSETS_PUBLIC_URL").say(format!("is not set, and {why}\n{fix}"))
}

pub(super) fn public_url_not_pinned() -> ProblemText {
    about("STATIC_ASSETS_PUBLIC_URL").say(format!(
        "is not set, but STATIC_ASSETS_PUBLISH=release needs it\nThe build pins the URL now, before the release phase \
         uploads. {}",
        public_url_fix("the store's prefix")
    ))
}

fn public_url_fix(store: &str) -> String {
    formatdoc! {"
        Set the URL under which browsers find {store}:
          STATIC_ASSETS_PUBLIC_URL=https://static.example.com/shop
        or a path that your site's own CDN or ingress routes there:
          STATIC_ASSETS_PUBLIC_URL=/assets-v"
    }
}
