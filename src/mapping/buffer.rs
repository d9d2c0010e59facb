//! Whether the global buffer holds the activations between layers.
//!
//! It holds the input map and the output map (after pooling) of the layer that runs; between rounds the maps that later
//! rounds read, of all images of the batch. Not responsible for when they are read and written (`cycle`).

use super::error::MappingError;
use super::rounds::Placed;
use crate::net::network::{Layer, Network};

/// Bits of an image's byte.
const IMAGE_BITS: u64 = 8;
/// Bits of a sum without an activation behind it.
const SUM_BITS: u64 = 32;

/// Bits of the maps before, between and after the layers of one image, `layers + 1` of them.
fn map_bits(network: &Network) -> Vec<u64> {
    let output = |layer: &Layer| {
        let bits = layer.activation_bits.map_or(SUM_BITS, u64::from);
        layer.output().len() as u64 * bits
    };
    let image = network.input.len() as u64 * IMAGE_BITS;
    let outputs = network.layers.iter().map(output);
    std::iter::once(image).chain(outputs).collect()
}

/// Bits of the buffer when it is fullest.
///
/// # Errors
/// If the buffer is smaller than that.
pub fn check(
    network: &Network,
    rounds: &[Vec<Placed>],
    images: u32,
    kib: f64,
) -> Result<u64, MappingError> {
    let maps = map_bits(network);
    let mut fullest = (0, String::new(), String::new(), "");
    for (index, layer) in network.layers.iter().enumerate() {
        let bits = maps[index] + maps[index + 1];
        if bits > fullest.0 {
            let place = format!("layer {}", layer.name);
            let what = format!("input {} and output {} bits", maps[index], maps[index + 1]);
            fullest = (bits, place, what, " or use fewer activation bits");
        }
    }
    for (round, pair) in rounds.windows(2).enumerate() {
        let (Some(done), Some(next)) = (pair[0].last(), pair[1].first()) else {
            continue;
        };
        // A layer that goes on in the next round leaves its input and, in the end, all of its output.
        let one = match done.layer == next.layer {
            true => maps[next.layer] + maps[next.layer + 1],
            false => maps[next.layer],
        };
        let bits = one * u64::from(images);
        if bits > fullest.0 {
            let place = format!(
                "what is kept between rounds {} and {}",
                round + 1,
                round + 2
            );
            let what = format!("{one} bits of each of {images} images");
            fullest = (bits, place, what, ", or run fewer images at once");
        }
    }
    let (bits, place, what, advice) = fullest;
    if bits as f64 > kib * 8192.0 {
        return Err(MappingError::Buffer {
            kib,
            place,
            needed_kib: bits as f64 / 8192.0,
            what,
            advice,
        });
    }
    Ok(bits)
}
