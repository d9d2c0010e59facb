//! Partial sums of every layer on calibration images, and the read-outs placed on them.
//!
//! The network runs with ideal MVM values; every conversion's group sums are counted. Calibration images are training
//! images, never test images: the caller chooses them.

use super::accuracy::Images;
use super::condition::Condition;
use super::error::SimError;
use super::forward::{Seen, forward};
use super::prepare::Prepared;
use crate::hw::accumulator::Accumulator;
use crate::hw::readout::{Readout, ReadoutDesign};
use crate::hw::reference::SumHistogram;
use crate::kernel::histogram::group_histogram;
use crate::kernel::lanes::LANES;
use rayon::prelude::*;

/// Group sums counted per layer and conversion.
pub type Sums = Vec<Vec<SumHistogram>>;

/// Counts the group sums of every conversion; every `pixel_step`-th output pixel is looked at.
///
/// # Errors
/// If the images do not fit the network.
pub fn count_sums(
    prepared: &Prepared,
    images: Images,
    pixel_step: usize,
) -> Result<Sums, SimError> {
    images.check(prepared)?;
    let block = |index: usize| {
        let used = LANES.min(images.labels.len() - index * LANES);
        let mut counted = empty(prepared);
        let ideal = Condition::ideal();
        forward(
            prepared,
            &ideal,
            images.block(index),
            index as u64,
            &mut |seen: Seen| {
                for (c, conversion) in prepared.layers[seen.layer].conversions.iter().enumerate() {
                    let plane = super::forward::plane(
                        seen.input,
                        conversion,
                        prepared.layers[seen.layer].input_bits,
                    );
                    let range = conversion.range.min..=conversion.range.max;
                    let step = pixel_step.min(seen.sums.height * seen.sums.width);
                    let counts = group_histogram(&plane, &conversion.weights, used, range, step);
                    add(&mut counted[seen.layer][c].counts, &counts);
                }
            },
        );
        counted
    };
    let merged = (0..images.blocks())
        .into_par_iter()
        .map(block)
        .reduce(|| empty(prepared), merge);
    Ok(merged)
}

fn empty(prepared: &Prepared) -> Sums {
    let layer = |layer: &super::prepare::PreparedLayer| {
        let zero = |c: &super::prepare::PreparedConversion| SumHistogram {
            min: c.range.min,
            counts: vec![0; c.range.count()],
        };
        layer.conversions.iter().map(zero).collect()
    };
    prepared.layers.iter().map(layer).collect()
}

fn merge(mut left: Sums, right: Sums) -> Sums {
    for (into, from) in left.iter_mut().flatten().zip(right.iter().flatten()) {
        add(&mut into.counts, &from.counts);
    }
    left
}

fn add(into: &mut [u64], from: &[u64]) {
    for (total, count) in into.iter_mut().zip(from) {
        *total += count;
    }
}

/// Places a read-out design on every conversion of every layer.
///
/// # Errors
/// If the design does not fit the sums of a layer, or the macro's accumulator is too narrow.
pub fn place(
    prepared: &Prepared,
    design: &ReadoutDesign,
    sums: &Sums,
) -> Result<Vec<Vec<Readout>>, SimError> {
    place_before(prepared, design, sums, prepared.hardware.accumulator)
}

/// As [`place`], before another accumulator: one that is built for another read-out than the macro's has another width.
///
/// # Errors
/// As [`place`].
pub fn place_before(
    prepared: &Prepared,
    design: &ReadoutDesign,
    sums: &Sums,
    accumulator: Accumulator,
) -> Result<Vec<Vec<Readout>>, SimError> {
    let mut readouts = Vec::with_capacity(prepared.layers.len());
    for (index, layer) in prepared.layers.iter().enumerate() {
        let wrap = |error| SimError::Hardware {
            layer: prepared.network.layers[index].layer.name.clone(),
            error,
        };
        let mut placed = Vec::with_capacity(layer.conversions.len());
        for (conversion, histogram) in layer.conversions.iter().zip(&sums[index]) {
            placed.push(
                design
                    .place(conversion.range, Some(histogram))
                    .map_err(wrap)?,
            );
        }
        let highest = placed
            .iter()
            .flat_map(|readout| &readout.decode.levels)
            .copied()
            .max()
            .unwrap_or(0);
        let conversions: Vec<_> = layer.conversions.iter().map(|c| c.conversion).collect();
        accumulator
            .check(&conversions, layer.groups, u32::from(highest))
            .map_err(wrap)?;
        readouts.push(placed);
    }
    Ok(readouts)
}
