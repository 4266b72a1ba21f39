//! Files that a user's command writes into `STATIC_ROOT`, as it would after a collectstatic without this build.

use crate::framework::source_text::has_extension;
use crate::fs::{files_below, read_file};
use fs_err as fs;
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What `STATIC_ROOT` holds before the command.
pub(super) struct StaticRootFiles<'a> {
    root: &'a Path,
    before: HashMap<PathBuf, Stamp>,
}

/// What became of the files that a command wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct WrittenFiles {
    pub(crate) added: usize,
    /// Collected files that it wrote with other content, and that stay as they were collected.
    pub(crate) kept: usize,
}

/// Time and size: a file with another stamp was written.
type Stamp = (SystemTime, u64);

impl<'a> StaticRootFiles<'a> {
    /// `root` need not exist.
    pub(super) fn list(root: &'a Path) -> io::Result<Self> {
        let before = stamps(root)?;
        Ok(Self { root, before })
    }

    /// Copies what was written since into the directory of the collected files, but replaces none of them: they have
    /// the URL of the version.
    pub(super) fn copy_written(&self, collected: &Path) -> io::Result<WrittenFiles> {
        let mut written = WrittenFiles::default();
        for (path, stamp) in stamps(self.root)? {
            let to = collected.join(&path);
            if self.before.get(&path) == Some(&stamp) || has_extension(&path, &["gz", "br"]) {
                continue;
            }
            if to.exists() {
                written.kept += usize::from(read_file(&to)? != read_file(&self.root.join(&path))?);
            } else {
                fs::create_dir_all(to.parent().unwrap_or(collected))?;
                fs::copy(self.root.join(&path), to)?;
                written.added += 1;
            }
        }
        Ok(written)
    }
}

/// Lists the regular files of a directory.
fn stamps(root: &Path) -> io::Result<HashMap<PathBuf, Stamp>> {
    let mut stamps = HashMap::new();
    if !root.is_dir() {
        return Ok(stamps);
    }
    for path in files_below(root)? {
        let metadata = fs::symlink_metadata(root.join(&path))?;
        if metadata.is_file() {
            stamps.insert(path, (metadata.modified()?, metadata.len()));
        }
    }
    Ok(stamps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::folder_with;

    #[test]
    fn only_what_was_written_is_copied() {
        let root = folder_with(&[("old.css", "old"), ("web/a.css", "a")]);
        let collected = tempfile::tempdir().unwrap();
        let files = StaticRootFiles::list(root.path()).unwrap();
        let written = |added, kept| WrittenFiles { added, kept };
        assert_eq!(files.copy_written(collected.path()).unwrap(), written(0, 0));
        fs::write(root.path().join("web/a.css"), "longer").unwrap();
        fs::create_dir(root.path().join("i18n")).unwrap();
        fs::write(root.path().join("i18n/de.js"), "de").unwrap();
        fs::write(root.path().join("i18n/de.js.gz"), "gz").unwrap();
        assert_eq!(files.copy_written(collected.path()).unwrap(), written(2, 0));
        assert_eq!(files.copy_written(collected.path()).unwrap(), written(0, 0));
        fs::write(root.path().join("i18n/de.js"), "other").unwrap();
        assert_eq!(files.copy_written(collected.path()).unwrap(), written(0, 1));
        let mut copied = files_below(collected.path()).unwrap();
        copied.sort();
        assert_eq!(copied, [Path::new("i18n/de.js"), Path::new("web/a.css")]);
        let none = StaticRootFiles::list(Path::new("/nowhere")).unwrap();
        assert_eq!(none.copy_written(collected.path()).unwrap(), written(0, 0));
    }
}
