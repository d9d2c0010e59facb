//! What can be wrong with a hardware file: always with file, line and key, what was expected and what to do.

use crate::hw::error::HwError;

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
    /// The text is not a hardware description.
    #[error("{file}: {message}")]
    Parse {
        /// File.
        file: String,
        /// Message with line and caret.
        message: String,
    },
    /// Numbers are wrong.
    #[error("{file}: {}", .errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Numbers {
        /// File.
        file: String,
        /// Every wrong number.
        errors: Vec<HwError>,
    },
    /// No such hardware.
    #[error("{name}: no such file and no shipped hardware of this name; shipped are {shipped}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// Names of the shipped ones.
        shipped: String,
    },
}
