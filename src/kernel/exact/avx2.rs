//! The tile of the plain convolution for AVX2: a multiply-add of pairs and an addition for 8 lanes.
//!
//! Not responsible for tiling or for choosing the instruction set (`super`).

use super::Work;
use crate::kernel::lanes::LANES;
use std::arch::x86_64::*;

/// Registers of one pixel's lanes.
const PARTS: usize = 4;
/// Outputs and pixels whose sums stay in registers.
const OUTPUTS: usize = 2;
const PIXELS: usize = 1;

/// Adds the tile's products to the sums of `0..outputs`.
///
/// # Safety
/// The processor has the instruction set, and the checks of `Work::run` passed.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn run(work: &Work, outputs: usize, sums: &mut [i32]) {
    for output in (0..outputs).step_by(OUTPUTS) {
        for pixel in (0..work.places.len()).step_by(PIXELS) {
            let rows = output..(output + OUTPUTS).min(outputs);
            let full = (rows.len() == OUTPUTS, pixel + PIXELS <= work.places.len());
            // SAFETY: outputs and pixels of the block exist.
            unsafe {
                match full {
                    (true, true) => block::<OUTPUTS, PIXELS>(work, output, pixel, sums),
                    (true, false) => block::<OUTPUTS, 1>(work, output, pixel, sums),
                    (false, true) => rows.for_each(|o| block::<1, PIXELS>(work, o, pixel, sums)),
                    (false, false) => rows.for_each(|o| block::<1, 1>(work, o, pixel, sums)),
                }
            }
        }
    }
}

/// # Safety
/// As [`run`]; `output + OUT` outputs and `pixel + PIX` pixels exist.
#[target_feature(enable = "avx2")]
unsafe fn block<const OUT: usize, const PIX: usize>(
    work: &Work,
    output: usize,
    pixel: usize,
    sums: &mut [i32],
) {
    let pixels = work.places.len();
    let mut total = [[[_mm256_setzero_si256(); PARTS]; PIX]; OUT];
    // SAFETY: the offsets below lie inside the buffers whose sizes `Work::run` checked.
    unsafe {
        let weights = work
            .weights
            .as_ptr()
            .add(output * work.all + work.pairs.start);
        for pair in 0..work.pairs.len() {
            let tile = work.tile.as_ptr().add((pair * pixels + pixel) * 2 * LANES);
            let mut codes = [[_mm256_setzero_si256(); PARTS]; PIX];
            for (at, codes) in codes.as_flattened_mut().iter_mut().enumerate() {
                *codes = _mm256_loadu_si256(tile.add(at * 2 * LANES / PARTS).cast());
            }
            for (row, total) in total.iter_mut().enumerate() {
                let w = _mm256_set1_epi32(*weights.add(row * work.all + pair));
                for (total, &codes) in total
                    .as_flattened_mut()
                    .iter_mut()
                    .zip(codes.as_flattened())
                {
                    *total = _mm256_add_epi32(*total, _mm256_madd_epi16(codes, w));
                }
            }
        }
        for (row, total) in total.iter().enumerate() {
            for (at, total) in total.iter().enumerate() {
                let place = (output + row) * work.stride + work.places[pixel + at];
                for (part, &total) in total.iter().enumerate() {
                    let at = sums.as_mut_ptr().add(place + part * LANES / PARTS).cast();
                    _mm256_storeu_si256(at, _mm256_add_epi32(_mm256_loadu_si256(at), total));
                }
            }
        }
    }
}
