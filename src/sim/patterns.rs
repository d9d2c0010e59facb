//! Patterns that the layers of a network show their row groups: a keyed sample from calibration images, and the read margins
//! under it.
//!
//! The network runs with ideal MVM values; of every layer on the macro, groups at random places (output, pixel, image) are
//! looked at through the layer's first conversion. Places are keyed by layer and block of images, so the sample does not
//! depend on threads. Not responsible for margins (`margin`).

use super::accuracy::Images;
use super::condition::Condition;
use super::error::SimError;
use super::forward::{Seen, forward};
use super::prepare::Prepared;
use crate::hw::readout::columns::ColumnReadouts;
use crate::kernel::lanes::LANES;
use crate::margin::{MarginOptions, Pattern, RowCount, layer_margin};
use crate::results::layer::LayerResult;
use crate::rng::{Purpose, keyed};
use rand::{Rng, RngExt};
use rayon::prelude::*;

/// Patterns of every layer; none for a digital one.
pub type Patterns = Vec<Vec<Pattern>>;

/// Samples about `per_layer` patterns of every layer on the macro, equally many from every block of images.
///
/// # Errors
/// If the images do not fit the network.
pub fn sample_patterns(
    prepared: &Prepared,
    images: Images,
    per_layer: usize,
    seed: u64,
) -> Result<Patterns, SimError> {
    images.check(prepared)?;
    let quota = per_layer.div_ceil(images.blocks().max(1));
    let block = |index: usize| {
        let used = LANES.min(images.labels.len() - index * LANES);
        let mut found: Patterns = vec![Vec::new(); prepared.layers.len()];
        forward(
            prepared,
            &Condition::ideal(),
            images.block(index),
            index as u64,
            &mut |seen: Seen| {
                let place = [seen.layer as u64, index as u64];
                let mut rng = keyed(seed, Purpose::Pattern, &place);
                found[seen.layer] = of_layer(prepared, &seen, (quota, used), &mut rng);
            },
        );
        found
    };
    let blocks: Vec<Patterns> = (0..images.blocks()).into_par_iter().map(block).collect();
    let mut all: Patterns = vec![Vec::new(); prepared.layers.len()];
    for (into, from) in blocks.into_iter().flat_map(|b| b.into_iter().enumerate()) {
        all[into].extend(from);
    }
    all.iter_mut().for_each(|layer| layer.truncate(per_layer));
    Ok(all)
}

fn of_layer(
    prepared: &Prepared,
    seen: &Seen,
    (quota, used): (usize, usize),
    rng: &mut impl Rng,
) -> Vec<Pattern> {
    let Some(first) = prepared.layers[seen.layer].conversions.first() else {
        return Vec::new();
    };
    let (geometry, plan) = (&first.weights.geometry, &first.weights.plan);
    let codes = plan.on_word_lines(&prepared.network.layers[seen.layer].codes);
    let taps = first.weights.taps(seen.input);
    let one = |_| {
        let output = rng.random_range(0..geometry.outputs);
        let corner = taps.pixels[rng.random_range(0..taps.pixels.len())];
        let rows = plan.range(rng.random_range(0..plan.groups()));
        let lane = rng.random_range(0..used);
        let row = |row: usize| {
            let code = seen.input.values[corner + taps.rows[row] + lane];
            let input = first.conversion.input.apply(code);
            (input, codes[output * geometry.rows() + row])
        };
        counted(rows.map(row))
    };
    (0..quota).map(one).collect()
}

/// Driven rows by state, in ascending order.
fn counted(rows: impl Iterator<Item = (u8, i8)>) -> Pattern {
    let mut driven: Vec<(u8, i8)> = rows.filter(|(input, _)| *input > 0).collect();
    driven.sort_unstable();
    let states = driven.chunk_by(|a, b| a == b).map(|same| RowCount {
        input: same[0].0,
        weight: same[0].1,
        rows: same.len() as u16,
    });
    Pattern {
        states: states.collect(),
    }
}

/// Fills in the margin of every layer on the macro: that of the references which most of its columns have.
pub fn fill_margins(
    prepared: &Prepared,
    readouts: &[Vec<ColumnReadouts>],
    patterns: &[Vec<Pattern>],
    results: &mut [LayerResult],
    options: &MarginOptions,
) {
    for (index, result) in results.iter_mut().enumerate() {
        let layer = &prepared.layers[index];
        let (Some(first), Some(readouts)) = (layer.conversions.first(), readouts[index].first())
        else {
            continue;
        };
        let bits = (layer.weight_bits, layer.input_bits);
        result.margin = Some(layer_margin(
            prepared.hardware,
            readouts.most_common(),
            &first.conversion,
            &result.name,
            (&patterns[index], bits),
            options,
        ));
    }
}
