//! Ramp read-out: one sense amp sees the references rise; the counter stops at the first one above the current.
//!
//! Code = number of ones before the first zero, each comparison with its own noise.

use crate::hw::comparison_noise::ComparisonNoise;
use crate::hw::sense_amp::SenseAmp;
use rand::Rng;

/// Ramps less likely than this to still run are not followed.
const UNREACHABLE: f64 = 1e-40;

/// Adds `weight * P(code | current)` to `out`.
pub fn add_pmf(
    current: f64,
    thresholds: &[f64],
    noise: &ComparisonNoise,
    weight: f64,
    out: &mut [f64],
) {
    let one = |(k, &t): (usize, &f64)| SenseAmp::probability(current, t, noise.at(k));
    add_pmf_of(thresholds.iter().enumerate().map(one), weight, out);
}

/// The same for the probability of a one at each reference.
pub fn add_pmf_of(ones_at: impl Iterator<Item = f64>, weight: f64, out: &mut [f64]) {
    let mut alive = weight;
    for (code, p) in ones_at.enumerate() {
        out[code] += alive * (1.0 - p);
        alive *= p;
        if alive < UNREACHABLE {
            return;
        }
    }
    out[out.len() - 1] += alive;
}

/// One conversion.
pub fn sample(
    current: f64,
    thresholds: &[f64],
    noise: &ComparisonNoise,
    rng: &mut impl Rng,
) -> usize {
    let thresholds = thresholds.iter().enumerate();
    thresholds
        .take_while(|&(k, &t)| SenseAmp::decides(current, t, noise.at(k).sample(rng)))
        .count()
}

/// Ascending thresholds of the same law: a later reference below an earlier one is never seen.
pub fn effective(mut thresholds: Vec<f64>) -> Vec<f64> {
    let mut highest = f64::NEG_INFINITY;
    for t in &mut thresholds {
        highest = highest.max(*t);
        *t = highest;
    }
    thresholds
}
