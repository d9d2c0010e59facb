//! Where hardware files come from: a path, or the program itself, which carries the shipped ones.
//!
//! Not responsible for their content.

use super::error::ArchError;
use crate::shipped_text::{Carried, Fault, NOT_TEXT};

/// The shipped hardware files.
const CARRIED: Carried = Carried {
    folder: "arch",
    kind: "a hardware file",
    texts: &[
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
    ],
};

/// Text of the ideal macro: a description in which every key is right.
pub const IDEAL: &str = include_str!("../../arch/ideal.toml");

/// Names of the shipped hardware.
pub fn names() -> Vec<&'static str> {
    CARRIED.names()
}

/// File name to show and text of a hardware description: a path that exists wins over a shipped name.
///
/// # Errors
/// If there is no such file or name, or the file is not text of a sensible size.
pub fn read(name: &str) -> Result<(String, String), ArchError> {
    let unsuitable = |message: String| ArchError::Unsuitable {
        path: name.into(),
        message,
    };
    let found = CARRIED.find(name).map_err(|fault| match fault {
        Fault::File(source) => ArchError::File {
            path: name.into(),
            source,
        },
        Fault::NotText(line) => unsuitable(format!("line {line}: {NOT_TEXT}")),
        Fault::Unknown { shipped, hint } => ArchError::Unknown {
            name: name.into(),
            hint,
            shipped,
        },
    })?;
    if found.text.trim().is_empty() {
        let message = "the file is empty; start from one of the shipped hardware files";
        return Err(unsuitable(message.into()));
    }
    Ok((found.file, found.text.into_owned()))
}
