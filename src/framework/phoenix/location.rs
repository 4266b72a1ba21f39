//! Places in the app's own files, as log lines and errors name them.

use std::fmt;
use std::path::{Path, PathBuf};

/// A line of one of the app's files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SourceLocation {
    /// Relative to the repository.
    pub(crate) file: PathBuf,
    pub(crate) line: usize,
}

impl fmt::Display for SourceLocation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.file.display(), self.line)
    }
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
