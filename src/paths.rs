//! What a path leads to.

use fs_err as fs;
use std::io;
use std::path::Path;

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
