//! A tile of a virtual chip for AVX-512: 16 lanes, 31 thresholds bisected by permutations.
//!
//! Not responsible for tiling or for choosing the instruction set (`work`).

use super::search::Search;
use super::work::Work;
use crate::kernel::lanes::LANES;
use std::arch::x86_64::*;

/// Registers of one pixel's lanes.
const PARTS: usize = 2;
/// Pixels whose sums stay in registers.
const PIXELS: usize = 4;

/// Adds the chunk's levels to the sums of `0..outputs`.
///
/// # Safety
/// The processor has the instruction set, and `Work::check` passed.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn run(work: &Work, outputs: usize, sums: &mut [i32]) {
    // SAFETY: as this function's own conditions.
    unsafe {
        match work.search.depth {
            4 => all::<4>(work, outputs, sums),
            5 => all::<5>(work, outputs, sums),
            _ => all::<0>(work, outputs, sums),
        }
    }
}

/// # Safety
/// As [`run`]; `DEPTH` is the depth of the search.
#[target_feature(enable = "avx512f")]
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
#[target_feature(enable = "avx512f")]
unsafe fn block<const DEPTH: u32, const N: usize>(
    work: &Work,
    codes: &Codes<DEPTH>,
    output: usize,
    pixel: usize,
    sums: &mut [i32],
) {
    let pixels = work.places.len();
    let first = work.rows().start;
    let mut total = [_mm512_setzero_si512(); N];
    for group in work.groups.clone() {
        let mut x = [_mm512_setzero_ps(); N];
        for row in work.plan.range(group) {
            // SAFETY: rows and pixels lie inside the buffers `Work::check` measured.
            unsafe {
                let w = _mm512_set1_ps(*work.weights.get_unchecked(output * work.plan.rows + row));
                let at = ((row - first) * pixels + pixel) * LANES;
                let tile = work.tile.as_ptr().add(at);
                for (part, x) in x.iter_mut().enumerate() {
                    let a = _mm512_loadu_ps(tile.add(part * LANES / PARTS));
                    *x = _mm512_fmadd_ps(w, a, *x);
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
            _mm512_storeu_si512(at, _mm512_add_epi32(_mm512_loadu_si512(at), total));
        }
    }
}

/// One read-out's thresholds and the levels in registers.
struct Codes<'a, const DEPTH: u32> {
    /// Threshold that each step compares where `k` thresholds are known to be reached, steps of 16, 8, 4, 2, 1.
    steps: [[__m512; 2]; 5],
    levels: [__m512i; 2],
    one_by_one: (&'a [f32], &'a [i32], i32),
}

impl<'a, const DEPTH: u32> Codes<'a, DEPTH> {
    #[target_feature(enable = "avx512f")]
    fn new(search: &'a Search, number: usize) -> Self {
        let thresholds = search.of(number);
        let mut codes = Codes {
            steps: [[_mm512_setzero_ps(); 2]; 5],
            levels: [_mm512_setzero_si512(); 2],
            one_by_one: (thresholds, &search.levels, search.lowest),
        };
        if DEPTH == 0 {
            return codes;
        }
        let table = 1usize << DEPTH;
        assert!(thresholds.len() == 2 * table && search.levels.len() == 2 * table);
        for part in 0..table / 16 {
            // SAFETY: a step starts below half of the table and reads at most the table's length, of twice of which the
            // existence was asserted.
            unsafe {
                codes.levels[part] =
                    _mm512_loadu_si512(search.levels.as_ptr().add(16 * part).cast());
                for (number, step) in codes.steps.iter_mut().enumerate() {
                    let start = (16usize >> number) - 1;
                    if start < table / 2 {
                        step[part] = _mm512_loadu_ps(thresholds.as_ptr().add(start + 16 * part));
                    }
                }
            }
        }
        codes
    }

    /// Adds the level of each lane's group sum.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn add_levels<const N: usize>(&self, totals: &mut [__m512i; N], sums: &[__m512; N]) {
        if DEPTH == 0 {
            return self.compare_all(totals, sums);
        }
        let mut codes = [_mm512_setzero_si512(); N];
        for (number, table) in self.steps.iter().enumerate().skip(5 - DEPTH as usize) {
            let step = _mm512_set1_epi32(16 >> number);
            for (code, &x) in codes.iter_mut().zip(sums) {
                let threshold = if DEPTH == 4 {
                    _mm512_permutexvar_ps(*code, table[0])
                } else {
                    _mm512_permutex2var_ps(table[0], *code, table[1])
                };
                let reached = _mm512_cmp_ps_mask::<_CMP_LE_OQ>(threshold, x);
                *code = _mm512_mask_add_epi32(*code, reached, *code, step);
            }
        }
        for (total, &code) in totals.iter_mut().zip(&codes) {
            let level = if DEPTH == 4 {
                _mm512_permutexvar_epi32(code, self.levels[0])
            } else {
                _mm512_permutex2var_epi32(self.levels[0], code, self.levels[1])
            };
            *total = _mm512_add_epi32(*total, level);
        }
    }

    #[target_feature(enable = "avx512f")]
    fn compare_all(&self, totals: &mut [__m512i], sums: &[__m512]) {
        let (thresholds, steps, lowest) = self.one_by_one;
        for total in totals.iter_mut() {
            *total = _mm512_add_epi32(*total, _mm512_set1_epi32(lowest));
        }
        for (&threshold, &step) in thresholds.iter().zip(steps) {
            let (threshold, step) = (_mm512_set1_ps(threshold), _mm512_set1_epi32(step));
            for (total, &x) in totals.iter_mut().zip(sums) {
                let reached = _mm512_cmp_ps_mask::<_CMP_LE_OQ>(threshold, x);
                *total = _mm512_mask_add_epi32(*total, reached, *total, step);
            }
        }
    }
}
