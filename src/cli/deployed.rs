//! The network that a training leaves, and what its file says about that training: the same for every run of one program.
//!
//! Not responsible for the layout of the file (`net::checkpoint`).

use super::train::TrainArguments;
use crate::data::Dataset;
use crate::net::checkpoint::{self, Metadata};
use crate::train::deploy::deploy;
use crate::train::trainer::Trainer;
use std::path::PathBuf;

/// File of the network.
pub const DEPLOYED: &str = "deployed.safetensors";
/// What stands between several programs.
const BETWEEN_PROGRAMS: &str = "; ";

/// Writes the network into the folder of its training; `None` where there is none to write: before the first epoch, and
/// of a full-precision training.
///
/// # Errors
/// If the file system refuses.
pub fn write(
    arguments: &TrainArguments,
    trainer: &Trainer,
    data: &Dataset,
) -> anyhow::Result<Option<PathBuf>> {
    let (Some(last), Some(network)) = (trainer.curve.last(), deploy(&trainer.model)) else {
        return Ok(None);
    };
    let mut metadata = Metadata::new();
    let mut note = |key: &str, value: String| metadata.insert(key.to_string(), value);
    note("data", data.name.clone());
    note("data_fingerprint", data.fingerprint.clone());
    note("method", arguments.method.name().to_string());
    note("seed", arguments.seed.to_string());
    note("epochs", arguments.epochs.to_string());
    note("train_images", data.train.labels.len().to_string());
    if let Some(images) = &trainer.ancestry.images {
        note("train_data_fingerprint", images.clone());
    }
    note(
        "trained_by",
        trainer.ancestry.programs.join(BETWEEN_PROGRAMS),
    );
    if let Some(mvm) = &trainer.mvm {
        note("trained_through", mvm.hardware.name.clone());
        note("trained_through_fingerprint", mvm.hardware.fingerprint());
        note("estimator", mvm.settings.estimator.name().to_string());
        note("train_noise", mvm.settings.noise.to_string());
        note("accuracy_on_macro", format!("{:.4}", last.test_accuracy));
    } else {
        note("accuracy_quantized", format!("{:.4}", last.test_accuracy));
    }
    if let Some(float) = trainer.full_precision {
        note("accuracy_full_precision", format!("{float:.4}"));
    }
    let path = arguments.out.join(DEPLOYED);
    checkpoint::save(&network, &metadata, &path)?;
    Ok(Some(path))
}

/// The programs that trained a network; none where its file does not say.
pub fn programs(metadata: &Metadata) -> Vec<String> {
    let programs = metadata.get("trained_by").into_iter();
    let programs = programs.flat_map(|all| all.split(BETWEEN_PROGRAMS));
    programs.map(str::to_string).collect()
}
