//! One conversion over chips and reads: static errors and read noise together, for the current of one pattern.
//!
//! The table of [`super::table`] has the noise of each read for an exact sum; here cells, offsets and references are drawn
//! anew as well. What all comparisons of a conversion share (current, common offset, gain of the references) gives intervals
//! of one law in closed form; each reference's own error acts like comparison noise, because a conversion looks at a
//! reference once, and is averaged over the shared part by quadrature. Exact for normal laws without comparison noise; with
//! it, errors of gain and of current are taken to move all references together (each threshold alone stays exact).

use super::law::{NEGLIGIBLE, REACH_LOGISTIC, REACH_NORMAL, half_nodes};
use super::{Architecture, Converter, Kind, Readout, binary_search, flash, ramp};
use crate::hw::comparison_noise::ComparisonNoise;
use crate::hw::reference::ReferenceError;
use crate::hw::sense_amp::SenseAmp;
use crate::hw::variation::{Law, Noise, open_unit, standard_normal};
use binary_search::Decision;
use rand::Rng;

/// The current of one pattern, in MAC units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BitLineCurrent {
    /// Mean over chips and reads.
    pub mean: f64,
    /// Variance of the cells over chips.
    pub spread: f64,
    /// Variance of the cells over reads.
    pub noise: f64,
    /// How far input-aware references moved up (already taken from the mean).
    pub moved: f64,
    /// Largest sum that the driven rows can make, if no reference above it is used.
    pub reach: Option<i32>,
}

/// Disturbances of one conversion.
struct Disturbance {
    /// Law of what all comparisons share.
    law: Law,
    /// Its variance without the gain error.
    shared: f64,
    /// Relative gain error.
    gain: f64,
    /// Disturbance of the comparison with each reference.
    each: ComparisonNoise,
    /// Disturbance of the comparison with 0 that finds the sign.
    sign: Noise,
}

impl Disturbance {
    fn sigma(&self, reference: f64, moved: f64) -> f64 {
        let gain = self.gain * (reference + moved);
        if gain.is_finite() {
            (self.shared + gain * gain).sqrt()
        } else {
            self.shared.sqrt()
        }
    }
}

/// Independent parts as one law: that of the larger part.
fn together(a: Noise, b: Noise) -> Noise {
    let larger = if a.sigma >= b.sigma { a } else { b };
    larger.with_sigma(a.sigma.hypot(b.sigma))
}

impl Readout {
    /// P(code) for the current of one pattern, over chips and reads.
    pub fn probabilities_over_chips(&self, current: &BitLineCurrent) -> Vec<f64> {
        let mut row = match &self.kind {
            Kind::Measured(matrix) => {
                matrix.row_over(current.mean, current.spread.sqrt(), |x| self.limited(x))
            }
            Kind::Ideal | Kind::Converter(_) => {
                let disturbance = self.disturbance(current);
                match self.converter() {
                    Some(converter) if self.is_separate(&disturbance, current.moved) => {
                        self.averaged_over_chips(converter, current, &disturbance)
                    }
                    _ => self.intervals(current, &disturbance),
                }
            }
        };
        if let Some(reach) = current.reach {
            let last = usize::from(self.code(f64::from(reach)));
            let beyond: f64 = row.drain(last + 1..).sum();
            row[last] += beyond;
            row.resize(self.code_count(), 0.0);
        }
        row
    }

    /// P(current at or above the reference) for one reference in MAC units that takes part in no code search.
    pub fn probability_above(&self, current: &BitLineCurrent, reference: f64) -> f64 {
        let disturbance = self.disturbance(current);
        let shared = disturbance.sigma(reference, current.moved);
        let all = Noise {
            law: disturbance.law,
            sigma: shared,
        };
        let each = disturbance.each.at(self.nearest(reference));
        together(all, each).cdf(current.mean - reference)
    }

    /// Noise of the sampled current at one read, in MAC units (cells not counted).
    pub fn sample_line_noise(&self, rng: &mut impl Rng) -> f64 {
        self.current_noise.line.sample(rng)
    }

