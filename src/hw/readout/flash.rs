//! Flash read-out: one sense amp per reference, all at once; code = number of ones (so bubbles cannot hurt).
//!
//! With independent comparator noise the count of ones is Poisson-binomial.

use crate::hw::comparison_noise::ComparisonNoise;
use crate::hw::sense_amp::SenseAmp;
use rand::Rng;

/// A one less likely than this is not counted.
const IMPOSSIBLE: f64 = 1e-40;

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
    let mut certain = 0;
    let mut ones = vec![weight];
    for p in ones_at {
        if p == 1.0 {
            certain += 1;
        } else if p > IMPOSSIBLE {
            ones.push(0.0);
            for k in (1..ones.len()).rev() {
                ones[k] = ones[k] * (1.0 - p) + ones[k - 1] * p;
            }
            ones[0] *= 1.0 - p;
        }
    }
    for (k, p) in ones.iter().enumerate() {
        out[certain + k] += p;
    }
}

/// One conversion by its sense amps.
pub fn sample(
    current: f64,
    thresholds: &[f64],
    noise: &ComparisonNoise,
    rng: &mut impl Rng,
) -> usize {
    let thresholds = thresholds.iter().enumerate();
    thresholds
        .filter(|&(k, &t)| SenseAmp::decides(current, t, noise.at(k).sample(rng)))
        .count()
}

/// Thresholds of the same law for references in any order: the count of ones does not see the order.
pub fn effective(mut thresholds: Vec<f64>) -> Vec<f64> {
    thresholds.sort_by(f64::total_cmp);
    thresholds
}
