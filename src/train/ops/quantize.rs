//! Activation quantizer with a learned step (LSQ, Esser et al., ICLR 2020), giving codes instead of values.
//!
//! ```text
//! code = clamp(floor(x / s + 1/2), 0, Q)
//! ```
//! Straight-through rule with `dv = dcode / s`: `dx = dv` where `0 <= x / s <= Q`, else 0; `ds = sum dv (c code - x / s)` inside,
//! `c dv Q` above, 0 below, times `1 / sqrt(n Q)`, with c = 1 for the gradient of values (LSQ) and 0 for that of codes
//! ([`StepGradient`]). Saved: the input.

use super::{Batch, PlaneMut, by_channel, images, like, map_rows, rows};
use crate::kernel::float::Real;
use crate::kernel::lanes::{LANES, Lanes};
use crate::kernel::vectorize::vectorized;
use crate::train::quantizer::step_gradient::StepGradient;
use rayon::prelude::*;

/// Codes `0 ..= top`, with the border asked for.
pub fn f<T: Real>(input: &[Lanes<T>], step: T, top: u8, border: usize) -> Batch<T> {
    let inverse = T::from_f64(1.0) / step;
    let mut output = like(input, border);
    for (from, to) in input.iter().zip(&mut output) {
        map_rows(from, to, |_, x, y| {
            codes_of_row(x, y, inverse, top);
        });
    }
    output
}

vectorized! {
    fn codes_of_row[T: Real](x: &[T], y: &mut [T], inverse: T, top: u8) {
        for (y, &x) in y.iter_mut().zip(x) {
            *y = (x * inverse).code(top);
        }
    }
}

/// Gradient in the step; the gradient in the codes becomes that in the input, in place.
pub fn df<T: Real>(
    input: &[Lanes<T>],
    step: T,
    top: u8,
    of: StepGradient,
    gradient: &mut [Lanes<T>],
) -> T {
    let inverse = T::from_f64(1.0) / step;
    let own_code = T::from_f64(of.own_code());
    let numbers = (images(input) * input[0].channels * input[0].height * input[0].width) as f64;
    let of_plane = |x: &Lanes<T>, channel: usize, mut dy: PlaneMut<T>| -> f64 {
        let rows = rows(x, channel).zip(dy.rows_mut());
        rows.map(|(x, dy)| row_back(x, dy, inverse, own_code, top))
            .sum()
    };
    let of_channel = |(channel, planes): (usize, Vec<PlaneMut<T>>)| -> Vec<f64> {
        let blocks = input.iter().zip(planes);
        blocks.map(|(x, dy)| of_plane(x, channel, dy)).collect()
    };
    let channels = by_channel(gradient).into_par_iter().enumerate();
    let terms: Vec<Vec<f64>> = channels.map(of_channel).collect();
    // Summed in one order, block by block, so it does not depend on threads.
    let of_block = |block: usize| terms.iter().map(|terms| terms[block]).sum::<f64>();
    let total = (0..input.len()).map(of_block).fold(0.0, |a, b| a + b);
    T::from_f64(total * inverse.to_f64() / (numbers * f64::from(top)).sqrt())
}

vectorized! {
    /// Terms of the step's gradient of one row of pixels, summed lane by lane; its gradient becomes that in the input.
    fn row_back[T: Real](x: &[T], dy: &mut [T], inverse: T, own_code: T, top: u8) -> f64 {
        let (zero, most) = (T::from_f64(0.0), T::from_f64(f64::from(top)));
        let mut lanes = [zero; LANES];
        for (x, dy) in x.chunks_exact(LANES).zip(dy.chunks_exact_mut(LANES)) {
            for ((lane, &x), dy) in lanes.iter_mut().zip(x).zip(dy) {
                let (ratio, scaled) = (x * inverse, *dy * inverse);
                *lane += step_term(ratio, *dy, top, own_code);
                // Both sides compared whatever the first says: loops without a branch vectorize.
                let inside = (ratio >= zero) & (ratio <= most);
                *dy = if inside { scaled } else { zero };
            }
        }
        lanes.iter().map(|lane| lane.to_f64()).sum()
    }
}

