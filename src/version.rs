//! The name of a release.

use crate::sha256::Sha256;
use std::str::FromStr;

const LONGEST: usize = 63;
const DIGEST_CHARACTERS: usize = 20;
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Stands for the version in files that hold their own URL, until their content decides the version.
/// It is as long as a digest version, so that replacing it keeps the size of a file.
pub(crate) const PLACEHOLDER: &str = "vsaplaceholder234567";

/// One path segment: `[A-Za-z0-9][A-Za-z0-9._-]{0,62}`, without `..`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, derive_more::Display)]
pub(crate) struct Version(String);

impl Version {
    pub(crate) fn placeholder() -> Self {
        Self(PLACEHOLDER.to_owned())
    }

    /// Stands for a version in the store of `doctor`, which no build can have.
    pub(crate) fn of_samples() -> Self {
        Self("_doctor".to_owned())
    }

    /// The digest version: the first 20 base32 characters of the digest, in lower case.
    pub(crate) fn of_digest(digest: &Sha256) -> Self {
        let bytes = digest.as_bytes()[..16].iter();
        let bits = bytes.fold(0_u128, |bits, byte| (bits << 8) | u128::from(*byte));
        let character = |index| char::from(BASE32[(bits >> (123 - 5 * index)) as usize & 31]);
        Self((0..DIGEST_CHARACTERS).map(character).collect())
    }

    /// Whether the name has the form of a digest version. A release may have it only if its files give it.
    pub(crate) fn looks_like_digest(&self) -> bool {
        self.0.len() == DIGEST_CHARACTERS && self.0.bytes().all(|byte| BASE32.contains(&byte))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ParseVersionError;

impl FromStr for Version {
    type Err = ParseVersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let is_version = text.starts_with(|first: char| first.is_ascii_alphanumeric())
            && text.len() <= LONGEST
            && text.bytes().all(is_allowed)
            && !text.contains("..")
            && text != PLACEHOLDER;
        (is_version.then(|| Self(text.to_owned()))).ok_or(ParseVersionError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_versions() {
        for text in [
            "1",
            "v1.2.3",
            "2026-11-22_3",
            "4f1c2ab",
            "a.b-c_d",
            "a.",            // Azure refuses a trailing dot in a name, not in a folder's name
            &"x".repeat(63), // the longest
        ] {
            assert!(text.parse::<Version>().is_ok(), "{text} is valid");
        }
    }

    #[test]
    fn invalid_versions() {
        for text in [
            "",
            ".hidden", // would be a dot file, and `.static-assets` is ours
            "-v1",     // would be an option somewhere
            "a..b",    // a parent folder to careless software
            "..",
            "a/b", // two segments
            "a\\b",
            "a b",
            "a%2fb",
            "é",
            "a\n",
            "a?b",
            PLACEHOLDER, // stands for a version, is none
            &"x".repeat(64),
        ] {
            assert!(text.parse::<Version>().is_err(), "{text:?} is invalid");
        }
    }

    #[test]
    fn of_digest_is_the_base32_of_its_first_100_bits() {
        let digest = Sha256::of(b"hello\n");
        // printf 'hello\n' | sha256sum | xxd -r -p | base32 | cut -c1-20 | tr A-Z a-z
        assert_eq!(Version::of_digest(&digest).as_str(), "lci3lnjc2xpqq3ip6cyr");
        assert!(Version::of_digest(&digest).looks_like_digest());
    }

    #[test]
    fn the_placeholder_has_the_shape_of_a_digest_version() {
        assert!(Version::placeholder().looks_like_digest());
    }
}
