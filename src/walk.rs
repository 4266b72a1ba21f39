//! The files below a folder.

use fs_err as fs;
use std::io;
use std::path::{Path, PathBuf};

/// By their paths below `folder`. Links are named, never followed.
pub(crate) fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(below) = folders.pop() {
        for entry in fs::read_dir(folder.join(&below))? {
            let entry = entry?;
            let path = below.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// A folder of a test, with these files in it.
#[cfg(test)]
pub(crate) fn folder_with(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_named_and_never_followed() {
        let root = folder_with(&[("a/b/file", "")]);
        std::os::unix::fs::symlink("..", root.path().join("a/up")).unwrap();
        let files = files_below(root.path()).unwrap();
        assert_eq!(files, [Path::new("a/b/file"), Path::new("a/up")]);
    }
}
