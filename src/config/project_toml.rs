//! The app's `project.toml`: settings that are no secret, in a table of our own.

use super::ConfigProblem;
use super::env_vars::{self, Kind};
use fs_err as fs;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use toml::Value;

/// Reverse-domain, as the specification of `project.toml` asks; labels use it too.
pub(crate) const NAMESPACE: &str = "io.github.static-assets";

#[derive(Debug, Default)]
pub(crate) struct ProjectToml {
    settings: BTreeMap<String, String>,
    /// `[_] id`, the project's own name.
    pub(super) id: Option<String>,
    pub(super) unknown: Vec<String>,
}

impl ProjectToml {
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.settings.get(key).map(String::as_str)
    }

    pub(super) fn read(path: &Path) -> Result<Self, ConfigProblem> {
        // Anything but a file, such as a pipe, would never end.
        if path.exists() && !path.is_file() {
            return Ok(Self::default());
        }
        match fs::read_to_string(path) {
            Ok(text) => Self::of(&text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(ConfigProblem::Unreadable {
                what: "project.toml".to_owned(),
                error,
            }),
        }
    }

    fn of(text: &str) -> Result<Self, ConfigProblem> {
        let document: toml::Table =
            text.parse()
                .map_err(|error: toml::de::Error| ConfigProblem::ProjectToml {
                    line: error
                        .span()
                        .map_or(0, |span| text[..span.start].lines().count().max(1)),
                    error,
                })?;
        let mut project = Self {
            id: document
                .get("_")
                .and_then(|project| project.get("id"))
                .and_then(Value::as_str)
                .map(str::to_owned),
            ..Self::default()
        };
        let Some(table) = table_at(&document, NAMESPACE) else {
            return Ok(project);
        };
        for (key, value) in table {
            let known = env_vars::ALL
                .iter()
                .find(|name| name.kind != Kind::Foreign && name.key() == *key);
            match known.map(|name| name.kind) {
                Some(Kind::Secret) => {
                    return Err(ConfigProblem::SecretInProjectToml { key: key.clone() });
                }
                Some(_) => {
                    let text = text_of(value).ok_or_else(|| ConfigProblem::ProjectTomlType {
                        key: key.clone(),
                        found: value.type_str(),
                    })?;
                    project.settings.insert(key.clone(), text);
                }
                None => project.unknown.push(key.clone()),
            }
        }
        Ok(project)
    }
}

fn table_at<'a>(document: &'a toml::Table, path: &str) -> Option<&'a toml::Table> {
    path.split('.')
        .try_fold(document, |table, key| table.get(key)?.as_table())
}

/// Settings are text; a flag may be written as TOML's boolean.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Boolean(true) => Some("1".to_owned()),
        Value::Boolean(false) => Some("0".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use indoc::indoc;

    #[test]
    fn settings_and_the_projects_id() {
        let project = ProjectToml::of(indoc! {r#"
            [_]
            schema-version = "0.2"
            id = "shop"

            [io.github.static-assets]
            store = "s3://acme-static/{app}"
            allow-empty = true
            colour = "red"
        "#})
        .unwrap();
        assert_eq!(project.id.as_deref(), Some("shop"));
        assert_eq!(project.get("store"), Some("s3://acme-static/{app}"));
        assert_eq!(project.get("allow-empty"), Some("1"));
        assert_eq!(project.unknown, ["colour"]);
    }

    #[test]
    fn secrets_are_refused() {
        let project = ProjectToml::of("[io.github.static-assets]\nsecret-access-key = 'x'");
        assert!(matches!(
            project,
            Err(ConfigProblem::SecretInProjectToml { key }) if key == "secret-access-key"
        ));
    }

    #[test]
    fn other_tables_are_none_of_our_business() {
        let project = ProjectToml::of("[com.heroku.build.labs]\nbuild_config_vars = true").unwrap();
        assert_eq!(project.get("store"), None);
    }
}
