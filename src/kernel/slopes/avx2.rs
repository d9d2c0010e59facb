//! Gradients of partial sums for AVX2: sums as products of whole numbers in `f32`, which are exact up to 2^24, slopes by shuffles of
//! their bytes.
//!
//! A table of 16 n slopes (n up to 8) is, for each of their four bytes, n shuffles of XOR-prefix tables: table k holds
//! `entry[16k+i] ^ entry[16(k-1)+i]` and is asked with `index - 16 k`, which the shuffle answers with 0 while it is negative. Larger
//! ones are gathered, at four times the price. Sums by bytes would need fewer products, but pairs of them are added with
//! saturation there. Not responsible for slopes that depend on a draw (`drawn`).

use super::group::Group;
use super::strip::Strip;
use crate::kernel::lanes::LANES;
use std::arch::x86_64::*;

/// Numbers in a register.
pub const WIDTH: usize = 8;
/// Registers of one pixel's images, summed side by side.
pub const PARTS: usize = LANES / WIDTH;
/// Largest magnitude of whole numbers that are exact.
const EXACT: i32 = 1 << 24;
/// Entries of a shuffle.
pub const SHUFFLED: usize = 16;
/// Shuffles of the largest table that is shuffled.
pub const MOST: usize = 8;

/// Sixteen entries, byte by byte.
type Bytes = [[u8; SHUFFLED]; 4];

/// True if this processor can run it and `drawn`.
pub fn available() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("fma")
        && is_x86_feature_detected!("aes")
}

/// Slopes of the sums `s_min + index`.
pub struct Table<'a> {
    s_min: i32,
    slopes: &'a [f32],
    /// The same as XOR-prefix tables; none if there are too many.
    parts: Vec<Bytes>,
}

impl<'a> Table<'a> {
    /// `None` if sums, or their places in the table, are too large to be exact.
    pub fn new(s_min: i32, slopes: &'a [f32]) -> Option<Self> {
        let bits = |at: usize| slopes.get(at).map_or(0, |slope| slope.to_bits());
        let part = |part: usize| prefix(part, |at| bits(at).to_le_bytes());
        let parts = match slopes.len().div_ceil(SHUFFLED) {
            count @ 0..=MOST => (0..count).map(part).collect(),
            _ => Vec::new(),
        };
        is_exact(s_min, slopes.len()).then_some(Table {
            s_min,
            slopes,
            parts,
        })
    }
}

/// True if `count` sums from `s_min` on, and their places in a table, are exact.
pub fn is_exact(s_min: i32, count: usize) -> bool {
    let count = count as i64;
    let s_max = i64::from(s_min) + count;
    s_min > -EXACT && s_max.max(count) < i64::from(EXACT)
}

/// Part `part` of the XOR-prefix tables of numbers of `P` bytes.
pub fn prefix<const P: usize>(
    part: usize,
    entry: impl Fn(usize) -> [u8; P],
) -> [[u8; SHUFFLED]; P] {
    let byte = |plane: usize, at: usize| {
        let before = at.checked_sub(SHUFFLED);
        entry(at)[plane] ^ before.map_or(0, |at| entry(at)[plane])
    };
    let row = |plane: usize| std::array::from_fn(|i| byte(plane, part * SHUFFLED + i));
    std::array::from_fn(row)
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
    let weights = group.weights(output);
    // SAFETY: handed on to the caller.
    unsafe {
        match (<&[f32; 9]>::try_from(weights), table.parts.len()) {
            (Ok(nine), 1..=4) => by_rows::<4>(table, strip, nine, dy, to),
            (_, 0) => by_rows::<0>(table, strip, weights, dy, to),
            (_, 1..=2) => by_rows::<2>(table, strip, weights, dy, to),
            (_, 3..=4) => by_rows::<4>(table, strip, weights, dy, to),
            _ => by_rows::<MOST>(table, strip, weights, dy, to),
        }
    }
}

