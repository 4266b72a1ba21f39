//! Assets on this machine, verified to hold what was scanned. Large ones are read in chunks, which bounds the memory.

use super::receipt::{Md5Hash, md5_of};
use super::{StoreError, StoreResult};
use crate::fs::ensure_is_file;
use crate::manifest::Asset;
use crate::sha256::Sha256;
use fs_err as fs;
use sha2::Digest;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

const CHUNK: usize = 1 << 20;

pub(super) struct AssetBody {
    pub(super) content: Vec<u8>,
    pub(super) md5: Md5Hash,
}

pub(super) fn read_asset(asset: &Asset) -> StoreResult<AssetBody> {
    let content = fs::read(asset.source()).map_err(|error| read_error(error, asset))?;
    verify_hash(asset, Sha256::of(&content))?;
    let md5 = md5_of(&content);
    Ok(AssetBody { content, md5 })
}

pub(super) fn read_asset_chunks(
    asset: &Asset,
    chunk: impl FnMut(&[u8]) -> io::Result<()>,
) -> StoreResult {
    let hash = hash_file(&asset.source(), chunk).map_err(|error| read_error(error, asset))?;
    verify_hash(asset, hash)
}

/// Hashes a file and hands each of its chunks on.
pub(super) fn hash_file(
    path: &Path,
    mut chunk: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<Sha256> {
    ensure_is_file(path)?;
    let mut file = BufReader::with_capacity(CHUNK, fs::File::open(path)?);
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

pub(super) fn verify_hash(asset: &Asset, hash: Sha256) -> StoreResult {
    if hash != asset.sha256 {
        return Err(asset_changed(asset));
    }
    Ok(())
}

pub(super) fn asset_changed(asset: &Asset) -> StoreError {
    StoreError::AssetChanged(asset.source().into_owned())
}

/// A missing asset has changed since it was scanned.
pub(super) fn read_error(error: io::Error, asset: &Asset) -> StoreError {
    match error.kind() {
        io::ErrorKind::NotFound if !asset.source().exists() => asset_changed(asset),
        _ => error.into(),
    }
}
