//! Which versions are in use, by what somebody says: the text of a page, or lines with versions, URLs and labels of images.

use crate::http::{Client, FetchError};
use crate::inventory::{Inventory, VersionEntry, VersionState};
use crate::version::Version;
use std::collections::BTreeSet;

/// In bytes.
const LARGEST_PAGE: u64 = 16 << 20;

/// A text that names versions which are in use.
#[derive(Debug)]
pub(crate) struct InUse {
    pub(crate) source: InUseSource,
    text: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum InUseSource {
    /// The page at this URL.
    Page(String),
    Stdin,
}

/// Why nothing is known of the versions in use.
#[derive(Debug)]
pub(crate) enum InUseError {
    Unreachable(String, FetchError),
    /// The page answers with another status than 200.
    Status(String, u16),
    /// The page is larger than what is read.
    TooLong(String),
    /// It names no version of the store, although something runs.
    NamesNone(InUseSource),
}

impl InUse {
    pub(crate) fn of_page(url: &str, client: &Client) -> Result<Self, InUseError> {
        let answer = client.get(url, &[("Accept-Encoding", "identity")], LARGEST_PAGE);
        let answer = answer.map_err(|error| InUseError::Unreachable(url.to_owned(), error))?;
        if answer.status != 200 {
            return Err(InUseError::Status(url.to_owned(), answer.status));
        }
        if answer.body.len() as u64 == LARGEST_PAGE {
            return Err(InUseError::TooLong(url.to_owned()));
        }
        Ok(Self {
            source: InUseSource::Page(url.to_owned()),
            text: String::from_utf8_lossy(&answer.body).into_owned(),
        })
    }

    pub(crate) fn of_stdin(text: String) -> Self {
        let source = InUseSource::Stdin;
        Self { source, text }
    }

    /// Finds the versions that the text names. A word that only looks like one of the store keeps it, which does no harm.
    /// A line of standard input that is a version and nothing else is one, even if the store does not have it. Also returns
    /// the lines that name none.
    pub(super) fn versions(
        &self,
        inventory: &Inventory,
    ) -> Result<(BTreeSet<Version>, Vec<&str>), InUseError> {
        let is_there = |it: &&VersionEntry| it.state != VersionState::Deleted;
        let known = inventory.versions.iter().filter(is_there);
        let known: BTreeSet<&str> = known.map(|it| it.version.as_str()).collect();
        let mut found = BTreeSet::new();
        let (mut unknown, mut without) = (BTreeSet::new(), Vec::new());
        // An image without labels prints one of these.
        let is_empty = |line: &&str| matches!(line.trim(), "" | "null" | "{}" | "map[]");
        for line in self.text.lines().filter(|line| !is_empty(line)) {
            let words = line.split(|letter: char| !is_of_version(letter));
            // A sentence may end after it.
            let words = words.flat_map(|word| [word, word.trim_end_matches(['.', '-', '_'])]);
            let mut is_named = false;
            for version in words.filter_map(|word| known.get(word)) {
                is_named = true;
                found.extend(version.parse::<Version>());
            }
            match line.trim().parse::<Version>() {
                _ if is_named => {}
                Ok(version) if self.source == InUseSource::Stdin => {
                    unknown.insert(version);
                }
                _ => without.push(line),
            }
        }
        if found.is_empty() {
            return Err(InUseError::NamesNone(self.source.clone()));
        }
        found.append(&mut unknown);
        Ok((found, without))
    }
}

fn is_of_version(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-')
}
