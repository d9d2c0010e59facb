//! How often each group sum occurs, for calibrating references, and how much of their variance never changes.
//!
//! Not responsible for choosing the references.

use super::groups::PreparedWeights;
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
    let taps = weights.taps(input);
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

/// Totals of the input codes on every word line over the pixels and images that [`group_histogram`] looks at.
///
/// # Panics
/// If shapes disagree or `pixel_step` is 0.
pub fn input_totals(
    input: &Lanes<u8>,
    weights: &PreparedWeights,
    lanes_used: usize,
    pixel_step: usize,
) -> Vec<u64> {
    let taps = weights.taps(input);
    let total = |&row: &usize| {
        let corners = taps.pixels.iter().step_by(pixel_step);
        let pixels = corners.map(|corner| &input.values[corner + row..][..lanes_used]);
        pixels.flatten().map(|&code| u64::from(code)).sum()
    };
    taps.rows.iter().map(total).collect()
}

/// Variance, over outputs and groups, of the mean group sum of an output's group: what is the same for all images and pixels. A sum is
/// linear in its inputs, so its mean follows from theirs: `totals` of [`input_totals`] over `looks` pixels and images.
///
/// # Panics
/// If there are not as many totals as rows.
pub fn constant_variance(weights: &PreparedWeights, totals: &[u64], looks: u64) -> f64 {
    assert_eq!(totals.len(), weights.plan.rows, "a total for every row");
    let mean = |at: usize| totals[at] as f64 / looks.max(1) as f64;
    let (mut sum, mut squares) = (0.0, 0.0);
    for output in 0..weights.geometry.outputs {
        for group in 0..weights.plan.groups() {
            let codes = weights.group_codes(output, group).iter();
            let rows = codes.zip(weights.plan.range(group));
            let constant: f64 = rows.map(|(&code, row)| f64::from(code) * mean(row)).sum();
            (sum, squares) = (sum + constant, squares + constant * constant);
        }
    }
    let count = (weights.geometry.outputs * weights.plan.groups()) as f64;
    (squares / count - (sum / count).powi(2)).max(0.0)
}
