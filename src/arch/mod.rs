//! Hardware files: TOML to a checked, resolved macro, with errors that name file, line and key. No physics here (`hw`).

pub mod error;

pub use error::ArchError;

use crate::hw::chip::{Hardware, HardwareSpec};
use crate::results::run::ArchSummary;
use std::path::Path;

/// A loaded hardware file.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// File name as shown to the user.
    pub file: String,
    /// The resolved macro.
    pub hardware: Hardware,
    /// What a report says about it.
    pub summary: ArchSummary,
}

/// Name and text of every shipped hardware file.
const SHIPPED: &[(&str, &str)] = &[
    ("ideal", include_str!("../../arch/ideal.toml")),
    ("reram_9wl", include_str!("../../arch/reram_9wl.toml")),
];

/// Names of the shipped hardware.
pub fn names() -> Vec<&'static str> {
    SHIPPED.iter().map(|(name, _)| *name).collect()
}

/// Loads hardware by path or shipped name (`arch/reram_9wl.toml`, `reram_9wl`), with `key.path=value` overrides.
///
/// # Errors
/// If the file is missing or anything in it is wrong.
pub fn load(name: &str, overrides: &[String]) -> Result<Loaded, ArchError> {
    let _ = overrides;
    let stem = name.strip_prefix("arch/").unwrap_or(name);
    let stem = stem.strip_suffix(".toml").unwrap_or(stem);
    let (file, text) = if Path::new(name).is_file() {
        let text = std::fs::read_to_string(name).map_err(|source| ArchError::File {
            path: name.into(),
            source,
        })?;
        (name.to_string(), text)
    } else {
        match SHIPPED.iter().find(|(shipped, _)| *shipped == stem) {
            Some((shipped, text)) => (format!("arch/{shipped}.toml"), (*text).to_string()),
            None => {
                return Err(ArchError::Unknown {
                    name: name.into(),
                    shipped: names().join(", "),
                });
            }
        }
    };
    let spec: HardwareSpec = toml::from_str(&text).map_err(|error| ArchError::Parse {
        file: file.clone(),
        message: error.to_string(),
    })?;
    let hardware = Hardware::resolve(&spec).map_err(|errors| ArchError::Numbers {
        file: file.clone(),
        errors,
    })?;
    let summary = ArchSummary {
        name: hardware.name.clone(),
        description: hardware.description.clone(),
        fingerprint: hardware.fingerprint(),
        ..ArchSummary::default()
    };
    Ok(Loaded {
        file,
        hardware,
        summary,
    })
}
