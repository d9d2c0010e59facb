//! The metadata of a training state: what must be the same for a training to go on, and its learning curve.
//!
//! What an older program did not record is not compared. Not responsible for tensors (`super`).

use super::whole;
use super::words::difference;
use crate::bounded;
use crate::net::checkpoint::shape_hash;
use crate::net::network::Network;
use crate::train::ancestry::RANDOM_WEIGHTS;
use crate::train::epoch::{Epoch, GradientNorms};
use crate::train::error::TrainError;
use crate::train::model::Method;
use crate::train::mvm::settings::Mvm;
use crate::train::settings::Settings;
use crate::train::trainer::Trainer;
use safetensors::SafeTensors;
use std::iter;
use std::path::Path;

const FORMAT: &str = "imcsim-training-1";
/// Largest state that is read: a hundred times that of the largest shipped network.
const LARGEST_BYTES: u64 = 1 << 33;

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
    /// Fingerprint of the file it started from, or `random weights`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// Fingerprint of the images it is trained on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train_data: Option<String>,
    /// Programs that trained it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub programs: Vec<String>,
    /// Fingerprint of the tensors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tensors: Option<String>,
    /// Fingerprint of this header without this key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// Epochs: number, rate, loss, accuracy while training, on test images.
    pub curve: Vec<(usize, f64, f64, f64, f64)>,
    /// Gradients of the epochs of `curve`; shorter where an older program trained the first of them.
    #[serde(default)]
    pub gradients: Vec<Option<GradientNorms>>,
}

impl Header {
    /// The learning curve.
    pub(super) fn epochs(&self) -> Vec<Epoch> {
        let gradients = self.gradients.iter().copied().chain(iter::repeat(None));
        let row = |(&(epoch, rate, loss, train_accuracy, test_accuracy), gradient)| Epoch {
            epoch,
            rate,
            loss,
            train_accuracy,
            test_accuracy,
            gradient,
        };
        self.curve.iter().zip(gradients).map(row).collect()
    }
}

/// Of a training as it stands; `data` is the fingerprint of the data set, `tensors` that of the tensors beside it.
pub fn header(trainer: &Trainer, data: &str, tensors: String) -> Header {
    let row = |e: &Epoch| (e.epoch, e.rate, e.loss, e.train_accuracy, e.test_accuracy);
    let identity = Identity::of(trainer, data);
    Header {
        format: FORMAT.into(),
        network_hash: identity.network_hash,
        method: identity.method,
        settings: identity.settings,
        data: identity.data,
        steps: trainer.optimizer.steps,
        full_precision: trainer.full_precision,
        start: identity.start,
        train_data: identity.train_data,
        programs: trainer.ancestry.programs.clone(),
        tensors: Some(tensors),
        header: None,
        curve: trainer.curve.iter().map(row).collect(),
        gradients: trainer.curve.iter().map(|e| e.gradient).collect(),
    }
}

/// What tells a training from others: two with one identity go through the same numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    network_hash: String,
    method: String,
    settings: String,
    data: String,
    /// Fingerprint of the images it is trained on; `None` is not compared.
    pub train_data: Option<String>,
    /// Fingerprint of the file it started from, or `random weights`; `None` is not compared.
    pub start: Option<String>,
}

impl Identity {
    /// Of a training of a network by a method, through a macro or not; `data` is the fingerprint of the data set.
    pub fn new(
        network: &Network,
        method: Method,
        mvm: Option<&Mvm>,
        settings: &Settings,
        data: &str,
    ) -> Self {
        Identity {
            network_hash: shape_hash(network),
            method: words_of_method(method, mvm),
            settings: words_of_settings(settings),
            data: data.into(),
            train_data: None,
            start: None,
        }
    }

    /// All but the start, in words.
    pub fn words(&self) -> String {
        let images = self.train_data.as_deref().unwrap_or_default();
        [
            &self.network_hash,
            &self.method,
            &self.settings,
            &self.data,
            images,
        ]
        .join("\n")
    }

