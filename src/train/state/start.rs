//! The state of one training as the start of another: its parameters and statistics, not its moments nor its curve.
//!
//! Not responsible for deployed networks as a start (`train::redeem`).

use super::header::{bytes, parsed};
use super::tensors::{fill, refuse_changed, refuse_strangers};
use crate::fingerprint::fingerprint;
use crate::net::checkpoint::shape_hash;
use crate::train::ancestry::recorded;
use crate::train::error::TrainError;
use crate::train::model::Model;
use safetensors::SafeTensors;
use std::path::Path;

/// Where a training started from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Start {
    /// Last test accuracy.
    pub test_accuracy: Option<f64>,
    /// Test accuracy of the full-precision training it goes back to.
    pub full_precision: Option<f64>,
    /// True if weights and activations were quantized there.
    pub quantized: bool,
    /// True if it was a deployed network, which has codes but no latent weights.
    pub deployed: bool,
    /// Fingerprint of the file of the state or network; `None` without one.
    pub fingerprint: Option<String>,
    /// Programs that trained it.
    pub programs: Vec<String>,
}

/// Takes parameters and statistics of another training of the same network as a start.
///
/// # Errors
/// If the file is damaged or belongs to another network.
pub fn initialise(model: &mut Model<f32>, path: &Path) -> Result<Start, TrainError> {
    initialise_from(model, &bytes(path)?, path)
}

/// [`initialise`] from bytes that are read already; `path` names them in errors.
///
/// # Errors
/// As [`initialise`].
pub fn initialise_from(
    model: &mut Model<f32>,
    bytes: &[u8],
    path: &Path,
) -> Result<Start, TrainError> {
    let found = parsed(bytes, path)?;
    let wrong = |problem: String| TrainError::State {
        path: path.into(),
        problem,
    };
    if found.network_hash != shape_hash(&model.network) {
        return Err(wrong("it was trained for another network".into()));
    }
    let tensors =
        SafeTensors::deserialize(bytes).map_err(|error| wrong(format!("damaged: {error}")))?;
    // The moments of either rule and trained references may stand there: a start does not look at them.
    let layers = model.network.layers.iter();
    let learned = [
        "reference_step",
        "reference_trims",
        "reference_thresholds",
        "reference_values",
    ];
    let references: Vec<String> = layers
        .flat_map(|layer| learned.map(|what| format!("{}.{what}", layer.name)))
        .collect();
    refuse_strangers(model, (&["#1", "#2"], &references), &tensors, path)?;
    fill(model, &tensors, path)?;
    refuse_changed(&tensors, &found, path)?;
    let test_accuracy = found.curve.last().map(|row| row.4);
    let quantized = found.method.starts_with("Qat");
    if quantized && !found.method.starts_with("Qat(Learned)") {
        // Steps that followed from the weights were not kept: those stored are as old as the start.
        model.start_weight_steps();
    }
    Ok(Start {
        test_accuracy,
        full_precision: if quantized {
            found.full_precision
        } else {
            test_accuracy
        },
        quantized,
        deployed: false,
        fingerprint: Some(fingerprint(bytes)),
        programs: recorded(found.programs),
    })
}
