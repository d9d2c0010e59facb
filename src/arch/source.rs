//! Where hardware files come from: a path, or the program itself, which carries the shipped ones.
//!
//! Not responsible for their content.

use super::error::ArchError;
use crate::short_text::{self, Fault};
use crate::spelling::nearest;
use std::path::Path;

/// Name and text of every shipped hardware file.
const SHIPPED: &[(&str, &str)] = &[
    ("ideal", IDEAL),
    ("reram_9wl", include_str!("../../arch/reram_9wl.toml")),
    ("reram_64wl", include_str!("../../arch/reram_64wl.toml")),
    // A chip to check by hand, with traces/worked_layer.safetensors.gz.
    (
        "worked_schedule",
        include_str!("../../arch/worked_schedule.toml"),
    ),
    // Published macros, with validation in docs/published-macros.md.
    (
        "deaville22_22",
        include_str!("../../arch/deaville22_22.toml"),
    ),
    ("hung22_22", include_str!("../../arch/hung22_22.toml")),
    ("khwa22_40", include_str!("../../arch/khwa22_40.toml")),
    (
        "spetalnick23_40",
        include_str!("../../arch/spetalnick23_40.toml"),
    ),
    ("xue19_55", include_str!("../../arch/xue19_55.toml")),
    ("xue20_22", include_str!("../../arch/xue20_22.toml")),
    ("xue21_22", include_str!("../../arch/xue21_22.toml")),
    ("yoon21_40", include_str!("../../arch/yoon21_40.toml")),
];

/// Text of the ideal macro: a description in which every key is right.
pub const IDEAL: &str = include_str!("../../arch/ideal.toml");

/// Names of the shipped hardware.
pub fn names() -> Vec<&'static str> {
    SHIPPED.iter().map(|(name, _)| *name).collect()
}

/// File name to show and text of a hardware description: a path that exists wins over a shipped name.
///
/// # Errors
/// If there is no such file or name, or the file is not text of a sensible size.
pub fn read(name: &str) -> Result<(String, String), ArchError> {
    let path = Path::new(name);
    if path.exists() && !path.is_dir() {
        return Ok((name.into(), read_file(name)?));
    }
    let stem = name.strip_prefix("./").unwrap_or(name);
    let stem = stem.strip_prefix("arch/").unwrap_or(stem);
    let stem = stem.strip_suffix(".toml").unwrap_or(stem);
    if let Some((shipped, text)) = SHIPPED.iter().find(|(shipped, _)| *shipped == stem) {
        return Ok((format!("arch/{shipped}.toml"), (*text).into()));
    }
    if path.is_dir() {
        return Err(unsuitable(name, "is a directory; give the TOML file in it"));
    }
    let hint = nearest(stem, &names()).map(|near| format!("; did you mean `{near}`?"));
    Err(ArchError::Unknown {
        name: name.into(),
        hint: hint.unwrap_or_default(),
        shipped: names().join(", "),
    })
}

fn unsuitable(path: &str, message: impl Into<String>) -> ArchError {
    ArchError::Unsuitable {
        path: path.into(),
        message: message.into(),
    }
}

fn read_file(path: &str) -> Result<String, ArchError> {
    let text = short_text::read(path).map_err(|fault| match fault {
        Fault::File(source) => ArchError::File {
            path: path.into(),
            source,
        },
        Fault::Large => {
            let message = "is larger than 1 MiB; a hardware file is a short TOML text";
            unsuitable(path, message)
        }
        Fault::NotText(line) => {
            let message = format!("line {line}: not UTF-8; save the file as UTF-8 text");
            unsuitable(path, message)
        }
    })?;
    if text.trim().is_empty() {
        let message = "the file is empty; start from one of the shipped hardware files";
        return Err(unsuitable(path, message));
    }
    Ok(text)
}
