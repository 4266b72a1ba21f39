//! A folder becomes a manifest: every file is read once, hashed and checked.

use super::placeholder::encoded_placeholder;
use super::safety::{self, Allowed, Violation};
use super::{
    Asset, AssetRoot, Assets, Manifest, MarkedFile, Sha256, Source, holds_placeholder, media_type,
};
use crate::parallel::parallel;
use crate::prefix::NameRules;
use crate::redaction::Redaction;
use fs_err as fs;
use memchr::memmem::Finder;
use sha2::Digest;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use unicode_normalization::UnicodeNormalization;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum SourceMaps {
    #[default]
    Publish,
    Exclude,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Empty {
    #[default]
    Refused,
    Allowed,
}

/// What may be published. Deliberately without `Debug`: it knows the build's secrets.
#[derive(Clone, Default)]
pub(crate) struct ScanRules {
    pub(crate) allowed: Allowed,
    pub(crate) empty: Empty,
    pub(crate) source_maps: SourceMaps,
    pub(crate) secrets: Redaction,
    /// Compressed forms that the compile made of other files.
    pub(crate) by_products: BTreeSet<String>,
    /// Files that the framework keeps to itself.
    pub(crate) unpublished: BTreeSet<String>,
    /// The store's limit for one file, in bytes.
    pub(crate) largest: Option<u64>,
    /// The store's rules for names.
    pub(crate) names: NameRules,
}

/// Files that are no assets, counted for the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LeftOut {
    pub(crate) dot_files: usize,
    /// `.gz` and `.br` that a compile made of other files: a store serves one encoding for a name.
    pub(crate) precompressed: usize,
    pub(crate) source_maps: usize,
}

#[derive(Clone, Debug)]
pub(crate) struct Scanned {
    pub(crate) manifest: Manifest,
    pub(crate) left_out: LeftOut,
    /// Published all the same; counted because they show the app's sources.
    pub(crate) source_maps: usize,
    /// Files that hold the placeholder in base64, where it can't be replaced.
    pub(crate) encoded: Vec<String>,
}

#[derive(Debug)]
pub(crate) enum ScanError {
    NoFolder { root: PathBuf },
    Empty,
    Refused(Vec<(String, Violation)>),
    Io(io::Error),
}

impl From<io::Error> for ScanError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Scanned {
    pub(crate) fn of(assets: &Assets, rules: &ScanRules) -> Result<Self, ScanError> {
        let mut walk = Walk::with(rules);
        for root in &assets.roots {
            if !root.folder.is_dir() {
                return Err(ScanError::NoFolder {
                    root: root.folder.clone(),
                });
            }
            walk.root(root)?;
        }
        let left_out = walk.left_out();
        walk.files.sort_by(|one, other| one.path.cmp(&other.path));
        refuse_collisions(&walk.files, &mut walk.refused);

        let Hashed {
            assets,
            refused,
            encoded,
        } = hash_all(walk.files, rules)?;
        walk.refused.extend(refused);
        if !walk.refused.is_empty() {
            walk.refused.sort_by(|one, other| one.0.cmp(&other.0));
            return Err(ScanError::Refused(walk.refused));
        }
        if assets.is_empty() && rules.empty == Empty::Refused {
            return Err(ScanError::Empty);
        }
        let source_maps = assets.iter().filter(|asset| is_map(&asset.path)).count();
        Ok(Self {
            manifest: Manifest::of(assets),
            left_out,
            source_maps,
            encoded,
        })
    }
}

impl Manifest {
    /// The files of a marker as they lie below `folder` now: hashed again, searched for secrets that the build
    /// did not know, and judged by the rules of a store that it may not have known. What was reviewed for the
    /// build stays so.
    pub(crate) fn again(
        marked: &[MarkedFile],
        folder: &Path,
        rules: &ScanRules,
    ) -> Result<Self, ScanError> {
        let rules = ScanRules {
            allowed: Allowed::everything(),
            ..rules.clone()
        };
        let root = Arc::new(AssetRoot {
            mount: String::new(),
            folder: folder.to_owned(),
        });
        let mut refused = Vec::new();
        let mut files = Vec::new();
        for MarkedFile { path, .. } in marked {
            let refusal = path
                .split('/')
                .find_map(|name| match name {
                    "" => Some(Violation::Segment),
                    name => refused_name(name, rules.names),
                })
                .or_else(|| rules.names.is_too_long(path).then_some(Violation::TooLong))
                .or_else(|| {
                    let holds_one = rules.secrets.occurs_in(path.as_bytes());
                    holds_one.then_some(Violation::StorageCredential)
                });
            match refusal {
                Some(refusal) => refused.push((path.clone(), refusal)),
                None => files.push(Found {
                    path: path.as_str().into(),
                    source: Source::Below(root.clone()),
                }),
            }
        }
        let hashed = hash_all(files, &rules)?;
        refused.extend(hashed.refused);
        if !refused.is_empty() {
            return Err(ScanError::Refused(refused));
        }
        let as_marked = |(asset, marked): (Asset, &MarkedFile)| Asset {
            content_type: media_type::as_marked(&marked.path, &marked.content_type),
            template: marked.template.map(Box::new),
            ..asset
        };
        Ok(Self::of(
            hashed
                .assets
                .into_iter()
                .zip(marked)
                .map(as_marked)
                .collect(),
        ))
    }
}

