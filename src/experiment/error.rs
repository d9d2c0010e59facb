//! What can be wrong with an experiment file.

use std::path::PathBuf;

/// An experiment that cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum ExperimentError {
    /// No such name.
    #[error("no experiment `{name}`; shipped: {shipped}{hint}; a path to a .toml file works too")]
    Unknown {
        /// Name as given.
        name: String,
        /// Names that exist.
        shipped: String,
        /// `; did you mean ..?` or nothing.
        hint: String,
    },
    /// The file cannot be read.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// Path.
        path: PathBuf,
        /// Reason.
        source: std::io::Error,
    },
    /// A key that is wrong by itself or beside the others.
    #[error("{file}:{line}: {key}: {problem}")]
    Key {
        /// File.
        file: String,
        /// Line, counted from 1.
        line: usize,
        /// The key, or the row.
        key: String,
        /// What is wrong and what to do.
        problem: String,
    },
}
