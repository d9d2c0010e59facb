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
    drive::{Arithmetic, Chunk, ChunkKernel, Drive},
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

/// [`reconv`] of some outputs; the others keep what `sums` holds.
///
/// # Panics
/// As [`reconv`], or if there is no such output.
pub fn reconv_of(
    input: &Lanes<u8>,
    weights: &PreparedWeights,
    table: &LevelTable,
    outputs: &[usize],
    sums: &mut Lanes<i32>,
) {
    check(weights, table.s_min, table.levels.len(), sums);
    some(input, weights, WideReadout::Fixed(table), outputs, sums);
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

/// [`reconv_random`] of some outputs, which draw as they do among all of them; the others keep what `sums` holds.
///
/// # Panics
/// As [`reconv`], or if there is no such output.
pub fn reconv_random_of(
    input: &Lanes<u8>,
    weights: &PreparedWeights,
    (table, key): (&RandomTable, NoiseKey),
    outputs: &[usize],
    sums: &mut Lanes<i32>,
) {
    check(weights, table.s_min, table.base.len(), sums);
    let stream = NoiseStream::new(key);
    let readout = WideReadout::Random(table, &stream);
    some(input, weights, readout, outputs, sums);
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

/// The outputs listed, in one unit of work.
fn some(
    input: &Lanes<u8>,
    weights: &PreparedWeights,
    readout: WideReadout,
    outputs: &[usize],
    sums: &mut Lanes<i32>,
) {
    let all = weights.geometry.outputs;
    assert!(outputs.iter().all(|&output| output < all), "outputs exist");
    if weights.backend() == Backend::Scalar {
        return scalar(input, weights, readout, outputs, sums);
    }
    let taps = weights.taps(input);
    let (stride, places) = (sums.channel_stride(), places(&taps, sums));
    let result = (&mut sums.values[..], stride, &places[..]);
    unit(input, &taps, weights, readout, (outputs, 0), result);
}

/// All outputs, divided into `parts` units of work.
fn dispatch(
    input: &Lanes<u8>,
    weights: &PreparedWeights,
    readout: WideReadout,
    parts: usize,
    sums: &mut Lanes<i32>,
) {
    let all: Vec<usize> = (0..weights.geometry.outputs).collect();
    if weights.backend() == Backend::Scalar {
        return scalar(input, weights, readout, &all, sums);
    }
    let taps = weights.taps(input);
    let (stride, places) = (sums.channel_stride(), places(&taps, sums));
    let share = all.len().div_ceil(parts.max(1)).max(1);
    let work = |(outputs, sums): (&[usize], &mut [i32])| {
        let first = outputs[0];
        let result = (sums, stride, &places[..]);
        unit(input, &taps, weights, readout, (outputs, first), result);
    };
    let shares = sums.values.chunks_mut((share * stride).max(LANES));
    let shares = all.chunks(share).zip(shares);
    if parts <= 1 {
        shares.for_each(work);
    } else {
        shares.collect::<Vec<_>>().into_par_iter().for_each(work);
    }
}

fn scalar(
    input: &Lanes<u8>,
    weights: &PreparedWeights,
    readout: WideReadout,
    outputs: &[usize],
    sums: &mut Lanes<i32>,
) {
    match readout {
        WideReadout::Fixed(table) => reference::reconv(input, weights, table, outputs, sums),
        WideReadout::Random(table, stream) => {
            reference::reconv_random(input, weights, (table, stream), outputs, sums)
        }
    }
}

/// Offsets of the output pixels within a channel.
fn places(taps: &Taps, sums: &Lanes<i32>) -> Vec<usize> {
    (0..taps.pixels.len())
        .map(|pixel| sums.at(0, pixel / sums.width, pixel % sums.width))
        .collect()
}

/// One unit of work: these outputs, of which `sums` begins with number `first`.
fn unit(
    input: &Lanes<u8>,
    taps: &Taps,
    weights: &PreparedWeights,
    readout: WideReadout,
    outputs: (&[usize], usize),
    (sums, stride, places): (&mut [i32], usize, &[usize]),
) {
    #[cfg(target_arch = "x86_64")]
    if run_tiled(
        input,
        taps,
        weights,
        readout,
        outputs,
        (&mut *sums, stride, places),
    ) {
        return;
    }
    wide::run(
        (input, taps),
        weights,
        readout,
        outputs,
        (sums, stride, places),
    );
}

/// Runs the byte kernel if layer and read-out fit it.
#[cfg(target_arch = "x86_64")]
fn run_tiled(
    input: &Lanes<u8>,
    taps: &Taps,
    weights: &PreparedWeights,
    readout: WideReadout,
    outputs: (&[usize], usize),
    (sums, stride, places): (&mut [i32], usize, &[usize]),
) -> bool {
    let Some(lookup) = &weights.lookup else {
        return false;
    };
    let (bytes, stream) = match readout {
        WideReadout::Fixed(table) => (ByteReadout::fixed(table, weights), None),
        WideReadout::Random(table, stream) => (ByteReadout::random(table, weights), Some(stream)),
    };
    let arithmetic = &Arithmetic {
        readout: &bytes,
        stream,
    };
    let large = |chunk: &Chunk, spill: &mut [u16]| avx512::chunk(arithmetic, chunk, spill);
    let shuffles = match weights.backend() {
        Backend::Avx2 => avx2::Shuffles::new(arithmetic),
        _ => None,
    };
    let small = shuffles
        .as_ref()
        .map(|shuffles| |chunk: &Chunk, spill: &mut [u16]| shuffles.run(chunk, spill));
    let (vector, kernel): (usize, &ChunkKernel) = match (weights.backend(), &small) {
        (Backend::Avx512, _) => (avx512::VECTOR, &large),
        (_, Some(small)) => (LANES, small),
        (_, None) => return false,
    };
    let drive = Drive {
        input,
        taps,
        plan: weights.plan,
        lookup,
        max_level: bytes.max_level,
        vector,
        kernel,
    };
    drive.run(outputs, sums, stride, places);
    true
}
