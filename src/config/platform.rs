//! What a platform adds to the environment: it knows who set a variable, and may hold service bindings.

use super::Origin;
use fs_err as fs;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[derive(Clone, Debug, Default)]
pub(crate) struct Platform {
    pub(super) variables: BTreeMap<String, Origin>,
    pub(super) bindings: Option<PathBuf>,
}

impl Platform {
    /// Reads a buildpack's `<platform>`. The process environment already holds the values of its variables, merged with
    /// those of the operator and of earlier buildpacks.
    pub(crate) fn folder(platform: &Path) -> Self {
        let entries = fs::read_dir(platform.join("env")).into_iter().flatten();
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
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
