//! One block of 32 images through the network on the macro under a condition.
//!
//! Which sums every layer accumulates: by table, by the cells of a virtual chip, or exactly. Not responsible for the digital
//! side between the macros (`convert::digital`), the fused loops (`kernel`) nor for which images (`accuracy`).

use super::condition::{Condition, ConversionReadout, Conversions, ScaleShift};
use super::prepare::{Prepared, PreparedLayer};
use crate::convert::accumulate::{Accumulator, exact_sums, levels_by_class, plane};
use crate::convert::digital::Constants;
use crate::convert::{self, digital};
use crate::hw::imc_array::VirtualChip;
use crate::hw::readout::table::Decode;
use crate::kernel::analog::{AnalogLayer, ChipReadout, reconv_analog};
use crate::kernel::lanes::{LANES, Lanes};
use crate::kernel::stream::NoiseKey;
use crate::net::network::IntLayer;

/// What an observer is shown after each layer.
pub struct Seen<'a> {
    /// Index of the layer.
    pub layer: usize,
    /// Its input codes.
    pub input: &'a Lanes<u8>,
    /// Its accumulated sums before scale and shift.
    pub sums: &'a Lanes<f32>,
}

/// Logits `[class][lane]` of one block of images (bytes, any border); `block` keys the read noise.
pub fn forward(
    prepared: &Prepared,
    condition: &Condition,
    images: Lanes<u8>,
    block: u64,
    observe: &mut impl FnMut(Seen),
) -> Vec<[f32; LANES]> {
    let accumulate = |index: usize, input: &Lanes<u8>| {
        let sums = layer_sums(prepared, condition, (index, block), input);
        observe(Seen {
            layer: index,
            input,
            sums: &sums,
        });
        sums
    };
    let constants = |index: usize| constants(&condition.re_estimated, index);
    digital::forward(prepared.network, images, accumulate, constants)
}

/// Logits under the condition, and those with the scales and shifts `other`: what comes before the first of these is the same, and is
/// computed once.
pub fn forward_both(
    prepared: &Prepared,
    condition: &Condition,
    other: &[Option<ScaleShift>],
    images: Lanes<u8>,
    block: u64,
) -> [Vec<[f32; LANES]>; 2] {
    let first = other.iter().position(Option::is_some);
    let mut kept = None;
    let own = forward(prepared, condition, images, block, &mut |seen: Seen| {
        if Some(seen.layer) == first {
            kept = Some((seen.layer, seen.sums.clone()));
        }
    });
    let Some(kept) = kept else {
        return [own.clone(), own];
    };
    let accumulate =
        |index: usize, input: &Lanes<u8>| layer_sums(prepared, condition, (index, block), input);
    let changed = digital::go_on(prepared.network, kept, accumulate, |index| {
        constants(other, index)
    });
    [own, changed]
}

fn constants(replaced: &[Option<ScaleShift>], index: usize) -> Option<Constants<'_>> {
    let other = replaced.get(index)?.as_ref()?;
    Some((&other.scale, &other.shift))
}

/// Accumulated sums of layer `index` for the input of one block of images.
pub fn layer_sums(
    prepared: &Prepared,
    condition: &Condition,
    (index, block): (usize, u64),
    input: &Lanes<u8>,
) -> Lanes<f32> {
    let readouts = condition.layers.get(index).map_or(&[][..], Vec::as_slice);
    let key = NoiseKey {
        seed: condition.seed,
        layer: index as u64,
        block,
        repeat: condition.repeat,
        conversion: 0,
    };
    let (layer, int) = (&prepared.layers[index], &prepared.network.layers[index]);
    let first = prepared.network.network.sees_bytes(index);
    accumulate(layer, int, readouts, input, key, first)
}

/// Accumulated sums of one layer: decoded levels, or exact sums if there are no read-outs; `first` says that the input is
/// image bytes.
pub fn accumulate(
    layer: &PreparedLayer,
    int: &IntLayer,
    readouts: &[ConversionReadout],
    input: &Lanes<u8>,
    key: NoiseKey,
    first: bool,
) -> Lanes<f32> {
    if readouts.is_empty() {
        return exact_sums(input, &int.layer.geometry, &int.codes, first);
    }
    let mut sums = Accumulator::new(&int.layer.geometry);
    for (c, (prepared, readout)) in layer.conversions.iter().zip(readouts).enumerate() {
        let seen = plane(input, &prepared.conversion, layer.input_bits);
        let key = NoiseKey {
            conversion: c as u64,
            ..key
        };
        let columns = &readout.columns;
        sums.add(
            prepared,
            columns,
            &readout.decodes,
            |count| match &readout.conversions {
                Conversions::Table(codes) => {
                    let codes = |class: usize| &codes[class];
                    levels_by_class(&seen, prepared, columns, codes, key, count);
                }
                Conversions::Chip(chip) => analog(&seen, prepared, readout, chip, count),
            },
        );
    }
    sums.finish()
}

/// Levels of one virtual chip. Thresholds are every output's own, so columns of several classes are read together wherever their
/// codes have the same levels.
fn analog(
    input: &Lanes<u8>,
    prepared: &convert::Prepared,
    readout: &ConversionReadout,
    chip: &VirtualChip,
    levels: &mut Lanes<i32>,
) {
    let read = |class: usize, levels: &mut Lanes<i32>| {
        let highest = chip.highest.as_ref().map(|highest| &highest[class][..]);
        let layer = AnalogLayer {
            weights: &chip.weights,
            geometry: &prepared.weights.geometry,
            plan: prepared.weights.plan,
            readout: ChipReadout {
                thresholds: &chip.thresholds,
                groups_per_tile: chip.groups_per_array,
                levels: &readout.decodes[class].levels,
                highest,
            },
        };
        reconv_analog(input, &layer, levels);
    };
    let levels_of = |decode: &Decode| decode.levels == readout.decodes[0].levels;
    if readout.columns.are_alike()
        || (chip.highest.is_none() && readout.decodes.iter().all(levels_of))
    {
        return read(0, levels);
    }
    let mut all = levels.clone();
    let stride = levels.channel_stride();
    for (class, outputs) in readout.columns.members().iter().enumerate() {
        read(class, &mut all);
        for output in outputs {
            let own = output * stride..(output + 1) * stride;
            levels.values[own.clone()].copy_from_slice(&all.values[own]);
        }
    }
}
