//! What the running app must find, as `NAME=value` lines: for `docker --env-file`, `$GITHUB_ENV` and
//! pipelines' dotenv files.

use crate::config::names::{RELEASE_VERSION, STATIC_ASSETS_VERSION, STATIC_URL};
use crate::launch::{Launch, LaunchVar};
use crate::version::Version;
use fs_err as fs;
use std::io;
use std::path::{Path, PathBuf};

pub(super) struct EnvFile {
    path: PathBuf,
    text: String,
}

const OURS: [&str; 3] = [STATIC_ASSETS_VERSION, STATIC_URL, RELEASE_VERSION.name];

impl EnvFile {
    /// One that does not exist yet is empty. One that can't be written is known before any work.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(path)?;
        Self::read(path)
    }

    pub(super) fn read(path: &Path) -> io::Result<Self> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error),
        };
        Ok(Self {
            path: path.to_owned(),
            text,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What an earlier run left.
    pub(super) fn version(&self) -> Option<Version> {
        let value = |line: &str| {
            let value = line
                .strip_prefix(STATIC_ASSETS_VERSION)?
                .strip_prefix('=')?;
            value.parse().ok()
        };
        self.text.lines().rev().find_map(value)
    }

    /// Replaces the lines of an earlier run; the others stay. In place: some platforms mount the file.
    pub(super) fn write(&self, launch: &Launch) -> io::Result<()> {
        // Read again: commands of the build may have added lines.
        let now = Self::read(&self.path)?;
        fs::write(&now.path, now.with(launch))
    }

    fn with(&self, launch: &Launch) -> String {
        let is_ours = |line: &&str| {
            let name = line.split_once('=').map_or(*line, |(name, _)| name);
            OURS.contains(&name)
        };
        let kept = self.text.lines().filter(|line| !is_ours(line));
        let mut text: String = kept.flat_map(|line| [line, "\n"]).collect();
        for var in &launch.vars {
            match var {
                LaunchVar::Override { name, value } | LaunchVar::Default { name, value } => {
                    text.extend([name, "=", value.as_str(), "\n"]);
                }
                // Of a folder beside the app, which the command line has not.
                LaunchVar::PrependFolder { .. } => {}
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn launch() -> Launch {
        Launch {
            vars: vec![
                LaunchVar::Override {
                    name: STATIC_ASSETS_VERSION,
                    value: "v2".to_owned(),
                },
                LaunchVar::Default {
                    name: STATIC_URL,
                    value: "https://cdn/v2/".to_owned(),
                },
            ],
            ..Launch::default()
        }
    }

    #[test]
    fn own_lines_are_replaced_and_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.env");
        EnvFile::open(&path).unwrap().write(&launch()).unwrap();
        let written = "STATIC_ASSETS_VERSION=v2\nSTATIC_URL=https://cdn/v2/\n";
        assert_eq!(fs::read_to_string(&path).unwrap(), written);

        let before = "A=1\nSTATIC_URL=old\nSTATIC_URL_OF_ANOTHER=x\nSTATIC_ASSETS_VERSION=v1\nB=2";
        fs::write(&path, before).unwrap();
        let file = EnvFile::open(&path).unwrap();
        assert_eq!(file.version().unwrap().as_str(), "v1");
        file.write(&launch()).unwrap();
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            format!("A=1\nSTATIC_URL_OF_ANOTHER=x\nB=2\n{written}")
        );
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error_before_any_work() {
        assert!(EnvFile::open(Path::new("/nowhere/x.env")).is_err());
    }
}
