//! What stands where a report is to go: nothing, an empty folder, or an older report that may be replaced. Everything else is
//! refused, so that no file is lost that no report wrote.
//!
//! A report lists its files ([`LIST`]); one of an older program has no list and is known by the names that those wrote.

use super::error::ReportError;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::fs::{self, DirEntry, File};
use std::io::{BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// The file that makes a folder a report.
pub const MARKER: &str = "summary.json";
/// The names of a report's files, one a line.
pub const LIST: &str = "files.txt";

/// Most bytes of a summary or a list that are looked at: a larger one is not ours.
const LARGEST_BYTES: u64 = 1 << 28;
/// What programs begin with in a summary.
const PROGRAM: &str = "imcsim ";

/// Files beside tables and figures in reports that have no list.
const UNLISTED: [&str; 9] = [
    "report.html",
    MARKER,
    "trace/events.csv",
    "trace/timeline.json",
    "trace/waveform.vcd",
    "trace/golden_inputs.csv",
    "trace/golden_readouts.csv",
    "trace/inputs.mem",
    "trace/codes.mem",
];
/// What file managers leave in every folder that they show.
const LITTER: [&str; 3] = [".DS_Store", "Thumbs.db", "desktop.ini"];

/// The part of a summary that tells whose it is.
#[derive(Deserialize)]
struct Head {
    schema: u32,
    program: String,
}

/// The folder that `out` means: a link is followed.
///
/// # Errors
/// If it is a link that leads nowhere.
pub fn resolved(out: &Path) -> Result<PathBuf, ReportError> {
    // Without a slash at its end: with one, a link is taken for its target.
    let out: PathBuf = out.components().collect();
    if !out.is_symlink() {
        return Ok(out);
    }
    fs::canonicalize(&out).map_err(|source| match source.kind() {
        ErrorKind::NotFound => ReportError::LinkToNothing {
            target: fs::read_link(&out).unwrap_or_default(),
            path: out,
        },
        _ => failed("follow", &out)(source),
    })
}

/// Checks that nothing is lost where a report takes this place.
///
/// # Errors
/// If something else than a report stands there, or a file in it that no report wrote.
pub fn check(place: &Path) -> Result<(), ReportError> {
    let is_empty = || fs::read_dir(place).is_ok_and(|mut entries| entries.next().is_none());
    if !place.exists() || is_empty() {
        return Ok(());
    }
    if !is_report(place) {
        return Err(ReportError::NotAReport { path: place.into() });
    }
    let listed = list(place);
    let is_own = |name: &str| match &listed {
        Some(listed) => listed.contains(name) || name == LIST,
        None => is_unlisted(name),
    };
    match stranger(place, "", &is_own)? {
        None => Ok(()),
        Some(path) => Err(ReportError::Stranger {
            path,
            report: place.into(),
        }),
    }
}

/// Turns the answer of the operating system into an error.
pub(super) fn failed(
    action: &'static str,
    path: &Path,
) -> impl FnOnce(std::io::Error) -> ReportError + use<> {
    let path = path.to_path_buf();
    move |source| ReportError::File {
        action,
        path,
        source,
    }
}

/// True if a folder has a summary of this program.
fn is_report(place: &Path) -> bool {
    let Some(file) = open(&place.join(MARKER)) else {
        return false;
    };
    let head = serde_json::from_reader(BufReader::new(file));
    head.is_ok_and(|head: Head| head.schema > 0 && head.program.starts_with(PROGRAM))
}

/// The files that a report lists as its own; `None` without a list.
fn list(place: &Path) -> Option<BTreeSet<String>> {
    let mut text = String::new();
    open(&place.join(LIST))?.read_to_string(&mut text).ok()?;
    Some(text.lines().map(str::to_string).collect())
}

/// A file, up to the bytes that are looked at; `None` for folders, links, devices and what cannot be read.
fn open(path: &Path) -> Option<impl Read + use<>> {
    let is_file = path.symlink_metadata().ok()?.is_file();
    let file = is_file.then(|| File::open(path))?.ok()?;
    Some(file.take(LARGEST_BYTES))
}

/// True for the names of a report without a list.
fn is_unlisted(name: &str) -> bool {
    let is_in = |folder: &str, endings: &[&str]| {
        let file = name.strip_prefix(folder).filter(|file| !file.contains('/'));
        file.is_some_and(|file| endings.iter().any(|ending| file.ends_with(ending)))
    };
    UNLISTED.contains(&name) || is_in("tables/", &[".csv"]) || is_in("figures/", &[".svg", ".png"])
}

/// The first file, by name, that is not the report's own; `start` is the folder's name within the report.
fn stranger(
    folder: &Path,
    start: &str,
    is_own: &dyn Fn(&str) -> bool,
) -> Result<Option<PathBuf>, ReportError> {
    let entries = fs::read_dir(folder).and_then(Iterator::collect);
    let mut entries: Vec<DirEntry> = entries.map_err(failed("read", folder))?;
    entries.sort_by_key(DirEntry::file_name);
    for entry in entries {
        let (file, path) = (entry.file_name(), entry.path());
        let file = file.to_string_lossy();
        let name = format!("{start}{file}");
        let kind = entry.file_type().map_err(failed("read", &path))?;
        let found = if kind.is_dir() {
            stranger(&path, &format!("{name}/"), is_own)?
        } else if kind.is_file() && (is_own(&name) || LITTER.contains(&&*file)) {
            None
        } else {
            Some(path)
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::tempdir;

    /// A folder with these files.
    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let scratch = tempdir().unwrap();
        for (name, content) in files {
            let path = scratch.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        scratch
    }

    const OURS: &str = r#"{"schema": 1, "program": "imcsim 0.1.0", "seed": 3}"#;

    #[test]
    fn only_a_summary_of_this_program_makes_a_report() {
        for (summary, ours) in [
            (OURS, true),
            ("{}", false),
            ("", false),
            ("a thesis", false),
            (r#"{"schema": 1, "program": "webpack 5"}"#, false),
            (r#"{"schema": "1", "program": "imcsim 0.1.0"}"#, false),
            (r#"{"program": "imcsim 0.1.0"}"#, false),
            (r#"["schema", "program"]"#, false),
            (&OURS[..40], false),
        ] {
            let place = folder(&[(MARKER, summary)]);
            let result = check(place.path());
            assert_eq!(result.is_ok(), ours, "{summary}: {result:?}");
            let refused = matches!(result, Err(ReportError::NotAReport { .. }));
            assert_eq!(refused, !ours, "{summary}");
        }
        let place = tempdir().unwrap();
        fs::create_dir(place.path().join(MARKER)).unwrap();
        assert!(check(place.path()).is_err());
    }

    #[test]
    fn a_report_without_a_list_is_known_by_its_names() {
        let of_report = [
            "report.html",
            "tables/layers.csv",
            "figures/chips.svg",
            "figures/chips.png",
            "trace/inputs.mem",
            ".DS_Store",
        ];
        for stranger in [
            "thesis.tex",
            "figures/chips.pdf",
            "figures/mine/chips.svg",
            "tables/notes.txt",
            "trace/waveform.gtkw",
            "data.csv",
        ] {
            let mut files = vec![(MARKER, OURS)];
            files.extend(of_report.map(|name| (name, "x")));
            check(folder(&files).path()).unwrap();
            files.push((stranger, "irreplaceable"));
            let place = folder(&files);
            let error = check(place.path()).unwrap_err().to_string();
            assert!(error.contains(stranger), "{stranger}: {error}");
        }
    }

    #[test]
    fn a_report_with_a_list_holds_nothing_else() {
        let list = format!("{MARKER}\nfigures/chips.svg\n");
        let mut files = vec![
            (MARKER, OURS),
            (LIST, &list),
            ("figures/chips.svg", "x"),
            ("figures/Thumbs.db", "x"),
        ];
        check(folder(&files).path()).unwrap();
        files.push(("figures/mine.svg", "x"));
        let error = check(folder(&files).path()).unwrap_err().to_string();
        assert!(error.contains("mine.svg"), "{error}");
    }
}
