//! Options of `imcsim train` that were given and that nothing in this training would look at: refused, so that a command
//! never claims what was not done.
//!
//! Not responsible for values out of range (`train::mvm::settings`) nor for reading names (`mvm_options`).

use super::mvm_options::MvmOptions;
use super::train_arguments::{MethodName, TrainArguments};
use crate::hw::chip::Hardware;
use crate::train::mvm::Estimator;
use anyhow::bail;

/// Refuses options that the method has no use for.
///
/// # Errors
/// With the first of them.
pub fn of_method(arguments: &TrainArguments) -> anyhow::Result<()> {
    let method = arguments.method.name();
    if arguments.method == MethodName::Float && arguments.weight_step.is_some() {
        bail!(
            "--weight-step with --method float: full-precision weights have no step; remove it, or give it to the training that quantizes them (qat)"
        );
    }
    if arguments.method.macro_defaults().is_some() {
        return Ok(());
    }
    match given(&arguments.mvm) {
        None => Ok(()),
        Some(option) => bail!(
            "{option} with --method {method}: only a training through a macro has a use for it; remove it, or take --method imcq or imcaq"
        ),
    }
}

/// Refuses options that the estimator, reads without noise, or a macro without any have no use for.
///
/// # Errors
/// With the first of them.
pub fn of_reads(
    options: &MvmOptions,
    hardware: &Hardware,
    estimator: Estimator,
    noise: f64,
) -> anyhow::Result<()> {
    if let Some(temperature) = &options.temperature
        && !estimator.has_temperature()
    {
        bail!(
            "--temperature {temperature} with the estimator {}: it has no temperature; remove it, or take --estimator gumbel-rao, gumbel-sampled or soft",
            estimator.name()
        );
    }
    if let Some(ramp) = options.noise_ramp
        && noise == 0.0
    {
        bail!(
            "--noise-ramp {ramp} without noise: there is nothing that could grow; remove it, or give --noise above 0 (imcq reads without noise unless told, imcaq with it)"
        );
    }
    // No factor changes a macro without noise, but 0 says what is done there.
    if noise > 0.0
        && let Some(asked) = asked_of_noise(options)
        && hardware.is_silent()
    {
        bail!(
            "{asked} on a macro without noise at each read: there is nothing that it could change; remove it, or take a macro whose reads have noise (of the sense amp, the bit line or the cells, or measured)"
        );
    }
    Ok(())
}

/// The first option about the amount of noise that was given.
fn asked_of_noise(options: &MvmOptions) -> Option<String> {
    let (noise, ramp) = (
        options.noise,
        options.noise_ramp.filter(|ramp| *ramp != 0.0),
    );
    let noise = noise.map(|noise| format!("--noise {noise}"));
    noise.or(ramp.map(|ramp| format!("--noise-ramp {ramp}")))
}

/// Refuses more calibration images than the training images, of which there are `all`.
///
/// # Errors
/// If there are not that many.
pub fn of_images(arguments: &TrainArguments, all: usize) -> anyhow::Result<()> {
    match arguments.mvm.calibration_images {
        Some(count) if count > all => bail!(
            "--calibration-images {count}: references are placed on training images, and this training has {all}; take at most that many"
        ),
        _ => Ok(()),
    }
}

/// Refuses a last temperature where there is no second epoch that could get there, and a ramp of the noise that ends within the
/// first epoch. A ramp of 0 says that there is none.
///
/// # Errors
/// If there is one epoch and two temperatures, or a ramp of one epoch or less.
pub fn of_epochs(arguments: &TrainArguments) -> anyhow::Result<()> {
    let epochs = arguments.epochs;
    if let Some(ramp) = arguments.mvm.noise_ramp
        && ramp > 0.0
        && ramp * epochs as f64 <= 1.0
    {
        bail!(
            "--noise-ramp {ramp} with --epochs {epochs}: it ends within the first epoch, and every epoch has all of the noise; write --noise-ramp 0, or let it last longer than one epoch (share times epochs above 1)"
        );
    }
    match &arguments.mvm.temperature {
        Some(written) if epochs == 1 && written.contains(':') => bail!(
            "--temperature {written} with --epochs 1: the only epoch has the first of them; give one temperature, or train for more epochs"
        ),
        _ => Ok(()),
    }
}

/// The first option of a training through a macro that was given.
fn given(options: &MvmOptions) -> Option<&'static str> {
    // Every field by name: a new option cannot be forgotten here.
    let MvmOptions {
        arch,
        set,
        estimator,
        temperature,
        noise,
        noise_ramp,
        column_offset,
        learn,
        step_gradient,
        calibration_images,
    } = options;
    let all = [
        ("--arch", arch.is_some()),
        ("--set", !set.is_empty()),
        ("--estimator", estimator.is_some()),
        ("--temperature", temperature.is_some()),
        ("--noise", noise.is_some()),
        ("--noise-ramp", noise_ramp.is_some()),
        ("--column-offset", column_offset.is_some()),
        ("--learn", learn.is_some()),
        ("--step-gradient", step_gradient.is_some()),
        ("--calibration-images", calibration_images.is_some()),
    ];
    all.into_iter()
        .find_map(|(name, given)| given.then_some(name))
}
