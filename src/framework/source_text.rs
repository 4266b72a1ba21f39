//! The texts of an app's files, and places in them as log lines and errors name them.

use crate::fs::read_file;
use serde::Deserialize;
use std::io;
use std::path::{Path, PathBuf};

pub(super) fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| extensions.contains(&extension))
}

/// Reads a text whatever its encoding is: what matters in it is ASCII.
pub(super) fn read_text(path: &Path) -> io::Result<String> {
    Ok(String::from_utf8_lossy(&read_file(path)?).into_owned())
}

/// A line of one of the app's files.
#[derive(Clone, Debug, PartialEq, Eq, derive_more::Display, Deserialize)]
#[display("{}:{line}", file.display())]
pub(crate) struct SourceLocation {
    /// Relative to the repository, or a URL path.
    pub(crate) file: PathBuf,
    pub(crate) line: usize,
}

/// Turns offsets in the text of one file into locations.
pub(super) struct Locations<'a> {
    file: &'a Path,
    line_ends: Vec<usize>,
}

impl<'a> Locations<'a> {
    /// `file` is relative to the repository.
    pub(super) fn of(file: &'a Path, text: &str) -> Self {
        Self {
            file,
            line_ends: memchr::memchr_iter(b'\n', text.as_bytes()).collect(),
        }
    }

    /// Returns the location of an offset. Lines are counted from 1.
    pub(super) fn at(&self, offset: usize) -> SourceLocation {
        SourceLocation {
            file: self.file.to_owned(),
            line: self.line_ends.partition_point(|end| *end < offset) + 1,
        }
    }
}
