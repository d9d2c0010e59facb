//! One whole run: a network on a macro under every condition a designer asks for, as plain results.
//!
//! Not responsible for files, printing or margins of the macro alone (`margin`); progress goes through a callback.

use super::accuracy::Images;
use super::adjusted::Known;
use super::calibrate::{Sums, count_sums, place};
use super::condition::Condition;
use super::curve::{Curve, CurveOptions, curve};
use super::cycles::OnChip;
use super::error::SimError;
use super::evaluated::evaluated;
use super::layers::layer_results;
use super::outcomes::Outcomes;
use super::paired::gain;
use super::patterns::{fill_margins, sample_patterns};
use super::prepare::Prepared;
use super::stage::Progress;
use super::word_lines::{WordLineCurve, WordLineOptions, word_lines};
use crate::hw::readout::columns::ColumnReadouts;
use crate::margin::MarginOptions;
use crate::results::accuracy::{Accuracies, Gain};
use crate::results::cycle::CycleResult;
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
    /// True if the batch norm of every virtual chip is re-estimated on the calibration images.
    pub calibrate_chips: bool,
    /// Test images per point of accuracy against ADC bits and against open word lines: 0 leaves both curves out, `None` shares a budget
    /// out (`sampling`).
    pub curve_images: Option<usize>,
    /// Output pixels skipped when partial sums are counted.
    pub pixel_step: usize,
    /// Test images that go through the chip cycle by cycle; 0: none.
    pub cycle_images: usize,
    /// Patterns per layer for read margins; 0 leaves them out.
    pub patterns: usize,
    /// How read margins of layers are looked at (their seed is that of the run).
    pub margin: MarginOptions,
}

/// What a run found out about the network.
pub struct Outcome {
    /// Accuracies.
    pub accuracy: Accuracies,
    /// Answers behind the accuracy called `simulated`, run by run.
    pub simulated: Vec<Outcomes>,
    /// Accuracy against ADC bits.
    pub curve: Curve,
    /// Accuracy against open word lines.
    pub word_lines: WordLineCurve,
    /// Layers.
    pub layers: Vec<LayerResult>,
    /// Cycles, energy and area; none where the hardware says nothing of time or chip, or the network does not fit the chip.
    pub cycle: Option<CycleResult>,
    /// Why there are none although the hardware says it.
    pub cycle_problem: Option<SimError>,
}

/// Accuracies of another network without virtual chips, and what the answers of a run (`simulated`) on the same images gain over it.
///
/// # Errors
/// As [`run`].
pub fn compared(
    prepared: &Prepared,
    (calibration, test): (Images, Images),
    simulated: &[Outcomes],
    options: &RunOptions,
    progress: Progress,
) -> Result<(Accuracies, Gain), SimError> {
    test.check(prepared)?;
    let sums = count_sums(prepared, calibration, options.pixel_step)?;
    let readouts = place(prepared, &prepared.hardware.readout, &sums)?;
    let options = RunOptions {
        chips: 0,
        ..options.clone()
    };
    let evaluated = evaluated(prepared, &readouts, calibration, test, &options, progress)?;
    let gain = gain(simulated, evaluated.headline().0);
    Ok((evaluated.accuracies(), gain))
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
    let MacroView {
        sums,
        readouts,
        layers,
    } = macro_view(prepared, calibration, options, progress)?;
    let evaluated = evaluated(prepared, &readouts, calibration, test, options, progress)?;
    let (curve, word_lines) = if options.curve_images == Some(0) {
        (Curve::default(), WordLineCurve::default())
    } else {
        let known = Known::of(&evaluated);
        let curve_options = CurveOptions {
            own: &readouts,
            evaluated: &evaluated,
            known: &known,
            seed: options.seed,
            images: options.curve_images,
        };
        let curve = curve(prepared, &sums, test, &curve_options, progress)?;
        let word_line_options = WordLineOptions {
            curve: &curve,
            known: &known,
            seed: options.seed,
            images: options.curve_images,
            pixel_step: options.pixel_step,
        };
        let lines = word_lines(prepared, calibration, test, &word_line_options, progress)?;
        (curve, lines)
    };
    let (cycle, cycle_problem) = match cycles(
        prepared,
        &readouts,
        test.first(options.cycle_images),
        progress,
    ) {
        Ok(cycle) => (cycle, None),
        Err(problem) => (None, Some(problem)),
    };
    Ok(Outcome {
        accuracy: Accuracies {
            chips_calibrated: options.calibrate_chips,
            ..evaluated.accuracies()
        },
        simulated: evaluated.headline().0.to_vec(),
        curve,
        word_lines,
        layers,
        cycle,
        cycle_problem,
    })
}

/// What the macro does with calibration images, before anything is classified.
pub(super) struct MacroView {
    sums: Sums,
    /// Read-outs placed on them.
    pub readouts: Vec<Vec<ColumnReadouts>>,
    /// Layers.
    pub layers: Vec<LayerResult>,
}

/// Partial sums, read-outs placed on them, and every layer under them.
///
/// # Errors
/// As [`run`].
pub(super) fn macro_view(
    prepared: &Prepared,
    calibration: Images,
    options: &RunOptions,
    progress: Progress,
) -> Result<MacroView, SimError> {
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
    Ok(MacroView {
        sums,
        readouts,
        layers,
    })
}

/// The chip cycle by cycle with the codes of read-outs without noise; nothing without images, times or chip.
pub(super) fn cycles(
    prepared: &Prepared,
    readouts: &[Vec<ColumnReadouts>],
    images: Images,
    progress: Progress,
) -> Result<Option<CycleResult>, SimError> {
    let hardware = prepared.hardware;
    if images.labels.is_empty() || hardware.timing.is_none() || hardware.chip.is_none() {
        return Ok(None);
    }
    let condition = Condition::noise_free(readouts);
    let chip = OnChip::new(prepared, readouts, &condition, images)?;
    chip.run(progress).map(Some)
}
