//! Copies compiled files into the image as they are published: with the version in place of the placeholder. Finds
//! other files in which the compile left it.

use crate::config::Keep;
use crate::fs::remove_file_if_exists;
use crate::manifest::{Assets, holds_placeholder, replaced};
use crate::release::Release;
use crate::version::Version;
use fs_err as fs;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use walkdir::{DirEntry, WalkDir};

/// Why what was compiled could not be put into the image.
#[derive(Debug, derive_more::From)]
pub(crate) enum InstallError {
    /// The placeholder was left in a file of the image.
    Leftover(PathBuf),
    /// A link is in the place of a directory.
    IntoLink(PathBuf),
    #[from]
    Io(io::Error),
}

pub(super) struct Install<'a> {
    /// `None` if nothing is published: then no file holds the placeholder.
    version: Option<&'a Version>,
    /// The published files by the path to which they were compiled, each with its source if the placeholder in it was
    /// replaced.
    published: HashMap<PathBuf, Option<Cow<'a, Path>>>,
    keep: Keep,
    /// The files of the image that hold what was compiled.
    pub(super) installed: HashSet<PathBuf>,
}

/// The manifests that bundlers leave for the server: <https://vite.dev/guide/backend-integration>.
const BUNDLER_MANIFESTS: [&str; 3] = ["manifest.json", "webpack-stats.json", "staticfiles.json"];

impl<'a> Install<'a> {
    pub(super) fn new(assets: &Assets, release: Option<&'a Release>, keep: Keep) -> Self {
        let published = release.map(|release| release.manifest.assets());
        let published = published.into_iter().flatten().filter_map(|asset| {
            let resolved = asset.template.as_ref().map(|_| asset.source());
            Some((assets.compiled(&asset.path)?, resolved))
        });
        Self {
            version: release.map(|release| &release.version),
            published: published.collect(),
            keep,
            installed: HashSet::new(),
        }
    }

    pub(super) fn folder(&mut self, from: &Path, to: &Path) -> Result<(), InstallError> {
        for entry in WalkDir::new(from).min_depth(1) {
            let entry = entry.map_err(io::Error::from)?;
            let (name, source) = (entry.file_name(), entry.path());
            let destination = to.join(source.strip_prefix(from).unwrap_or(source));
            if entry.file_type().is_dir() {
                // It may lead out of the app, into another buildpack's layer.
                if destination.is_symlink() {
                    return Err(InstallError::IntoLink(destination));
                }
            } else if self.keep == Keep::Manifests
                && !BUNDLER_MANIFESTS.iter().any(|it| name == *it)
            {
                // An earlier collectstatic may have left the file, such as a Python buildpack's own.
                if destination.is_file() && fs::read(&destination)? == fs::read(source)? {
                    fs::remove_file(&destination)?;
                }
            } else if !self.is_stale(source) {
                self.file(source, &destination)?;
            }
        }
        Ok(())
    }

    /// Whether a file is the compressed form of one in which the placeholder was replaced: it still holds it.
    fn is_stale(&self, source: &Path) -> bool {
        let extension = source.extension();
        let is_compressed = extension.is_some_and(|it| it == "gz" || it == "br");
        let original = self.published.get(&source.with_extension(""));
        is_compressed && matches!(original, Some(Some(_)))
    }

    pub(super) fn file(&mut self, source: &Path, destination: &Path) -> io::Result<()> {
        self.installed.insert(destination.to_owned());
        if let Some(resolved) = self.published.get(source) {
            return link_or_copy(resolved.as_deref().unwrap_or(source), destination);
        }
        let Some(version) = self.version else {
            return link_or_copy(source, destination);
        };
        let content = fs::read(source)?;
        let changed = if holds_placeholder(&content) {
            replaced(&content, version)
        } else if let Some(changed) = without_gzip_time(&content) {
            changed
        } else {
            return link_or_copy(source, destination);
        };
        make_way(destination)?;
        fs::write(destination, changed)
    }
}

/// Clears the time of compression in the header of gzip, which would make every image differ:
/// <https://www.rfc-editor.org/rfc/rfc1952#page-5>. `None` if the content has none.
fn without_gzip_time(content: &[u8]) -> Option<Vec<u8>> {
    let [0x1f, 0x8b, 8, _, rest @ ..] = content else {
        return None;
    };
    rest.first_chunk().filter(|time| **time != [0; 4])?;
    let mut content = content.to_vec();
    content[4..8].fill(0);
    Some(content)
}

/// Links a file, which costs nothing on one file system, or else copies it.
fn link_or_copy(source: &Path, destination: &Path) -> io::Result<()> {
    make_way(destination)?;
    fs::hard_link(source, destination).or_else(|_| fs::copy(source, destination).map(drop))
}

fn make_way(destination: &Path) -> io::Result<()> {
    if let Some(parent) = destination.parent() {
        fs::create_dir_all(parent)?;
    }
    remove_file_if_exists(destination)
}

/// Finds a file of the app that was changed since `start`, that is not one of `known` and that still holds the
/// placeholder.
pub(super) fn find_leftover(
    dir: &Path,
    start: SystemTime,
    known: &HashSet<PathBuf>,
) -> io::Result<Option<PathBuf>> {
    let is_searched = |entry: &DirEntry| {
        let is_git = entry.file_type().is_dir() && entry.file_name() == ".git";
        !is_git && !known.contains(entry.path())
    };
    // The compile did not write what this user can't read.
    let entries = WalkDir::new(dir)
        .into_iter()
        .filter_entry(is_searched)
        .flatten();
    for entry in entries.filter(|entry| entry.file_type().is_file()) {
        if entry.metadata()?.modified()? >= start
            && fs::read(entry.path()).is_ok_and(|content| holds_placeholder(&content))
        {
            return Ok(Some(entry.into_path()));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::PLACEHOLDER;

    #[test]
    fn leftover_placeholder_is_found_in_new_files_only() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("stats.json");
        fs::write(&file, PLACEHOLDER).unwrap();
        let leftover = |start| find_leftover(root.path(), start, &HashSet::new()).unwrap();
        assert_eq!(leftover(SystemTime::UNIX_EPOCH), Some(file));
        let tomorrow = SystemTime::now() + std::time::Duration::from_hours(24);
        assert_eq!(leftover(tomorrow), None);
    }
}
