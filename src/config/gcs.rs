//! Credentials of `gs://`: a service account's key, a person's, or the machine's own.

use super::bindings::Binding;
use super::credentials::{Ambient, Bound, CredentialSource, Secret, Server, entry, server};
use super::env_vars;
use super::sources::{Setting, Sources};
use super::{ConfigProblem, Origin};
use crate::prefix::BucketUrl;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::PathBuf;

pub(crate) const KEY: &[&str] = &[
    "credentials.json",
    "service-account-key",
    "service-account.json",
    "key.json",
    "credentials",
];

pub(super) const BOUND: Bound = Bound {
    kind: "gcs",
    bucket: &["bucket", "bucket-name"],
    credential: KEY,
};

#[derive(Clone)]
pub(crate) struct GcsAccess {
    pub(crate) identity: GcsIdentity,
    pub(crate) server: Server,
}

#[derive(Clone)]
pub(crate) enum GcsIdentity {
    ServiceAccount {
        email: String,
        /// JSON that holds the key and nothing else: neither another server nor a switch.
        key: Secret,
    },
    /// What `gcloud auth application-default login` writes.
    Person(PathBuf),
    Ambient,
}

/// Why a file of Google's is not taken.
#[derive(Debug)]
pub(crate) enum GoogleKeyProblem {
    NotJson,
    /// Federation is not known to the client library.
    Federated,
    Type(String),
    Missing(&'static str),
    /// Of a person, given as a value: only a file of it can be used.
    PersonAsValue,
}

pub(super) fn access(
    binding: Option<&Binding>,
    ambient: &Ambient,
    sources: &Sources<'_>,
) -> Result<Option<GcsAccess>, ConfigProblem> {
    let endpoint = match binding {
        Some(binding) => entry(binding, &["endpoint-url", "endpoint"]),
        None => sources.text(&env_vars::ENDPOINT_URL),
    };
    let (identity, source) = match binding {
        Some(binding) => (
            Some(identity(
                &entry(binding, KEY).ok_or_else(|| missing_key(binding))?,
            )?),
            CredentialSource::Binding(binding.name.clone()),
        ),
        None => (
            of_settings(sources, ambient)?,
            CredentialSource::Vendor("GOOGLE_*"),
        ),
    };
    let Some(identity) = identity else {
        return Ok(None);
    };
    Ok(Some(GcsAccess {
        identity,
        server: server(endpoint.as_ref(), source, sources)?,
    }))
}

fn missing_key(binding: &Binding) -> ConfigProblem {
    ConfigProblem::BindingEntryMissing {
        binding: binding.name.clone(),
        entry: KEY[0],
    }
}

fn of_settings(
    sources: &Sources<'_>,
    ambient: &Ambient,
) -> Result<Option<GcsIdentity>, ConfigProblem> {
    if let Some(key) = sources.secret(&env_vars::GOOGLE_SERVICE_ACCOUNT_KEY)? {
        return identity(&key).map(Some);
    }
    if let Some(file) = sources.text(&env_vars::GOOGLE_APPLICATION_CREDENTIALS) {
        let key = Setting {
            value: read(&file.value)?,
            origin: Origin::File(env_vars::GOOGLE_APPLICATION_CREDENTIALS.name.to_owned()),
        };
        return match identity(&key) {
            Err(ConfigProblem::GoogleKey {
                problem: GoogleKeyProblem::PersonAsValue,
                ..
            }) => Ok(Some(GcsIdentity::Person(file.value.into()))),
            other => other.map(Some),
        };
    }
    if *ambient == Ambient::Refused {
        return Ok(None);
    }
    // The client library takes that file before it asks the machine.
    let home = sources
        .text(&env_vars::HOME)
        .map(|home| PathBuf::from(home.value));
    let file = home.map(|home| home.join(".config/gcloud/application_default_credentials.json"));
    match file.filter(|file| file.exists()) {
        Some(file) => Err(ConfigProblem::AmbientFile { file }),
        None => Ok(Some(GcsIdentity::Ambient)),
    }
}

fn read(path: &str) -> Result<String, ConfigProblem> {
    // Without the path, which may be the key itself, given by mistake.
    fs_err::read_to_string(path).map_err(|error| ConfigProblem::Unreadable {
        what: env_vars::GOOGLE_APPLICATION_CREDENTIALS.name.to_owned(),
        error: io::Error::from(error.kind()),
    })
}

#[derive(Deserialize)]
struct KeyFile {
    #[serde(rename = "type")]
    kind: Option<String>,
    client_email: Option<String>,
    private_key: Option<String>,
    private_key_id: Option<String>,
}

#[derive(Serialize)]
struct ServiceAccountKey<'a> {
    client_email: &'a str,
    private_key: &'a str,
    private_key_id: &'a str,
}

