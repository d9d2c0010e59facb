//! Short text files that users write (hardware, networks, experiments): read to a limit, as UTF-8.
//!
//! Pipes and devices have no size that could be asked for, so the limit is on what is read. Not responsible for what the text says.

use std::fs::File;
use std::io::{self, Read};

/// A file of a page or two; more than this is another file.
const LARGEST_BYTES: u64 = 1 << 20;

/// Why there is no text.
#[derive(Debug)]
pub enum Fault {
    /// The file cannot be read.
    File(io::Error),
    /// It is larger than 1 MiB.
    Large,
    /// It is not UTF-8 from this line (counted from 1) on.
    NotText(usize),
}

/// The text of a file.
///
/// # Errors
/// If it cannot be read, is too large or is no text.
pub fn read(path: &str) -> Result<String, Fault> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(Fault::File)?;
    let mut limited = file.take(LARGEST_BYTES + 1);
    limited.read_to_end(&mut bytes).map_err(Fault::File)?;
    if bytes.len() as u64 > LARGEST_BYTES {
        return Err(Fault::Large);
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        Fault::NotText(valid.iter().filter(|byte| **byte == b'\n').count() + 1)
    })
}
