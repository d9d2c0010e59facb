//! Partial sums of every layer on calibration images, and the read-outs placed on them.
//!
//! The network runs with ideal MVM values; every conversion's group sums are counted, and what the cells behind them add at
//! a read is looked at in a sample (`cell_noise`). Calibration images are training
//! images, never test images: the caller chooses them.

use super::accuracy::Images;
use super::cell_noise::{CellNoiseSample, View};
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

/// What one conversion sees on the calibration images.
#[derive(Clone, Debug, PartialEq)]
pub struct ConversionSums {
    /// Group sums.
    pub histogram: SumHistogram,
    /// What their cells add at a read; none if cells are read without noise.
    pub cells: Option<CellNoiseSample>,
}

/// Group sums counted per layer and conversion.
pub type Sums = Vec<Vec<ConversionSums>>;

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
                    let conversion_sums = &mut counted[seen.layer][c];
                    add(&mut conversion_sums.histogram.counts, &counts);
                    if let Some(cells) = &mut conversion_sums.cells {
                        let place = [seen.layer as u64, index as u64, c as u64];
                        let codes = &prepared.network.layers[seen.layer].codes;
                        let view = View::new(prepared.hardware, conversion, codes);
                        view.look(&plane, used, place, cells);
                    }
                }
            },
        );
        counted
    };
    // In the order of blocks: variances are no integers.
    let blocks: Vec<Sums> = (0..images.blocks()).into_par_iter().map(block).collect();
    Ok(blocks.into_iter().fold(empty(prepared), merge))
}

fn empty(prepared: &Prepared) -> Sums {
    let is_noisy = prepared.hardware.cell.read_sigma_relative > 0.0;
    let layer = |(index, layer): (usize, &super::prepare::PreparedLayer)| {
        let codes = &prepared.network.layers[index].codes;
        let zero = |c: &super::prepare::PreparedConversion| ConversionSums {
            histogram: SumHistogram {
                min: c.range.min,
                counts: vec![0; c.range.count()],
            },
            cells: is_noisy.then(|| {
                let most = View::new(prepared.hardware, c, codes).most();
                CellNoiseSample::empty(c.range, most)
            }),
        };
        layer.conversions.iter().map(zero).collect()
    };
    prepared.layers.iter().enumerate().map(layer).collect()
}

fn merge(mut left: Sums, right: Sums) -> Sums {
    for (into, from) in left.iter_mut().flatten().zip(right.iter().flatten()) {
        add(&mut into.histogram.counts, &from.histogram.counts);
        if let (Some(into), Some(from)) = (&mut into.cells, &from.cells) {
            into.add(from);
        }
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
        for (conversion, sums) in layer.conversions.iter().zip(&sums[index]) {
            let readout = design.place(conversion.range, Some(&sums.histogram));
            let readout = readout.map_err(wrap)?;
            placed.push(match &sums.cells {
                Some(cells) => readout.with_cell_noise(cells.shares()),
                None => readout,
            });
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
