//! The laws of the house as tests: every file opens with its `//!` paragraph, imports follow the layers, `unsafe` stays
//! in the kernels, and no file grows past looking.

use std::fs;
use std::path::{Path, PathBuf};

/// Layer, and the sibling modules it may use (besides itself). A module that is not listed here is an error.
const MAY_USE: &[(&str, &[&str])] = &[
    ("rng", &[]),
    ("results", &[]),
    ("spelling", &[]),
    ("bounded", &[]),
    ("shipped_text", &["bounded", "spelling"]),
    ("toml_complaint", &["spelling"]),
    ("override_key", &[]),
    ("durable", &[]),
    ("fingerprint", &[]),
    ("instructions", &[]),
    ("gzip", &["bounded"]),
    ("cycle", &[]),
    ("trace", &["cycle", "hw", "mapping"]),
    ("hw", &["fingerprint", "rng"]),
    (
        "arch",
        &[
            "hw",
            "override_key",
            "results",
            "shipped_text",
            "spelling",
            "toml_complaint",
        ],
    ),
    ("kernel", &["hw", "instructions", "net", "rng"]),
    ("convert", &["hw", "kernel", "net", "rng"]),
    (
        "mapping",
        &["convert", "cycle", "hw", "net", "results", "spelling"],
    ),
    (
        "net",
        &[
            "durable",
            "fingerprint",
            "gzip",
            "hw",
            "rng",
            "shipped_text",
            "toml_complaint",
        ],
    ),
    ("data", &["bounded", "fingerprint", "net", "rng"]),
    ("margin", &["hw", "results", "rng"]),
    (
        "sim",
        &[
            "convert", "cycle", "hw", "mapping", "net", "kernel", "margin", "results", "rng",
        ],
    ),
    (
        "train",
        &[
            "bounded",
            "convert",
            "durable",
            "fingerprint",
            "hw",
            "instructions",
            "net",
            "kernel",
            "data",
            "rng",
        ],
    ),
    ("report", &["durable", "results"]),
    (
        "experiment",
        &[
            "override_key",
            "results",
            "shipped_text",
            "sim",
            "spelling",
            "toml_complaint",
        ],
    ),
    (
        "cli",
        &[
            "arch",
            "bounded",
            "convert",
            "cycle",
            "data",
            "durable",
            "experiment",
            "fingerprint",
            "gzip",
            "hw",
            "instructions",
            "mapping",
            "margin",
            "net",
            "report",
            "results",
            "rng",
            "sim",
            "spelling",
            "trace",
            "train",
        ],
    ),
];

fn rust_files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("source directory is readable") {
        let path = entry.expect("entry is readable").path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&root, &mut files);
    assert!(files.len() > 10, "found only {} source files", files.len());
    let read = |path: PathBuf| {
        let name = path
            .strip_prefix(&root)
            .expect("under src")
            .to_string_lossy()
            .replace('\\', "/");
        (
            name,
            fs::read_to_string(&path).expect("source file is UTF-8"),
        )
    };
    files.into_iter().map(read).collect()
}

/// The code of a file without its line comments, so that prose may name anything.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .map(|line| line.split("//").next().unwrap_or(""))
}

/// The module that a file belongs to.
fn layer(name: &str) -> &str {
    name.split(['/', '.']).next().unwrap_or_default()
}

/// The modules that a file names, with the lines that do.
fn siblings(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let other = |c: char| !c.is_alphanumeric() && c != '_';
    let named = move |part: &'_ str| part.split(other).next().unwrap_or_default().len();
    code(text).flat_map(move |line| {
        let parts = line.split("crate::").skip(1);
        parts.map(move |part| (line, &part[..named(part)]))
    })
}

#[test]
fn every_file_opens_with_its_purpose() {
    let bare: Vec<_> = sources()
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//! "))
        .map(|(name, _)| name)
        .collect();
    assert!(
        bare.is_empty(),
        "files without an opening //! paragraph: {bare:?}"
    );
}

#[test]
fn imports_follow_the_layers() {
    let mut wrong = Vec::new();
    for (name, text) in sources() {
        let layer = layer(&name);
        if layer == "lib" || layer == "main" {
            continue;
        }
        let allowed = MAY_USE.iter().find(|(module, _)| *module == layer);
        let Some((_, allowed)) = allowed else {
            wrong.push(format!(
                "{name}: module `{layer}` has no place in the layer table"
            ));
            continue;
        };
        for (line, used) in siblings(&text) {
            let known = MAY_USE.iter().any(|(module, _)| *module == used);
            if known && used != layer && !allowed.contains(&used) {
                wrong.push(format!(
                    "{name}: `{layer}` must not use `{used}`: {}",
                    line.trim()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_may_be_used_is_used() {
    let sources = sources();
    let mut idle = Vec::new();
    for (module, may_use) in MAY_USE {
        for sibling in *may_use {
            let mut of_layer = sources.iter().filter(|(name, _)| layer(name) == *module);
            if !of_layer.any(|(_, text)| siblings(text).any(|(_, used)| used == *sibling)) {
                idle.push(format!("`{module}` does not use `{sibling}`"));
            }
        }
    }
    assert!(idle.is_empty(), "take it out of the table: {idle:?}");
}

#[test]
fn unsafe_stays_in_the_kernels() {
    let word = |line: &str| {
        line.split(|c: char| !c.is_alphanumeric() && c != '_')
            .any(|token| token == "unsafe")
    };
    let outside = sources()
        .into_iter()
        .filter(|(name, _)| !name.starts_with("kernel/"));
    let wrong: Vec<_> = outside
        .filter(|(_, text)| code(text).any(word))
        .map(|(name, _)| name)
        .collect();
    assert!(wrong.is_empty(), "unsafe outside src/kernel: {wrong:?}");
}

#[test]
fn no_unfinished_marks() {
    let marks = ["TODO", "FIXME", "unimplemented!", "todo!"];
    let marked = |text: &str| marks.iter().any(|mark| text.contains(mark));
    let wrong: Vec<_> = sources()
        .into_iter()
        .filter(|(_, text)| marked(text))
        .map(|(name, _)| name)
        .collect();
    assert!(wrong.is_empty(), "unfinished marks in {wrong:?}");
}

#[test]
fn files_stay_short() {
    let mut lines: Vec<(usize, String)> = sources()
        .into_iter()
        .map(|(name, text)| (text.lines().count(), name))
        .collect();
    lines.sort();
    let longest = lines.last().expect("there are files");
    assert!(
        longest.0 <= 500,
        "{} has {} lines: split it",
        longest.1,
        longest.0
    );
    let median = lines[lines.len() / 2].0;
    assert!(median <= 200, "the median file has {median} lines");
}
