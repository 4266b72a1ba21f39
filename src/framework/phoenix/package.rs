//! The app's `package.json`, and the package manager that installs what it names.

use super::PhoenixError;
use super::sources::files_in;
use crate::fs::{if_exists, read_file};
use crate::sha256::Sha256;
use fs_err as fs;
use serde_json::Value;
use std::io;
use std::path::{Path, PathBuf};

/// A directory with a `package.json`. npm accepts a field of another type than it expects, and so does this.
#[derive(Debug)]
pub(super) struct Package {
    pub(super) dir: PathBuf,
    pub(super) manager: PackageManager,
    json: Value,
}

impl Package {
    /// Looks in the named directory, else in `assets` and at the top of the app.
    pub(super) fn find(app: &Path, named: Option<&Path>) -> Result<Option<Self>, PhoenixError> {
        let dirs = match named {
            Some(named) => vec![app.join(named)],
            None => vec![app.join("assets"), app.to_owned()],
        };
        let has_file = |dir: &PathBuf| dir.join("package.json").is_file();
        let Some(dir) = dirs.into_iter().find(has_file) else {
            return Ok(None);
        };
        let path = dir.join("package.json");
        let content = read_file(&path)?;
        let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&content);
        let json: Value = serde_json::from_slice(content)
            .map_err(|error| PhoenixError::PackageJson(path, error))?;
        let manager = PackageManager::of(&dir, json["packageManager"].as_str());
        Ok(Some(Self { dir, manager, json }))
    }

    fn object(&self, field: &str) -> impl Iterator<Item = (&String, &Value)> {
        self.json[field].as_object().into_iter().flatten()
    }

    /// The versions of all dependencies.
    fn dependencies(&self) -> impl Iterator<Item = &Value> {
        let fields = ["dependencies", "devDependencies"].into_iter();
        fields.flat_map(|field| self.object(field).map(|(_, version)| version))
    }

    pub(super) fn has_dependencies(&self) -> bool {
        self.dependencies().next().is_some()
    }

    /// The script that makes the assets of production.
    pub(super) fn production_script(&self) -> Option<&'static str> {
        let mut names = ["deploy", "build"].into_iter();
        names.find(|name| self.json["scripts"][*name].is_string())
    }

    pub(super) fn scripts(&self) -> Vec<String> {
        let scripts = self.object("scripts");
        scripts.map(|(name, _)| name.clone()).collect()
    }

    /// The range of `engines`.
    pub(super) fn node_range(&self) -> Option<&str> {
        self.json["engines"]["node"].as_str()
    }

    /// Hashes what the installed packages depend on. `mix_lock` counts if some of them come from `deps`.
    pub(super) fn cache_key(&self, node: &str, mix_lock: &Path) -> io::Result<String> {
        let mut hashed = format!("{} {node}", self.manager.install_arguments()).into_bytes();
        let names = [&["package.json", ".npmrc"], self.manager.lock_files()].concat();
        let mut files: Vec<PathBuf> = names.iter().map(|name| self.dir.join(name)).collect();
        for patches in ["patches", ".yarn/patches"] {
            let dir = self.dir.join(patches);
            files.extend(files_in(&dir)?.iter().map(|path| dir.join(path)));
        }
        let mut versions = self.dependencies().filter_map(Value::as_str);
        if versions.any(|version| version.starts_with("file:")) {
            files.push(mix_lock.to_owned());
        }
        for file in files {
            hashed.extend(if_exists(fs::read(file))?.unwrap_or_default());
        }
        Ok(Sha256::of(&hashed).to_string())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PackageManager {
    Npm,
    /// npm without a lock file.
    NpmUnlocked,
    Yarn,
    /// Yarn 2 and later.
    YarnBerry,
    Pnpm,
    Bun,
}

impl PackageManager {
    /// Finds the manager of a directory: by `packageManager`, else by the lock file.
    fn of(dir: &Path, named: Option<&str>) -> Self {
        let has_lock = |manager: &Self| {
            let mut files = manager.lock_files().iter();
            files.any(|name| dir.join(name).is_file())
        };
        match named.and_then(|named| named.split_once('@')) {
            Some(("pnpm", _)) => Self::Pnpm,
            Some(("bun", _)) => Self::Bun,
            Some(("yarn", version)) if version.starts_with("1.") => Self::Yarn,
            Some(("yarn", _)) => Self::YarnBerry,
            Some(("npm", _)) if has_lock(&Self::Npm) => Self::Npm,
            Some(("npm", _)) => Self::NpmUnlocked,
            _ => match [Self::Npm, Self::Pnpm, Self::Yarn, Self::Bun]
                .into_iter()
                .find(has_lock)
            {
                Some(Self::Yarn) if is_berry(dir) => Self::YarnBerry,
                found => found.unwrap_or(Self::NpmUnlocked),
            },
        }
    }

    pub(super) fn program(self) -> &'static str {
        match self {
            Self::Npm | Self::NpmUnlocked => "npm",
            Self::Yarn | Self::YarnBerry => "yarn",
            Self::Pnpm => "pnpm",
            Self::Bun => "bun",
        }
    }

    /// Installs exactly what the lock file says, development dependencies included, whatever `NODE_ENV` is.
    pub(super) fn install_arguments(self) -> &'static str {
        match self {
            Self::Npm => "ci --include=dev --no-audit --no-fund",
            Self::NpmUnlocked => "install --include=dev --no-audit --no-fund",
            Self::Yarn => "install --frozen-lockfile --production=false",
            Self::YarnBerry => "install --immutable",
            Self::Pnpm => "install --frozen-lockfile --prod=false",
            Self::Bun => "install --frozen-lockfile",
        }
    }

    fn lock_files(self) -> &'static [&'static str] {
        match self {
            Self::Npm => &["package-lock.json", "npm-shrinkwrap.json"],
            Self::NpmUnlocked => &[],
            Self::Yarn | Self::YarnBerry => &["yarn.lock"],
            Self::Pnpm => &["pnpm-lock.yaml"],
            Self::Bun => &["bun.lock", "bun.lockb"],
        }
    }
}

