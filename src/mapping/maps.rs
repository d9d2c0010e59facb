//! What the global buffer keeps while a round of layers runs: bits of each map, what is there before, what stays for later.
//!
//! Maps of recorded layers are kept for nobody but the next part of the same layer. Not responsible for when they come and go
//! (`cycle::occupancy`).

use super::buffer::{map_bits, value_bits};
use super::error::MappingError;
use super::plan::{Part, Round};
use crate::cycle::occupancy::{Map, Peak};
use crate::net::network::{Inputs, Network};

/// Maps of round `number`: what its first layer reads, then what each of its layers writes.
pub fn maps(network: &Network, rounds: &[Round], number: usize) -> Vec<Map> {
    let parts = |number: usize| rounds.get(number).map(|round| &round.parts[..]);
    let own = parts(number).unwrap_or_default();
    let (Some(first), Some(last)) = (own.first(), own.last()) else {
        return Vec::new();
    };
    let before = number
        .checked_sub(1)
        .and_then(parts)
        .and_then(<[Part]>::last);
    let after = parts(number + 1).and_then(<[Part]>::first);
    // A layer larger than the chip goes on from round to round.
    let went_on = before.is_some_and(|before| before.layer == first.layer);
    let goes_on = after.is_some_and(|after| after.layer == last.layer);
    let others_read = network.inputs == Inputs::Images;
    let input = map_bits(network)[first.layer].0;
    let mut maps = vec![match before {
        Some(_) if went_on || others_read => Map {
            before: input,
            ..Map::default()
        },
        _ => Map {
            at_once: input,
            ..Map::default()
        },
    }];
    maps.extend(own.iter().map(|part| written(network, part)));
    if went_on {
        maps[1].before = written_before(network, first);
    }
    let count = maps.len();
    maps[count - 1].stays = goes_on || after.is_some() && others_read;
    maps[count - 2].stays = goes_on;
    maps
}

fn written(network: &Network, part: &Part) -> Map {
    let layer = &network.layers[part.layer];
    let bits = value_bits(layer);
    let pixel_bits = match &part.mapping {
        None => vec![layer.geometry.outputs as u64 * bits],
        Some(mapping) => {
            let tiles = part.column_tiles.clone();
            tiles
                .map(|tile| mapping.tile_outputs(tile).len() as u64 * bits)
                .collect()
        }
    };
    Map {
        pixel_bits,
        pool: layer.pool.unwrap_or(1) as u32,
        ..Map::default()
    }
}

/// Bits of an image that earlier rounds have written of this layer.
fn written_before(network: &Network, part: &Part) -> u64 {
    let layer = &network.layers[part.layer];
    let map = layer.output();
    let outputs = part.mapping.as_ref().map_or(0, |mapping| {
        mapping.tile_outputs(part.column_tiles.start).start
    });
    (outputs * map.height * map.width) as u64 * value_bits(layer)
}

/// Holds the fullest moment of a round, which begins at cycle `offset`, against the buffer.
///
/// # Errors
/// If the buffer is smaller.
pub fn check_peak(kib: f64, round: &Round, peak: &Peak, offset: u64) -> Result<(), MappingError> {
    let needed_kib = peak.bits as f64 / 8192.0;
    if needed_kib <= kib {
        return Ok(());
    }
    let named = |map: usize| match map.checked_sub(1).and_then(|layer| round.parts.get(layer)) {
        Some(part) => format!("output of {}", part.name),
        None => "input".to_string(),
    };
    let mut filled: Vec<(usize, u64)> = peak.maps.iter().copied().enumerate().collect();
    filled.retain(|&(_, bits)| bits > 0);
    filled.sort_by_key(|&(map, bits)| (std::cmp::Reverse(bits), map));
    let filled: Vec<String> = filled
        .iter()
        .map(|&(map, bits)| format!("{} {bits} bits", named(map)))
        .collect();
    let images = round.plan.images;
    Err(MappingError::Buffer {
        kib,
        place: format!(
            "what layers in a pipeline keep at cycle {}",
            offset + peak.cycle
        ),
        needed_kib,
        what: format!("{}; images: {images}", filled.join(", ")),
        advice: match images {
            1 => " or use chip.schedule.order = layer_by_layer",
            _ => ", run fewer images at once, or use chip.schedule.order = layer_by_layer",
        },
    })
}
