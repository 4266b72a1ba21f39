//! Content that holds its own URL. The placeholder stands for the version while the framework
//! compiles; published and run-time copies get the version that their content then gives.

use super::{Asset, Manifest, Scanned, Sha256, Source};
use crate::redaction::base64_forms;
use crate::version::{PLACEHOLDER, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use memchr::memmem;
use sha2::Digest;
use std::io;
use std::path::Path;

/// Where the placeholder can't be replaced without breaking the file or its users.
#[derive(Debug)]
pub(crate) enum PlaceholderError {
    InName {
        path: String,
    },
    InBase64 {
        path: String,
    },
    InCompressed {
        path: String,
    },
    /// `user` holds a subresource integrity hash of `path`, which would change.
    Integrity {
        path: String,
        user: String,
    },
    Io(io::Error),
}

impl From<io::Error> for PlaceholderError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

pub(crate) fn holds_placeholder(content: &[u8]) -> bool {
    memmem::find(content, PLACEHOLDER.as_bytes()).is_some()
}

/// `content` with the version in place of the placeholder.
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

/// Finders of the placeholder in base64.
pub(super) fn encoded_placeholder() -> Vec<memmem::Finder<'static>> {
    base64_forms(PLACEHOLDER.as_bytes())
        .into_iter()
        .map(|form| memmem::Finder::new(form.as_bytes()).into_owned())
        .collect()
}

impl Scanned {
    /// Refuses what can't be replaced exactly (`docs/contract.md`).
    pub(crate) fn check_placeholder(&self) -> Result<(), PlaceholderError> {
        if let Some(path) = self.encoded.first() {
            return Err(PlaceholderError::InBase64 { path: path.clone() });
        }
        self.manifest.check_placeholder()
    }
}

impl Manifest {
    fn check_placeholder(&self) -> Result<(), PlaceholderError> {
        let templates: Vec<&Asset> = self
            .assets()
            .iter()
            .filter(|asset| asset.template.is_some())
            .collect();
        let integrity = integrity_hashes(&templates)?;
        for asset in self.assets() {
            let path = || asset.path.to_string();
            if asset.path.contains(PLACEHOLDER) {
                return Err(PlaceholderError::InName { path: path() });
            }
            if integrity.is_empty() {
                continue;
            }
            let content = fs_err::read(asset.source())?;
            let user_of = integrity
                .iter()
                .find(|(_, hash)| memmem::find(&content, hash.as_bytes()).is_some());
            if let Some((changed, _)) = user_of {
                return Err(PlaceholderError::Integrity {
                    path: changed.clone(),
                    user: path(),
                });
            }
        }
        match templates.iter().find(|asset| is_compressed(&asset.path)) {
            Some(asset) => Err(PlaceholderError::InCompressed {
                path: asset.path.to_string(),
            }),
            None => Ok(()),
        }
    }

    /// The files that hold the placeholder, written with `version` into `folder`.
    pub(crate) fn resolve_placeholder(
        &self,
        version: &Version,
        folder: &Path,
    ) -> Result<Self, PlaceholderError> {
        let mut failure = None;
        let resolved = self.with(|asset| {
            asset.template.as_ref()?;
            match resolve(asset, version, folder) {
                Ok(asset) => Some(asset),
                Err(error) => {
                    failure = Some(error);
                    None
                }
            }
        });
        match failure {
            Some(error) => Err(error.into()),
            None => Ok(resolved),
        }
    }
}

fn resolve(asset: &Asset, version: &Version, folder: &Path) -> io::Result<Asset> {
    let content = replaced(&fs_err::read(asset.source())?, version);
    let copy = folder.join(&*asset.path);
    if let Some(parent) = copy.parent() {
        fs_err::create_dir_all(parent)?;
    }
    fs_err::write(&copy, &content)?;
    Ok(Asset {
        source: Source::At(copy.into()),
        size: content.len() as u64,
        sha256: Sha256::of(&content),
        ..asset.clone()
    })
}

/// The subresource integrity forms of each file that will change.
fn integrity_hashes(changed: &[&Asset]) -> io::Result<Vec<(String, String)>> {
    let mut hashes = Vec::new();
    for asset in changed {
        let content = fs_err::read(asset.source())?;
        for hash in [
            STANDARD.encode(sha2::Sha256::digest(&content)),
            STANDARD.encode(sha2::Sha384::digest(&content)),
            STANDARD.encode(sha2::Sha512::digest(&content)),
        ] {
            hashes.push((asset.path.to_string(), hash));
        }
    }
    Ok(hashes)
}

fn is_compressed(path: &str) -> bool {
    [".gz", ".br", ".zst", ".zip"]
        .iter()
        .any(|extension| path.ends_with(extension))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::ScanRules;

    fn scanned(files: &[(&str, &[u8])]) -> (tempfile::TempDir, Scanned) {
        let folder = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let file = folder.path().join(path);
            fs_err::create_dir_all(file.parent().unwrap()).unwrap();
            fs_err::write(file, content).unwrap();
        }
        let scanned = Scanned::of(&folder.path().into(), &ScanRules::default()).unwrap();
        (folder, scanned)
    }

    fn css() -> String {
        format!("a{{background:url(https://cdn/{PLACEHOLDER}/a.svg)}}")
    }

    #[test]
    fn a_file_that_holds_its_own_url_gets_the_version_of_its_content() {
        let (_folder, scanned) = scanned(&[("a.css", css().as_bytes()), ("b.js", b"1")]);
        scanned.check_placeholder().unwrap();
        let manifest = scanned.manifest;
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
    fn what_cannot_be_replaced_is_refused() {
        let css = css();
        let sri = STANDARD.encode(sha2::Sha384::digest(css.as_bytes()));
        let page = format!("integrity=\"sha384-{sri}\"");
        let data = format!("url(data:text/css;base64,{})", STANDARD.encode(&css));
        let name = format!("{PLACEHOLDER}.js");
        let check = |files: &[(&str, &[u8])]| scanned(files).1.check_placeholder().unwrap_err();

        assert!(matches!(
            check(&[("a.css", css.as_bytes()), ("page.html", page.as_bytes())]),
            PlaceholderError::Integrity { path, user } if path == "a.css" && user == "page.html"
        ));
        assert!(matches!(
            check(&[("b.css", data.as_bytes())]),
            PlaceholderError::InBase64 { path } if path == "b.css"
        ));
        assert!(matches!(
            check(&[(name.as_str(), b"1")]),
            PlaceholderError::InName { .. }
        ));
        assert!(matches!(
            check(&[("stored.zip", css.as_bytes())]),
            PlaceholderError::InCompressed { .. }
        ));
    }
}
