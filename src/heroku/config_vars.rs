//! The config vars of an app: `ENV_DIR` holds one file for each.

use crate::config::env_vars::DISABLE_COLLECTSTATIC;
use crate::env::Env;
use crate::fs::if_exists;
use fs_err as fs;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

/// Variables that would break the build, or that an app must not set:
/// <https://devcenter.heroku.com/articles/buildpack-api#bin-compile>.
const NOT_FOR_BUILDS: &str =
    "BUILD_DIR CACHE_DIR CPATH CPPATH ENV_DIR GIT_DIR LIBRARY_PATH PATH PYTHONHOME";
/// The dynamic linker reads variables with this prefix: <https://man7.org/linux/man-pages/man8/ld.so.8.html>.
const OF_THE_LINKER: &str = "LD_";

fn is_for_builds(name: &str) -> bool {
    let breaks_builds = NOT_FOR_BUILDS.split(' ').any(|other| other == name);
    !breaks_builds && !name.starts_with(OF_THE_LINKER) && !name.contains('=')
}

/// Deliberately without `Debug`: it holds secrets.
pub(super) struct ConfigVars(BTreeMap<String, OsString>);

impl ConfigVars {
    /// Reads the directory. Platforms without config vars give none, or one that does not exist.
    pub(super) fn read(folder: Option<&Path>) -> io::Result<Self> {
        let mut vars = BTreeMap::new();
        let entries = folder.map(|folder| if_exists(fs::read_dir(folder)));
        for entry in entries.transpose()?.flatten().into_iter().flatten() {
            let path = entry?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
                continue;
            };
            if is_for_builds(name) && path.is_file() {
                let value = fs::read(&path)?;
                // An environment can't hold what follows a NUL.
                let value = value.split(|&byte| byte == 0).next().unwrap_or_default();
                vars.insert(name.to_owned(), OsString::from_vec(value.to_vec()));
            }
        }
        Ok(Self(vars))
    }

    pub(super) fn names(&self) -> impl Iterator<Item = String> + use<'_> {
        self.0.keys().cloned()
    }

    pub(super) fn disable_collectstatic(&self) -> bool {
        self.0.contains_key(DISABLE_COLLECTSTATIC.name)
    }

    /// Makes the environment of the build, in which the config vars win. `DISABLE_COLLECTSTATIC` is left out, because it
    /// tells heroku/python not to do what this buildpack does.
    pub(super) fn over(&self, env: &Env) -> Env {
        let own = env.pairs().map(|(name, value)| (name.clone(), value));
        let vars = self.0.iter().map(|(name, value)| (name.into(), value));
        own.chain(vars)
            .filter(|(name, _)| name != DISABLE_COLLECTSTATIC.name)
            .map(|(name, value)| (name, value.clone()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::folder_with;

    #[test]
    fn config_vars_win_but_those_that_would_break_the_build() {
        let folder = folder_with(&[
            ("STATIC_ASSETS_STORE", "s3://a/b\n"),
            ("PATH", "/evil"),
            ("LD_PRELOAD", "/evil.so"),
            ("LD_AUDIT", "/evil.so"),
            ("PYTHONHOME", "/evil"),
            ("DISABLE_COLLECTSTATIC", "1"),
            ("STACK", "mine"),
            ("folder/x", ""),
        ]);
        let env: Env = [("PATH", "/usr/bin"), ("STACK", "heroku-24")]
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        let vars = ConfigVars::read(Some(folder.path())).unwrap();
        let env = vars.over(&env);
        assert_eq!(env.text("STATIC_ASSETS_STORE"), Some("s3://a/b"));
        assert_eq!(env.text("PATH"), Some("/usr/bin"));
        assert_eq!(env.text("STACK"), Some("mine"));
        for name in [
            "LD_PRELOAD",
            "LD_AUDIT",
            "PYTHONHOME",
            "DISABLE_COLLECTSTATIC",
            "folder",
        ] {
            assert_eq!(env.text(name), None, "{name}");
        }
        assert!(vars.disable_collectstatic());
    }

    #[test]
    fn no_folder_holds_no_config_vars() {
        for folder in [None, Some(Path::new("/nowhere/env"))] {
            assert_eq!(ConfigVars::read(folder).unwrap().names().count(), 0);
        }
    }
}
