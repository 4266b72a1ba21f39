//! Compresses text for a store that browsers read directly, where nothing else would compress it.

use super::media_type::is_compressible;
use super::{Asset, AssetSource, Manifest, Plain};
use crate::fs::if_exists;
use crate::gzip::{Effort, encoder};
use crate::interrupt::Interrupt;
use crate::parallel::parallel;
use crate::sha256::Sha256;
use fs_err as fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// What compressing has saved, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Saving {
    pub(crate) files: usize,
    pub(crate) before: u64,
    pub(crate) after: u64,
}

#[derive(Debug, derive_more::From)]
pub(crate) enum CompressError {
    Interrupted,
    /// The file is missing, or its bytes are not those that were scanned.
    Changed(PathBuf),
    /// The file can't be read, or its copy can't be written.
    #[from]
    Io(io::Error),
}

impl Manifest {
    /// Stores text gzip-encoded if that saves a twentieth or more. Writes the compressed files into `dir`. A file that
    /// holds its own URL stays as it is: its bytes are known after its version, which is made of them.
    pub(crate) fn compress(self, dir: &Path, interrupt: &Interrupt) -> Result<Self, CompressError> {
        let assets = parallel(&self.assets, |asset| {
            if asset.template.is_some() || !is_compressible(asset.content_type) {
                return Ok(None);
            }
            compress(asset, dir, interrupt)
        })?;
        let pairs = assets.into_iter().zip(self.assets);
        let assets = pairs.map(|(compressed, plain)| compressed.unwrap_or(plain));
        Ok(Self {
            assets: assets.collect(),
        })
    }

    pub(crate) fn saving(&self) -> Saving {
        let assets = self.assets.iter();
        let compressed = assets.filter_map(|asset| Some((asset, asset.plain.as_ref()?)));
        compressed.fold(Saving::default(), |saving, (asset, plain)| Saving {
            files: saving.files + 1,
            before: saving.before + plain.size,
            after: saving.after + asset.size,
        })
    }
}

fn compress(
    asset: &Asset,
    dir: &Path,
    interrupt: &Interrupt,
) -> Result<Option<Asset>, CompressError> {
    let copy = dir.join(&*asset.path);
    if let Some(parent) = copy.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut encoder = encoder(BufWriter::new(fs::File::create(&copy)?), Effort::Best);
    let mut written = Ok(());
    let found = Sha256::of_file(&asset.source(), |chunk| {
        if interrupt.is_raised() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        written = encoder.write_all(chunk);
        written
            .as_ref()
            .map_err(|error| error.kind().into())
            .copied()
    });
    if interrupt.is_raised() {
        return Err(CompressError::Interrupted);
    }
    written?;
    encoder.finish()?.flush()?;
    if if_exists(found)? != Some(asset.sha256) {
        return Err(CompressError::Changed(asset.source().to_path_buf()));
    }
    let size = fs::metadata(&copy)?.len();
    if size.saturating_mul(20) > asset.size.saturating_mul(19) {
        fs::remove_file(&copy)?;
        return Ok(None);
    }
    Ok(Some(Asset {
        size,
        sha256: Sha256::of_file(&copy, |_| Ok(()))?,
        source: AssetSource::At(copy.into()),
        plain: Some(Box::new(Plain {
            size: asset.size,
            sha256: asset.sha256,
        })),
        ..asset.clone()
    }))
}

#[cfg(test)]
mod tests {
    use super::super::{ScanRules, Scanned};
    use super::*;
    use crate::gzip::decompress;
    use crate::version::Version;

    #[test]
    fn an_interrupt_ends_it() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(
            dir.path().join("app.css"),
            "body { color: teal }\n".repeat(100),
        )
        .unwrap();
        let scanned = Scanned::of_dir(dir.path(), &ScanRules::default()).unwrap();
        let (scratch, interrupt) = (tempfile::tempdir().unwrap(), Interrupt::default());
        interrupt.raise();
        let ended = scanned.manifest.compress(scratch.path(), &interrupt);
        assert!(matches!(ended, Err(CompressError::Interrupted)));
    }

    #[test]
    fn text_is_compressed_where_that_saves_and_the_digest_says_so() {
        let dir = tempfile::tempdir().unwrap();
        let css = "a{color:red}".repeat(100);
        let own_url = format!("{css}url(https://cdn/{}/a.svg)", Version::placeholder());
        for (path, content) in [
            ("dir/a.css", css.as_str()),
            ("tiny.css", "a{}"),
            ("own.css", own_url.as_str()),
            ("a.png", css.as_str()),
        ] {
            let file = dir.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, content).unwrap();
        }
        let scanned = Scanned::of_dir(dir.path(), &ScanRules::default()).unwrap();
        let plain = scanned.manifest;
        let compress = || {
            let scratch = tempfile::tempdir().unwrap();
            (
                plain
                    .clone()
                    .compress(scratch.path(), &Interrupt::default())
                    .unwrap(),
                scratch,
            )
        };
        let (compressed, _scratch) = compress();

        let changed: Vec<_> = compressed.assets.iter().zip(&plain.assets).collect();
        let changed = changed.iter().filter(|(one, other)| one != other);
        let [(asset, before)] = changed.collect::<Vec<_>>()[..] else {
            panic!("{compressed:?}");
        };
        assert_eq!(&*asset.path, "dir/a.css");
        let bytes = fs::read(asset.source()).unwrap();
        assert_eq!(decompress(&bytes, 2000).as_deref(), Ok(css.as_bytes()));
        assert_eq!(asset.sha256, Sha256::of(&bytes));
        assert_eq!(
            asset.plain.as_deref(),
            Some(&Plain {
                size: before.size,
                sha256: before.sha256,
            })
        );
        assert_ne!(compressed.digest(None), plain.digest(None));
        assert_eq!(compressed.digest(None), compress().0.digest(None));
        let saving = compressed.saving();
        assert_eq!((saving.files, saving.before), (1, 1200));
        assert_eq!(saving.after, bytes.len() as u64);
    }
}
