//! Where every number of a hardware file comes from: `[provenance]` held against the numbers that stand in the file.
//!
//! An entry is for its key and for everything below it; the longest one counts. A number set on the command line is assumed,
//! whatever the file says. Not responsible for whether a source is right.

use super::document::{Document, Node, Source, Value, dotted};
use super::error::{Fault, Part};
use crate::results::run::Provenance;
use crate::spelling::nearest;

/// Section of the file.
const SECTION: &str = "provenance";

/// What a number set by `--set` is said to come from.
const ON_THE_COMMAND_LINE: &str = "set on the command line";

/// One entry.
struct Entry {
    key: Vec<String>,
    text: String,
    assumed: bool,
}

/// Every number with where it comes from, in the order of the file; `file` is the document without overrides.
///
/// # Errors
/// Every entry that is not as it should be, and every number without one.
pub fn resolve(document: &Document, file: &Document) -> Result<Vec<Provenance>, Vec<Fault>> {
    let mut faults = Vec::new();
    let entries = entries(document, file, &mut faults);
    let mut found: Vec<(usize, Provenance)> = Vec::new();
    document.root.leaves(&mut Vec::new(), &mut |path, node| {
        if path[0] == SECTION || !node.is_numeric() {
            return;
        }
        match origin(path, node, &entries) {
            Some((source, assumed)) => {
                let order = match node.place.source {
                    Source::File => node.place.key.start,
                    Source::Set(index) => usize::MAX / 2 + index,
                };
                let provenance = Provenance {
                    key: dotted(path),
                    value: document.written(&node.place),
                    source,
                    assumed,
                };
                found.push((order, provenance));
            }
            None => faults.push(uncovered(document, path)),
        }
    });
    if !faults.is_empty() {
        return Err(faults);
    }
    found.sort_by_key(|(order, _)| *order);
    Ok(found
        .into_iter()
        .map(|(_, provenance)| provenance)
        .collect())
}

fn uncovered(document: &Document, path: &[String]) -> Fault {
    let key = dotted(path);
    let message = format!(
        "expected an entry in [{SECTION}] for this number, found none; add \"{key}\" = \"source: ..\" or \"assumed: ..\""
    );
    Fault::at(document, path, Part::Value, message)
}

/// Text and assumed flag of a number.
fn origin(path: &[String], node: &Node, entries: &[Entry]) -> Option<(String, bool)> {
    if matches!(node.place.source, Source::Set(_)) {
        return Some((ON_THE_COMMAND_LINE.into(), true));
    }
    let covering = entries.iter().filter(|entry| path.starts_with(&entry.key));
    let entry = covering.max_by_key(|entry| entry.key.len())?;
    Some((entry.text.clone(), entry.assumed))
}

fn entries(document: &Document, file: &Document, faults: &mut Vec<Fault>) -> Vec<Entry> {
    let section = document.root.at(&[SECTION.into()]);
    let Some(table) = section.and_then(Node::table) else {
        return Vec::new();
    };
    let mut entries = Vec::new();
    for (key, node) in table {
        let path = [SECTION.to_string(), key.clone()];
        match entry(key, node.word().unwrap_or_default()) {
            Ok(entry) if exists(file, &entry.key) || exists(document, &entry.key) => {
                entries.push(entry);
            }
            Ok(entry) => {
                let message = stray(file, &entry.key);
                faults.push(Fault::at(document, &path, Part::Key, message));
            }
            Err(message) => faults.push(Fault::at(document, &path, Part::Value, message)),
        }
    }
    entries
}

fn entry(key: &str, text: &str) -> Result<Entry, String> {
    for (start, assumed) in [("source:", false), ("assumed:", true)] {
        if let Some(rest) = text.strip_prefix(start)
            && !rest.trim().is_empty()
        {
            return Ok(Entry {
                key: key.split('.').map(Into::into).collect(),
                text: rest.trim().into(),
                assumed,
            });
        }
    }
    Err(format!(
        "expected \"source: where it was published\" or \"assumed: why\", found {text:?}; write which of the two it is"
    ))
}

fn exists(document: &Document, key: &[String]) -> bool {
    key[0] != SECTION && document.root.at(key).is_some()
}

/// The text about an entry for something that is not in the file.
fn stray(document: &Document, key: &[String]) -> String {
    let mut known = Vec::new();
    collect(&document.root, &mut Vec::new(), &mut known);
    let names: Vec<&str> = known.iter().map(String::as_str).collect();
    let hint = match nearest(&key.join("."), &names) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => "correct or remove it".into(),
    };
    format!("expected a key of this file or the beginning of one, found none of this name; {hint}")
}

fn collect(node: &Node, path: &mut Vec<String>, known: &mut Vec<String>) {
    let Value::Table(table) = &node.value else {
        return;
    };
    for (key, child) in table.iter().filter(|(key, _)| *key != SECTION) {
        path.push(key.clone());
        known.push(path.join("."));
        collect(child, path, known);
        path.pop();
    }
}
