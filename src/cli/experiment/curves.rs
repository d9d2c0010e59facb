//! The learning curves of an experiment: of every training whose folder belongs to it, as far as it has come.
//!
//! They are those of the states, which know when they were changed, and of `curve.csv` where only that was kept. Not responsible
//! for the table (`report`).

use super::commands::{Commands, Training};
use super::folder::Folders;
use crate::bounded;
use crate::cli::learning_curve::result;
use crate::experiment::Weights;
use crate::report::learning_curve::{NAMES, parse};
use crate::results::training::{EpochResult, NamedCurve};
use crate::train::state;

/// Largest table that is read: a thousand times one of a thousand epochs.
const LARGEST_BYTES: u64 = 1 << 27;

/// Seed by seed: full precision, quantized, then the rows in the order of the file.
pub fn all(commands: &Commands, folders: &Folders) -> Vec<NamedCurve> {
    let mut curves = Vec::new();
    for &seed in &commands.plan.seeds {
        let mut add = |name: &str, training: anyhow::Result<Option<Training>>| {
            // What does not belong here has no curve.
            let training = training.ok()??;
            folders.check(&training).ok()?;
            let epochs = epochs(&training, folders)?;
            curves.push(NamedCurve {
                training: name.into(),
                seed,
                epochs,
            });
            Some(())
        };
        add("float", commands.float(seed));
        add("qat", commands.qat(seed).map(Some));
        for row in &commands.plan.rows {
            if let Weights::Trained(options) = &row.weights {
                add(&row.name, commands.row(seed, row, options).map(Some));
            }
        }
    }
    curves
}

fn epochs(training: &Training, folders: &Folders) -> Option<Vec<EpochResult>> {
    if let Ok(epochs) = state::curve(&training.state()) {
        return Some(epochs.iter().map(result).collect());
    }
    if training.state().exists() || !folders.is_noted(training) {
        return None;
    }
    let bytes = bounded::read(&training.arguments.out.join(NAMES[0]), LARGEST_BYTES).ok()?;
    let epochs = parse(std::str::from_utf8(&bytes).ok()?)?;
    (epochs.len() == training.arguments.epochs).then_some(epochs)
}
