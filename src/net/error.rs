//! What can be wrong with a network file or a checkpoint.

use std::path::PathBuf;

/// A network or checkpoint that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// No such name.
    #[error("no model `{name}`; shipped: {shipped}{hint}; a path to a .toml file works too")]
    UnknownModel {
        /// Name as given.
        name: String,
        /// Names that exist.
        shipped: String,
        /// `; did you mean ..?` or nothing.
        hint: String,
    },
    /// The file cannot be read or written.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// Path.
        path: PathBuf,
        /// Reason.
        source: std::io::Error,
    },
    /// A network file that is not TOML, or a key of it that is wrong by itself or beside the others.
    #[error("{file}:{line}: {key}: {problem}")]
    Key {
        /// File.
        file: String,
        /// Line, counted from 1.
        line: usize,
        /// The key, and the layer it belongs to.
        key: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A checkpoint that cannot be used.
    #[error("checkpoint {file}: {problem}")]
    Checkpoint {
        /// File.
        file: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A file of recorded layers that cannot be used.
    #[error("trace {file}: {problem}")]
    Recorded {
        /// File.
        file: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// Weights of another data set.
    #[error(
        "{file}: these weights were trained on {trained}, not on {asked}; choose that data set, or train on this one with `imcsim train`"
    )]
    OtherData {
        /// File.
        file: String,
        /// Data set they were trained on.
        trained: String,
        /// Data set asked for.
        asked: String,
    },
    /// No weights travel with the program for this network and data set.
    #[error(
        "no weights of `{network}` for {data} are shipped (there are some for: {known}); train them with `imcsim train` and pass --weights FILE"
    )]
    NoWeights {
        /// Network.
        network: String,
        /// Data set asked for.
        data: String,
        /// Data sets there are weights for.
        known: String,
    },
}
