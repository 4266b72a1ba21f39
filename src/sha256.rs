//! A SHA-256 hash, shown and stored as hexadecimal digits.

use crate::encoding::hex;
use crate::fs::open_file;
use serde::{Deserialize, Serialize, Serializer};
use sha2::Digest;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

/// How much of a file is in memory while it is hashed. A small file gets no more than it needs.
const CHUNK: usize = 1 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, derive_more::Display, Deserialize)]
#[display("{}", hex(_0))]
#[serde(try_from = "String")]
pub(crate) struct Sha256([u8; 32]);

impl Sha256 {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// Hashes a file of any size in little memory, and hands each of its chunks on.
    pub(crate) fn of_file(
        path: &Path,
        mut chunk: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<Self> {
        let file = open_file(path)?;
        let size = usize::try_from(file.metadata()?.len()).unwrap_or(CHUNK);
        let mut file = BufReader::with_capacity(size.clamp(1, CHUNK), file);
        let mut hasher = sha2::Sha256::new();
        loop {
            let content = file.fill_buf()?;
            if content.is_empty() {
                return Ok(hasher.into());
            }
            hasher.update(content);
            chunk(content)?;
            let length = content.len();
            file.consume(length);
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<sha2::Sha256> for Sha256 {
    fn from(hasher: sha2::Sha256) -> Self {
        Self(hasher.finalize().into())
    }
}

impl TryFrom<String> for Sha256 {
    type Error = &'static str;

    fn try_from(digits: String) -> Result<Self, Self::Error> {
        const NOT_HEX: &str = "not a SHA-256 in hex";
        if digits.len() != 64 || !digits.is_ascii() {
            return Err(NOT_HEX);
        }
        let mut bytes = [0; 32];
        for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
            *byte = u8::from_str_radix(&digits[at..at + 2], 16).map_err(|_| NOT_HEX)?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Sha256 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
