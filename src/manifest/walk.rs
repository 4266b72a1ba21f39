//! Walks the directories to publish and sorts their files: to publish, left out, or refused by name. Names that would
//! be one object or one file on some stores and file systems are refused, too.

use super::rules::{ScanRules, SourceMaps};
use super::safety::{RefusedFile, Violation, violation_of_path};
use super::{AssetRoot, AssetSource};
use crate::prefix::NameRules;
use fs_err as fs;
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use unicode_normalization::UnicodeNormalization;

/// A file that passed the rules for names.
pub(super) struct FoundFile {
    pub(super) path: Box<str>,
    pub(super) source: AssetSource,
    /// Whether the file is gzip-encoded for the store.
    pub(super) is_encoded: bool,
}

impl FoundFile {
    fn refuse_as_same(&self, other: String) -> RefusedFile {
        RefusedFile::new(&*self.path, Violation::SameAs(other))
    }
}

/// Files that are not assets, counted for the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LeftOut {
    pub(crate) dot_files: usize,
    /// `.gz` and `.br` that a compile made of other files: a store serves one encoding for a name.
    pub(crate) precompressed: usize,
    pub(crate) source_maps: usize,
}

#[derive(Default)]
pub(super) struct Walk {
    pub(super) files: Vec<FoundFile>,
    pub(super) refused: Vec<RefusedFile>,
    pub(super) left_out: LeftOut,
}

/// The root that is walked.
struct WalkRoot<'a> {
    rules: &'a ScanRules,
    asset_root: Arc<AssetRoot>,
    /// Its path once links are followed.
    real: PathBuf,
}

impl Walk {
    pub(super) fn add_root(&mut self, root: &AssetRoot, rules: &ScanRules) -> io::Result<()> {
        let walked = WalkRoot {
            rules,
            asset_root: Arc::new(root.clone()),
            real: fs::canonicalize(&root.folder)?,
        };
        self.walk_dir(&walked, &root.folder, &root.mount)
    }

    fn walk_dir(&mut self, root: &WalkRoot<'_>, dir: &Path, parent: &str) -> io::Result<()> {
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            let name = entry.file_name();
            let path = format!("{parent}{}", name.to_string_lossy());
            let Some(name) = name.to_str() else {
                self.refuse(path, Violation::NotUtf8);
                continue;
            };
            let rules = root.rules;
            let file_type = entry.file_type()?;
            // The one dot directory that is meant for the public: <https://www.rfc-editor.org/rfc/rfc8615>
            let is_well_known = path.strip_prefix(&root.asset_root.mount) == Some(".well-known");
            let is_reviewed = rules.allowed.allows(&path)
                || file_type.is_dir() && rules.allowed.reaches_into(&path);
            if rules.secrets.occurs_in(path.as_bytes()) {
                self.refuse(path, Violation::StorageCredential);
            } else if let Some(violation) = violation_of_path(&path).filter(|_| !is_reviewed) {
                self.refuse(path, violation);
            } else if name.starts_with('.') && !is_well_known && !is_reviewed {
                self.left_out.dot_files += 1;
            } else if let Some(violation) = violation_of_name(name, &rules.names) {
                self.refuse(path, violation);
            } else if file_type.is_dir() {
                self.walk_dir(root, &entry.path(), &format!("{path}/"))?;
            } else if rules.names.is_too_long(&path) {
                self.refuse(path, Violation::TooLong);
            } else if file_type.is_symlink() {
                self.follow_link(root, &entry.path(), path)?;
            } else if !file_type.is_file() {
                self.refuse(path, Violation::NotAFile);
            } else if is_source_map(&path) && rules.source_maps == SourceMaps::Exclude {
                self.left_out.source_maps += 1;
            } else {
                self.add(path, AssetSource::Under(root.asset_root.clone()), rules);
            }
        }
        Ok(())
    }

    /// Publishes the target of a link as a file of its own if it is in the same root.
    fn follow_link(&mut self, root: &WalkRoot<'_>, link: &Path, path: String) -> io::Result<()> {
        let target = fs::read_link(link)?.display().to_string();
        match fs::canonicalize(link) {
            Ok(real) if real.starts_with(&root.real) && real.is_file() => {
                let below = real
                    .strip_prefix(&root.real)
                    .unwrap_or(&real)
                    .to_string_lossy();
                let is_reviewed = root.rules.allowed.allows(&path);
                if violation_of_path(&below).is_some() && !is_reviewed {
                    self.refuse(path, Violation::SecretTarget(target));
                } else {
                    self.add(path, AssetSource::At(real.into()), root.rules);
                }
            }
            _ => self.refuse(path, Violation::Link(target)),
        }
        Ok(())
    }

    fn add(&mut self, path: String, source: AssetSource, rules: &ScanRules) {
        if rules.unpublished.contains(&path) {
            // Only the framework reads it.
        } else if rules.by_products.contains(&path) {
            self.left_out.precompressed += 1;
        } else {
            let path = path.into();
            let is_encoded = false;
            self.files.push(FoundFile {
                path,
                source,
                is_encoded,
            });
        }
    }

    fn refuse(&mut self, path: String, violation: Violation) {
        self.refused.push(RefusedFile { path, violation });
    }
}

pub(super) fn is_source_map(path: &str) -> bool {
    let extension = Path::new(path).extension();
    extension.is_some_and(|extension| extension.eq_ignore_ascii_case("map"))
}

/// Checks one segment of a path.
pub(super) fn violation_of_name(name: &str, rules: &NameRules) -> Option<Violation> {
    match name {
        _ if name.contains(char::is_control) => Some(Violation::ControlCharacter),
        _ if rules.drops_trailing_dot && name.ends_with('.') => Some(Violation::TrailingDot),
        "" | "." | ".." => Some(Violation::Segment),
        _ => name.contains('\\').then_some(Violation::Segment),
    }
}

/// Refuses names that are equal but for case or normal form, and files that have the name of a directory.
pub(super) fn collisions(files: &[FoundFile]) -> Vec<RefusedFile> {
    let mut refused = Vec::new();
    let mut seen = HashMap::with_capacity(files.len());
    for file in files {
        let name = folded(&file.path);
        let before: Option<&FoundFile> = seen.insert(hash_of(&name), file);
        let equal = before.filter(|before| folded(&before.path) == name);
        refused.extend(equal.map(|equal| file.refuse_as_same(equal.path.to_string())));
    }
    refused.extend(files_named_as_dirs(files));
    refused
}

fn folded(path: &str) -> String {
    path.nfc().flat_map(char::to_lowercase).collect()
}

/// `a` and `a/b` can both be objects of a store, but not files of one directory.
fn files_named_as_dirs(files: &[FoundFile]) -> Vec<RefusedFile> {
    let mut dirs = HashSet::new();
    for FoundFile { path, .. } in files {
        let ends = path.match_indices('/').map(|(end, _)| end);
        dirs.extend(ends.map(|end| hash_of(&folded(&path[..end]))));
    }
    let is_dir = |file: &&FoundFile| {
        let name = folded(&file.path);
        let holds = |other: &FoundFile| folded(&other.path).starts_with(&format!("{name}/"));
        dirs.contains(&hash_of(&name)) && files.iter().any(holds)
    };
    let refuse = |file: &FoundFile| file.refuse_as_same(format!("{}/", file.path));
    files.iter().filter(is_dir).map(refuse).collect()
}

/// Stands for a name: there may be too many names to keep a second copy of each.
fn hash_of(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}
