//! What the result of a row says of itself before anything is measured: whose network it is, on which macro and images.
//!
//! A recorded result is held against it. Not responsible for the comparison (`record`) nor for accuracies (`session`).

use super::commands::{Commands, Training, evaluation_set};
use super::folder::Folders;
use crate::cli::deployed;
use crate::cli::start::is_shipped;
use crate::experiment::{Row, Weights, summary};
use crate::results::experiment::{Evaluation, RowResult};

/// Training images that references are placed on: as many as `imcsim run` takes.
const REFERENCE_IMAGES: usize = 128;
/// Training images for the batch norm of one chip: analog sums are slow, and every chip needs its own.
const CHIP_CALIBRATION_IMAGES: usize = 256;

/// The result of a row but for its accuracies.
///
/// # Errors
/// If its options, its macro or its images are not as it asks for.
pub fn expected(
    commands: &Commands,
    folders: &Folders,
    seed: u64,
    row: &Row,
) -> anyhow::Result<RowResult> {
    let (plan, data) = (commands.plan, folders.data);
    let (float, qat) = (commands.float(seed)?, commands.qat(seed)?);
    let origin = commands.origin(seed, row)?;
    let own = is_trained(commands, row);
    let last = own.then_some(&origin);
    let lineage: Vec<&Training> = float.iter().chain([&qat]).chain(last).collect();
    // The shipped network is no state.
    let init = origin
        .arguments
        .init
        .as_deref()
        .filter(|init| !is_shipped(init));
    Ok(RowResult {
        schema: summary::SCHEMA,
        experiment: plan.name.clone(),
        row: row.name.clone(),
        seed,
        program: concat!("imcsim ", env!("CARGO_PKG_VERSION")).into(),
        commit: option_env!("IMCSIM_COMMIT").map(str::to_string),
        model: plan.model.clone(),
        data: data.name.clone(),
        data_fingerprint: data.fingerprint.clone(),
        train_data_fingerprint: Some(folders.fingerprints.all(data)),
        training_fingerprint: Some(folders.lineage(&lineage)?),
        start_fingerprint: init.and_then(|init| folders.fingerprints.start(init)),
        epochs: if own {
            origin.arguments.epochs as u64
        } else {
            0
        },
        evaluation: evaluation(commands, folders, seed, row, &origin)?,
        commands: origin.chain,
        ..RowResult::default()
    })
}

/// True if the network of a row has a training of its own, false for the one that all start from.
fn is_trained(commands: &Commands, row: &Row) -> bool {
    matches!(commands.plan.origin(row).weights, Weights::Trained(_))
}

/// How a row is evaluated.
fn evaluation(
    commands: &Commands,
    folders: &Folders,
    seed: u64,
    row: &Row,
    origin: &Training,
) -> anyhow::Result<Evaluation> {
    let (evaluate, data) = (&commands.plan.evaluate, folders.data);
    let (train, test) = (data.train.labels.len(), data.test.labels.len());
    let calibration = evaluate.calibration_images.min(train);
    let folder = match is_trained(commands, row) {
        true => &commands.plan.origin(row).name,
        false => "qat",
    };
    Ok(Evaluation {
        weights: format!("{}/{}", commands.shown(seed, folder), deployed::DEPLOYED),
        weights_fingerprint: folders.fingerprints.network(&origin.deployed()),
        arch: row.arch.clone(),
        set: evaluation_set(row),
        arch_fingerprint: commands.hardware(row)?.hardware.fingerprint(),
        repeats: evaluate.repeats,
        chips: evaluate.chips,
        images: evaluate.images.unwrap_or(test).min(test) as u64,
        chip_images: evaluate.chip_images.min(test) as u64,
        reference_images: REFERENCE_IMAGES.min(train) as u64,
        calibration_images: calibration as u64,
        chip_calibration_images: CHIP_CALIBRATION_IMAGES.min(calibration) as u64,
    })
}
