//! Sums of a pixel's images for AVX2: weights of -1, 0 and 1 by signs of bytes, others as products of whole numbers in `f32`, which are
//! exact up to 2^24.
//!
//! Bytes wrap, so only what is left once the smallest sum is taken off has to fit into them. Products of bytes are added in pairs with
//! saturation, which large codes would meet. Not responsible for what is looked up with a sum.

use crate::kernel::lanes::LANES;
use crate::kernel::slopes::group::Group;
use crate::kernel::slopes::strip::Strip;
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
    signs: Signs<'a>,
    s_min: i32,
}

/// Weights of -1, 0 and 1.
enum Signs<'a> {
    /// In as many rows as are usual, known when this is compiled.
    Nine(&'a [i8; 9]),
    /// In any.
    Any(&'a [i8]),
    /// There are others.
    None,
}

impl<'a> Sums<'a> {
    /// Of `output`.
    pub fn new((strip, group): (&'a Strip, &'a Group), output: usize, s_min: i32) -> Self {
        let signs = group.signs(output).map_or(Signs::None, |signs| {
            <&[i8; 9]>::try_from(signs).map_or(Signs::Any(signs), Signs::Nine)
        });
        Sums {
            strip,
            weights: group.weights(output),
            signs,
            s_min,
        }
    }

    /// Those of the images from `place` on, in order; bytes.
    ///
    /// # Safety
    /// [`super::available`]; the strip lies in rows and holds the place, and all sums less `s_min` are below 256.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub unsafe fn bytes(&self, place: usize) -> __m256i {
        // SAFETY: handed on to the caller.
        unsafe {
            match self.signs {
                Signs::Nine(signs) => self.signed(signs, place),
                Signs::Any(signs) => self.signed(signs, place),
                Signs::None => packed(self.numbers(place)),
            }
        }
    }

    /// # Safety
    /// As for [`Self::bytes`]; a sign for every row of the strip.
    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn signed(&self, signs: &(impl AsRef<[i8]> + ?Sized), place: usize) -> __m256i {
        let places = self.strip.places();
        let mut sums = _mm256_set1_epi8(self.s_min.wrapping_neg() as i8);
        for (row, &sign) in signs.as_ref().iter().enumerate() {
            let at = row * places + place;
            // SAFETY: strips hold all places of every row.
            let codes = unsafe { _mm256_loadu_si256(self.strip.codes.as_ptr().add(at).cast()) };
            sums = _mm256_add_epi8(sums, _mm256_sign_epi8(codes, _mm256_set1_epi8(sign)));
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
