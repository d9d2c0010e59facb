//! From the tree to the written macro: keys, kinds and types are held against `hw`'s own declarations.
//!
//! The declarations know no places, so every key and value is handed to them under a number of its own; a complaint comes
//! back with that number and thereby with its place. What is wrong is replaced by what the ideal macro has there and the rest
//! is looked at again, so that everything wrong is found. Not responsible for the size of numbers (`hw`).

use super::document::{Document, Node, Place, Source, Value, dotted};
use super::error::{Fault, Part};
use super::overrides::{touched, whole_table};
use super::source::IDEAL;
use super::wording;
use crate::hw::chip::HardwareSpec;
use crate::toml_complaint::{self, Complaint};
use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer, Error};

/// More faults than this help nobody.
const MOST_FAULTS: usize = 40;

/// The written macro, or everything that has the wrong shape.
///
/// # Errors
/// If any key is unknown or missing, or any value has the wrong type.
pub fn spec(document: &Document) -> Result<HardwareSpec, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut mended = document.clone();
    while faults.len() < MOST_FAULTS {
        let failure = match attempt(&mended.root) {
            Ok(spec) if faults.is_empty() => {
                faults.extend(lists_for_tables(document));
                return if faults.is_empty() {
                    Ok(spec)
                } else {
                    Err(faults)
                };
            }
            Ok(_) => break,
            Err(failure) => failure,
        };
        let (path, part, message) = describe(&mended, &failure);
        faults.push(Fault::at(document, &path, part, message));
        if !mend(&mut mended.root, &failure) {
            break;
        }
    }
    Err(faults)
}

/// What the declarations refused, and where.
struct Failure {
    path: Vec<String>,
    part: Part,
    complaint: Complaint,
}

fn attempt(root: &Node) -> Result<HardwareSpec, Failure> {
    let mut places = Vec::new();
    let table = numbered(root, &mut Vec::new(), &mut places);
    let root = match table.into_inner() {
        DeValue::Table(table) => table,
        _ => DeTable::new(),
    };
    let deserializer = Deserializer::from(Spanned::new(1..2, root));
    HardwareSpec::deserialize(deserializer).map_err(|error| failure(&error, &places))
}

/// A copy in which the key of node n has the span 2n and its value 2n + 1; `places` collects the paths by n.
fn numbered<'a>(
    node: &Node<'a>,
    path: &mut Vec<String>,
    places: &mut Vec<Vec<String>>,
) -> Spanned<DeValue<'a>> {
    let number = 2 * places.len();
    places.push(path.clone());
    let value = match &node.value {
        Value::Leaf(leaf) => leaf.clone(),
        Value::List(list) => DeValue::Array(
            list.iter()
                .map(|item| numbered(item, path, places))
                .collect(),
        ),
        Value::Table(table) => {
            let mut copy = DeTable::new();
            for (key, child) in table {
                path.push(key.clone());
                let number = 2 * places.len();
                let child = numbered(child, path, places);
                copy.insert(Spanned::new(number..number + 1, key.clone().into()), child);
                path.pop();
            }
            DeValue::Table(copy)
        }
    };
    Spanned::new(number + 1..number + 2, value)
}

fn failure(error: &Error, places: &[Vec<String>]) -> Failure {
    let number = error.span().map_or(1, |span| span.start);
    Failure {
        path: places.get(number / 2).cloned().unwrap_or_default(),
        part: if number.is_multiple_of(2) {
            Part::Key
        } else {
            Part::Value
        },
        complaint: Complaint::read(error.message()),
    }
}

/// Path, part and text of the fault.
fn describe(document: &Document, failure: &Failure) -> (Vec<String>, Part, String) {
    let mut path = failure.path.clone();
    let mut part = failure.part;
    let message = match &failure.complaint {
        Complaint::Missing(key) => {
            let holder = match path.as_slice() {
                [] => "at the top level".into(),
                path => format!("in [{}]", dotted(path)),
            };
            path.push(key.clone());
            part = Part::Key;
            let table = ideal()
                .is_some_and(|ideal| ideal.at(&path).is_some_and(|node| node.table().is_some()));
            let line = if table {
                format!("the table [{}]", dotted(&path))
            } else {
                format!("`{key} = ..` {holder}")
            };
            format!("missing; write {line}: no number of the hardware has a default")
        }
        Complaint::Kinds { .. } => {
            part = Part::Key;
            kinds(document, &mut path)
        }
        complaint => wording::advise(complaint, &path),
    };
    (path, part, message)
}

