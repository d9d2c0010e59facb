//! Hardware texts as lines that the tests can change one by one, read without the program's own reader.
//!
//! Every line is a header, a key with its value on one line, or neither. Not responsible for what the keys mean.

use toml::{Table, Value};

/// A line of a hardware file.
#[derive(Clone, Debug)]
pub enum Line {
    /// `[path]`.
    Header(Vec<String>),
    /// `key = value` below a header.
    Entry {
        /// Header and key together.
        path: Vec<String>,
        /// Segments of the header among them.
        header: usize,
        /// Value.
        value: Value,
    },
    /// A comment or nothing.
    Other(String),
}

/// A hardware file.
#[derive(Clone, Debug)]
pub struct Text(pub Vec<Line>);

/// Splits a dotted key; quoted keys stay whole.
fn segments(key: &str) -> Vec<String> {
    match key.trim().strip_prefix('"') {
        Some(quoted) => vec![quoted.trim_end_matches('"').into()],
        None => key.trim().split('.').map(Into::into).collect(),
    }
}

pub fn dotted(path: &[String]) -> String {
    let quoted = |key: &String| {
        if key.contains('.') {
            format!("\"{key}\"")
        } else {
            key.clone()
        }
    };
    path.iter().map(quoted).collect::<Vec<_>>().join(".")
}

impl Text {
    pub fn read(text: &str) -> Self {
        let mut header = Vec::new();
        let line = |line: &str| {
            if let Some(path) = line.strip_prefix('[') {
                header = segments(path.trim_end_matches(']'));
                return Line::Header(header.clone());
            }
            match line.split_once(" = ") {
                Some((key, value)) if !line.starts_with('#') => {
                    let whole: Table = toml::from_str(&format!("value = {value}"))
                        .expect("values of these files stand on one line");
                    let mut path = header.clone();
                    path.extend(segments(key));
                    Line::Entry {
                        path,
                        header: header.len(),
                        value: whole["value"].clone(),
                    }
                }
                _ => Line::Other(line.into()),
            }
        };
        Self(text.lines().map(line).collect())
    }

    pub fn write(&self) -> String {
        let line = |line: &Line| match line {
            Line::Header(path) => format!("[{}]\n", dotted(path)),
            Line::Entry {
                path,
                header,
                value,
            } => format!("{} = {value}\n", dotted(&path[*header..])),
            Line::Other(text) => format!("{text}\n"),
        };
        self.0.iter().map(line).collect()
    }

    /// Number of the first line that mentions `path` or something below it; 1 for the whole.
    pub fn line_of(&self, path: &[String]) -> usize {
        let mentions = |line: &Line| match line {
            Line::Header(header) => header.starts_with(path),
            Line::Entry {
                path: entry, value, ..
            } => {
                entry.starts_with(path)
                    || path
                        .strip_prefix(entry.as_slice())
                        .is_some_and(|rest| has(value, rest))
            }
            Line::Other(_) => false,
        };
        match path.is_empty() {
            true => 1,
            false => self
                .0
                .iter()
                .position(mentions)
                .map_or(0, |index| index + 1),
        }
    }

    pub fn contains(&self, path: &[String]) -> bool {
        self.line_of(path) > 0
    }

    /// Every key with a value that is not a header, inner keys of inline tables too: (index of the line, path).
    pub fn keys(&self) -> Vec<(usize, Vec<String>)> {
        let mut keys = Vec::new();
        for (index, line) in self.0.iter().enumerate() {
            if let Line::Entry { path, value, .. } = line {
                keys.push((index, path.clone()));
                inner(index, path, value, &mut keys);
            }
        }
        keys
    }

    /// The value at `path` on line `index`.
    pub fn value_mut(&mut self, index: usize, path: &[String]) -> &mut Value {
        let Line::Entry {
            path: entry, value, ..
        } = &mut self.0[index]
        else {
            panic!("line {index} has no value");
        };
        let rest = &path[entry.len()..];
        rest.iter()
            .fold(value, |value, key| &mut value[key.as_str()])
    }

    /// The same text without the key.
    pub fn without(&self, index: usize, path: &[String]) -> Self {
        let mut text = self.clone();
        let entry = match &text.0[index] {
            Line::Entry { path, .. } => path.len(),
            _ => 0,
        };
        if path.len() == entry {
            text.0.remove(index);
        } else {
            let (last, holder) = path.split_last().expect("a key has a name");
            if let Value::Table(table) = text.value_mut(index, holder) {
                table.remove(last);
            }
        }
        text
    }
}

fn has(value: &Value, path: &[String]) -> bool {
    path.iter()
        .try_fold(value, |value, key| value.get(key))
        .is_some()
}

fn inner(index: usize, path: &[String], value: &Value, keys: &mut Vec<(usize, Vec<String>)>) {
    let Value::Table(table) = value else { return };
    for (key, value) in table {
        let mut path = path.to_vec();
        path.push(key.clone());
        keys.push((index, path.clone()));
        inner(index, &path, value, keys);
    }
}
