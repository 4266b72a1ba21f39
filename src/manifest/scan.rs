//! Scans directories into a manifest.

use super::collisions::collisions;
use super::placeholder::PlaceholderError;
use super::read::hash_all;
use super::rules::{Empty, ScanRules};
use super::safety::{RefusedFile, Violation};
use super::walk::{FoundFile, LeftOut, Walk, is_source_map, violation_of_name};
use super::{Allowed, Asset, AssetRoot, AssetSource, Assets, Manifest, MarkedFile, media_type};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Clone, Debug)]
pub(crate) struct Scanned {
    pub(crate) manifest: Manifest,
    pub(crate) left_out: LeftOut,
    /// How many source maps are published; the log warns that they show the app's sources.
    pub(crate) source_maps: usize,
    /// Paths of files that hold the placeholder in base64, where it can't be replaced.
    encoded: Vec<String>,
}

#[derive(Debug, derive_more::From)]
pub(crate) enum ScanError {
    NoDirectory(PathBuf),
    Empty,
    Refused(Vec<RefusedFile>),
    #[from]
    Io(io::Error),
}

impl Scanned {
    pub(crate) fn of(assets: &Assets, rules: &ScanRules) -> Result<Self, ScanError> {
        let mut walk = Walk::default();
        for root in &assets.roots {
            if !root.folder.is_dir() {
                return Err(ScanError::NoDirectory(root.folder.clone()));
            }
            walk.add_root(root, rules)?;
        }
        walk.files.sort_by(|one, other| one.path.cmp(&other.path));
        let mut refused = walk.refused;
        refused.extend(collisions(&walk.files));
        let hashed = hash_all(walk.files, rules)?;
        refused.extend(hashed.refused);
        if !refused.is_empty() {
            refused.sort_by(|one, other| one.path.cmp(&other.path));
            return Err(ScanError::Refused(refused));
        }
        if hashed.assets.is_empty() && rules.empty == Empty::Refused {
            return Err(ScanError::Empty);
        }
        let is_map = |asset: &&Asset| is_source_map(&asset.path);
        Ok(Self {
            source_maps: hashed.assets.iter().filter(is_map).count(),
            manifest: Manifest::of(hashed.assets),
            left_out: walk.left_out,
            encoded: hashed.encoded,
        })
    }

    pub(crate) fn check_placeholder(&self) -> Result<(), PlaceholderError> {
        self.manifest.check_placeholder(&self.encoded)
    }
}

impl Manifest {
    /// Scans the files of a marker in `dir` again. Searches them for secrets, and applies the limits of the store,
    /// that the build may not have known. What the build has allowed stays allowed.
    pub(crate) fn rescan(
        marked: &[MarkedFile],
        dir: &Path,
        rules: &ScanRules,
    ) -> Result<Self, ScanError> {
        let rules = ScanRules {
            allowed: Allowed::everything(),
            ..rules.clone()
        };
        let root = Arc::new(AssetRoot {
            mount: String::new(),
            folder: dir.to_owned(),
        });
        let mut refused = Vec::new();
        let mut files = Vec::new();
        for MarkedFile { path, .. } in marked {
            match violation_of_path(path, &rules) {
                Some(violation) => refused.push(RefusedFile::new(path, violation)),
                None => files.push(FoundFile {
                    path: path.as_str().into(),
                    source: AssetSource::Under(root.clone()),
                }),
            }
        }
        let hashed = hash_all(files, &rules)?;
        refused.extend(hashed.refused);
        if !refused.is_empty() {
            return Err(ScanError::Refused(refused));
        }
        let mut assets = hashed.assets;
        for (asset, marked) in assets.iter_mut().zip(marked) {
            asset.content_type = media_type::as_marked(&marked.path, &marked.content_type);
            asset.template = marked.template.map(Box::new);
        }
        Ok(Self::of(assets))
    }
}

fn violation_of_path(path: &str, rules: &ScanRules) -> Option<Violation> {
    let names = &rules.names;
    let mut segments = path.split('/');
    segments
        .find_map(|name| violation_of_name(name, names))
        .or_else(|| names.is_too_long(path).then_some(Violation::TooLong))
        .or_else(|| {
            let holds_secret = rules.secrets.occurs_in(path.as_bytes());
            holds_secret.then_some(Violation::StorageCredential)
        })
}

