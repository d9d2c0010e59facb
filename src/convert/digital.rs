//! The digital side between the macros, and a whole deployed network given the sums of its layers.
//!
//! ```text
//! x = acc * scale + shift;  code = activation_code(x);  max pooling on codes
//! ```
//! Not responsible for how a layer's sums come about: the caller accumulates them.

use crate::kernel::elementwise::{activate, max_pool};
use crate::kernel::lanes::{LANES, Lanes};
use crate::net::network::{Inputs, IntLayer, IntNetwork, Shape};

/// Scale and shift per channel.
pub type Constants<'a> = (&'a [f32], &'a [f32]);

/// Logits `[class][lane]` of one block of images (bytes, any border).
///
/// `accumulate(layer, input codes)` gives the sums of a layer; `constants(layer)` replaces its scale and shift. Recorded layers
/// see their own inputs, and there are no logits.
pub fn forward<'a>(
    network: &'a IntNetwork,
    images: Lanes<u8>,
    mut accumulate: impl FnMut(usize, &Lanes<u8>) -> Lanes<f32>,
    constants: impl Fn(usize) -> Option<Constants<'a>>,
) -> Vec<[f32; LANES]> {
    if let Inputs::Recorded(_) = network.network.inputs {
        side_by_side(network, &images, accumulate);
        return Vec::new();
    }
    let Some(int) = network.layers.first() else {
        return Vec::new();
    };
    let sums = accumulate(0, &fit(images, int));
    go_on(network, (0, sums), accumulate, constants)
}

/// Logits from the sums of one layer on, as [`forward`] gives them.
pub fn go_on<'a>(
    network: &'a IntNetwork,
    (first, mut sums): (usize, Lanes<f32>),
    mut accumulate: impl FnMut(usize, &Lanes<u8>) -> Lanes<f32>,
    constants: impl Fn(usize) -> Option<Constants<'a>>,
) -> Vec<[f32; LANES]> {
    let mut logits = Vec::new();
    for (index, int) in network.layers.iter().enumerate().skip(first) {
        let (scale, shift) = constants(index).unwrap_or((&int.scale, &int.shift));
        match (
            codes(&sums, int, (scale, shift)),
            network.layers.get(index + 1),
        ) {
            (Some(codes), Some(next)) => sums = accumulate(index + 1, &fit(codes, next)),
            (Some(_), None) => (),
            (None, _) => logits = scaled(&sums, scale, shift),
        }
    }
    logits
}

/// Shows every recorded layer its part of the inputs.
fn side_by_side(
    network: &IntNetwork,
    inputs: &Lanes<u8>,
    mut accumulate: impl FnMut(usize, &Lanes<u8>) -> Lanes<f32>,
) {
    let mut start = 0;
    for (index, int) in network.layers.iter().enumerate() {
        let shape = int.layer.geometry.input;
        let mut own = Lanes::zeros(shape.channels, shape.height, shape.width, 0);
        let end = start + own.values.len();
        own.values.copy_from_slice(&inputs.values[start..end]);
        start = end;
        accumulate(index, &fit(own, int));
    }
}

/// Up to 32 images `[image][channel][y][x]` from image `32 index` on as a block; lanes beyond the last image are black.
pub fn image_block(pixels: &[u8], shape: Shape, index: usize) -> Lanes<u8> {
    let size = shape.len();
    let mut block = Lanes::zeros(shape.channels, shape.height, shape.width, 0);
    let images = pixels.chunks_exact(size).skip(index * LANES).take(LANES);
    for (lane, image) in images.enumerate() {
        for (pixel, &byte) in image.iter().enumerate() {
            block.values[pixel * LANES + lane] = byte;
        }
    }
    block
}

/// The class with the largest logit, the lowest on a tie.
pub fn winner(logits: &[[f32; LANES]], lane: usize) -> usize {
    let mut best = 0;
    for class in 1..logits.len() {
        if logits[class][lane] > logits[best][lane] {
            best = class;
        }
    }
    best
}

/// Codes that a layer hands on; `None` where its sums are logits.
pub fn codes(sums: &Lanes<f32>, int: &IntLayer, (scale, shift): Constants) -> Option<Lanes<u8>> {
    let bits = int.layer.activation_bits?;
    Some(pooled(activated(sums, scale, shift, bits), int.layer.pool))
}

/// The block with the shape and border the layer asks for: flattened where the layer is fully connected.
pub fn fit(input: Lanes<u8>, int: &IntLayer) -> Lanes<u8> {
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
