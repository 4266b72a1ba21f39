//! Gzip, whose bytes depend on nothing but the content: the header has no time and no name.

use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use std::io::{self, Read, Write};

/// The system that the header names.
const UNIX: u8 = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effort {
    /// As Erlang's `zlib:gzip/1`.
    Default,
    /// The smallest result.
    Best,
}

pub(crate) fn encoder<W: Write>(to: W, effort: Effort) -> GzEncoder<W> {
    let level = match effort {
        Effort::Default => Compression::default(),
        Effort::Best => Compression::best(),
    };
    GzBuilder::new().operating_system(UNIX).write(to, level)
}

pub(crate) fn compress(content: &[u8], effort: Effort) -> io::Result<Vec<u8>> {
    let mut encoder = encoder(Vec::new(), effort);
    encoder.write_all(content)?;
    encoder.finish()
}

pub(crate) fn decoder<R: Read>(from: R) -> GzDecoder<R> {
    GzDecoder::new(from)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DecompressError {
    NotGzip,
    /// The content has more bytes than the limit.
    TooLong,
}

/// Returns the content of a gzip file, if it has at most `limit` bytes.
pub(crate) fn decompress(gzip: &[u8], limit: u64) -> Result<Vec<u8>, DecompressError> {
    let mut content = Vec::new();
    let mut limited = decoder(gzip).take(limit.saturating_add(1));
    let read = limited.read_to_end(&mut content);
    if content.len() as u64 > limit {
        return Err(DecompressError::TooLong);
    }
    read.map_err(|_| DecompressError::NotGzip)?;
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sha256::Sha256;

    #[test]
    fn equal_content_has_equal_bytes_without_a_time() {
        let css = b"a{color:red}".repeat(100);
        let gzip = compress(&css, Effort::Best).unwrap();
        assert_eq!(gzip, compress(&css, Effort::Best).unwrap());
        // Versions are named by these bytes, for years.
        let golden = "bfc070f9e2c274adda96390cfb02224b2e44d3770a65ce0a12b092e9557c21dc";
        assert_eq!(Sha256::of(&gzip).to_string(), golden);
        assert_eq!(gzip[..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, UNIX]);
        assert_eq!(decompress(&gzip, 1200).as_deref(), Ok(&css[..]));
        assert_eq!(decompress(&gzip, 1199), Err(DecompressError::TooLong));
        assert_eq!(decompress(b"a{}", 9), Err(DecompressError::NotGzip));
    }
}
