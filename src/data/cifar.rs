//! CIFAR-10 in its publisher's binary version: records of one label byte and 3072 pixel bytes (red, green, blue planes).

use super::{DataError, Split};
use std::fs;
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
const ADVICE: &str = "CIFAR-10 needs data_batch_1.bin to data_batch_5.bin and test_batch.bin there (the binary version, unpacked)";

/// Training and test images of a folder (or of `cifar-10-batches-bin` inside it).
///
/// # Errors
/// If a file is missing or damaged.
pub fn load(folder: &Path) -> Result<(Split, Split), DataError> {
    let inner = folder.join("cifar-10-batches-bin");
    let folder = if inner.is_dir() {
        inner.as_path()
    } else {
        folder
    };
    let mut train = Split::default();
    for batch in 1..=5 {
        append(&folder.join(format!("data_batch_{batch}.bin")), &mut train)?;
    }
    let mut test = Split::default();
    append(&folder.join("test_batch.bin"), &mut test)?;
    Ok((train, test))
}

fn append(path: &Path, split: &mut Split) -> Result<(), DataError> {
    let bytes = fs::read(path).map_err(|source| DataError::File {
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
    for record in bytes.chunks_exact(RECORD) {
        if record[0] > 9 {
            return Err(DataError::content(
                path,
                format!("label {}, expected 0 to 9", record[0]),
            ));
        }
        split.labels.push(record[0]);
        split.pixels.extend_from_slice(&record[1..]);
    }
    Ok(())
}
