//! The law of a placed read-out: current to code, and the probability of every code for every partial sum.
//!
//! Two sources of noise at each read are kept apart: noise of the current, shared by all comparisons of one conversion, and
//! noise of each comparison, independent. Without comparison noise the probability of a code is the probability that the
//! shared noise lands between its two thresholds (closed form, with closed-form slope); otherwise the product or
//! Poisson-binomial law of the architecture is averaged over the shared noise by quadrature. Comparison noise that is
//! negligible beside the shared one is counted as shared where it is alike at all references; where it differs from reference
//! to reference it stays apart, each at least as large as the quadrature can resolve.

use super::measured::ConfusionMatrix;
use super::table::{CodeTable, Decode, LOG_FLOOR};
use super::{Architecture, Converter, CurrentNoise, Kind, binary_search, flash, ramp};
use crate::hw::comparison_noise::ComparisonNoise;
use crate::hw::partial_sum::SumRange;
use crate::hw::variation::{Law, Noise};
use rand::Rng;

/// Half-width of the quadrature in standard deviations: a normal law loses 1e-15 there, a logistic one 1e-6.
pub(super) const REACH_NORMAL: f64 = 8.0;
pub(super) const REACH_LOGISTIC: f64 = 16.0;
/// Step of the quadrature over the width of the product of both laws; the trapezoidal rule is exact to rounding below 0.4.
pub(super) const QUADRATURE_STEP: f64 = 0.4;
/// Comparison noise below this share of the shared noise is counted as shared: the two differ by its square only.
pub(super) const NEGLIGIBLE: f64 = 0.02;
/// Bound on the points of the quadrature on either side of 0; comparison noise that is not negligible stays below it.
const MOST_NODES: f64 = REACH_LOGISTIC / QUADRATURE_STEP / NEGLIGIBLE * 1.01;
/// Step of the numerical slope in MAC units.
const SLOPE_STEP: f64 = 1e-4;

/// A read-out placed on the partial sums of one layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Readout {
    pub(super) kind: Kind,
    /// Possible sums.
    pub range: SumRange,
    /// Ascending thresholds in MAC units; code = number of thresholds at or below the current.
    pub thresholds: Vec<f64>,
    /// What codes are worth.
    pub decode: Decode,
    pub(super) current_noise: CurrentNoise,
    /// Largest magnitude of the current that reaches the comparisons.
    pub(super) limit: Option<f64>,
    /// What the comparisons add to it, alike at every read; in MAC units.
    pub(super) offset: f64,
}

impl Readout {
    /// Number of codes.
    pub fn code_count(&self) -> usize {
        self.thresholds.len() + 1
    }

    /// The noise-free code of a current in MAC units: current >= reference gives 1.
    pub fn code(&self, x: f64) -> u8 {
        let x = self.limited(x);
        self.thresholds.partition_point(|&t| t <= x) as u8
    }

    /// What the references are compared with: the current as far as it reaches, and the offset.
    pub(super) fn limited(&self, x: f64) -> f64 {
        let x = match self.limit {
            None => x,
            Some(limit) => x.clamp(-limit, limit),
        };
        x + self.offset
    }

    /// The thresholds with offset and current limit written into them: beyond the limit they are never (or always) reached.
    pub fn reachable(&self, thresholds: &[f64]) -> Vec<f64> {
        let one = |t: &f64| {
            let t = t - self.offset;
            match self.limit {
                Some(limit) if t > limit => f64::INFINITY,
                Some(limit) if t <= -limit => f64::NEG_INFINITY,
                _ => t,
            }
        };
        thresholds.iter().map(one).collect()
    }

    /// [`Self::code`] of a slice.
    ///
    /// # Panics
    /// If the slices differ in length.
    pub fn codes(&self, currents: &[f32], codes: &mut [u8]) {
        assert_eq!(currents.len(), codes.len(), "one code per current");
        codes.fill(0);
        for threshold in self.reachable(&self.thresholds) {
            for (code, &x) in codes.iter_mut().zip(currents) {
                *code += u8::from(f64::from(x) >= threshold);
            }
        }
    }

    /// Values of the codes in MAC units.
    pub fn code_values(&self) -> Vec<f32> {
        (0..self.code_count())
            .map(|code| self.decode.value(code))
            .collect()
    }

    /// The converter, if there is one.
    pub fn converter(&self) -> Option<&Converter> {
        match &self.kind {
            Kind::Converter(converter) => Some(converter),
            Kind::Ideal | Kind::Measured(_) => None,
        }
    }

