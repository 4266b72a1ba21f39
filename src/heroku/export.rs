//! `export`, in the buildpack's own folder: sourced before the next buildpack compiles.

use super::{RELEASE, profile_d};
use crate::fs::remove_file_if_exists;
use crate::launch::Launch;
use fs_err as fs;
use std::io;
use std::path::Path;

const FILE: &str = "export";

pub(super) fn write(buildpack: &Path, launch: &Launch) -> io::Result<()> {
    fs::write(buildpack.join(FILE), profile_d::exports(launch))
}

/// A folder that outlives a build tells nothing of an app that was built before.
pub(super) fn forget(buildpack: &Path) -> io::Result<()> {
    remove_file_if_exists(&buildpack.join(FILE))?;
    remove_file_if_exists(&buildpack.join(RELEASE))
}
