//! What operations and conversions depend on in the data: groups left out because their inputs are all zero, and a ramp that
//! stops when every read-out of the macro has found its code.
//!
//! A ramp compares its references one by one from below. Code k of n codes is found by the comparison that says no, the one
//! numbered k + 1; the topmost code by the last of n - 1, which says yes. A slot (one position of the column multiplexer after one
//! activation) takes as many comparisons as the code that takes most among the columns converted together, and no more than
//! `sense_steps`. A column of middle levels is converted once for all outputs of its array; its code is that of the array's
//! first output. Operations run group by group, read by read of the input bits, position by position.
//!
//! Codes are those of the functional path (`convert::codes`). A group is left out only where the read-out of an empty group is
//! worth 0 with certainty, so that values stay what they are.

use super::error::MappingError;
use super::layer::{LayerMapping, is_shared};
use super::plan::{Part, Round};
use super::slots::Slots;
use crate::convert::codes::{ConversionCodes, Input, LayerCodes, Place, Reads};
use crate::cycle::plan::{Activity, Mvm};
use crate::hw::chip::Hardware;
use crate::hw::timing::Timing;
use std::borrow::Cow;
use std::ops::Range;

/// One layer on macros with the images that go through it.
pub struct LayerValues<'a> {
    /// Codes of its conversions.
    pub codes: LayerCodes,
    /// Weight codes `[output][word line]`.
    pub weights: Cow<'a, [i8]>,
    /// Inputs and noise of every image.
    pub images: Vec<(Input, Reads)>,
}

/// The data of a round.
pub struct DataActivity<'a> {
    pub(super) hardware: &'a Hardware,
    timing: Timing,
    /// By layer of the plan; none for digital layers.
    pub(super) layers: Vec<Option<PartActivity<'a>>>,
    images: usize,
}

/// A layer of the plan.
pub(super) struct PartActivity<'a> {
    pub mapping: &'a LayerMapping,
    pub column_tiles: Range<usize>,
    pub values: &'a LayerValues<'a>,
    /// By column tile of the plan.
    pub slots: Vec<Slots>,
}

/// One read of the input bits of one group on one array: an operation, or one for each position of the multiplexer.
pub(super) struct Activation<'a> {
    /// Group of word lines.
    pub group: usize,
    /// Read of the input bits.
    pub read: usize,
    /// Input codes of the rows, all bits.
    pub codes: &'a [u8],
    /// Word lines of the layer.
    pub rows: Range<usize>,
    /// What is on their word lines.
    pub inputs: &'a [u8],
    /// Comparisons at each position.
    pub steps: &'a [u32],
}

impl<'a> DataActivity<'a> {
    /// The data behind a round; `values` by layer of the network, none for digital layers.
    ///
    /// # Errors
    /// If values belong to something else, or leaving out empty groups would change them.
    pub fn new(
        hardware: &'a Hardware,
        round: &'a Round,
        values: &'a [Option<LayerValues<'a>>],
    ) -> Result<Self, MappingError> {
        let timing = hardware.timing.ok_or_else(|| MappingError::Missing {
            hardware: hardware.name.clone(),
            section: "timing",
        })?;
        let images = round.plan.images as usize;
        let mut layers = Vec::with_capacity(round.parts.len());
        for part in &round.parts {
            let Some(mapping) = &part.mapping else {
                layers.push(None);
                continue;
            };
            let values = values.get(part.layer).and_then(Option::as_ref);
            let values = fitting(part, mapping, values, images)?;
            if timing.skip_zero_groups {
                check_neutral(&part.name, &values.codes)?;
            }
            let slots = part.column_tiles.clone();
            layers.push(Some(PartActivity {
                mapping,
                column_tiles: part.column_tiles.clone(),
                values,
                slots: slots.map(|tile| Slots::new(mapping, tile)).collect(),
            }));
        }
        Ok(DataActivity {
            hardware,
            timing,
            layers,
            images,
        })
    }

    /// Images.
    pub fn images(&self) -> usize {
        self.images
    }

    /// Times of the macro.
    pub fn timing(&self) -> &Timing {
        &self.timing
    }

    /// Shows every activation of an MVM that takes place.
    pub(super) fn activations(
        &self,
        part: &PartActivity,
        mvm: Mvm,
        mut show: impl FnMut(&Activation),
    ) {
        let mapping = part.mapping;
        let row_tiles = mapping.row_tiles();
        let (column, row_tile) = (mvm.tile as usize / row_tiles, mvm.tile as usize % row_tiles);
        let (input, reads) = &part.values.images[mvm.image as usize];
        let slots = &part.slots[column];
        let mut steps = vec![self.timing.sense_steps; slots.positions()];
        let mut work = Work::new(mapping, part.column_tiles.start + column);
        let (mut inputs, mut driven) = (Vec::new(), Vec::new());
        for group in mapping.tile_groups(row_tile) {
            let rows = mapping.groups.range(group);
            let pixel = mvm.pixel as usize;
            input.gather(pixel, rows.clone(), &mut inputs);
            for (read, (_, plane)) in mapping.planes.inputs.iter().enumerate() {
                driven.clear();
                driven.extend(inputs.iter().map(|&code| plane.apply(code)));
                if self.timing.skip_zero_groups && driven.iter().all(|&input| input == 0) {
                    continue;
                }
                if self.timing.early_termination {
                    let place = (Place { pixel, group }, &inputs[..]);
                    let first = read * mapping.planes.weights.len();
                    work.comparisons(part, slots, (first, reads), place, &mut steps);
                    for steps in &mut steps {
                        *steps = (*steps).min(self.timing.sense_steps);
                    }
                }
                show(&Activation {
                    group,
                    read,
                    codes: &inputs,
                    rows: rows.clone(),
                    inputs: &driven,
                    steps: &steps,
                });
            }
        }
    }
}

