//! What every read-out of one macro converts in one MVM: inputs on the word lines, sums, codes, and what is accumulated.
//!
//! The codes are those of the functional path; for waveforms and golden vectors, not for energy (`counts`).

use super::activity::{DataActivity, PartActivity};
use super::layer::{LayerMapping, is_shared};
use crate::convert::codes::Place;
use crate::cycle::plan::Mvm;
use std::ops::Range;

/// One conversion of one read-out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReadoutValue {
    /// Read-out of the macro.
    pub readout: u32,
    /// Output channel of the layer (the first one, for a column that all outputs share).
    pub output: u32,
    /// Conversion of the layer: weight plane and read of the input bits.
    pub conversion: u32,
    /// Partial sum in MAC units.
    pub sum: i32,
    /// Code.
    pub code: u8,
    /// Its level: what the accumulator adds, before the conversion's factor.
    pub level: i32,
    /// Factor of the conversion in the accumulator.
    pub factor: i32,
    /// Levels times factors of this output and macro so far in the order of time, this one included; of read-outs that convert
    /// for one output at once the lower one counts first. A column that all outputs share adds to each of them. It begins with
    /// the levels that groups left out for their empty inputs would have given, so it ends as if they had been read.
    pub accumulated: i64,
}

/// What happens at one position of the column multiplexer.
#[derive(Clone, Debug, PartialEq)]
pub struct SlotValues {
    /// Operation of the MVM among those that take place.
    pub operation: u32,
    /// Conversion among those that follow the operation.
    pub position_in_operation: u32,
    /// Group of word lines among those of the layer.
    pub group: u32,
    /// Read of the input bits.
    pub read: u32,
    /// Position of the column multiplexer.
    pub position: u32,
    /// First open word line, of those of the layer.
    pub first_row: u32,
    /// What is on the word lines.
    pub inputs: Vec<u8>,
    /// All read-outs that convert.
    pub readouts: Vec<ReadoutValue>,
}

impl DataActivity<'_> {
    /// All slots of an MVM that take place, in the order of time; nothing for a layer that is not on macros.
    pub fn slots(&self, mvm: Mvm) -> Vec<SlotValues> {
        let part = self.layers.get(mvm.layer as usize).and_then(Option::as_ref);
        part.map_or_else(Vec::new, |part| self.slots_of(part, mvm))
    }

    fn slots_of(&self, part: &PartActivity, mvm: Mvm) -> Vec<SlotValues> {
        let mapping = part.mapping;
        let column = mvm.tile as usize / mapping.row_tiles();
        let outputs = mapping.tile_outputs(part.column_tiles.start + column);
        let per_operation = self.positions_per_operation(part, column);
        let mut slots: Vec<SlotValues> = Vec::new();
        let mut slot_count = 0;
        let mut taken = vec![0; mapping.planes.inputs.len()];
        self.activations(part, mvm, |activation| {
            taken[activation.read] += 1;
            let place = Place {
                pixel: mvm.pixel as usize,
                group: activation.group,
            };
            let positions = part.slots[column].positions() as u32;
            let first = slots.len();
            for position in 0..positions {
                slots.push(SlotValues {
                    operation: slot_count / per_operation,
                    position_in_operation: slot_count % per_operation,
                    group: activation.group as u32,
                    read: activation.read as u32,
                    position,
                    first_row: activation.rows.start as u32,
                    inputs: activation.inputs.to_vec(),
                    readouts: Vec::new(),
                });
                slot_count += 1;
            }
            let (mut own, mut shared) = (0, 0);
            for (w, (_, plane)) in mapping.planes.weights.iter().enumerate() {
                let number = activation.read * mapping.planes.weights.len() + w;
                let common = is_shared(plane);
                let count = if common { 1 } else { outputs.len() };
                let (mut sums, mut codes) = (vec![0; count], vec![0; count]);
                let those = outputs.start..outputs.start + count;
                let values = &part.values.codes;
                let reads = &part.values.images[mvm.image as usize].1;
                let into = (&mut sums[..], &mut codes[..]);
                values.convert(number, reads, (place, activation.codes), those, into);
                let conversion = &values.conversions[number];
                let factor = conversion.conversion.factor;
                for (at, (&sum, &code)) in sums.iter().zip(&codes).enumerate() {
                    let unit = match common {
                        true => part.slots[column].shared_unit(outputs.len(), shared),
                        false => part.slots[column].own_unit(at, own),
                    };
                    let lookup = conversion.lookup(outputs.start + at);
                    let level = lookup.decode.levels[usize::from(code)];
                    slots[first + unit.position as usize]
                        .readouts
                        .push(ReadoutValue {
                            readout: unit.readout,
                            output: (outputs.start + at) as u32,
                            conversion: number as u32,
                            sum,
                            code,
                            level: level.into(),
                            factor,
                            accumulated: 0,
                        });
                }
                match common {
                    true => shared += 1,
                    false => own += 1,
                }
            }
        });
        let groups = mapping
            .tile_groups(mvm.tile as usize % mapping.row_tiles())
            .len();
        let skipped = taken.iter().map(|taken| (groups - taken) as i64);
        let sums = left_out(part, skipped, &outputs);
        accumulate(&mut slots, mapping, (outputs.start, sums));
        slots
    }

    /// Conversions that follow one operation.
    fn positions_per_operation(&self, part: &PartActivity, column: usize) -> u32 {
        match self.timing().sample_and_hold {
            crate::hw::timing::SampleAndHold::PerColumn => part.slots[column].positions() as u32,
            _ => 1,
        }
    }
}

/// What conversions of empty groups would have added to every output, from the numbers of groups left out at each read. They are
/// left out only where they read one code for certain.
fn left_out(
    part: &PartActivity,
    skipped: impl Iterator<Item = i64>,
    outputs: &Range<usize>,
) -> Vec<i64> {
    let planes = &part.mapping.planes.weights;
    let mut sums = vec![0; outputs.len()];
    for (read, skipped) in skipped.enumerate().filter(|&(_, skipped)| skipped > 0) {
        for (w, (_, plane)) in planes.iter().enumerate() {
            let conversion = &part.values.codes.conversions[read * planes.len() + w];
            let factor = i64::from(conversion.conversion.factor);
            for (at, sum) in sums.iter_mut().enumerate() {
                // A column that all outputs share is read as the first of them.
                let read_as = outputs.start + if is_shared(plane) { 0 } else { at };
                let lookup = conversion.lookup(read_as);
                let code = lookup.certain(0).unwrap_or_default();
                let level = i64::from(lookup.decode.levels[usize::from(code)]);
                *sum += skipped * level * factor;
            }
        }
    }
    sums
}

/// Adds levels up, slot by slot, from what the sums of the outputs begin with.
fn accumulate(
    slots: &mut [SlotValues],
    mapping: &LayerMapping,
    (first, mut sums): (usize, Vec<i64>),
) {
    let planes = &mapping.planes.weights;
    for slot in slots {
        slot.readouts.sort_by_key(|value| value.readout);
        for value in &mut slot.readouts {
            let added = i64::from(value.level) * i64::from(value.factor);
            let at = value.output as usize - first;
            let to = match is_shared(&planes[value.conversion as usize % planes.len()].1) {
                true => 0..sums.len(),
                false => at..at + 1,
            };
            sums[to].iter_mut().for_each(|sum| *sum += added);
            value.accumulated = sums[at];
        }
    }
}
