//! Whether the global buffer holds the activations between layers, as far as that is known before the chip runs.
//!
//! Layer by layer it holds the input map and the output map (after pooling) of the layer that runs; between rounds the maps that
//! later rounds read, of all images of the batch. In a pipeline each of them is there whole at some time, but which are there
//! together only a run can say ([`super::maps`]). Not responsible for when they are read and written (`cycle`).

use super::error::MappingError;
use super::rounds::Placed;
use crate::hw::tiles::{Chip, Order};
use crate::net::network::{Inputs, Layer, Network};

/// Bits of a sum without an activation behind it.
const SUM_BITS: u64 = 32;

/// Bits of a value that a layer writes.
pub(super) fn value_bits(layer: &Layer) -> u64 {
    layer.activation_bits.map_or(SUM_BITS, u64::from)
}

/// Bits of the input map and of the output map of every layer, one image.
pub(super) fn map_bits(network: &Network) -> Vec<(u64, u64)> {
    let one = |(index, layer): (usize, &Layer)| {
        let input = match (&network.inputs, index.checked_sub(1)) {
            (Inputs::Recorded(_), _) => layer.geometry.input.len(),
            (Inputs::Images, None) => network.input.len(),
            (Inputs::Images, Some(before)) => network.layers[before].output().len(),
        };
        let output = layer.output().len() as u64 * value_bits(layer);
        (input as u64 * u64::from(network.input_bits(index)), output)
    };
    network.layers.iter().enumerate().map(one).collect()
}

/// Bits of the buffer when it is fullest; in a pipeline what it holds at least.
///
/// # Errors
/// If the buffer is smaller than that.
pub fn check(
    network: &Network,
    rounds: &[Vec<Placed>],
    images: u32,
    chip: &Chip,
) -> Result<u64, MappingError> {
    let kib = chip.buffers.global_kib;
    let together = |input: u64, output: u64| match chip.schedule.order {
        Order::LayerByLayer => input + output,
        Order::Pipelined => input.max(output),
    };
    let maps = map_bits(network);
    let mut fullest = (0, String::new(), String::new(), "");
    for (index, layer) in network.layers.iter().enumerate() {
        let (input, output) = maps[index];
        let bits = together(input, output);
        if bits > fullest.0 {
            let place = format!("layer {}", layer.name);
            let what = format!("input {input} and output {output} bits");
            fullest = (bits, place, what, " or use fewer activation bits");
        }
    }
    for (round, pair) in rounds.windows(2).enumerate() {
        let (Some(done), Some(next)) = (pair[0].last(), pair[1].first()) else {
            continue;
        };
        // A layer that goes on in the next round leaves its input and, in the end, all of its output.
        let (input, output) = maps[next.layer];
        let one = match (done.layer == next.layer, &network.inputs) {
            (true, _) => together(input, output),
            (false, Inputs::Images) => input,
            // Another recorded layer: nothing is kept for it.
            (false, Inputs::Recorded(_)) => 0,
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
