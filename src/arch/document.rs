//! The text of a hardware file as a tree in which every key and value knows where it was written: in the file or by `--set`.
//!
//! Not responsible for what the keys mean (`shape`) nor for the rules of overrides (`overrides`).

use std::collections::BTreeMap;
use std::ops::Range;
use toml::de::DeValue;

/// Which text a place lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The file.
    File,
    /// Override number n.
    Set(usize),
}

/// Where a key and its value were written.
#[derive(Clone, Debug)]
pub struct Place {
    /// The text.
    pub source: Source,
    /// Bytes of the key (of the value, for an element of a list).
    pub key: Range<usize>,
    /// Bytes of the value; of a table without a text of its own, of its key.
    pub value: Range<usize>,
}

/// A value.
#[derive(Clone, Debug)]
pub enum Value<'a> {
    /// Keys with their values.
    Table(BTreeMap<String, Node<'a>>),
    /// Values in order.
    List(Vec<Node<'a>>),
    /// Anything else; never a table or a list.
    Leaf(DeValue<'a>),
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Node<'a> {
    /// Where.
    pub place: Place,
    /// What.
    pub value: Value<'a>,
}

/// A hardware file with its overrides.
#[derive(Clone, Debug)]
pub struct Document<'a> {
    /// Name of the file as shown to the user.
    pub file: &'a str,
    /// Text of the file.
    pub text: &'a str,
    /// Overrides as written.
    pub overrides: &'a [String],
    /// The whole tree.
    pub root: Node<'a>,
}

impl<'a> Node<'a> {
    /// A table with nothing in it.
    pub fn empty_table(place: Place) -> Self {
        Self {
            place,
            value: Value::Table(BTreeMap::new()),
        }
    }

    /// A value as parsed from `source`; `shift` is what its byte positions are to be moved by.
    pub fn from_toml(value: DeValue<'a>, place: Place, shift: usize) -> Self {
        let source = place.source;
        let moved = |span: Range<usize>| span.start + shift..span.end + shift;
        let value = match value {
            DeValue::Table(table) => Value::Table(
                table
                    .into_iter()
                    .map(|(key, value)| {
                        let place = Place {
                            source,
                            key: moved(key.span()),
                            value: moved(value.span()),
                        };
                        let node = Self::from_toml(value.into_inner(), place, shift);
                        (key.into_inner().into_owned(), node)
                    })
                    .collect(),
            ),
            DeValue::Array(list) => Value::List(
                list.into_iter()
                    .map(|value| {
                        let span = moved(value.span());
                        let place = Place {
                            source,
                            key: span.clone(),
                            value: span,
                        };
                        Self::from_toml(value.into_inner(), place, shift)
                    })
                    .collect(),
            ),
            leaf => Value::Leaf(leaf),
        };
        Self { place, value }
    }

    /// The child at a path.
    pub fn at(&self, path: &[String]) -> Option<&Self> {
        path.iter()
            .try_fold(self, |node, key| node.table()?.get(key))
    }

    /// The child at a path, to be changed.
    pub fn at_mut(&mut self, path: &[String]) -> Option<&mut Self> {
        path.iter()
            .try_fold(self, |node, key| match &mut node.value {
                Value::Table(table) => table.get_mut(key),
                _ => None,
            })
    }

    /// Keys and values, if it is a table.
    pub fn table(&self) -> Option<&BTreeMap<String, Self>> {
        match &self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// Calls `visit` for everything below that is not a table, with its path.
    pub fn leaves(&self, path: &mut Vec<String>, visit: &mut dyn FnMut(&[String], &Self)) {
        let Some(table) = self.table() else {
            return visit(path, self);
        };
        for (key, node) in table {
            path.push(key.clone());
            node.leaves(path, visit);
            path.pop();
        }
    }

    /// True if it is a number or a list with a number in it.
    pub fn is_numeric(&self) -> bool {
        match &self.value {
            Value::Leaf(leaf) => leaf.is_integer() || leaf.is_float(),
            Value::List(list) => list.iter().any(Self::is_numeric),
            Value::Table(_) => false,
        }
    }

    /// The word, if it is one.
    pub fn word(&self) -> Option<&str> {
        match &self.value {
            Value::Leaf(leaf) => leaf.as_str(),
            _ => None,
        }
    }
}

impl<'a> Document<'a> {
    /// The text a place lies in.
    pub fn source(&self, source: Source) -> &'a str {
        match source {
            Source::File => self.text,
            Source::Set(index) => &self.overrides[index],
        }
    }

    /// A value as written, on one line.
    pub fn written(&self, place: &Place) -> String {
        let text = self.source(place.source).get(place.value.clone());
        let words: Vec<&str> = text.unwrap_or_default().split_whitespace().collect();
        words.join(" ")
    }

    /// The nearest thing to `path` that was written: itself, or the table that should hold it.
    pub fn nearest(&self, path: &[String]) -> &Node<'a> {
        let mut node = &self.root;
        for key in path {
            match node.table().and_then(|table| table.get(key)) {
                Some(child) => node = child,
                None => break,
            }
        }
        node
    }
}

/// A path as it is written in TOML: `cell.on_off.bits`, `provenance."array.rows"`.
pub fn dotted(path: &[String]) -> String {
    let bare = |key: &str| {
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        !key.is_empty() && key.chars().all(legal)
    };
    let one = |key: &String| {
        if bare(key) {
            key.clone()
        } else {
            format!("{key:?}")
        }
    };
    path.iter().map(one).collect::<Vec<_>>().join(".")
}

/// Line of a byte position, counted from 1, with the line's text and the position within it.
pub fn line_of(text: &str, position: usize) -> (usize, &str, usize) {
    let position = position.min(text.len());
    let before = text.get(..position).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[start..].lines().next().unwrap_or_default();
    (before.matches('\n').count() + 1, line, before.len() - start)
}
