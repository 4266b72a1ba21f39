//! One version of the assets with all that publishing needs: its name, files, marker and URL.

pub(crate) mod deferred;

use crate::config::{Setting, TextForm};
use crate::interrupt::Interrupt;
use crate::manifest::{
    Assets, CompressError, Manifest, Marker, PlaceholderError, ScanError, ScanRules, Scanned,
    VersionKind, content_of,
};
use crate::prefix::{Prefix, PublicUrl, StoreUrl};
use crate::sha256::Sha256;
use crate::version::Version;
use bytes::Bytes;
use derive_more::From;
use std::path::Path;

#[derive(Debug)]
pub(crate) struct Release {
    pub(crate) version: Version,
    pub(crate) kind: VersionKind,
    pub(crate) prefix: Prefix,
    pub(crate) manifest: Manifest,
    pub(crate) digest: Sha256,
    pub(crate) content: Sha256,
    pub(crate) marker: Bytes,
}

#[derive(Debug, From)]
pub(crate) enum ReleaseError {
    #[from]
    Scan(ScanError),
    #[from]
    Placeholder(PlaceholderError),
    #[from]
    Compress(CompressError),
    /// An explicit version has the form of a digest version, but the files give another one.
    OtherContent {
        given: Setting<Version>,
        computed: Version,
    },
}

/// The settings that, with the files, decide the name and the limits of a release.
pub(crate) struct Naming<'a> {
    pub(crate) public: &'a PublicUrl,
    /// The store whose limits apply. `None` if the build doesn't know it; the release phase then checks them.
    pub(crate) store: Option<&'a StoreUrl>,
    pub(crate) given: Option<&'a Setting<Version>>,
    pub(crate) salt: Option<&'a str>,
    pub(crate) text_form: &'a TextForm,
}

impl Naming<'_> {
    fn rules(&self, rules: &ScanRules) -> ScanRules {
        let Some(store) = self.store else {
            return rules.clone();
        };
        match self.given {
            Some(given) => rules.for_store(store, &given.value, VersionKind::Explicit),
            None => rules.for_store(store, &Version::placeholder(), VersionKind::Digest),
        }
    }

    fn version(&self, computed: Version) -> Result<(Version, VersionKind), ReleaseError> {
        match self.given {
            Some(given) if given.value != computed && given.value.looks_like_digest() => {
                let given = given.clone();
                Err(ReleaseError::OtherContent { given, computed })
            }
            Some(given) if given.value != computed => {
                Ok((given.value.clone(), VersionKind::Explicit))
            }
            _ => Ok((computed, VersionKind::Digest)),
        }
    }
}

impl Release {
    /// Scans the compiled files and derives the version. Files that hold the placeholder are copied to `scratch`,
    /// with the version instead of it, and so is text that is stored compressed.
    pub(crate) fn of(
        assets: &Assets,
        rules: &ScanRules,
        naming: &Naming<'_>,
        scratch: &Path,
        interrupt: &Interrupt,
    ) -> Result<(Self, Scanned), ReleaseError> {
        let mut scanned = Scanned::of(assets, &naming.rules(rules), interrupt)?;
        // It reads what browsers see, so it comes before files are compressed.
        (scanned.manifest).check_placeholder(&scanned.encoded)?;
        if matches!(naming.text_form, TextForm::Gzip(_)) {
            let dir = scratch.join("compressed");
            scanned.manifest = scanned.manifest.compress(&dir, interrupt)?;
        }
        let digest = scanned.manifest.digest(naming.salt);
        let (version, kind) = naming.version(Version::of_digest(&digest))?;
        let manifest = &scanned.manifest;
        let resolved = scratch.join("resolved");
        let manifest = manifest.resolve_placeholder(&version, &resolved)?;
        let content = content_of(&manifest);
        let marker = Marker::json(&version, kind, digest, content, &manifest).into();
        let release = Self {
            prefix: naming.public.prefix(&version),
            version,
            kind,
            manifest,
            digest,
            content,
            marker,
        };
        Ok((release, scanned))
    }

    pub(crate) fn is_explicit(&self) -> bool {
        self.kind == VersionKind::Explicit
    }
}

/// The release of the files in `dir`, as an app with one site has it.
#[cfg(test)]
pub(crate) fn release_of(dir: &Path, site: &crate::prefix::Site, version: Option<&str>) -> Release {
    let given = version.map(|version| Setting {
        value: version.parse().unwrap(),
        origin: crate::config::Origin::Environment,
    });
    release_in(dir, site, given.as_ref(), &TextForm::Plain)
}

/// The same, with text that is stored compressed.
#[cfg(test)]
pub(crate) fn compressed_release_of(dir: &Path, site: &crate::prefix::Site) -> Release {
    let form = TextForm::Gzip(crate::config::GzipReason::OwnUrl);
    release_in(dir, site, None, &form)
}

#[cfg(test)]
fn release_in(
    dir: &Path,
    site: &crate::prefix::Site,
    given: Option<&Setting<Version>>,
    text_form: &TextForm,
) -> Release {
    let naming = Naming {
        public: &site.public,
        store: Some(&site.store),
        given,
        salt: None,
        text_form,
    };
    let interrupt = Interrupt::default();
    Release::of(&dir.into(), &ScanRules::default(), &naming, dir, &interrupt)
        .unwrap()
        .0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::GzipReason;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use sha2::Digest;

    /// A hash of a file that holds its own URL is found although the file with the hash is stored compressed.
    #[test]
    fn compression_hides_no_integrity_hash() {
        let dir = tempfile::tempdir().unwrap();
        let css = format!(
            "a{{background:url(https://cdn/{}/a.svg)}}",
            Version::placeholder()
        );
        let hash = STANDARD.encode(sha2::Sha384::digest(css.as_bytes()));
        let page = format!(
            "<link integrity=\"sha384-{hash}\">{}",
            "<p>text</p>".repeat(100)
        );
        fs_err::write(dir.path().join("a.css"), css).unwrap();
        fs_err::write(dir.path().join("page.html"), page).unwrap();
        let (public, form) = (
            "https://cdn".parse().unwrap(),
            TextForm::Gzip(GzipReason::OwnUrl),
        );
        let naming = Naming {
            public: &public,
            store: None,
            given: None,
            salt: None,
            text_form: &form,
        };
        let scratch = tempfile::tempdir().unwrap();
        let assets = Assets::from(dir.path());
        let (rules, interrupt) = (ScanRules::default(), Interrupt::default());
        let made = Release::of(&assets, &rules, &naming, scratch.path(), &interrupt);
        assert!(matches!(
            made,
            Err(ReleaseError::Placeholder(PlaceholderError::Integrity { path, user }))
                if path == "a.css" && user == "page.html"
        ));
    }
}
