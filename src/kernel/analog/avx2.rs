//! A tile of a virtual chip for AVX2: 8 lanes, 15 thresholds bisected in registers: one, two, four and then eight of them to choose from.
//!
//! Not responsible for tiling or for choosing the instruction set (`work`).

use super::search::Search;
use super::work::Work;
use crate::kernel::lanes::LANES;
use std::arch::x86_64::*;

/// Registers of one pixel's lanes.
const PARTS: usize = 4;
/// Pixels summed side by side: eight sums that do not wait for each other.
const PIXELS: usize = 2;

/// Adds the chunk's levels to the sums of `0..outputs`.
///
/// # Safety
/// The processor has the instruction set, and `Work::check` passed.
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn run(work: &Work, outputs: usize, sums: &mut [i32]) {
    // SAFETY: as this function's own conditions.
    unsafe {
        match (work.search.depth, work.search.is_identity) {
            (4, true) => all::<4, true>(work, outputs, sums),
            (4, false) => all::<4, false>(work, outputs, sums),
            _ => all::<0, false>(work, outputs, sums),
        }
    }
}

/// # Safety
/// As [`run`]; `DEPTH` is the depth of the search, and with `IDENTITY` the level of a code is its number.
#[target_feature(enable = "avx2,fma")]
unsafe fn all<const DEPTH: u32, const IDENTITY: bool>(
    work: &Work,
    outputs: usize,
    sums: &mut [i32],
) {
    for output in 0..outputs {
        let codes = Codes::<DEPTH, IDENTITY>::new(work.search, work.row_tile * outputs + output);
        let (mut pixel, pixels) = (0, work.places.len());
        while pixel < pixels {
            // SAFETY: the block's pixels exist.
            unsafe {
                if pixel + PIXELS <= pixels {
                    block::<DEPTH, IDENTITY, { PIXELS * PARTS }>(work, &codes, output, pixel, sums);
                    pixel += PIXELS;
                } else {
                    block::<DEPTH, IDENTITY, PARTS>(work, &codes, output, pixel, sums);
                    pixel += 1;
                }
            }
        }
    }
}

/// # Safety
/// As [`all`]; `N` registers hold whole pixels, and the pixels from `pixel` on exist.
#[target_feature(enable = "avx2,fma")]
unsafe fn block<const DEPTH: u32, const IDENTITY: bool, const N: usize>(
    work: &Work,
    codes: &Codes<DEPTH, IDENTITY>,
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
struct Codes<'a, const DEPTH: u32, const IDENTITY: bool> {
    /// Node 1 in all places.
    first: __m256,
    /// Nodes 2 and 3, each in all places.
    second: [__m256; 2],
    /// Nodes 4 to 7 in both halves.
    third: __m256,
    /// Nodes 8 to 15.
    fourth: __m256,
    /// Levels of codes 0 to 7 and 8 to 15.
    levels: [__m256i; 2],
    one_by_one: (&'a [f32], &'a [i32], i32),
}

impl<'a, const DEPTH: u32, const IDENTITY: bool> Codes<'a, DEPTH, IDENTITY> {
    #[target_feature(enable = "avx2,fma")]
    fn new(search: &'a Search, number: usize) -> Self {
        let nodes = search.of(number);
        let node = |at: usize| nodes.get(at).copied().unwrap_or(f32::NAN);
        let eight = |first: usize| std::array::from_fn::<f32, 8, _>(|at| node(first + at));
        let four: [f32; 8] = std::array::from_fn(|at| node(4 + at % 4));
        let level = |first: usize| {
            let level = |at| search.levels.get(first + at).copied().unwrap_or(0);
            std::array::from_fn::<i32, 8, _>(level)
        };
        Codes {
            first: _mm256_set1_ps(node(1)),
            second: [_mm256_set1_ps(node(2)), _mm256_set1_ps(node(3))],
            third: bytemuck::cast(four),
            fourth: bytemuck::cast(eight(8)),
            levels: [bytemuck::cast(level(0)), bytemuck::cast(level(8))],
            one_by_one: (nodes, &search.levels, search.lowest),
        }
    }

    /// Adds the level of each lane's group sum.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn add_levels<const N: usize>(&self, totals: &mut [__m256i; N], sums: &[__m256; N]) {
        if DEPTH == 0 {
            return self.compare_all(totals, sums);
        }
        let reached = |node: __m256, x: __m256| _mm256_cmp_ps::<_CMP_LE_OQ>(node, x);
        // A number of which all bits are set is -1.
        let next = |code: __m256i, reached: __m256| {
            _mm256_sub_epi32(_mm256_add_epi32(code, code), _mm256_castps_si256(reached))
        };
        for (total, &x) in totals.iter_mut().zip(sums) {
            let upper = reached(self.first, x);
            let code = next(_mm256_setzero_si256(), upper);
            let node = _mm256_blendv_ps(self.second[0], self.second[1], upper);
            let code = next(code, reached(node, x));
            let node = _mm256_permutevar_ps(self.third, code);
            let code = next(code, reached(node, x));
            let node = _mm256_permutevar8x32_ps(self.fourth, code);
            let code = next(code, reached(node, x));
            *total = _mm256_add_epi32(*total, self.level(code, upper));
        }
    }

    /// Levels of codes; `upper` is set where they are 8 and more.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn level(&self, code: __m256i, upper: __m256) -> __m256i {
        if IDENTITY {
            return code;
        }
        let [low, high] = self
            .levels
            .map(|levels| _mm256_permutevar8x32_ps(_mm256_castsi256_ps(levels), code));
        _mm256_castps_si256(_mm256_blendv_ps(low, high, upper))
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