    pub(super) fn of(trainer: &Trainer, data: &str) -> Self {
        let (model, ancestry) = (&trainer.model, &trainer.ancestry);
        let mvm = trainer.mvm.as_ref();
        Identity {
            train_data: ancestry.images.clone(),
            start: ancestry.start.clone(),
            ..Identity::new(&model.network, model.method, mvm, &trainer.settings, data)
        }
    }

    /// Compares with what a state says.
    pub(super) fn check(&self, found: &Header) -> Result<(), String> {
        let refused = |what: String| {
            Err(format!(
                "{what}; use the same options to resume, or another --out to start anew"
            ))
        };
        for (what, option, now, there) in [
            (
                "network",
                "--model",
                &self.network_hash,
                &found.network_hash,
            ),
            (
                "data set",
                "--data or --train-images",
                &self.data,
                &found.data,
            ),
        ] {
            if now != there {
                return refused(format!(
                    "its {what} differs ({option}: fingerprint {there} there, {now} now)"
                ));
            }
        }
        for (what, now, there) in [
            ("method", &self.method, &found.method),
            ("settings", &self.settings, &found.settings),
        ] {
            if now != there {
                let difference = difference(there, now);
                return refused(format!("its {what} differs ({difference})"));
            }
        }
        let known = |now: &Option<String>, there: &Option<String>| {
            let both = now.clone().zip(there.clone());
            both.filter(|(now, there)| now != there)
        };
        if let Some((now, there)) = known(&self.train_data, &found.train_data) {
            return refused(format!(
                "it was trained on other training images (fingerprint {there} there, {now} now)"
            ));
        }
        if let Some((now, there)) = known(&self.start, &found.start) {
            let [there, now] = [there, now].map(words_of_start);
            return refused(format!(
                "it started elsewhere (--init: {there} there, {now} now)"
            ));
        }
        Ok(())
    }
}

fn words_of_start(start: String) -> String {
    if start == RANDOM_WEIGHTS {
        "none".into()
    } else {
        format!("a file with fingerprint {start}")
    }
}

/// Settings in words; those of a training without clipping, and with gradients of steps as LSQ has them, read as they did before
/// there was anything else.
fn words_of_settings(settings: &Settings) -> String {
    let words = format!("{settings:?}");
    let words = words.replace(", clip_norm: None", "");
    words.replace(", step_gradient: Values", "")
}

/// What is trained, in words that differ wherever two trainings would.
fn words_of_method(method: Method, mvm: Option<&Mvm>) -> String {
    match mvm {
        None => format!("{method:?}"),
        Some(mvm) => {
            let fingerprint = mvm.hardware.fingerprint();
            format!("{method:?} through {fingerprint} {:?}", mvm.settings)
        }
    }
}

/// The bytes of a file that may be a state.
///
/// # Errors
/// If it cannot be read.
pub fn bytes(path: &Path) -> Result<Vec<u8>, TrainError> {
    bounded::read(path, LARGEST_BYTES).map_err(|source| TrainError::File {
        path: path.into(),
        source,
    })
}

/// The bytes of a state with its header.
///
/// # Errors
/// If the file cannot be read or is no state of this program.
pub fn read(path: &Path) -> Result<(Vec<u8>, Header), TrainError> {
    let bytes = bytes(path)?;
    let header = parsed(&bytes, path)?;
    Ok((bytes, header))
}

/// The header in the bytes of a state; `path` names it in errors.
///
/// # Errors
/// If it is no state of this program.
pub fn parsed(bytes: &[u8], path: &Path) -> Result<Header, TrainError> {
    let wrong = |problem: String| TrainError::State {
        path: path.into(),
        problem,
    };
    let (_, metadata) = SafeTensors::read_metadata(bytes)
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
    whole::check(&header).map_err(wrong)?;
    Ok(header)
}
