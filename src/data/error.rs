//! What can be wrong with a data set.

use std::path::PathBuf;

/// Images that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// Not a data source.
    #[error("no data source `{text}`; write builtin, mnist:DIR, cifar10:DIR or images:DIR")]
    Source {
        /// As given.
        text: String,
    },
    /// A file that is not there or cannot be read.
    #[error("{path}: {source}; {advice}", path = path.display())]
    File {
        /// Path.
        path: PathBuf,
        /// Reason.
        source: std::io::Error,
        /// What belongs there.
        advice: String,
    },
    /// A file with the wrong content.
    #[error("{path}: {problem}", path = path.display())]
    Content {
        /// Path.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// Images of another size than the network takes.
    #[error(
        "{name} has images of {found}, this network takes {expected}; choose another --data or --model"
    )]
    Size {
        /// Set.
        name: String,
        /// Its size.
        found: String,
        /// Size the network takes.
        expected: String,
    },
}

impl DataError {
    /// Wrong content of a file.
    pub fn content(path: impl Into<PathBuf>, problem: impl Into<String>) -> Self {
        Self::Content {
            path: path.into(),
            problem: problem.into(),
        }
    }
}
