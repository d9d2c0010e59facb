//! Sums of a pixel's images for AVX2: weights of -1, 0 and 1 by sums of three rows that the strip holds for all of them, others as
//! products of whole numbers in `f32`, which are exact up to 2^24.
//!
//! Bytes wrap, so only what is left once the smallest sum is taken off has to fit into them. Not responsible for what is looked up with
//! a sum.

use crate::kernel::lanes::LANES;
use crate::kernel::slopes::group::Group;
use crate::kernel::slopes::strip::{COMBINATIONS, Strip};
use std::arch::x86_64::*;

/// Numbers in a register.
pub const WIDTH: usize = 8;
/// Registers of one pixel's images, summed side by side.
pub const PARTS: usize = LANES / WIDTH;
/// Largest magnitude of whole numbers that are exact.
pub const EXACT: i32 = 1 << 24;

/// True if `count` sums from `s_min` on, and their places in a table, are exact.
pub fn is_exact(s_min: i32, count: usize) -> bool {
    let count = count as i64;
    let s_max = i64::from(s_min) + count;
    s_min > -EXACT && s_max.max(count) < i64::from(EXACT)
}

/// The sums of one output over the places of a strip, less `s_min`.
pub struct Sums<'a> {
    strip: &'a Strip,
    weights: &'a [f32],
    triples: Triples<'a>,
    s_min: i32,
}

/// Sums of three rows at every place of the strip.
enum Triples<'a> {
    /// As many as are usual, known when this is compiled.
    Three([&'a [u8]; 3]),
    /// Any number.
    Any(Vec<&'a [u8]>),
    /// There are other weights than -1, 0 and 1, or the strip has none.
    None,
}

impl<'a> Sums<'a> {
    /// Of `output`.
    #[inline]
    pub fn new((strip, group): (&'a Strip, &'a Group), output: usize, s_min: i32) -> Self {
        let places = strip.places();
        let sums = |(triple, &number): (usize, &u8)| {
            let at = (triple * COMBINATIONS + usize::from(number)) * places;
            &strip.triples[at..at + places]
        };
        let triples = match group.triples(output) {
            Some(&[a, b, c]) if strip.has_triples() => {
                Triples::Three([sums((0, &a)), sums((1, &b)), sums((2, &c))])
            }
            Some(any) if strip.has_triples() => {
                Triples::Any(any.iter().enumerate().map(sums).collect())
            }
            _ => Triples::None,
        };
        Sums {
            strip,
            weights: group.weights(output),
            triples,
            s_min,
        }
    }

    /// Those of the images from `place` on, in order; bytes.
    ///
    /// # Safety
    /// [`super::available`]; the strip holds the place, and all sums less `s_min` are below 256.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub unsafe fn bytes(&self, place: usize) -> __m256i {
        // SAFETY: handed on to the caller.
        unsafe {
            match &self.triples {
                Triples::Three(triples) => self.added(triples, place),
                Triples::Any(triples) => self.added(triples, place),
                Triples::None => packed(self.numbers(place)),
            }
        }
    }

    /// # Safety
    /// As for [`Self::bytes`].
    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn added(&self, triples: &[&[u8]], place: usize) -> __m256i {
        let mut sums = _mm256_set1_epi8(self.s_min.wrapping_neg() as i8);
        for triple in triples {
            // SAFETY: there is a sum for every place.
            let three = unsafe { _mm256_loadu_si256(triple.as_ptr().add(place).cast()) };
            sums = _mm256_add_epi8(sums, three);
        }
        sums
    }

    /// Those of the images from `place` on, in order.
    ///
    /// # Safety
    /// [`super::available`]; the strip holds the place, and all sums less `s_min` are exact.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub unsafe fn numbers(&self, place: usize) -> [__m256i; PARTS] {
        let places = self.strip.places();
        let mut sums = [_mm256_set1_ps(-self.s_min as f32); PARTS];
        for (row, weight) in self.weights.iter().enumerate() {
            let weight = _mm256_broadcast_ss(weight);
            for (part, sums) in sums.iter_mut().enumerate() {
                let at = row * places + place + part * WIDTH;
                // SAFETY: strips hold all places of every row.
                let values = unsafe { _mm256_loadu_ps(self.strip.values.as_ptr().add(at)) };
                *sums = _mm256_fmadd_ps(weight, values, *sums);
            }
        }
        sums.map(|sum| _mm256_cvtps_epi32(sum))
    }
}

/// Numbers below 256 of a pixel's images as bytes, in order.
#[inline]
#[target_feature(enable = "avx2")]
fn packed([a, b, c, d]: [__m256i; PARTS]) -> __m256i {
    let packed = _mm256_packus_epi16(_mm256_packus_epi32(a, b), _mm256_packus_epi32(c, d));
    // Packing goes by halves of registers: four of a, of b, of c, of d, and the other four of each.
    _mm256_permutevar8x32_epi32(packed, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7))
}

/// Bytes as numbers, in order.
#[inline]
#[target_feature(enable = "avx2")]
pub fn widened(bytes: __m256i) -> [__m256i; PARTS] {
    let halves = [
        _mm256_castsi256_si128(bytes),
        _mm256_extracti128_si256::<1>(bytes),
    ];
    let [low, high] = halves.map(|half| {
        let upper = _mm_srli_si128::<8>(half);
        [_mm256_cvtepu8_epi32(half), _mm256_cvtepu8_epi32(upper)]
    });
    [low[0], low[1], high[0], high[1]]
}