/// What is wrong with a table that must hold exactly one kind.
fn kinds(document: &Document, path: &mut Vec<String>) -> String {
    let known = known_kinds(&document.root, path);
    let name = dotted(path);
    let table = document.root.at(path).and_then(Node::table);
    let Some(table) = table.filter(|table| !table.is_empty()) else {
        return format!("empty; write one of {} in it", known.join(", "));
    };
    if let Some(stray) = table.keys().find(|key| !known.contains(key)) {
        let message = toml_complaint::unknown("kind", stray, &known);
        path.push(stray.clone());
        return message;
    }
    let found: Vec<String> = table.keys().map(|key| format!("`{key}`")).collect();
    let found = found.join(" and ");
    let added = table
        .iter()
        .find(|(_, node)| matches!(node.place.source, Source::Set(_)));
    let added = added.or_else(|| table.iter().find(|(_, node)| touched(node)));
    match added {
        Some((kind, _)) => {
            let whole = whole_table(path, kind);
            path.push(kind.clone());
            format!(
                "expected one kind, but [{name}] now holds {found}; --set adds to the file: to exchange the kind \
                 write the whole table, {whole}"
            )
        }
        None => {
            let last = table.iter().max_by_key(|(_, node)| node.place.key.start);
            path.extend(last.map(|(kind, _)| kind.clone()));
            format!("expected one kind, but [{name}] holds {found}; keep one of them")
        }
    }
}

/// The kinds that may stand at `path`: what the declarations offer when something else stands there.
fn known_kinds(root: &Node, path: &[String]) -> Vec<String> {
    let mut probe = root.clone();
    if let Some(node) = probe.at_mut(path) {
        let inner = Node::empty_table(node.place.clone());
        node.value = Value::Table([("?".to_string(), inner)].into());
    }
    match attempt(&probe) {
        Err(Failure {
            complaint: Complaint::Unknown { known, .. },
            ..
        }) => known,
        _ => Vec::new(),
    }
}

/// Takes the wrong thing out of the tree; false if that is not possible.
fn mend(root: &mut Node, failure: &Failure) -> bool {
    let unknown = matches!(failure.complaint, Complaint::Unknown { .. });
    if let (true, Part::Key, Some((last, holder))) =
        (unknown, failure.part, failure.path.split_last())
        && let Some(Node {
            value: Value::Table(table),
            ..
        }) = root.at_mut(holder)
        // A kind that is taken out leaves an empty table behind: one fault would become two.
        && table.len() > 1
    {
        return table.remove(last).is_some();
    }
    let mut wrong = failure.path.clone();
    if let Complaint::Missing(key) = &failure.complaint {
        wrong.push(key.clone());
    }
    let Some(ideal) = ideal() else {
        return false;
    };
    while let Some((last, holder)) = wrong.split_last() {
        if let (Some(right), Some(node)) = (ideal.at(&wrong), root.at_mut(holder))
            && let Value::Table(table) = &mut node.value
        {
            table.insert(last.clone(), right.clone());
            return true;
        }
        wrong.pop();
    }
    false
}

/// The ideal macro, in which everything is right.
fn ideal() -> Option<Node<'static>> {
    let table = DeTable::parse(IDEAL).ok()?.into_inner();
    let place = Place {
        source: Source::File,
        key: 0..0,
        value: 0..0,
    };
    Some(Node::from_toml(DeValue::Table(table), place, 0))
}

/// Lists where a table belongs: the declarations would take their items for the table's values in order.
fn lists_for_tables(document: &Document) -> Vec<Fault> {
    let mut lists = Vec::new();
    document.root.leaves(&mut Vec::new(), &mut |path, node| {
        if matches!(node.value, Value::List(_)) {
            lists.push(path.to_vec());
        }
    });
    let table_wanted = |path: &Vec<String>| {
        let mut probe = document.root.clone();
        if let Some(node) = probe.at_mut(path) {
            node.value = Value::Leaf(DeValue::Boolean(true));
        }
        matches!(attempt(&probe), Err(failure) if failure.complaint.wants_table())
    };
    lists.retain(table_wanted);
    let fault = |path: &Vec<String>| {
        let message = "expected a table, found a list; write the values with their keys";
        Fault::at(document, path, Part::Value, message)
    };
    lists.iter().map(fault).collect()
}
