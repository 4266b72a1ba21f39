//! Puts compiled files into the image as they are published: with the version in place of the
//! placeholder.

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

pub(super) struct Install<'a> {
    /// Unset where nothing is published: then no file holds the placeholder.
    version: Option<&'a Version>,
    /// What is published, by where it was compiled to; with its own source where it was resolved.
    published: HashMap<PathBuf, Option<Cow<'a, Path>>>,
    keep: Keep,
    put: HashSet<PathBuf>,
}

/// What bundlers leave for the server to read: <https://vite.dev/guide/backend-integration>.
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
            put: HashSet::new(),
        }
    }

    pub(super) fn folder(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            let (source, destination) = (entry.path(), to.join(entry.file_name()));
            let is_manifest = BUNDLER_MANIFESTS
                .iter()
                .any(|name| entry.file_name() == *name);
            if entry.file_type()?.is_dir() {
                refuse_link(&destination)?;
                self.folder(&source, &destination)?;
            } else if self.keep == Keep::Manifests && !is_manifest {
                trim(&source, &destination)?;
            } else if !self.is_stale(&source) {
                self.file(&source, &destination)?;
            }
        }
        Ok(())
    }

    /// The files of the image that hold what was compiled.
    pub(super) fn into_put(self) -> HashSet<PathBuf> {
        self.put
    }

    /// The compressed form of a file that was resolved holds the placeholder, out of reach.
    fn is_stale(&self, source: &Path) -> bool {
        let is_compressed = source
            .extension()
            .is_some_and(|extension| extension == "gz" || extension == "br");
        is_compressed
            && matches!(
                self.published.get(&source.with_extension("")),
                Some(Some(_))
            )
    }

    pub(super) fn file(&mut self, source: &Path, destination: &Path) -> io::Result<()> {
        self.put.insert(destination.to_owned());
        if let Some(resolved) = self.published.get(source) {
            return place(resolved.as_deref().unwrap_or(source), destination);
        }
        let Some(version) = self.version else {
            return place(source, destination);
        };
        let mut content = fs::read(source)?;
        if holds_placeholder(&content) {
            make_way(destination)?;
            fs::write(destination, replaced(&content, version))
        } else if forget_time(&mut content) {
            make_way(destination)?;
            fs::write(destination, content)
        } else {
            place(source, destination)
        }
    }
}

/// The time of compression in the header of gzip would make every image another one:
/// <https://www.rfc-editor.org/rfc/rfc1952#page-5>. Whether there was one.
fn forget_time(content: &mut [u8]) -> bool {
    match content {
        [0x1f, 0x8b, 8, _, time @ ..] if time.len() >= 4 && time[..4] != [0; 4] => {
            time[..4].fill(0);
            true
        }
        _ => false,
    }
}

/// Removes what an earlier collectstatic of the same file left, such as a Python buildpack's own.
fn trim(collected: &Path, left: &Path) -> io::Result<()> {
    let is_same = left.is_file() && fs::read(left)? == fs::read(collected)?;
    if is_same {
        fs::remove_file(left)
    } else {
        Ok(())
    }
}

/// A link in the place of a folder may lead out of the app, into another buildpack's layer.
fn refuse_link(folder: &Path) -> io::Result<()> {
    if folder.is_symlink() {
        return Err(io::Error::other(format!(
            "{} is a link; static files are put into folders only",
            folder.display()
        )));
    }
    Ok(())
}

/// A link costs nothing where both are on one file system.
fn place(source: &Path, destination: &Path) -> io::Result<()> {
    if fs::hard_link(source, destination).is_ok() {
        return Ok(());
    }
    make_way(destination)?;
    fs::hard_link(source, destination).or_else(|_| fs::copy(source, destination).map(drop))
}

fn make_way(destination: &Path) -> io::Result<()> {
    if let Some(parent) = destination.parent() {
        fs::create_dir_all(parent)?;
    }
    remove_file_if_exists(destination)
}
