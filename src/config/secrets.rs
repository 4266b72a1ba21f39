//! Finds every secret of a build, also of settings that the build does not use.

use super::env_vars::secret_variables;
use super::secret_file::read_secret_file;
use super::{Sources, azure, env_vars, gcs, s3};
use crate::env::ChildEnv;
use crate::manifest::AppSecrets;
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
#[derive(Default)]
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
        Redaction::of(texts(&self.values), texts(&self.parts))
    }

    /// What must not be in the output for other programs.
    pub(crate) fn in_data(&self) -> Redaction {
        self.in_assets()
    }

    /// What must not be in the log.
    pub(crate) fn in_log(&self) -> Redaction {
        let values = texts(&self.key_ids).chain(texts(&self.values));
        Redaction::of(values, texts(&self.parts))
    }
}

fn texts(texts: &[String]) -> impl Iterator<Item = &str> {
    texts.iter().map(String::as_str)
}

impl Sources<'_> {
    pub(crate) fn secrets(&self) -> &Secrets {
        self.secrets.get_or_init(|| self.find_secrets())
    }

    fn find_secrets(&self) -> Secrets {
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
        // Whoever needs the file reports that it can't be read.
        let file = self.env_text(&env_vars::GOOGLE_APPLICATION_CREDENTIALS);
        let content = file.and_then(|file| read_secret_file(&file.value).ok());
        secrets.values.extend(content);
        for binding in &self.bindings {
            let value = |entry: &[&str]| binding.get(entry).map(str::to_owned);
            secrets.key_ids.extend(value(s3::KEY_ID));
            secrets.values.extend(ENTRIES.into_iter().filter_map(value));
        }
        for value in std::mem::take(&mut secrets.values) {
            secrets.parts.extend(gcs::find_secrets(&value));
            secrets.values.extend(azure::find_secrets(&value));
            secrets.values.push(value);
        }
        secrets
    }

    /// The app's own secrets in the environment of the build, and in `more` variables.
    pub(super) fn app_secrets(&self, more: &[(String, String)]) -> AppSecrets {
        let is_storage = |name: &str| secret_variables().any(|variable| variable.name == name);
        let names = self.env.names().filter(|name| !is_storage(name));
        let variables = names.filter_map(|name| Some((name, self.env.text(name)?)));
        AppSecrets::of(variables.chain(more.iter().map(|(name, value)| (&**name, &**value))))
    }

    /// The environment of child processes, without any secret.
    pub(crate) fn child_env(&self) -> ChildEnv {
        let names: Vec<&str> = secret_variables().map(|variable| variable.name).collect();
        let secrets = self.secrets();
        let all = [&secrets.key_ids, &secrets.values, &secrets.parts];
        let secrets = all.into_iter().flat_map(|list| texts(list));
        self.env.for_children(&names, secrets)
    }
}
