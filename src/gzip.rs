//! Files that may be gzipped: unpacked up to a bound, and packed without a date so that the same content is the same bytes.
//!
//! Not responsible for what is inside.

use crate::bounded;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use std::borrow::Cow;
use std::io::{self, Read, Write};
use std::path::Path;

/// Largest content that is read, packed and unpacked: a gzipped file cannot ask for more.
const LARGEST_BYTES: u64 = 1 << 30;

/// The bytes of a file as they are, gzipped or not.
///
/// # Errors
/// If it cannot be read or is too large.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    bounded::read(path, LARGEST_BYTES)
}

/// True if bytes begin as a gzipped file does.
pub fn is_packed(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1F, 0x8B])
}

/// The content of a file, gzipped or not.
///
/// # Errors
/// What is wrong with it, without its name.
pub fn unpacked(bytes: &[u8]) -> Result<Cow<'_, [u8]>, String> {
    unpacked_within(bytes, LARGEST_BYTES)
}

/// [`unpacked`], up to `most` bytes.
///
/// # Errors
/// What is wrong with it, without its name.
pub fn unpacked_within(bytes: &[u8], most: u64) -> Result<Cow<'_, [u8]>, String> {
    if !is_packed(bytes) {
        return Ok(Cow::Borrowed(bytes));
    }
    let mut plain = Vec::new();
    GzDecoder::new(bytes)
        .take(most + 1)
        .read_to_end(&mut plain)
        .map_err(|error| format!("not a whole gzip file ({error})"))?;
    if plain.len() as u64 > most {
        return Err(format!("more than {} MiB when unpacked", most >> 20));
    }
    Ok(Cow::Owned(plain))
}

/// The bytes of a gzipped file.
///
/// # Errors
/// If there is no memory for them.
pub fn packed(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_unpacked_up_to_its_bound() {
        let content = vec![b'0'; 3 << 20];
        let bytes = packed(&content).expect("memory");
        assert!(bytes.len() < 1 << 13, "{} bytes", bytes.len());
        assert_eq!(packed(&content).expect("memory"), bytes, "without a date");
        assert_eq!(unpacked(&bytes).expect("whole")[..], content[..]);
        assert!(unpacked_within(&bytes, 3 << 20).is_ok());
        let error = unpacked_within(&bytes, 2 << 20).expect_err("larger");
        assert_eq!(error, "more than 2 MiB when unpacked");
        let error = unpacked(&bytes[..bytes.len() / 2]).expect_err("cut off");
        assert!(error.contains("not a whole gzip file"), "{error}");
        assert_eq!(unpacked(b"{}").expect("plain")[..], b"{}"[..]);
    }
}