#[cfg(test)]
mod tests {
    use super::super::SourceMaps;
    use super::*;
    use crate::redaction::Redaction;
    use fs_err as fs;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for path in files {
            let file = folder.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, path).unwrap();
        }
        folder
    }

    fn refused(folder: &tempfile::TempDir, rules: &ScanRules) -> Vec<RefusedFile> {
        match Scanned::of(&folder.path().into(), rules) {
            Err(ScanError::Refused(refused)) => refused,
            Err(other) => panic!("{other:?}"),
            Ok(scanned) => panic!("published: {:?}", scanned.manifest),
        }
    }

    fn paths(scanned: &Scanned) -> Vec<&str> {
        let assets = scanned.manifest.assets().iter();
        assets.map(|asset| &*asset.path).collect()
    }

    #[test]
    fn files_are_sorted_and_by_products_counted() {
        let folder = tree(&[
            "b.js",
            "a/z.css",
            "a.css",
            "b.js.gz",
            "b.js.br",
            "alone.gz",
            ".DS_Store",
            ".vite/manifest.json",
            ".well-known/security.txt",
            "b.js.map",
        ]);
        let rules = ScanRules {
            by_products: ["b.js.gz", "b.js.br"].map(str::to_owned).into(),
            ..ScanRules::default()
        };
        let scanned = Scanned::of(&folder.path().into(), &rules).unwrap();
        assert_eq!(
            paths(&scanned),
            [
                ".well-known/security.txt",
                "a.css",
                "a/z.css",
                "alone.gz",
                "b.js",
                "b.js.map"
            ]
        );
        assert_eq!(scanned.source_maps, 1);
        assert_eq!(
            scanned.left_out,
            LeftOut {
                dot_files: 2,
                precompressed: 2,
                source_maps: 0
            }
        );
    }

    #[test]
    fn source_maps_can_be_excluded() {
        let folder = tree(&["b.js", "b.js.map"]);
        let rules = ScanRules {
            source_maps: SourceMaps::Exclude,
            ..ScanRules::default()
        };
        let scanned = Scanned::of(&folder.path().into(), &rules).unwrap();
        assert_eq!(paths(&scanned), ["b.js"]);
        assert_eq!(scanned.left_out.source_maps, 1);
    }

    #[test]
    fn links_are_followed_inside_the_directory_only() {
        let outside = tree(&["secret.txt"]);
        let folder = tree(&["real.css", "folder/x.css"]);
        let at = |name: &str| folder.path().join(name);
        symlink("real.css", at("inside.css")).unwrap();
        assert_eq!(
            paths(&Scanned::of(&folder.path().into(), &ScanRules::default()).unwrap()),
            ["folder/x.css", "inside.css", "real.css"]
        );

        symlink(outside.path().join("secret.txt"), at("leaves.css")).unwrap();
        symlink("folder", at("to-folder")).unwrap();
        symlink("nowhere", at("dangling")).unwrap();
        symlink("loop", at("loop")).unwrap();
        let refused = refused(&folder, &ScanRules::default());
        let names: Vec<_> = refused.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(names, ["dangling", "leaves.css", "loop", "to-folder"]);
        assert!(
            refused
                .iter()
                .all(|file| matches!(file.violation, Violation::Link(_)))
        );
    }

    #[test]
    fn secrets_are_refused_until_they_are_reviewed() {
        let folder = tree(&["a.css", "x/.env", "demo/id_rsa"]);
        assert_eq!(
            refused(&folder, &ScanRules::default()),
            [
                RefusedFile::new("demo/id_rsa", Violation::SecretName),
                RefusedFile::new("x/.env", Violation::SecretName)
            ]
        );
        let rules = ScanRules {
            allowed: "demo/id_rsa x/.env".parse().unwrap(),
            ..ScanRules::default()
        };
        let scanned = Scanned::of(&folder.path().into(), &rules).unwrap();
        assert_eq!(paths(&scanned), ["a.css", "demo/id_rsa", "x/.env"]);
    }

    #[test]
    fn credentials_of_this_build_are_never_published() {
        let folder = tree(&["a.js"]);
        fs::write(folder.path().join("a.js"), "const k='canary-canary-canary'").unwrap();
        let rules = ScanRules {
            allowed: "a.js".parse().unwrap(),
            secrets: Redaction::of(["canary-canary-canary"]),
            ..ScanRules::default()
        };
        assert_eq!(
            refused(&folder, &rules),
            [RefusedFile::new("a.js", Violation::StorageCredential)]
        );
    }

    #[test]
    fn names_that_break_stores_are_refused() {
        let folder = tree(&["a\nb.css", "a\\b.css", "ok.css"]);
        fs::write(folder.path().join(OsStr::from_bytes(b"\xff.css")), "x").unwrap();
        let refusals: Vec<_> = refused(&folder, &ScanRules::default())
            .into_iter()
            .map(|file| file.violation)
            .collect();
        assert_eq!(
            refusals,
            [
                Violation::ControlCharacter,
                Violation::Segment,
                Violation::NotUtf8
            ]
        );
    }

    #[test]
    fn names_differing_in_case_or_form_are_refused() {
        let folder = tree(&["A.css", "a.css", "caf\u{e9}.css", "cafe\u{301}.css"]);
        assert_eq!(refused(&folder, &ScanRules::default()).len(), 2);
    }

    #[test]
    fn an_empty_version_is_refused_unless_allowed() {
        let folder = tree(&[]);
        let scanned = Scanned::of(&folder.path().into(), &ScanRules::default());
        assert!(matches!(scanned, Err(ScanError::Empty)));
        let rules = ScanRules {
            empty: Empty::Allowed,
            ..ScanRules::default()
        };
        assert!(Scanned::of(&folder.path().into(), &rules).is_ok());
    }

    #[test]
    fn a_file_over_the_stores_limit_is_refused() {
        let folder = tree(&["large.bin"]);
        let rules = ScanRules {
            largest: Some(3),
            ..ScanRules::default()
        };
        assert_eq!(
            refused(&folder, &rules),
            [RefusedFile::new("large.bin", Violation::TooLarge(9))]
        );
    }
}