fn is_berry(dir: &Path) -> bool {
    let lock = fs::read(dir.join("yarn.lock")).unwrap_or_default();
    dir.join(".yarnrc.yml").is_file() || memchr::memmem::find(&lock, b"__metadata:").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::folder_with;

    fn package(json: &str) -> Package {
        let app = folder_with(&[("assets/package.json", json)]);
        Package::find(app.path(), None).unwrap().unwrap()
    }

    #[test]
    fn deploy_comes_before_build() {
        let both = package(r#"{"scripts": {"build": "x", "deploy": "y", "watch": "z"}}"#);
        assert_eq!(both.production_script(), Some("deploy"));
        let build = package(r#"{"scripts": {"build": "x"}}"#);
        assert_eq!(build.production_script(), Some("build"));
        assert_eq!(package("{}").production_script(), None);
    }

    #[test]
    fn development_dependencies_count() {
        assert!(package(r#"{"devDependencies": {"webpack": "4"}}"#).has_dependencies());
        assert!(!package("{}").has_dependencies());
    }

    #[test]
    fn the_lock_file_shows_the_manager() {
        for (files, manager) in [
            (&[("package-lock.json", "{}")][..], PackageManager::Npm),
            (&[("npm-shrinkwrap.json", "{}")], PackageManager::Npm),
            (&[("yarn.lock", "# yarn lockfile v1")], PackageManager::Yarn),
            (
                &[("yarn.lock", "__metadata:\n  version: 8")],
                PackageManager::YarnBerry,
            ),
            (
                &[("yarn.lock", ""), (".yarnrc.yml", "")],
                PackageManager::YarnBerry,
            ),
            (&[("pnpm-lock.yaml", "")], PackageManager::Pnpm),
            (&[("bun.lockb", "")], PackageManager::Bun),
            (&[], PackageManager::NpmUnlocked),
        ] {
            let dir = folder_with(files);
            assert_eq!(PackageManager::of(dir.path(), None), manager);
            let named = PackageManager::of(dir.path(), Some("pnpm@9.1.0"));
            assert_eq!(named, PackageManager::Pnpm);
        }
    }
}
