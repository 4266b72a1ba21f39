//! The app that is built: plain paths and the environment of its child processes.

use crate::env::ChildEnv;
use crate::manifest::holds_placeholder;
use crate::version::Version;
use fs_err as fs;
use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

pub(crate) struct App {
    pub(crate) dir: PathBuf,
    /// Ours alone, outside the app, removed at the end.
    pub(crate) scratch: PathBuf,
    /// Where the door puts [`crate::launch::Launch::files`], as the running app sees it.
    pub(crate) injected: PathBuf,
    pub(crate) hook: HookPlace,
    /// Where a release waits for its upload, where that comes later.
    pub(crate) prepared: PathBuf,
    pub(crate) node: NodeSupply,
    /// What a build leaves here, the next one of this app finds again.
    pub(crate) cache: Option<PathBuf>,
    /// What the build before this one published, where the door knows it.
    pub(crate) previous: Option<Version>,
    pub(crate) env: ChildEnv,
}

/// Who brings Node.js where an app's pipeline needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NodeSupply {
    /// Another buildpack, or a line of the Dockerfile.
    Platform,
    /// This build step, into its cache, from the official distribution. It is put here for the running app
    /// where that asks for it.
    Official { kept: PathBuf },
}

/// How the processes of the running app come to load what they need of us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HookPlace {
    /// Python's from the injected folder, which the door puts in front of `PYTHONPATH`.
    PythonPath,
    /// Python's from the interpreter's own packages. They must lie in `within`, where only that is deployed.
    SitePackages {
        within: Option<PathBuf>,
        /// Read where the environment has no pin.
        pin: Option<PathBuf>,
    },
}

impl HookPlace {
    pub(crate) fn pin(&self) -> Option<&Path> {
        match self {
            Self::SitePackages { pin, .. } => pin.as_deref(),
            Self::PythonPath => None,
        }
    }
}

/// Folders that hold other people's code, or none that the app runs.
const FOREIGN_FOLDERS: [&str; 9] = [
    "node_modules",
    "site-packages",
    "venv",
    "env",
    "vendor",
    "tests",
    "test",
    "fixtures",
    "__pycache__",
];

impl App {
    pub(crate) fn relative<'a>(&self, path: &'a Path) -> &'a Path {
        path.strip_prefix(&self.dir).unwrap_or(path)
    }

    /// A file of the app, changed since `start` and none of `known`, that still holds the placeholder.
    pub(crate) fn leftover_placeholder(
        &self,
        start: SystemTime,
        known: &HashSet<PathBuf>,
    ) -> io::Result<Option<PathBuf>> {
        let mut known = known.clone();
        known.insert(self.scratch.clone());
        leftover_in(&self.dir, start, &known)
    }
}

fn leftover_in(
    folder: &Path,
    start: SystemTime,
    known: &HashSet<PathBuf>,
) -> io::Result<Option<PathBuf>> {
    // What the build's own user can't read, the compile has not written.
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

/// The files called `name` in the app's own folders, the shallowest first, at most `depth` folders
/// below its root.
pub(crate) fn files_named(root: &Path, name: &str, depth: usize) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut level = vec![root.to_owned()];
    for _ in 0..=depth {
        let mut below = Vec::new();
        for folder in level {
            let file = folder.join(name);
            if file.is_file() {
                found.push(file);
            }
            let entries = match fs::read_dir(&folder) {
                // What the build's own user can't read is no part of the app.
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied && folder != root => {
                    continue;
                }
                entries => entries?,
            };
            for entry in entries {
                let entry = entry?;
                if entry.file_type()?.is_dir() && !is_foreign(&entry.file_name().to_string_lossy())
                {
                    below.push(entry.path());
                }
            }
        }
        below.sort();
        level = below;
    }
    Ok(found)
}

/// Whether a folder of an app holds what others wrote, or what it does not run.
pub(crate) fn is_foreign(folder: &str) -> bool {
    folder.starts_with('.') || FOREIGN_FOLDERS.contains(&folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Env;
    use crate::version::PLACEHOLDER;

    #[test]
    fn files_named_skips_foreign_folders_and_what_is_too_deep() {
        let root = tempfile::tempdir().unwrap();
        for path in [
            "b/manage.py",
            "a/c/manage.py",
            "a/b/c/manage.py",
            "node_modules/manage.py",
            "tests/manage.py",
            ".venv/manage.py",
        ] {
            let file = root.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "").unwrap();
        }
        let found = files_named(root.path(), "manage.py", 2).unwrap();
        assert_eq!(
            found,
            [
                root.path().join("b/manage.py"),
                root.path().join("a/c/manage.py")
            ]
        );
    }

    #[test]
    fn leftover_placeholder_is_found_in_new_files_only() {
        let root = tempfile::tempdir().unwrap();
        let app = App {
            dir: root.path().to_owned(),
            scratch: PathBuf::new(),
            injected: PathBuf::new(),
            hook: HookPlace::PythonPath,
            prepared: PathBuf::new(),
            node: NodeSupply::Platform,
            cache: None,
            previous: None,
            env: Env::default().for_children(&[], []),
        };
        let file = root.path().join("stats.json");
        fs::write(&file, PLACEHOLDER).unwrap();
        let found = app
            .leftover_placeholder(SystemTime::UNIX_EPOCH, &HashSet::new())
            .unwrap();
        assert_eq!(found, Some(file));
        let tomorrow = SystemTime::now() + std::time::Duration::from_hours(24);
        assert_eq!(
            app.leftover_placeholder(tomorrow, &HashSet::new()).unwrap(),
            None
        );
    }
}
