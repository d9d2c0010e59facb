//! What to do about a value of the wrong type in a hardware file: how its key is to be written.
//!
//! Not responsible for places (`shape`), nor for what the reader's complaints say (`toml_complaint`).

use super::document::dotted;
use crate::toml_complaint::{Complaint, TABLE};

/// The text of a complaint about the entry at `path`.
pub fn advise(complaint: &Complaint, path: &[String]) -> String {
    match complaint {
        Complaint::Type { expected, found } => {
            format!(
                "expected {expected}, found {found}; {}",
                cure(expected, path)
            )
        }
        Complaint::Other(message) => format!("{message}; correct the value"),
        complaint => complaint.text(),
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
