//! Which versions are in use, by what somebody says: the text of a page, or lines with versions, URLs and labels of images.

use crate::http::{Client, FetchError};
use crate::inventory::{Inventory, VersionEntry, VersionState};
use crate::version::Version;
use std::collections::BTreeSet;
use std::io::{self, Read};

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
    /// There is more than what is read.
    TooLong(InUseSource),
    /// It names no version of the store, although something runs.
    NamesNone(InUseSource),
}

impl InUse {
    pub(crate) fn of_page(url: &str, client: &Client) -> Result<Self, InUseError> {
        let answer = client.get(url, &[("Accept-Encoding", "identity")], LARGEST_PAGE);
        let mut answer = answer.map_err(|error| InUseError::Unreachable(url.to_owned(), error))?;
        // A page that stays encoded names no version, which is an error.
        answer.decode(LARGEST_PAGE);
        if answer.status != 200 {
            return Err(InUseError::Status(url.to_owned(), answer.status));
        }
        if answer.body.len() as u64 == LARGEST_PAGE {
            return Err(InUseError::TooLong(InUseSource::Page(url.to_owned())));
        }
        Ok(Self {
            source: InUseSource::Page(url.to_owned()),
            text: String::from_utf8_lossy(&answer.body).into_owned(),
        })
    }

    pub(crate) fn of_stdin(input: impl Read) -> io::Result<Result<Self, InUseError>> {
        let mut text = Vec::new();
        input.take(LARGEST_PAGE).read_to_end(&mut text)?;
        let source = InUseSource::Stdin;
        if text.len() as u64 == LARGEST_PAGE {
            return Ok(Err(InUseError::TooLong(source)));
        }
        let text = String::from_utf8_lossy(&text).into_owned();
        Ok(Ok(Self { source, text }))
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
        // A page also holds numbers that are none of its versions.
        let mut is_linked = self.source == InUseSource::Stdin;
        // An image without labels prints one of these.
        let is_empty = |line: &&str| matches!(line.trim(), "" | "null" | "{}" | "map[]");
        for line in self.text.lines().filter(|line| !is_empty(line)) {
            let decoded = decoded(line);
            let texts = [line, &*decoded];
            let words = texts
                .iter()
                .flat_map(|text| text.split(|it| !is_of_version(it)));
            // A sentence may end after it.
            let words = words.flat_map(|word| [word, word.trim_end_matches(['.', '-', '_'])]);
            let mut is_named = false;
            for version in words.filter_map(|word| known.get(word)) {
                is_named = true;
                let in_path = format!("/{version}/");
                is_linked |= texts.iter().any(|text| text.contains(&in_path));
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
        if found.is_empty() || !is_linked {
            return Err(InUseError::NamesNone(self.source.clone()));
        }
        found.append(&mut unknown);
        Ok((found, without))
    }
}

fn is_of_version(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-')
}

/// The text with what URLs and scripts escape: `%2F`, `\u002F` and `\x2F` are slashes.
fn decoded(text: &str) -> String {
    let mut decoded = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['%', '\\']) {
        decoded.push_str(&rest[..at]);
        rest = &rest[at..];
        let escapes = [("%", 2), ("\\u", 4), ("\\x", 2)];
        let letter = escapes.iter().find_map(|(start, digits)| {
            let code = rest.strip_prefix(start)?.get(..*digits)?;
            let letter = char::from_u32(u32::from_str_radix(code, 16).ok()?)?;
            Some((letter, start.len() + digits))
        });
        let (letter, length) = letter.unwrap_or((' ', 1));
        decoded.push(letter);
        rest = &rest[length..];
    }
    decoded.push_str(rest);
    decoded
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn escaped_slashes_are_slashes() {
        for (text, expected) in [
            ("next=%2Fv1%2fa.css", "next=/v1/a.css"),
            (r"\u002Fv1\x2fa.css", "/v1/a.css"),
            (r"100% \/v1\/é%zz%", "100   /v1 /é zz "),
        ] {
            assert_eq!(decoded(text), expected);
        }
    }
}
