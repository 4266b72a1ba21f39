//! The app's `project.toml`. A table of our own holds settings, but no secrets.

use super::env_vars::VariableKind;
use super::{ConfigProblem, ConfigResult, env_vars};
use crate::fs::if_exists;
use fs_err as fs;
use std::collections::BTreeMap;
use std::path::Path;
use toml::Value;

/// A reverse domain, as the specification of `project.toml` asks. Labels use it, too.
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

    pub(super) fn read(path: &Path) -> ConfigResult<Self> {
        // Reading anything but a file, such as a pipe, would never end.
        if path.exists() && !path.is_file() {
            return Ok(Self::default());
        }
        match if_exists(fs::read_to_string(path)) {
            Ok(text) => Self::parse(&text.unwrap_or_default()),
            Err(error) => Err(ConfigProblem::Unreadable("project.toml".to_owned(), error)),
        }
    }

    fn parse(text: &str) -> ConfigResult<Self> {
        let document: toml::Table = text.parse().map_err(|error| parse_problem(text, error))?;
        let id = document
            .get("_")
            .and_then(|project| project.get("id")?.as_str());
        let mut project = Self {
            id: id.map(str::to_owned),
            ..Self::default()
        };
        for (key, value) in find_own_table(&document)?.into_iter().flatten() {
            let mut known = env_vars::ALL.iter().filter(|name| name.key() == *key);
            match known.find(|name| name.kind != VariableKind::Foreign) {
                Some(name) if name.kind == VariableKind::Secret => {
                    return Err(ConfigProblem::SecretInProjectToml(key.clone()));
                }
                Some(_) => {
                    let text = text_of(value).ok_or_else(|| {
                        ConfigProblem::ProjectTomlType(key.clone(), value.type_str())
                    })?;
                    project.settings.insert(key.clone(), text);
                }
                None => project.unknown.push(key.clone()),
            }
        }
        Ok(project)
    }
}

/// Finds our table. A likely slip would leave settings unread, and a secret among them.
fn find_own_table(document: &toml::Table) -> ConfigResult<Option<&toml::Table>> {
    if document.contains_key(NAMESPACE) {
        return Err(ConfigProblem::ProjectTomlTable);
    }
    let (parents, name) = NAMESPACE.rsplit_once('.').unwrap_or(("", NAMESPACE));
    let mut parents = parents.split('.');
    let parent = parents.try_fold(document, |table, key| table.get(key)?.as_table());
    match parent.and_then(|parent| parent.get(name)) {
        None => Ok(None),
        Some(Value::Table(table)) => Ok(Some(table)),
        Some(_) => Err(ConfigProblem::ProjectTomlTable),
    }
}

fn parse_problem(text: &str, error: toml::de::Error) -> ConfigProblem {
    let line = error
        .span()
        .map_or(0, |span| text[..span.start].lines().count().max(1));
    ConfigProblem::ProjectToml(line, error)
}

/// Writes a value as the text of a setting. A flag may be a boolean of TOML.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Boolean(is_on) => Some(u8::from(*is_on).to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use indoc::indoc;

    #[test]
    fn a_slip_in_the_name_of_the_table_is_an_error() {
        for text in [
            "['io.github.static-assets']\nstore = 's3://acme/shop'",
            "[[io.github.static-assets]]\nstore = 's3://acme/shop'",
            "[io.github]\nstatic-assets = 's3://acme/shop'",
        ] {
            let project = ProjectToml::parse(text);
            assert!(
                matches!(project, Err(ConfigProblem::ProjectTomlTable)),
                "{text}"
            );
        }
        assert!(ProjectToml::parse("io = 1\n[_]\nid = 'shop'").is_ok());
    }

    #[test]
    fn settings_and_the_project_id_are_read() {
        let project = ProjectToml::parse(indoc! {r#"
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
    fn a_secret_is_refused() {
        let project = ProjectToml::parse("[io.github.static-assets]\nsecret-access-key = 'x'");
        assert!(matches!(
            project,
            Err(ConfigProblem::SecretInProjectToml(key)) if key == "secret-access-key"
        ));
    }

    #[test]
    fn other_tables_are_ignored() {
        let project =
            ProjectToml::parse("[com.heroku.build.labs]\nbuild_config_vars = true").unwrap();
        assert_eq!(project.get("store"), None);
    }
}
