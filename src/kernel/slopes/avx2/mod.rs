//! Gradients of partial sums for AVX2: slopes by shuffles of their bytes.
//!
//! A table of 16 n slopes (n up to 8) is, for each of their four bytes, n shuffles of XOR-prefix tables: table k holds
//! `entry[16k+i] ^ entry[16(k-1)+i]` and is asked with `index - 16 k`, which the shuffle answers with 0 while it is negative. Larger
//! ones are gathered, at four times the price. Not responsible for slopes that depend on a draw (`drawn`).

pub mod sums;

use self::sums::{PARTS, Sums, WIDTH, is_exact};
use super::group::Group;
use super::strip::Strip;
use crate::kernel::groups::Backend;
use crate::kernel::lanes::LANES;
use std::arch::x86_64::*;

/// Entries of a shuffle.
pub const SHUFFLED: usize = 16;
/// Shuffles of the largest table that is shuffled.
pub const MOST: usize = 8;

/// Sixteen entries, byte by byte.
type Bytes = [[u8; SHUFFLED]; 4];

/// True if this processor can run it and `drawn`.
pub fn available() -> bool {
    Backend::Avx2.available()
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
/// [`available`]; the strip lies in rows, `dy` and `to` hold all its places, and every sum lies in the table.
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
        match table.parts.len() {
            0 => {
                for place in places {
                    let gather = |at| _mm256_i32gather_ps::<4>(table.slopes.as_ptr(), at);
                    multiply(sums.numbers(place).map(gather), place, dy, to);
                }
            }
            1..=2 => by_shuffles::<2>(table, &sums, places, dy, to),
            3..=4 => by_shuffles::<4>(table, &sums, places, dy, to),
            _ => by_shuffles::<MOST>(table, &sums, places, dy, to),
        }
    }
}

/// [`fill`] by `N` shuffles.
///
/// # Safety
/// As for [`fill`]; at most `N` parts.
#[inline]
#[target_feature(enable = "avx2,fma")]
unsafe fn by_shuffles<const N: usize>(
    table: &Table,
    sums: &Sums,
    places: impl Iterator<Item = usize>,
    dy: &[f32],
    to: &mut [f32],
) {
    let parts: [[__m256i; 4]; N] = std::array::from_fn(|part| {
        let bytes = table.parts.get(part).copied().unwrap_or_default();
        bytes.map(|bytes| _mm256_broadcastsi128_si256(bytemuck::cast(bytes)))
    });
    for place in places {
        // SAFETY: handed on to the caller; shuffled tables have up to 128 entries.
        unsafe { multiply(shuffled(&parts, sums.bytes(place)), place, dy, to) };
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
fn shuffled<const N: usize>(parts: &[[__m256i; 4]; N], index: __m256i) -> [__m256; PARTS] {
    // Bytes are unpacked by halves of registers: four of the first eight images, four of the next, and the other four of each.
    let index = _mm256_permutevar8x32_epi32(index, _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7));
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
    use super::sums::EXACT;
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
