//! Operations on files and directories that `fs_err` lacks.

use fs_err as fs;
use fs_err::os::unix::fs::OpenOptionsExt;
use rustix::fs::OFlags;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Whether `inner` is in `outer` once links are followed. A path that doesn't exist is in no directory.
pub(crate) fn lies_in(inner: &Path, outer: &Path) -> bool {
    let real = [inner, outer].map(fs::canonicalize);
    matches!(real, [Ok(inner), Ok(outer)] if inner.starts_with(&outer))
}

/// Fails for a directory, and for a pipe, which would block a read. A path that doesn't exist passes.
pub(crate) fn ensure_is_file(path: &Path) -> io::Result<()> {
    if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        let problem = format!("{} is not a file", path.display());
        return Err(io::Error::other(problem));
    }
    Ok(())
}

/// Reads a file; fails for a directory or a pipe.
pub(crate) fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    ensure_is_file(path)?;
    fs::read(path)
}

/// Opens a regular file. A pipe that took its place is not waited for.
pub(crate) fn open_file(path: &Path) -> io::Result<fs::File> {
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    let file = fs::OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(path)?;
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    Err(io::Error::other(format!(
        "{} is not a file",
        path.display()
    )))
}

/// Removes a file and succeeds if there is none.
pub(crate) fn remove_file_if_exists(path: &Path) -> io::Result<()> {
    if_exists(fs::remove_file(path)).map(drop)
}

/// Removes a directory with its content and succeeds if there is none.
pub(crate) fn remove_dir_if_exists(path: &Path) -> io::Result<()> {
    if_exists(fs::remove_dir_all(path)).map(drop)
}

/// Turns the error of a path that does not exist into `None`.
pub(crate) fn if_exists<T>(done: io::Result<T>) -> io::Result<Option<T>> {
    use io::ErrorKind::{NotADirectory, NotFound};
    match done {
        // A file has the name of one of its directories.
        Err(error) if matches!(error.kind(), NotFound | NotADirectory) => Ok(None),
        done => done.map(Some),
    }
}

/// Writes a file that every user may read, whatever the build's umask is: an image's processes run as other users.
pub(crate) fn write_for_all(path: &Path, content: &[u8]) -> io::Result<()> {
    create_parent_for_all(path)?;
    replace_file(path, content)?;
    fs::set_permissions(path, PermissionsExt::from_mode(0o644))
}

/// Creates the directory of a file as [`create_dir_for_all`] does.
pub(crate) fn create_parent_for_all(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), create_dir_for_all)
}

/// Creates a directory and its missing parents so that every user may read them. Existing ones stay as they are.
pub(crate) fn create_dir_for_all(dir: &Path) -> io::Result<()> {
    if dir.as_os_str().is_empty() || dir.is_dir() {
        return Ok(());
    }
    create_parent_for_all(dir)?;
    match fs::create_dir(dir) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => fs::set_permissions(dir, PermissionsExt::from_mode(0o755)),
    }
}

/// Writes a file anew and keeps its permissions. Other names of the old file, and the target of a link, don't change.
pub(crate) fn replace_file(path: &Path, content: &[u8]) -> io::Result<()> {
    let permissions = fs::metadata(path).map(|metadata| metadata.permissions());
    remove_file_if_exists(path)?;
    fs::write(path, content)?;
    permissions.map_or(Ok(()), |permissions| fs::set_permissions(path, permissions))
}

/// Removes a directory and those in it, if there are only directories.
pub(crate) fn remove_empty_dirs(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_empty_dirs(&entry.path())?;
        }
    }
    match fs::remove_dir(dir) {
        // A file is in it.
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
        removed => removed,
    }
}

/// The sorted paths of all files under `dir`, relative to it. Links are listed, but not followed. A directory in it that goes
/// away meanwhile is left out.
pub(crate) fn files_below(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut dirs = vec![PathBuf::new()];
    while let Some(parent) = dirs.pop() {
        let entries = match fs::read_dir(dir.join(&parent)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && parent != Path::new("") => {
                continue;
            }
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let path = parent.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                dirs.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

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
    fn a_replaced_file_shares_nothing_with_the_old() {
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
    fn links_are_listed_and_not_followed() {
        let root = folder_with(&[("a/b/file", "")]);
        std::os::unix::fs::symlink("..", root.path().join("a/up")).unwrap();
        let files = files_below(root.path()).unwrap();
        assert_eq!(files, [Path::new("a/b/file"), Path::new("a/up")]);
    }
}
