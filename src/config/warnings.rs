//! Names that nothing reads. They are logged before any problem, because a misspelt name is often its cause.

use super::env_vars::Variable;
use super::{Sources, env_vars};

#[derive(Clone, Debug)]
pub(crate) enum ConfigWarning {
    UnknownName {
        name: String,
        nearest: Option<&'static Variable>,
    },
    /// A key in `project.toml`.
    UnknownKey(String),
}

pub(crate) fn warnings(sources: &Sources<'_>) -> Vec<ConfigWarning> {
    let names = sources.names().filter(|name| env_vars::is_unknown(name));
    let names = names.map(|name| ConfigWarning::UnknownName {
        name: name.to_owned(),
        nearest: env_vars::nearest(name),
    });
    let keys = sources.project.unknown.iter().cloned();
    names.chain(keys.map(ConfigWarning::UnknownKey)).collect()
}
