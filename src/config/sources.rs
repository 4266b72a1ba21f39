//! Everything that can hold a setting, read but not judged: flags, the environment, `project.toml` and service bindings.

use super::bindings::{self, Binding, Bindings, STORE_KIND};
use super::env_vars::{Variable, VariableKind};
use super::project_toml::ProjectToml;
use super::secret_file::read_secret_file;
use super::secrets::Secrets;
use super::setting::{FLAGS, choose};
use super::{ConfigProblem, ConfigResult, Origin, Platform, Setting, env_vars};
use crate::env::Env;
use std::cell::OnceCell;
use std::path::{Path, PathBuf};

pub(crate) struct Sources<'a> {
    pub(super) env: &'a Env,
    platform: Platform,
    pub(super) dir_flag: Option<Setting<PathBuf>>,
    pub(super) project: ProjectToml,
    pub(super) bindings: Vec<Binding>,
    pub(super) untyped_bindings: Vec<String>,
    /// Read once, because files hold some of them.
    pub(super) secrets: OnceCell<Secrets>,
}

#[derive(Clone, Debug)]
pub(crate) enum ConfigWarning {
    UnknownName {
        name: String,
        nearest: Option<&'static Variable>,
    },
    /// A key in `project.toml`.
    UnknownKey {
        key: String,
        nearest: Option<&'static Variable>,
    },
    /// No store is set, and this service binding has no file `type`.
    UntypedBinding(String),
}

impl<'a> Sources<'a> {
    /// Fails with what can't be read, unless the environment switches everything off.
    pub(crate) fn read(
        env: &'a Env,
        platform: Platform,
        app: &Path,
    ) -> Result<Self, Vec<ConfigProblem>> {
        let root = env.text(env_vars::SERVICE_BINDING_ROOT.name);
        let root = root.map(PathBuf::from).or(platform.bindings.clone());
        let mut problems = Vec::new();
        let project = ProjectToml::read(&app.join("project.toml"));
        let project = project.map_err(|problem| problems.push(problem));
        let bindings = root.map_or_else(|| Ok(Bindings::default()), |root| bindings::read(&root));
        let bindings = bindings.map_err(|error| {
            let what = "A service binding".to_owned();
            problems.push(ConfigProblem::Unreadable(what, error));
        });
        let Bindings { bindings, untyped } = bindings.unwrap_or_default();
        let sources = Self {
            env,
            platform,
            dir_flag: None,
            project: project.unwrap_or_default(),
            bindings,
            untyped_bindings: untyped,
            secrets: OnceCell::new(),
        };
        let disable = sources.env_text(&env_vars::DISABLE);
        let is_disabled = disable.is_some_and(|flag| choose(&flag.value, FLAGS) == Some(true));
        if problems.is_empty() || is_disabled {
            Ok(sources)
        } else {
            Err(problems)
        }
    }

    /// Takes the directory of `--dir`, which wins over the setting.
    pub(crate) fn with_dir(mut self, dir: PathBuf) -> Self {
        self.dir_flag = Some(Setting::new(dir, Origin::Flag("--dir")));
        self
    }

    /// Reads a setting from the environment or `project.toml`. A builder's default comes last.
    pub(super) fn text(&self, name: &Variable) -> Option<Setting<String>> {
        let is_default = |setting: &Setting<String>| setting.origin == Origin::BuilderDefault;
        let given = self.env_text(name);
        let of_project = || {
            let is_setting = name.kind == VariableKind::Setting;
            let value = self.project.get(&name.key()).filter(|_| is_setting)?;
            Some(Setting::new(value, Origin::ProjectToml))
        };
        match given {
            Some(given) if !is_default(&given) => Some(given),
            default => of_project().or(default),
        }
    }

    pub(super) fn value(&self, name: &Variable) -> Option<String> {
        self.text(name).map(|setting| setting.value)
    }

    pub(super) fn env_text(&self, name: &Variable) -> Option<Setting<String>> {
        let value = self.env.text(name.name)?;
        let origin = self.platform.variables.get(name.name).cloned();
        Some(Setting::new(value, origin.unwrap_or(Origin::Environment)))
    }

    pub(super) fn given(&self, name: &Variable) -> ConfigResult<Option<Setting<String>>> {
        if name.is_secret() {
            self.secret(name)
        } else {
            Ok(self.text(name))
        }
    }

    /// Reads a secret from the environment or from the file that `NAME_FILE` names.
    pub(super) fn secret(&self, name: &Variable) -> ConfigResult<Option<Setting<String>>> {
        let variable = name.file_variable();
        let given = self.env_text(name);
        let Some(path) = self.env.text(&variable) else {
            return Ok(given);
        };
        if given.is_some() {
            let both = [name.name.to_owned(), variable];
            return Err(ConfigProblem::TwoSources(name.name, both));
        }
        match read_secret_file(path) {
            Ok(text) => Ok(Some(Setting::new(text, Origin::File(variable)))),
            Err(error) => Err(ConfigProblem::Unreadable(variable, error)),
        }
    }

    /// Lists the variables whose value is not UTF-8.
    pub(super) fn not_utf8(&self) -> impl Iterator<Item = &'static str> {
        let names = env_vars::ALL.iter().map(|name| name.name);
        names.filter(|name| self.env.is_no_text(name))
    }

    /// Lists the names that nothing reads. They are logged before any problem, because a misspelt
    /// name is often its cause.
    pub(crate) fn warnings(&self) -> Vec<ConfigWarning> {
        let names = self.env.names().filter(|name| env_vars::is_unknown(name));
        let names = names.map(|name| ConfigWarning::UnknownName {
            name: name.to_owned(),
            nearest: env_vars::nearest(name),
        });
        let keys = self.project.unknown.iter().cloned();
        let keys = keys.map(|key| ConfigWarning::UnknownKey {
            nearest: env_vars::nearest_key(&key),
            key,
        });
        let binds_store = self.bindings.iter().any(|it| it.kind == STORE_KIND);
        let has_store = binds_store || self.text(&env_vars::STORE).is_some();
        let untyped = self.untyped_bindings.iter().filter(|_| !has_store);
        let untyped = untyped.cloned().map(ConfigWarning::UntypedBinding);
        names.chain(keys).chain(untyped).collect()
    }
}
