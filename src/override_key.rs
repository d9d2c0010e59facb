//! The key of an override `key.path=value` (`--set`, and `set` of experiments): where it ends, and the path it means.
//!
//! Not responsible for values, nor for whether there is such a key (`arch`).

use toml::de::{DeTable, DeValue};

/// Splits at the first `=` outside quotes; `None` without one.
pub fn split(written: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    for (index, c) in written.char_indices() {
        match (quote, c) {
            (None, '=') => return Some((&written[..index], &written[index + 1..])),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            _ => {}
        }
    }
    None
}

/// The path of a dotted key; `None` if it is none.
pub fn path(key: &str) -> Option<Vec<String>> {
    if key.contains(['\n', '\r']) {
        return None;
    }
    let text = format!("{key} = 0");
    let mut table = DeTable::parse(&text).ok()?.into_inner();
    let mut path = Vec::new();
    loop {
        let (key, value) = table.into_iter().next()?;
        path.push(key.into_inner().into_owned());
        match value.into_inner() {
            DeValue::Table(inner) => table = inner,
            _ => return Some(path),
        }
    }
}
