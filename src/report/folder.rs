//! A report folder that appears whole or not at all: everything is written beside its place and moved there at the end.
//!
//! An older report of the same name is moved aside first and removed last, so at every moment one of the two is whole.
//! A folder that is not a report is never touched. Drafts of killed processes go with the next report in their place.

use super::error::ReportError;
use crate::durable::{self, is_gone};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// Kind of the folder that a check makes and removes.
const TRIAL: &str = "trial";

/// The file that makes a folder a report.
pub const MARKER: &str = "summary.json";

/// A report being written; dropped before [`Folder::publish`], it leaves nothing behind.
#[derive(Debug)]
pub struct Folder {
    out: PathBuf,
    draft: PathBuf,
    files: Vec<PathBuf>,
}

impl Folder {
    /// Opens an empty draft beside `out`.
    ///
    /// # Errors
    /// If `out` exists and is no report, has no name, or its parent cannot be written.
    pub fn create(out: &Path) -> Result<Self, ReportError> {
        refuse_strangers(out)?;
        let draft = sibling(out, "part")?;
        if let Some(parent) = draft.parent().filter(|p| !p.as_os_str().is_empty()) {
            fs::create_dir_all(parent).map_err(failed("create", parent))?;
        }
        if draft.exists() {
            fs::remove_dir_all(&draft).map_err(failed("remove", &draft))?;
        }
        fs::create_dir(&draft).map_err(failed("create", &draft))?;
        Ok(Self {
            out: out.to_path_buf(),
            draft,
            files: Vec::new(),
        })
    }

    /// Writes one file, `name` relative to the report.
    ///
    /// # Errors
    /// If the file system refuses, for instance because the disk is full.
    pub fn write(&mut self, name: &str, content: &[u8]) -> Result<(), ReportError> {
        let path = self.draft.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(failed("create", parent))?;
        }
        durable::write_new(&path, content).map_err(failed("write", &path))?;
        self.files.push(self.out.join(name));
        Ok(())
    }

    /// Moves the draft to its place; returns all files of the report.
    ///
    /// # Errors
    /// If the file system refuses; an older report is then back in its place.
    pub fn publish(mut self) -> Result<Vec<PathBuf>, ReportError> {
        refuse_strangers(&self.out)?;
        let old = sibling(&self.out, "old")?;
        let replaces = self.out.exists();
        if replaces {
            if old.exists() {
                fs::remove_dir_all(&old).map_err(failed("remove", &old))?;
            }
            durable::rename(&self.out, &old).map_err(failed("move", &self.out))?;
        }
        if let Err(source) = durable::rename(&self.draft, &self.out) {
            if replaces {
                durable::rename(&old, &self.out).map_err(failed("move back", &old))?;
            }
            return Err(failed("move into place", &self.out)(source));
        }
        if replaces {
            fs::remove_dir_all(&old).map_err(failed("remove", &old))?;
        }
        remove_stale(&self.out);
        Ok(std::mem::take(&mut self.files))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // After publishing there is no draft any more; before, a failure to clean up must not hide the first error.
        let _ = fs::remove_dir_all(&self.draft);
    }
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> ReportError {
    let path = path.to_path_buf();
    move |source| ReportError::File {
        action,
        path,
        source,
    }
}

fn refuse_strangers(out: &Path) -> Result<(), ReportError> {
    if !out.exists() || (out.is_dir() && out.join(MARKER).is_file()) {
        return Ok(());
    }
    let is_empty = || fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_none());
    if out.is_dir() && is_empty() {
        return Ok(());
    }
    Err(ReportError::NotAReport {
        path: out.to_path_buf(),
    })
}

/// Checks that `out` is free, empty or an older report, has a name, and that its parent can be made and written: a folder
/// is made there and taken away again, with every parent that it needed.
///
/// # Errors
/// If it is not.
pub fn check(out: &Path) -> Result<(), ReportError> {
    refuse_strangers(out)?;
    let trial = sibling(out, TRIAL)?;
    let missing: Vec<&Path> = out
        .ancestors()
        .skip(1)
        .take_while(|parent| !parent.as_os_str().is_empty() && !parent.exists())
        .collect();
    let made = fs::create_dir_all(&trial).map_err(failed("create", out));
    // What stays behind is empty and in nobody's way: the answer is whether the trial could be made.
    let _ = fs::remove_dir(&trial);
    for parent in missing {
        let _ = fs::remove_dir(parent);
    }
    made
}

/// A hidden name beside `out`, own to this process.
fn sibling(out: &Path, kind: &str) -> Result<PathBuf, ReportError> {
    let name = out.file_name().ok_or_else(|| ReportError::NoName {
        path: out.to_path_buf(),
    })?;
    let hidden = format!("{}{}", hidden(name, kind), std::process::id());
    Ok(out.with_file_name(hidden))
}

/// A hidden name up to the process that owns it.
fn hidden(name: &OsStr, kind: &str) -> String {
    format!(".{}.{kind}-", name.to_string_lossy())
}

/// Removes the drafts of `out`, and older reports moved aside, that processes left which are no more. The report is in
/// place already, so what cannot be removed is left.
fn remove_stale(out: &Path) {
    let Some(name) = out.file_name() else { return };
    let own = ["part", "old", TRIAL].map(|kind| hidden(name, kind));
    let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty());
    let Ok(entries) = fs::read_dir(parent.unwrap_or(Path::new("."))) else {
        return;
    };
    for entry in entries.flatten() {
        let file = entry.file_name();
        let file = file.to_string_lossy();
        let mut process = own.iter().filter_map(|start| file.strip_prefix(start));
        let process = process.find_map(|process| process.parse().ok());
        if process.is_some_and(is_gone) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// A name as part of a file name: letters and digits kept, everything else an underscore.
pub fn file_name(name: &str) -> String {
    let kept: String = name
        .chars()
        .take(60)
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    if kept.is_empty() {
        "unnamed".into()
    } else {
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_harmless() {
        assert_eq!(file_name("conv1/../a b"), "conv1____a_b");
        assert_eq!(file_name(""), "unnamed");
    }

    #[test]
    fn a_path_without_a_name_is_refused() {
        assert!(matches!(
            Folder::create(Path::new("..")),
            Err(ReportError::NotAReport { .. } | ReportError::NoName { .. })
        ));
    }
}
