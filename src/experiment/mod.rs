//! Experiments as written in experiments/*.toml: which trainings and evaluations belong together, and what came of them.
//!
//! `spec` has the keys, `check` holds them against each other, `influence` refuses those that nothing looks at, `overrides` puts
//! `set` and `evaluate_set` together, `shipped` finds files, `summary` puts results of rows and
//! seeds together, `difference` compares two networks, `contradiction` holds a result against itself. Not responsible for running
//! anything (`cli::experiment`), nor for pages (`report`).

mod check;
mod contradiction;
pub mod difference;
pub mod error;
mod influence;
mod overrides;
pub mod shipped;
mod spec;
pub mod summary;

pub use contradiction::{answers_contradiction, contradiction};
pub use error::ExperimentError;
pub use shipped::load;

use crate::results::experiment::GroupSummary;

/// A checked experiment file.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// File as shown to the user.
    pub file: String,
    /// Name: the folder of its results.
    pub name: String,
    /// One line for the page.
    pub title: String,
    /// Network.
    pub model: String,
    /// Kind of data: `builtin`, `mnist`, `cifar10` or `images`.
    pub data: String,
    /// Seeds.
    pub seeds: Vec<u64>,
    /// Row whose ideal MVM values drops are counted against.
    pub baseline: String,
    /// Where the training with ideal MVM values begins.
    pub beginning: Beginning,
    /// Options of the training with ideal MVM values that every row starts from.
    pub qat: Vec<String>,
    /// Options of the training of every row.
    pub common: Vec<String>,
    /// How rows are evaluated.
    pub evaluate: Evaluate,
    /// Groups of rows, in the order of their first rows.
    pub groups: Vec<GroupSummary>,
    /// Rows in the order of the file.
    pub rows: Vec<Row>,
    /// Rows to be held against each other, in the order of the file.
    pub compare: Vec<Compare>,
}

/// Where the training with ideal MVM values of an experiment begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// A full-precision training of every seed, with these options.
    Float(Vec<String>),
    /// The network that travels with the program, latent weights drawn by the seed.
    Shipped,
}

/// `[[compare]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compare {
    /// Row.
    pub row: String,
    /// Row it is held against.
    pub against: String,
    /// For people.
    pub label: String,
}

/// `[evaluate]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evaluate {
    /// Repeats of M2.
    pub repeats: u64,
    /// Chips of M3.
    pub chips: u64,
    /// Test images per chip.
    pub chip_images: usize,
    /// Test images of M1 and M2; `None`: all.
    pub images: Option<usize>,
    /// Training images for batch norm.
    pub calibration_images: usize,
}

/// One `[[row]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Line in the file.
    pub line: usize,
    /// Name: a folder.
    pub name: String,
    /// For people.
    pub label: String,
    /// What is evaluated.
    pub weights: Weights,
    /// Macro.
    pub arch: String,
    /// Overrides of training and evaluation.
    pub set: Vec<String>,
    /// Overrides of the evaluation alone.
    pub evaluate_set: Vec<String>,
    /// Figure it belongs to.
    pub group: Option<String>,
    /// Place on the horizontal axis of a line figure.
    pub axis: Option<f64>,
    /// Line it belongs to.
    pub series: Option<String>,
}

/// The network of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Weights {
    /// The one every row starts from.
    Pretrained,
    /// Trained from there with these options.
    Trained(Vec<String>),
    /// That of another row.
    From(String),
}

impl Plan {
    /// A row by name.
    pub fn row(&self, name: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.name == name)
    }

    /// The row whose training gives a row its network: itself unless it says `from`.
    pub fn origin<'a>(&'a self, row: &'a Row) -> &'a Row {
        let mut origin = row;
        // As many steps as there are rows: the check has refused cycles.
        for _ in &self.rows {
            match &origin.weights {
                Weights::From(name) => origin = self.row(name).unwrap_or(origin),
                _ => break,
            }
        }
        origin
    }

    /// An error about a row.
    pub fn wrong_row(&self, row: &Row, problem: impl Into<String>) -> ExperimentError {
        ExperimentError::Key {
            file: self.file.clone(),
            line: row.line,
            key: format!("row `{}`", row.name),
            problem: problem.into(),
        }
    }
}
