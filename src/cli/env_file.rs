//! A file of `NAME=value` lines that the running app reads: for `docker --env-file`, `$GITHUB_ENV` and the dotenv files of
//! pipelines.

use crate::config::env_vars::{RELEASE_VERSION, STATIC_ASSETS_VERSION, STATIC_URL};
use crate::context::PreviousBuild;
use crate::fs::{ensure_is_file, if_exists};
use crate::launch::{Launch, pin};
use crate::version::Version;
use fs_err as fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

pub(super) struct EnvFile {
    path: PathBuf,
    text: String,
}

const OURS: [&str; 3] = [STATIC_ASSETS_VERSION, STATIC_URL, RELEASE_VERSION.name];

impl EnvFile {
    /// Opens the file for writing, so that one that can't be written is known before any work. A file that does not exist
    /// is empty.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        ensure_is_file(path)?;
        open_to_append(path)?;
        Self::read(path)
    }

    pub(super) fn read(path: &Path) -> io::Result<Self> {
        ensure_is_file(path)?;
        let text = if_exists(fs::read_to_string(path))?.unwrap_or_default();
        let path = path.to_owned();
        Ok(Self { path, text })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What an earlier run published. The file doesn't say to which store.
    pub(super) fn previous_build(&self) -> Option<PreviousBuild> {
        let (version, checked) = (self.version()?, None);
        Some(PreviousBuild { version, checked })
    }

    fn version(&self) -> Option<Version> {
        let own = lines_of(&self.text).filter(|(_, owner)| *owner == Owner::Ours);
        let pairs = own.filter_map(|(line, _)| line.split_once('='));
        let versions = pairs.filter(|(name, _)| *name == STATIC_ASSETS_VERSION);
        versions.filter_map(|(_, value)| value.parse().ok()).last()
    }

    /// Replaces the lines of an earlier run. The other lines stay, also those that were added after it was opened.
    pub(super) fn write(&self, launch: &Launch) -> io::Result<()> {
        let now = Self::read(&self.path)?;
        let text = now.with(launch);
        // If the text only grows, it is appended, so that nothing can be lost.
        if let Some(more) = text.strip_prefix(&now.text) {
            return open_to_append(&self.path)?.write_all(more.as_bytes());
        }
        replace(&self.path, &text).or_else(|_| fs::write(&self.path, &text))
    }

    fn with(&self, launch: &Launch) -> String {
        let others = lines_of(&self.text).filter(|(_, owner)| *owner == Owner::Others);
        let text: String = others.flat_map(|(line, _)| [line, "\n"]).collect();
        text + &pin::lines(launch)
    }
}

fn open_to_append(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.append(true).create(true).open(path)
}

/// Replaces the file by another one. A platform that mounts the file does not allow this.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = fs::canonicalize(path)?;
    let folder = path.parent().unwrap_or_else(|| Path::new("/"));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    let permissions = fs::metadata(&path)?.permissions();
    file.as_file().set_permissions(permissions)?;
    file.persist(&path)?;
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    Ours,
    Others,
}

/// Tells whose each line is. A value can span several lines: `NAME="…` goes up to the closing quote, and GitHub's
/// `NAME<<END` goes up to that word.
fn lines_of(text: &str) -> impl Iterator<Item = (&str, Owner)> {
    let mut until: Option<String> = None;
    text.lines().map(move |line| {
        if let Some(end) = &until {
            if line == end || (end.len() == 1 && line.ends_with(end.as_str())) {
                until = None;
            }
            return (line, Owner::Others);
        }
        if let Some((name, end)) = line.split_once("<<")
            && !name.contains('=')
        {
            until = Some(end.trim().to_owned());
        } else if let Some((name, value)) = line.split_once('=') {
            if OURS.contains(&name) {
                return (line, Owner::Ours);
            }
            if let Some(quote) = value.chars().next().filter(|first| "\"'".contains(*first))
                && !(value.len() > 1 && value.ends_with(quote))
            {
                until = Some(quote.to_string());
            }
        }
        (line, Owner::Others)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::env_vars::STATIC_ASSETS_VERSION;
    use crate::launch::LaunchVar;

    fn launch() -> Launch {
        Launch {
            vars: vec![
                LaunchVar::Override {
                    name: STATIC_ASSETS_VERSION,
                    value: "v2".to_owned(),
                },
                LaunchVar::Url("https://cdn/v2/".to_owned()),
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
    fn lines_within_a_value_are_not_ours() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.env");
        let before = "MULTI=\"abc\nSTATIC_URL=kept\n\"\nX<<EOF\nSTATIC_URL=kept\nEOF\nY='one'\nSTATIC_URL=old\n";
        fs::write(&path, before).unwrap();
        EnvFile::open(&path).unwrap().write(&launch()).unwrap();
        let kept = before.replace("STATIC_URL=old\n", "");
        let written = "STATIC_ASSETS_VERSION=v2\nSTATIC_URL=https://cdn/v2/\n";
        assert_eq!(fs::read_to_string(&path).unwrap(), kept + written);
    }

    #[test]
    fn lines_that_others_add_meanwhile_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.env");
        fs::write(&path, "A=1\nSTATIC_URL=old\n").unwrap();
        let file = EnvFile::open(&path).unwrap();
        fs::write(&path, "A=1\nSTATIC_URL=old\nLATER=1\n").unwrap();
        file.write(&launch()).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(
            text.starts_with("A=1\nLATER=1\nSTATIC_ASSETS_VERSION=v2\n"),
            "{text}"
        );
    }

    #[test]
    fn a_pipe_is_refused() {
        assert!(EnvFile::open(Path::new("/dev/null")).is_err());
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error_before_any_work() {
        assert!(EnvFile::open(Path::new("/nowhere/x.env")).is_err());
    }
}
