//! What a code is worth: the centre of its interval, the nearest integer, or the conditional mean of the sums behind it.
//!
//! Values are kept as small integer levels on a uniform grid (`base + step * level`), as small as possible, so that sums of
//! codes are exact. With integer sums and a grid that does not fall on integers, only the nearest-integer rule
//! is lossless when there are enough codes.

use super::table::Decode;
use crate::hw::keyword::keyword;

keyword! {
    /// Rule that gives a code its value.
    DecodeRule {
        /// Centre of the code's interval.
        Centre = "centre",
        /// Integer nearest to that centre.
        NearestInteger = "nearest_integer",
        /// Mean of the sums that give this code, on a histogram of partial sums.
        ConditionalMean = "conditional_mean",
    }
}

/// Levels for values that were kept as `f32`: even spacing counts as even within their rounding.
pub fn from_stored(values: &[f32]) -> Decode {
    let values: Vec<f64> = values.iter().map(|&v| f64::from(v)).collect();
    let last = values.len().saturating_sub(1);
    let step = (values[last] - values[0]) / last.max(1) as f64;
    let zero = values.iter().position(|v| *v == 0.0).unwrap_or(0);
    let origin = values[zero];
    let even = |k: usize| origin + step * (k as f64 - zero as f64);
    let rounded = |(k, v): (usize, &f64)| (v - even(k)).abs() <= STORED * step;
    if step > 0.0 && values.iter().enumerate().all(rounded) {
        let even: Vec<f64> = (0..values.len()).map(even).collect();
        return from_values(&even);
    }
    from_values(&values)
}

/// Rounding of stored values over their step.
const STORED: f64 = 1e-5;

/// Levels for arbitrary values: evenly spaced values keep level = code; integers are divided by their common step;
/// anything else is rounded to a power-of-two grid of at most 255 steps.
pub fn from_values(values: &[f64]) -> Decode {
    evenly_spaced(values)
        .or_else(|| integers(values))
        .unwrap_or_else(|| fixed_point(values))
}

fn evenly_spaced(values: &[f64]) -> Option<Decode> {
    let step = if values.len() > 1 {
        values[1] - values[0]
    } else {
        1.0
    };
    let even = |(k, v): (usize, &f64)| (v - values[0] - step * k as f64).abs() <= 1e-9 * step.abs();
    if step <= 0.0 || values.len() > 256 || !values.iter().enumerate().all(even) {
        return None;
    }
    let step_f32 = step as f32;
    let zero = values.iter().position(|v| v.abs() <= 1e-9 * step);
    Some(Decode {
        // A code worth 0 stays exactly 0 in f32.
        base: zero.map_or(values[0] as f32, |k| -(step_f32 * k as f32)),
        step: step_f32,
        levels: (0..values.len()).map(|k| k as u8).collect(),
    })
}

fn integers(values: &[f64]) -> Option<Decode> {
    if values.iter().any(|v| v.round() != *v || v.abs() > 1e6) {
        return None;
    }
    let min = values.iter().copied().fold(f64::INFINITY, f64::min);
    let offsets: Vec<u32> = values.iter().map(|v| (v - min) as u32).collect();
    let common = offsets.iter().copied().fold(0, gcd).max(1);
    let levels = offsets
        .iter()
        .map(|o| u8::try_from(o / common).ok())
        .collect::<Option<Vec<u8>>>()?;
    Some(Decode {
        base: min as f32,
        step: common as f32,
        levels,
    })
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn fixed_point(values: &[f64]) -> Decode {
    let min = values.iter().copied().fold(f64::INFINITY, f64::min);
    let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let step = ((max - min).max(1e-6) / 254.0).log2().ceil().exp2();
    let base = (min / step).round() * step;
    Decode {
        base: base as f32,
        step: step as f32,
        levels: values
            .iter()
            .map(|v| ((v - base) / step).round() as u8)
            .collect(),
    }
}

/// Nearest integer, halves away from 0 (so that symmetric codes keep symmetric values).
pub fn nearest_integer(value: f64) -> f64 {
    value.round()
}

/// Centres of the intervals between thresholds; the outer codes continue their neighbour's spacing.
pub fn interval_centres(thresholds: &[f64]) -> Vec<f64> {
    let count = thresholds.len();
    if count == 1 {
        return vec![thresholds[0] - 0.5, thresholds[0] + 0.5];
    }
    let inner = thresholds.windows(2).map(|pair| 0.5 * (pair[0] + pair[1]));
    let first = thresholds[0] - 0.5 * (thresholds[1] - thresholds[0]);
    let last = thresholds[count - 1] + 0.5 * (thresholds[count - 1] - thresholds[count - 2]);
    std::iter::once(first)
        .chain(inner)
        .chain(std::iter::once(last))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_codes_where_possible_and_zero_is_exact() {
        let step = 27.0 / 7.0;
        let decode = from_values(
            &(0..15)
                .map(|k| step * (f64::from(k) - 7.0))
                .collect::<Vec<_>>(),
        );
        assert_eq!(decode.levels, (0..15).collect::<Vec<u8>>());
        assert_eq!(decode.value(7), 0.0);
    }

    #[test]
    fn integers_and_fixed_point_stay_close() {
        let integers = from_values(&[-8.0, -2.0, 0.0, 2.0, 8.0]);
        assert_eq!((integers.base, integers.step), (-8.0, 2.0));
        assert_eq!(integers.levels, vec![0, 3, 4, 5, 8]);
        let values = [-12.31, -3.7, 0.01, 3.9, 13.2];
        let decode = from_values(&values);
        for (code, v) in values.iter().enumerate() {
            assert!(
                (f64::from(decode.value(code)) - v).abs() <= 0.5 * f64::from(decode.step) + 1e-6
            );
        }
        assert_eq!(decode.step.log2().fract(), 0.0);
    }
}
