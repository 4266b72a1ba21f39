//! `mix phx.digest` without Elixir: the same names, the same rewriting, the same compressed files.
//!
//! Its only description is its source,
//! <https://github.com/phoenixframework/phoenix/blob/main/lib/phoenix/digester.ex>. What each version makes of
//! hard trees is recorded in `tests/phx_digest/`.

mod references;

use super::cache_manifest::{CacheManifest, DigestEntry};
use super::version::PhoenixVersion;
use crate::encoding::hex;
use crate::fs::{files_below, replace_file};
use crate::gzip::{Effort, compress};
use crate::parallel::parallel;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fs_err as fs;
use md5::Md5;
use references::{References, digested_name, extension, file_name};
pub(super) use references::{VSN, ascii_regex, css_urls, holds_digest};
use sha2::{Digest, Sha512};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// What differs between the digests of Phoenix's versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DigestRules {
    /// The name of a source map holds the digest of the mapped file, not its own:
    /// <https://github.com/phoenixframework/phoenix/pull/5527>.
    maps_share_digest: bool,
    /// How the manifest's comment begins, if it has one.
    pub(super) comment: Option<&'static str>,
    /// Extensions of files that a digest takes for compressed copies of others.
    compressed: &'static [&'static str],
    gzipped: &'static [&'static str],
}

/// Phoenix 1.5 compresses all but the first.
const GZIPPED: [&str; 10] = [
    ".map", ".js", ".css", ".txt", ".text", ".html", ".json", ".svg", ".eot", ".ttf",
];

impl DigestRules {
    /// The rules of a version; those of the newest one if the version is unknown.
    pub(super) fn of(version: Option<PhoenixVersion>) -> Self {
        let is_before =
            |minor, patch| version.is_some_and(|it| it < PhoenixVersion::new(1, minor, patch));
        let is_old = is_before(6, 0);
        let subject = if is_before(7, 0) { "This is" } else { "This" };
        Self {
            maps_share_digest: !is_before(7, 8),
            comment: (!is_old).then_some(subject),
            compressed: if is_old { &[".gz", ".br"] } else { &[".gz"] },
            gzipped: &GZIPPED[usize::from(is_old)..],
        }
    }

    /// Whether a digest made the file, or takes it for one that it made.
    fn is_compiled(self, path: &str) -> bool {
        let name = file_name(path);
        holds_digest(name)
            || self.compressed.contains(&extension(name))
            || name == CacheManifest::NAME
    }
}

/// One run of the digest.
pub(super) struct NativeDigest<'a> {
    pub(super) statics: &'a Path,
    /// The directory that Mix would run in. References that lead out of it stay as they are.
    pub(super) cwd: &'a Path,
    pub(super) rules: DigestRules,
    /// What references in stylesheets get: [`VSN`], or nothing.
    pub(super) vsn: &'static str,
    /// The time of each file in the manifest.
    pub(super) mtime: u64,
}

/// A file and the name of its digested copy.
struct DigestedFile {
    path: String,
    md5: String,
    digested: String,
}

impl NativeDigest<'_> {
    /// Digests `statics` in place and returns how many files were digested. The new manifest keeps the entries of the
    /// one `before` whose files still exist.
    pub(super) fn run(&self, before: Option<CacheManifest>) -> io::Result<usize> {
        let paths = self.originals()?;
        let md5s = parallel(&paths, |path| md5_of(&self.statics.join(path)))?;
        let files = self.name_files(&paths, &md5s);
        let names = |file: &DigestedFile| (file.path.clone(), file.digested.clone());
        let references = References {
            latest: files.iter().map(names).collect(),
            cwd: self.cwd,
            vsn: self.vsn,
        };
        let entries = parallel(&files, |file| self.write(file, &references))?;

        let mut digests = before.map(|before| before.digests).unwrap_or_default();
        digests.retain(|digested, _| self.statics.join(digested).exists());
        digests.extend(files.into_iter().map(|file| file.digested).zip(entries));
        let mut manifest = CacheManifest {
            latest: references.latest,
            digests,
            ..CacheManifest::default()
        };
        manifest.set_time(self.mtime);
        let text = manifest.render(self.rules.comment);
        replace_file(&self.statics.join(CacheManifest::NAME), text.as_bytes())?;
        Ok(manifest.latest.len())
    }

    /// Lists what `Path.wildcard("**")` finds, which leaves out names with a dot at their start. The scan refuses
    /// names that are not UTF-8 and links to directories.
    fn originals(&self) -> io::Result<Vec<String>> {
        let is_original = |path: &String| {
            !path.split('/').any(|part| part.starts_with('.')) && !self.rules.is_compiled(path)
        };
        let paths = files_below(self.statics)?.into_iter();
        let paths = paths.filter_map(|path| path.into_os_string().into_string().ok());
        Ok(paths.filter(is_original).collect())
    }

    fn name_files(&self, paths: &[String], md5s: &[String]) -> Vec<DigestedFile> {
        let owners: BTreeMap<&String, &String> = paths.iter().zip(md5s).collect();
        let name = |(path, own): (&String, &String)| {
            let owner = path.strip_suffix(".map").map(str::to_owned);
            let owner = owner.filter(|_| self.rules.maps_share_digest);
            let owner = owner.and_then(|owner| owners.get_key_value(&owner));
            let (md5, digested) = match owner {
                Some((owner, md5)) => (*md5, digested_name(owner, md5) + ".map"),
                None => (own, digested_name(path, own)),
            };
            DigestedFile {
                path: path.clone(),
                md5: md5.clone(),
                digested,
            }
        };
        paths.iter().zip(md5s).map(name).collect()
    }

    /// Writes the digested copy of a file and the compressed copies of both.
    fn write(&self, file: &DigestedFile, references: &References<'_>) -> io::Result<DigestEntry> {
        let content = fs::read(self.statics.join(&file.path))?;
        let digested = references.rewrite(&content, &file.path);
        replace_file(&self.statics.join(&file.digested), &digested)?;
        if self.rules.gzipped.contains(&extension(&file.path)) {
            let mut compressed = compress(&digested, Effort::Default)?;
            replace_file(&self.gzip_path(&file.digested), &compressed)?;
            if *digested != *content {
                compressed = compress(&content, Effort::Default)?;
            }
            replace_file(&self.gzip_path(&file.path), &compressed)?;
        }
        Ok(DigestEntry {
            md5: file.md5.clone(),
            logical_path: file.path.clone(),
            mtime: self.mtime,
            sha512: STANDARD.encode(Sha512::digest(&digested)),
            size: content.len() as u64,
        })
    }

    fn gzip_path(&self, path: &str) -> PathBuf {
        self.statics.join(format!("{path}.gz"))
    }
}

/// Finds a file that differs from the one that was digested.
pub(super) fn first_stale(statics: &Path, manifest: &CacheManifest) -> io::Result<Option<String>> {
    for (path, digested) in &manifest.latest {
        // The name of a source map can hold the digest of the mapped file.
        let is_map = extension(path) == ".map";
        if let Some(entry) = manifest.digests.get(digested).filter(|_| !is_map)
            && md5_of(&statics.join(path))? != entry.md5
        {
            return Ok(Some(path.clone()));
        }
    }
    Ok(None)
}

fn md5_of(path: &Path) -> io::Result<String> {
    fs::read(path).map(|content| hex(&Md5::digest(&content)))
}

#[cfg(test)]
mod tests;
