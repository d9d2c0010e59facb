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
    if !bytes.starts_with(&[0x1F, 0x8B]) {
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
