//! The learning curve of a training: its table and figure in the training's folder.
//!
//! Not responsible for drawing (`report`).

use super::train_arguments::TrainArguments;
use crate::data::Dataset;
use crate::durable;
use crate::report::learning_curve::files;
use crate::results::training::{EpochResult, LearningCurve};
use crate::train::epoch::Epoch;
use crate::train::trainer::Trainer;
use anyhow::Context;
use std::fs;

/// Writes curve.csv, curve.svg and curve.png, each whole or not at all; what is there already stays.
///
/// # Errors
/// If one cannot be written.
pub fn write(arguments: &TrainArguments, trainer: &Trainer, data: &Dataset) -> anyhow::Result<()> {
    let through = match &trainer.mvm {
        Some(mvm) => format!(" through {}", mvm.hardware.name),
        None => String::new(),
    };
    let method = arguments.method.name();
    let curve = LearningCurve {
        title: format!("{}: {method}{through}", trainer.model.network.name),
        subtitle: format!(
            "{}, {} of {} epochs, seed {}",
            data.name,
            trainer.curve.len(),
            arguments.epochs,
            arguments.seed
        ),
        epochs: trainer.curve.iter().map(result).collect(),
    };
    for (name, content) in files(&curve)? {
        let path = arguments.out.join(name);
        if fs::read(&path).is_ok_and(|found| found == content) {
            continue;
        }
        durable::replace(&path, &content).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

/// An epoch as a plain result.
pub fn result(epoch: &Epoch) -> EpochResult {
    EpochResult {
        epoch: epoch.epoch,
        rate: epoch.rate,
        loss: epoch.loss,
        train_accuracy: epoch.train_accuracy,
        test_accuracy: epoch.test_accuracy,
        gradient_norm: epoch.gradient.map(|norms| norms.median),
        largest_gradient_norm: epoch.gradient.map(|norms| norms.largest),
    }
}
