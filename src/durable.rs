//! Files that are whole or not there: written under a temporary name, forced to the disk, then renamed.
//!
//! Temporary names are hidden and belong to one write of one process, so that two processes never write into each other's
//! file; what a killed process left goes with the next write of the same file. Not responsible for what the files hold, nor
//! for folders that appear as a whole (`report`), which take their temporary names and write their files through here.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What a process that is gone left under a temporary name is removed when it has not been touched for so long: on a disk
/// that several machines share, its process may be alive on another one, and then it is younger.
const STALE: Duration = Duration::from_secs(60);

/// Kind of the temporary files of this module.
const FILE: &str = "tmp";

/// Counts the temporary names of this process.
static COUNT: AtomicU64 = AtomicU64::new(0);

/// Replaces the file at `path`: its bytes lie under a temporary name beside it until they are on the disk.
///
/// # Errors
/// If the file system refuses; the old file is then untouched and the temporary one gone.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let (temporary, file) = temporary(path, FILE, |path| File::create_new(path))?;
    let written = fill(file, bytes).and_then(|()| rename(&temporary, path));
    if written.is_err() {
        // The first error is the one to report.
        let _ = fs::remove_file(&temporary);
    }
    remove_stale(path, FILE, |path| fs::remove_file(path));
    written
}

/// Writes a file of which nobody knows yet, and forces it to the disk.
///
/// # Errors
/// If the file system refuses; a part of the file may then be left.
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fill(File::create(path)?, bytes)
}

fn fill(mut file: File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.sync_all()
}

/// Renames a file or a folder and makes the new name last.
///
/// # Errors
/// If the file system refuses.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    // The name is in place already; not every system can force a folder to the disk.
    let _ = File::open(folder(to)).and_then(|folder| folder.sync_all());
    Ok(())
}

/// Makes something beside `path` under a hidden name that no other write knows: it holds the kind, the process and a
/// number. `make` must refuse a name that is taken as `AlreadyExists`, then the next one is tried.
///
/// # Errors
/// If `path` has no name, or `make` fails for another reason.
pub fn temporary<T>(
    path: &Path,
    kind: &str,
    make: impl Fn(&Path) -> io::Result<T>,
) -> io::Result<(PathBuf, T)> {
    let name = path.file_name().ok_or(ErrorKind::InvalidInput)?;
    loop {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let own = format!("{}{}-{number}", start(name, kind), std::process::id());
        let temporary = path.with_file_name(own);
        match make(&temporary) {
            // Left by an earlier process of this number, or in use by one of another machine or container.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => (),
            result => return Ok((temporary, result?)),
        }
    }
}

/// Removes what killed processes left beside `path` under temporary names of a kind. What cannot be removed is in nobody's
/// way.
pub fn remove_stale(path: &Path, kind: &str, remove: impl Fn(&Path) -> io::Result<()>) {
    let (Some(name), Ok(entries)) = (path.file_name(), fs::read_dir(folder(path))) else {
        return;
    };
    let start = start(name, kind);
    for entry in entries.flatten() {
        let file = entry.file_name();
        let file = file.to_string_lossy();
        let owner = file.strip_prefix(&start);
        let owner = owner.and_then(|owner| owner.split('-').next()?.parse().ok());
        if owner.is_some_and(is_gone) && is_stale(&entry.path()) {
            let _ = remove(&entry.path());
        }
    }
}

/// True if nobody has touched it for long: neither itself nor, if it is a folder, what lies in it.
fn is_stale(path: &Path) -> bool {
    let is_old = |path: &Path| {
        let modified = path.symlink_metadata().and_then(|about| about.modified());
        let age = modified.ok().and_then(|modified| modified.elapsed().ok());
        age.is_some_and(|age| age >= STALE)
    };
    let mut inside = fs::read_dir(path).into_iter().flatten().flatten();
    is_old(path) && inside.all(|entry| is_old(&entry.path()))
}

/// True if it is certain that no such process is alive; only Linux tells.
fn is_gone(process: u32) -> bool {
    let all = Path::new("/proc");
    cfg!(target_os = "linux")
        && all.join("self").exists()
        && !all.join(process.to_string()).exists()
}

fn folder(path: &Path) -> &Path {
    let parent = path.parent();
    let parent = parent.filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new("."))
}

