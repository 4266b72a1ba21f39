//! What a platform adds to the environment: it knows who set a variable, and may hold service bindings.

use super::Origin;
use fs_err as fs;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where a builder image keeps the variables of its operator:
/// <https://github.com/buildpacks/spec/blob/main/platform.md#operator-defined-variables>
pub(crate) const BUILD_CONFIG: &str = "/cnb/build-config";

#[derive(Clone, Debug, Default)]
pub(crate) struct Platform {
    pub(super) variables: BTreeMap<String, Origin>,
    pub(super) bindings: Option<PathBuf>,
}

impl Platform {
    /// Reads a buildpack's `<platform>`, and what the builder image sets. The process environment already holds the
    /// values of both, merged with those of earlier buildpacks.
    pub(crate) fn folder(platform: &Path, build_config: &Path) -> Self {
        let mut variables = BTreeMap::new();
        for file in names_in(&build_config.join("env")) {
            // The lifecycle takes a name without a suffix for a default, too.
            let (name, suffix) = file.split_once('.').unwrap_or((&file, "default"));
            match suffix {
                "default" => {
                    let origin = variables.entry(name.to_owned());
                    origin.or_insert(Origin::BuilderDefault);
                }
                "override" => {
                    variables.insert(name.to_owned(), Origin::Builder);
                }
                _ => {}
            }
        }
        for name in names_in(&platform.join("env")) {
            // The operator's value wins over it.
            if variables.get(&name) != Some(&Origin::Builder) {
                variables.insert(name, Origin::Platform);
            }
        }
        Self {
            variables,
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

/// A directory that does not exist, or that this user may not read, names nothing.
fn names_in(dir: &Path) -> impl Iterator<Item = String> {
    let entries = fs::read_dir(dir).into_iter().flatten();
    entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Sources, env_vars};
    use crate::env::Env;

    #[test]
    fn a_builders_default_gives_way_and_its_override_does_not() {
        let dir = tempfile::tempdir().unwrap();
        for (file, text) in [
            ("build-config/env/STATIC_ASSETS_CHECK", "warn"),
            ("build-config/env/STATIC_ASSETS_GROUP.default", "fleet"),
            ("build-config/env/STATIC_ASSETS_KEEP.override", "manifests"),
            ("build-config/env/STATIC_ASSETS_KEEP.default", "all"),
            ("build-config/env/STATIC_ASSETS_SALT.default", "builder"),
            ("platform/env/STATIC_ASSETS_KEEP", "all"),
            ("platform/env/STATIC_ASSETS_SALT", "user"),
            (
                "app/project.toml",
                "[io.github.static-assets]\ncheck = \"fail\"\nkeep = \"all\"\nsalt = \"app\"\n",
            ),
        ] {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        // As the lifecycle merges them.
        let env: Env = [
            ("STATIC_ASSETS_CHECK", "warn"),
            ("STATIC_ASSETS_GROUP", "fleet"),
            ("STATIC_ASSETS_KEEP", "manifests"),
            ("STATIC_ASSETS_SALT", "user"),
        ]
        .into_iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
        let at = |name: &str| dir.path().join(name);
        let platform = Platform::folder(&at("platform"), &at("build-config"));
        let sources = Sources::read(&env, platform, &at("app")).ok().unwrap();
        let shown = |name| sources.text(name).unwrap().to_string();
        assert_eq!(shown(&env_vars::CHECK), "'fail' (project.toml)");
        assert_eq!(shown(&env_vars::GROUP), "'fleet' (builder's default)");
        assert_eq!(shown(&env_vars::KEEP), "'manifests' (builder)");
        assert_eq!(shown(&env_vars::SALT), "'user' (platform environment)");
    }
}
