//! Finds files of the app in which the compile left the placeholder of the version.

use crate::context::BuildContext;
use crate::manifest::holds_placeholder;
use fs_err as fs;
use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Finds a file of the app that this build changed, that is not one of `installed` and that still holds the
/// placeholder.
pub(super) fn find_leftover_placeholder(
    ctx: &BuildContext<'_>,
    mut installed: HashSet<PathBuf>,
) -> io::Result<Option<PathBuf>> {
    installed.insert(ctx.scratch.clone());
    leftover_in(&ctx.app_dir, ctx.started, &installed)
}

fn leftover_in(
    folder: &Path,
    start: SystemTime,
    known: &HashSet<PathBuf>,
) -> io::Result<Option<PathBuf>> {
    // The compile did not write what this user can't read.
    let Ok(entries) = fs::read_dir(folder) else {
        return Ok(None);
    };
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        let kind = entry.file_type()?;
        if kind.is_dir() {
            if entry.file_name() != ".git"
                && !known.contains(&path)
                && let Some(leftover) = leftover_in(&path, start, known)?
            {
                return Ok(Some(leftover));
            }
        } else if kind.is_file()
            && !known.contains(&path)
            && entry.metadata()?.modified()? >= start
            && fs::read(&path).is_ok_and(|content| holds_placeholder(&content))
        {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::PLACEHOLDER;

    #[test]
    fn leftover_placeholder_is_found_in_new_files_only() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("stats.json");
        fs::write(&file, PLACEHOLDER).unwrap();
        let leftover = |start| leftover_in(root.path(), start, &HashSet::new()).unwrap();
        assert_eq!(leftover(SystemTime::UNIX_EPOCH), Some(file));
        let tomorrow = SystemTime::now() + std::time::Duration::from_hours(24);
        assert_eq!(leftover(tomorrow), None);
    }
}
