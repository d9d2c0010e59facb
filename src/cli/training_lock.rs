//! One process at a time in the folder of a training: a lock of the operating system, which ends with its process.
//!
//! The file of the lock stays, empty: whoever removed it could take it from under a process that waits. Where the file
//! system has no locks, nothing is guarded. Not responsible for what else lies in the folder.

use super::input;
use anyhow::{Context, anyhow};
use std::fs::{self, File, TryLockError};
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
    let made = fs::create_dir_all(folder).and_then(|()| File::create(folder.join(LOCK)));
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
}
