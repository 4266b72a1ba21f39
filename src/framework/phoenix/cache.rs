//! What one build keeps for the next and out of the image: `node_modules`, and the programs of the
//! `esbuild` and `tailwind` packages.

use crate::sha256::Sha256;
use fs_err as fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// A folder of the app that is kept under a key, which names all that it depends on.
#[derive(Debug)]
pub(super) struct Kept {
    place: PathBuf,
    stored: PathBuf,
    key: String,
}

/// What was in the place before this build step made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Restored {
    /// The app's own: another buildpack, or the repository.
    Present,
    FromCache,
    Nothing,
}

impl Kept {
    pub(super) fn new(cache: &Path, name: &str, place: PathBuf, key: &str) -> Self {
        Self {
            place,
            stored: cache.join(name),
            key: key.to_owned(),
        }
    }

    fn key_file(&self) -> PathBuf {
        self.stored.with_added_extension("key")
    }

    /// Moves what an earlier build kept to its place; what has another key is thrown away.
    pub(super) fn restore(&self) -> io::Result<Restored> {
        if self.place.exists() {
            return Ok(Restored::Present);
        }
        let key = fs::read_to_string(self.key_file()).unwrap_or_default();
        if key == self.key && self.stored.exists() {
            relocate(&self.stored, &self.place)?;
            return Ok(Restored::FromCache);
        }
        remove(&self.stored)?;
        Ok(Restored::Nothing)
    }

    /// Moves what is in the place into the cache, and so out of the image.
    pub(super) fn keep(&self) -> io::Result<()> {
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
pub(super) struct Programs {
    build: PathBuf,
    stored: PathBuf,
    present: Vec<String>,
    key: String,
}

const PROGRAMS: [&str; 2] = ["esbuild-", "tailwind-"];

impl Programs {
    /// Puts the kept ones into `_build`. `versions` is the text that tells which ones the app wants.
    pub(super) fn restore(project: &Path, cache: &Path, versions: &str) -> io::Result<Self> {
        let programs = Self {
            build: project.join("_build"),
            stored: cache.join("programs"),
            present: names(&project.join("_build"))?,
            key: Sha256::of(versions.as_bytes()).to_string(),
        };
        let key = fs::read_to_string(programs.stored.join("key")).unwrap_or_default();
        if key == programs.key {
            fs::create_dir_all(&programs.build)?;
            for name in names(&programs.stored)? {
                let place = programs.build.join(&name);
                if !place.exists() {
                    relocate(&programs.stored.join(&name), &place)?;
                }
            }
        }
        remove(&programs.stored)?;
        Ok(programs)
    }

    /// Takes those that were not there before out of `_build`; returns their names.
    pub(super) fn keep(&self) -> io::Result<Vec<String>> {
        let new: Vec<String> = names(&self.build)?
            .into_iter()
            .filter(|name| !self.present.contains(name))
            .collect();
        if !new.is_empty() {
            fs::create_dir_all(&self.stored)?;
            for name in &new {
                relocate(&self.build.join(name), &self.stored.join(name))?;
            }
            fs::write(self.stored.join("key"), &self.key)?;
        }
        Ok(new)
    }
}

fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if PROGRAMS.iter().any(|program| name.starts_with(program)) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Also from one file system to another: layers and the app are volumes of their own.
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
        symlink(fs::read_link(from)?, to)
    } else if kind.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
        Ok(())
    } else {
        fs::copy(from, to).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back_under_the_same_key_only() {
        let root = tempfile::tempdir().unwrap();
        let place = root.path().join("app/node_modules");
        let kept = |key| Kept::new(root.path(), "shop/node_modules", place.clone(), key);
        assert_eq!(kept("1").restore().unwrap(), Restored::Nothing);
        fs::create_dir_all(place.join("x")).unwrap();
        kept("1").keep().unwrap();
        assert!(!place.exists());
        assert_eq!(kept("1").restore().unwrap(), Restored::FromCache);
        assert!(place.join("x").exists());
        assert_eq!(kept("1").restore().unwrap(), Restored::Present);
        kept("1").keep().unwrap();
        assert_eq!(kept("2").restore().unwrap(), Restored::Nothing);
        assert_eq!(kept("1").restore().unwrap(), Restored::Nothing);
    }

    #[test]
    fn programs_that_were_there_stay() {
        let root = tempfile::tempdir().unwrap();
        let (project, cache) = (root.path().join("app"), root.path().join("cache"));
        fs::create_dir_all(project.join("_build/prod")).unwrap();
        fs::write(project.join("_build/tailwind-linux-x64"), "its own").unwrap();
        let programs = Programs::restore(&project, &cache, "0.25").unwrap();
        fs::write(project.join("_build/esbuild-linux-x64"), "program").unwrap();
        assert_eq!(programs.keep().unwrap(), ["esbuild-linux-x64"]);
        assert!(project.join("_build/tailwind-linux-x64").exists());
        assert!(!project.join("_build/esbuild-linux-x64").exists());
        drop(Programs::restore(&project, &cache, "0.25").unwrap());
        assert!(project.join("_build/esbuild-linux-x64").exists());
    }

    #[test]
    fn a_copy_is_like_what_was_copied() {
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