    /// One read of a partial sum, physically: one draw of the current noise, one per comparison.
    pub fn sample(&self, s: i32, rng: &mut impl Rng) -> u8 {
        let noisy = f64::from(s) + self.current_noise.sample(f64::from(s), rng);
        let x = self.limited(noisy);
        let code = match &self.kind {
            Kind::Ideal => return self.code(f64::from(s)),
            Kind::Measured(matrix) => pick(matrix.row(x), crate::hw::variation::open_unit(rng)),
            Kind::Converter(converter) => {
                let noise = &converter.sense_amp.noise;
                match converter.architecture {
                    Architecture::Flash => flash::sample(x, &self.thresholds, noise, rng),
                    Architecture::BinarySearch => {
                        binary_search::sample(x, &self.thresholds, noise, rng)
                    }
                    Architecture::Ramp => ramp::sample(x, &self.thresholds, noise, rng),
                }
            }
        };
        code as u8
    }

    /// The table without noise.
    pub fn noise_free_table(&self) -> CodeTable {
        let hard = |s: i32| {
            let mut row = vec![0.0; self.code_count()];
            row[usize::from(self.code(f64::from(s)))] = 1.0;
            row
        };
        self.assemble(hard, |_| vec![0.0; self.code_count()], |row, _| logs(row))
    }

    /// The table with noise at each read.
    pub fn table(&self) -> CodeTable {
        match &self.kind {
            Kind::Ideal => self.noise_free_table(),
            Kind::Measured(matrix) => {
                let row = |s: i32| matrix.row(self.limited(f64::from(s)));
                let slope = |s: i32| measured_slope(matrix, s, row);
                self.assemble(|s| row(s).to_vec(), slope, |row, _| logs(row))
            }
            Kind::Converter(converter) => self.converter_table(converter),
        }
    }

    /// Every sum by its own mix of noises: an interval of one law, or an average over the shared noise.
    fn converter_table(&self, converter: &Converter) -> CodeTable {
        let comparison = &converter.sense_amp.noise;
        // Laws of the current are told apart wherever one comparison could tell them apart.
        let variance = comparison.least().sigma.powi(2);
        let laws = |s: i32| self.current_noise.at(f64::from(s), variance);
        let row = |s: i32| mixed(&laws(s), |shared| self.row_at(converter, s, shared));
        let slope = |s: i32| mixed(&laws(s), |shared| self.slope_at(converter, s, shared));
        let log = |row: &[f64], s: i32| match laws(s)[..] {
            [(_, shared)] => match all_shared(shared, comparison) {
                Some(noise) if !noise.is_none() => self.log_intervals(s, noise),
                _ => logs(row),
            },
            _ => logs(row),
        };
        self.assemble(row, slope, log)
    }

    fn row_at(&self, converter: &Converter, s: i32, shared: Noise) -> Vec<f64> {
        match all_shared(shared, &converter.sense_amp.noise) {
            Some(noise) => self.intervals_at(s, noise),
            None => self.averaged(converter, f64::from(s), shared),
        }
    }

    fn slope_at(&self, converter: &Converter, s: i32, shared: Noise) -> Vec<f64> {
        if let Some(noise) = all_shared(shared, &converter.sense_amp.noise) {
            return self.interval_slopes(s, noise);
        }
        let at = |x: f64| self.averaged(converter, x, shared);
        let (up, down) = (f64::from(s) + SLOPE_STEP, f64::from(s) - SLOPE_STEP);
        halved(&at(up), &at(down), 2.0 * SLOPE_STEP)
    }

    /// Logarithms of the probabilities of intervals, exact in the tails.
    fn log_intervals(&self, s: i32, noise: Noise) -> Vec<f64> {
        let log = |(low, high): (f64, f64)| noise.law.log_interval(low, high);
        let edges = self.edges(s, noise).into_iter();
        edges.map(|pair| log(pair).max(LOG_FLOOR)).collect()
    }

    /// Lower and upper end of every code in units of the noise.
    fn edges(&self, s: i32, noise: Noise) -> Vec<(f64, f64)> {
        let inner = self.reachable(&self.thresholds).into_iter();
        let ends: Vec<f64> = std::iter::once(f64::NEG_INFINITY)
            .chain(inner.map(|t| (t - f64::from(s)) * noise.inverse_scale()))
            .chain(std::iter::once(f64::INFINITY))
            .collect();
        ends.windows(2).map(|pair| (pair[0], pair[1])).collect()
    }

    /// Only the current is noisy: every probability is that of an interval.
    fn intervals_at(&self, s: i32, noise: Noise) -> Vec<f64> {
        if noise.is_none() {
            let hard = usize::from(self.code(f64::from(s)));
            let is_hard = |code: usize| f64::from(u8::from(code == hard));
            return (0..self.code_count()).map(is_hard).collect();
        }
        let edges = self.edges(s, noise).into_iter();
        edges
            .map(|(low, high)| noise.law.interval(low, high))
            .collect()
    }

    /// Slopes of the same.
    fn interval_slopes(&self, s: i32, noise: Noise) -> Vec<f64> {
        if noise.is_none() {
            return vec![0.0; self.code_count()];
        }
        let density = |z: f64| if z.is_finite() { noise.law.pdf(z) } else { 0.0 };
        let slope = |(low, high)| (density(low) - density(high)) * noise.inverse_scale();
        self.edges(s, noise).into_iter().map(slope).collect()
    }