/// [`fill`] by `N` shuffles, 0 for a gather, with the weights of the group's rows: an array, if their number is known when this is
/// compiled.
///
/// # Safety
/// As for [`fill`].
#[inline]
#[target_feature(enable = "avx2,fma")]
unsafe fn by_rows<const N: usize>(
    table: &Table,
    strip: &Strip,
    weights: &(impl AsRef<[f32]> + ?Sized),
    dy: &[f32],
    to: &mut [f32],
) {
    let places = strip.places();
    let offset = _mm256_set1_ps(-table.s_min as f32);
    let parts: [[__m256i; 4]; N] = std::array::from_fn(|part| {
        let bytes = table.parts.get(part).copied().unwrap_or_default();
        bytes.map(|bytes| _mm256_broadcastsi128_si256(bytemuck::cast(bytes)))
    });
    for pixel in (0..places).step_by(LANES) {
        // SAFETY: handed on to the caller.
        let index = unsafe { sums(strip, weights, pixel, offset) };
        let slopes = if N == 0 {
            // SAFETY: the caller promises that every sum lies in the table.
            index.map(|at| unsafe { _mm256_i32gather_ps::<4>(table.slopes.as_ptr(), at) })
        } else {
            shuffled(&parts, index)
        };
        for (part, slope) in slopes.into_iter().enumerate() {
            let place = pixel + part * WIDTH;
            // SAFETY: the caller promises the places.
            unsafe {
                let product = _mm256_mul_ps(slope, _mm256_loadu_ps(dy.as_ptr().add(place)));
                _mm256_storeu_ps(to.as_mut_ptr().add(place), product);
            }
        }
    }
}

/// `offset` plus the sums of the images from place `pixel` on.
///
/// # Safety
/// [`available`]; the strip holds the place, and as many rows as there are weights.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub unsafe fn sums(
    strip: &Strip,
    weights: &(impl AsRef<[f32]> + ?Sized),
    pixel: usize,
    offset: __m256,
) -> [__m256i; PARTS] {
    let places = strip.places();
    let mut sums = [offset; PARTS];
    for (row, weight) in weights.as_ref().iter().enumerate() {
        let weight = _mm256_broadcast_ss(weight);
        for (part, sums) in sums.iter_mut().enumerate() {
            let at = row * places + pixel + part * WIDTH;
            // SAFETY: strips hold all places of every row.
            let values = unsafe { _mm256_loadu_ps(strip.values.as_ptr().add(at)) };
            *sums = _mm256_fmadd_ps(weight, values, *sums);
        }
    }
    sums.map(|sum| _mm256_cvtps_epi32(sum))
}

/// Slopes of the sums of a pixel: numbers are packed to bytes within halves of registers, and unpacked in the same order.
#[inline]
#[target_feature(enable = "avx2")]
fn shuffled<const N: usize>(
    parts: &[[__m256i; 4]; N],
    [a, b, c, d]: [__m256i; PARTS],
) -> [__m256; PARTS] {
    let index = _mm256_packus_epi16(_mm256_packus_epi32(a, b), _mm256_packus_epi32(c, d));
    let mut planes = [_mm256_setzero_si256(); 4];
    for (part, tables) in parts.iter().enumerate() {
        let asked = _mm256_sub_epi8(index, _mm256_set1_epi8((part * SHUFFLED) as i8));
        for (plane, &table) in planes.iter_mut().zip(tables) {
            *plane = _mm256_xor_si256(*plane, _mm256_shuffle_epi8(table, asked));
        }
    }
    let [first, second, third, fourth] = planes;
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
    use super::*;

    #[test]
    fn tables_are_for_sums_and_places_that_are_exact() {
        let slopes = vec![0.0; 1 << 24];
        let count = |s_min: i32, count: usize| {
            Table::new(s_min, &slopes[..count]).map(|table| table.parts.len())
        };
        assert_eq!(count(-27, 55), Some(4));
        assert_eq!(count(-64, 128), Some(8));
        assert_eq!(count(-64, 129), Some(0), "gathered");
        assert_eq!(count(1 - EXACT, 100), Some(7));
        assert_eq!(count(-EXACT, 100), None);
        assert_eq!(count(EXACT - 100, 100), None);
        assert_eq!(count(-EXACT / 2, 1 << 24), None, "places beyond 2^24");
    }
}
