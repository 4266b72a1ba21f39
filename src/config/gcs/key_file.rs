//! The key files that Google gives for service accounts.

use crate::config::access::{GcsIdentity, Secret};
use crate::config::problems::{ConfigProblem, GoogleKeyProblem};
use crate::config::setting::Setting;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct GoogleKeyFile {
    #[serde(rename = "type")]
    kind: Option<String>,
    client_email: Option<String>,
    private_key: Option<String>,
    private_key_id: Option<String>,
}

pub(super) fn parse(setting: &Setting<String>) -> Result<GcsIdentity, ConfigProblem> {
    let refused = |problem| ConfigProblem::GoogleKey {
        origin: setting.origin.clone(),
        problem,
    };
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
pub(in crate::config) fn find_secrets(json: &str) -> Vec<String> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::setting::Origin;

    fn problem(json: &str) -> Option<GoogleKeyProblem> {
        match parse(&Setting::new(json, Origin::Environment)) {
            Err(ConfigProblem::GoogleKey { problem, .. }) => Some(problem),
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
        let Ok(GcsIdentity::ServiceAccount { email, key }) = parse(&setting) else {
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
