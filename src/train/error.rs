//! What can go wrong in training.

use std::path::PathBuf;

/// A training that cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// A setting out of range.
    #[error("{what}; {advice}")]
    Setting {
        /// What is wrong.
        what: String,
        /// What to do.
        advice: String,
    },
    /// A file that cannot be read or written.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// Path.
        path: PathBuf,
        /// Reason.
        source: std::io::Error,
    },
    /// A training state that cannot be used.
    #[error("training state {path}: {problem}", path = path.display())]
    State {
        /// Path.
        path: PathBuf,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A deployed network that no training can start from.
    #[error("{file}: {problem}")]
    Network {
        /// File.
        file: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A network that does not fit the macro it is trained through.
    #[error("layer {layer} does not fit this macro: {error}")]
    Unfit {
        /// Layer.
        layer: String,
        /// What is in the way.
        error: crate::hw::error::HwError,
    },
    /// What is trained is no number any more.
    #[error("{what} in epoch {epoch}; lower --lr (the last whole epoch is kept)")]
    Diverged {
        /// Epoch, from 1.
        epoch: usize,
        /// What became of what.
        what: String,
    },
}
