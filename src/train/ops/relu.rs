//! Rectifier: `y = max(x, 0)`, `dx = dy` where `y > 0`, else 0. Saved: the output.

use super::{Batch, like, map_rows};
use crate::kernel::float::Real;
use crate::kernel::lanes::Lanes;

/// Value.
pub fn f<T: Real>(input: &[Lanes<T>], border: usize) -> Batch<T> {
    let zero = T::from_f64(0.0);
    let mut output = like(input, border);
    for (from, to) in input.iter().zip(&mut output) {
        map_rows(from, to, |_, x, y| {
            for (y, &x) in y.iter_mut().zip(x) {
                *y = if x > zero { x } else { zero };
            }
        });
    }
    output
}

/// Derivative: turns the gradient in the output into that in the input, in place.
pub fn df<T: Real>(output: &[Lanes<T>], gradient: &mut [Lanes<T>]) {
    let zero = T::from_f64(0.0);
    for (value, gradient) in output.iter().zip(gradient) {
        map_rows(value, gradient, |_, y, dy| {
            for (dy, &y) in dy.iter_mut().zip(y) {
                *dy = if y > zero { *dy } else { zero };
            }
        });
    }
}