/// A file of a folder.
struct Found {
    path: Box<str>,
    source: Source,
}

struct Walk<'a> {
    root: Arc<AssetRoot>,
    /// By where it really is.
    real_root: PathBuf,
    rules: &'a ScanRules,
    files: Vec<Found>,
    refused: Vec<(String, Violation)>,
    dot_files: usize,
    source_maps: usize,
}

impl<'a> Walk<'a> {
    fn with(rules: &'a ScanRules) -> Self {
        Self {
            root: Arc::new(AssetRoot {
                mount: String::new(),
                folder: PathBuf::new(),
            }),
            real_root: PathBuf::new(),
            rules,
            files: Vec::new(),
            refused: Vec::new(),
            dot_files: 0,
            source_maps: 0,
        }
    }

    fn root(&mut self, root: &AssetRoot) -> io::Result<()> {
        self.root = Arc::new(root.clone());
        self.real_root = fs::canonicalize(&root.folder)?;
        self.folder(&root.folder, &root.mount)
    }

    fn folder(&mut self, folder: &Path, path: &str) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                let name = format!("{path}{}", name.to_string_lossy());
                self.refused.push((name, Violation::NotUtf8));
                continue;
            };
            let path = format!("{path}{name}");
            let file_type = entry.file_type()?;
            let is_reviewed = self.rules.allowed.allows(&path)
                || file_type.is_dir() && self.rules.allowed.reaches_into(&path);
            if self.rules.secrets.occurs_in(path.as_bytes()) {
                self.refused.push((path, Violation::StorageCredential));
            } else if safety::is_secret_name(&path) && !is_reviewed {
                self.refused.push((path, Violation::SecretName));
            } else if name.starts_with('.') && !self.is_well_known(&path) && !is_reviewed {
                self.dot_files += 1;
            } else if let Some(refusal) = refused_name(name, self.rules.names) {
                self.refused.push((path, refusal));
            } else if file_type.is_dir() {
                self.folder(&entry.path(), &format!("{path}/"))?;
            } else if self.rules.names.is_too_long(&path) {
                self.refused.push((path, Violation::TooLong));
            } else if file_type.is_symlink() {
                self.link(&entry.path(), path)?;
            } else if !file_type.is_file() {
                self.refused.push((path, Violation::NotAFile));
            } else if is_map(&path) && self.rules.source_maps == SourceMaps::Exclude {
                self.source_maps += 1;
            } else {
                self.files.push(Found {
                    path: path.into(),
                    source: Source::Below(self.root.clone()),
                });
            }
        }
        Ok(())
    }

    /// <https://www.rfc-editor.org/rfc/rfc8615>: the one dot folder that is meant for the public.
    fn is_well_known(&self, path: &str) -> bool {
        path.strip_prefix(&self.root.mount) == Some(".well-known")
    }

    /// A link is published as the file it names, when that lies in the folder itself.
    fn link(&mut self, link: &Path, path: String) -> io::Result<()> {
        let target = fs::read_link(link)?.display().to_string();
        match fs::canonicalize(link) {
            Ok(real) if real.starts_with(&self.real_root) && real.is_file() => {
                self.files.push(Found {
                    path: path.into(),
                    source: Source::At(real.into()),
                });
            }
            _ => self.refused.push((path, Violation::Link { target })),
        }
        Ok(())
    }

    fn left_out(&mut self) -> LeftOut {
        let rules = self.rules;
        self.files
            .retain(|found| !rules.unpublished.contains(&*found.path));
        let before = self.files.len();
        let by_products = &rules.by_products;
        self.files
            .retain(|found| !by_products.contains(&*found.path));
        LeftOut {
            dot_files: self.dot_files,
            precompressed: before - self.files.len(),
            source_maps: self.source_maps,
        }
    }
}

