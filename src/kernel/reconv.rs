//! Grouped in-memory convolution: sum over groups of the read-out level of the group sum, fused, for 32 images.
//!
//! Nothing of size groups x outputs x pixels is stored. Not responsible for what levels are worth (`hw::readout::table::Decode`).

use super::groups::{Backend, PreparedWeights};
use super::lanes::Lanes;
use super::reference;
use super::stream::{NoiseKey, NoiseStream};
use super::tables::{LevelTable, RandomTable};

/// Noise-free levels: `sums[output][y][x][lane] = sum over groups of table.level(group sum)`; `sums` is overwritten.
///
/// # Panics
/// If shapes disagree, the border is narrower than the padding, or the table misses a possible sum.
pub fn reconv(
    input: &Lanes<u8>,
    weights: &PreparedWeights,
    table: &LevelTable,
    sums: &mut Lanes<i32>,
) {
    check(weights, table.s_min, table.levels.len(), sums);
    match weights.backend {
        Backend::Scalar | Backend::Portable | Backend::Avx2 | Backend::Avx512 => {
            reference::reconv(input, weights, table, sums)
        }
    }
}

/// A random level per partial sum, drawn from the rounded law of `table` with the bytes of
/// [`NoiseStream`] at (output, `y * width + x`, group, draw, lane); `sums` is overwritten.
///
/// # Panics
/// As [`reconv`].
pub fn reconv_random(
    input: &Lanes<u8>,
    weights: &PreparedWeights,
    table: &RandomTable,
    key: NoiseKey,
    sums: &mut Lanes<i32>,
) {
    check(weights, table.s_min, table.base.len(), sums);
    let stream = NoiseStream::new(key);
    match weights.backend {
        Backend::Scalar | Backend::Portable | Backend::Avx2 | Backend::Avx512 => {
            reference::reconv_random(input, weights, table, &stream, sums)
        }
    }
}

fn check(weights: &PreparedWeights, s_min: i32, entries: usize, sums: &Lanes<i32>) {
    let map = weights.geometry.output();
    assert!(
        (sums.channels, sums.height, sums.width) == (map.channels, map.height, map.width),
        "the sums have the shape of the layer's output"
    );
    assert!(
        s_min <= weights.sum_min && weights.sum_max < s_min + entries as i32,
        "the read-out table covers every possible group sum"
    );
}
