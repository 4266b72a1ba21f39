//! The package managers of Node.js, and which one an app uses.

use fs_err as fs;
use std::path::Path;

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
    pub(super) fn of(dir: &Path, named: Option<&str>) -> Self {
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
            _ => {
                let managers = [Self::Npm, Self::Pnpm, Self::Yarn, Self::Bun];
                match managers.into_iter().find(has_lock) {
                    Some(Self::Yarn) if is_berry(dir) => Self::YarnBerry,
                    found => found.unwrap_or(Self::NpmUnlocked),
                }
            }
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

    pub(super) fn lock_files(self) -> &'static [&'static str] {
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
