//! Mean and variance of every channel's sums in a deployed network: those that travel with it, or taken from images where it has none.
//!
//! ```text
//! mean = sum / n,   variance = sum of squares / n - mean squared      (n = images x pixels; biased, as batch norm's)
//! ```
//! Totals run in `f64` in a fixed order, so results do not depend on threads. Not responsible for what stands for a batch norm
//! (`train::redeem`).

use crate::convert::accumulate::exact_sums;
use crate::convert::digital::{forward, image_block};
use crate::convert::moments::{Moments, of_channel};
use crate::data::Split;
use crate::kernel::lanes::{LANES, Lanes};
use crate::net::network::{IntNetwork, SumStatistics};
use rayon::prelude::*;

/// Images that are looked at, evenly over the split: as many as leave the running statistics of a training behind.
const IMAGES: usize = 1024;

/// Per layer and channel.
type Totals = Vec<Vec<Moments>>;

/// One for every layer, in order.
pub fn statistics(network: &IntNetwork, split: &Split) -> Vec<SumStatistics> {
    let layers = network.layers.iter();
    let travelled = layers.map(|int| match int.layer.activation_bits {
        Some(_) => int.statistics.clone(),
        // Logits are not normalised.
        None => Some(SumStatistics::default()),
    });
    let travelled: Option<Vec<SumStatistics>> = travelled.collect();
    travelled.unwrap_or_else(|| taken(network, split))
}

fn taken(network: &IntNetwork, split: &Split) -> Vec<SumStatistics> {
    let size = network.network.input.len();
    let all = split.labels.len();
    let images = IMAGES.min(all);
    let mut pixels = Vec::with_capacity(images * size);
    for image in (0..images).map(|image| image * all / images) {
        pixels.extend_from_slice(&split.pixels[image * size..][..size]);
    }
    let block = |index: usize| {
        let used = LANES.min(images - index * LANES);
        let mut totals = Totals::new();
        let accumulate = |layer: usize, input: &Lanes<u8>| {
            let int = &network.layers[layer];
            let bytes = network.network.sees_bytes(layer);
            let sums = exact_sums(input, &int.layer.geometry, &int.codes, bytes);
            totals.push(
                (0..sums.channels)
                    .map(|c| of_channel(&sums, c, used))
                    .collect(),
            );
            sums
        };
        let images = image_block(&pixels, network.network.input, index);
        forward(network, images, accumulate, |_| None);
        totals
    };
    let blocks: Vec<Totals> = (0..images.div_ceil(LANES))
        .into_par_iter()
        .map(block)
        .collect();
    let layers = network.layers.iter().enumerate();
    let of_layer = layers.map(|(index, int)| {
        let channel = |channel: usize| {
            let parts = blocks.iter().map(|totals| totals[index][channel]);
            let (sum, squares, count) = parts.fold((0.0, 0.0, 0.0), |all: Moments, part| {
                (all.0 + part.0, all.1 + part.1, all.2 + part.2)
            });
            let count = count.max(1.0);
            let mean = sum / count;
            (mean as f32, (squares / count - mean * mean).max(0.0) as f32)
        };
        let (mean, variance) = (0..int.layer.geometry.outputs).map(channel).unzip();
        SumStatistics { mean, variance }
    });
    of_layer.collect()
}
