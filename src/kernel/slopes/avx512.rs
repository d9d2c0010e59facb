//! Gradients of partial sums for AVX-512 with VNNI: four byte products per step, slopes by 32-entry permutations.
//!
//! Not responsible for slopes that depend on a draw (`drawn`).

use super::group::Group;
use super::strip::Strip;
use std::arch::x86_64::*;

/// Numbers in a register.
const WIDTH: usize = 16;

/// Slopes padded to whole registers of 16.
pub struct Table {
    s_min: i32,
    entries: Vec<f32>,
}

impl Table {
    /// Slopes of the sums `s_min + index`.
    pub fn new(s_min: i32, slopes: &[f32]) -> Self {
        let mut entries = slopes.to_vec();
        entries.resize(slopes.len().next_multiple_of(4 * WIDTH), 0.0);
        Table { s_min, entries }
    }
}

/// `to[place] = dy[place] D(s[place])` of one output.
///
/// # Safety
/// [`available`]; `dy` and `to` hold all places of the strip, and every sum lies in the table.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub unsafe fn fill(
    table: &Table,
    (strip, group): (&Strip, &Group),
    output: usize,
    dy: &[f32],
    to: &mut [f32],
) {
    let quads = group.quads(output);
    // SAFETY: handed on to the caller.
    unsafe {
        match quads.len() {
            3 => by_quads::<3>(table, strip, quads, dy, to),
            _ => by_quads::<0>(table, strip, quads, dy, to),
        }
    }
}

/// [`fill`] for `Q` quads, 0 if their number is known only at run time.
///
/// # Safety
/// As for [`fill`].
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
#[allow(
    clippy::needless_range_loop,
    reason = "one index for weights in registers and for bytes in memory"
)]
unsafe fn by_quads<const Q: usize>(
    table: &Table,
    strip: &Strip,
    quads: &[[i8; 4]],
    dy: &[f32],
    to: &mut [f32],
) {
    let count = if Q > 0 { Q } else { quads.len() };
    let places = strip.places();
    let offset = _mm512_set1_epi32(-table.s_min);
    let entries = table.entries.as_ptr();
    let is_small = table.entries.len() == 4 * WIDTH;
    let weight = |quad: usize| _mm512_set1_epi32(i32::from_le_bytes(quads[quad].map(|w| w as u8)));
    // SAFETY: tables are padded to 64 entries; strips hold `quads * places` words; the caller promises the rest.
    unsafe {
        let part: [__m512; 4] = std::array::from_fn(|k| _mm512_loadu_ps(entries.add(k * WIDTH)));
        let known: [__m512i; Q] = std::array::from_fn(weight);
        for place in (0..places).step_by(WIDTH) {
            let mut index = offset;
            for quad in 0..count {
                let at = (quad * places + place) * 4;
                let codes = _mm512_loadu_si512(strip.bytes.as_ptr().add(at).cast());
                let weights = if Q > 0 { known[quad] } else { weight(quad) };
                index = _mm512_dpbusd_epi32(index, codes, weights);
            }
            let slope = if is_small {
                let low = _mm512_permutex2var_ps(part[0], index, part[1]);
                let high = _mm512_permutex2var_ps(part[2], index, part[3]);
                let upper = _mm512_test_epi32_mask(index, _mm512_set1_epi32(32));
                _mm512_mask_blend_ps(upper, low, high)
            } else {
                _mm512_i32gather_ps::<4>(index, entries)
            };
            let product = _mm512_mul_ps(slope, _mm512_loadu_ps(dy.as_ptr().add(place)));
            _mm512_storeu_ps(to.as_mut_ptr().add(place), product);
        }
    }
}

/// `offset` plus the sums of sixteen images from `place` on.
///
/// # Safety
/// [`available`]; the strip holds the place.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub unsafe fn sums(strip: &Strip, quads: &[[i8; 4]], place: usize, offset: __m512i) -> __m512i {
    let places = strip.places();
    let mut sums = offset;
    for (quad, weights) in quads.iter().enumerate() {
        let weights = _mm512_set1_epi32(i32::from_le_bytes(weights.map(|w| w as u8)));
        let at = (quad * places + place) * 4;
        // SAFETY: strips hold `quads * places` words.
        let codes = unsafe { _mm512_loadu_si512(strip.bytes.as_ptr().add(at).cast()) };
        sums = _mm512_dpbusd_epi32(sums, codes, weights);
    }
    sums
}
