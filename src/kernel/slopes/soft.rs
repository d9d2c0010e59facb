//! Accumulated sums of a relaxed read-out: real values instead of codes, drawn by place.
//!
//! Only the relaxed-quantization baseline has such a forward pass; no chip does. Not responsible for its slopes (`table`).

use super::table::SoftTable;
use crate::kernel::groups::{PreparedWeights, Taps};
use crate::kernel::lanes::{LANES, Lanes};
use crate::kernel::stream::{NoiseKey, NoiseStream};
use rayon::prelude::*;

/// Adds `factor` times the sum of the relaxed values of all groups to `sums`, which has no border.
///
/// # Panics
/// If shapes disagree or the table misses a possible sum.
pub fn soft_sums(
    input: &Lanes<u8>,
    weights: &PreparedWeights,
    soft: &SoftTable,
    key: NoiseKey,
    factor: f32,
    sums: &mut Lanes<f32>,
) {
    let (taps, stream) = (Taps::new(&weights.geometry, input), NoiseStream::new(key));
    let stride = sums.channel_stride();
    let one = |(output, plane): (usize, &mut [f32])| {
        for (pixel, to) in plane.chunks_mut(LANES).enumerate() {
            let corner = taps.pixels[pixel];
            for group in 0..weights.plan.groups() {
                let s = weights.lane_sums(input, &taps, (output, group, corner));
                let place = (output as u32, pixel as u32, group as u32);
                let values = soft.values(&stream, place, &s);
                for (to, value) in to.iter_mut().zip(values) {
                    *to += factor * value;
                }
            }
        }
    };
    sums.values.par_chunks_mut(stride).enumerate().for_each(one);
}
