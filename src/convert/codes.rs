//! The codes of one image on the functional path, one group of word lines at a time: what every read-out converts, and to what.
//!
//! The same partial sums, tables and keyed draws as [`crate::kernel::reconv`], for one image lane instead of 32: levels of these
//! codes, summed over groups, are the kernels' sums bit for bit. Not responsible for which group is on which array (`mapping`).

use super::accumulate::Codes;
use super::code_lookup::{CodeLookup, Draw};
use super::prepare::Prepared;
use crate::hw::readout::columns::Columns;
use crate::hw::readout::table::Decode;
use crate::hw::weight_plane::Conversion;
use crate::kernel::groups::{GroupPlan, PreparedWeights};
use crate::kernel::lanes::{LANES, Lanes};
use crate::kernel::stream::{NoiseKey, NoiseStream};
use std::ops::Range;

/// Input codes of one layer for one image.
#[derive(Clone, Debug)]
pub struct Input {
    values: Vec<u8>,
    /// Place of the input of each word line from the corner of a pixel.
    rows: Vec<usize>,
    /// Corner of each output pixel.
    pixels: Vec<usize>,
}

impl Input {
    /// One lane of a block of images for the weights of any conversion of the layer.
    ///
    /// # Panics
    /// If the block has another shape than the layer or too narrow a border.
    pub fn new(weights: &PreparedWeights, block: &Lanes<u8>, lane: usize) -> Self {
        let taps = weights.taps(block);
        let alone = |places: Vec<usize>| places.into_iter().map(|at| at / LANES).collect();
        Input {
            values: block
                .values
                .iter()
                .skip(lane)
                .step_by(LANES)
                .copied()
                .collect(),
            rows: alone(taps.rows),
            pixels: alone(taps.pixels),
        }
    }

    /// Output pixels.
    pub fn pixels(&self) -> usize {
        self.pixels.len()
    }

    /// Input codes of some word lines at an output pixel.
    pub fn gather(&self, pixel: usize, rows: Range<usize>, inputs: &mut Vec<u8>) {
        let corner = self.pixels[pixel];
        inputs.clear();
        inputs.extend(self.rows[rows].iter().map(|row| self.values[corner + row]));
    }
}

/// One conversion of a layer.
#[derive(Clone, Debug)]
pub struct ConversionCodes {
    /// What it sees and how it enters the accumulator.
    pub conversion: Conversion,
    /// Codes of its sums, for every class of columns.
    pub lookups: Vec<CodeLookup>,
    columns: Columns,
    plan: GroupPlan,
    outputs: usize,
    /// What it sees of the weights, `[word line][output]`.
    weights: Vec<i8>,
}

/// The tables of one conversion: codes and what they are worth for every class of columns.
#[derive(Clone, Copy)]
pub struct Tables<'a> {
    /// Codes of every class.
    pub codes: &'a [Codes],
    /// What codes of every class are worth.
    pub decodes: &'a [Decode],
    /// Which column is of which class.
    pub columns: &'a Columns,
}

/// All conversions of a layer.
#[derive(Clone, Debug)]
pub struct LayerCodes {
    /// In the order of the layer's plan.
    pub conversions: Vec<ConversionCodes>,
}

/// Where the noise of one image comes from.
#[derive(Clone, Debug)]
pub struct Reads {
    /// Of each conversion; none where codes are not random.
    streams: Vec<Option<NoiseStream>>,
    lane: usize,
}

/// A group of one output pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Output pixel, `y * width + x`.
    pub pixel: usize,
    /// Group.
    pub group: usize,
}

impl LayerCodes {
    /// Conversions with the codes and values of their read-outs.
    ///
    /// # Panics
    /// If there is not one read-out per conversion and class of columns.
    pub fn new(conversions: &[Prepared], readouts: &[Tables]) -> Self {
        assert_eq!(
            conversions.len(),
            readouts.len(),
            "one read-out per conversion"
        );
        let one = |(prepared, tables): (&Prepared, &Tables)| {
            let lookups = tables.codes.iter().zip(tables.decodes);
            let lookups: Vec<CodeLookup> = lookups
                .map(|(codes, decode)| CodeLookup::new(codes, decode))
                .collect();
            let needed = tables.columns.members().len().max(1);
            assert_eq!(lookups.len(), needed, "one read-out per class");
            let weights = &prepared.weights;
            let (rows, outputs) = (weights.plan.rows, weights.geometry.outputs);
            let at = |index: usize| weights.codes[index % outputs * rows + index / outputs];
            ConversionCodes {
                conversion: prepared.conversion,
                lookups,
                columns: tables.columns.clone(),
                plan: weights.plan,
                outputs,
                weights: (0..rows * outputs).map(at).collect(),
            }
        };
        LayerCodes {
            conversions: conversions.iter().zip(readouts).map(one).collect(),
        }
    }

