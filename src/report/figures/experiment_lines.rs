//! Stub.
use super::Figure;
use crate::results::experiment::{ExperimentResult, RowSummary};

/// Draws.
pub fn figure(_result: &ExperimentResult, _group: &str, _rows: &[&RowSummary]) -> Option<Figure> {
    None
}
