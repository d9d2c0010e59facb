//! Gradients of partial sums for AVX2: sums as products of whole numbers in `f32`, which are exact up to 2^24, slopes by one gather.
//!
//! Bytes would need fewer products, but pairs of them are added with saturation there. Not responsible for slopes that depend on
//! a draw (`fill`).

use super::group::Group;
use super::strip::Strip;
use crate::kernel::lanes::LANES;
use std::arch::x86_64::*;

/// Numbers in a register.
const WIDTH: usize = 8;
/// Registers of one pixel's images, summed side by side.
const PARTS: usize = LANES / WIDTH;
/// Largest magnitude of sums that are exact.
const EXACT: i32 = 1 << 24;

/// True if this processor can run it.
pub fn available() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}

/// Slopes of the sums `s_min + index`.
pub struct Table<'a> {
    s_min: i32,
    slopes: &'a [f32],
}

impl<'a> Table<'a> {
    /// `None` if sums are too large to be exact.
    pub fn new(s_min: i32, slopes: &'a [f32]) -> Option<Self> {
        let s_max = i64::from(s_min) + slopes.len() as i64;
        let is_exact = s_min > -EXACT && s_max < i64::from(EXACT);
        is_exact.then_some(Table { s_min, slopes })
    }
}

/// `to[place] = dy[place] D(s[place])` of one output.
///
/// # Safety
/// [`available`]; `dy` and `to` hold all places of the strip, and every sum lies in the table.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub unsafe fn fill(
    table: &Table,
    (strip, group): (&Strip, &Group),
    output: usize,
    dy: &[f32],
    to: &mut [f32],
) {
    let weights = &group.values[output * group.padded..][..group.rows];
    // SAFETY: handed on to the caller.
    unsafe {
        match <&[f32; 9]>::try_from(weights) {
            Ok(nine) => by_rows(table, strip, nine, dy, to),
            Err(_) => by_rows(table, strip, weights, dy, to),
        }
    }
}

/// [`fill`] with the weights of the group's rows: an array, if their number is known when this is compiled.
///
/// # Safety
/// As for [`fill`].
#[inline]
#[target_feature(enable = "avx2,fma")]
unsafe fn by_rows(
    table: &Table,
    strip: &Strip,
    weights: &(impl AsRef<[f32]> + ?Sized),
    dy: &[f32],
    to: &mut [f32],
) {
    let places = strip.places();
    let offset = _mm256_set1_ps(-table.s_min as f32);
    for pixel in (0..places).step_by(LANES) {
        let mut index = [offset; PARTS];
        for (row, weight) in weights.as_ref().iter().enumerate() {
            let weight = _mm256_broadcast_ss(weight);
            for (part, index) in index.iter_mut().enumerate() {
                let at = row * places + pixel + part * WIDTH;
                // SAFETY: strips hold all places of every row.
                let values = unsafe { _mm256_loadu_ps(strip.values.as_ptr().add(at)) };
                *index = _mm256_fmadd_ps(weight, values, *index);
            }
        }
        for (part, index) in index.into_iter().enumerate() {
            let place = pixel + part * WIDTH;
            // SAFETY: the caller promises sums and places.
            unsafe {
                let index = _mm256_cvtps_epi32(index);
                let slope = _mm256_i32gather_ps::<4>(table.slopes.as_ptr(), index);
                let product = _mm256_mul_ps(slope, _mm256_loadu_ps(dy.as_ptr().add(place)));
                _mm256_storeu_ps(to.as_mut_ptr().add(place), product);
            }
        }
    }
}
