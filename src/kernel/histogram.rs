//! How often each group sum occurs, for calibrating references.
//!
//! Not responsible for choosing the references.

use super::groups::{PreparedWeights, Taps};
use super::lanes::{LANES, Lanes};
use std::ops::RangeInclusive;

/// Counts of group sums over every output, group and the first `lanes_used` images; index `s - range.start()`.
///
/// Only every `pixel_step`-th output pixel (flat order) is looked at. Sums outside the range are counted at its ends.
///
/// # Panics
/// If shapes disagree, the range is empty or `pixel_step` is 0.
pub fn group_histogram(
    input: &Lanes<u8>,
    weights: &PreparedWeights,
    lanes_used: usize,
    range: RangeInclusive<i32>,
    pixel_step: usize,
) -> Vec<u64> {
    let (low, high) = range.into_inner();
    assert!(
        low <= high && lanes_used <= LANES,
        "a range of sums and at most 32 images"
    );
    let mut counts = vec![0u64; (high - low + 1) as usize];
    let taps = Taps::new(&weights.geometry, input);
    for &corner in taps.pixels.iter().step_by(pixel_step) {
        for output in 0..weights.geometry.outputs {
            for group in 0..weights.plan.groups() {
                let lanes = weights.lane_sums(input, &taps, (output, group, corner));
                for &s in &lanes[..lanes_used] {
                    counts[(s.clamp(low, high) - low) as usize] += 1;
                }
            }
        }
    }
    counts
}