/// Sums and codes of one array's outputs.
struct Work {
    outputs: Range<usize>,
    sums: Vec<i32>,
    codes: Vec<u8>,
}

impl Work {
    fn new(mapping: &LayerMapping, column_tile: usize) -> Self {
        let outputs = mapping.tile_outputs(column_tile);
        Work {
            sums: vec![0; outputs.len()],
            codes: vec![0; outputs.len()],
            outputs,
        }
    }

    /// Comparisons at each position for the conversions from number `first` on, one per weight plane.
    fn comparisons(
        &mut self,
        part: &PartActivity,
        slots: &Slots,
        (first, reads): (usize, &Reads),
        place: (Place, &[u8]),
        steps: &mut [u32],
    ) {
        let codes = &part.values.codes;
        let (mut own, mut shared) = (0, 0);
        steps.fill(1);
        for (w, (_, plane)) in part.mapping.planes.weights.iter().enumerate() {
            let is_shared = is_shared(plane);
            // One conversion stands for all outputs where their column is the same.
            let count = if is_shared { 1 } else { self.outputs.len() };
            let outputs = self.outputs.start..self.outputs.start + count;
            let into = (&mut self.sums[..count], &mut self.codes[..count]);
            codes.convert(first + w, reads, place, outputs, into);
            let conversion = &codes.conversions[first + w];
            let outputs_from = self.outputs.start;
            for (output, &code) in self.codes[..count].iter().enumerate() {
                let position = match is_shared {
                    true => slots.shared(self.outputs.len(), shared),
                    false => slots.own(output, own),
                };
                let needed = ramp_comparisons(conversion, outputs_from + output, code);
                steps[position] = steps[position].max(needed);
            }
            if is_shared {
                shared += 1;
            } else {
                own += 1;
            }
        }
    }
}

/// Comparisons after which a ramp has found a code.
fn ramp_comparisons(conversion: &ConversionCodes, output: usize, code: u8) -> u32 {
    let most = conversion.lookup(output).codes().saturating_sub(1).max(1) as u32;
    (u32::from(code) + 1).min(most)
}

impl Activity for DataActivity<'_> {
    fn senses(&self, mvm: Mvm, senses: &mut Vec<u32>) -> bool {
        let depends = self.timing.skip_zero_groups || self.timing.early_termination;
        let part = self.layers.get(mvm.layer as usize).and_then(Option::as_ref);
        let (true, Some(part)) = (depends, part) else {
            return false;
        };
        self.activations(part, mvm, |activation| {
            let cycles = activation.steps.iter();
            senses.extend(cycles.map(|&steps| self.timing.sense_cycles(steps)));
        });
        true
    }
}

/// The values of a part if they are its own.
fn fitting<'a>(
    part: &Part,
    mapping: &LayerMapping,
    values: Option<&'a LayerValues<'a>>,
    images: usize,
) -> Result<&'a LayerValues<'a>, MappingError> {
    let mismatch = |what: &str, expected: usize, found: usize| MappingError::Mismatch {
        what: format!("layer {}: {what}", part.name),
        expected: expected.to_string(),
        found: found.to_string(),
    };
    let Some(values) = values else {
        return Err(mismatch("codes of a layer on macros", 1, 0));
    };
    let map = mapping.geometry.output();
    let planes = &mapping.planes;
    let pixels = values.images.first().map_or(0, |image| image.0.pixels());
    let checks = [
        ("images", images, values.images.len()),
        (
            "conversions",
            planes.inputs.len() * planes.weights.len(),
            values.codes.conversions.len(),
        ),
        (
            "weights",
            mapping.geometry.outputs * mapping.geometry.rows(),
            values.weights.len(),
        ),
        ("output pixels", map.height * map.width, pixels),
    ];
    match checks.into_iter().find(|check| check.1 != check.2) {
        Some((what, expected, found)) => Err(mismatch(what, expected, found)),
        None => Ok(values),
    }
}

/// Leaving out a group must not change what is accumulated.
fn check_neutral(layer: &str, codes: &LayerCodes) -> Result<(), MappingError> {
    for lookup in codes.conversions.iter().flat_map(|c| &c.lookups) {
        let reads = match lookup.certain(0) {
            Some(code) if lookup.decode.value(code.into()) == 0.0 => continue,
            Some(code) => format!("code {code} worth {}", lookup.decode.value(code.into())),
            None => "one of several codes by chance".into(),
        };
        return Err(MappingError::NotNeutral {
            layer: layer.into(),
            reads,
        });
    }
    Ok(())
}