fn identity(setting: &Setting<String>) -> Result<GcsIdentity, ConfigProblem> {
    let refused = |problem| ConfigProblem::GoogleKey {
        origin: setting.origin.clone(),
        problem,
    };
    let file: KeyFile =
        serde_json::from_str(&setting.value).map_err(|_| refused(GoogleKeyProblem::NotJson))?;
    match file.kind.as_deref() {
        Some("service_account") | None => {}
        Some("external_account") => return Err(refused(GoogleKeyProblem::Federated)),
        Some("authorized_user") => return Err(refused(GoogleKeyProblem::PersonAsValue)),
        Some(other) => return Err(refused(GoogleKeyProblem::Type(other.to_owned()))),
    }
    let missing = |name| move || refused(GoogleKeyProblem::Missing(name));
    let email = file.client_email.ok_or_else(missing("client_email"))?;
    let private_key = file.private_key.ok_or_else(missing("private_key"))?;
    let key = ServiceAccountKey {
        client_email: &email,
        private_key: &private_key,
        private_key_id: &file.private_key_id.unwrap_or_default(),
    };
    let key = serde_json::to_string(&key).unwrap_or_default();
    Ok(GcsIdentity::ServiceAccount {
        email,
        key: Secret(key),
    })
}

/// The parts of a key file that must not be shown: whoever prints a key prints its lines.
pub(crate) fn parts_of(json: &str) -> Vec<String> {
    let Ok(file) = serde_json::from_str::<serde_json::Value>(json) else {
        return Vec::new();
    };
    let text = |name: &str| file.get(name)?.as_str().map(str::to_owned);
    let secrets = ["private_key", "client_secret", "refresh_token"];
    let secrets: Vec<String> = secrets.into_iter().filter_map(text).collect();
    let lines = secrets.iter().flat_map(|secret| secret.lines());
    lines
        .filter(|line| !line.starts_with("-----"))
        .map(str::to_owned)
        .collect()
}

pub(super) fn public_url(url: &BucketUrl, access: &GcsAccess) -> Option<String> {
    let BucketUrl { bucket, folder, .. } = url;
    let is_google = access.server.endpoint.is_none();
    is_google.then(|| format!("https://storage.googleapis.com/{bucket}/{folder}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(json: &str) -> Option<GoogleKeyProblem> {
        let setting = Setting {
            value: json.to_owned(),
            origin: Origin::Environment,
        };
        match identity(&setting) {
            Err(ConfigProblem::GoogleKey { problem, .. }) => Some(problem),
            _ => None,
        }
    }

    #[test]
    fn a_key_file_gives_its_key_and_nothing_else() {
        let setting = Setting {
            value: r#"{"type":"service_account","client_email":"a@b","private_key":"k","private_key_id":"i",
                "gcs_base_url":"http://elsewhere","disable_oauth":true}"#
                .to_owned(),
            origin: Origin::Environment,
        };
        let Ok(GcsIdentity::ServiceAccount { email, key }) = identity(&setting) else {
            panic!("not a service account");
        };
        assert_eq!(email, "a@b");
        assert_eq!(
            key.expose(),
            r#"{"client_email":"a@b","private_key":"k","private_key_id":"i"}"#
        );
    }

    #[test]
    fn key_files_that_are_not_taken() {
        assert!(matches!(problem("x"), Some(GoogleKeyProblem::NotJson)));
        let federated = problem(r#"{"type":"external_account"}"#);
        assert!(matches!(federated, Some(GoogleKeyProblem::Federated)));
        let person = problem(r#"{"type":"authorized_user"}"#);
        assert!(matches!(person, Some(GoogleKeyProblem::PersonAsValue)));
        let other = problem(r#"{"type":"gdch_service_account"}"#);
        assert!(matches!(other, Some(GoogleKeyProblem::Type(_))));
        let half = problem(r#"{"type":"service_account","client_email":"a@b"}"#);
        assert!(matches!(
            half,
            Some(GoogleKeyProblem::Missing("private_key"))
        ));
    }

    #[test]
    fn the_parts_of_a_key_file_are_the_lines_of_its_key() {
        let line = "A".repeat(64);
        let json = format!(r#"{{"private_key":"-----BEGIN PRIVATE KEY-----\n{line}\nB=\n"}}"#);
        assert_eq!(parts_of(&json), [line, "B=".to_owned()]);
        assert_eq!(parts_of("no JSON"), [""; 0]);
    }
}
