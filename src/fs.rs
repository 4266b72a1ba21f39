//! Files and directories: what `fs_err` lacks.

use fs_err as fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// By where they really are. What is not there lies nowhere.
pub(crate) fn lies_in(inner: &Path, outer: &Path) -> bool {
    match (fs::canonicalize(inner), fs::canonicalize(outer)) {
        (Ok(inner), Ok(outer)) => inner.starts_with(outer),
        _ => false,
    }
}

/// A pipe would be waited for.
pub(crate) fn refuse_what_is_no_file(path: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => Err(io::Error::other(format!(
            "{} is not a file",
            path.display()
        ))),
        _ => Ok(()),
    }
}

/// A file's content; a pipe or a folder is an error.
pub(crate) fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    refuse_what_is_no_file(path)?;
    fs::read(path)
}

/// Nothing is wrong where there is nothing.
pub(crate) fn remove_file_if_there(path: &Path) -> io::Result<()> {
    unless_absent(fs::remove_file(path))
}

/// The same with a folder and all that is in it.
pub(crate) fn remove_folder_if_there(path: &Path) -> io::Result<()> {
    unless_absent(fs::remove_dir_all(path))
}

fn unless_absent(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// A file that every user may read, whatever the build's own umask is: an image's processes have other users.
pub(crate) fn write_for_all(path: &Path, content: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        create_folder_for_all(folder)?;
    }
    replace_file(path, content)?;
    fs::set_permissions(path, PermissionsExt::from_mode(0o644))
}

/// Those above it that are there already stay as they are.
pub(crate) fn create_folder_for_all(folder: &Path) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        create_folder_for_all(parent)?;
    }
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => fs::set_permissions(folder, PermissionsExt::from_mode(0o755)),
    }
}

/// Writes a file anew, with the rights that it had: neither another name of it nor what a link led to is
/// changed.
pub(crate) fn replace_file(path: &Path, content: &[u8]) -> io::Result<()> {
    let rights = match fs::metadata(path) {
        Ok(metadata) => Some(metadata.permissions()),
        Err(_) => None,
    };
    remove_file_if_there(path)?;
    fs::write(path, content)?;
    match rights {
        Some(rights) => fs::set_permissions(path, rights),
        None => Ok(()),
    }
}

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
    use std::os::unix::fs::symlink;

    #[test]
    fn a_replaced_file_is_one_of_its_own() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        fs::write(path("outside"), "old").unwrap();
        fs::set_permissions(path("outside"), PermissionsExt::from_mode(0o640)).unwrap();
        fs::hard_link(path("outside"), path("hard")).unwrap();
        symlink("outside", path("soft")).unwrap();
        for name in ["hard", "soft", "new"] {
            replace_file(&path(name), b"new").unwrap();
            assert_eq!(fs::read(path(name)).unwrap(), b"new");
        }
        assert_eq!(fs::read(path("outside")).unwrap(), b"old");
        let rights = fs::metadata(path("soft")).unwrap().permissions();
        assert_eq!(rights.mode() & 0o777, 0o640);
    }

    #[test]
    fn links_are_named_and_never_followed() {
        let root = folder_with(&[("a/b/file", "")]);
        std::os::unix::fs::symlink("..", root.path().join("a/up")).unwrap();
        let files = files_below(root.path()).unwrap();
        assert_eq!(files, [Path::new("a/b/file"), Path::new("a/up")]);
    }
}
