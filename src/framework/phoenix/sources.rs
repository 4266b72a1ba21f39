//! Which files of an app hold its code, its pages and its configuration.

use crate::fs::files_below;
use std::io;
use std::path::{Path, PathBuf};

/// Where Phoenix is told to read the names of digested files.
pub(super) const MANIFEST_KEY: &str = "cache_static_manifest:";

/// The configuration scripts that production evaluates, those that are read at boot first.
pub(super) fn production_config(config: &Path) -> Vec<PathBuf> {
    let names = [
        "runtime.exs",
        "releases.exs",
        "config.exs",
        "prod.exs",
        "prod.secret.exs",
    ];
    names
        .into_iter()
        .map(|name| config.join(name))
        .filter(|path| path.is_file())
        .collect()
}

/// The Elixir code of an app and its templates: `lib`, and `web` as it was before 1.3.
pub(super) fn source_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for name in ["lib", "web"] {
        let below = folder.join(name);
        if below.is_dir() {
            let found = files_below(&below)?.into_iter();
            files.extend(
                found
                    .map(|path| below.join(path))
                    .filter(|path| path.is_file()),
            );
        }
    }
    Ok(files)
}
