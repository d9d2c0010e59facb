//! Batch norm per channel over images and pixels (Ioffe and Szegedy, 2015).
//!
//! ```text
//! xh = (x - mean) / sqrt(var + eps),   y = gamma xh + beta
//! dgamma = sum dy xh,   dbeta = sum dy,   dx = gamma / sqrt(var + eps) (dy - mean(dy) - xh mean(dy xh))
//! ```
//! Means run in `f64` in a fixed order, so results do not depend on threads. Saved: input, mean, 1 / sqrt(var + eps).

use super::{Batch, PlaneMut, by_channel, images, like, map_rows, rows};
use crate::kernel::float::Real;
use crate::kernel::lanes::{LANES, Lanes};
use crate::kernel::vectorize::vectorized;
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

/// Sum over images and pixels of `g(a, b)`, given rows of pixels of both.
fn total<'a, T: Real>(
    rows: impl Iterator<Item = (&'a [T], &'a [T])>,
    g: impl Fn(T, T) -> T,
) -> f64 {
    rows.fold(0.0, |sum, (a, b)| sum + row_total(a, b, &g))
}

vectorized! {
    fn row_total[T: Real](a: &[T], b: &[T], g: impl Fn(T, T) -> T) -> f64 {
        let mut lanes = [T::from_f64(0.0); LANES];
        for (a, b) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
            for ((lane, &a), &b) in lanes.iter_mut().zip(a).zip(b) {
                *lane += g(a, b);
            }
        }
        lanes.iter().map(|lane| lane.to_f64()).sum::<f64>()
    }
}

fn count<T: Real>(batch: &[Lanes<T>]) -> f64 {
    (images(batch) * batch[0].height * batch[0].width) as f64
}

/// Statistics of a batch.
pub fn statistics<T: Real>(input: &[Lanes<T>]) -> Statistics {
    let n = count(input);
    let channel = |channel: usize| {
        let twice = || input.iter().flat_map(|x| rows(x, channel)).map(|x| (x, x));
        let mean = total(twice(), |x, _| x) / n;
        let centre = T::from_f64(mean);
        let variance = total(twice(), |x, _| (x - centre) * (x - centre)) / n;
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
            normalize_row(x, y, mean, scale, beta[channel]);
        });
    }
    output
}

vectorized! {
    fn normalize_row[T: Real](x: &[T], y: &mut [T], mean: T, scale: T, beta: T) {
        for (y, &x) in y.iter_mut().zip(x) {
            *y = (x - mean) * scale + beta;
        }
    }
}

/// Gradients in gamma and beta; the gradient in the output becomes that in the input, in place.
pub fn df<T: Real>(
    input: &[Lanes<T>],
    gamma: &[T],
    statistics: &Statistics,
    gradient: &mut [Lanes<T>],
) -> (Vec<T>, Vec<T>) {
    let n = count(input);
    let of_channel = |(channel, mut planes): (usize, Vec<PlaneMut<T>>)| {
        let inverse = statistics.inverse(channel);
        let mean = T::from_f64(statistics.mean[channel]);
        let pairs = || {
            let blocks = input.iter().zip(&planes);
            blocks.flat_map(|(x, dy)| rows(x, channel).zip(dy.rows()))
        };
        let dbeta = total(pairs(), |_, dy| dy);
        let dgamma = total(pairs(), |x, dy| (x - mean) * dy) * inverse;
        let scale = gamma[channel] * T::from_f64(inverse);
        let slope = T::from_f64(dgamma / n * inverse);
        let offset = T::from_f64(dbeta / n);
        for (x, dy) in input.iter().zip(&mut planes) {
            for (x, dy) in rows(x, channel).zip(dy.rows_mut()) {
                row_back(x, dy, (mean, scale), (offset, slope));
            }
        }
        (T::from_f64(dgamma), T::from_f64(dbeta))
    };
    let channels = by_channel(gradient).into_par_iter().enumerate();
    channels.map(of_channel).unzip()
}

vectorized! {
    fn row_back[T: Real](x: &[T], dy: &mut [T], scaled: (T, T), removed: (T, T)) {
        let ((mean, scale), (offset, slope)) = (scaled, removed);
        for (dy, &x) in dy.iter_mut().zip(x) {
            *dy = scale * (*dy - offset - (x - mean) * slope);
        }
    }
}
