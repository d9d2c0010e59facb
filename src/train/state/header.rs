//! The metadata of a training state: what must be the same for a training to go on, and its learning curve.
//!
//! Not responsible for tensors (`super`).

use crate::net::checkpoint::shape_hash;
use crate::train::epoch::{Epoch, GradientNorms};
use crate::train::error::TrainError;
use crate::train::settings::Settings;
use crate::train::trainer::Trainer;
use safetensors::SafeTensors;
use std::path::Path;

const FORMAT: &str = "imcsim-training-1";

/// What must be the same for a training to go on, and its curve.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Header {
    /// Version of the layout.
    pub format: String,
    /// Hash of the shape of the network.
    pub network_hash: String,
    /// What is trained, and through what.
    pub method: String,
    /// Settings in words.
    pub settings: String,
    /// Fingerprint of the data set.
    pub data: String,
    /// Updates done.
    pub steps: u64,
    /// Test accuracy of the full-precision training this one goes back to.
    #[serde(default)]
    pub full_precision: Option<f64>,
    /// Epochs: number, rate, loss, accuracy while training, on test images.
    pub curve: Vec<(usize, f64, f64, f64, f64)>,
    /// Gradients of the epochs of `curve`; shorter where an older program trained the first of them.
    #[serde(default)]
    pub gradients: Vec<Option<GradientNorms>>,
}

/// Of a training as it stands; `data` is the fingerprint of the data set.
pub fn header(trainer: &Trainer, data: &str) -> Header {
    let row = |e: &Epoch| (e.epoch, e.rate, e.loss, e.train_accuracy, e.test_accuracy);
    Header {
        format: FORMAT.into(),
        network_hash: shape_hash(&trainer.model.network),
        method: method(trainer),
        settings: settings(&trainer.settings),
        data: data.into(),
        steps: trainer.optimizer.steps,
        full_precision: trainer.full_precision,
        curve: trainer.curve.iter().map(row).collect(),
        gradients: trainer.curve.iter().map(|e| e.gradient).collect(),
    }
}

/// Settings in words; those of a training without clipping read as they did before there was clipping.
fn settings(settings: &Settings) -> String {
    format!("{settings:?}").replace(", clip_norm: None", "")
}

/// What is trained, in words that differ wherever two trainings would.
fn method(trainer: &Trainer) -> String {
    let method = trainer.model.method;
    match &trainer.mvm {
        None => format!("{method:?}"),
        Some(mvm) => {
            let fingerprint = mvm.hardware.fingerprint();
            format!("{method:?} through {fingerprint} {:?}", mvm.settings)
        }
    }
}

/// The bytes of a state with its header.
///
/// # Errors
/// If the file cannot be read or is no state of this program.
pub fn read(path: &Path) -> Result<(Vec<u8>, Header), TrainError> {
    let bytes = std::fs::read(path).map_err(|source| TrainError::File {
        path: path.into(),
        source,
    })?;
    let wrong = |problem: String| TrainError::State {
        path: path.into(),
        problem,
    };
    let (_, metadata) = SafeTensors::read_metadata(&bytes)
        .map_err(|error| wrong(format!("not a safetensors file ({error}); was it cut off?")))?;
    let text = metadata
        .metadata()
        .as_ref()
        .and_then(|metadata| metadata.get("imcsim"));
    let text = text.ok_or_else(|| wrong("not a training state of this program".into()))?;
    let header: Header =
        serde_json::from_str(text).map_err(|error| wrong(format!("damaged metadata: {error}")))?;
    if header.format != FORMAT {
        return Err(wrong(format!(
            "format `{}`, this program reads `{FORMAT}`",
            header.format
        )));
    }
    Ok((bytes, header))
}
