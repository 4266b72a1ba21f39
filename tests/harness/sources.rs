//! The project's source code, for tests that read it.

use super::repository;
use fs_err as fs;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Returns the code without tests and comments, by paths relative to `folder`.
pub(crate) fn own_code(folder: &str) -> BTreeMap<PathBuf, String> {
    fn read(folder: &Path, below: &Path, files: &mut BTreeMap<PathBuf, String>) {
        for entry in fs::read_dir(folder.join(below)).unwrap() {
            let entry = entry.unwrap();
            let path = below.join(entry.file_name());
            if path.file_stem().is_some_and(|name| name == "tests") {
                continue;
            }
            if entry.path().is_dir() {
                read(folder, &path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(entry.path()).unwrap();
                let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
                let code = code
                    .lines()
                    .filter(|line| !line.trim_start().starts_with("//"))
                    .flat_map(|line| [line, "\n"])
                    .collect();
                files.insert(path, code);
            }
        }
    }
    let mut files = BTreeMap::new();
    read(&repository().join(folder), Path::new(""), &mut files);
    files
}
