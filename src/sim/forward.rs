//! One block of 32 images through the network on the macro, and the digital side between the macros.
//!
//! ```text
//! acc = sum over conversions of factor * decode(sum of levels)     (exact integer sum if the layer has no read-out)
//! x   = acc * scale + shift;  code = activation_code(x);  max pooling on codes
//! ```
//! Not responsible for the fused loops (`kernel`) nor for which images (`accuracy`).

use super::condition::{Condition, ConversionReadout, Conversions};
use super::prepare::{Prepared, PreparedLayer};
use crate::convert;
use crate::convert::accumulate::{Accumulator, exact_sums, levels, plane};
use crate::hw::imc_array::VirtualChip;
use crate::kernel::analog::{AnalogLayer, ChipReadout, reconv_analog};
use crate::kernel::elementwise::{activate, max_pool};
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
    let mut input = images;
    let mut logits = Vec::new();
    for (index, (layer, int)) in prepared
        .layers
        .iter()
        .zip(&prepared.network.layers)
        .enumerate()
    {
        input = fit(input, int);
        let readouts = condition.layers.get(index).map_or(&[][..], Vec::as_slice);
        let key = NoiseKey {
            seed: condition.seed,
            layer: index as u64,
            block,
            repeat: condition.repeat,
            conversion: 0,
        };
        let sums = accumulate(layer, int, readouts, &input, key, index == 0);
        observe(Seen {
            layer: index,
            input: &input,
            sums: &sums,
        });
        let replaced = condition.re_estimated.get(index).and_then(Option::as_ref);
        let (scale, shift) = match replaced {
            Some(other) => (&other.scale, &other.shift),
            None => (&int.scale, &int.shift),
        };
        match int.layer.activation_bits {
            Some(bits) => input = pooled(activated(&sums, scale, shift, bits), int.layer.pool),
            None => logits = scaled(&sums, scale, shift),
        }
    }
    logits
}

/// The block with the shape and border the layer asks for: flattened where the layer is fully connected.
fn fit(input: Lanes<u8>, int: &IntLayer) -> Lanes<u8> {
    let geometry = &int.layer.geometry;
    if input.channels != geometry.input.channels {
        let tight = input.with_border(0);
        let mut flat = Lanes::zeros(geometry.input.channels, 1, 1, 0);
        flat.values.copy_from_slice(&tight.values);
        return flat;
    }
    if input.border == geometry.padding {
        input
    } else {
        input.with_border(geometry.padding)
    }
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
        sums.add(prepared, &readout.decode, |count| {
            match &readout.conversions {
                Conversions::Table(codes) => levels(&seen, prepared, codes, key, count),
                Conversions::Chip(chip) => analog(&seen, prepared, readout, chip, count),
            }
        });
    }
    sums.finish()
}

/// Levels of one virtual chip.
fn analog(
    input: &Lanes<u8>,
    prepared: &convert::Prepared,
    readout: &ConversionReadout,
    chip: &VirtualChip,
    levels: &mut Lanes<i32>,
) {
    let readout = ChipReadout {
        thresholds: &chip.thresholds,
        groups_per_tile: chip.groups_per_array,
        levels: &readout.decode.levels,
        highest: chip.highest.as_deref(),
    };
    let layer = AnalogLayer {
        weights: &chip.weights,
        geometry: &prepared.weights.geometry,
        active: prepared.weights.plan.active,
        readout,
    };
    reconv_analog(input, &layer, levels);
}

fn activated(sums: &Lanes<f32>, scale: &[f32], shift: &[f32], bits: u32) -> Lanes<u8> {
    let top = ((1u32 << bits) - 1) as u8;
    let mut codes = Lanes::zeros(sums.channels, sums.height, sums.width, 0);
    let stride = sums.channel_stride();
    for channel in 0..sums.channels {
        let plane = channel * stride..(channel + 1) * stride;
        let from = &sums.values[plane.clone()];
        let to = &mut codes.values[plane];
        activate(to, from, scale[channel], shift[channel], top);
    }
    codes
}

fn pooled(codes: Lanes<u8>, pool: Option<usize>) -> Lanes<u8> {
    let Some(edge) = pool else {
        return codes;
    };
    let mut small = Lanes::zeros(codes.channels, codes.height / edge, codes.width / edge, 0);
    max_pool(&mut small, &codes, edge);
    small
}

fn scaled(sums: &Lanes<f32>, scale: &[f32], shift: &[f32]) -> Vec<[f32; LANES]> {
    let class = |channel: usize| {
        let mut logits = [0.0; LANES];
        for (logit, &acc) in logits.iter_mut().zip(sums.pixel(channel, 0, 0)) {
            *logit = acc * scale[channel] + shift[channel];
        }
        logits
    };
    (0..sums.channels).map(class).collect()
}
