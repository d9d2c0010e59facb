//! Gradients of partial sums for AVX2: slopes of up to 128 different sums by shuffles of their four bytes, larger tables by gathers, at
//! four times the price.
//!
//! Not responsible for slopes that depend on a draw (`drawn`).

pub mod sums;

use self::sums::{PARTS, Sums, WIDTH, is_exact};
use super::group::Group;
use super::strip::{Layout, Strip};
use crate::kernel::lanes::LANES;
use crate::kernel::shuffle::{MOST, Part, Span, in_register, lookup};
use std::arch::x86_64::*;

/// Slopes of the sums `s_min + index`.
pub struct Table<'a> {
    s_min: i32,
    slopes: &'a [f32],
    shuffled: Option<Shuffled>,
}

/// Slopes in parts, byte by byte.
struct Shuffled {
    span: Span,
    parts: Vec<[Part; 4]>,
}

impl<'a> Table<'a> {
    /// `None` if sums, or their places in the table, are too large to be exact.
    pub fn new(s_min: i32, slopes: &'a [f32]) -> Option<Self> {
        let bits = |at: usize| slopes[at].to_bits();
        let span = Span::new(slopes.len(), |one, other| bits(one) == bits(other));
        let shuffled = span.map(|span| {
            let part = |part| span.part(part, |at| bits(at).to_le_bytes());
            let parts = (0..span.parts()).map(part).collect();
            Shuffled { span, parts }
        });
        is_exact(s_min, slopes.len()).then_some(Table {
            s_min,
            slopes,
            shuffled,
        })
    }
}

/// How they want the codes of a strip.
pub fn layout(tables: &[Table]) -> Layout {
    match tables.iter().any(|table| table.shuffled.is_some()) {
        true => Layout::Triples,
        false => Layout::Values,
    }
}

/// `to[place] = dy[place] D(s[place])` of one output.
///
/// # Safety
/// [`available`]; `dy` and `to` hold all places of the strip, and every sum lies in the table.
#[target_feature(enable = "avx2,fma")]
pub unsafe fn fill(
    table: &Table,
    (strip, group): (&Strip, &Group),
    output: usize,
    dy: &[f32],
    to: &mut [f32],
) {
    let sums = Sums::new((strip, group), output, table.s_min);
    let places = (0..strip.places()).step_by(LANES);
    // SAFETY: handed on to the caller.
    unsafe {
        let Some(shuffled) = &table.shuffled else {
            for place in places {
                let gather = |at| _mm256_i32gather_ps::<4>(table.slopes.as_ptr(), at);
                multiply(sums.numbers(place).map(gather), place, dy, to);
            }
            return;
        };
        match shuffled.parts.len() {
            1 => by_shuffles::<1>(shuffled, &sums, places, dy, to),
            2 => by_shuffles::<2>(shuffled, &sums, places, dy, to),
            4 => by_shuffles::<4>(shuffled, &sums, places, dy, to),
            _ => by_shuffles::<MOST>(shuffled, &sums, places, dy, to),
        }
    }
}

/// [`fill`] by `N` shuffles of every byte.
///
/// # Safety
/// As for [`fill`].
#[inline]
#[target_feature(enable = "avx2,fma")]
unsafe fn by_shuffles<const N: usize>(
    shuffled: &Shuffled,
    sums: &Sums,
    places: impl Iterator<Item = usize>,
    dy: &[f32],
    to: &mut [f32],
) {
    let part = |byte: usize, part: usize| in_register(shuffled.parts[part][byte]);
    let bytes: [[__m256i; N]; 4] =
        std::array::from_fn(|byte| std::array::from_fn(|at| part(byte, at)));
    for place in places {
        // SAFETY: handed on to the caller; tables that are shuffled have up to 256 entries.
        unsafe {
            let slopes = slopes(&bytes, shuffled.span, sums.bytes(place));
            multiply(slopes, place, dy, to);
        }
    }
}

/// `to = slopes dy` of a pixel's images from `place` on.
///
/// # Safety
/// AVX2; `dy` and `to` hold the pixel.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn multiply(slopes: [__m256; PARTS], place: usize, dy: &[f32], to: &mut [f32]) {
    for (part, slope) in slopes.into_iter().enumerate() {
        let place = place + part * WIDTH;
        // SAFETY: the caller promises the places.
        unsafe {
            let product = _mm256_mul_ps(slope, _mm256_loadu_ps(dy.as_ptr().add(place)));
            _mm256_storeu_ps(to.as_mut_ptr().add(place), product);
        }
    }
}

/// Slopes at the bytes `index`.
#[inline]
#[target_feature(enable = "avx2")]
fn slopes<const N: usize>(
    bytes: &[[__m256i; N]; 4],
    span: Span,
    index: __m256i,
) -> [__m256; PARTS] {
    // Bytes are unpacked by halves of registers: four of the first eight images, four of the next, and the other four of each.
    let index = _mm256_permutevar8x32_epi32(index, _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7));
    let asked = span.asked(index);
    let [first, second, third, fourth] = std::array::from_fn(|byte| lookup(&bytes[byte], &asked));
    let low = [
        _mm256_unpacklo_epi8(first, second),
        _mm256_unpackhi_epi8(first, second),
    ];
    let high = [
        _mm256_unpacklo_epi8(third, fourth),
        _mm256_unpackhi_epi8(third, fourth),
    ];
    [
        _mm256_unpacklo_epi16(low[0], high[0]),
        _mm256_unpackhi_epi16(low[0], high[0]),
        _mm256_unpacklo_epi16(low[1], high[1]),
        _mm256_unpackhi_epi16(low[1], high[1]),
    ]
    .map(|slopes| _mm256_castsi256_ps(slopes))
}

#[cfg(test)]
mod tests {
    use super::sums::EXACT;
    use super::*;

    #[test]
    fn tables_are_for_sums_and_places_that_are_exact() {
        let rising: Vec<f32> = (0..1 << 24).map(|at| at as f32).collect();
        let parts = |s_min: i32, count: usize| {
            let table = Table::new(s_min, &rising[..count])?;
            Some(table.shuffled.map_or(0, |shuffled| shuffled.parts.len()))
        };
        assert_eq!(parts(-27, 55), Some(4));
        assert_eq!(parts(-64, 128), Some(8));
        assert_eq!(parts(-64, 129), Some(0), "gathered");
        assert_eq!(parts(1 - EXACT, 100), Some(8));
        assert_eq!(parts(-EXACT, 100), None);
        assert_eq!(parts(EXACT - 100, 100), None);
        assert_eq!(parts(-EXACT / 2, 1 << 24), None, "places beyond 2^24");
    }

    #[test]
    fn sums_beyond_the_ends_of_a_read_out_take_no_shuffles() {
        let clipped = |s: i32| if (-7..=7).contains(&s) { 1.0 } else { 0.0 };
        let slopes: Vec<f32> = (-96..=96).map(clipped).collect();
        let table = Table::new(-96, &slopes).expect("exact");
        assert_eq!(table.shuffled.map(|shuffled| shuffled.parts.len()), Some(2));
        let slopes: Vec<f32> = (-192..=192).map(clipped).collect();
        let table = Table::new(-192, &slopes).expect("exact");
        assert!(table.shuffled.is_none(), "indices beyond a byte");
    }
}
