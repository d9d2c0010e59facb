//! Accuracy against ADC bits for this macro and network.
//!
//! The integer partial sums do not depend on the ADC, so calibration is done once; read-outs that come out the same (all
//! lossless ones, for example) are evaluated once; a lossless noise-free read-out is the ideal network and costs nothing.

use super::accuracy::Images;
use super::calibrate::{Sums, place_before};
use super::condition::Condition;
use super::error::SimError;
use super::prepare::Prepared;
use super::stage::{Progress, stage};
use crate::hw::accumulator::Accumulator;
use crate::hw::readout::{Readout, ReadoutDesign};
use crate::hw::reference::{References, Snap};
use crate::results::accuracy::{Accuracy, CurvePoint};

/// What the curve needs beside the network.
pub struct CurveOptions<'a> {
    /// Read-outs of the macro as it is, placed on the same sums.
    pub own: &'a [Vec<Readout>],
    /// Seed of the read noise.
    pub seed: u64,
    /// Test images per point.
    pub images: usize,
    /// Accuracy of ideal MVM values on all test images.
    pub ideal: Accuracy,
}

/// Accuracy against ADC bits.
#[derive(Clone, Debug, Default)]
pub struct Curve {
    /// Points.
    pub points: Vec<CurvePoint>,
    /// Ideal MVM values on the same images.
    pub ideal: Option<Accuracy>,
    /// Points that were left out, and why.
    pub warnings: Vec<String>,
}

/// Fewest ADC bits looked at, unless the macro has fewer.
const FEWEST_BITS: u32 = 2;
/// Most ADC bits looked at.
const MOST_BITS: u32 = 8;
/// Grid of calibrated steps in MAC units, where the macro has none of its own.
const RESOLUTION: f64 = 0.25;
/// Accumulator behind a read-out that is only looked at: as wide as the sums of this program.
const WIDE: Accumulator = Accumulator { bits: 32 };

/// Bits 2 to 8, full-range and calibrated references, without and with noise, and the ideal on the same images. Empty if
/// the read-out has no bits to vary. A setting that cannot be placed is left out with a warning.
///
/// # Errors
/// If the images do not fit the network.
pub fn curve(
    prepared: &Prepared,
    sums: &Sums,
    test: Images,
    options: &CurveOptions,
    progress: Progress,
) -> Result<Curve, SimError> {
    let design = &prepared.hardware.readout;
    let Some(own_bits) = design.bits() else {
        return Ok(Curve::default());
    };
    let images = test.first(options.images);
    let ideal = if images.labels.len() == test.labels.len() {
        options.ideal.clone()
    } else {
        let condition = Condition::ideal();
        stage(prepared, &condition, images, "ADC bits: ideal", progress)?
    };
    let mut known = Vec::new();
    let mut curve = Curve::default();
    for (name, references) in both_references(design) {
        for bits in own_bits.min(FEWEST_BITS)..=MOST_BITS {
            let design = references.with_bits(bits);
            let readouts = match place_before(prepared, &design, sums, WIDE) {
                Ok(readouts) => readouts,
                Err(error) => {
                    curve.warnings.push(left_out(bits, name, &error));
                    continue;
                }
            };
            for noise in [false, true] {
                let evaluate = || {
                    let stage = format!("ADC bits: {bits}");
                    point(
                        prepared,
                        &readouts,
                        noise,
                        images,
                        options.seed,
                        &stage,
                        progress,
                    )
                };
                let accuracy = once(&mut known, &readouts, noise, &ideal, evaluate)?;
                curve.points.push(CurvePoint {
                    bits,
                    references: name.into(),
                    noise,
                    accuracy,
                    is_this_macro: bits == own_bits && readouts == options.own,
                });
            }
        }
    }
    curve.ideal = Some(ideal);
    Ok(curve)
}

fn left_out(bits: u32, references: &str, error: &SimError) -> String {
    let references = references.replace('_', " ");
    format!("Accuracy against ADC bits leaves out {bits} bits, {references} references: {error}")
}

/// The macro's read-out with full-range and with calibrated references, which snap as its own do and, where its own are
/// calibrated, on the same grid: its own setting is then one of the points.
fn both_references(design: &ReadoutDesign) -> [(&'static str, ReadoutDesign); 2] {
    let (snap, resolution) = match design.references() {
        Some(References::FullRange(snap)) => (*snap, RESOLUTION),
        Some(References::Calibrated { resolution, snap }) => (*snap, *resolution),
        Some(References::List { .. }) | None => (Snap::HalfInteger, RESOLUTION),
    };
    let calibrated = References::Calibrated { resolution, snap };
    [
        (
            "full_range",
            design.with_references(References::FullRange(snap)),
        ),
        ("calibrated", design.with_references(calibrated)),
    ]
}

/// Read-outs evaluated so far, without or with noise.
type Known = Vec<(Vec<Vec<Readout>>, bool, Accuracy)>;

/// The accuracy of read-outs that came out the same before, or of lossless ones, or an evaluation.
fn once(
    known: &mut Known,
    readouts: &[Vec<Readout>],
    noise: bool,
    ideal: &Accuracy,
    evaluate: impl FnOnce() -> Result<Accuracy, SimError>,
) -> Result<Accuracy, SimError> {
    let same =
        |entry: &&(Vec<Vec<Readout>>, bool, Accuracy)| entry.1 == noise && entry.0 == readouts;
    if let Some(found) = known.iter().find(same) {
        return Ok(found.2.clone());
    }
    let accuracy = if !noise && lossless(readouts) {
        ideal.clone()
    } else {
        evaluate()?
    };
    known.push((readouts.to_vec(), noise, accuracy.clone()));
    Ok(accuracy)
}

fn point(
    prepared: &Prepared,
    readouts: &[Vec<Readout>],
    noise: bool,
    images: Images,
    seed: u64,
    name: &str,
    progress: Progress,
) -> Result<Accuracy, SimError> {
    let condition = if noise {
        Condition::read_noise(readouts, seed, 0)
    } else {
        Condition::noise_free(readouts)
    };
    stage(prepared, &condition, images, name, progress)
}

/// True if every possible sum is read out as itself.
fn lossless(readouts: &[Vec<Readout>]) -> bool {
    let exact = |readout: &Readout| {
        let range = readout.range;
        (range.min..=range.max).all(|s| {
            readout
                .decode
                .value(usize::from(readout.code(f64::from(s))))
                == s as f32
        })
    };
    readouts.iter().flatten().all(exact)
}
