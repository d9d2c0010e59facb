//! Complaints of the TOML reader in the words of whoever wrote the file: what was expected, what was found, what to do.
//!
//! The reader's complaints are texts with names of the program's own types; reading them stands here and nowhere else. Not
//! responsible for places, nor for what only one kind of file can say (`arch`, `net` and `experiment` add that).

use crate::spelling::nearest;

/// A complaint, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Complaint {
    /// A key that nobody knows, or a kind.
    Unknown {
        /// `key`, `kind` or `word`.
        what: &'static str,
        /// As written.
        found: String,
        /// What may stand there.
        known: Vec<String>,
    },
    /// A key that is not there.
    Missing(String),
    /// No kind or several kinds where one must stand.
    Kinds {
        /// True if there is none.
        none: bool,
    },
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

/// What a table is called in complaints.
pub const TABLE: &str = "a table";

impl Complaint {
    /// Takes a message of the reader apart.
    pub fn read(message: &str) -> Self {
        let message = message.trim();
        let quoted = || message.split('`').skip(1).step_by(2).map(String::from);
        for (start, what) in [("unknown field ", "key"), ("unknown variant ", "kind")] {
            if message.starts_with(start) {
                return Self::Unknown {
                    what,
                    found: quoted().next().unwrap_or_default(),
                    known: quoted().skip(1).collect(),
                };
            }
        }
        if message.starts_with("unknown word ") {
            let known = message.split_once("one of: ").map_or("", |(_, list)| list);
            return Self::Unknown {
                what: "word",
                found: quoted().next().unwrap_or_default(),
                known: known.split(", ").map(String::from).collect(),
            };
        }
        if message.starts_with("missing field ") {
            return Self::Missing(quoted().next().unwrap_or_default());
        }
        if message.starts_with("wanted exactly 1 element") {
            let none = message.ends_with("found 0 elements");
            return Self::Kinds { none };
        }
        Self::of_type(message).unwrap_or_else(|| Self::Other(message.into()))
    }

    fn of_type(message: &str) -> Option<Self> {
        let wrong = |expected: &str, found: &str| {
            Some(Self::Type {
                expected: expected.into(),
                found: found.into(),
            })
        };
        if message == "wanted string or table" {
            return wrong(TABLE, "a plain value");
        }
        // A list may stand for a table as far as the reader is concerned, if it has as many entries.
        if message.starts_with("invalid length ") {
            return wrong(TABLE, "a list");
        }
        if message.ends_with("number overflowed") {
            return wrong("a number that fits 64 bits", "a longer one");
        }
        let starts = ["invalid type: ", "invalid value: "];
        let rest = starts.iter().find_map(|start| message.strip_prefix(start));
        match rest?.rsplit_once(", expected ")? {
            // A kind written as a bare word.
            (_, "newtype variant") => wrong(TABLE, "a word"),
            (found, expected) => wrong(expected_name(expected), &found_name(found)),
        }
    }

    /// True if a table was wanted.
    pub fn wants_table(&self) -> bool {
        matches!(self, Self::Type { expected, .. } if expected == TABLE)
    }

    /// What is wrong and what to do, for any file.
    pub fn text(&self) -> String {
        match self {
            Self::Unknown { what, found, known } => unknown(what, found, known),
            Self::Missing(key) => format!("`{key}` is missing; write it"),
            Self::Kinds { none: true } => "expected one kind, found none; write one".into(),
            Self::Kinds { none: false } => "expected one kind, found several; keep one".into(),
            Self::Type { expected, found } => {
                format!("expected {expected}, found {found}; correct the value")
            }
            Self::Other(message) => message.clone(),
        }
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
    let listed = match names[..] {
        [only] => format!("`{only}`"),
        _ => format!("one of {}", names.join(", ")),
    };
    format!("unknown {what} `{found}`, expected {listed}; {hint}")
}

fn expected_name(name: &str) -> &str {
    match name {
        "usize" | "u8" | "u16" | "u32" | "u64" => "a whole number, 0 or more",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "sequence" | "a sequence" => "a list",
        "map" | "a map" => TABLE,
        "a string" => "a text in double quotes",
        "unit variant" => "a word",
        name if name.starts_with("struct ") || name.starts_with("enum ") => TABLE,
        name => name,
    }
}

/// What stands there: `floating point` and `integer` are numbers to whoever wrote them.
fn found_name(found: &str) -> String {
    let numbers = ["floating point ", "integer "];
    let number = numbers.iter().find_map(|start| found.strip_prefix(start));
    match number {
        Some(value) => format!("number {value}"),
        None => expected_name(found).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_name_no_types_of_the_program() {
        for (message, told) in [
            (
                "invalid type: string \"x\", expected usize",
                "expected a whole number, 0 or more, found string \"x\"; correct the value",
            ),
            (
                "invalid value: integer `-1`, expected u32",
                "expected a whole number, 0 or more, found number `-1`; correct the value",
            ),
            (
                "invalid type: map, expected a string",
                "expected a text in double quotes, found a table; correct the value",
            ),
            (
                "invalid type: unit variant, expected newtype variant",
                "expected a table, found a word; correct the value",
            ),
            (
                "unknown field `kernl`, expected one of `name`, `kernel`",
                "unknown key `kernl`, expected one of name, kernel; did you mean `kernel`?",
            ),
            (
                "unknown field `x`, expected `name`",
                "unknown key `x`, expected `name`; correct or remove it",
            ),
            (
                "unknown field `x`, there are no fields",
                "unknown key; nothing is to be written here, remove `x`",
            ),
            (
                "unknown word `up`, expected one of: left, right",
                "unknown word `up`, expected one of left, right; correct or remove it",
            ),
            (
                "invalid length 0, expected struct ShapeSpec with 3 elements",
                "expected a table, found a list; correct the value",
            ),
            (
                "integer number overflowed",
                "expected a number that fits 64 bits, found a longer one; correct the value",
            ),
            (
                "wanted exactly 1 element, found 0 elements",
                "expected one kind, found none; write one",
            ),
            (
                "wanted exactly 1 element, more than 1 element",
                "expected one kind, found several; keep one",
            ),
            ("missing field `classes`", "`classes` is missing; write it"),
            ("duplicate key", "duplicate key"),
        ] {
            assert_eq!(Complaint::read(message).text(), told);
        }
    }
}
