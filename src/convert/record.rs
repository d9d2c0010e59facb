//! Input codes of chosen layers of a network with ideal MVM values: what a recording keeps of it.
//!
//! Not responsible for files (`net::recorded`) nor for which images.

use super::accumulate::exact_sums;
use super::digital::{forward, image_block};
use crate::kernel::lanes::{LANES, Lanes};
use crate::net::network::IntNetwork;

/// Input codes `[image][channel][y][x]` of each of `layers` (their numbers in the network) for images given as bytes
/// `[image][channel][y][x]`; every layer before computes exact sums.
pub fn inputs(network: &IntNetwork, pixels: &[u8], layers: &[usize]) -> Vec<Vec<u8>> {
    let shape = network.network.input;
    let images = pixels.len() / shape.len().max(1);
    let mut found = vec![Vec::new(); layers.len()];
    for block in 0..images.div_ceil(LANES) {
        let used = LANES.min(images - block * LANES);
        let accumulate = |index: usize, input: &Lanes<u8>| {
            if let Some(at) = layers.iter().position(|&layer| layer == index) {
                keep(input, used, &mut found[at]);
            }
            let (int, first) = (&network.layers[index], network.network.sees_bytes(index));
            exact_sums(input, &int.layer.geometry, &int.codes, first)
        };
        forward(
            network,
            image_block(pixels, shape, block),
            accumulate,
            |_| None,
        );
    }
    found
}

/// Appends the first `used` images of a block without its border.
fn keep(input: &Lanes<u8>, used: usize, codes: &mut Vec<u8>) {
    for lane in 0..used {
        for channel in 0..input.channels {
            for y in 0..input.height {
                codes.extend((0..input.width).map(|x| input.pixel(channel, y, x)[lane]));
            }
        }
    }
}
