//! What the conversions of one layer see on calibration images, and the read-outs placed on it.
//!
//! Group sums are counted, and what the cells behind them add at a read is looked at in a sample. Not responsible for which
//! images, nor for running the network up to this layer.

use super::accumulate::plane;
use super::cell_noise::{CellNoiseSample, View};
use super::prepare::Prepared;
use crate::hw::accumulator::Accumulator;
use crate::hw::chip::Hardware;
use crate::hw::error::HwError;
use crate::hw::partial_sum::SumHistogram;
use crate::hw::readout::columns::{ColumnReadouts, Columns};
use crate::hw::readout::{Readout, ReadoutDesign};
use crate::hw::reference::References;
use crate::hw::trim::{self, Trim};
use crate::kernel::groups::PreparedWeights;
use crate::kernel::histogram::{constant_variance, group_histogram, input_totals};
use crate::kernel::lanes::Lanes;
use crate::kernel::spread::distance;
use crate::net::references::LayerReferences;

/// What one conversion sees on the calibration images.
#[derive(Clone, Debug, PartialEq)]
pub struct ConversionSums {
    /// Group sums.
    pub histogram: SumHistogram,
    /// Totals of the input codes on every word line.
    pub inputs: Vec<u64>,
    /// What their cells add at a read; none if cells are read without noise.
    pub cells: Option<CellNoiseSample>,
}

impl ConversionSums {
    /// Variance of the part of the sums that is the same for all images and pixels: the mean of every output's group. Batch norm takes it
    /// out, but the range of a read-out has to cover it.
    pub fn constant_variance(&self, weights: &PreparedWeights) -> f64 {
        let reads = (weights.geometry.outputs * weights.plan.groups()) as u64;
        constant_variance(weights, &self.inputs, self.histogram.total() / reads.max(1))
    }
}

/// A layer whose sums are counted.
#[derive(Clone, Copy)]
pub struct Layer<'a> {
    /// The macro.
    pub hardware: &'a Hardware,
    /// Its conversions.
    pub conversions: &'a [Prepared],
    /// Weight codes `[output][row]`.
    pub codes: &'a [i8],
    /// Bits of the input codes.
    pub input_bits: u32,
    /// Number in the network, which keys the sample of cells.
    pub index: usize,
}

impl Layer<'_> {
    /// Nothing seen yet.
    pub fn empty(&self) -> Vec<ConversionSums> {
        let is_noisy = self.hardware.cell.read_sigma_relative > 0.0;
        let zero = |prepared: &Prepared| ConversionSums {
            histogram: SumHistogram {
                min: prepared.range.min,
                counts: vec![0; prepared.range.count()],
            },
            inputs: vec![0; prepared.weights.plan.rows],
            cells: is_noisy.then(|| {
                let most = View::new(self.hardware, prepared, self.codes).most();
                CellNoiseSample::empty(prepared.range, most)
            }),
        };
        self.conversions.iter().map(zero).collect()
    }

    /// Adds the first `used` images of block `block`; about every `pixel_step`-th output pixel is looked at, in all columns of the map.
    pub fn see(
        &self,
        input: &Lanes<u8>,
        used: usize,
        block: usize,
        pixel_step: usize,
        sums: &mut [ConversionSums],
    ) {
        for (c, (prepared, sums)) in self.conversions.iter().zip(sums).enumerate() {
            let plane = plane(input, &prepared.conversion, self.input_bits);
            let range = prepared.range.min..=prepared.range.max;
            let map = prepared.weights.geometry.output();
            let step = distance(pixel_step, map.width).min(map.height * map.width);
            let counts = group_histogram(&plane, &prepared.weights, used, range, step);
            add(&mut sums.histogram.counts, &counts);
            let inputs = input_totals(&plane, &prepared.weights, used, step);
            add(&mut sums.inputs, &inputs);
            if let Some(cells) = &mut sums.cells {
                let place = [self.index as u64, block as u64, c as u64];
                View::new(self.hardware, prepared, self.codes).look(&plane, used, place, cells);
            }
        }
    }
}

