//! Reads a secret that a setting gives as a file.

use fs_err as fs;
use std::io;

/// In bytes. A larger file is not a secret.
const LARGEST_SECRET: u64 = 64 << 10;

/// The error does not repeat the path. It may be the secret itself, given by mistake.
pub(super) fn read_secret_file(path: &str) -> io::Result<String> {
    let without_path = |error: io::Error| io::Error::from(error.kind());
    let metadata = fs::metadata(path).map_err(without_path)?;
    if !metadata.is_file() || metadata.len() > LARGEST_SECRET {
        return Err(io::Error::other("not a file of at most 64 KiB"));
    }
    let text = fs::read_to_string(path).map_err(without_path)?;
    let text = text.trim_end_matches(['\n', '\r']);
    if text.is_empty() {
        return Err(io::Error::other("the file is empty"));
    }
    Ok(text.to_owned())
}
