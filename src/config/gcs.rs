//! Reads the credentials of `gs://`: a service account's key, a person's file, or the machine's own identity.

use super::access::{Access, Ambient, GcsAccess, GcsIdentity, Secret};
use super::bindings::CredentialBinding;
use super::credential_source::CredentialSource;
use super::secret_file::read_secret_file;
use super::server_url::read_server;
use super::{ConfigProblem, ConfigResult, GoogleKeyProblem, Origin, Setting, env_vars};
use crate::prefix::BucketUrl;
use serde::Deserialize;
use serde_json::{Value, json};
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

pub(super) fn read_access(source: &CredentialSource<'_>) -> ConfigResult<Option<Access>> {
    let identity = match source.binding {
        Some(binding) => Some(parse_key(&binding.required(KEY)?)?),
        None => read_identity(source)?,
    };
    let Some(identity) = identity else {
        return Ok(None);
    };
    let endpoint = source.endpoint(Some(&env_vars::ENDPOINT_URL));
    let server = read_server(endpoint.as_ref(), source.origin("GOOGLE_*"), source.sources)?;
    Ok(Some(Access::Gcs(Box::new(GcsAccess { identity, server }))))
}

fn read_identity(source: &CredentialSource<'_>) -> ConfigResult<Option<GcsIdentity>> {
    let key = &env_vars::GOOGLE_SERVICE_ACCOUNT_KEY;
    if let Some(key) = source.sources.secret(key)? {
        return parse_key(&key).map(Some);
    }
    let named = env_vars::GOOGLE_APPLICATION_CREDENTIALS;
    if let Some(path) = source.value(&named) {
        let name = named.name.to_owned();
        let key = match read_secret_file(&path) {
            Ok(key) => Setting::new(key, Origin::File(name)),
            Err(error) => return Err(ConfigProblem::Unreadable(name, error)),
        };
        return match parse_key(&key) {
            Err(ConfigProblem::GoogleKey(_, GoogleKeyProblem::PersonAsValue)) => {
                Ok(Some(GcsIdentity::Person(path.into())))
            }
            identity => identity.map(Some),
        };
    }
    if source.ambient == Ambient::Refused {
        return Ok(None);
    }
    // The client library takes gcloud's file before it asks the machine.
    let home = source.value(&env_vars::HOME).map(PathBuf::from);
    let file = home.map(|home| home.join(".config/gcloud/application_default_credentials.json"));
    match file.filter(|file| file.exists()) {
        Some(file) => Err(ConfigProblem::AmbientFile(file)),
        None => Ok(Some(GcsIdentity::Ambient)),
    }
}

#[derive(Deserialize)]
struct GoogleKeyFile {
    #[serde(rename = "type")]
    kind: Option<String>,
    client_email: Option<String>,
    private_key: Option<String>,
    private_key_id: Option<String>,
}

fn parse_key(setting: &Setting<String>) -> ConfigResult<GcsIdentity> {
    let refused = |problem| ConfigProblem::GoogleKey(setting.origin.clone(), problem);
    let file: GoogleKeyFile =
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
    let key = json!({
        "client_email": email,
        "private_key": private_key,
        "private_key_id": file.private_key_id.unwrap_or_default(),
    });
    let key = Secret(key.to_string());
    Ok(GcsIdentity::ServiceAccount { email, key })
}

/// Finds the lines of the secrets in a key file. Whoever prints a key prints its lines.
pub(super) fn find_secrets(json: &str) -> Vec<String> {
    let Ok(file) = serde_json::from_str::<Value>(json) else {
        return Vec::new();
    };
    ["private_key", "client_secret", "refresh_token"]
        .iter()
        .filter_map(|name| file.get(name)?.as_str())
        .flat_map(str::lines)
        .filter(|line| !line.starts_with("-----"))
        .map(str::to_owned)
        .collect()
}

/// Knows only the public URL of Google's own server.
pub(super) fn public_url(url: &BucketUrl, access: &GcsAccess) -> Option<String> {
    let BucketUrl { bucket, folder, .. } = url;
    let is_google = access.server.endpoint.is_none();
    is_google.then(|| format!("https://storage.googleapis.com/{bucket}/{folder}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(json: &str) -> Option<GoogleKeyProblem> {
        match parse_key(&Setting::new(json, Origin::Environment)) {
            Err(ConfigProblem::GoogleKey(_, problem)) => Some(problem),
            _ => None,
        }
    }

    #[test]
    fn a_key_file_gives_its_key_and_nothing_else() {
        let setting = Setting::new(
            r#"{"type":"service_account","client_email":"a@b","private_key":"k","private_key_id":"i",
                "gcs_base_url":"http://elsewhere","disable_oauth":true}"#,
            Origin::Environment,
        );
        let Ok(GcsIdentity::ServiceAccount { email, key }) = parse_key(&setting) else {
            panic!("not a service account");
        };
        assert_eq!(email, "a@b");
        assert_eq!(
            key.expose(),
            r#"{"client_email":"a@b","private_key":"k","private_key_id":"i"}"#
        );
    }

    #[test]
    fn unusable_key_files_say_why() {
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
    fn secrets_in_a_key_file_are_its_lines() {
        let line = "A".repeat(64);
        let json = format!(r#"{{"private_key":"-----BEGIN PRIVATE KEY-----\n{line}\nB=\n"}}"#);
        assert_eq!(find_secrets(&json), [line, "B=".to_owned()]);
        assert_eq!(find_secrets("no JSON"), [""; 0]);
    }
}
