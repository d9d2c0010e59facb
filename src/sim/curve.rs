//! Accuracy against ADC bits for this macro and network.
//!
//! Two ways keep it as cheap as little more than one point. What is shared is exact: the integer partial sums do not depend
//! on the ADC, so calibration is done once; read-outs that come out the same are evaluated once, the macro's own ones not
//! at all because the run has done so, and a lossless noise-free read-out is the ideal network. The rest is statistics:
//! what a point loses against the ideal network is counted on some of the test images, the same for both, and taken from
//! the ideal accuracy on all of them. How many images is decided in `sampling`.

use super::accuracy::Images;
use super::adjusted::Known;
use super::calibrate::{Sums, place_before};
use super::distinct::Distinct;
use super::error::SimError;
use super::evaluated::Evaluated;
use super::prepare::Prepared;
use super::stage::Progress;
use crate::hw::accumulator::Accumulator;
use crate::hw::readout::ReadoutDesign;
use crate::hw::readout::columns::ColumnReadouts;
use crate::hw::reference::{References, Snap};
use crate::results::accuracy::{Accuracy, CurvePoint};
use rayon::prelude::*;

/// What the curve needs beside the network.
pub struct CurveOptions<'a> {
    /// Read-outs of the macro as it is, placed on the same sums.
    pub own: &'a [Vec<ColumnReadouts>],
    /// What the run found with them and with ideal MVM values, on all test images and with the same seed.
    pub evaluated: &'a Evaluated,
    /// What that tells about every test image.
    pub known: &'a Known<'a>,
    /// Seed of the read noise.
    pub seed: u64,
    /// Test images per point; `None` shares a budget out.
    pub images: Option<usize>,
}

/// Accuracy against ADC bits.
#[derive(Clone, Debug, Default)]
pub struct Curve {
    /// Points.
    pub points: Vec<CurvePoint>,
    /// Ideal MVM values on all test images.
    pub ideal: Option<Accuracy>,
    /// Images classified for the points, all together.
    pub images: u64,
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
pub(super) const WIDE: Accumulator = Accumulator { bits: 32 };

/// Bits 2 to 8, full-range and calibrated references, without and with noise. Empty if the read-out has no bits to vary. A
/// setting that cannot be placed is left out with a warning.
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
    let Some(own_bits) = prepared.hardware.readout.bits() else {
        return Ok(Curve::default());
    };
    progress("ADC bits: read-outs", 0, 1);
    let (settings, warnings) = settings(prepared, own_bits, sums);
    let mut distinct = Distinct::of_run(options);
    let mut points = Vec::new();
    for setting in &settings {
        for noise in [false, true] {
            points.push((
                setting,
                noise,
                distinct.entry(&setting.readouts, noise, options),
            ));
        }
    }
    let images = distinct.evaluate(prepared, test, options, progress)?;
    let point = |(setting, noise, entry): (&Setting, bool, usize)| {
        let (accuracy, lost) = distinct.result(entry, options.known);
        CurvePoint {
            bits: setting.bits,
            references: setting.references.into(),
            noise,
            accuracy,
            lost,
            is_this_macro: setting.bits == own_bits && setting.readouts == options.own,
        }
    };
    Ok(Curve {
        points: points.into_iter().map(point).collect(),
        ideal: Some(options.known.ideal().accuracy()),
        images,
        warnings,
    })
}

/// A number of bits with references, placed on the partial sums.
struct Setting {
    bits: u32,
    references: &'static str,
    readouts: Vec<Vec<ColumnReadouts>>,
}

/// All settings that can be placed, and warnings for the others.
fn settings(prepared: &Prepared, own_bits: u32, sums: &Sums) -> (Vec<Setting>, Vec<String>) {
    let designs = both_references(&prepared.hardware.readout);
    let all: Vec<_> = designs
        .iter()
        .flat_map(|design| (own_bits.min(FEWEST_BITS)..=MOST_BITS).map(move |bits| (bits, design)))
        .collect();
    let place =
        |&(bits, (references, design)): &(u32, &(&'static str, ReadoutDesign))| match place_before(
            prepared,
            &design.with_bits(bits),
            sums,
            WIDE,
        ) {
            Ok(readouts) => Ok(Setting {
                bits,
                references,
                readouts,
            }),
            Err(error) => Err(left_out(bits, references, &error)),
        };
    let placed: Vec<Result<Setting, String>> = all.par_iter().map(place).collect();
    let (mut settings, mut warnings) = (Vec::new(), Vec::new());
    for result in placed {
        match result {
            Ok(setting) => settings.push(setting),
            Err(warning) => warnings.push(warning),
        }
    }
    (settings, warnings)
}

fn left_out(bits: u32, references: &str, error: &SimError) -> String {
    let references = references.replace('_', " ");
    format!("Accuracy against ADC bits leaves out {bits} bits, {references} references: {error}")
}

/// The macro's read-out with full-range and with calibrated references, which snap as its own do and, where its own are
/// calibrated, on the same grid: its own setting is then one of the points.
pub(super) fn both_references(design: &ReadoutDesign) -> [(&'static str, ReadoutDesign); 2] {
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
