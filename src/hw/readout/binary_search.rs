//! Binary-search (SAR, multi-step sense amp) read-out: one sense amp, one decision per phase.
//!
//! Codes symmetric about 0 take the sign first (reference 0) and then search the magnitude; other codes are searched
//! directly. Each decision has its own noise, so P(code) is the product along the path of the tree.

use crate::hw::sense_amp::SenseAmp;
use crate::hw::variation::Noise;
use rand::Rng;

/// The codes still possible, and whether they lie on the negative side (whose splits are mirrored).
#[derive(Clone, Copy)]
struct Open {
    low: usize,
    high: usize,
    mirrored: bool,
}

impl Open {
    /// First code of the upper part.
    fn split(self) -> usize {
        let half = (self.high - self.low).div_ceil(2);
        if self.mirrored {
            self.high + 1 - half
        } else {
            self.low + half
        }
    }

    fn parts(self) -> (Open, Open) {
        let split = self.split();
        (
            Open {
                high: split - 1,
                ..self
            },
            Open { low: split, ..self },
        )
    }
}

fn is_signed(thresholds: &[f64]) -> bool {
    let last = thresholds.len().wrapping_sub(1);
    let mirrored = |(k, t): (usize, &f64)| *t == -thresholds[last - k];
    thresholds.len() >= 2
        && thresholds.len().is_multiple_of(2)
        && thresholds.iter().enumerate().all(mirrored)
}

fn roots(thresholds: &[f64]) -> Result<(Open, Open), Open> {
    let high = thresholds.len();
    if is_signed(thresholds) {
        let zero = high / 2;
        return Ok((
            Open {
                low: 0,
                high: zero,
                mirrored: true,
            },
            Open {
                low: zero,
                high,
                mirrored: false,
            },
        ));
    }
    Err(Open {
        low: 0,
        high,
        mirrored: false,
    })
}

/// Adds `weight * P(code | current)` to `out`.
pub fn add_pmf(
    current: f64,
    thresholds: &[f64],
    sense_amp: &SenseAmp,
    weight: f64,
    out: &mut [f64],
) {
    let mut walk =
        |open: Open, weight: f64| descend(current, thresholds, sense_amp, open, weight, out);
    match roots(thresholds) {
        Ok((negative, positive)) => {
            let p = sense_amp.probability(current, 0.0);
            walk(negative, weight * (1.0 - p));
            walk(positive, weight * p);
        }
        Err(all) => walk(all, weight),
    }
}

fn descend(
    current: f64,
    thresholds: &[f64],
    sense_amp: &SenseAmp,
    open: Open,
    weight: f64,
    out: &mut [f64],
) {
    if weight == 0.0 {
        return;
    }
    if open.low == open.high {
        out[open.low] += weight;
        return;
    }
    let (lower, upper) = open.parts();
    let p = sense_amp.probability(current, thresholds[upper.low - 1]);
    descend(
        current,
        thresholds,
        sense_amp,
        lower,
        weight * (1.0 - p),
        out,
    );
    descend(current, thresholds, sense_amp, upper, weight * p, out);
}

/// One conversion.
pub fn sample(current: f64, thresholds: &[f64], noise: Noise, rng: &mut impl Rng) -> usize {
    let mut open = match roots(thresholds) {
        Ok((negative, positive)) => {
            if SenseAmp::decides(current, 0.0, noise.sample(rng)) {
                positive
            } else {
                negative
            }
        }
        Err(all) => all,
    };
    while open.low < open.high {
        let (lower, upper) = open.parts();
        let one = SenseAmp::decides(current, thresholds[upper.low - 1], noise.sample(rng));
        open = if one { upper } else { lower };
    }
    open.low
}

/// Ascending thresholds of the same law for references in any order; `nominal` decides the shape of the tree.
pub fn effective(mut thresholds: Vec<f64>, nominal: &[f64]) -> Vec<f64> {
    let infinite = (f64::NEG_INFINITY, f64::INFINITY);
    match roots(nominal) {
        Ok((negative, positive)) => {
            clamp(&mut thresholds, negative, infinite);
            clamp(&mut thresholds, positive, infinite);
            flash_order_about_sign(&mut thresholds);
        }
        Err(all) => clamp(&mut thresholds, all, infinite),
    }
    thresholds
}

/// Inside a part, no reference can act beyond the decisions that led there.
fn clamp(thresholds: &mut [f64], open: Open, (floor, ceiling): (f64, f64)) {
    if open.low == open.high {
        return;
    }
    let (lower, upper) = open.parts();
    let at = upper.low - 1;
    thresholds[at] = thresholds[at].clamp(floor, ceiling);
    let split = thresholds[at];
    clamp(thresholds, lower, (floor, split));
    clamp(thresholds, upper, (split, ceiling));
}

/// The sign decision is at 0 plus the common offset, far from the others; a reference that crossed it acts at it.
fn flash_order_about_sign(thresholds: &mut [f64]) {
    let half = thresholds.len() / 2;
    let middle = 0.5 * (thresholds[half - 1] + thresholds[half]);
    for t in &mut thresholds[..half] {
        *t = t.min(middle);
    }
    for t in &mut thresholds[half..] {
        *t = t.max(middle);
    }
}