#[inline(always)]
fn step_term<T: Real>(ratio: T, dy: T, top: u8, own_code: T) -> T {
    let (zero, most) = (T::from_f64(0.0), T::from_f64(f64::from(top)));
    // All three are computed and one is kept: loops without a branch vectorize.
    let above = dy * most * own_code;
    let inside = dy * (ratio.code(top) * own_code - ratio);
    let not_below = if ratio > most { above } else { inside };
    if ratio < zero { zero } else { not_below }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Purpose, keyed};
    use approx::assert_relative_eq;
    use rand::RngExt;

    /// Values below 0, inside, and above the range of three steps of 0.7.
    fn data() -> (Vec<Lanes<f64>>, Vec<Lanes<f64>>) {
        let mut rng = keyed(2, Purpose::Pattern, &[]);
        let mut some = |low: f64, high: f64| {
            let mut block = Lanes::<f64>::zeros(3, 2, 2, 0);
            let values = block.values.iter_mut();
            values.for_each(|value| *value = rng.random_range(low..high));
            block
        };
        let inputs = vec![some(-1.5, 3.5), some(-1.5, 3.5)];
        (inputs, vec![some(-1.0, 1.0), some(-1.0, 1.0)])
    }

    const TOP: u8 = 3;
    const STEP: f64 = 0.7;

    /// The code where the rounding error, counted in steps, does not move with step or input.
    fn held(x: f64, step: f64, rounding: f64) -> f64 {
        let ratio = x / step;
        match (ratio < 0.0, ratio > f64::from(TOP)) {
            (true, _) => 0.0,
            (_, true) => f64::from(TOP),
            _ => ratio + rounding,
        }
    }

    #[test]
    fn gradients_are_those_of_a_fixed_rounding_error() {
        let (inputs, gradients) = data();
        let codes = f(&inputs, STEP, TOP, 0);
        let numbers: f64 = inputs.iter().map(|block| block.values.len() as f64).sum();
        let pairs = || {
            let blocks = inputs.iter().zip(&gradients).zip(&codes);
            blocks.flat_map(|((x, g), c)| {
                let values = x.values.iter().zip(g.values.iter()).zip(c.values.iter());
                values.map(|((&x, &g), &c)| (x, g, c))
            })
        };
        assert!(pairs().any(|(x, _, c)| x > 2.2 && c == 3.0));
        let mut back = Vec::new();
        for of in [StepGradient::Codes, StepGradient::Values] {
            // The gradient is in codes; values are codes times the step, over the step that the gradient was taken at.
            let worth = |step: f64| match of {
                StepGradient::Codes => 1.0,
                StepGradient::Values => step / STEP,
            };
            let loss = |step: f64| -> f64 {
                let term =
                    |(x, g, c): (f64, f64, f64)| g * worth(step) * held(x, step, c - x / STEP);
                pairs().map(term).sum()
            };
            let h = 1e-6;
            let expected = (loss(STEP + h) - loss(STEP - h)) / (2.0 * h);
            let expected = expected / (numbers * f64::from(TOP)).sqrt();
            back = gradients.clone();
            let found = df(&inputs, STEP, TOP, of, &mut back);
            assert!(expected.abs() > 0.1, "{of:?}: {expected}");
            assert_relative_eq!(found, expected, max_relative = 1e-5);
        }
        let mut counts = [0; 2];
        for (found, (x, g, _)) in back.iter().flat_map(|b| b.values.iter()).zip(pairs()) {
            let inside = (0.0..=STEP * f64::from(TOP)).contains(&x);
            counts[usize::from(inside)] += 1;
            assert_relative_eq!(*found, if inside { g / STEP } else { 0.0 });
        }
        assert!(counts.iter().all(|&count| count > 50), "{counts:?}");
    }
}
