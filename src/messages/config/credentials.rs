//! Texts of credentials that are missing or can't be used.

use super::{ProblemText, about};
use crate::config::{GoogleKeyProblem, Origin, UnusedBinding};
use crate::prefix::{Scheme, StoreUrl};
use indoc::formatdoc;
use std::path::Path;

pub(super) fn missing(store: &StoreUrl, unused: &[UnusedBinding]) -> ProblemText {
    let scheme = match store {
        StoreUrl::Bucket(bucket) => bucket.scheme,
        StoreUrl::File { .. } => Scheme::S3,
    };
    let (kind, before, after) = match scheme {
        Scheme::S3 => (
            "s3",
            "STATIC_ASSETS_ACCESS_KEY_ID and STATIC_ASSETS_SECRET_ACCESS_KEY (or with _FILE at the end)",
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; this prints those of a profile:\n    \
             aws configure export-credentials --format env\n  BUCKETEER_AWS_ACCESS_KEY_ID and BUCKETEER_AWS_SECRET_ACCESS_KEY, if \
             BUCKETEER_BUCKET_NAME is the store's bucket\n  AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE",
        ),
        Scheme::Azure => (
            "azure-blob",
            "AZURE_STORAGE_CONNECTION_STRING (or with _FILE at the end)",
            "AZURE_STORAGE_ACCOUNT_NAME with AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_TOKEN\n  \
             AZURE_STORAGE_ACCOUNT_NAME with AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_FEDERATED_TOKEN_FILE",
        ),
        Scheme::Gcs => (
            "gcs",
            "GOOGLE_SERVICE_ACCOUNT_KEY (JSON, or with _FILE at the end)",
            "GOOGLE_APPLICATION_CREDENTIALS (a file)",
        ),
    };
    let unused = unused
        .iter()
        .map(|binding| format!("\n    ({})", unused_text(binding)));
    let unused = unused.collect::<String>();
    about("STATIC_ASSETS_STORE").say(formatdoc! {"
        is {store}, but no credentials for it were found
        Looked for:
          {before}
          a service binding of type static-assets or {kind}, in <platform>/bindings or SERVICE_BINDING_ROOT{unused}
          {after}
        Set them where this build gets its settings: as config vars on Heroku (heroku config:set NAME=…), with --env or a
        service binding for pack, as secrets of a Dockerfile's RUN or of the CI job.
        The machine's own identity is never used unasked. To use it:
          STATIC_ASSETS_AUTH=ambient
        A build that must not have keys, such as a fork's, can serve its own files instead:
          STATIC_ASSETS_MISSING_CREDENTIALS=skip"
    })
}

fn unused_text(binding: &UnusedBinding) -> String {
    match binding {
        UnusedBinding::Untyped(name) => format!("'{name}' was found, but it has no file 'type'"),
        UnusedBinding::NoBucket(name, entry) => format!(
            "'{name}' was found, but it has no entry '{entry}', which says for which bucket its keys are"
        ),
        UnusedBinding::OtherBucket(name, bucket) => {
            format!(
                "'{name}' was found, but it is for the bucket '{}'",
                bucket.escape_debug()
            )
        }
        UnusedBinding::NoKeys(name) => format!("'{name}' was found, but it holds no keys"),
        UnusedBinding::Addon(bucket) => format!(
            "BUCKETEER_AWS_ACCESS_KEY_ID was found, but {}",
            bucket.as_ref().map_or_else(
                || "BUCKETEER_BUCKET_NAME is not set".to_owned(),
                |bucket| format!("it is for the bucket '{}'", bucket.escape_debug())
            )
        ),
    }
}

pub(super) fn beside_other_keys(setting: &str, keys_from: &Origin, instead: &str) -> ProblemText {
    let or = if instead.starts_with("AWS_") || instead.starts_with("BUCKETEER_") {
        ", or give STATIC_ASSETS_ACCESS_KEY_ID and STATIC_ASSETS_SECRET_ACCESS_KEY"
    } else {
        ""
    };
    about(setting).say(format!(
        "is set, but the keys come from {keys_from}\nSources are never mixed. Instead, set {instead}{or}."
    ))
}

pub(super) fn ambient_file(file: &Path) -> ProblemText {
    about("STATIC_ASSETS_AUTH").say(formatdoc! {"
        is ambient, but gcloud's own credentials would be used: {file}
        To use them, name the file:
          GOOGLE_APPLICATION_CREDENTIALS={file}
        To use the machine's identity, remove the file or set HOME to another directory.",
        file = file.display()
    })
}

pub(super) fn azure_signature(origin: &Origin) -> ProblemText {
    about("The Azure shared access signature").say(formatdoc! {"
        is not whole ({origin})
        It is the query of a URL. It begins with sv= or sp=, and its sig= holds the signature:
          AZURE_STORAGE_SAS_TOKEN='sp=rcl&…&sv=…&sr=c&sig=…'"
    })
}

pub(super) fn azure_connection_string(origin: &Origin, missing: &str) -> ProblemText {
    about("The Azure connection string").say(formatdoc! {"
        has no {missing} ({origin})
        The portal shows it whole, under 'Access keys':
          AZURE_STORAGE_CONNECTION_STRING='DefaultEndpointsProtocol=https;AccountName=…;AccountKey=…;EndpointSuffix=core.windows.net'"
    })
}

pub(super) fn google_key(origin: &Origin, problem: &GoogleKeyProblem) -> ProblemText {
    let (why, fix) = match problem {
        GoogleKeyProblem::NotJson => (
            "is not JSON".to_owned(),
            "It is the whole file that Google gives, from { to }.",
        ),
        GoogleKeyProblem::Federated => (
            "is an external_account, which is a federated identity".to_owned(),
            "That kind is not supported. Use the key of a service account, or the machine's own identity:\n  \
             STATIC_ASSETS_AUTH=ambient",
        ),
        GoogleKeyProblem::Type(kind) => (
            format!("has the type '{}'", kind.escape_debug()),
            "Use the key of a service account.",
        ),
        GoogleKeyProblem::Missing(field) => (
            format!("has no '{field}'"),
            "It is the whole file that Google gives, from { to }.",
        ),
        GoogleKeyProblem::PersonAsValue => (
            "is an authorized_user, which is a person's credential".to_owned(),
            "That kind is read from a file only:\n  GOOGLE_APPLICATION_CREDENTIALS=<file>",
        ),
    };
    about("The Google credential").say(format!("{why} ({origin})\n{fix}"))
}
