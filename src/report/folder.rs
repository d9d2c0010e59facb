//! A report folder that appears whole or not at all: everything is written beside its place and moved there at the end.
//!
//! An older report of the same name is moved aside first and removed last, so at every moment one of the two is whole.
//! What no report wrote is never touched (`place`). Drafts of killed processes go with a later report in their place.

use super::error::ReportError;
use super::place::{self, LIST, failed};
use crate::durable;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Kind of the folder that a report is written into.
const DRAFT: &str = "part";
/// Kind of the folder that an older report is moved into.
const OLD: &str = "old";
/// Kind of the folder that a check makes and removes.
const TRIAL: &str = "trial";
/// Name of an older report in the folder that it is moved into.
const INSIDE: &str = "report";

/// Longest name of a report folder, in characters.
const LONGEST_NAME: usize = 100;

/// A report being written; dropped before [`Folder::publish`], it leaves nothing behind.
#[derive(Debug)]
pub struct Folder {
    place: PathBuf,
    draft: PathBuf,
    names: Vec<String>,
}

impl Folder {
    /// Opens an empty draft beside the folder that `out` means.
    ///
    /// # Errors
    /// If `out` exists and is no report, or one with files of others, has no name, or its parent cannot be written.
    pub fn create(out: &Path) -> Result<Self, ReportError> {
        let place = free(out)?;
        let draft = hidden(&place, DRAFT).map_err(failed("create a draft for", out))?;
        Ok(Self {
            place,
            draft,
            names: Vec::new(),
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
        self.names.push(name.to_string());
        Ok(())
    }

    /// Lists the report's files and moves the draft to its place; returns all of them.
    ///
    /// # Errors
    /// If somebody put a file there meanwhile or the file system refuses; an older report is then back in its place.
    pub fn publish(mut self) -> Result<Vec<PathBuf>, ReportError> {
        let list: String = self.names.iter().map(|name| format!("{name}\n")).collect();
        self.write(LIST, list.as_bytes())?;
        place::check(&self.place)?;
        let old = self.set_aside()?;
        if let Err(source) = durable::rename(&self.draft, &self.place) {
            if let Some(old) = &old {
                let moved = durable::rename(&old.join(INSIDE), &self.place);
                moved.map_err(failed("move back", old))?;
                let _ = fs::remove_dir(old);
            }
            return Err(failed("move into place", &self.place)(source));
        }
        if let Some(old) = old {
            fs::remove_dir_all(&old).map_err(failed("remove", &old))?;
        }
        for kind in [DRAFT, OLD, TRIAL] {
            durable::remove_stale(&self.place, kind, |path| fs::remove_dir_all(path));
        }
        let names = self.names.iter();
        Ok(names.map(|name| self.place.join(name)).collect())
    }

    /// Moves what stands in the place into a hidden folder; `None` if nothing does.
    fn set_aside(&self) -> Result<Option<PathBuf>, ReportError> {
        if !self.place.exists() {
            return Ok(None);
        }
        let old = hidden(&self.place, OLD).map_err(failed("move", &self.place))?;
        if let Err(source) = durable::rename(&self.place, &old.join(INSIDE)) {
            let _ = fs::remove_dir(&old);
            return Err(failed("move", &self.place)(source));
        }
        Ok(Some(old))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // After publishing there is no draft any more; before, a failure to clean up must not hide the first error.
        let _ = fs::remove_dir_all(&self.draft);
    }
}

/// Checks that `out` is free, empty or an older report without files of others, has a name, and that its parent can be
/// made and written: a folder is made there and taken away again, with every parent that it needed.
///
/// # Errors
/// If it is not.
pub fn check(out: &Path) -> Result<(), ReportError> {
    let place = free(out)?;
    let missing: Vec<&Path> = place
        .ancestors()
        .skip(1)
        .take_while(|parent| !parent.as_os_str().is_empty() && !parent.exists())
        .collect();
    let trial = hidden(&place, TRIAL).map_err(failed("create", out));
    // What stays behind is empty and in nobody's way: the answer is whether the trial could be made.
    let made = trial.map(|trial| {
        let _ = fs::remove_dir(trial);
    });
    for parent in missing {
        let _ = fs::remove_dir(parent);
    }
    made
}

/// The folder that `out` means, if a report may go there.
fn free(out: &Path) -> Result<PathBuf, ReportError> {
    let place = place::resolved(out)?;
    place::check(&place)?;
    match place.file_name() {
        Some(_) => Ok(place),
        None => Err(ReportError::NoName { path: out.into() }),
    }
}

/// An empty hidden folder beside a place, which nobody else knows; parents are made.
fn hidden(place: &Path, kind: &str) -> io::Result<PathBuf> {
    if let Some(parent) = place.parent() {
        fs::create_dir_all(parent)?;
    }
    durable::temporary(place, kind, |path| fs::create_dir(path)).map(|(path, ())| path)
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

/// File names of several things, as [`file_name`] makes them, with a number where two would be one; upper and lower case are
/// one on some file systems.
pub fn file_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let mut own = |name: &str| {
        let first = file_name(name);
        let numbered = (2..).map(|number| format!("{first}_{number}"));
        let mut candidates = std::iter::once(first.clone()).chain(numbered);
        let free = candidates.find(|candidate| taken.insert(candidate.to_lowercase()));
        free.unwrap_or(first)
    };
    names.into_iter().map(&mut own).collect()
}

/// A name made of names in users' files as the name of a report folder: letters, digits, `_`, `-` and `.` kept, everything
/// else an underscore. It never leads to another folder.
pub fn folder_name(name: &str) -> String {
    let is_kept = |c: char| c.is_alphanumeric() || "_-.".contains(c);
    let kept = name.chars().map(|c| if is_kept(c) { c } else { '_' });
    let kept: String = kept.take(LONGEST_NAME).collect();
    match kept.chars().all(|c| c == '.') {
        true => "unnamed".into(),
        false => kept,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_harmless() {
        assert_eq!(file_name("conv1/../a b"), "conv1____a_b");
        assert_eq!(file_name(""), "unnamed");
        for (name, expected) in [
            ("reram_9wl-vgg", "reram_9wl-vgg"),
            ("trace-Größe.2-vgg", "trace-Größe.2-vgg"),
            ("margin-a/../../x", "margin-a_.._.._x"),
            ("C:\\x\u{1b}[31m\0", "C__x__31m_"),
            ("..", "unnamed"),
            ("", "unnamed"),
        ] {
            assert_eq!(folder_name(name), expected);
        }
        assert_eq!(folder_name(&"a".repeat(1000)).len(), LONGEST_NAME);
    }

    #[test]
    fn no_two_names_share_a_file() {
        let names = ["a/b", "a_b", "A b", "a_b_2", "c"];
        let expected = ["a_b", "a_b_2", "A_b_3", "a_b_2_2", "c"];
        assert_eq!(file_names(names), expected);
    }

    #[test]
    fn a_path_without_a_name_is_refused() {
        assert!(matches!(
            Folder::create(Path::new("..")),
            Err(ReportError::NotAReport { .. } | ReportError::NoName { .. })
        ));
    }
}
