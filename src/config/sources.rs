//! Where values come from: the environment, then `project.toml`, then defaults.

use super::ConfigProblem;
use super::bindings::{self, Binding};
use super::credentials::{secret_entries, secrets_inside};
use super::env_vars::{self, DISABLE, Kind, SERVICE_BINDING_ROOT, Variable};
use super::project_toml::ProjectToml;
use crate::env::{ChildEnv, Env};
use crate::redaction::Redaction;
use fs_err as fs;
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// In bytes; a larger file is no secret.
const LARGEST_SECRET: u64 = 64 << 10;

/// Said with a value wherever it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Environment,
    /// `<platform>/env`: set by whoever runs the build.
    Platform,
    /// Of a Heroku app: in the build, and in every process of it.
    ConfigVar,
    ProjectToml,
    Binding(String),
    /// A secret file named by a variable.
    File(String),
    /// A flag of the command line.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment => formatter.write_str("environment"),
            Self::Platform => formatter.write_str("platform environment"),
            Self::ConfigVar => formatter.write_str("config var"),
            Self::ProjectToml => formatter.write_str("project.toml"),
            Self::Binding(name) => write!(formatter, "service binding '{name}'"),
            Self::File(variable) => write!(formatter, "file named by {variable}"),
            Self::Flag(flag) => formatter.write_str(flag),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting<T> {
    pub(crate) value: T,
    pub(crate) origin: Origin,
}

impl Origin {
    /// Whether the running app may find the value, too.
    pub(crate) fn is_platform(&self) -> bool {
        matches!(self, Self::Platform | Self::ConfigVar)
    }
}

/// What a platform gives beside the environment, of which it tells who has set what.
#[derive(Clone, Debug, Default)]
pub(crate) struct Platform {
    variables: BTreeMap<String, Origin>,
    bindings: Option<PathBuf>,
}

impl Platform {
    /// A buildpack's `<platform>`. The values of its variables are in the process environment already, merged
    /// with those of the operator and of earlier buildpacks.
    pub(crate) fn folder(platform: &Path) -> Self {
        let names = fs::read_dir(platform.join("env"))
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        Self {
            variables: names.map(|name| (name, Origin::Platform)).collect(),
            bindings: Some(platform.join("bindings")),
        }
    }

    pub(crate) fn config_vars(names: impl Iterator<Item = String>) -> Self {
        Self {
            variables: names.map(|name| (name, Origin::ConfigVar)).collect(),
            bindings: None,
        }
    }
}

/// Everything that can hold a setting, read but not judged.
pub(crate) struct Sources<'a> {
    env: &'a Env,
    platform: Platform,
    /// Settings that a flag of the command line gives, by the name of their variable.
    flags: BTreeMap<&'static str, Setting<String>>,
    pub(super) project: ProjectToml,
    pub(super) bindings: Vec<Binding>,
    pub(super) untyped_bindings: Vec<String>,
}

impl<'a> Sources<'a> {
    /// Fails with what can't be read, unless the environment switches everything off.
    pub(crate) fn read(
        env: &'a Env,
        platform: Platform,
        app: &Path,
    ) -> Result<Self, Vec<ConfigProblem>> {
        let bindings = env.text(SERVICE_BINDING_ROOT.name).map(PathBuf::from);
        let bindings = bindings.or_else(|| platform.bindings.clone());
        let mut sources = Self {
            env,
            platform,
            flags: BTreeMap::new(),
            project: ProjectToml::default(),
            bindings: Vec::new(),
            untyped_bindings: Vec::new(),
        };
        let mut problems = Vec::new();
        match ProjectToml::read(&app.join("project.toml")) {
            Ok(project) => sources.project = project,
            Err(problem) => problems.push(problem),
        }
        match bindings.as_deref().map(bindings::read) {
            Some(Ok((bindings, untyped))) => {
                sources.bindings = bindings;
                sources.untyped_bindings = untyped;
            }
            Some(Err(problem)) => problems.push(problem),
            None => {}
        }
        let is_disabled = sources
            .env_text(&DISABLE)
            .is_some_and(|setting| parse_flag(&setting.value) == Some(true));
        if problems.is_empty() || is_disabled {
            Ok(sources)
        } else {
            Err(problems)
        }
    }

    /// Gives a setting the value of a flag, which wins over every other source.
    pub(crate) fn with_flag(mut self, name: &Variable, flag: &'static str, value: &Path) -> Self {
        let origin = Origin::Flag(flag);
        let value = value.to_string_lossy().into_owned();
        self.flags.insert(name.name, Setting { value, origin });
        self
    }

    /// The value of a setting, from a flag, the environment or `project.toml`.
    pub(super) fn text(&self, name: &Variable) -> Option<Setting<String>> {
        let flag = self.flags.get(name.name).cloned();
        flag.or_else(|| self.env_text(name)).or_else(|| {
            let value = match name.kind {
                Kind::Setting => self.project.get(&name.key())?,
                Kind::Secret | Kind::Foreign => return None,
            };
            Some(Setting {
                value: value.to_owned(),
                origin: Origin::ProjectToml,
            })
        })
    }

