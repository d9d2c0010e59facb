//! Grouped in-memory convolution: sum over groups of the read-out level of the group sum, fused, for 32 images.
//!
//! Nothing of size groups x outputs x pixels is stored. Not responsible for what levels are worth
//! (`hw::readout::table::Decode`), nor for parallelism over blocks, which is the caller's; the `_split` forms divide the
//! outputs of one block over the threads of the current pool, with identical results.

use super::groups::{Backend, PreparedWeights, Taps};
use super::lanes::{LANES, Lanes};
use super::reference;
use super::stream::{NoiseKey, NoiseStream};
use super::tables::{LevelTable, RandomTable};
#[cfg(target_arch = "x86_64")]
use super::tiled::{
    avx2, avx512,
    drive::{Arithmetic, Chunk, Drive},
    readout::ByteReadout,
};
use super::wide::{self, WideReadout};
use rayon::prelude::*;

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
    dispatch(input, weights, WideReadout::Fixed(table), 1, sums);
}

/// [`reconv`] with the outputs divided over the threads of the current pool.
///
/// # Panics
/// As [`reconv`].
pub fn reconv_split(
    input: &Lanes<u8>,
    weights: &PreparedWeights,
    table: &LevelTable,
    sums: &mut Lanes<i32>,
) {
    check(weights, table.s_min, table.levels.len(), sums);
    let parts = rayon::current_num_threads();
    dispatch(input, weights, WideReadout::Fixed(table), parts, sums);
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
    dispatch(input, weights, WideReadout::Random(table, &stream), 1, sums);
}

/// [`reconv_random`] with the outputs divided over the threads of the current pool.
///
/// # Panics
/// As [`reconv`].
pub fn reconv_random_split(
    input: &Lanes<u8>,
    weights: &PreparedWeights,
    table: &RandomTable,
    key: NoiseKey,
    sums: &mut Lanes<i32>,
) {
    check(weights, table.s_min, table.base.len(), sums);
    let stream = NoiseStream::new(key);
    let parts = rayon::current_num_threads();
    dispatch(
        input,
        weights,
        WideReadout::Random(table, &stream),
        parts,
        sums,
    );
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

fn dispatch(
    input: &Lanes<u8>,
    weights: &PreparedWeights,
    readout: WideReadout,
    parts: usize,
    sums: &mut Lanes<i32>,
) {
    if weights.backend() == Backend::Scalar {
        return match readout {
            WideReadout::Fixed(table) => reference::reconv(input, weights, table, sums),
            WideReadout::Random(table, stream) => {
                reference::reconv_random(input, weights, table, stream, sums)
            }
        };
    }
    let taps = Taps::new(&weights.geometry, input);
    let stride = sums.channel_stride();
    let places: Vec<usize> = (0..taps.pixels.len())
        .map(|pixel| sums.at(0, pixel / sums.width, pixel % sums.width))
        .collect();
    let share = weights.geometry.outputs.div_ceil(parts.max(1)).max(1);
    let work = |(part, sums): (usize, &mut [i32])| {
        let outputs = part * share..part * share + sums.len() / stride;
        #[cfg(target_arch = "x86_64")]
        if run_tiled(
            input,
            &taps,
            weights,
            readout,
            outputs.clone(),
            (&mut *sums, stride, &places),
        ) {
            return;
        }
        wide::run(
            (input, &taps),
            weights,
            readout,
            outputs,
            (sums, stride, &places),
        );
    };
    let shares = sums.values.chunks_mut((share * stride).max(LANES));
    if parts <= 1 {
        shares.enumerate().for_each(work);
    } else {
        shares
            .enumerate()
            .collect::<Vec<_>>()
            .into_par_iter()
            .for_each(work);
    }
}

/// Runs the byte kernel if layer and read-out fit it.
#[cfg(target_arch = "x86_64")]
fn run_tiled(
    input: &Lanes<u8>,
    taps: &Taps,
    weights: &PreparedWeights,
    readout: WideReadout,
    outputs: std::ops::Range<usize>,
    (sums, stride, places): (&mut [i32], usize, &[usize]),
) -> bool {
    let Some(lookup) = &weights.lookup else {
        return false;
    };
    let (bytes, stream) = match readout {
        WideReadout::Fixed(table) => (ByteReadout::fixed(table, weights), None),
        WideReadout::Random(table, stream) => (ByteReadout::random(table, weights), Some(stream)),
    };
    let arithmetic = Arithmetic {
        readout: &bytes,
        stream,
    };
    let small = |chunk: &Chunk, spill: &mut [u16]| avx2::chunk(&arithmetic, chunk, spill);
    let large = |chunk: &Chunk, spill: &mut [u16]| avx512::chunk(&arithmetic, chunk, spill);
    let mut drive = Drive {
        input,
        taps,
        plan: weights.plan,
        lookup,
        max_level: bytes.max_level,
        vector: LANES,
        kernel: &small,
    };
    match weights.backend() {
        Backend::Avx512 => {
            drive.vector = avx512::VECTOR;
            drive.kernel = &large;
        }
        _ if bytes.entries > avx2::MAX_SUMS => return false,
        _ => {}
    }
    drive.run(outputs, sums, stride, places);
    true
}