    /// Noise of an image: `key` is that of the layer and of the image's block (its conversion is ignored).
    pub fn reads(&self, key: NoiseKey, lane: usize) -> Reads {
        let stream = |(c, conversion): (usize, &ConversionCodes)| {
            let key = NoiseKey {
                conversion: c as u64,
                ..key
            };
            conversion.is_random().then(|| NoiseStream::new(key))
        };
        Reads {
            streams: self.conversions.iter().enumerate().map(stream).collect(),
            lane,
        }
    }

    /// Sums and codes of conversion `c` for one group at one output pixel and neighbouring outputs; `inputs` are the input codes
    /// of the group's rows.
    ///
    /// # Panics
    /// If slices have other lengths than the group's rows and the outputs.
    pub fn convert(
        &self,
        c: usize,
        reads: &Reads,
        (place, inputs): (Place, &[u8]),
        outputs: Range<usize>,
        (sums, codes): (&mut [i32], &mut [u8]),
    ) {
        let conversion = &self.conversions[c];
        let first_output = outputs.start as u32;
        conversion.sums(inputs, place.group, outputs, sums);
        let draw = reads.streams[c].as_ref().map(|stream| Draw {
            stream,
            lane: reads.lane,
            pixel: place.pixel as u32,
            group: place.group as u32,
            first_output,
        });
        conversion.codes_of(sums, draw, first_output, codes);
    }

    /// Shows every conversion of an image: its number, its place, and sums and codes of all outputs.
    pub fn each(
        &self,
        input: &Input,
        reads: &Reads,
        mut show: impl FnMut(usize, Place, &[i32], &[u8]),
    ) {
        let Some(first) = self.conversions.first() else {
            return;
        };
        let (plan, outputs) = (first.plan, first.outputs);
        let (mut sums, mut codes) = (vec![0; outputs], vec![0; outputs]);
        let mut inputs = Vec::with_capacity(plan.active);
        for pixel in 0..input.pixels() {
            for group in 0..plan.groups() {
                input.gather(pixel, plan.range(group), &mut inputs);
                let place = Place { pixel, group };
                for c in 0..self.conversions.len() {
                    let into = (&mut sums[..], &mut codes[..]);
                    self.convert(c, reads, (place, &inputs), 0..outputs, into);
                    show(c, place, &sums, &codes);
                }
            }
        }
    }
}

impl ConversionCodes {
    /// Codes of the column of an output.
    pub fn lookup(&self, output: usize) -> &CodeLookup {
        &self.lookups[self.columns.class(output)]
    }

    fn is_random(&self) -> bool {
        self.lookups.iter().any(CodeLookup::is_random)
    }

    /// Codes of neighbouring outputs.
    fn codes_of(&self, sums: &[i32], draw: Option<Draw>, first_output: u32, codes: &mut [u8]) {
        if self.columns.are_alike() {
            return self.lookups[0].codes_of(sums, draw, codes);
        }
        for (output, (&sum, code)) in (first_output..).zip(sums.iter().zip(codes)) {
            let draw = draw.map(|draw| Draw {
                first_output: output,
                ..draw
            });
            let (sum, code) = (std::slice::from_ref(&sum), std::slice::from_mut(code));
            self.lookup(output as usize).codes_of(sum, draw, code);
        }
    }

    /// Partial sums of a group for neighbouring outputs.
    fn sums(&self, inputs: &[u8], group: usize, outputs: Range<usize>, sums: &mut [i32]) {
        let rows = self.plan.range(group);
        assert_eq!(inputs.len(), rows.len(), "one input per row of the group");
        assert_eq!(outputs.len(), sums.len(), "one sum per output");
        sums.fill(0);
        for (row, &input) in rows.zip(inputs) {
            let input = i32::from(self.conversion.input.apply(input));
            if input == 0 {
                continue;
            }
            let start = row * self.outputs;
            let weights = &self.weights[start + outputs.start..start + outputs.end];
            for (sum, &weight) in sums.iter_mut().zip(weights) {
                *sum += i32::from(weight) * input;
            }
        }
    }
}
