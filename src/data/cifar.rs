//! CIFAR-10 in its publisher's binary version: records of one label byte and 3072 pixel bytes (red, green, blue planes).

use super::{DataError, Split};
use crate::bounded;
use std::path::Path;

/// Classes in label order.
pub const CLASSES: [&str; 10] = [
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
];

const RECORD: usize = 1 + 3072;
/// Images of every file as published.
const PUBLISHED: usize = 10_000;
/// Ten files as published in one.
const LARGEST_BYTES: u64 = 10 * (PUBLISHED * RECORD) as u64;
const ADVICE: &str = "CIFAR-10 needs data_batch_1.bin to data_batch_5.bin and test_batch.bin there (the binary version, unpacked)";

/// Training and test images of a folder (or of `cifar-10-batches-bin` inside it).
///
/// # Errors
/// If a file is missing or damaged, or the files have different numbers of images.
pub fn load(folder: &Path) -> Result<(Split, Split), DataError> {
    let inner = folder.join("cifar-10-batches-bin");
    let folder = if inner.is_dir() {
        inner.as_path()
    } else {
        folder
    };
    let (mut train, mut test) = (Split::default(), Split::default());
    let first = folder.join("data_batch_1.bin");
    let records = append(&first, &mut train)?;
    for batch in 2..=5 {
        let path = folder.join(format!("data_batch_{batch}.bin"));
        same(&path, append(&path, &mut train)?, (&first, records))?;
    }
    let path = folder.join("test_batch.bin");
    let found = append(&path, &mut test)?;
    // A set of another size may be tested on as many images as it likes.
    if records == PUBLISHED {
        same(&path, found, (&first, records))?;
    }
    Ok((train, test))
}

/// Refuses files of different lengths: a copy that was cut between two records looks whole by itself.
fn same(path: &Path, found: usize, (first, records): (&Path, usize)) -> Result<(), DataError> {
    if found == records {
        return Ok(());
    }
    let first = super::file_name(first);
    Err(DataError::content(
        path,
        format!(
            "{found} images, but {first} has {records}, and all files have as many; was one of them cut off? Copy it again"
        ),
    ))
}

/// Adds the records of a file and returns how many there are.
fn append(path: &Path, split: &mut Split) -> Result<usize, DataError> {
    let bytes = bounded::read(path, LARGEST_BYTES).map_err(|source| DataError::File {
        path: path.into(),
        source,
        advice: ADVICE.into(),
    })?;
    if bytes.is_empty() || !bytes.len().is_multiple_of(RECORD) {
        return Err(DataError::content(
            path,
            format!(
                "{} bytes are not whole records of {RECORD}; was it cut off?",
                bytes.len()
            ),
        ));
    }
    for (index, record) in bytes.chunks_exact(RECORD).enumerate() {
        if record[0] > 9 {
            return Err(DataError::content(
                path,
                format!(
                    "record {} has the label {}, expected 0 to 9; copy it again",
                    index + 1,
                    record[0]
                ),
            ));
        }
        split.labels.push(record[0]);
        split.pixels.extend_from_slice(&record[1..]);
    }
    Ok(bytes.len() / RECORD)
}
