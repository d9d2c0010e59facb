//! Numbers of partial sums and draws for AVX-512: levels by comparing with permuted thresholds, numbers by one gather.
//!
//! Sixteen images at a time are the block of one counter. Not responsible for what the numbers are (`super`).

use super::{Choice, Group, Numbers, POOL_DRAW, Strip};
use crate::kernel::lanes::LANES;
use crate::kernel::slopes::avx512::sums;
use crate::kernel::stream::aes::Keys;
use crate::kernel::tables::Grain;
use std::arch::x86_64::*;

/// Numbers in a register.
const WIDTH: usize = 16;

/// Numbers with tables in registers.
pub struct Table<'a> {
    numbers: Numbers<'a>,
    /// Place of the first level of every sum, in draws.
    first: Entries,
    /// By step: below which draw a sum has a level more.
    steps: Vec<Entries>,
}

/// A number for every sum, padded to whole registers.
struct Entries(Vec<i32>);

impl Entries {
    fn new(values: impl Iterator<Item = i32>) -> Self {
        let mut entries: Vec<i32> = values.collect();
        entries.resize(entries.len().next_multiple_of(4 * WIDTH), 0);
        Entries(entries)
    }

    /// Of the sums of both halves of a pixel.
    ///
    /// # Safety
    /// Every index lies in the table.
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn at(&self, index: [__m512i; 2]) -> [__m512i; 2] {
        let from = self.0.as_ptr();
        // SAFETY: tables are padded to four registers; the caller promises the index.
        unsafe {
            if self.0.len() > 4 * WIDTH {
                return index.map(|index| _mm512_i32gather_epi32::<4>(index, from));
            }
            let part: [__m512i; 4] =
                std::array::from_fn(|k| _mm512_loadu_si512(from.add(k * WIDTH).cast()));
            index.map(|index| {
                let low = _mm512_permutex2var_epi32(part[0], index, part[1]);
                let high = _mm512_permutex2var_epi32(part[2], index, part[3]);
                let upper = _mm512_test_epi32_mask(index, _mm512_set1_epi32(32));
                _mm512_mask_blend_epi32(upper, low, high)
            })
        }
    }
}

impl<'a> Table<'a> {
    /// Of these numbers.
    pub fn new(numbers: Numbers<'a>) -> Self {
        let first = |sum: usize| (sum * numbers.levels()) as i32;
        let step = |step: &Vec<u32>| Entries::new(step.iter().map(|&below| below as i32));
        Table {
            numbers,
            first: Entries::new((0..numbers.sums).map(first)),
            steps: numbers.steps.iter().map(step).collect(),
        }
    }

    /// Where the numbers of the images of a pixel lie; `bytes` are those of a draw.
    ///
    /// # Safety
    /// Every index lies in the tables.
    #[inline]
    #[target_feature(enable = "avx512f,aes")]
    unsafe fn places(
        &self,
        index: [__m512i; 2],
        bytes: impl Fn(u32) -> [__m512i; 2],
    ) -> [__m512i; 2] {
        let mut uniform = bytes(0);
        if self.numbers.grain == Grain::Sixteen {
            let low = bytes(1);
            uniform = std::array::from_fn(|half| {
                _mm512_or_si512(_mm512_slli_epi32::<8>(uniform[half]), low[half])
            });
        }
        // SAFETY: handed on to the caller.
        let mut at = unsafe { self.first.at(index) };
        for step in &self.steps {
            // SAFETY: handed on to the caller.
            let threshold = unsafe { step.at(index) };
            for half in 0..2 {
                let below = _mm512_cmplt_epu32_mask(uniform[half], threshold[half]);
                at[half] = _mm512_mask_add_epi32(at[half], below, at[half], _mm512_set1_epi32(1));
            }
        }
        let chosen = match self.numbers.choice {
            Choice::None => return at,
            Choice::Pool => bytes(POOL_DRAW),
            Choice::Same => uniform,
        };
        let mask = _mm512_set1_epi32((1 << self.numbers.draw_bits) - 1);
        let bits = _mm_cvtsi32_si128(self.numbers.draw_bits as i32);
        std::array::from_fn(|half| {
            let chosen = _mm512_and_si512(chosen[half], mask);
            _mm512_add_epi32(_mm512_sll_epi32(at[half], bits), chosen)
        })
    }

    /// Hands the numbers of all places of a strip to `take`, sixteen at a time.
    ///
    /// # Safety
    /// As for [`fill`].
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni,aes")]
    unsafe fn visit(
        &self,
        keys: &Keys,
        (strip, group): (&Strip, &Group),
        output: usize,
        mut take: impl FnMut(usize, __m512),
    ) {
        let quads = group.quads(output);
        let offset = _mm512_set1_epi32(-self.numbers.s_min);
        for (p, pixel) in strip.pixels.clone().enumerate() {
            let [group, pixel, output] = [group.index, pixel, output].map(|at| at as u32);
            let bytes = |draw: u32| -> [__m512i; 2] {
                let half = |half: u32| keys.block([group, pixel, output, 2 * draw + half]);
                [half(0), half(1)].map(|block| _mm512_cvtepu8_epi32(block))
            };
            let place = p * LANES;
            // SAFETY: a strip holds its pixels times 32 places; the caller promises sums, numbers and instructions.
            unsafe {
                let both = [place, place + WIDTH];
                let index = both.map(|place| sums(strip, quads, place, offset));
                let at = self.places(index, bytes);
                for (place, at) in both.into_iter().zip(at) {
                    take(
                        place,
                        _mm512_i32gather_ps::<4>(at, self.numbers.values.as_ptr()),
                    );
                }
            }
        }
    }
}

/// `to[place] = dy[place] D(s[place], draw)` of one output.
///
/// # Safety
/// As for [`super::Drawn::fill`].
#[target_feature(enable = "avx512f,avx512bw,avx512vnni,aes")]
pub unsafe fn fill(
    (table, keys): (&Table, &Keys),
    source: (&Strip, &Group),
    output: usize,
    dy: &[f32],
    to: &mut [f32],
) {
    // SAFETY: handed on to the caller.
    unsafe {
        table.visit(keys, source, output, |place, slope| {
            let product = _mm512_mul_ps(slope, _mm512_loadu_ps(dy.as_ptr().add(place)));
            _mm512_storeu_ps(to.as_mut_ptr().add(place), product);
        });
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
    // SAFETY: handed on to the caller.
    unsafe {
        table.visit(keys, source, output, |place, value| {
            let to = to.as_mut_ptr().add(place);
            // Not fused: the plain form rounds the product too.
            let product = _mm512_mul_ps(factor, value);
            _mm512_storeu_ps(to, _mm512_add_ps(_mm512_loadu_ps(to), product));
        });
    }
}
