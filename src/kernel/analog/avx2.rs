//! A tile of a virtual chip for AVX2: 8 lanes, 15 thresholds bisected by permutations.
//!
//! Not responsible for tiling or for choosing the instruction set (`work`).

use super::search::Search;
use super::work::Work;
use crate::kernel::lanes::LANES;
use std::arch::x86_64::*;

/// Registers of one pixel's lanes.
const PARTS: usize = 4;
/// Pixels whose sums stay in registers.
const PIXELS: usize = 1;

/// Adds the chunk's levels to the sums of `0..outputs`.
///
/// # Safety
/// The processor has the instruction set, and `Work::check` passed.
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn run(work: &Work, outputs: usize, sums: &mut [i32]) {
    // SAFETY: as this function's own conditions.
    unsafe {
        match work.search.depth {
            4 => all::<4>(work, outputs, sums),
            _ => all::<0>(work, outputs, sums),
        }
    }
}

/// # Safety
/// As [`run`]; `DEPTH` is the depth of the search.
#[target_feature(enable = "avx2,fma")]
unsafe fn all<const DEPTH: u32>(work: &Work, outputs: usize, sums: &mut [i32]) {
    for output in 0..outputs {
        let codes = Codes::<DEPTH>::new(work.search, work.row_tile * outputs + output);
        let (mut pixel, pixels) = (0, work.places.len());
        while pixel < pixels {
            // SAFETY: the block's pixels exist.
            unsafe {
                if pixel + PIXELS <= pixels {
                    block::<DEPTH, { PIXELS * PARTS }>(work, &codes, output, pixel, sums);
                    pixel += PIXELS;
                } else {
                    block::<DEPTH, PARTS>(work, &codes, output, pixel, sums);
                    pixel += 1;
                }
            }
        }
    }
}

/// # Safety
/// As [`all`]; `N` registers hold whole pixels, and the pixels from `pixel` on exist.
#[target_feature(enable = "avx2,fma")]
unsafe fn block<const DEPTH: u32, const N: usize>(
    work: &Work,
    codes: &Codes<DEPTH>,
    output: usize,
    pixel: usize,
    sums: &mut [i32],
) {
    let pixels = work.places.len();
    let first = work.rows().start;
    let mut total = [_mm256_setzero_si256(); N];
    for group in work.groups.clone() {
        let mut x = [_mm256_setzero_ps(); N];
        for row in work.plan.range(group) {
            // SAFETY: rows and pixels lie inside the buffers `Work::check` measured.
            unsafe {
                let w = _mm256_set1_ps(*work.weights.get_unchecked(output * work.plan.rows + row));
                let at = ((row - first) * pixels + pixel) * LANES;
                let tile = work.tile.as_ptr().add(at);
                for (part, x) in x.iter_mut().enumerate() {
                    let a = _mm256_loadu_ps(tile.add(part * LANES / PARTS));
                    *x = _mm256_fmadd_ps(w, a, *x);
                }
            }
        }
        codes.add_levels(&mut total, &x);
    }
    for (at, &total) in total.iter().enumerate() {
        let place = output * work.stride + work.places[pixel + at / PARTS];
        // SAFETY: `Work::check` found every place inside its channel and every channel inside the sums.
        unsafe {
            let at = sums
                .as_mut_ptr()
                .add(place + at % PARTS * LANES / PARTS)
                .cast();
            _mm256_storeu_si256(at, _mm256_add_epi32(_mm256_loadu_si256(at), total));
        }
    }
}

/// One read-out's thresholds and the levels in registers.
struct Codes<'a, const DEPTH: u32> {
    /// Nodes 0 to 7 and 8 to 15.
    nodes: [__m256; 2],
    /// Levels of codes 0 to 7 and 8 to 15.
    levels: [__m256; 2],
    one_by_one: (&'a [f32], &'a [i32], i32),
}

impl<'a, const DEPTH: u32> Codes<'a, DEPTH> {
    #[target_feature(enable = "avx2,fma")]
    fn new(search: &'a Search, number: usize) -> Self {
        let nodes = search.of(number);
        let mut codes = Codes {
            nodes: [_mm256_setzero_ps(); 2],
            levels: [_mm256_setzero_ps(); 2],
            one_by_one: (nodes, &search.levels, search.lowest),
        };
        if DEPTH > 0 {
            for (half, (nodes, levels)) in nodes
                .chunks_exact(8)
                .zip(search.levels.chunks_exact(8))
                .enumerate()
            {
                // SAFETY: both chunks have 8 elements.
                unsafe {
                    codes.nodes[half] = _mm256_loadu_ps(nodes.as_ptr());
                    codes.levels[half] = _mm256_loadu_ps(levels.as_ptr().cast());
                }
            }
        }
        codes
    }

    /// Adds the level of each lane's group sum.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn add_levels<const N: usize>(&self, totals: &mut [__m256i; N], sums: &[__m256; N]) {
        if DEPTH == 0 {
            return self.compare_all(totals, sums);
        }
        for (total, &x) in totals.iter_mut().zip(sums) {
            let mut k = _mm256_set1_epi32(1);
            for step in 0..4 {
                // A permutation uses three bits of k, so nodes 8 to 15 of the last step have a table of their own.
                let node = _mm256_permutevar8x32_ps(self.nodes[usize::from(step == 3)], k);
                let reached = _mm256_castps_si256(_mm256_cmp_ps::<_CMP_LE_OQ>(node, x));
                k = _mm256_sub_epi32(_mm256_add_epi32(k, k), reached);
            }
            let upper = _mm256_castsi256_ps(_mm256_slli_epi32::<28>(k));
            let [low, high] = self
                .levels
                .map(|levels| _mm256_permutevar8x32_ps(levels, k));
            let level = _mm256_castps_si256(_mm256_blendv_ps(low, high, upper));
            *total = _mm256_add_epi32(*total, level);
        }
    }

    #[target_feature(enable = "avx2,fma")]
    fn compare_all(&self, totals: &mut [__m256i], sums: &[__m256]) {
        let (thresholds, steps, lowest) = self.one_by_one;
        for total in totals.iter_mut() {
            *total = _mm256_add_epi32(*total, _mm256_set1_epi32(lowest));
        }
        for (&threshold, &step) in thresholds.iter().zip(steps) {
            let (threshold, step) = (_mm256_set1_ps(threshold), _mm256_set1_epi32(step));
            for (total, &x) in totals.iter_mut().zip(sums) {
                let reached = _mm256_castps_si256(_mm256_cmp_ps::<_CMP_LE_OQ>(threshold, x));
                *total = _mm256_add_epi32(*total, _mm256_and_si256(reached, step));
            }
        }
    }
}