/// Adds what was seen on other images.
pub fn merge(into: &mut [ConversionSums], from: &[ConversionSums]) {
    for (into, from) in into.iter_mut().zip(from) {
        add(&mut into.histogram.counts, &from.histogram.counts);
        add(&mut into.inputs, &from.inputs);
        if let (Some(into), Some(from)) = (&mut into.cells, &from.cells) {
            into.add(from);
        }
    }
}

fn add(into: &mut [u64], from: &[u64]) {
    for (total, count) in into.iter_mut().zip(from) {
        *total += count;
    }
}

/// Places a read-out design on every conversion of a layer, before an accumulator that must be wide enough; references that the
/// design calibrates lie where `references` says, alike for all conversions. Classes of columns are those of their trims, ascending.
///
/// # Errors
/// If the design does not fit the sums, or the accumulator is too narrow.
pub fn place(
    conversions: &[Prepared],
    sums: &[ConversionSums],
    design: &ReadoutDesign,
    references: &LayerReferences,
    accumulator: Accumulator,
) -> Result<Vec<ColumnReadouts>, HwError> {
    let mut placed = Vec::with_capacity(conversions.len());
    for (prepared, sums) in conversions.iter().zip(sums) {
        let (range, histogram) = (prepared.range, Some(&sums.histogram));
        let at_step = |step: f64| design.place_at_step(range, step, histogram);
        let shares = sums.cells.as_ref().map(|cells| cells.shares());
        let noisy = |readout: Readout| match &shares {
            Some(shares) => readout.with_cell_noise(shares.clone()),
            None => readout,
        };
        placed.push(match references {
            LayerReferences::Calibrated => noisy(design.place(range, histogram)?).into(),
            LayerReferences::Step(step) => noisy(at_step(f64::from(*step))?).into(),
            LayerReferences::StepPerColumn { step, trims } if is_calibrated(design) => {
                let outputs = prepared.weights.geometry.outputs;
                let step = f64::from(*step);
                by_trim(trims, outputs, |trim| {
                    Ok(noisy(at_step(step * trim.factor())?))
                })?
            }
            LayerReferences::StepPerColumn { .. } => noisy(design.place(range, histogram)?).into(),
            LayerReferences::Thresholds { thresholds, values } => {
                noisy(design.place_at_thresholds(range, (thresholds, values), histogram)?).into()
            }
        });
    }
    let classes = placed.iter().flat_map(ColumnReadouts::classes);
    let levels = classes.flat_map(|readout| &readout.decode.levels);
    let highest = levels.copied().max().unwrap_or(0);
    let groups = conversions
        .first()
        .map_or(0, |prepared| prepared.weights.plan.groups());
    let conversions: Vec<_> = conversions.iter().map(|c| c.conversion).collect();
    accumulator.check(&conversions, groups, u32::from(highest))?;
    Ok(placed)
}

/// True if trained references mean something to the design.
fn is_calibrated(design: &ReadoutDesign) -> bool {
    matches!(design.references(), Some(References::Calibrated { .. }))
}

/// A read-out for every different trim.
fn by_trim(
    trims: &[Trim],
    outputs: usize,
    place: impl Fn(Trim) -> Result<Readout, HwError>,
) -> Result<ColumnReadouts, HwError> {
    let (different, of_output) = trim::classes(trims);
    let classes: Vec<Readout> = different.into_iter().map(place).collect::<Result<_, _>>()?;
    let placed = ColumnReadouts::new(classes, Columns::new(of_output));
    let placed = placed.filter(|_| trims.len() == outputs);
    placed.ok_or_else(|| {
        HwError::new(
            "trims of columns",
            trims.len(),
            format!("one for each of {outputs} output columns"),
            "deploy the training again",
        )
    })
}
