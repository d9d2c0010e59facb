//! Weight quantizers: latent real weights to integer codes `-Q ..= Q`, one scale per layer.
//!
//! ```text
//! code = clamp(round(w / s), -Q, Q)
//! ```
//! Straight-through rule with `dv = dcode / s`: `dw = dv` where `|w / s| <= Q` (to the rounding of the step), else 0. The step is
//! - learned: `ds = sum dv (c code - w / s)` inside, `+-c Q dv` outside, times `1 / sqrt(n Q)`, with c = 1 for the gradient of values
//!   (LSQ) and 0 for that of codes ([`StepGradient`]);
//! - threshold rule (ternary weight networks, Li et al., 2016): `|w| > 0.7 mean |w|` gives +-1, so `s = 1.4 mean |w|`, no gradient;
//! - largest weight: `s = max |w| / Q`, no gradient (digital layers).

use super::step_gradient::StepGradient;
use crate::kernel::float::Real;
use crate::kernel::vectorize::vectorized;
use crate::train::param::CHUNK;
use rayon::prelude::*;

/// How the step of a layer is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepRule {
    /// A trained parameter.
    Learned,
    /// Ternary threshold.
    Threshold,
    /// The largest weight has the largest code.
    Largest,
}

/// Threshold of the ternary rule over the mean magnitude (Li et al., 2016).
const TERNARY_THRESHOLD: f64 = 0.7;

/// The step of a rule that needs no training, also the start of a learned one. Never zero.
pub fn step<T: Real>(weights: &[T], rule: StepRule, top: i32) -> T {
    let size = |w: &T| w.to_f64().abs();
    let step = match rule {
        StepRule::Largest => weights.iter().map(size).fold(0.0, f64::max) / f64::from(top),
        // For more than three codes the same mean magnitude is spread as LSQ starts: 2 mean |w| / sqrt Q.
        StepRule::Learned | StepRule::Threshold => {
            let mean = weights.iter().map(size).sum::<f64>() / weights.len().max(1) as f64;
            if top == 1 {
                2.0 * TERNARY_THRESHOLD * mean
            } else {
                2.0 * mean / f64::from(top).sqrt()
            }
        }
    };
    T::from_f64(step.max(1e-8))
}

/// A trained step stays within this factor of the threshold rule's, either way.
///
/// The step of LSQ is moved by a gradient that grows with 1 / step squared, and nothing but the loss draws it back. Where the
/// read-out keeps few levels that loss is flat and noisy: steps fell to zero or grew until every weight had the code 0, and
/// the network stood still at chance (three levels, quarter-width VGG, seed 1). At 3 times the rule's step 91 % of Gaussian
/// weights have the code 0, at a third of it 15 %; steps of trainings that learned lie between 1.1 and 2 times.
pub const LEARNED_RANGE: f64 = 3.0;

/// A trained step within its range.
pub fn kept<T: Real>(trained: T, weights: &[T], top: i32) -> T {
    let rule = step(weights, StepRule::Threshold, top).to_f64();
    let (least, most) = (rule / LEARNED_RANGE, rule * LEARNED_RANGE);
    // One that lies within stays the same number, so a training that never comes near the ends is as it was.
    match trained.to_f64() {
        value if value < least => T::from_f64(least),
        value if value > most => T::from_f64(most),
        _ => trained,
    }
}

/// Code of one weight: nearest, halves away from zero.
#[inline(always)]
pub fn code<T: Real>(weight: T, step: T, top: i32) -> i32 {
    let ratio = (weight / step).to_f64();
    // Truncation of magnitude + 1/2 is the rounding wanted, without a call of a rounding function.
    let size = (ratio.abs().min(f64::from(top)) + 0.5) as i32;
    if ratio < 0.0 { -size } else { size }
}

/// Codes of a layer.
pub fn f<T: Real>(weights: &[T], step: T, top: i32) -> Vec<T> {
    let mut codes = vec![T::from_f64(0.0); weights.len()];
    let chunks = codes.par_chunks_mut(CHUNK).zip(weights.par_chunks(CHUNK));
    chunks.for_each(|(codes, weights)| codes_of(weights, codes, step, top));
    codes
}

vectorized! {
    fn codes_of[T: Real](weights: &[T], codes: &mut [T], step: T, top: i32) {
        for (to, &w) in codes.iter_mut().zip(weights) {
            *to = T::from_f64(f64::from(code(w, step, top)));
        }
    }
}

/// A step that follows from the largest weight is rounded, and that weight lies on the edge, not beyond it.
const EDGE: f64 = 1.0 + f32::EPSILON as f64;

/// Terms of a sum that are made at a time.
const TERMS: usize = 256;

