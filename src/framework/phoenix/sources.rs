//! The files of an app: which ones hold its code, its pages, its configuration and its static files, and places in them
//! as log lines and errors name them.

pub(super) use crate::framework::source_text::{
    Locations, SourceLocation, has_extension, read_text,
};
use crate::fs::files_below;
use fs_err as fs;
use std::io;
use std::path::{Path, PathBuf};

/// The directory of an app from which Phoenix serves static files.
pub(super) const STATICS: &str = "priv/static";

/// The configuration script that is evaluated at boot, also in a release.
pub(super) const RUNTIME_EXS: &str = "runtime.exs";

/// The key that tells Phoenix where the names of digested files are.
pub(super) const MANIFEST_KEY: &str = "cache_static_manifest:";

/// The extensions of scripts and stylesheets, which a page can't do without.
pub(super) const CODE: [&str; 3] = ["css", "js", "mjs"];

/// Lists the configuration scripts that production evaluates, the one of boot first. Umbrellas of older generators
/// import those of their apps: `import_config "../apps/*/config/config.exs"`.
pub(super) fn production_config(config: &Path) -> Vec<PathBuf> {
    const COMPILE_TIME: [&str; 3] = ["config.exs", "prod.exs", "prod.secret.exs"];
    let in_dir = |dir: &Path, names: &[&str]| -> Vec<PathBuf> {
        let paths = names.iter().map(|name| dir.join(name));
        paths.filter(|path| path.is_file()).collect()
    };
    let mut paths = in_dir(config, &[RUNTIME_EXS]);
    paths.extend(in_dir(config, &COMPILE_TIME));
    let text = read_text(&config.join(COMPILE_TIME[0])).unwrap_or_default();
    let lines = text.lines().map(str::trim_start);
    let imports = lines.filter_map(|line| line.strip_prefix("import_config"));
    let imports = imports.filter_map(|import| import.split('"').nth(1)?.split_once("/*/"));
    for (before, after) in imports {
        for app in dirs_in(&config.join(before)).unwrap_or_default() {
            let imported = app.join(after);
            if let Some(dir) = imported.parent().filter(|_| imported.is_file()) {
                paths.extend(in_dir(dir, &COMPILE_TIME));
            }
        }
    }
    paths
}

/// Lists the directories in a directory, which need not exist.
pub(super) fn dirs_in(parent: &Path) -> io::Result<Vec<PathBuf>> {
    if !parent.is_dir() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(parent)?.map(|entry| Ok(entry?.path()));
    let mut dirs = entries.collect::<io::Result<Vec<PathBuf>>>()?;
    dirs.retain(|path| path.is_dir());
    dirs.sort();
    Ok(dirs)
}

/// Lists an app's Elixir code and templates: those under `lib`, and under `web` as Phoenix had it before 1.3.
pub(super) fn source_files(app: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for name in ["lib", "web"] {
        let dir = app.join(name);
        let paths = files_in(&dir)?.into_iter().map(|path| dir.join(path));
        files.extend(paths.filter(|path| path.is_file()));
    }
    Ok(files)
}

/// Lists the files under a directory, relative to it. A directory that doesn't exist has none.
pub(super) fn files_in(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let files = dir.is_dir().then(|| files_below(dir));
    files.unwrap_or_else(|| Ok(Vec::new()))
}

/// Whether a directory has files with one of these extensions that no package manager installed.
pub(super) fn holds_kinds(dir: &Path, extensions: &[&str]) -> io::Result<bool> {
    let is_installed = |path: &Path| path.iter().any(|part| part == "node_modules");
    let mut files = files_in(dir)?.into_iter();
    Ok(files.any(|path| has_extension(&path, extensions) && !is_installed(&path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_from_one() {
        let locations = Locations::of(Path::new("mix.exs"), "a\nb\n\nc");
        let lines = [0, 1, 2, 4, 5].map(|offset| locations.at(offset).line);
        assert_eq!(lines, [1, 1, 2, 3, 4]);
    }
}
