//! `export`, in the buildpack's own directory: sourced before the next buildpack compiles.

use super::dirs::Dirs;
use super::profile_d;
use crate::fs::remove_file_if_exists;
use crate::launch::Launch;
use fs_err as fs;
use std::io;

const FILE: &str = "export";

pub(super) fn write(dirs: &Dirs, launch: &Launch) -> io::Result<()> {
    fs::write(dirs.buildpack.join(FILE), profile_d::exports(launch))
}

/// Removes what an earlier build told the next buildpack and `bin/release`.
pub(super) fn forget(dirs: &Dirs) -> io::Result<()> {
    remove_file_if_exists(&dirs.buildpack.join(FILE))?;
    remove_file_if_exists(&dirs.phoenix_root())
}
