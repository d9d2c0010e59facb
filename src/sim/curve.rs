//! Accuracy against ADC bits for this macro and network.
//!
//! The integer partial sums do not depend on the ADC, so calibration is done once; read-outs that come out the same (all
//! lossless ones, for example) are evaluated once; a lossless noise-free read-out is the ideal network and costs nothing.

use super::accuracy::Images;
use super::calibrate::{Sums, place};
use super::condition::Condition;
use super::error::SimError;
use super::prepare::Prepared;
use super::run::{Progress, stage};
use crate::hw::readout::Readout;
use crate::results::accuracy::{Accuracy, CurvePoint};

/// What the curve needs beside the network.
pub struct CurveOptions {
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
}

/// ADC bits looked at.
const BITS: std::ops::RangeInclusive<u32> = 2..=8;
/// Grid of calibrated steps in MAC units.
const RESOLUTION: f64 = 0.25;

/// Bits 2 to 8, full-range and calibrated references, without and with noise, and the ideal on the same images. Empty if
/// the read-out has no bits to vary.
///
/// # Errors
/// If a read-out does not fit.
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
        stage(
            prepared,
            &Condition::ideal(),
            images,
            "ADC bits: ideal",
            progress,
        )?
    };
    let own = place(prepared, design, sums)?;
    let mut known: Vec<(Vec<Vec<Readout>>, bool, Accuracy)> = Vec::new();
    let mut points = Vec::new();
    for (name, references) in [
        ("full_range", design.with_full_range()),
        ("calibrated", design.with_calibrated(RESOLUTION)),
    ] {
        for bits in BITS {
            let readouts = place(prepared, &references.with_bits(bits), sums)?;
            for noise in [false, true] {
                let found = known
                    .iter()
                    .find(|(other, with, _)| *with == noise && *other == readouts)
                    .map(|found| found.2.clone());
                let accuracy = match found {
                    Some(accuracy) => accuracy,
                    None if !noise && lossless(&readouts) => ideal.clone(),
                    None => point(
                        prepared,
                        &readouts,
                        noise,
                        images,
                        options.seed,
                        &format!("ADC bits: {bits}"),
                        progress,
                    )?,
                };
                known.push((readouts.clone(), noise, accuracy.clone()));
                let is_this_macro = bits == own_bits && readouts == own;
                points.push(CurvePoint {
                    bits,
                    references: name.into(),
                    noise,
                    accuracy,
                    is_this_macro,
                });
            }
        }
    }
    Ok(Curve {
        points,
        ideal: Some(ideal),
    })
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
