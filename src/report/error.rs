//! What can go wrong while a report is written, each case a sentence that says what to do.

use std::path::PathBuf;

/// A report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The file system refused.
    #[error("cannot {action} {path}: {source}; nothing of an earlier report was lost", path = .path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// The output folder holds something else.
    #[error("{path} exists and is not a report (it has no summary.json of this program); name another folder or empty this one", path = .path.display())]
    NotAReport {
        /// The folder in the way.
        path: PathBuf,
    },
    /// The output folder is a report with something else in it.
    #[error("{path}: no report wrote this file, and it would be lost with the older report in {report}; move it elsewhere, or name another folder", path = .path.display(), report = .report.display())]
    Stranger {
        /// The file in the way.
        path: PathBuf,
        /// The older report.
        report: PathBuf,
    },
    /// The output path is a link that leads nowhere.
    #[error("{path} is a link to {target}, which does not exist; make that folder, remove the link, or name another folder", path = .path.display(), target = .target.display())]
    LinkToNothing {
        /// The link.
        path: PathBuf,
        /// What it names.
        target: PathBuf,
    },
    /// The output path has no name, such as `/` or `..`.
    #[error("{path} cannot be replaced by a report; name a folder to create", path = .path.display())]
    NoName {
        /// The path.
        path: PathBuf,
    },
    /// A figure could not be drawn.
    #[error("cannot draw a figure: {0}")]
    Drawing(String),
    /// The results could not be written as JSON or CSV.
    #[error("cannot write the results as {format}: {reason}")]
    Format {
        /// JSON or CSV.
        format: &'static str,
        /// The encoder's answer.
        reason: String,
    },
}

impl ReportError {
    /// Wraps the answer of a drawing backend.
    pub(super) fn drawing(error: impl std::fmt::Display) -> Self {
        Self::Drawing(error.to_string())
    }
}
