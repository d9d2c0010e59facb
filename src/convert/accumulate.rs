//! The table path of one layer: input codes to accumulated sums, every partial sum through the read-out.
//!
//! ```text
//! acc = sum over conversions of factor * decode(sum of levels)     (exact integer sum if the layer has no read-out)
//! ```
//! Columns of several classes read by the table of their class, and its codes are worth what that class says.
//! Not responsible for virtual chips (`sim`) nor for what happens to the sums afterwards.

use super::prepare::Prepared;
use crate::hw::readout::columns::Columns;
use crate::hw::readout::table::Decode;
use crate::hw::weight_plane::Conversion;
use crate::kernel::elementwise::{add_decoded, to_float};
use crate::kernel::exact::exact;
use crate::kernel::lanes::Lanes;
use crate::kernel::reconv::{reconv, reconv_of, reconv_random, reconv_random_of};
use crate::kernel::stream::NoiseKey;
use crate::kernel::tables::{LevelTable, RandomTable};
use crate::net::network::{Geometry, PIXEL_ZERO};
use std::borrow::Cow;

/// The codes of one conversion by table.
#[derive(Clone, Debug, PartialEq)]
pub enum Codes {
    /// Without noise.
    NoiseFree(LevelTable),
    /// A random code per partial sum.
    Random(RandomTable),
}

/// Exact sums of a layer; `first` says that the input is image bytes.
pub fn exact_sums(input: &Lanes<u8>, geometry: &Geometry, codes: &[i8], first: bool) -> Lanes<f32> {
    let map = geometry.output();
    let mut levels = Lanes::<i32>::zeros(map.channels, map.height, map.width, 0);
    let mut sums = Lanes::<f32>::zeros(map.channels, map.height, map.width, 0);
    let zero = if first { PIXEL_ZERO as u8 } else { 0 };
    exact(input, geometry, codes, zero, &mut levels);
    to_float(&mut sums.values, &levels.values);
    sums
}

/// Accumulates the conversions of a layer one after the other.
pub struct Accumulator {
    levels: Lanes<i32>,
    sums: Lanes<f32>,
}

impl Accumulator {
    /// Nothing accumulated yet.
    pub fn new(geometry: &Geometry) -> Self {
        let map = geometry.output();
        Accumulator {
            levels: Lanes::zeros(map.channels, map.height, map.width, 0),
            sums: Lanes::zeros(map.channels, map.height, map.width, 0),
        }
    }

    /// Adds a conversion; `count` writes the sum of its levels over all groups. `decodes` has what codes are worth for every class
    /// of columns, or once for all.
    pub fn add(
        &mut self,
        prepared: &Prepared,
        columns: &Columns,
        decodes: &[Decode],
        count: impl FnOnce(&mut Lanes<i32>),
    ) {
        count(&mut self.levels);
        let groups = prepared.weights.plan.groups();
        let factor = prepared.conversion.factor as f32;
        let (sums, levels) = (&mut self.sums.values, &self.levels.values);
        if let ([decode], _) | ([decode, ..], true) = (decodes, columns.are_alike()) {
            return add_decoded(sums, levels, decode, groups, factor);
        }
        let stride = self.levels.channel_stride();
        let outputs = sums.chunks_mut(stride).zip(levels.chunks(stride));
        for (output, (sums, levels)) in outputs.enumerate() {
            let decode = &decodes[columns.class(output)];
            add_decoded(sums, levels, decode, groups, factor);
        }
    }

    /// The sums.
    pub fn finish(self) -> Lanes<f32> {
        self.sums
    }
}

/// Levels of one conversion summed over its groups; `input` is what the conversion sees.
pub fn levels(
    input: &Lanes<u8>,
    prepared: &Prepared,
    codes: &Codes,
    key: NoiseKey,
    levels: &mut Lanes<i32>,
) {
    match codes {
        Codes::NoiseFree(table) => reconv(input, &prepared.weights, table, levels),
        Codes::Random(table) => reconv_random(input, &prepared.weights, table, key, levels),
    }
}

/// [`levels`] of columns that read by the table of their class; `codes` gives it. What a column draws does not depend on its class.
pub fn levels_by_class<'a>(
    input: &Lanes<u8>,
    prepared: &Prepared,
    columns: &Columns,
    codes: impl Fn(usize) -> &'a Codes,
    key: NoiseKey,
    to: &mut Lanes<i32>,
) {
    if columns.are_alike() {
        return levels(input, prepared, codes(0), key, to);
    }
    let weights = &prepared.weights;
    for (class, outputs) in columns.members().iter().enumerate() {
        if outputs.is_empty() {
            continue;
        }
        match codes(class) {
            Codes::NoiseFree(table) => reconv_of(input, weights, table, outputs, to),
            Codes::Random(table) => reconv_random_of(input, weights, (table, key), outputs, to),
        }
    }
}

/// What a conversion sees of the input codes; borrowed where that is all of them.
pub fn plane<'a>(
    input: &'a Lanes<u8>,
    conversion: &Conversion,
    input_bits: u32,
) -> Cow<'a, Lanes<u8>> {
    match sees_all(conversion, input_bits) {
        true => Cow::Borrowed(input),
        false => Cow::Owned(cut(input, conversion)),
    }
}

/// [`plane`] of every block of a batch.
pub fn planes<'a>(
    inputs: &'a [Lanes<u8>],
    conversion: &Conversion,
    input_bits: u32,
) -> Cow<'a, [Lanes<u8>]> {
    match sees_all(conversion, input_bits) {
        true => Cow::Borrowed(inputs),
        false => inputs.iter().map(|input| cut(input, conversion)).collect(),
    }
}

fn sees_all(conversion: &Conversion, input_bits: u32) -> bool {
    let plane = &conversion.input;
    plane.shift == 0 && u32::from(plane.mask) >= (1 << input_bits) - 1
}

fn cut(input: &Lanes<u8>, conversion: &Conversion) -> Lanes<u8> {
    let mut cut = input.clone();
    cut.values
        .iter_mut()
        .for_each(|code| *code = conversion.input.apply(*code));
    cut
}
