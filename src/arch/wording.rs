//! Complaints of the deserializer in the words of a hardware file: what was expected, what was found, what to do.
//!
//! Not responsible for places (`shape`). The deserializer's complaints are texts; reading them stands here and nowhere else.

use super::document::dotted;
use crate::spelling::nearest;

/// A complaint, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Complaint {
    /// A key that nobody knows, or a kind.
    Unknown {
        /// `key` or `kind`.
        what: &'static str,
        /// As written.
        found: String,
        /// What may stand there.
        known: Vec<String>,
    },
    /// A key that is not there.
    Missing(String),
    /// None or several kinds where one must stand.
    Kinds,
    /// A value of another type.
    Type {
        /// Type wanted.
        expected: String,
        /// Type found.
        found: String,
    },
    /// Anything else.
    Other(String),
}

impl Complaint {
    /// True if a table was wanted.
    pub fn wants_table(&self) -> bool {
        matches!(self, Self::Type { expected, .. } if expected == TABLE)
    }
}

const TABLE: &str = "a table";

/// Takes a message of the deserializer apart.
pub fn read(message: &str) -> Complaint {
    let message = message.trim();
    let quoted = || message.split('`').skip(1).step_by(2).map(String::from);
    for (start, what) in [("unknown field ", "key"), ("unknown variant ", "kind")] {
        if message.starts_with(start) {
            return Complaint::Unknown {
                what,
                found: quoted().next().unwrap_or_default(),
                known: quoted().skip(1).collect(),
            };
        }
    }
    if message.starts_with("unknown word ") {
        let known = message.split_once("one of: ").map_or("", |(_, list)| list);
        return Complaint::Unknown {
            what: "word",
            found: quoted().next().unwrap_or_default(),
            known: known.split(", ").map(String::from).collect(),
        };
    }
    if message.starts_with("missing field ") {
        return Complaint::Missing(quoted().next().unwrap_or_default());
    }
    if message.starts_with("wanted exactly 1 element") {
        return Complaint::Kinds;
    }
    if message == "wanted string or table" {
        return wrong_type(TABLE, "a value");
    }
    let rest = ["invalid type: ", "invalid value: "]
        .iter()
        .find_map(|start| message.strip_prefix(start));
    match rest.and_then(|rest| rest.rsplit_once(", expected ")) {
        // A kind written as a bare word.
        Some((_, "newtype variant")) => wrong_type(TABLE, "a word"),
        Some((found, expected)) => wrong_type(type_name(expected), type_name(found)),
        None if message.ends_with("number overflowed") => {
            wrong_type("a number that fits 64 bits", "a longer one")
        }
        None => Complaint::Other(message.into()),
    }
}

fn wrong_type(expected: &str, found: &str) -> Complaint {
    Complaint::Type {
        expected: expected.into(),
        found: found.into(),
    }
}

fn type_name(name: &str) -> &str {
    match name {
        "usize" | "u8" | "u16" | "u32" | "u64" => "a whole number, 0 or more",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "sequence" | "a sequence" => "a list",
        "map" | "a map" => TABLE,
        "a string" => "a text in double quotes",
        name if name.starts_with("struct ") => TABLE,
        name => name,
    }
}

/// The text of a complaint about the entry at `path`.
pub fn advise(complaint: &Complaint, path: &[String]) -> String {
    match complaint {
        Complaint::Unknown { what, found, known } => unknown(what, found, known),
        Complaint::Type { expected, found } => {
            format!(
                "expected {expected}, found {found}; {}",
                cure(expected, path)
            )
        }
        Complaint::Missing(key) => format!("`{key}` is missing; write it"),
        Complaint::Kinds => "expected one kind; keep one".into(),
        Complaint::Other(message) => format!("{message}; correct the value"),
    }
}

/// The text about something unknown.
pub fn unknown(what: &str, found: &str, known: &[String]) -> String {
    if known.is_empty() {
        return format!("unknown {what}; nothing is to be written here, remove `{found}`");
    }
    let names: Vec<&str> = known.iter().map(String::as_str).collect();
    let hint = match nearest(found, &names) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "correct or remove it".into(),
    };
    format!(
        "unknown {what} `{found}`, expected {}; {hint}",
        listed(&names)
    )
}

fn listed(names: &[&str]) -> String {
    match names {
        [only] => format!("`{only}`"),
        _ => format!("one of {}", names.join(", ")),
    }
}

fn cure(expected: &str, path: &[String]) -> String {
    let key = path.last().cloned().unwrap_or_default();
    if path.len() > 2 && path[0] == "provenance" {
        return format!(
            "put the dotted key in quotes: {:?} = \"..\"",
            path[1..].join(".")
        );
    }
    if path.len() == 2 && path[0] == "provenance" {
        return format!("write \"{key}\" = \"source: ..\", and dotted keys in quotes");
    }
    match expected {
        TABLE => format!("write [{}] with its keys below", dotted(path)),
        "a list" => format!("write {key} = [..]"),
        _ if expected.contains("list") => {
            format!("write {key} = .. or {key} = [..], without quotes or units")
        }
        _ if expected.contains("number") => {
            format!("write {key} = .. as a plain number, without quotes, unit or brackets")
        }
        _ => format!("correct the value of {key}"),
    }
}
