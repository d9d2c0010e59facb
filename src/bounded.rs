//! Files read up to a size: pipes and devices have none that could be asked for, and a wrong path must not fill the memory.
//!
//! Not responsible for what is in them.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// Most bytes of what has no length.
const MOST_OF_UNKNOWN: u64 = 1 << 30;

/// The bytes of a file; of a pipe or a device at most 1 GiB.
///
/// # Errors
/// If it cannot be read or has more bytes than `most`.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path)?;
    // Known beforehand of most files, and those that are too long need not be read.
    let about = file.metadata()?;
    let known = about.len();
    let most = if about.is_file() {
        most
    } else {
        most.min(MOST_OF_UNKNOWN)
    };
    if known <= most {
        file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    }
    if known.max(bytes.len() as u64) > most {
        let problem = format!("is larger than {}", size(most));
        return Err(io::Error::new(ErrorKind::FileTooLarge, problem));
    }
    Ok(bytes)
}

fn size(bytes: u64) -> String {
    match bytes {
        1_048_576.. => format!("{} MiB", bytes / 1_048_576),
        _ => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::tempdir;

    #[test]
    fn a_file_of_just_that_size_is_read() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, b"12345").unwrap();
        assert_eq!(read(&path, 5).unwrap(), b"12345");
        let error = read(&path, 4).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FileTooLarge);
        assert_eq!(error.to_string(), "is larger than 4 bytes");
    }

    #[cfg(unix)]
    #[test]
    fn a_device_without_an_end_is_left_at_the_limit() {
        let error = read(Path::new("/dev/zero"), 2 << 20).unwrap_err();
        assert_eq!(error.to_string(), "is larger than 2 MiB");
    }
}
