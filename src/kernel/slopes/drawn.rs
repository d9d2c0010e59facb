//! Gradients of partial sums whose slope depends on a random draw, and relaxed values, for AVX-512: the draws of the forward pass and of the pool by the
//! processor's AES instruction, levels by comparing with permuted thresholds, numbers by one gather.
//!
//! Sixteen images at a time are the block of one counter. Not responsible for what the tables hold (`table`).

use super::avx512::sums;
use super::group::Group;
use super::strip::Strip;
use super::table::{LevelSlopes, POOL_DRAW, SoftTable};
use crate::kernel::lanes::LANES;
use crate::kernel::stream::aes::Keys;
use crate::kernel::tables::Grain;
use std::arch::x86_64::*;

/// Numbers in a register.
const WIDTH: usize = 16;

/// Which bytes choose among the slopes of a place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Choice {
    /// There is one.
    None,
    /// A draw of their own.
    Pool,
    /// Those that a level would be drawn with.
    Same,
}

/// Slopes (or relaxed values) with what leads to them.
pub struct Table<'a> {
    s_min: i32,
    grain: Grain,
    choice: Choice,
    /// Power of two of the slopes that a draw chooses from.
    draw_bits: u32,
    /// Place of the first level of every sum, in draws.
    first: Entries,
    /// By step: below which number a sum has a level more.
    steps: Vec<Entries>,
    values: &'a [f32],
}

/// A number for every sum, padded to whole registers.
struct Entries(Vec<i32>);

impl Entries {
    fn new(values: impl Iterator<Item = i32>) -> Self {
        let mut entries: Vec<i32> = values.collect();
        entries.resize(entries.len().next_multiple_of(4 * WIDTH), 0);
        Entries(entries)
    }

    /// # Safety
    /// Every index lies in the table.
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn at(&self, index: __m512i) -> __m512i {
        let from = self.0.as_ptr();
        // SAFETY: tables are padded to four registers; the caller promises the index.
        unsafe {
            if self.0.len() > 4 * WIDTH {
                return _mm512_i32gather_epi32::<4>(index, from);
            }
            let part = |k: usize| _mm512_loadu_si512(from.add(k * WIDTH).cast());
            let low = _mm512_permutex2var_epi32(part(0), index, part(1));
            let high = _mm512_permutex2var_epi32(part(2), index, part(3));
            let upper = _mm512_test_epi32_mask(index, _mm512_set1_epi32(32));
            _mm512_mask_blend_epi32(upper, low, high)
        }
    }
}

impl<'a> Table<'a> {
    /// Slopes by level.
    pub fn by_level(slopes: &'a LevelSlopes) -> Self {
        let (random, levels) = (&slopes.random, slopes.levels());
        let steps = random.thresholds.iter();
        Table {
            s_min: random.s_min,
            grain: random.grain,
            choice: match slopes.draws {
                1 => Choice::None,
                _ => Choice::Pool,
            },
            draw_bits: slopes.draws.ilog2(),
            first: Entries::new((0..random.base.len()).map(|sum| (sum * levels) as i32)),
            steps: steps
                .map(|step| Entries::new(step.iter().map(|&below| below as i32)))
                .collect(),
            values: &slopes.values,
        }
    }

    /// Slopes of a relaxed read-out, or its values.
    pub fn soft(soft: &'a SoftTable, values: &'a [f32]) -> Self {
        let sums = values.len() / soft.draws;
        Table {
            s_min: soft.s_min,
            grain: Grain::Sixteen,
            choice: Choice::Same,
            draw_bits: soft.draws.ilog2(),
            first: Entries::new((0..sums).map(|sum| sum as i32)),
            steps: Vec::new(),
            values,
        }
    }

