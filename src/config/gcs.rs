//! Reads the credentials of `gs://`: a service account's key, a person's file, or the machine's own identity.

mod key_file;

use super::access::{Access, Ambient, GcsAccess, GcsIdentity};
use super::bindings::{Binding, CredentialBinding};
use super::env_vars;
use super::problems::{ConfigProblem, GoogleKeyProblem};
use super::server_url::{ServerUrl, read_server};
use super::setting::{Origin, Setting};
use super::sources::Sources;
use crate::prefix::BucketUrl;
pub(super) use key_file::find_secrets;
use std::io;
use std::path::PathBuf;

pub(super) const KEY: &[&str] = &[
    "credentials.json",
    "service-account-key",
    "service-account.json",
    "key.json",
    "credentials",
];

pub(super) const BINDING: CredentialBinding = CredentialBinding {
    kind: "gcs",
    bucket: &["bucket", "bucket-name"],
    credentials: &[KEY],
};

pub(super) fn read_access(
    binding: Option<&Binding>,
    ambient: Ambient,
    sources: &Sources<'_>,
) -> Result<Option<Access>, ConfigProblem> {
    let (identity, endpoint, source) = match binding {
        Some(binding) => (
            Some(key_file::parse(&binding.required(KEY)?)?),
            ServerUrl::of_binding(binding),
            binding.origin(),
        ),
        None => (
            read_identity(ambient, sources)?,
            ServerUrl::of_variable(&env_vars::ENDPOINT_URL, sources),
            Origin::Variables("GOOGLE_*"),
        ),
    };
    let Some(identity) = identity else {
        return Ok(None);
    };
    let server = read_server(endpoint.as_ref(), source, sources)?;
    Ok(Some(Access::Gcs(Box::new(GcsAccess { identity, server }))))
}

fn read_identity(
    ambient: Ambient,
    sources: &Sources<'_>,
) -> Result<Option<GcsIdentity>, ConfigProblem> {
    if let Some(key) = sources.secret(&env_vars::GOOGLE_SERVICE_ACCOUNT_KEY)? {
        return key_file::parse(&key).map(Some);
    }
    let named = env_vars::GOOGLE_APPLICATION_CREDENTIALS;
    if let Some(path) = sources.value(&named) {
        // The error does not repeat the path. It may be the key itself, given by mistake.
        let read = fs_err::read_to_string(&path).map_err(|error| ConfigProblem::Unreadable {
            what: named.name.to_owned(),
            error: io::Error::from(error.kind()),
        });
        let key = Setting::new(read?, Origin::File(named.name.to_owned()));
        return match key_file::parse(&key) {
            Err(ConfigProblem::GoogleKey {
                problem: GoogleKeyProblem::PersonAsValue,
                ..
            }) => Ok(Some(GcsIdentity::Person(path.into()))),
            identity => identity.map(Some),
        };
    }
    if ambient == Ambient::Refused {
        return Ok(None);
    }
    // The client library takes gcloud's file before it asks the machine.
    let home = sources.value(&env_vars::HOME).map(PathBuf::from);
    let file = home.map(|home| home.join(".config/gcloud/application_default_credentials.json"));
    match file.filter(|file| file.exists()) {
        Some(file) => Err(ConfigProblem::AmbientFile(file)),
        None => Ok(Some(GcsIdentity::Ambient)),
    }
}

/// Knows only the public URL of Google's own server.
pub(super) fn public_url(url: &BucketUrl, access: &GcsAccess) -> Option<String> {
    let BucketUrl { bucket, folder, .. } = url;
    let is_google = access.server.endpoint.is_none();
    is_google.then(|| format!("https://storage.googleapis.com/{bucket}/{folder}"))
}
