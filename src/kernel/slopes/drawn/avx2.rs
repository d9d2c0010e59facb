//! Numbers of partial sums and draws for AVX2: thresholds of up to 128 different sums by shuffles of their bytes, larger tables and the
//! numbers themselves by gathers.
//!
//! The 32 images of a pixel are the two blocks of a counter, byte by byte. Not responsible for what the numbers are (`super`).

use super::{Choice, Group, Numbers, POOL_DRAW, Strip};
use crate::kernel::lanes::LANES;
use crate::kernel::shuffle::{MOST, Part, Span, in_register, lookup};
use crate::kernel::slopes::avx2::sums::{PARTS, Sums, WIDTH, is_exact, widened};
use crate::kernel::slopes::strip::Layout;
use crate::kernel::stream::aes::Keys;
use crate::kernel::tables::Grain;
use std::arch::x86_64::*;

/// Makes signed comparisons of bytes those of unsigned ones.
const BIAS: u8 = 0x80;

/// High and low bytes of sixteen thresholds, biased; those of eight bits are high bytes.
type Planes = [Part; 2];

/// Numbers with their thresholds.
pub struct Table<'a> {
    numbers: Numbers<'a>,
    /// Sums whose thresholds are shuffled; none where they are gathered.
    span: Option<Span>,
    /// `[step][part]`.
    steps: Vec<Planes>,
}

impl<'a> Table<'a> {
    /// `None` if sums are too large to be exact.
    pub fn new(numbers: Numbers<'a>) -> Option<Self> {
        let is_same = |one: usize, other: usize| {
            let mut steps = numbers.steps.iter();
            steps.all(|step| step[one] == step[other])
        };
        let span = Span::new(numbers.sums, is_same);
        let of = |step: &'a Vec<u32>| {
            let parts = span
                .into_iter()
                .flat_map(|span| (0..span.parts()).map(move |at| (span, at)));
            parts.map(|(span, part)| span.part(part, |sum| compared(numbers.grain, step[sum])))
        };
        let steps = numbers.steps.iter().flat_map(of).collect();
        is_exact(numbers.s_min, numbers.sums).then_some(Table {
            numbers,
            span,
            steps,
        })
    }

    /// How it wants the codes of a strip.
    pub fn layout(&self) -> Layout {
        match self.span {
            Some(_) => Layout::Triples,
            None => Layout::Values,
        }
    }

    /// Hands the numbers of all places of a strip to `take`, eight at a time.
    ///
    /// # Safety
    /// As for [`super::Drawn::fill`].
    #[inline]
    #[target_feature(enable = "avx2,fma,aes")]
    unsafe fn visit(
        &self,
        keys: &Keys,
        source: (&Strip, &Group),
        output: usize,
        take: impl FnMut(usize, __m256),
    ) {
        let place = (keys, source, output);
        // SAFETY: handed on to the caller.
        unsafe {
            match self.span.map_or(0, Span::parts) {
                0 => self.by_parts::<0>(place, take),
                1 => self.by_parts::<1>(place, take),
                2 => self.by_parts::<2>(place, take),
                4 => self.by_parts::<4>(place, take),
                _ => self.by_parts::<MOST>(place, take),
            }
        }
    }

    /// [`Self::visit`] with a known number of parts.
    ///
    /// # Safety
    /// As for [`Self::visit`]; `N` parts.
    #[inline]
    #[target_feature(enable = "avx2,fma,aes")]
    unsafe fn by_parts<const N: usize>(
        &self,
        (keys, (strip, group), output): (&Keys, (&Strip, &Group), usize),
        mut take: impl FnMut(usize, __m256),
    ) {
        let sums = Sums::new((strip, group), output, self.numbers.s_min);
        for (p, pixel) in strip.pixels.clone().enumerate() {
            let [group, pixel, output] = [group.index, pixel, output].map(|at| at as u32);
            let bytes = |draw: u32| {
                let half = |half: u32| keys.block([group, pixel, output, 2 * draw + half]);
                _mm256_set_m128i(half(1), half(0))
            };
            // SAFETY: strips hold whole pixels; the caller promises sums and numbers.
            unsafe {
                let at = self.places::<N>(&sums, p * LANES, bytes);
                for (part, at) in at.into_iter().enumerate() {
                    let numbers = _mm256_i32gather_ps::<4>(self.numbers.values.as_ptr(), at);
                    take(p * LANES + part * WIDTH, numbers);
                }
            }
        }
    }

    /// Where the numbers of the images from `place` on lie; `bytes` are those of a draw.
    ///
    /// # Safety
    /// As for [`Self::by_parts`]; the strip holds the place.
    #[inline]
    #[target_feature(enable = "avx2,fma,aes")]
    unsafe fn places<const N: usize>(
        &self,
        sums: &Sums,
        place: usize,
        bytes: impl Fn(u32) -> __m256i,
    ) -> [__m256i; PARTS] {
        let numbers = &self.numbers;
        let is_fine = numbers.grain == Grain::Sixteen;
        let high = bytes(0);
        let low = if is_fine {
            bytes(1)
        } else {
            _mm256_setzero_si256()
        };
        let uniform = || {
            let (high, low) = (widened(high), widened(low));
            let fine = |part: usize| _mm256_or_si256(_mm256_slli_epi32::<8>(high[part]), low[part]);
            std::array::from_fn(|part| if is_fine { fine(part) } else { high[part] })
        };
        // SAFETY: handed on to the caller; tables with a span have up to 256 sums.
        let (index, above) = unsafe {
            match self.span {
                Some(span) => {
                    let index = sums.bytes(place);
                    let above = self.shuffled::<N>(span.asked(index), high, low);
                    (widened(index), widened(above))
                }
                None => {
                    let index = sums.numbers(place);
                    (index, self.gathered(index, uniform()))
                }
            }
        };
        let levels = _mm256_set1_epi32(numbers.levels() as i32);
        let at: [__m256i; PARTS] = std::array::from_fn(|part| {
            _mm256_add_epi32(_mm256_mullo_epi32(index[part], levels), above[part])
        });
        let chosen = match numbers.choice {
            Choice::None => return at,
            Choice::Pool => widened(bytes(POOL_DRAW)),
            Choice::Same => uniform(),
        };
        let mask = _mm256_set1_epi32((1 << numbers.draw_bits) - 1);
        let bits = _mm_cvtsi32_si128(numbers.draw_bits as i32);
        std::array::from_fn(|part| {
            let chosen = _mm256_and_si256(chosen[part], mask);
            _mm256_add_epi32(_mm256_sll_epi32(at[part], bits), chosen)
        })
    }

    /// Levels above the first by shuffles, byte by byte.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn shuffled<const N: usize>(
        &self,
        asked: [__m256i; N],
        high: __m256i,
        low: __m256i,
    ) -> __m256i {
        let bias = _mm256_set1_epi8(BIAS as i8);
        let (high, low) = (_mm256_xor_si256(high, bias), _mm256_xor_si256(low, bias));
        let mut above = _mm256_setzero_si256();
        for step in self.steps.chunks_exact(N.max(1)) {
            let byte = |byte: usize| {
                let parts = std::array::from_fn(|part: usize| in_register(step[part][byte]));
                lookup::<N>(&parts, &asked)
            };
            let threshold = [byte(0), byte(1)];
            let mut below = _mm256_cmpgt_epi8(threshold[0], high);
            if self.numbers.grain == Grain::Sixteen {
                let equal = _mm256_cmpeq_epi8(threshold[0], high);
                let lower = _mm256_cmpgt_epi8(threshold[1], low);
                below = _mm256_or_si256(below, _mm256_and_si256(equal, lower));
            }
            above = _mm256_sub_epi8(above, below);
        }
        above
    }

    /// Levels above the first by gathers.
    ///
    /// # Safety
    /// Every index is one of the sums'.
    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn gathered(
        &self,
        index: [__m256i; PARTS],
        uniform: [__m256i; PARTS],
    ) -> [__m256i; PARTS] {
        let mut above = [_mm256_setzero_si256(); PARTS];
        for step in self.numbers.steps {
            for (part, above) in above.iter_mut().enumerate() {
                let from = step.as_ptr().cast::<i32>();
                // SAFETY: a threshold for every sum.
                let threshold = unsafe { _mm256_i32gather_epi32::<4>(from, index[part]) };
                let below = _mm256_cmpgt_epi32(threshold, uniform[part]);
                *above = _mm256_sub_epi32(*above, below);
            }
        }
        above
    }
}

