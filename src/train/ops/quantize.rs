//! Activation quantizer with a learned step (LSQ, Esser et al., ICLR 2020), giving codes instead of values.
//!
//! ```text
//! code = clamp(floor(x / s + 1/2), 0, Q)
//! ```
//! Straight-through rule, stated on `v = s code` with `dv = dcode / s` (a batch norm follows, so only codes are passed on):
//! `dx = dv` where `0 <= x / s <= Q`, else 0; `ds = sum dv (code - x / s)` inside, `dv Q` above, 0 below, times
//! `1 / sqrt(n Q)`. Saved: the input.

use super::{Batch, like, map_rows, rows};
use crate::kernel::float::Real;
use crate::kernel::lanes::Lanes;
use crate::net::network::activation_code;

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
    let mut total = 0.0;
    let mut numbers = 0.0;
    for (x, dy) in input.iter().zip(gradient.iter()) {
        numbers += (x.channels * x.height * x.width * crate::kernel::lanes::LANES) as f64;
        for channel in 0..x.channels {
            for (x, dy) in rows(x, channel).zip(rows(dy, channel)) {
                total += x
                    .iter()
                    .zip(dy)
                    .map(|(&x, &dy)| step_term(x * inverse, dy, top).to_f64())
                    .sum::<f64>();
            }
        }
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
