//! The learning curves of an experiment: of every training whose folder belongs to it, as far as it has come.
//!
//! They are those of the states, which know when they were changed. Not responsible for the table (`report`).

use super::commands::{Commands, Training};
use super::folder::Folders;
use crate::cli::learning_curve::result;
use crate::experiment::Weights;
use crate::results::training::NamedCurve;
use crate::train::state;

/// Seed by seed: full precision, quantized, then the rows in the order of the file.
pub fn all(commands: &Commands, folders: &Folders) -> Vec<NamedCurve> {
    let mut curves = Vec::new();
    for &seed in &commands.plan.seeds {
        let mut add = |name: &str, training: anyhow::Result<Training>| {
            // What does not belong here, or has no state any more, has no curve.
            let training = training.ok()?;
            folders.check(&training).ok()?;
            let epochs = state::curve(&training.state()).ok()?;
            curves.push(NamedCurve {
                training: name.into(),
                seed,
                epochs: epochs.iter().map(result).collect(),
            });
            Some(())
        };
        add("float", commands.float(seed));
        add("qat", commands.qat(seed));
        for row in &commands.plan.rows {
            if let Weights::Trained(options) = &row.weights {
                add(&row.name, commands.row(seed, row, options));
            }
        }
    }
    curves
}