    pub(super) fn env_text(&self, name: &Variable) -> Option<Setting<String>> {
        let value = self.env.text(name.name)?;
        let origin = self.platform.variables.get(name.name).cloned();
        Some(Setting {
            value: value.to_owned(),
            origin: origin.unwrap_or(Origin::Environment),
        })
    }

    /// The value of a secret, from the environment or the file that `NAME_FILE` names.
    pub(super) fn secret(&self, name: &Variable) -> Result<Option<Setting<String>>, ConfigProblem> {
        let variable = name.file_variable();
        let given = self.env_text(name);
        let Some(path) = self.env.text(&variable) else {
            return Ok(given);
        };
        if given.is_some() {
            return Err(ConfigProblem::TwoSources {
                what: name.name,
                one: name.name.to_owned(),
                other: variable,
            });
        }
        let what = variable.clone();
        let unreadable = |error| ConfigProblem::Unreadable { what, error };
        // The error does not repeat the path: it may be the secret itself, given by mistake.
        let without_path = |error: io::Error| io::Error::from(error.kind());
        let is_secret =
            |metadata: &std::fs::Metadata| metadata.is_file() && metadata.len() <= LARGEST_SECRET;
        let text = match fs::metadata(path) {
            Ok(metadata) if !is_secret(&metadata) => {
                Err(io::Error::other("not a file of at most 64 KiB"))
            }
            Ok(_) => fs::read_to_string(path).map_err(without_path),
            Err(error) => Err(without_path(error)),
        };
        let text = match text {
            Ok(text) => text.trim_end_matches(['\n', '\r']).to_owned(),
            Err(error) => return Err(unreadable(error)),
        };
        if text.is_empty() {
            return Err(unreadable(io::Error::other("the file is empty")));
        }
        Ok(Some(Setting {
            value: text,
            origin: Origin::File(variable),
        }))
    }

    /// The environment of child processes, without any secret.
    pub(crate) fn child_env(&self) -> ChildEnv {
        let secrets = self.secrets();
        self.env.for_children(&env_vars::secrets(), secrets.all())
    }

    /// Every secret that can be found, also of settings that this build does not use.
    pub(crate) fn secrets(&self) -> Secrets {
        let mut secrets = Secrets::default();
        for name in env_vars::ALL
            .iter()
            .filter(|name| name.kind == Kind::Secret)
        {
            let values = if name.name.ends_with("KEY_ID") {
                &mut secrets.key_ids
            } else {
                &mut secrets.values
            };
            values.extend(self.env.text(name.name).map(str::to_owned));
            if let Ok(Some(setting)) = self.secret(name) {
                values.push(setting.value);
            }
        }
        if let Some(file) = self.env.text(env_vars::GOOGLE_APPLICATION_CREDENTIALS.name) {
            // One that can't be read is reported by whoever needs it.
            secrets.values.extend(fs::read_to_string(file));
        }
        for binding in &self.bindings {
            let (key_ids, values) = secret_entries(binding);
            secrets.key_ids.extend(key_ids);
            secrets.values.extend(values);
        }
        for value in std::mem::take(&mut secrets.values) {
            let (values, parts) = secrets_inside(&value);
            secrets.parts.extend(parts);
            secrets.values.extend(values);
            secrets.values.push(value);
        }
        secrets
    }

    /// Settings whose value is no text.
    pub(super) fn not_utf8(&self) -> impl Iterator<Item = &'static str> {
        env_vars::ALL
            .iter()
            .map(|name| name.name)
            .filter(|name| self.env.is_no_text(name))
    }

    pub(super) fn unknown_names(&self) -> impl Iterator<Item = &str> {
        self.env.names()
    }
}

/// `1`, `true`, `yes` and `on`, or `0`, `false`, `no` and `off`.
pub(super) fn parse_flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Some(true),
        "0" | "false" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// What must not be shown. Deliberately without `Debug`.
#[derive(Clone, Default)]
pub(crate) struct Secrets {
    /// Of no use without their secret, and part of some apps' pages.
    key_ids: Vec<String>,
    values: Vec<String>,
    /// Of a secret that is a file: its lines.
    parts: Vec<String>,
}

impl Secrets {
    /// What must not be among the assets.
    pub(crate) fn in_assets(&self) -> Redaction {
        Redaction::of(self.values.iter().map(String::as_str)).with_parts(self.parts())
    }

    /// What must not be in the log.
    pub(crate) fn in_log(&self) -> Redaction {
        let values = self.key_ids.iter().chain(&self.values);
        Redaction::of(values.map(String::as_str)).with_parts(self.parts())
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &str> {
        let values = self.key_ids.iter().chain(&self.values);
        values.map(String::as_str).chain(self.parts())
    }

    fn parts(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().map(String::as_str)
    }
}
