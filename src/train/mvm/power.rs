//! Roots of numbers from 1 upwards, fast: what a softmax of logarithms comes down to.
//!
//! Only sums, products and bit patterns, so that loops over it vectorize and every machine gives the same bits. The series
//! are those of atanh and exp, long enough for 2e-6 per unit of the logarithm. Not for numbers below 1, zero or NaN.

use std::f32::consts::{LN_2, LOG2_E};

/// x^-exponent for a finite x >= 1 and exponent >= 0; 0 where the result is below the smallest normal number.
pub(super) fn inverse_power(x: f32, exponent: f32) -> f32 {
    exp2(-exponent * log2(x))
}

/// Base-2 logarithm: exponent bits, and 2 atanh((m - 1) / (m + 1)) of the mantissa m in 1..2.
fn log2(x: f32) -> f32 {
    let bits = x.to_bits();
    let whole = (bits >> 23) as i32 - 127;
    let mantissa = f32::from_bits((bits & 0x007F_FFFF) | 0x3F80_0000);
    let t = (mantissa - 1.0) / (mantissa + 1.0);
    let u = t * t;
    let series = 1.0
        + u * (1.0 / 3.0 + u * (1.0 / 5.0 + u * (1.0 / 7.0 + u * (1.0 / 9.0 + u * (1.0 / 11.0)))));
    whole as f32 + 2.0 * LOG2_E * t * series
}

/// Power of two of a number that is not much above 0, 0 from -126 down.
fn exp2(y: f32) -> f32 {
    // Beyond 2^23 the sum has no room for fractions: its last bits are the nearest integer.
    const ROUND: f32 = 12_582_912.0;
    let y = if y > -126.0 { y } else { -127.0 };
    let shifted = y + ROUND;
    let z = (y - (shifted - ROUND)) * LN_2;
    let tail = 1.0 / 6.0 + z * (1.0 / 24.0 + z * (1.0 / 120.0 + z * (1.0 / 720.0)));
    let series = 1.0 + z * (1.0 + z * (0.5 + z * tail));
    f32::from_bits(shifted.to_bits().wrapping_add(127) << 23) * series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_agree_with_the_library() {
        for exponent in [0.25, 0.5, 1.0, 2.0, 10.0] {
            for step in 0..4000 {
                let x = (f64::from(step) * 0.017).exp() as f32;
                let exact = f64::from(x).powf(-exponent);
                let fast = f64::from(inverse_power(x, exponent as f32));
                let tolerance = 4e-6 * (1.0 + exponent * f64::from(x).ln());
                assert!(
                    (fast - exact).abs() <= tolerance * exact + 2e-38,
                    "{x}^-{exponent}: {fast} {exact}"
                );
            }
        }
        assert_eq!(inverse_power(1.0, 3.0), 1.0);
        assert_eq!(inverse_power(1e30, 100.0), 0.0);
    }
}
