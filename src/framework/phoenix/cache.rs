//! What a build keeps for the next one and out of the image: `node_modules`, and the programs of the `esbuild` and
//! `tailwind` packages.

use crate::fs::{remove_dir_if_exists, remove_file_if_exists};
use crate::sha256::Sha256;
use fs_err as fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// A directory of the app that is cached under a key, which covers all that its content depends on.
#[derive(Debug)]
pub(super) struct CachedDir {
    pub(super) place: PathBuf,
    pub(super) stored: PathBuf,
    pub(super) key: String,
}

impl CachedDir {
    fn key_file(&self) -> PathBuf {
        self.stored.with_added_extension("key")
    }

    /// Moves the directory out of the cache to its place, if its key is the same; removes it otherwise. Returns
    /// whether it was moved.
    pub(super) fn restore(&self) -> io::Result<bool> {
        let key = fs::read_to_string(self.key_file()).unwrap_or_default();
        let is_valid = key == self.key && self.stored.exists();
        if is_valid {
            relocate(&self.stored, &self.place)?;
        } else {
            remove(&self.stored)?;
        }
        Ok(is_valid)
    }

    /// Moves the directory into the cache, and so out of the image.
    pub(super) fn save(&self) -> io::Result<()> {
        if !self.place.exists() {
            return Ok(());
        }
        remove(&self.stored)?;
        relocate(&self.place, &self.stored)?;
        fs::write(self.key_file(), &self.key)
    }
}

/// The programs that Mix tasks download into `_build`.
#[derive(Debug)]
pub(super) struct CachedPrograms {
    build: PathBuf,
    stored: PathBuf,
    present: Vec<String>,
    key: String,
}

impl CachedPrograms {
    /// Moves the cached programs into `_build`. `versions` is the text that says which ones the app wants.
    pub(super) fn restore(project: &Path, cache: &Path, versions: &str) -> io::Result<Self> {
        let build = project.join("_build");
        let programs = Self {
            present: program_names(&build)?,
            build,
            stored: cache.join("programs"),
            key: Sha256::of(versions.as_bytes()).to_string(),
        };
        let key = fs::read_to_string(programs.stored.join("key")).unwrap_or_default();
        let mut names = program_names(&programs.stored)?;
        names.retain(|name| key == programs.key && !programs.build.join(name).exists());
        for name in names {
            relocate(&programs.stored.join(&name), &programs.build.join(&name))?;
        }
        remove(&programs.stored)?;
        Ok(programs)
    }

    /// Moves the programs that this build downloaded out of `_build` and returns their names.
    pub(super) fn save(&self) -> io::Result<Vec<String>> {
        let mut new = program_names(&self.build)?;
        new.retain(|name| !self.present.contains(name));
        for name in &new {
            relocate(&self.build.join(name), &self.stored.join(name))?;
        }
        if !new.is_empty() {
            fs::write(self.stored.join("key"), &self.key)?;
        }
        Ok(new)
    }
}

fn program_names(dir: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    if dir.is_dir() {
        for entry in fs::read_dir(dir)? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
    }
    names.retain(|name| name.starts_with("esbuild-") || name.starts_with("tailwind-"));
    names.sort();
    Ok(names)
}

pub(super) fn remove(path: &Path) -> io::Result<()> {
    if path.is_dir() && !path.is_symlink() {
        remove_dir_if_exists(path)
    } else {
        remove_file_if_exists(path)
    }
}

/// Moves a file or directory, also to another file system: layers and the app are volumes of their own.
pub(super) fn relocate(from: &Path, to: &Path) -> io::Result<()> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            copy(from, to)?;
            remove(from)
        }
        result => result,
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let kind = fs::symlink_metadata(from)?.file_type();
    if kind.is_symlink() {
        return symlink(fs::read_link(from)?, to);
    }
    if !kind.is_dir() {
        return fs::copy(from, to).map(drop);
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cached_directory_returns_under_its_key_only() {
        let root = tempfile::tempdir().unwrap();
        let place = root.path().join("app/node_modules");
        let cached = |key: &str| CachedDir {
            place: place.clone(),
            stored: root.path().join("shop/node_modules"),
            key: key.to_owned(),
        };
        assert!(!cached("1").restore().unwrap());
        fs::create_dir_all(place.join("x")).unwrap();
        cached("1").save().unwrap();
        assert!(!place.exists());
        assert!(cached("1").restore().unwrap());
        assert!(place.join("x").exists());
        cached("1").save().unwrap();
        assert!(!cached("2").restore().unwrap());
        assert!(!cached("1").restore().unwrap());
    }

    #[test]
    fn programs_of_the_app_are_not_moved() {
        let root = tempfile::tempdir().unwrap();
        let (project, cache) = (root.path().join("app"), root.path().join("cache"));
        fs::create_dir_all(project.join("_build/prod")).unwrap();
        fs::write(project.join("_build/tailwind-linux-x64"), "its own").unwrap();
        let programs = CachedPrograms::restore(&project, &cache, "0.25").unwrap();
        fs::write(project.join("_build/esbuild-linux-x64"), "program").unwrap();
        assert_eq!(programs.save().unwrap(), ["esbuild-linux-x64"]);
        assert!(project.join("_build/tailwind-linux-x64").exists());
        assert!(!project.join("_build/esbuild-linux-x64").exists());
        drop(CachedPrograms::restore(&project, &cache, "0.25").unwrap());
        assert!(project.join("_build/esbuild-linux-x64").exists());
    }

    #[test]
    fn a_copy_keeps_links_and_directories() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("a/b")).unwrap();
        fs::write(root.path().join("a/b/c"), "x").unwrap();
        symlink("../nowhere", root.path().join("a/link")).unwrap();
        copy(&root.path().join("a"), &root.path().join("to")).unwrap();
        assert_eq!(fs::read(root.path().join("to/b/c")).unwrap(), b"x");
        assert_eq!(
            fs::read_link(root.path().join("to/link")).unwrap(),
            Path::new("../nowhere")
        );
    }
}
