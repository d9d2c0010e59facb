//! Files that are whole or not there: written under a temporary name, forced to the disk, then renamed.
//!
//! Not responsible for what the files hold, nor for folders that appear as a whole (`report`), which write their files
//! through here.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Replaces the file at `path`: its bytes lie under `path` with the extension `tmp` until they are on the disk.
///
/// # Errors
/// If the file system refuses; the old file is then untouched and the temporary one gone.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension("tmp");
    let written = write_new(&temporary, bytes).and_then(|()| rename(&temporary, path));
    if written.is_err() {
        // The first error is the one to report.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Writes a file of which nobody knows yet, and forces it to the disk.
///
/// # Errors
/// If the file system refuses; a part of the file may then be left.
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Renames a file or a folder and makes the new name last.
///
/// # Errors
/// If the file system refuses.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty());
    // The name is in place already; not every system can force a folder to the disk.
    let _ = File::open(parent.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_and_nothing_else() {
        let folder = std::env::temp_dir().join(format!("imcsim-durable-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("taken.txt/inside")).unwrap();
        let names = || {
            let mut names: Vec<_> = fs::read_dir(&folder)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        };
        replace(&folder.join("a.txt"), b"first").unwrap();
        replace(&folder.join("a.txt"), b"second").unwrap();
        assert_eq!(fs::read(folder.join("a.txt")).unwrap(), b"second");
        assert!(replace(&folder.join("taken.txt"), b"x").is_err());
        assert!(replace(&folder.join("absent/a.txt"), b"x").is_err());
        assert_eq!(names(), ["a.txt", "taken.txt"]);
        fs::remove_dir_all(&folder).unwrap();
    }
}
