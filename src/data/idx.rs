//! MNIST in its publisher's IDX format, gzipped or not.
//!
//! Big-endian header: two zero bytes, type 8 (unsigned byte), number of dimensions, one u32 per dimension, then the bytes.

use super::{DataError, Split};
use crate::bounded;
use flate2::read::GzDecoder;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

const EDGE: u32 = 28;
/// Far more than MNIST and its relatives hold; guards against hostile headers.
const MOST_IMAGES: u32 = 1_000_000;
/// Their pixels, and a header.
const LARGEST_BYTES: u64 = MOST_IMAGES as u64 * (EDGE * EDGE) as u64 + 16;

/// Training and test images of a folder.
///
/// # Errors
/// If a file is missing, damaged, or images and labels do not agree.
pub fn load(folder: &Path) -> Result<(Split, Split), DataError> {
    Ok((split(folder, "train")?, split(folder, "t10k")?))
}

fn split(folder: &Path, part: &str) -> Result<Split, DataError> {
    let (path, bytes) = read(folder, &format!("{part}-images-idx3-ubyte"))?;
    let (counts, pixels) = parse(&path, &bytes, 3)?;
    if counts[1..] != [EDGE, EDGE] {
        return Err(DataError::content(
            path,
            format!("images of {} x {}, expected 28 x 28", counts[1], counts[2]),
        ));
    }
    let (label_path, bytes) = read(folder, &format!("{part}-labels-idx1-ubyte"))?;
    let (label_counts, labels) = parse(&label_path, &bytes, 1)?;
    if label_counts[0] != counts[0] || counts[0] == 0 {
        let problem = format!(
            "{} labels for {} images; the files do not belong together",
            label_counts[0], counts[0]
        );
        return Err(DataError::content(label_path, problem));
    }
    if let Some(index) = labels.iter().position(|&label| label > 9) {
        return Err(DataError::content(
            label_path,
            format!(
                "record {} has the label {}, expected 0 to 9; copy it again",
                index + 1,
                labels[index]
            ),
        ));
    }
    Ok(Split {
        pixels: pixels.to_vec(),
        labels: labels.to_vec(),
    })
}

/// The file with or without `.gz`, unpacked; which one is meant where both are there cannot be told.
fn read(folder: &Path, name: &str) -> Result<(PathBuf, Vec<u8>), DataError> {
    let packed = folder.join(format!("{name}.gz"));
    let plain = folder.join(name);
    let advice = || {
        "MNIST needs train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte there, each with or without .gz".to_string()
    };
    if packed.is_file() && plain.is_file() {
        let problem = format!(
            "it stands there packed ({name}.gz) and unpacked, and they may differ; remove one of the two"
        );
        return Err(DataError::content(plain, problem));
    }
    if packed.is_file() {
        let file = fs::File::open(&packed).map_err(|source| DataError::File {
            path: packed.clone(),
            source,
            advice: advice(),
        })?;
        let mut bytes = Vec::new();
        GzDecoder::new(file)
            // One byte more than fits: what is larger is not cut to a whole file.
            .take(LARGEST_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(|source| {
                DataError::content(packed.clone(), format!("damaged gzip: {source}"))
            })?;
        return Ok((packed, bytes));
    }
    let bytes = bounded::read(&plain, LARGEST_BYTES).map_err(|source| DataError::File {
        path: plain.clone(),
        source,
        advice: advice(),
    })?;
    Ok((plain, bytes))
}

fn parse<'a>(
    path: &Path,
    bytes: &'a [u8],
    dimensions: usize,
) -> Result<(Vec<u32>, &'a [u8]), DataError> {
    let header = 4 + 4 * dimensions;
    let magic = [0, 0, 8, dimensions as u8];
    if bytes.len() < header || bytes[..4] != magic {
        return Err(DataError::content(
            path,
            format!("not an IDX file of bytes with {dimensions} dimensions"),
        ));
    }
    let word =
        |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    let counts: Vec<u32> = (0..dimensions).map(|d| word(4 + 4 * d)).collect();
    let size = counts
        .iter()
        .try_fold(1u64, |size, &count| size.checked_mul(u64::from(count)));
    if counts[0] > MOST_IMAGES || size != Some((bytes.len() - header) as u64) {
        return Err(DataError::content(
            path,
            format!(
                "its header says {counts:?}, but {} bytes follow (at most {MOST_IMAGES} images are read); was it cut off?",
                bytes.len() - header
            ),
        ));
    }
    Ok((counts, &bytes[header..]))
}
