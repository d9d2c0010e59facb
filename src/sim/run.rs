//! One whole run: a network on a macro under every condition a designer asks for, as plain results.
//!
//! Not responsible for files, printing or margins of the macro alone (`margin`); progress goes through a callback.

use super::accuracy::Images;
use super::calibrate::{count_sums, place};
use super::condition::Condition;
use super::curve::{Curve, CurveOptions, curve};
use super::error::SimError;
use super::interval::repeats;
use super::layers::layer_results;
use super::patterns::{fill_margins, sample_patterns};
use super::prepare::Prepared;
use super::reestimate::re_estimate;
use super::stage::{Progress, stage};
use crate::hw::readout::Readout;
use crate::margin::MarginOptions;
use crate::results::accuracy::{Accuracies, Accuracy, Repeats};
use crate::results::layer::LayerResult;

/// How much is simulated.
#[derive(Clone, Debug, PartialEq)]
pub struct RunOptions {
    /// Seed of noise and chips.
    pub seed: u64,
    /// Repeats with noise at each read.
    pub repeats: u64,
    /// Virtual chips.
    pub chips: u64,
    /// Test images per virtual chip.
    pub chip_images: usize,
    /// Test images per point of accuracy against ADC bits; 0 leaves the curve out.
    pub curve_images: usize,
    /// Output pixels skipped when partial sums are counted.
    pub pixel_step: usize,
    /// Patterns per layer for read margins; 0 leaves them out.
    pub patterns: usize,
    /// How read margins of layers are looked at (their seed is that of the run).
    pub margin: MarginOptions,
}

/// What a run found out about the network.
pub struct Outcome {
    /// Accuracies.
    pub accuracy: Accuracies,
    /// Accuracy against ADC bits.
    pub curve: Curve,
    /// Layers.
    pub layers: Vec<LayerResult>,
}

/// Runs everything.
///
/// # Errors
/// If the network does not fit the macro or the images do not fit the network.
pub fn run(
    prepared: &Prepared,
    calibration: Images,
    test: Images,
    options: &RunOptions,
    progress: Progress,
) -> Result<Outcome, SimError> {
    test.check(prepared)?;
    progress("partial sums", 0, 1);
    let sums = count_sums(prepared, calibration, options.pixel_step)?;
    let readouts = place(prepared, &prepared.hardware.readout, &sums)?;
    let mut layers = layer_results(prepared, &readouts, &sums, calibration, options.seed)?;
    if options.patterns > 0 {
        progress("read margins", 0, 1);
        let patterns = sample_patterns(prepared, calibration, options.patterns, options.seed)?;
        let margin = MarginOptions {
            seed: options.seed,
            ..options.margin.clone()
        };
        fill_margins(prepared, &readouts, &patterns, &mut layers, &margin);
    }
    let accuracy = accuracies(prepared, &readouts, calibration, test, options, progress)?;
    let curve_options = CurveOptions {
        own: &readouts,
        seed: options.seed,
        images: options.curve_images,
        ideal: accuracy.ideal.clone(),
    };
    let curve = if options.curve_images == 0 {
        Curve::default()
    } else {
        curve(prepared, &sums, test, &curve_options, progress)?
    };
    Ok(Outcome {
        accuracy,
        curve,
        layers,
    })
}

fn accuracies(
    prepared: &Prepared,
    readouts: &[Vec<Readout>],
    calibration: Images,
    test: Images,
    options: &RunOptions,
    progress: Progress,
) -> Result<Accuracies, SimError> {
    let ideal = stage(
        prepared,
        &Condition::ideal(),
        test,
        "ideal MVM values",
        progress,
    )?;
    let noise_free = stage(
        prepared,
        &Condition::noise_free(readouts),
        test,
        "ADC without noise",
        progress,
    )?;
    let mut noisy = Vec::new();
    for repeat in 0..options.repeats {
        let condition = Condition::read_noise(readouts, options.seed, repeat);
        noisy.push(stage(
            prepared,
            &condition,
            test,
            &format!("noise at each read, {} of {}", repeat + 1, options.repeats),
            progress,
        )?);
    }
    let mut chips = Vec::new();
    let chips_ideal = match options.chips {
        0 => None,
        _ => Some(stage(
            prepared,
            &Condition::ideal(),
            test.first(options.chip_images),
            "ideal MVM values",
            progress,
        )?),
    };
    for chip in 0..options.chips {
        let condition = Condition::chip(prepared, readouts, options.seed, chip);
        let images = test.first(options.chip_images);
        chips.push(stage(
            prepared,
            &condition,
            images,
            &format!("virtual chips, {} of {}", chip + 1, options.chips),
            progress,
        )?);
    }
    let mut adjusted = Condition::noise_free(readouts);
    adjusted.re_estimated = re_estimate(prepared, &adjusted, calibration)?;
    let re_estimated = Some(stage(
        prepared,
        &adjusted,
        test,
        "batch norm re-estimated",
        progress,
    )?);
    let some = |runs: Vec<Accuracy>| (!runs.is_empty()).then(|| repeats(runs));
    let (read_noise, chips) = (some(noisy), some(chips));
    let (simulated, simulated_is) = headline(&noise_free, read_noise.as_ref());
    Ok(Accuracies {
        full_precision: None,
        ideal,
        noise_free,
        read_noise,
        chips,
        chips_ideal,
        re_estimated,
        simulated,
        simulated_is,
    })
}

/// The most complete condition evaluated on all images.
fn headline(noise_free: &Accuracy, read_noise: Option<&Repeats>) -> (Repeats, String) {
    match read_noise {
        Some(runs) => (runs.clone(), "read_noise".into()),
        None => (repeats(vec![noise_free.clone()]), "noise_free".into()),
    }
}