    /// Where the slopes of sixteen images lie; `bytes` are those of a draw.
    ///
    /// # Safety
    /// Every index lies in the tables.
    #[inline]
    #[target_feature(enable = "avx512f,aes")]
    unsafe fn places(&self, index: __m512i, bytes: impl Fn(u32) -> __m512i) -> __m512i {
        let mut uniform = bytes(0);
        if self.grain == Grain::Sixteen {
            uniform = _mm512_or_si512(_mm512_slli_epi32::<8>(uniform), bytes(1));
        }
        // SAFETY: handed on to the caller.
        let mut at = unsafe { self.first.at(index) };
        for step in &self.steps {
            // SAFETY: handed on to the caller.
            let below = _mm512_cmplt_epu32_mask(uniform, unsafe { step.at(index) });
            at = _mm512_mask_add_epi32(at, below, at, _mm512_set1_epi32(1));
        }
        let chosen = match self.choice {
            Choice::None => return at,
            Choice::Pool => bytes(POOL_DRAW),
            Choice::Same => uniform,
        };
        let mask = _mm512_set1_epi32((1 << self.draw_bits) - 1);
        let at = _mm512_sll_epi32(at, _mm_cvtsi32_si128(self.draw_bits as i32));
        _mm512_add_epi32(at, _mm512_and_si512(chosen, mask))
    }
}

/// `to[place] = dy[place] D(s[place], draw)` of one output.
///
/// # Safety
/// [`super::avx512::available`]; `dy` and `to` hold all places of the strip, every sum lies in the table, and the table holds the
/// slopes of every level and draw.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni,aes")]
pub unsafe fn fill(
    (table, keys): (&Table, &Keys),
    source: (&Strip, &Group),
    output: usize,
    dy: &[f32],
    to: &mut [f32],
) {
    for place in (0..source.0.places()).step_by(WIDTH) {
        // SAFETY: handed on to the caller.
        unsafe {
            let slope = table.values(keys, source, output, place);
            let product = _mm512_mul_ps(slope, _mm512_loadu_ps(dy.as_ptr().add(place)));
            _mm512_storeu_ps(to.as_mut_ptr().add(place), product);
        }
    }
}

/// `to[place] += factor y(s[place], draw)` of one output, for a table of values.
///
/// # Safety
/// As for [`fill`].
#[target_feature(enable = "avx512f,avx512bw,avx512vnni,aes")]
pub unsafe fn add(
    (table, keys): (&Table, &Keys),
    source: (&Strip, &Group),
    output: usize,
    factor: f32,
    to: &mut [f32],
) {
    let factor = _mm512_set1_ps(factor);
    for place in (0..source.0.places()).step_by(WIDTH) {
        // SAFETY: handed on to the caller.
        unsafe {
            let to = to.as_mut_ptr().add(place);
            // Not fused: the plain form rounds the product too.
            let product = _mm512_mul_ps(factor, table.values(keys, source, output, place));
            _mm512_storeu_ps(to, _mm512_add_ps(_mm512_loadu_ps(to), product));
        }
    }
}

impl Table<'_> {
    /// The numbers of sixteen images from `place` on.
    ///
    /// # Safety
    /// As for [`fill`].
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni,aes")]
    unsafe fn values(
        &self,
        keys: &Keys,
        (strip, group): (&Strip, &Group),
        output: usize,
        place: usize,
    ) -> __m512 {
        let pixel = strip.pixels.start + place / LANES;
        let half = (place % LANES / WIDTH) as u32;
        let [group_word, pixel, output_word] = [group.index, pixel, output].map(|at| at as u32);
        let bytes = |draw: u32| {
            let counter = [group_word, pixel, output_word, 2 * draw + half];
            _mm512_cvtepu8_epi32(keys.block(counter))
        };
        let offset = _mm512_set1_epi32(-self.s_min);
        // SAFETY: a strip holds its pixels times 32 places; the caller promises sums, numbers and instructions.
        unsafe {
            let index = sums(strip, group.quads(output), place, offset);
            _mm512_i32gather_ps::<4>(self.places(index, bytes), self.values.as_ptr())
        }
    }
}
