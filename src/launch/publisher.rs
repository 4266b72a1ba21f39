//! This program in an image whose release phase uploads.

use crate::env::own_program;
use fs_err as fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// This program, as users call it.
pub(crate) const PROGRAM: &str = "static-assets";
/// The directory of an image that holds what its release phase uploads. It is beside the directory of this program,
/// `publisher/bin`.
pub(crate) const DEFERRED_DIR: &str = "prepared";

/// Puts this program into an image.
pub(crate) fn install_program(path: &Path) -> io::Result<()> {
    let own =
        own_program().ok_or_else(|| io::Error::other("this program can't find its own file"))?;
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir)?;
    }
    fs::copy(own, path)?;
    fs::set_permissions(path, PermissionsExt::from_mode(0o755))
}
