//! Finds files among the app's own, not in what others wrote.

use std::io;
use std::path::{Path, PathBuf};
use walkdir::{DirEntry, WalkDir};

/// Directories that hold other people's code, or code that the app does not run.
const FOREIGN_FOLDERS: [&str; 9] = [
    "node_modules",
    "site-packages",
    "venv",
    "env",
    "vendor",
    "tests",
    "test",
    "fixtures",
    "__pycache__",
];

/// Finds the files called `name` in the app's own directories, at most `depth` levels below its root. The shallowest
/// come first.
pub(crate) fn files_named(root: &Path, name: &str, depth: usize) -> io::Result<Vec<PathBuf>> {
    let is_own = |entry: &DirEntry| {
        let is_dir = entry.depth() > 0 && entry.file_type().is_dir();
        !is_dir || !is_foreign(&entry.file_name().to_string_lossy())
    };
    let entries = WalkDir::new(root).max_depth(depth + 1).sort_by_file_name();
    let mut found = Vec::new();
    for entry in entries.into_iter().filter_entry(is_own) {
        let is_denied = |error: &io::Error| error.kind() == io::ErrorKind::PermissionDenied;
        match entry {
            // A directory that this user can't read is not part of the app.
            Err(error) if error.depth() > 0 && error.io_error().is_some_and(is_denied) => {}
            entry => found.push(entry?),
        }
    }
    found.retain(|entry| entry.file_name() == name && entry.path().is_file());
    found.sort_by_key(DirEntry::depth);
    Ok(found.into_iter().map(DirEntry::into_path).collect())
}

/// Whether a directory of an app holds what others wrote, or what the app does not run.
pub(crate) fn is_foreign(folder: &str) -> bool {
    folder.starts_with('.') || FOREIGN_FOLDERS.contains(&folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fs_err as fs;

    #[test]
    fn files_named_skips_foreign_folders_and_what_is_too_deep() {
        let root = tempfile::tempdir().unwrap();
        for path in [
            "b/manage.py",
            "a/c/manage.py",
            "a/b/c/manage.py",
            "node_modules/manage.py",
            "tests/manage.py",
            ".venv/manage.py",
        ] {
            let file = root.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "").unwrap();
        }
        let found = files_named(root.path(), "manage.py", 2).unwrap();
        assert_eq!(
            found,
            [
                root.path().join("b/manage.py"),
                root.path().join("a/c/manage.py")
            ]
        );
    }
}
