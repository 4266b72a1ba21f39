//! The placeholder, which stands for the version in content that holds its own URL. The framework compiles with it;
//! what is uploaded, and what the running app reads, gets the version that the content then gives.

use super::{Asset, AssetSource, Manifest, Sha256};
use crate::fs::write_for_all;
use crate::redaction::base64_forms;
use crate::version::{PLACEHOLDER, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fs_err as fs;
use memchr::memmem::{self, Finder};
use sha2::Digest;
use std::io;
use std::path::Path;

/// A file in which replacing the placeholder would break the file or its users.
#[derive(Debug, derive_more::From)]
pub(crate) enum PlaceholderError {
    InName(String),
    InBase64(String),
    InCompressed(String),
    /// `user` holds a subresource integrity hash of `path`, which would change.
    Integrity {
        path: String,
        user: String,
    },
    #[from]
    Io(io::Error),
}

pub(crate) fn holds_placeholder(content: &[u8]) -> bool {
    memmem::find(content, PLACEHOLDER.as_bytes()).is_some()
}

/// Returns `content` with the version instead of the placeholder.
pub(crate) fn replaced(content: &[u8], version: &Version) -> Vec<u8> {
    let mut replaced = Vec::with_capacity(content.len());
    let mut rest = content;
    while let Some(start) = memmem::find(rest, PLACEHOLDER.as_bytes()) {
        replaced.extend_from_slice(&rest[..start]);
        replaced.extend_from_slice(version.as_str().as_bytes());
        rest = &rest[start + PLACEHOLDER.len()..];
    }
    replaced.extend_from_slice(rest);
    replaced
}

/// Finds the placeholder in base64.
pub(super) fn encoded_placeholder() -> Vec<Finder<'static>> {
    let forms = base64_forms(PLACEHOLDER.as_bytes()).into_iter();
    forms.map(|form| Finder::new(&form).into_owned()).collect()
}

impl Manifest {
    /// Refuses files in which the placeholder can't be replaced exactly (`docs/contract.md`). `encoded` are the paths
    /// of files that hold it in base64.
    pub(crate) fn check_placeholder(&self, encoded: &[String]) -> Result<(), PlaceholderError> {
        if let Some(path) = encoded.first() {
            return Err(PlaceholderError::InBase64(path.clone()));
        }
        let assets = self.assets();
        let templates = || assets.iter().filter(|asset| asset.template.is_some());
        let mut integrity: Vec<(&Asset, String)> = Vec::new();
        for asset in templates() {
            let content = fs::read(asset.source())?;
            integrity.extend(integrity_hashes(&content).map(|hash| (asset, hash)));
        }
        for asset in assets {
            let user = asset.path.to_string();
            if user.contains(PLACEHOLDER) {
                return Err(PlaceholderError::InName(user));
            }
            if integrity.is_empty() {
                continue;
            }
            let content = fs::read(asset.source())?;
            let holds = |hash: &str| memmem::find(&content, hash.as_bytes()).is_some();
            if let Some((changed, _)) = integrity.iter().find(|(_, hash)| holds(hash)) {
                let path = changed.path.to_string();
                return Err(PlaceholderError::Integrity { path, user });
            }
        }
        let mut paths = templates().map(|asset| &asset.path);
        let compressed = paths
            .find(|path| is_compressed(path))
            .map(ToString::to_string);
        compressed.map_or(Ok(()), |path| Err(PlaceholderError::InCompressed(path)))
    }

    /// Writes the files that hold the placeholder into `dir`, with the version instead of it.
    pub(crate) fn resolve_placeholder(
        &self,
        version: &Version,
        dir: &Path,
    ) -> Result<Self, PlaceholderError> {
        let resolved = self.assets.iter().map(|asset| match asset.template {
            Some(_) => resolve(asset, version, dir),
            None => Ok(asset.clone()),
        });
        let assets = resolved.collect::<io::Result<_>>()?;
        Ok(Self { assets })
    }
}

fn resolve(asset: &Asset, version: &Version, dir: &Path) -> io::Result<Asset> {
    let content = replaced(&fs::read(asset.source())?, version);
    let copy = dir.join(&*asset.path);
    write_for_all(&copy, &content)?;
    Ok(Asset {
        source: AssetSource::At(copy.into()),
        size: content.len() as u64,
        sha256: Sha256::of(&content),
        ..asset.clone()
    })
}

/// The forms in which subresource integrity names a file.
fn integrity_hashes(content: &[u8]) -> [String; 3] {
    [
        STANDARD.encode(sha2::Sha256::digest(content)),
        STANDARD.encode(sha2::Sha384::digest(content)),
        STANDARD.encode(sha2::Sha512::digest(content)),
    ]
}

fn is_compressed(path: &str) -> bool {
    let mut extensions = [".gz", ".br", ".zst", ".zip"].iter();
    extensions.any(|extension| path.ends_with(extension))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{ScanRules, Scanned};

    fn scanned(files: &[(&str, &[u8])]) -> (tempfile::TempDir, Scanned) {
        let folder = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let file = folder.path().join(path);
            fs_err::create_dir_all(file.parent().unwrap()).unwrap();
            fs_err::write(file, content).unwrap();
        }
        let scanned = Scanned::of_dir(folder.path(), &ScanRules::default()).unwrap();
        (folder, scanned)
    }

    fn css() -> String {
        format!("a{{background:url(https://cdn/{PLACEHOLDER}/a.svg)}}")
    }

    #[test]
    fn a_file_with_its_own_url_gets_the_version() {
        let (_folder, scanned) = scanned(&[("a.css", css().as_bytes()), ("b.js", b"1")]);
        let manifest = scanned.manifest;
        manifest.check_placeholder(&scanned.encoded).unwrap();
        let version = Version::of_digest(&manifest.digest(None));
        let copies = tempfile::tempdir().unwrap();
        let resolved = manifest
            .resolve_placeholder(&version, copies.path())
            .unwrap();

        let asset = &resolved.assets()[0];
        let content = fs_err::read_to_string(asset.source()).unwrap();
        assert_eq!(content, css().replace(PLACEHOLDER, version.as_str()));
        assert_eq!(asset.sha256, Sha256::of(content.as_bytes()));
        assert_eq!(asset.size, css().len() as u64);
        assert_eq!(resolved.digest(None), manifest.digest(None));
        assert_eq!(resolved.assets()[1], manifest.assets()[1]);
    }

    #[test]
    fn irreplaceable_placeholders_are_refused() {
        let css = css();
        let sri = STANDARD.encode(sha2::Sha384::digest(css.as_bytes()));
        let page = format!("integrity=\"sha384-{sri}\"");
        let data = format!("url(data:text/css;base64,{})", STANDARD.encode(&css));
        let name = format!("{PLACEHOLDER}.js");
        let check = |files: &[(&str, &[u8])]| {
            let (_folder, scanned) = scanned(files);
            let checked = scanned.manifest.check_placeholder(&scanned.encoded);
            checked.unwrap_err()
        };

        assert!(matches!(
            check(&[("a.css", css.as_bytes()), ("page.html", page.as_bytes())]),
            PlaceholderError::Integrity { path, user } if path == "a.css" && user == "page.html"
        ));
        assert!(matches!(
            check(&[("b.css", data.as_bytes())]),
            PlaceholderError::InBase64(path) if path == "b.css"
        ));
        assert!(matches!(
            check(&[(name.as_str(), b"1")]),
            PlaceholderError::InName(_)
        ));
        assert!(matches!(
            check(&[("stored.zip", css.as_bytes())]),
            PlaceholderError::InCompressed(_)
        ));
    }
}
