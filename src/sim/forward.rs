//! One block of 32 images through the network on the macro, and the digital side between the macros.
//!
//! ```text
//! acc = sum over conversions of factor * decode(sum of levels)     (exact integer sum if the layer has no read-out)
//! x   = acc * scale + shift;  code = activation_code(x);  max pooling on codes
//! ```
//! Not responsible for the fused loops (`kernel`) nor for which images (`accuracy`).

use super::condition::{Condition, ConversionReadout, Conversions};
use super::prepare::{Prepared, PreparedConversion, PreparedLayer};
use crate::kernel::analog::{AnalogLayer, ChipReadout, reconv_analog};
use crate::kernel::elementwise::{activate, add_decoded, max_pool, to_float};
use crate::kernel::exact::exact;
use crate::kernel::lanes::{LANES, Lanes};
use crate::kernel::reconv::{reconv, reconv_random};
use crate::kernel::stream::NoiseKey;
use crate::net::network::{IntLayer, PIXEL_ZERO};
use std::borrow::Cow;

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
    let map = int.layer.geometry.output();
    let mut levels = Lanes::<i32>::zeros(map.channels, map.height, map.width, 0);
    let mut sums = Lanes::<f32>::zeros(map.channels, map.height, map.width, 0);
    if readouts.is_empty() {
        let zero = if first { PIXEL_ZERO as u8 } else { 0 };
        exact(input, &int.layer.geometry, &int.codes, zero, &mut levels);
        to_float(&mut sums.values, &levels.values);
        return sums;
    }
    for (c, (conversion, readout)) in layer.conversions.iter().zip(readouts).enumerate() {
        let key = NoiseKey {
            conversion: c as u64,
            ..key
        };
        convert(layer, conversion, readout, input, key, &mut levels);
        let factor = conversion.conversion.factor as f32;
        add_decoded(
            &mut sums.values,
            &levels.values,
            &readout.decode,
            layer.groups,
            factor,
        );
    }
    sums
}

fn convert(
    layer: &PreparedLayer,
    conversion: &PreparedConversion,
    readout: &ConversionReadout,
    input: &Lanes<u8>,
    key: NoiseKey,
    levels: &mut Lanes<i32>,
) {
    let cut = plane(input, conversion, layer.input_bits);
    let input = cut.as_ref();
    let weights = &conversion.weights;
    match &readout.conversions {
        Conversions::NoiseFree(table) => reconv(input, weights, table, levels),
        Conversions::Random(table) => reconv_random(input, weights, table, key, levels),
        Conversions::Chip(chip) => {
            let readout = ChipReadout {
                thresholds: &chip.thresholds,
                groups_per_tile: chip.groups_per_array,
                levels: &readout.decode.levels,
                highest: chip.highest.as_deref(),
            };
            let layer = AnalogLayer {
                weights: &chip.weights,
                geometry: &weights.geometry,
                active: weights.plan.active,
                readout,
            };
            reconv_analog(input, &layer, levels);
        }
    }
}

/// What a conversion sees of the input codes; borrowed where that is all of them.
pub fn plane<'a>(
    input: &'a Lanes<u8>,
    conversion: &PreparedConversion,
    input_bits: u32,
) -> Cow<'a, Lanes<u8>> {
    let plane = &conversion.conversion.input;
    if plane.shift == 0 && u32::from(plane.mask) >= (1 << input_bits) - 1 {
        return Cow::Borrowed(input);
    }
    let mut cut = input.clone();
    cut.values
        .iter_mut()
        .for_each(|code| *code = plane.apply(*code));
    Cow::Owned(cut)
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
