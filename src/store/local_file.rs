//! Files of this machine, read in chunks: one of gigabytes takes no more memory than any other.

use super::StoreError;
use crate::fs::ensure_is_file;
use crate::manifest::Asset;
use crate::sha256::Sha256;
use fs_err as fs;
use sha2::Digest;
use std::io::{self, Read};
use std::path::Path;

const CHUNK: usize = 1 << 20;

/// An asset that is gone has changed since it was scanned.
pub(super) fn of_asset(error: io::Error, asset: &Asset) -> StoreError {
    match error.kind() {
        io::ErrorKind::NotFound if !asset.source().exists() => StoreError::Changed {
            path: asset.source().into_owned(),
        },
        _ => error.into(),
    }
}

/// The hash of a file, each chunk of which is handed on.
pub(super) fn hashed(
    path: &Path,
    mut chunk: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<Sha256> {
    ensure_is_file(path)?;
    let mut file = fs::File::open(path)?;
    let size = usize::try_from(file.metadata()?.len()).unwrap_or(CHUNK);
    let mut content = Vec::with_capacity(size.min(CHUNK));
    let mut hasher = sha2::Sha256::new();
    loop {
        let mut next = Read::by_ref(&mut file).take(CHUNK as u64);
        if next.read_to_end(&mut content)? == 0 {
            return Ok(hasher.into());
        }
        hasher.update(&content);
        chunk(&content)?;
        content.clear();
    }
}