fn is_map(path: &str) -> bool {
    Path::new(path)
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("map"))
}

fn refused_name(name: &str, rules: NameRules) -> Option<Violation> {
    if name.contains(char::is_control) {
        Some(Violation::ControlCharacter)
    } else if rules.drops_trailing_dot && name.ends_with('.') {
        Some(Violation::TrailingDot)
    } else if name == "." || name == ".." || name.contains('\\') {
        Some(Violation::Segment)
    } else {
        None
    }
}

/// Names that are equal but for case or normal form are one file on some stores and file systems.
fn refuse_collisions(files: &[Found], refused: &mut Vec<(String, Violation)>) {
    let folded = |path: &str| -> String { path.nfc().flat_map(char::to_lowercase).collect() };
    for (one, other) in equal_by(files, |found| hash_of(&folded(&found.path))) {
        if folded(&one.path) == folded(&other.path) {
            let other = other.path.to_string();
            refused.push((one.path.to_string(), Violation::SameAs { other }));
        }
    }
    refuse_files_in_folders_place(files, refused);
}

/// `a` and `a/b` can both be objects of a store, but not files of one folder.
fn refuse_files_in_folders_place(files: &[Found], refused: &mut Vec<(String, Violation)>) {
    let mut folders = HashSet::new();
    for Found { path, .. } in files {
        let ends = path.match_indices('/').map(|(end, _)| end);
        folders.extend(ends.map(|end| hash_of(&path[..end].to_lowercase())));
    }
    for Found { path, .. } in files {
        if folders.contains(&hash_of(&path.to_lowercase())) {
            let below = format!("{}/", path.to_lowercase());
            let is_folder = |found: &Found| found.path.to_lowercase().starts_with(&below);
            if files.iter().any(is_folder) {
                let other = format!("{path}/");
                refused.push((path.to_string(), Violation::SameAs { other }));
            }
        }
    }
}

/// Of names that are too many to be kept a second time.
fn hash_of(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

/// Each file with the one before it of the same hash.
fn equal_by(files: &[Found], hash: impl Fn(&Found) -> u64) -> Vec<(&Found, &Found)> {
    let mut seen: HashMap<u64, usize> = HashMap::with_capacity(files.len());
    let mut equal = Vec::new();
    for (index, found) in files.iter().enumerate() {
        if let Some(before) = seen.insert(hash(found), index) {
            equal.push((found, &files[before]));
        }
    }
    equal
}

#[derive(Default)]
struct Hashed {
    assets: Vec<Asset>,
    refused: Vec<(String, Violation)>,
    encoded: Vec<String>,
}

fn hash_all(files: Vec<Found>, rules: &ScanRules) -> io::Result<Hashed> {
    let finders = encoded_placeholder();
    let hashed = parallel(&files, |Found { path, source }| {
        read_and_hash(path, &source.of(path), rules, &finders)
    })?;
    let mut all = Hashed::default();
    all.assets.reserve_exact(files.len());
    for (found, read) in files.into_iter().zip(hashed) {
        if read.encoding == Encoding::HoldsPlaceholder {
            all.encoded.push(found.path.to_string());
        }
        match read.refusal {
            Some(refusal) => all.refused.push((found.path.into(), *refusal)),
            None => all.assets.push(Asset {
                content_type: media_type::of(&found.path),
                path: found.path,
                source: found.source,
                size: read.size,
                sha256: read.sha256,
                template: read.template.then(|| Box::new(read.sha256)),
            }),
        }
    }
    Ok(all)
}

/// What was read of a file.
struct Content {
    size: u64,
    sha256: Sha256,
    /// Whether it holds the placeholder.
    template: bool,
    encoding: Encoding,
    refusal: Option<Box<Violation>>,
}

/// What is inside of a file's base64.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Harmless,
    HoldsPlaceholder,
}

/// Read at once; a larger file is looked at in windows of this size.
const WINDOW: usize = 8 << 20;
/// What a window shares with the one before it: nothing that is looked for is longer.
const OVERLAP: usize = 64 << 10;

