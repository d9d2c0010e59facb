//! What can be wrong with a hardware file: always with file, line and key, what was expected and what to do.
//!
//! Not responsible for finding faults: `source`, `overrides`, `shape`, `provenance` and `hw` do.

use super::document::{Document, Source, dotted, line_of};
use crate::hw::error::HwError;
use std::fmt;

/// A hardware description that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ArchError {
    /// The file cannot be read.
    #[error("{path}: {source}")]
    File {
        /// Path.
        path: String,
        /// Reason.
        source: std::io::Error,
    },
    /// The path leads to something that is no hardware file at all.
    #[error("{path}: {message}")]
    Unsuitable {
        /// Path.
        path: String,
        /// What it is, and what to do.
        message: String,
    },
    /// No such hardware.
    #[error(
        "{name}: no such file and no shipped hardware of this name{hint}; shipped are {shipped}"
    )]
    Unknown {
        /// What was asked for.
        name: String,
        /// `; did you mean ..?` or nothing.
        hint: String,
        /// Names of the shipped ones.
        shipped: String,
    },
    /// The content is wrong.
    #[error("{}", .faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Wrong {
        /// Everything that is wrong, in the order of the file.
        faults: Vec<Fault>,
    },
}

/// One wrong thing in a hardware file or an override.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// File.
    pub file: String,
    /// Where.
    pub at: At,
    /// Dotted key; empty if the text is no TOML.
    pub key: String,
    /// What is wrong, what was expected and what to do.
    pub message: String,
}

/// Where a fault is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum At {
    /// In the file.
    Line {
        /// Line, counted from 1.
        line: usize,
        /// Text of the line.
        text: String,
        /// Characters before the fault.
        before: usize,
        /// Characters to point at, at least 1.
        width: usize,
    },
    /// In `--set`.
    Set(String),
}

/// Part of an entry that a fault points at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The key.
    Key,
    /// The value.
    Value,
}

impl Fault {
    /// A fault at the entry `path`, or at the table that should hold it.
    pub fn at(
        document: &Document,
        path: &[String],
        part: Part,
        message: impl Into<String>,
    ) -> Self {
        let place = &document.nearest(path).place;
        let span = match part {
            Part::Key => place.key.clone(),
            Part::Value => place.value.clone(),
        };
        Self {
            file: document.file.into(),
            at: At::of(document, place.source, span),
            key: dotted(path),
            message: message.into(),
        }
    }

    /// A fault of a number that `hw` refused.
    pub fn number(document: &Document, error: &HwError) -> Self {
        let path: Vec<String> = error.key.split('.').map(Into::into).collect();
        let HwError {
            value,
            expected,
            advice,
            ..
        } = error;
        let message = format!("expected {expected}, found {value}; {advice}");
        let exact = document
            .root
            .at(&path)
            .is_some_and(|node| node.table().is_none());
        let part = if exact { Part::Value } else { Part::Key };
        Self::at(document, &path, part, message)
    }
}

impl At {
    /// The place of some bytes.
    pub fn of(document: &Document, source: Source, span: std::ops::Range<usize>) -> Self {
        match source {
            Source::File => Self::line(document.text, span),
            Source::Set(index) => Self::Set(document.overrides[index].clone()),
        }
    }

    /// The place of some bytes of the file.
    pub fn line(text: &str, span: std::ops::Range<usize>) -> Self {
        let (line, content, column) = line_of(text, span.start);
        let rest = content.get(column..).unwrap_or_default();
        let pointed = rest.get(..span.len()).unwrap_or(rest);
        Self::Line {
            line,
            text: content.trim_end().into(),
            before: content.get(..column).unwrap_or(content).chars().count(),
            width: pointed.chars().count().max(1),
        }
    }

    /// Line in the file; overrides come after all lines.
    pub fn order(&self) -> usize {
        match self {
            Self::Line { line, .. } => *line,
            Self::Set(_) => usize::MAX,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = if self.key.is_empty() {
            String::new()
        } else {
            format!("{}: ", self.key)
        };
        match &self.at {
            At::Set(written) => write!(f, "--set {written} ({}): {key}{}", self.file, self.message),
            At::Line {
                line,
                text,
                before,
                width,
            } => {
                write!(f, "{}:{line}: {key}{}", self.file, self.message)?;
                excerpt(f, *line, text, *before, *width)
            }
        }
    }
}

/// Lines longer than this are not repeated.
const LONGEST_EXCERPT: usize = 160;

fn excerpt(
    f: &mut fmt::Formatter<'_>,
    line: usize,
    text: &str,
    before: usize,
    width: usize,
) -> fmt::Result {
    if text.trim().is_empty() || text.chars().count() > LONGEST_EXCERPT {
        return Ok(());
    }
    // Tabs stay tabs, so that the mark stands below what it points at.
    let lead: String = text
        .chars()
        .chain(std::iter::repeat(' '))
        .take(before)
        .map(|c| if c == '\t' { c } else { ' ' })
        .collect();
    let mark = "^".repeat(width);
    write!(f, "\n{line:>6} | {text}\n       | {lead}{mark}")
}
