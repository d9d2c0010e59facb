//! Partial sums of every layer on calibration images, and the read-outs placed on them.
//!
//! The network runs with ideal MVM values; every conversion's group sums are counted, and what the cells behind them add at
//! a read is looked at in a sample (`convert`). Calibration images are training
//! images, never test images: the caller chooses them.

use super::accuracy::Images;
use super::condition::Condition;
use super::error::SimError;
use super::forward::{Seen, forward};
use super::prepare::Prepared;
use crate::convert::sums::{self, ConversionSums, Layer, merge};
use crate::hw::accumulator::Accumulator;
use crate::hw::readout::ReadoutDesign;
use crate::hw::readout::columns::ColumnReadouts;
use crate::kernel::lanes::LANES;
use crate::net::references::LayerReferences;
use rayon::prelude::*;

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
        let mut look = |seen: Seen| {
            let sums = &mut counted[seen.layer];
            layer(prepared, seen.layer).see(seen.input, used, index, pixel_step, sums);
        };
        forward(
            prepared,
            &Condition::ideal(),
            images.block(index),
            index as u64,
            &mut look,
        );
        counted
    };
    // In the order of blocks: variances are no integers.
    let blocks: Vec<Sums> = (0..images.blocks()).into_par_iter().map(block).collect();
    let mut all = empty(prepared);
    for (into, from) in blocks.iter().flat_map(|b| b.iter().enumerate()) {
        merge(&mut all[into], from);
    }
    Ok(all)
}

fn layer<'a>(prepared: &'a Prepared, index: usize) -> Layer<'a> {
    let layer = &prepared.layers[index];
    Layer {
        hardware: prepared.hardware,
        conversions: &layer.conversions,
        codes: &prepared.network.layers[index].codes,
        input_bits: layer.input_bits,
        index,
    }
}

fn empty(prepared: &Prepared) -> Sums {
    let layers = 0..prepared.layers.len();
    layers.map(|index| layer(prepared, index).empty()).collect()
}

/// Places a read-out design on every conversion of every layer; calibrated references lie where they were trained.
///
/// # Errors
/// If the design does not fit the sums of a layer, or the macro's accumulator is too narrow.
pub fn place(
    prepared: &Prepared,
    design: &ReadoutDesign,
    sums: &Sums,
) -> Result<Vec<Vec<ColumnReadouts>>, SimError> {
    place_all(prepared, design, sums, prepared.hardware.accumulator, true)
}

/// As [`place`] for another read-out than the macro's: before another accumulator, which then has another width, and
/// without the references that were trained for the macro's own.
///
/// # Errors
/// As [`place`].
pub fn place_before(
    prepared: &Prepared,
    design: &ReadoutDesign,
    sums: &Sums,
    accumulator: Accumulator,
) -> Result<Vec<Vec<ColumnReadouts>>, SimError> {
    place_all(prepared, design, sums, accumulator, false)
}

fn place_all(
    prepared: &Prepared,
    design: &ReadoutDesign,
    counted: &Sums,
    accumulator: Accumulator,
    trained: bool,
) -> Result<Vec<Vec<ColumnReadouts>>, SimError> {
    let mut readouts = Vec::with_capacity(prepared.layers.len());
    for (index, layer) in prepared.layers.iter().enumerate() {
        let wrap = |error| SimError::Hardware {
            layer: prepared.network.layers[index].layer.name.clone(),
            error,
        };
        let references = match trained {
            true => &prepared.network.layers[index].references,
            false => &LayerReferences::Calibrated,
        };
        let placed = sums::place(
            &layer.conversions,
            &counted[index],
            design,
            references,
            accumulator,
        );
        readouts.push(placed.map_err(wrap)?);
    }
    Ok(readouts)
}