fn read_and_hash(
    path: &str,
    source: &Path,
    rules: &ScanRules,
    finders: &[Finder<'static>],
) -> io::Result<Content> {
    let mut file = fs::File::open(source)?;
    let size = file.metadata()?.len();
    let mut look = Look {
        path,
        rules,
        finders,
        encoding: Encoding::Harmless,
        template: false,
    };
    if rules.largest.is_some_and(|largest| size > largest) {
        return Ok(look.refused(Violation::TooLarge { size }));
    }
    let mut hasher = sha2::Sha256::new();
    let mut window = Vec::with_capacity(usize::try_from(size).map_or(WINDOW, |it| it.min(WINDOW)));
    let mut read = 0;
    loop {
        let kept = window.len();
        let room = (WINDOW - kept) as u64;
        read += file.by_ref().take(room).read_to_end(&mut window)? as u64;
        if window.len() == kept && read > 0 {
            break;
        }
        hasher.update(&window[kept..]);
        if let Err(refusal) = look.at(&window) {
            return Ok(look.refused(refusal));
        }
        if window.len() < WINDOW {
            break;
        }
        window.drain(..WINDOW - OVERLAP);
    }
    Ok(Content {
        size: read,
        sha256: hasher.into(),
        template: look.template,
        encoding: look.encoding,
        refusal: None,
    })
}

/// What is looked for in a file's content.
struct Look<'a> {
    path: &'a str,
    rules: &'a ScanRules,
    finders: &'a [Finder<'static>],
    encoding: Encoding,
    template: bool,
}

impl Look<'_> {
    fn refused(&self, refusal: Violation) -> Content {
        Content {
            size: 0,
            sha256: Sha256::of(b""),
            template: false,
            encoding: self.encoding,
            refusal: Some(Box::new(refusal)),
        }
    }

    fn at(&mut self, content: &[u8]) -> Result<(), Violation> {
        if self.rules.secrets.occurs_in(content) {
            return Err(Violation::StorageCredential);
        }
        if safety::holds_private_key(content) && !self.rules.allowed.allows(self.path) {
            return Err(Violation::PrivateKey);
        }
        if self.finders.iter().any(|form| form.find(content).is_some()) {
            self.encoding = Encoding::HoldsPlaceholder;
        }
        self.template |= holds_placeholder(content);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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

    fn refused(folder: &tempfile::TempDir, rules: &ScanRules) -> Vec<(String, Violation)> {
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
    fn a_tree_is_sorted_and_its_by_products_are_counted() {
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
    fn links_are_followed_inside_the_folder_only() {
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
        let names: Vec<_> = refused.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(names, ["dangling", "leaves.css", "loop", "to-folder"]);
        assert!(
            refused
                .iter()
                .all(|(_, refusal)| matches!(refusal, Violation::Link { .. }))
        );
    }

    #[test]
    fn secrets_are_refused_until_they_are_reviewed() {
        let folder = tree(&["a.css", "x/.env", "demo/id_rsa"]);
        let names: Vec<_> = refused(&folder, &ScanRules::default())
            .into_iter()
            .collect();
        assert_eq!(
            names,
            [
                ("demo/id_rsa".to_owned(), Violation::SecretName),
                ("x/.env".to_owned(), Violation::SecretName)
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
    fn the_credentials_of_this_build_are_never_published() {
        let folder = tree(&["a.js"]);
        fs::write(folder.path().join("a.js"), "const k='canary-canary-canary'").unwrap();
        let rules = ScanRules {
            allowed: "a.js".parse().unwrap(),
            secrets: Redaction::of(["canary-canary-canary"]),
            ..ScanRules::default()
        };
        assert_eq!(
            refused(&folder, &rules),
            [("a.js".to_owned(), Violation::StorageCredential)]
        );
    }

    #[test]
    fn names_that_break_stores_are_refused() {
        let folder = tree(&["a\nb.css", "a\\b.css", "ok.css"]);
        fs::write(folder.path().join(OsStr::from_bytes(b"\xff.css")), "x").unwrap();
        let refusals: Vec<_> = refused(&folder, &ScanRules::default())
            .into_iter()
            .map(|(_, refusal)| refusal)
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
    fn names_equal_but_for_case_or_normal_form_are_refused() {
        let folder = tree(&["A.css", "a.css", "caf\u{e9}.css", "cafe\u{301}.css"]);
        assert_eq!(refused(&folder, &ScanRules::default()).len(), 2);
    }

    #[test]
    fn no_file_at_all_is_refused_unless_allowed() {
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
            [("large.bin".to_owned(), Violation::TooLarge { size: 9 })]
        );
    }
}