    /// One conversion on a fresh chip: `x` is the current of freshly programmed cells at one read, line noise included.
    pub fn sample_over_chips(
        &self,
        x: f64,
        moved: f64,
        reach: Option<i32>,
        rng: &mut impl Rng,
    ) -> u8 {
        let x = self.limited(x);
        let code = match &self.kind {
            Kind::Ideal => usize::from(self.code(x)),
            Kind::Measured(matrix) => super::law::pick(matrix.row(x), open_unit(rng)),
            Kind::Converter(converter) => sample_converter(converter, self, (x, moved), rng),
        };
        let last = reach.map_or(u8::MAX, |reach| self.code(f64::from(reach)));
        (code as u8).min(last)
    }

    fn disturbance(&self, current: &BitLineCurrent) -> Disturbance {
        let Some(converter) = self.converter() else {
            return Disturbance {
                law: Law::Normal,
                shared: current.spread,
                gain: 0.0,
                each: ComparisonNoise::NONE,
                sign: Noise::NONE,
            };
        };
        let (error, amp) = (converter.reference_error, &converter.sense_amp);
        let flash = converter.architecture == Architecture::Flash;
        let (common, own) = if flash {
            (Noise::NONE, amp.offset)
        } else {
            (amp.offset, Noise::NONE)
        };
        let normal = |variance: f64| Noise {
            law: Law::Normal,
            sigma: variance.sqrt(),
        };
        let cells = normal(current.spread + current.noise);
        let shared = together(together(cells, self.current_noise.line), common);
        let missed = together(normal(error.single.powi(2)), own);
        let each = amp.noise.map(|noise| together(missed, noise));
        Disturbance {
            law: shared.law,
            shared: shared.sigma * shared.sigma,
            gain: error.gain(),
            each,
            sign: amp.noise.at_sign(),
        }
    }

    /// True if the disturbance of single comparisons must be kept apart from the shared one, gain error included: beside a
    /// large gain error it is negligible as well, and would ask for any number of nodes.
    fn is_separate(&self, disturbance: &Disturbance, moved: f64) -> bool {
        let thresholds = self.thresholds.iter();
        let sigmas = thresholds.map(|&t| disturbance.sigma(t, moved));
        disturbance.each.largest().sigma > NEGLIGIBLE * sigmas.fold(0.0, f64::max)
    }

    /// Every code is an interval of one law.
    fn intervals(&self, current: &BitLineCurrent, disturbance: &Disturbance) -> Vec<f64> {
        let edge = |k: usize, t: f64| {
            let each = disturbance.each.at(k).sigma;
            let sigma = disturbance.sigma(t, current.moved).hypot(each);
            let all = Noise {
                law: disturbance.law,
                sigma,
            };
            if sigma > 0.0 {
                (t - current.mean) * all.inverse_scale()
            } else if t <= current.mean {
                f64::NEG_INFINITY
            } else {
                f64::INFINITY
            }
        };
        let mut low = f64::NEG_INFINITY;
        let mut row = Vec::with_capacity(self.code_count());
        for (k, t) in self.reachable(&self.thresholds).into_iter().enumerate() {
            let high = edge(k, t).max(low);
            row.push(interval(disturbance.law, low, high));
            low = high;
        }
        row.push(interval(disturbance.law, low, f64::INFINITY));
        row
    }