/// What temporary names begin with: the process and a number follow.
fn start(name: &OsStr, kind: &str) -> String {
    format!(".{}.{kind}-", name.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::SystemTime;
    use tempfile::tempdir;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn a_failed_write_leaves_the_old_and_nothing_else() {
        let scratch = tempdir().unwrap();
        let folder = scratch.path();
        fs::create_dir_all(folder.join("taken.txt/inside")).unwrap();
        replace(&folder.join("a.txt"), b"first").unwrap();
        replace(&folder.join("a.txt"), b"second").unwrap();
        assert_eq!(fs::read(folder.join("a.txt")).unwrap(), b"second");
        assert!(replace(&folder.join("taken.txt"), b"x").is_err());
        assert!(replace(&folder.join("absent/a.txt"), b"x").is_err());
        assert!(replace(&folder.join(".."), b"x").is_err());
        assert_eq!(names(folder), ["a.txt", "taken.txt"]);
    }

    #[test]
    fn writers_at_the_same_time_leave_one_whole_file() {
        let scratch = tempdir().unwrap();
        let folder = scratch.path();
        let path = folder.join("a.txt");
        std::thread::scope(|scope| {
            for byte in 0..8u8 {
                let path = &path;
                scope.spawn(move || {
                    for _ in 0..20 {
                        replace(path, &vec![byte; 5000]).unwrap();
                    }
                });
            }
        });
        let content = fs::read(&path).unwrap();
        assert_eq!(content.len(), 5000);
        assert!(content.iter().all(|&byte| byte == content[0]));
        assert_eq!(names(folder), ["a.txt"]);
    }

    #[test]
    fn a_name_that_is_taken_is_left_alone() {
        let scratch = tempdir().unwrap();
        let path = scratch.path().join("a");
        let make = |path: &Path| {
            // The first names are those of a process of the same number in another container.
            if names(scratch.path()).len() < 3 {
                fs::create_dir(path)?;
                fs::write(path.join("theirs"), "x")?;
            }
            fs::create_dir(path)
        };
        let (own, ()) = temporary(&path, "part", make).unwrap();
        assert_eq!(names(&own), [""; 0]);
        let all = names(scratch.path());
        assert_eq!(all.len(), 4);
        let theirs = all.iter().map(|name| scratch.path().join(name));
        let theirs = theirs.filter(|path| *path != own);
        assert_eq!(
            theirs.filter(|path| path.join("theirs").is_file()).count(),
            3
        );
        assert!(temporary(Path::new(".."), "part", make).is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_folder_is_stale_when_nothing_in_it_is_young() {
        let scratch = tempdir().unwrap();
        let path = scratch.path().join("a");
        let draft = scratch.path().join(format!(".a.part-{}-0", u32::MAX));
        fs::create_dir_all(draft.join("figures")).unwrap();
        let age = |path: &Path| {
            let old = SystemTime::now() - 2 * STALE;
            File::open(path).unwrap().set_modified(old).unwrap();
        };
        let remove = || remove_stale(&path, "part", |path| fs::remove_dir_all(path));
        age(&draft);
        remove();
        assert!(draft.exists(), "a figure was just written");
        age(&draft.join("figures"));
        remove_stale(&path, "old", |path| fs::remove_dir_all(path));
        assert!(draft.exists(), "another kind");
        remove();
        assert!(!draft.exists());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_killed_processes_left_goes_and_nothing_else() {
        let scratch = tempdir().unwrap();
        let folder = scratch.path();
        // No process has the largest number.
        let (gone, alive) = (u32::MAX, std::process::id());
        let old = SystemTime::now() - 2 * STALE;
        for (name, old) in [
            (format!(".a.txt.tmp-{gone}-0"), Some(old)),
            (format!(".a.txt.tmp-{gone}-1"), None),
            (format!(".a.txt.tmp-{alive}-x"), Some(old)),
            (format!(".b.txt.tmp-{gone}-0"), Some(old)),
        ] {
            let file = File::create(folder.join(name)).unwrap();
            if let Some(old) = old {
                file.set_modified(old).unwrap();
            }
        }
        replace(&folder.join("a.txt"), b"new").unwrap();
        let mut kept = vec![
            format!(".a.txt.tmp-{gone}-1"),
            format!(".a.txt.tmp-{alive}-x"),
            format!(".b.txt.tmp-{gone}-0"),
            "a.txt".to_string(),
        ];
        kept.sort();
        assert_eq!(names(folder), kept);
    }
}
