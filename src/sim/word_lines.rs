//! Accuracy against open word lines for this network: the macro as it is, except that it opens another number of rows at once.
//!
//! More rows make wider partial sums, so those are counted and references placed anew for every number; bits, cells and noise
//! stay what they are. What more rows save are conversions, which are counted beside. All is with noise at each read. Wires are no
//! part of it (only virtual chips have them), a limit of the current is. Not responsible for the macro alone (`margin::sweep`).

use super::accuracy::Images;
use super::adjusted::Known;
use super::calibrate::{count_sums, place_before};
use super::condition::Condition;
use super::curve::{Curve, WIDE, both_references};
use super::distinct::{estimate, without_repetition};
use super::error::SimError;
use super::mapping::conversions;
use super::prepare::Prepared;
use super::sampling::{Budget, sample};
use super::stage::Progress;
use crate::hw::readout::columns::ColumnReadouts;
use crate::results::accuracy::{CurvePoint, WordLinePoint};

/// What the curve needs beside the network.
pub struct WordLineOptions<'a> {
    /// Accuracy against ADC bits: its points of the macro's own bits are those of its own word lines.
    pub curve: &'a Curve,
    /// What the run knows about every test image, with the same seed.
    pub known: &'a Known<'a>,
    /// Seed of the read noise.
    pub seed: u64,
    /// Test images per point; `None` shares a budget out.
    pub images: Option<usize>,
    /// Output pixels skipped when partial sums are counted.
    pub pixel_step: usize,
}

/// Accuracy against open word lines.
#[derive(Clone, Debug, Default)]
pub struct WordLineCurve {
    /// Points in the order of word lines.
    pub points: Vec<WordLinePoint>,
    /// Images classified for the points, all together.
    pub images: u64,
    /// Points that were left out, and why.
    pub warnings: Vec<String>,
}

/// Numbers of open word lines that are looked at beside the macro's own.
const OTHERS: [usize; 6] = [4, 8, 16, 32, 64, 128];
/// A number this close to the macro's own, as a factor, is left out.
const CLOSE: f64 = 1.34;
/// Images of the two points of a number together for every test image: all numbers take fewer than one evaluation, because wide sums
/// have wide tables and take longer.
const IMAGES_PER_TEST_IMAGE: f64 = 0.15;

/// Full-range and calibrated references at the macro's own bits. Empty if the read-out has no bits. A setting that cannot be placed is
/// left out with a warning.
///
/// # Errors
/// If the images do not fit the network.
pub fn word_lines(
    prepared: &Prepared,
    calibration: Images,
    test: Images,
    options: &WordLineOptions,
    progress: Progress,
) -> Result<WordLineCurve, SimError> {
    let mut curve = WordLineCurve::default();
    if prepared.hardware.readout.bits().is_none() {
        return Ok(curve);
    }
    let others = others(prepared);
    curve.points = own_points(prepared, options.curve)?;
    for (index, &active) in others.iter().enumerate() {
        progress("word lines", index as u64, others.len() as u64);
        let hardware = prepared.hardware.with_word_lines(active);
        let other = match Prepared::new(prepared.network, &hardware) {
            Ok(other) => other,
            Err(error) => {
                curve.warnings.push(left_out(active, "any", &error));
                continue;
            }
        };
        evaluate(&other, (calibration, test), options, &mut curve, progress)?;
    }
    curve.points.sort_by_key(|point| point.active);
    Ok(curve)
}

/// Numbers to look at: no more than the array has, not close to the macro's own, and the last that opens all rows of every layer.
fn others(prepared: &Prepared) -> Vec<usize> {
    let (own, rows) = (
        prepared.hardware.word_lines.active as f64,
        prepared.hardware.array.rows,
    );
    let of_layer = |index: usize| prepared.network.layers[index].layer.geometry.rows();
    let most = prepared.macro_layers().map(of_layer).max().unwrap_or(0);
    let differs = |active: usize| {
        let factor = active as f64 / own;
        factor.max(1.0 / factor) > CLOSE
    };
    let others = OTHERS.into_iter().filter(|&active| active <= rows);
    others
        .filter(|&active| differs(active) && active / 2 < most)
        .collect()
}

/// The points that the curve of ADC bits has already.
fn own_points(prepared: &Prepared, curve: &Curve) -> Result<Vec<WordLinePoint>, SimError> {
    let own = prepared.hardware.readout.bits();
    let points = curve
        .points
        .iter()
        .filter(|point| point.noise && Some(point.bits) == own);
    let conversions = conversions(prepared)?;
    let one = |point: &CurvePoint| WordLinePoint {
        active: prepared.hardware.word_lines.active,
        references: point.references.clone(),
        accuracy: point.accuracy.clone(),
        lost: point.lost.clone(),
        conversions,
        is_this_macro: point.is_this_macro,
    };
    Ok(points.map(one).collect())
}

/// Adds the points of one number of word lines.
fn evaluate(
    prepared: &Prepared,
    (calibration, test): (Images, Images),
    options: &WordLineOptions,
    curve: &mut WordLineCurve,
    progress: Progress,
) -> Result<(), SimError> {
    let active = prepared.hardware.word_lines.active;
    let sums = count_sums(prepared, calibration, options.pixel_step)?;
    let mut settings: Vec<(&str, Vec<Vec<ColumnReadouts>>)> = Vec::new();
    for (references, design) in both_references(&prepared.hardware.readout) {
        match place_before(prepared, &design, &sums, WIDE) {
            Ok(readouts) => settings.push((references, readouts)),
            Err(error) => curve.warnings.push(left_out(active, references, &error)),
        }
    }
    let noisy = |(_, readouts): &(&str, Vec<Vec<ColumnReadouts>>)| {
        Condition::read_noise(readouts, options.seed, 0)
    };
    let (conditions, places) = without_repetition(settings.iter().map(noisy).collect());
    let known = options.known;
    let budget = Budget {
        each: options.images,
        per_test_image: IMAGES_PER_TEST_IMAGE,
        stage: "word lines: images",
    };
    let seen = sample(prepared, &conditions, test, known, budget, progress)?;
    curve.images += seen.iter().map(|seen| seen.images() as u64).sum::<u64>();
    let conversions = conversions(prepared)?;
    for ((references, _), place) in settings.iter().zip(places) {
        let (accuracy, lost) = estimate(&seen[place], known.ideal(), known.loss(&seen[place]));
        curve.points.push(WordLinePoint {
            active,
            references: (*references).into(),
            accuracy,
            lost,
            conversions,
            is_this_macro: false,
        });
    }
    Ok(())
}

fn left_out(active: usize, references: &str, error: &SimError) -> String {
    let references = references.replace('_', " ");
    format!(
        "Accuracy against open word lines leaves out {active}, {references} references: {error}"
    )
}
