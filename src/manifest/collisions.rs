//! Files whose names would be one object or one file on some stores and file systems.

use super::safety::{RefusedFile, Violation};
use super::walk::FoundFile;
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use unicode_normalization::UnicodeNormalization;

/// Refuses names that are equal but for case or normal form, and files that have the name of a directory.
pub(super) fn collisions(files: &[FoundFile]) -> Vec<RefusedFile> {
    let mut refused = Vec::new();
    let mut seen = HashMap::with_capacity(files.len());
    for file in files {
        let name = folded(&file.path);
        let before: Option<&FoundFile> = seen.insert(hash_of(&name), file);
        if let Some(before) = before.filter(|before| folded(&before.path) == name) {
            let other = before.path.to_string();
            refused.push(RefusedFile::new(&*file.path, Violation::SameAs(other)));
        }
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
        dirs.extend(ends.map(|end| hash_of(&path[..end].to_lowercase())));
    }
    let mut refused = Vec::new();
    for FoundFile { path, .. } in files {
        let dir = format!("{}/", path.to_lowercase());
        if dirs.contains(&hash_of(&dir[..dir.len() - 1]))
            && (files.iter()).any(|file| file.path.to_lowercase().starts_with(&dir))
        {
            let other = format!("{path}/");
            refused.push(RefusedFile::new(&**path, Violation::SameAs(other)));
        }
    }
    refused
}

/// Stands for a name: there may be too many names to keep a second copy of each.
fn hash_of(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}