    /// Probabilities of the codes at nominal current `x`, averaged over the shared noise (trapezoidal rule).
    fn averaged(&self, converter: &Converter, x: f64, shared: Noise) -> Vec<f64> {
        let mut row = vec![0.0; self.code_count()];
        let noise = &converter.sense_amp.noise;
        let noise = &noise.at_least(NEGLIGIBLE * shared.sigma);
        let mut add = |current: f64, weight: f64| {
            let thresholds = &self.thresholds;
            let current = self.limited(current);
            match converter.architecture {
                Architecture::Flash => flash::add_pmf(current, thresholds, noise, weight, &mut row),
                Architecture::BinarySearch => {
                    binary_search::add_pmf(current, thresholds, noise, weight, &mut row)
                }
                Architecture::Ramp => ramp::add_pmf(current, thresholds, noise, weight, &mut row),
            }
        };
        if shared.is_none() {
            add(x, 1.0);
            return row;
        }
        let reach = match shared.law {
            Law::Normal => REACH_NORMAL * shared.sigma,
            Law::Logistic => REACH_LOGISTIC * shared.sigma,
        };
        let half = half_nodes(reach / shared.sigma, shared.sigma, noise.least().sigma);
        for point in 0..=2 * half as usize {
            let e = (point as f64 / half - 1.0) * reach;
            add(x + e, shared.pdf(e) * reach / half);
        }
        let total: f64 = row.iter().sum();
        row.iter_mut().for_each(|p| *p /= total);
        row
    }

    fn assemble(
        &self,
        row: impl Fn(i32) -> Vec<f64>,
        slope: impl Fn(i32) -> Vec<f64>,
        log: impl Fn(&[f64], i32) -> Vec<f64>,
    ) -> CodeTable {
        let sums = self.range.min..=self.range.max;
        let rows: Vec<Vec<f64>> = sums.clone().map(&row).collect();
        CodeTable {
            s_min: self.range.min,
            s_max: self.range.max,
            codes: self.code_count(),
            hard: sums.clone().map(|s| self.code(f64::from(s))).collect(),
            log_pmf: rows
                .iter()
                .zip(sums.clone())
                .flat_map(|(row, s)| log(row, s))
                .collect(),
            pmf: rows.concat(),
            slope: sums.flat_map(slope).collect(),
            decode: self.decode.clone(),
            offset: self.offset,
        }
    }
}

/// Difference of the rows of the sums beside this one over their distance: one-sided at the ends of the matrix. Beyond it all
/// sums read as its end row, which has no slope; nor has a matrix of one row.
fn measured_slope<'a>(
    matrix: &ConfusionMatrix,
    s: i32,
    row: impl Fn(i32) -> &'a [f64],
) -> Vec<f64> {
    let measured = |s: i32| s.max(matrix.smallest_sum).min(matrix.largest_sum());
    let (low, high) = (measured(s - 1), measured(s + 1));
    halved(row(high), row(low), f64::from((high - low).max(1)))
}

/// Mean over laws of the current with their shares.
fn mixed(laws: &[(f64, Noise)], of: impl Fn(Noise) -> Vec<f64>) -> Vec<f64> {
    if let [(_, only)] = laws {
        return of(*only);
    }
    let scaled = |(share, law): &(f64, Noise)| of(*law).into_iter().map(|p| p * share).collect();
    let rows: Vec<Vec<f64>> = laws.iter().map(scaled).collect();
    let codes = rows.first().map_or(0, Vec::len);
    (0..codes)
        .map(|code| rows.iter().map(|row| row[code]).sum())
        .collect()
}

/// All noise as noise of the current, if that of the comparisons is negligible beside it and alike at all references.
pub(super) fn all_shared(shared: Noise, comparison: &ComparisonNoise) -> Option<Noise> {
    if comparison.is_none() {
        return Some(shared);
    }
    let ComparisonNoise::Same(comparison) = comparison else {
        return None;
    };
    let sigma = shared.sigma.hypot(comparison.sigma);
    (comparison.sigma <= NEGLIGIBLE * shared.sigma).then(|| shared.with_sigma(sigma))
}

/// Points of the quadrature on either side of 0, for a reach in standard deviations of the shared noise.
pub(super) fn half_nodes(reach: f64, shared: f64, comparison: f64) -> f64 {
    let width = comparison / shared.hypot(comparison);
    (reach / (QUADRATURE_STEP * width)).ceil().min(MOST_NODES)
}

fn logs(row: &[f64]) -> Vec<f64> {
    row.iter().map(|p| p.ln().max(LOG_FLOOR)).collect()
}

fn halved(up: &[f64], down: &[f64], width: f64) -> Vec<f64> {
    up.iter().zip(down).map(|(a, b)| (a - b) / width).collect()
}

pub(super) fn pick(row: &[f64], uniform: f64) -> usize {
    let mut below = 0.0;
    let found = row.iter().position(|p| {
        below += p;
        uniform < below
    });
    found.unwrap_or(row.len() - 1)
}
