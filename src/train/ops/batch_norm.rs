//! Batch norm per channel over images and pixels (Ioffe and Szegedy, 2015).
//!
//! ```text
//! xh = (x - mean) / sqrt(var + eps),   y = gamma xh + beta
//! dgamma = sum dy xh,   dbeta = sum dy,   dx = gamma / sqrt(var + eps) (dy - mean(dy) - xh mean(dy xh))
//! ```
//! Means run in `f64` in a fixed order, so results do not depend on threads. Saved: input, mean, 1 / sqrt(var + eps).

use super::{Batch, images, like, map_rows, rows};
use crate::kernel::float::Real;
use crate::kernel::lanes::{LANES, Lanes};
use rayon::prelude::*;

/// Keeps the variance away from zero.
pub const EPSILON: f64 = 1e-5;

/// Statistics of one batch per channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    /// Mean.
    pub mean: Vec<f64>,
    /// Variance (biased).
    pub variance: Vec<f64>,
}

impl Statistics {
    /// 1 / sqrt(var + eps) of a channel.
    pub fn inverse(&self, channel: usize) -> f64 {
        1.0 / (self.variance[channel] + EPSILON).sqrt()
    }
}

/// Sum over images and pixels of `g(x, y)` of one channel of two batches.
fn total<T: Real>(a: &[Lanes<T>], b: &[Lanes<T>], channel: usize, g: impl Fn(T, T) -> T) -> f64 {
    let mut sum = 0.0;
    for (a, b) in a.iter().zip(b) {
        for (a, b) in rows(a, channel).zip(rows(b, channel)) {
            let mut lanes = [T::from_f64(0.0); LANES];
            for (a, b) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
                for ((lane, &a), &b) in lanes.iter_mut().zip(a).zip(b) {
                    *lane += g(a, b);
                }
            }
            sum += lanes.iter().map(|lane| lane.to_f64()).sum::<f64>();
        }
    }
    sum
}

fn count<T: Real>(batch: &[Lanes<T>]) -> f64 {
    (images(batch) * batch[0].height * batch[0].width) as f64
}

/// Statistics of a batch.
pub fn statistics<T: Real>(input: &[Lanes<T>]) -> Statistics {
    let n = count(input);
    let channel = |channel: usize| {
        let mean = total(input, input, channel, |x, _| x) / n;
        let centre = T::from_f64(mean);
        let variance = total(input, input, channel, |x, _| (x - centre) * (x - centre)) / n;
        (mean, variance)
    };
    let (mean, variance) = (0..input[0].channels).into_par_iter().map(channel).unzip();
    Statistics { mean, variance }
}

/// Value.
pub fn f<T: Real>(
    input: &[Lanes<T>],
    gamma: &[T],
    beta: &[T],
    statistics: &Statistics,
    border: usize,
) -> Batch<T> {
    let mut output = like(input, border);
    for (from, to) in input.iter().zip(&mut output) {
        map_rows(from, to, |channel, x, y| {
            let scale = gamma[channel] * T::from_f64(statistics.inverse(channel));
            let mean = T::from_f64(statistics.mean[channel]);
            for (y, &x) in y.iter_mut().zip(x) {
                *y = (x - mean) * scale + beta[channel];
            }
        });
    }
    output
}

/// Gradients in gamma and beta; the gradient in the output becomes that in the input, in place.
pub fn df<T: Real>(
    input: &[Lanes<T>],
    gamma: &[T],
    statistics: &Statistics,
    gradient: &mut [Lanes<T>],
) -> (Vec<T>, Vec<T>) {
    let n = count(input);
    let sums: Vec<(f64, f64)> = (0..gamma.len())
        .into_par_iter()
        .map(|channel| {
            let mean = T::from_f64(statistics.mean[channel]);
            let beta = total(input, gradient, channel, |_, dy| dy);
            let gamma = total(input, gradient, channel, |x, dy| (x - mean) * dy)
                * statistics.inverse(channel);
            (gamma, beta)
        })
        .collect();
    for (x, gradient) in input.iter().zip(gradient) {
        map_rows(x, gradient, |channel, x, dy| {
            let inverse = statistics.inverse(channel);
            let scale = gamma[channel] * T::from_f64(inverse);
            let slope = T::from_f64(sums[channel].0 / n * inverse);
            let (mean, offset) = (
                T::from_f64(statistics.mean[channel]),
                T::from_f64(sums[channel].1 / n),
            );
            for (dy, &x) in dy.iter_mut().zip(x) {
                *dy = scale * (*dy - offset - (x - mean) * slope);
            }
        });
    }
    sums.iter()
        .map(|&(gamma, beta)| (T::from_f64(gamma), T::from_f64(beta)))
        .unzip()
}