/// The bytes of a threshold as they are compared.
fn compared(grain: Grain, threshold: u32) -> [u8; 2] {
    let threshold = threshold as u16;
    let bytes = match grain {
        Grain::Eight => [threshold as u8, 0],
        Grain::Sixteen => threshold.to_be_bytes(),
    };
    bytes.map(|byte| byte ^ BIAS)
}

/// `to[place] = dy[place] D(s[place], draw)` of one output.
///
/// # Safety
/// As for [`super::Drawn::fill`].
#[target_feature(enable = "avx2,fma,aes")]
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
            let product = _mm256_mul_ps(slope, _mm256_loadu_ps(dy.as_ptr().add(place)));
            _mm256_storeu_ps(to.as_mut_ptr().add(place), product);
        });
    }
}

/// `to[place] += factor y(s[place], draw)` of one output, for a table of values.
///
/// # Safety
/// As for [`super::Drawn::fill`].
#[target_feature(enable = "avx2,fma,aes")]
pub unsafe fn add(
    (table, keys): (&Table, &Keys),
    source: (&Strip, &Group),
    output: usize,
    factor: f32,
    to: &mut [f32],
) {
    let factor = _mm256_set1_ps(factor);
    // SAFETY: handed on to the caller.
    unsafe {
        table.visit(keys, source, output, |place, value| {
            let to = to.as_mut_ptr().add(place);
            // Not fused: the plain form rounds the product too.
            let product = _mm256_mul_ps(factor, value);
            _mm256_storeu_ps(to, _mm256_add_ps(_mm256_loadu_ps(to), product));
        });
    }
}