    /// The law of the architecture, averaged over the shared disturbance.
    fn averaged_over_chips(
        &self,
        converter: &Converter,
        current: &BitLineCurrent,
        disturbance: &Disturbance,
    ) -> Vec<f64> {
        let thresholds = self.reachable(&self.thresholds);
        let sigmas: Vec<f64> = thresholds
            .iter()
            .map(|&t| disturbance.sigma(t, current.moved))
            .collect();
        let sign_sigma = disturbance.sigma(0.0, current.moved);
        let widest = sigmas.iter().copied().fold(0.0, f64::max);
        let mut row = vec![0.0; self.code_count()];
        let each = disturbance.each.at_least(NEGLIGIBLE * widest);
        for (z, weight) in nodes(disturbance.law, widest, each.least().sigma) {
            let one = |k: usize| {
                let x = current.mean + sigmas[k] * z;
                decided(each.at(k), x - thresholds[k])
            };
            let all = (0..thresholds.len()).map(one);
            match converter.architecture {
                Architecture::Flash => flash::add_pmf_of(all, weight, &mut row),
                Architecture::Ramp => ramp::add_pmf_of(all, weight, &mut row),
                Architecture::BinarySearch => {
                    let decide = |decision: Decision| match decision {
                        Decision::Sign => decided(disturbance.sign, current.mean + sign_sigma * z),
                        Decision::Reference(k) => one(k),
                    };
                    binary_search::add_pmf_of(&self.thresholds, decide, weight, &mut row);
                }
            }
        }
        let total: f64 = row.iter().sum();
        row.iter_mut().for_each(|p| *p /= total);
        row
    }
}

/// P(disturbance <= x); certain beyond what a sum of probabilities can show.
fn decided(disturbance: Noise, x: f64) -> f64 {
    let reach = match disturbance.law {
        Law::Normal => REACH_NORMAL,
        Law::Logistic => 2.0 * REACH_LOGISTIC,
    };
    if x.abs() > reach * disturbance.sigma {
        f64::from(u8::from(x > 0.0))
    } else {
        disturbance.cdf(x)
    }
}

/// An interval that may be empty or end at infinity on either side.
fn interval(law: Law, low: f64, high: f64) -> f64 {
    if low >= high {
        0.0
    } else if low == f64::NEG_INFINITY && high == f64::INFINITY {
        1.0
    } else {
        law.interval(low, high).max(0.0)
    }
}

/// Points and weights of the shared disturbance in units of its standard deviation (trapezoidal rule).
fn nodes(law: Law, shared: f64, each: f64) -> Vec<(f64, f64)> {
    if shared == 0.0 {
        return vec![(0.0, 1.0)];
    }
    let reach = match law {
        Law::Normal => REACH_NORMAL,
        Law::Logistic => REACH_LOGISTIC,
    };
    let unit = Noise { law, sigma: 1.0 };
    let half = half_nodes(reach, shared, each);
    let node = |point: usize| {
        let z = (point as f64 / half - 1.0) * reach;
        (z, unit.pdf(z) * reach / half)
    };
    (0..=2 * half as usize).map(node).collect()
}

fn sample_converter(
    converter: &Converter,
    readout: &Readout,
    (x, moved): (f64, f64),
    rng: &mut impl Rng,
) -> usize {
    let (error, amp) = (converter.reference_error, &converter.sense_amp);
    let gain = 1.0 + error.gain() * standard_normal(rng);
    let common = amp.offset.sample(rng);
    let flash_kind = converter.architecture == Architecture::Flash;
    let mut drawn = Vec::with_capacity(readout.thresholds.len());
    for &t in &readout.thresholds {
        let own = if flash_kind {
            amp.offset.sample(rng)
        } else {
            common
        };
        let single = if error.single > 0.0 {
            error.single * standard_normal(rng)
        } else {
            0.0
        };
        drawn.push(ReferenceError::displaced(t, moved, gain, single, own));
    }
    let drawn = readout.reachable(&drawn);
    match converter.architecture {
        Architecture::Flash => flash::sample(x, &drawn, &amp.noise, rng),
        Architecture::Ramp => ramp::sample(x, &drawn, &amp.noise, rng),
        Architecture::BinarySearch => binary_search::search(&readout.thresholds, |decision| {
            let reference = match decision {
                Decision::Sign => -common,
                Decision::Reference(k) => drawn[k],
            };
            SenseAmp::decides(x, reference, decision.noise(&amp.noise).sample(rng))
        }),
    }
}
