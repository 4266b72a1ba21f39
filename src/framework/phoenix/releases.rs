//! Releases that were assembled before this build step, such as by the Elixir buildpack with `release=true`.

use super::runtime_exs::Script;
use fs_err as fs;
use std::io;
use std::path::{Path, PathBuf};

/// One version of one release.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct AssembledRelease {
    /// `_build/prod/rel/shop`, below the project.
    pub(super) folder: PathBuf,
    /// The script that it evaluates at boot.
    pub(super) script: Option<(PathBuf, Script)>,
}

impl AssembledRelease {
    /// Those of a project, sorted.
    pub(super) fn below(project: &Path) -> io::Result<Vec<Self>> {
        let mut found = Vec::new();
        for build in folders(&project.join("_build"))? {
            for folder in folders(&build.join("rel"))? {
                for version in folders(&folder.join("releases"))? {
                    let script = [
                        ("runtime.exs", Script::Runtime),
                        ("releases.exs", Script::Releases),
                    ]
                    .into_iter()
                    .map(|(name, kind)| (version.join(name), kind))
                    .find(|(path, _)| path.is_file());
                    // A version has at least its boot script.
                    if script.is_some() || version.join("start.boot").is_file() {
                        found.push(Self {
                            folder: folder.clone(),
                            script,
                        });
                    }
                }
            }
        }
        Ok(found)
    }

    /// `priv/static` of an app, as the release has it: of whatever version the app is.
    pub(super) fn static_folder(&self, otp_app: &str) -> io::Result<Option<PathBuf>> {
        let prefix = format!("{otp_app}-");
        let apps = folders(&self.folder.join("lib"))?;
        Ok(apps
            .into_iter()
            .filter(|folder| {
                let name = folder.file_name().unwrap_or_default().to_string_lossy();
                let version = name.strip_prefix(&prefix);
                version.is_some_and(|version| {
                    version.starts_with(|digit: char| digit.is_ascii_digit())
                })
            })
            .map(|folder| folder.join("priv/static"))
            .find(|folder| folder.is_dir()))
    }
}

fn folders(parent: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(parent) {
        Ok(entries) => entries,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            return Ok(Vec::new());
        }
        Err(error) => return Err(error),
    };
    let mut folders = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            folders.push(path);
        }
    }
    folders.sort();
    Ok(folders)
}
