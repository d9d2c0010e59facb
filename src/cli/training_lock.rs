//! One process at a time in the folder of a training: a lock of the operating system, which ends with its process.
//!
//! The file of the lock stays, empty: whoever removed it could take it from under a process that waits. Where the file
//! system has no locks, nothing is guarded. Not responsible for what else lies in the folder.

use super::input;
use anyhow::{Context, anyhow};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::Path;

/// File of the lock.
const LOCK: &str = "training.lock";

/// The folder is this process's own until this is dropped.
#[derive(Debug)]
pub struct TrainingLock {
    /// Open as long as the folder is locked.
    _file: File,
}

/// Makes the folder, if it is not there, and locks it.
///
/// # Errors
/// If another process has it, or it cannot be made.
pub fn lock(folder: &Path) -> anyhow::Result<TrainingLock> {
    let place = || folder.display().to_string();
    // A file of that name that is somebody else's, or a link to one, is locked and keeps its content.
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    let made = fs::create_dir_all(folder).and_then(|()| options.open(folder.join(LOCK)));
    let file = made.with_context(place).map_err(input)?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(input(anyhow!(
            "{}: another process trains there; wait until it ends, or take another --out",
            place()
        ))),
        Ok(()) | Err(TryLockError::Error(_)) => Ok(TrainingLock { _file: file }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_owner_at_a_time() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path().join("a");
        let first = lock(&folder).unwrap();
        let error = lock(&folder).unwrap_err().to_string();
        assert!(error.contains("another process trains there"), "{error}");
        drop(first);
        lock(&folder).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn nothing_is_emptied_for_a_lock() {
        let scratch = tempfile::tempdir().unwrap();
        let precious = scratch.path().join("precious.txt");
        fs::write(&precious, "irreplaceable").unwrap();
        std::os::unix::fs::symlink(&precious, scratch.path().join(LOCK)).unwrap();
        let locked = lock(scratch.path()).unwrap();
        assert!(lock(scratch.path()).is_err());
        drop(locked);
        assert_eq!(fs::read_to_string(&precious).unwrap(), "irreplaceable");
    }
}
