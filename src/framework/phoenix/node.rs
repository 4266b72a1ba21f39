//! The app's `package.json`: what installs it, what it can run, and which Node.js it wants.

use super::PhoenixError;
use super::buildpack_config::STATIC_CONFIG;
use crate::fs::files_below;
use crate::fs::read_file;
use crate::sha256::Sha256;
use fs_err as fs;
use std::io;
use std::path::{Path, PathBuf};

/// A folder with a `package.json`.
#[derive(Debug)]
pub(super) struct Package {
    pub(super) folder: PathBuf,
    pub(super) manager: Manager,
    json: PackageJson,
}

/// What of a `package.json` counts here. npm does not mind a field of another type, so neither does this.
#[derive(Debug, Default)]
struct PackageJson(serde_json::Value);

impl PackageJson {
    fn object(&self, field: &str) -> impl Iterator<Item = (&String, &serde_json::Value)> {
        self.0
            .get(field)
            .and_then(|value| value.as_object())
            .into_iter()
            .flatten()
    }

    fn dependencies(&self) -> impl Iterator<Item = &serde_json::Value> {
        let fields = ["dependencies", "devDependencies"].into_iter();
        fields.flat_map(|field| self.object(field).map(|(_, version)| version))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manager {
    Npm,
    /// Without a lock file.
    NpmUnlocked,
    Yarn,
    /// Yarn 2 and later.
    YarnBerry,
    Pnpm,
    Bun,
}

impl Manager {
    pub(super) fn program(self) -> &'static str {
        match self {
            Self::Npm | Self::NpmUnlocked => "npm",
            Self::Yarn | Self::YarnBerry => "yarn",
            Self::Pnpm => "pnpm",
            Self::Bun => "bun",
        }
    }

    /// Exactly what the lock file says, with what only builds need, whatever `NODE_ENV` is.
    pub(super) fn install(self) -> &'static [&'static str] {
        match self {
            Self::Npm => &["ci", "--include=dev", "--no-audit", "--no-fund"],
            Self::NpmUnlocked => &["install", "--include=dev", "--no-audit", "--no-fund"],
            Self::Yarn => &["install", "--frozen-lockfile", "--production=false"],
            Self::YarnBerry => &["install", "--immutable"],
            Self::Pnpm => &["install", "--frozen-lockfile", "--prod=false"],
            Self::Bun => &["install", "--frozen-lockfile"],
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

impl Package {
    /// In the folder that is named, else in `assets`, else at the app's top.
    pub(super) fn find(app: &Path, named: Option<&Path>) -> Result<Option<Self>, PhoenixError> {
        let folders = match named {
            Some(named) => vec![app.join(named)],
            None => vec![app.join("assets"), app.to_owned()],
        };
        let Some(folder) = folders
            .into_iter()
            .find(|folder| folder.join("package.json").is_file())
        else {
            return Ok(None);
        };
        let path = folder.join("package.json");
        let content = read_file(&path)?;
        let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&content);
        let json = serde_json::from_slice(content)
            .map_err(|error| PhoenixError::PackageJson { path, error })?;
        let json = PackageJson(json);
        let named = json
            .0
            .get("packageManager")
            .and_then(|named| named.as_str());
        let manager = manager(&folder, named)?;
        Ok(Some(Self {
            folder,
            manager,
            json,
        }))
    }

    pub(super) fn has_dependencies(&self) -> bool {
        self.json.dependencies().next().is_some()
    }

    /// The script that makes what production needs.
    pub(super) fn production_script(&self) -> Option<&'static str> {
        ["deploy", "build"].into_iter().find(|name| {
            self.json
                .object("scripts")
                .any(|(script, line)| script == name && line.is_string())
        })
    }

    pub(super) fn scripts(&self) -> Vec<String> {
        self.json
            .object("scripts")
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// What the installed packages depend on; `mix_lock` counts where some of them come from `deps`.
    pub(super) fn key(&self, node: &str, mix_lock: &Path) -> io::Result<String> {
        let mut hashed = format!("{} {node}", self.manager.install().join(" ")).into_bytes();
        let mut files: Vec<PathBuf> = [&["package.json", ".npmrc"], self.manager.lock_files()]
            .concat()
            .into_iter()
            .map(|name| self.folder.join(name))
            .collect();
        for patches in ["patches", ".yarn/patches"] {
            let folder = self.folder.join(patches);
            if folder.is_dir() {
                files.extend(files_below(&folder)?.iter().map(|path| folder.join(path)));
            }
        }
        let is_of_deps = |version: &serde_json::Value| {
            version
                .as_str()
                .is_some_and(|version| version.starts_with("file:"))
        };
        if self.json.dependencies().any(is_of_deps) {
            files.push(mix_lock.to_owned());
        }
        for file in files {
            match fs::read(file) {
                Ok(content) => hashed.extend(content),
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Err(_) => {}
            }
        }
        Ok(Sha256::of(&hashed).to_string())
    }

    /// The version of Node.js that the app asks for, and where it says so.
    pub(super) fn wanted_node(&self, app: &Path, legacy: Option<&str>) -> Option<(String, String)> {
        let engine = self
            .json
            .0
            .pointer("/engines/node")
            .and_then(|value| value.as_str());
        match engine {
            Some(engine) => Some((engine.to_owned(), "engines in package.json".to_owned())),
            None => wanted_node(&[&self.folder, app], legacy),
        }
    }
}

/// The same of an app without a `package.json`, by the files of version managers in these folders.
pub(super) fn wanted_node(folders: &[&Path], legacy: Option<&str>) -> Option<(String, String)> {
    let of_file = |name: &str| {
        let text = folders
            .iter()
            .find_map(|folder| read_file(&folder.join(name)).ok())?;
        let text = String::from_utf8_lossy(&text);
        Some((text.trim().to_owned(), name.to_owned()))
    };
    let of_tools = || {
        let (text, name) = of_file(".tool-versions")?;
        let line = text.lines().find_map(|line| line.strip_prefix("nodejs "))?;
        Some((line.split_whitespace().next()?.to_owned(), name))
    };
    of_file(".nvmrc")
        .or_else(|| of_file(".node-version"))
        .or_else(of_tools)
        .or_else(|| Some((legacy?.to_owned(), STATIC_CONFIG.to_owned())))
}

/// By `packageManager`, else by the lock file.
fn manager(folder: &Path, named: Option<&str>) -> io::Result<Manager> {
    let has = |manager: Manager| {
        manager
            .lock_files()
            .iter()
            .any(|name| folder.join(name).is_file())
    };
    let yarn = || -> io::Result<Manager> {
        if folder.join(".yarnrc.yml").is_file() {
            return Ok(Manager::YarnBerry);
        }
        let lock = fs::read(folder.join("yarn.lock")).unwrap_or_default();
        Ok(match memchr::memmem::find(&lock, b"__metadata:") {
            Some(_) => Manager::YarnBerry,
            None => Manager::Yarn,
        })
    };
    let npm = || {
        if has(Manager::Npm) {
            Manager::Npm
        } else {
            Manager::NpmUnlocked
        }
    };
    match named.and_then(|named| named.split_once('@')) {
        Some(("pnpm", _)) => return Ok(Manager::Pnpm),
        Some(("bun", _)) => return Ok(Manager::Bun),
        Some(("yarn", version)) if version.starts_with("1.") => return Ok(Manager::Yarn),
        Some(("yarn", _)) => return Ok(Manager::YarnBerry),
        Some(("npm", _)) => return Ok(npm()),
        _ => {}
    }
    if has(Manager::Npm) {
        Ok(Manager::Npm)
    } else if has(Manager::Pnpm) {
        Ok(Manager::Pnpm)
    } else if has(Manager::Yarn) {
        yarn()
    } else if has(Manager::Bun) {
        Ok(Manager::Bun)
    } else {
        Ok(Manager::NpmUnlocked)
    }
}

/// The one major version that a range allows, where it is of the plain kind: `18`, `v18.12.0`, `^18.1`,
/// `18.x`.
pub(super) fn only_major(range: &str) -> Option<u32> {
    let range = range.trim().trim_start_matches(['^', '~', 'v', '=']);
    let major = range.split('.').next()?;
    let is_plain = range
        .split('.')
        .skip(1)
        .all(|part| part == "x" || part == "*" || part.bytes().all(|byte| byte.is_ascii_digit()));
    is_plain.then(|| major.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::folder_with;

    fn package(files: &[(&str, &str)]) -> Package {
        let app = folder_with(files);
        Package::find(app.path(), None).unwrap().unwrap()
    }

    #[test]
    fn the_lock_file_tells_the_manager() {
        for (files, manager) in [
            (&[("assets/package-lock.json", "{}")][..], Manager::Npm),
            (&[("assets/npm-shrinkwrap.json", "{}")], Manager::Npm),
            (&[("assets/yarn.lock", "# yarn lockfile v1")], Manager::Yarn),
            (
                &[("assets/yarn.lock", "__metadata:\n  version: 8")],
                Manager::YarnBerry,
            ),
            (
                &[("assets/yarn.lock", ""), ("assets/.yarnrc.yml", "")],
                Manager::YarnBerry,
            ),
            (&[("assets/pnpm-lock.yaml", "")], Manager::Pnpm),
            (&[("assets/bun.lockb", "")], Manager::Bun),
            (&[], Manager::NpmUnlocked),
        ] {
            let mut files = files.to_vec();
            files.push(("assets/package.json", "{}"));
            assert_eq!(package(&files).manager, manager);
        }
        let named = r#"{"packageManager": "pnpm@9.1.0"}"#;
        assert_eq!(package(&[("package.json", named)]).manager, Manager::Pnpm);
    }

    #[test]
    fn deploy_comes_before_build() {
        let both = r#"{"scripts": {"build": "x", "deploy": "y", "watch": "z"}}"#;
        let package_of = |json| package(&[("assets/package.json", json)]);
        assert_eq!(package_of(both).production_script(), Some("deploy"));
        assert_eq!(package_of("{}").production_script(), None);
        assert_eq!(
            package_of(r#"{"scripts": {"build": "x"}}"#).production_script(),
            Some("build")
        );
        assert!(package_of(r#"{"devDependencies": {"webpack": "4"}}"#).has_dependencies());
        assert!(!package_of("{}").has_dependencies());
    }

    #[test]
    fn only_plain_ranges_name_one_major() {
        for (range, major) in [
            ("18", Some(18)),
            ("v10.20.1\n", Some(10)),
            ("^14.2", Some(14)),
            ("16.x", Some(16)),
            (">=12", None),
            ("12 || 14", None),
            ("lts/*", None),
        ] {
            assert_eq!(only_major(range), major, "{range}");
        }
    }
}
