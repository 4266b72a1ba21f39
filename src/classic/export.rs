//! `export`, in the buildpack's own folder: sourced before the next buildpack compiles.

use super::{RELEASE, profile_d};
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
    for file in [FILE, RELEASE] {
        match fs::remove_file(buildpack.join(file)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