/// Gradient in the step; the gradient in the codes becomes that in the latent weights, in place.
pub fn df<T: Real>(weights: &[T], step: T, top: i32, of: StepGradient, gradient: &mut [T]) -> T {
    let chunk = |(gradient, weights): (&mut [T], &[T])| -> f64 {
        let mut total = 0.0;
        for (gradient, weights) in gradient.chunks_mut(TERMS).zip(weights.chunks(TERMS)) {
            // Terms first, then their sum in order: only the first of these vectorizes.
            let mut terms = [0.0; TERMS];
            step_terms(weights, gradient, &mut terms, step, top, of.own_code());
            let terms = terms.iter().take(weights.len());
            total = terms.fold(total, |sum, term| sum + term);
        }
        total
    };
    let terms: Vec<f64> = gradient
        .par_chunks_mut(CHUNK)
        .zip(weights.par_chunks(CHUNK))
        .map(chunk)
        .collect();
    let total: f64 = terms.iter().sum();
    T::from_f64(total / (weights.len() as f64 * f64::from(top)).sqrt())
}

vectorized! {
    /// Terms of the step's gradient; the gradient in the codes becomes that in the weights.
    fn step_terms[T: Real](
        weights: &[T],
        gradient: &mut [T],
        terms: &mut [f64],
        step: T,
        top: i32,
        own_code: f64,
    ) {
        let (q, inverse) = (f64::from(top), 1.0 / step.to_f64());
        for ((term, gradient), &w) in terms.iter_mut().zip(gradient).zip(weights) {
            let ratio = w.to_f64() * inverse;
            let dv = gradient.to_f64() * inverse;
            let is_inside = ratio.abs() <= q * EDGE;
            *gradient = T::from_f64(if is_inside { dv } else { 0.0 });
            let inside = own_code * f64::from(code(w, step, top)) - ratio;
            let outside = own_code * ratio.signum() * q;
            *term = dv * if is_inside { inside } else { outside };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn ternary_threshold_is_seven_tenths_of_the_mean() {
        let weights = [0.1f64, -0.2, 0.3, -0.4, 0.5, 0.0];
        let s = step(&weights, StepRule::Threshold, 1);
        assert_relative_eq!(s, 2.0 * 0.7 * 0.25, epsilon = 1e-12);
        assert_eq!(f(&weights, s, 1), [0.0, -1.0, 1.0, -1.0, 1.0, 0.0]);
    }

    #[test]
    fn gaussian_weights_keep_most_codes() {
        // The threshold rule leaves about 42 % of Gaussian weights at zero (tanh / max rules leave 96 % and more).
        let mut rng = crate::rng::keyed(1, crate::rng::Purpose::Weights, &[]);
        let weights: Vec<f64> = (0..20_000)
            .map(|_| crate::hw::variation::standard_normal(&mut rng))
            .collect();
        let codes = f(&weights, step(&weights, StepRule::Threshold, 1), 1);
        let zeros = codes.iter().filter(|&&c| c == 0.0).count() as f64 / 20_000.0;
        assert!((zeros - 0.42).abs() < 0.02, "{zeros}");
    }

    #[test]
    fn a_trained_step_stays_near_the_rule() {
        let weights = [0.1f64, -0.2, 0.3, -0.4];
        let rule = step(&weights, StepRule::Threshold, 1);
        assert_eq!(kept(1.2 * rule, &weights, 1), 1.2 * rule);
        assert_relative_eq!(kept(50.0, &weights, 1), 3.0 * rule);
        assert_relative_eq!(kept(1e-5, &weights, 1), rule / 3.0);
    }

    #[test]
    fn the_largest_weight_has_a_gradient_however_its_step_is_rounded() {
        for largest in 1..500u16 {
            let weights = [f32::from(largest) * 0.013, -0.001];
            let s = step(&weights, StepRule::Largest, 127);
            let mut gradient = [1.0, 1.0];
            df(&weights, s, 127, StepGradient::Codes, &mut gradient);
            assert!(gradient.iter().all(|&dw| dw > 0.0), "{weights:?}");
        }
    }

    #[test]
    fn gradients_follow_the_stated_rule() {
        let (weights, s, top) = ([0.12f64, -0.31, 0.9, -2.0], 0.4, 1);
        let mut gradient = [1.0, 2.0, 3.0, 4.0];
        let given = gradient;
        let ds = df(&weights, s, top, StepGradient::Values, &mut gradient);
        assert_eq!(gradient, [2.5, 5.0, 0.0, 0.0]);
        let terms = 2.5 * (0.0 - 0.3) + 5.0 * (-1.0 + 0.775) + 7.5 * 1.0 - 10.0;
        assert_relative_eq!(ds, terms / 2.0, epsilon = 1e-12);
        let mut gradient = given;
        let ds = df(&weights, s, top, StepGradient::Codes, &mut gradient);
        assert_eq!(gradient, [2.5, 5.0, 0.0, 0.0]);
        assert_relative_eq!(ds, (2.5 * -0.3 + 5.0 * 0.775) / 2.0, epsilon = 1e-12);
    }
}
