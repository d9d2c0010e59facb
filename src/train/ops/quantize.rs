//! Activation quantizer with a learned step (LSQ, Esser et al., ICLR 2020), giving codes instead of values.
//!
//! ```text
//! code = clamp(floor(x / s + 1/2), 0, Q)
//! ```
//! Straight-through rule, stated on `v = s code` with `dv = dcode / s` (a batch norm follows, so only codes are passed on):
//! `dx = dv` where `0 <= x / s <= Q`, else 0; `ds = sum dv (code - x / s)` inside, `dv Q` above, 0 below, times
//! `1 / sqrt(n Q)`. Saved: the input.

use super::{Batch, images, like, map_rows, rows};
use crate::kernel::float::Real;
use crate::kernel::lanes::{LANES, Lanes};
use crate::net::network::activation_code;
use rayon::prelude::*;

/// Codes `0 ..= top`, with the border asked for.
pub fn f<T: Real>(input: &[Lanes<T>], step: T, top: u8, border: usize) -> Batch<T> {
    let inverse = T::from_f64(1.0) / step;
    let mut output = like(input, border);
    for (from, to) in input.iter().zip(&mut output) {
        map_rows(from, to, |_, x, y| {
            for (y, &x) in y.iter_mut().zip(x) {
                *y = T::from_f64(f64::from(activation_code(
                    (x * inverse).to_f64() as f32,
                    top,
                )));
            }
        });
    }
    output
}

/// Gradient in the step; the gradient in the codes becomes that in the input, in place.
pub fn df<T: Real>(input: &[Lanes<T>], step: T, top: u8, gradient: &mut [Lanes<T>]) -> T {
    let inverse = T::from_f64(1.0) / step;
    let (zero, most) = (T::from_f64(0.0), T::from_f64(f64::from(top)));
    let numbers = (images(input) * input[0].channels * input[0].height * input[0].width) as f64;
    let mut total = 0.0;
    for (x, dy) in input.iter().zip(gradient.iter()) {
        let of_channel = |channel: usize| {
            let pairs = rows(x, channel).zip(rows(dy, channel));
            pairs.map(|(x, dy)| row_term(x, dy, inverse, top)).sum()
        };
        // Collected before it is summed, so the order does not depend on threads.
        let terms: Vec<f64> = (0..x.channels).into_par_iter().map(of_channel).collect();
        total += terms.iter().sum::<f64>();
    }
    for (x, gradient) in input.iter().zip(gradient) {
        map_rows(x, gradient, |_, x, dy| {
            for (dy, &x) in dy.iter_mut().zip(x) {
                let ratio = x * inverse;
                *dy = if ratio >= zero && ratio <= most {
                    *dy * inverse
                } else {
                    zero
                };
            }
        });
    }
    T::from_f64(total * inverse.to_f64() / (numbers * f64::from(top)).sqrt())
}

/// Terms of the step's gradient of one row of pixels, summed lane by lane.
fn row_term<T: Real>(x: &[T], dy: &[T], inverse: T, top: u8) -> f64 {
    let mut lanes = [T::from_f64(0.0); LANES];
    for (x, dy) in x.chunks_exact(LANES).zip(dy.chunks_exact(LANES)) {
        for ((lane, &x), &dy) in lanes.iter_mut().zip(x).zip(dy) {
            *lane += step_term(x * inverse, dy, top);
        }
    }
    lanes.iter().map(|lane| lane.to_f64()).sum()
}

fn step_term<T: Real>(ratio: T, dy: T, top: u8) -> T {
    let (zero, most) = (T::from_f64(0.0), T::from_f64(f64::from(top)));
    if ratio < zero {
        return zero;
    }
    if ratio > most {
        return dy * most;
    }
    let code = f64::from(activation_code(ratio.to_f64() as f32, top));
    dy * (T::from_f64(code) - ratio)
}
