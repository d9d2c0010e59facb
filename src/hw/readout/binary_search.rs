//! Binary-search (SAR, multi-step sense amp) read-out: one sense amp, one decision per phase.
//!
//! Codes symmetric about 0 take the sign first (reference 0) and then search the magnitude; other codes are searched
//! directly. Each decision has its own noise, so P(code) is the product along the path of the tree, with the noise of the
//! reference at each decision: references that mirror each other may differ in it, because the sense amp meets them with
//! currents of either sign; the sign has a noise of its own ([`ComparisonNoise::at_sign`]).

use crate::hw::comparison_noise::ComparisonNoise;
use crate::hw::sense_amp::SenseAmp;
use crate::hw::variation::Noise;
use rand::Rng;

/// Paths less likely than this are not followed.
const UNREACHABLE: f64 = 1e-40;

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

/// True if the sign is decided first: thresholds that mirror each other are one reference of the magnitude.
pub(super) fn is_signed(thresholds: &[f64]) -> bool {
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

/// A decision on the way to a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Reference 0.
    Sign,
    /// The reference of this index.
    Reference(usize),
}

impl Decision {
    fn reference(self, thresholds: &[f64]) -> f64 {
        match self {
            Decision::Sign => 0.0,
            Decision::Reference(index) => thresholds[index],
        }
    }

    /// Noise of this decision.
    pub fn noise(self, noise: &ComparisonNoise) -> Noise {
        match self {
            Decision::Sign => noise.at_sign(),
            Decision::Reference(index) => noise.at(index),
        }
    }
}

/// Adds `weight * P(code | current)` to `out`.
pub fn add_pmf(
    current: f64,
    thresholds: &[f64],
    noise: &ComparisonNoise,
    weight: f64,
    out: &mut [f64],
) {
    let one = |decision: Decision| {
        let reference = decision.reference(thresholds);
        SenseAmp::probability(current, reference, decision.noise(noise))
    };
    add_pmf_of(thresholds, one, weight, out);
}

/// The same for the probability of a one at each decision; `nominal` decides the shape of the tree.
pub fn add_pmf_of(nominal: &[f64], one: impl Fn(Decision) -> f64, weight: f64, out: &mut [f64]) {
    match roots(nominal) {
        Ok((negative, positive)) => {
            let p = one(Decision::Sign);
            descend(&one, negative, weight * (1.0 - p), out);
            descend(&one, positive, weight * p, out);
        }
        Err(all) => descend(&one, all, weight, out),
    }
}

fn descend(one: &impl Fn(Decision) -> f64, open: Open, weight: f64, out: &mut [f64]) {
    if open.low == open.high {
        out[open.low] += weight;
        return;
    }
    if weight < UNREACHABLE {
        return;
    }
    let (lower, upper) = open.parts();
    let p = one(Decision::Reference(upper.low - 1));
    descend(one, lower, weight * (1.0 - p), out);
    descend(one, upper, weight * p, out);
}

/// One conversion.
pub fn sample(
    current: f64,
    thresholds: &[f64],
    noise: &ComparisonNoise,
    rng: &mut impl Rng,
) -> usize {
    search(thresholds, |decision| {
        let disturbance = decision.noise(noise).sample(rng);
        SenseAmp::decides(current, decision.reference(thresholds), disturbance)
    })
}

/// One conversion by its decisions; `nominal` decides the shape of the tree.
pub fn search(nominal: &[f64], mut is_one: impl FnMut(Decision) -> bool) -> usize {
    let mut open = match roots(nominal) {
        Ok((_, positive)) if is_one(Decision::Sign) => positive,
        Ok((negative, _)) => negative,
        Err(all) => all,
    };
    while open.low < open.high {
        let (lower, upper) = open.parts();
        open = if is_one(Decision::Reference(upper.low - 1)) {
            upper
        } else {
            lower
        };
    }
    open.low
}

/// Ascending thresholds of the same law for references in any order; `nominal` decides the shape of the tree, `sign` is
/// where the sign decision lies.
pub fn effective(mut thresholds: Vec<f64>, nominal: &[f64], sign: f64) -> Vec<f64> {
    match roots(nominal) {
        Ok((negative, positive)) => {
            clamp(&mut thresholds, negative, (f64::NEG_INFINITY, sign));
            clamp(&mut thresholds, positive, (sign, f64::INFINITY));
        }
        Err(all) => clamp(&mut thresholds, all, (f64::NEG_INFINITY, f64::INFINITY)),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree walked with shifted references, decision by decision.
    fn walk(x: f64, thresholds: &[f64], nominal: &[f64], sign: f64) -> usize {
        let mut open = match roots(nominal) {
            Ok((_, positive)) if x >= sign => positive,
            Ok((negative, _)) => negative,
            Err(all) => all,
        };
        while open.low < open.high {
            let (lower, upper) = open.parts();
            let one = x >= thresholds[upper.low - 1];
            open = if one { upper } else { lower };
        }
        open.low
    }

    #[test]
    fn shifted_references_have_equivalent_ascending_thresholds() {
        let signed: Vec<f64> = (0..14).map(|k| f64::from(k) - 6.5).collect();
        let unsigned: Vec<f64> = (0..9).map(|k| f64::from(k) + 0.5).collect();
        let shifts = [
            2.0, -1.7, 0.3, 1.1, -2.4, 0.9, 1.6, -1.4, 0.1, -0.8, 2.2, -0.6, 1.9, -1.2,
        ];
        for (nominal, sign) in [(signed, 0.4), (unsigned, 0.0)] {
            let shifted: Vec<f64> = nominal.iter().zip(shifts).map(|(t, d)| t + d).collect();
            let ascending = effective(shifted.clone(), &nominal, sign);
            assert!(ascending.windows(2).all(|pair| pair[0] <= pair[1]));
            for x in (-120..=120).map(|x| f64::from(x) * 0.1 + 0.03) {
                let code = ascending.partition_point(|&t| t <= x);
                assert_eq!(code, walk(x, &shifted, &nominal, sign), "at {x}");
            }
        }
    }

    #[test]
    fn a_signed_4_bit_conversion_takes_4_decisions() {
        let nominal: Vec<f64> = (0..14).map(|k| f64::from(k) - 6.5).collect();
        let (negative, positive) = roots(&nominal).unwrap_or_else(|_| panic!("has a sign"));
        for (mut open, low) in [(negative, true), (positive, false)] {
            let mut decisions = 1;
            while open.low < open.high {
                let (lower, upper) = open.parts();
                open = if low { lower } else { upper };
                decisions += 1;
            }
            assert_eq!(decisions, 4);
        }
    }
}
