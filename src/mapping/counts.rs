//! What energy is made of where it depends on the data: open word lines, comparisons, currents of the arrays.
//!
//! Counted over all images of a round, for exactly the operations that take place. Not responsible for energy itself
//! (`hw`), nor for which operations take place ([`super::activity`]).

use super::activity::{DataActivity, PartActivity};
use super::layer::LayerMapping;
use crate::cycle::plan::Mvm;
use crate::hw::chip::Hardware;
use crate::hw::readout::{Architecture, Kind};
use crate::hw::timing::SampleAndHold;
use crate::hw::weight_plane::WeightPlane;

/// Counts of one layer of a plan, over all images.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ActivityCounts {
    /// Operations (activations of word lines) on all its macros.
    pub operations: u64,
    /// Word lines with an input above 0, over all operations.
    pub open_rows: u64,
    /// Conversions of all read-outs.
    pub conversions: u64,
    /// Comparisons of all sense amps: of a flash one per reference, otherwise one per step that the conversion takes.
    pub comparisons: u64,
    /// Pulses on word lines, over all operations: one for each bit of an input that is 1.
    pub word_line_pulses: u64,
    /// Bits that word lines take from the input buffers: of every row of a group once for each read of its inputs, because the
    /// drivers hold them while the column multiplexer moves on.
    pub input_bits: u64,
    /// Mean over operations of the current through the cells of the columns that are read, in uA, averaged over the time that
    /// word lines are open: a row conducts for its share of pulses. Cells at the levels they were meant to have.
    pub mean_current_ua: f64,
}

impl DataActivity<'_> {
    /// Counts of every layer of the plan; none for digital layers.
    pub fn counts(&self) -> Vec<Option<ActivityCounts>> {
        let of = |(index, part): (usize, &Option<PartActivity>)| {
            part.as_ref().map(|part| self.count(index as u32, part))
        };
        self.layers.iter().enumerate().map(of).collect()
    }

    fn count(&self, layer: u32, part: &PartActivity) -> ActivityCounts {
        let mapping = part.mapping;
        let row_tiles = mapping.row_tiles();
        let map = mapping.geometry.output();
        let mut total = Total::default();
        for (column, tile) in part.column_tiles.clone().enumerate() {
            let row_current = row_currents(self.hardware, mapping, &part.values.weights, tile);
            let slots = part.slots[column].readouts();
            let repeats = match self.timing().sample_and_hold {
                SampleAndHold::PerColumn => 1,
                SampleAndHold::None | SampleAndHold::PerReadout => slots.len() as u64,
            };
            let pulses_per_read = f64::from(self.hardware.word_lines.bits_per_read);
            let per_conversion = all_at_once(self.hardware);
            let images = 0..self.images() as u32;
            let places = images.flat_map(|image| {
                let pixels = 0..(map.height * map.width) as u32;
                pixels.flat_map(move |pixel| (0..row_tiles).map(move |row| (image, pixel, row)))
            });
            for (image, pixel, row) in places {
                let mvm = Mvm {
                    image,
                    layer,
                    pixel,
                    tile: (column * row_tiles + row) as u32,
                };
                self.activations(part, mvm, |activation| {
                    let open = activation.inputs.iter().filter(|&&input| input > 0);
                    let rows = &row_current[activation.rows.clone()];
                    let pulses = activation.inputs.iter().map(|input| input.count_ones());
                    let driven = rows.iter().zip(pulses.clone());
                    let current: f64 = driven.map(|(i, pulses)| i * f64::from(pulses)).sum();
                    total.operations += repeats;
                    let plane = &mapping.planes.inputs[activation.read].1;
                    let bits = u64::from(plane.mask.count_ones());
                    total.input_bits += activation.inputs.len() as u64 * bits;
                    total.open_rows += repeats * open.count() as u64;
                    total.pulses += repeats * u64::from(pulses.sum::<u32>());
                    // Every column is read once, at its own position or all at once.
                    total.current_ua += current / pulses_per_read;
                    for (&readouts, &steps) in slots.iter().zip(activation.steps) {
                        let each = per_conversion.unwrap_or(u64::from(steps));
                        total.conversions += u64::from(readouts);
                        total.comparisons += u64::from(readouts) * each;
                    }
                });
            }
        }
        total.finish()
    }
}

#[derive(Default)]
struct Total {
    operations: u64,
    open_rows: u64,
    conversions: u64,
    comparisons: u64,
    pulses: u64,
    input_bits: u64,
    current_ua: f64,
}

impl Total {
    fn finish(self) -> ActivityCounts {
        ActivityCounts {
            operations: self.operations,
            open_rows: self.open_rows,
            conversions: self.conversions,
            comparisons: self.comparisons,
            word_line_pulses: self.pulses,
            input_bits: self.input_bits,
            mean_current_ua: self.current_ua / self.operations.max(1) as f64,
        }
    }
}

/// Comparisons of a flash, whose sense amps all compare in its one step, whatever a layer's codes need.
fn all_at_once(hardware: &Hardware) -> Option<u64> {
    let Kind::Converter(converter) = &hardware.readout.kind else {
        return None;
    };
    let flash = converter.architecture == Architecture::Flash;
    flash.then(|| u64::from(hardware.sense_amps_per_readout()))
}

/// Current of all cells on each word line of the arrays of a column tile at input 1, in uA; `weights` are codes `[output][word line]`.
pub fn row_currents(
    hardware: &Hardware,
    mapping: &LayerMapping,
    weights: &[i8],
    column_tile: usize,
) -> Vec<f64> {
    let current = |level: u8| hardware.cell.current_ua(usize::from(level));
    let rows = mapping.geometry.rows();
    let mut currents = vec![0.0; rows];
    for (_, plane) in &mapping.planes.weights {
        for (place, output) in mapping.tile_outputs(column_tile).enumerate() {
            let of_output = &weights[output * rows..(output + 1) * rows];
            for (sum, &weight) in currents.iter_mut().zip(of_output) {
                let cells = plane.cells(weight);
                let is_first = place == 0;
                // Columns of middle levels are one for all outputs of the array.
                *sum += match plane {
                    WeightPlane::Middle { .. } if !is_first => 0.0,
                    WeightPlane::Offset { .. } if !is_first => current(cells.plus),
                    _ => current(cells.plus) + cells.minus.map_or(0.0, current),
                };
            }
        }
    }
    currents
}
