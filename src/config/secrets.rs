//! Finds every secret of a build, also of settings that the build does not use.

use super::env_vars::{self, secret_variables};
use super::sources::Sources;
use super::{azure, gcs, s3};
use crate::env::ChildEnv;
use crate::redaction::Redaction;

/// The entries of service bindings that hold a secret.
const ENTRIES: [&[&str]; 6] = [
    s3::SECRET_KEY,
    s3::TOKEN,
    azure::KEY,
    azure::SAS,
    azure::CONNECTION,
    gcs::KEY,
];

/// What must not be shown. Has no `Debug`.
#[derive(Clone, Default)]
pub(crate) struct Secrets {
    /// Nobody can use a key id without its secret, and the pages of some apps hold one.
    key_ids: Vec<String>,
    values: Vec<String>,
    /// The lines of secrets that are files.
    parts: Vec<String>,
}

impl Secrets {
    /// What must not be among the assets.
    pub(crate) fn in_assets(&self) -> Redaction {
        Redaction::of(texts(&self.values)).with_parts(texts(&self.parts))
    }

    /// What must not be in the log.
    pub(crate) fn in_log(&self) -> Redaction {
        let values = texts(&self.key_ids).chain(texts(&self.values));
        Redaction::of(values).with_parts(texts(&self.parts))
    }
}

fn texts(texts: &[String]) -> impl Iterator<Item = &str> {
    texts.iter().map(String::as_str)
}

impl Sources<'_> {
    pub(crate) fn secrets(&self) -> Secrets {
        let mut secrets = Secrets::default();
        for variable in secret_variables() {
            let values = if variable.name.ends_with("KEY_ID") {
                &mut secrets.key_ids
            } else {
                &mut secrets.values
            };
            values.extend(self.env_text(variable).map(|setting| setting.value));
            if let Ok(Some(setting)) = self.secret(variable) {
                values.push(setting.value);
            }
        }
        if let Some(file) = self.env_text(&env_vars::GOOGLE_APPLICATION_CREDENTIALS) {
            // Whoever needs the file reports that it can't be read.
            secrets.values.extend(fs_err::read_to_string(file.value));
        }
        for binding in &self.bindings {
            let value = |entry: &[&str]| binding.get(entry).map(str::to_owned);
            secrets.key_ids.extend(value(s3::KEY_ID));
            secrets.values.extend(ENTRIES.into_iter().filter_map(value));
        }
        let values = std::mem::take(&mut secrets.values);
        secrets.parts = values
            .iter()
            .flat_map(|value| gcs::find_secrets(value))
            .collect();
        let inside = values.iter().flat_map(|value| azure::find_secrets(value));
        secrets.values = inside.chain(values.iter().cloned()).collect();
        secrets
    }

    /// The environment of child processes, without any secret.
    pub(crate) fn child_env(&self) -> ChildEnv {
        let names: Vec<&str> = secret_variables().map(|variable| variable.name).collect();
        let Secrets {
            key_ids,
            values,
            parts,
        } = self.secrets();
        let secrets = texts(&key_ids).chain(texts(&values)).chain(texts(&parts));
        self.env.for_children(&names, secrets)
    }
}
