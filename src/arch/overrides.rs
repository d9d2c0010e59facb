//! `--set key.path=value`: parsed as TOML and put into the tree before anything is checked.
//!
//! A value replaces what stood at its key, whole tables included; tables on the way are created. The same key twice is refused, and
//! a table after a part of it: one of the two would be lost without a word. Whether the key means
//! anything is not decided here but by the shape of the whole (`shape`), so that files and overrides obey one rule.

use super::document::{Document, Node, Place, Source, Value, dotted};
use super::error::{At, Fault};
use crate::override_key;
use std::collections::BTreeMap;
use toml::de::DeValue;

/// Puts every override into the tree, in order.
pub fn apply(document: &mut Document, faults: &mut Vec<Fault>) {
    let overrides = document.overrides;
    let mut seen: Vec<(Vec<String>, &str)> = Vec::new();
    for (index, written) in overrides.iter().enumerate() {
        let placed = parse(index, written)
            .map_err(|message| (String::new(), message))
            .and_then(|(path, node)| {
                let key = dotted(&path);
                if let Some((other, first)) = seen.iter().find(|(other, _)| other.starts_with(&path)) {
                    let message = match *other == path {
                        true => format!("--set {first} sets it already; remove one of the two"),
                        false => format!("--set {first} before it would be lost, because it sets a part of what this replaces; write it into this one, or put this one first"),
                    };
                    return Err((key, message));
                }
                seen.push((path.clone(), written));
                put(&mut document.root, &path, node).map_err(|message| (key, message))
            });
        if let Err((key, message)) = placed {
            faults.push(Fault {
                file: document.file.into(),
                at: At::Set(written.clone()),
                key,
                message,
            });
        }
    }
}

/// Path and value of one override.
fn parse(index: usize, written: &str) -> Result<(Vec<String>, Node<'_>), String> {
    let (key, value) = override_key::split(written).ok_or(
        "expected key.path=value, found no `=`; write for example --set word_lines.active=16",
    )?;
    let path = key_path(key.trim())?;
    let start = key.len() + 1 + (value.len() - value.trim_start().len());
    let value = value.trim();
    let parsed = match DeValue::parse(value) {
        Ok(parsed) => parsed.into_inner(),
        Err(_) if is_word(value) => DeValue::String(value.into()),
        Err(error) => {
            return Err(format!(
                "`{value}` is not a TOML value ({}); put texts in double quotes and the whole argument in single quotes",
                error.message()
            ));
        }
    };
    let place = Place {
        source: Source::Set(index),
        key: 0..key.len(),
        value: start..start + value.len(),
    };
    Ok((path, Node::from_toml(parsed, place, start)))
}

fn key_path(key: &str) -> Result<Vec<String>, String> {
    override_key::path(key).ok_or_else(|| {
        format!("`{key}` is not a dotted key; write for example readout.binary_search.bits")
    })
}

fn is_word(value: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    value.starts_with(|c: char| c.is_ascii_alphabetic()) && value.chars().all(legal)
}

fn put<'a>(root: &mut Node<'a>, path: &[String], node: Node<'a>) -> Result<(), String> {
    let Some((last, tables)) = path.split_last() else {
        return Ok(());
    };
    let mut holder = root;
    for (depth, key) in tables.iter().enumerate() {
        let created = Node::empty_table(node.place.clone());
        let Value::Table(table) = &mut holder.value else {
            return Err(no_table(&path[..depth]));
        };
        holder = table.entry(key.clone()).or_insert(created);
    }
    let Value::Table(table) = &mut holder.value else {
        return Err(no_table(tables));
    };
    table.insert(last.clone(), node);
    Ok(())
}

fn no_table(path: &[String]) -> String {
    let name = dotted(path);
    format!(
        "`{name}` is a value, not a table, so nothing can be set inside it; set `{name}` itself"
    )
}

/// What to write to exchange a whole table.
pub fn whole_table(path: &[String], kind: &str) -> String {
    format!("--set '{}={{ {kind} = {{ .. }} }}'", dotted(path))
}

/// True if anything at or below a node comes from an override.
pub fn touched(node: &Node) -> bool {
    let below = |table: &BTreeMap<String, Node>| table.values().any(touched);
    matches!(node.place.source, Source::Set(_)) || node.table().is_some_and(below)
}
