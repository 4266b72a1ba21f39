//! The app's `package.json`.

use super::PhoenixError;
use super::package_manager::PackageManager;
use crate::fs::{files_below, read_file};
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
            .map_err(|error| PhoenixError::PackageJson { path, error })?;
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
        let scripts = &self.json["scripts"];
        ["deploy", "build"]
            .into_iter()
            .find(|name| scripts[*name].is_string())
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
            if dir.is_dir() {
                files.extend(files_below(&dir)?.iter().map(|path| dir.join(path)));
            }
        }
        let is_path = |version: &str| version.starts_with("file:");
        let mut versions = self.dependencies().filter_map(Value::as_str);
        if versions.any(is_path) {
            files.push(mix_lock.to_owned());
        }
        for file in files {
            match fs::read(file) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                content => hashed.extend(content?),
            }
        }
        Ok(Sha256::of(&hashed).to_string())
    }
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
}
