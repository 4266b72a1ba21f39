//! Assets on this machine, verified to hold what was scanned. Large ones are read in chunks, which bounds the memory.

use super::receipt::{Md5Hash, md5_of};
use super::{StoreError, StoreResult};
use crate::fs::open_file;
use crate::manifest::Asset;
use crate::sha256::Sha256;
use std::io::{self, Read};

pub(super) fn read_asset(asset: &Asset) -> StoreResult<(Vec<u8>, Md5Hash)> {
    let mut content = Vec::new();
    let file = open_file(&asset.source());
    let read = file.and_then(|mut file| file.read_to_end(&mut content));
    read.map_err(|error| read_error(error, asset))?;
    verify_hash(asset, Sha256::of(&content))?;
    let md5 = md5_of(&content);
    Ok((content, md5))
}

pub(super) fn read_asset_chunks(
    asset: &Asset,
    chunk: impl FnMut(&[u8]) -> io::Result<()>,
) -> StoreResult {
    let hash = Sha256::of_file(&asset.source(), chunk).map_err(|error| read_error(error, asset))?;
    verify_hash(asset, hash)
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
