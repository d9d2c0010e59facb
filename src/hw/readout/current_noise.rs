//! Noise of the current that all comparisons of one read share: the sampled line and the cells behind a partial sum.
//!
//! What the cells add depends on the rows that make the sum, not on the sum alone: rows that cancel add noise as well, and a
//! sum of 0 may have no driven row at all. A placed read-out therefore carries a mixture of variances for every sum, from its
//! layer's own rows (their mean alone makes wrong codes up to a fifth too frequent); not responsible for looking at them.

use super::law::Readout;
use crate::hw::variation::{Noise, open_unit};
use rand::Rng;

/// Noise of the current that all comparisons of one read share, in MAC units.
#[derive(Clone, Debug, PartialEq)]
pub struct CurrentNoise {
    /// Noise of the sampled bit-line current.
    pub line: Noise,
    /// Read noise of the cells.
    pub cells: CellNoise,
}

/// Variance that read noise of the cells adds to a partial sum, in MAC units squared.
#[derive(Clone, Debug, PartialEq)]
pub enum CellNoise {
    /// Per unit of |partial sum|: the least that cells can add, for sums whose rows are not known.
    PerUnit(f64),
    /// Of the rows of a layer that give the sum.
    PerSum {
        /// Sum of the first entry.
        smallest_sum: i32,
        /// Shares of each sum, together 1, with their variances.
        shares: Vec<Vec<Share>>,
    },
}

/// Row groups of one sum with about the same variance: share of all and variance.
pub type Share = (f64, f64);

/// Spread of the variances of a sum, as a share of all noise, below which their mean stands for them: wrong codes feel an
/// eighth of its square.
const SAME: f64 = 0.1;

impl CellNoise {
    fn shares(&self, s: f64) -> Vec<Share> {
        match self {
            CellNoise::PerUnit(variance) => vec![(1.0, variance * s.abs())],
            CellNoise::PerSum {
                smallest_sum,
                shares,
            } => {
                let last = shares.len().saturating_sub(1);
                let index = (s - f64::from(*smallest_sum)).round() as usize;
                let found = shares.get(index.min(last)).cloned();
                found.unwrap_or_else(|| vec![(1.0, 0.0)])
            }
        }
    }
}

impl CurrentNoise {
    /// No noise.
    pub const NONE: CurrentNoise = CurrentNoise {
        line: Noise::NONE,
        cells: CellNoise::PerUnit(0.0),
    };

    /// The laws at a partial sum with their shares; cells and line add as variances under the line's law. Laws that hardly
    /// differ beside a comparison noise of variance `comparison` are one.
    pub fn at(&self, s: f64, comparison: f64) -> Vec<(f64, Noise)> {
        let line = self.line.sigma * self.line.sigma;
        let shares = self.cells.shares(s);
        let law = |(share, cells): Share| (share, self.line.with_sigma((line + cells).sqrt()));
        if let [only] = shares[..] {
            return vec![law(only)];
        }
        let mean: f64 = shares.iter().map(|(p, v)| p * v).sum();
        let square: f64 = shares.iter().map(|(p, v)| p * (v - mean).powi(2)).sum();
        if square.sqrt() <= SAME * (line + comparison + mean) {
            return vec![law((1.0, mean))];
        }
        shares.into_iter().map(law).collect()
    }

    /// One draw at a partial sum.
    pub fn sample(&self, s: f64, rng: &mut impl Rng) -> f64 {
        let laws = self.at(s, 0.0);
        let mut below = 0.0;
        let uniform = if laws.len() > 1 { open_unit(rng) } else { 0.0 };
        let drawn = laws.iter().find(|(share, _)| {
            below += share;
            uniform < below
        });
        let law = drawn.or(laws.last()).map_or(Noise::NONE, |(_, law)| *law);
        law.sample(rng)
    }
}

impl Readout {
    /// The same read-out with what the cells of its layer add to each sum of its range; an ideal read-out has no noise.
    #[must_use]
    pub fn with_cell_noise(mut self, shares: Vec<Vec<Share>>) -> Self {
        if self.converter().is_some() {
            self.current_noise.cells = CellNoise::PerSum {
                smallest_sum: self.range.min,
                shares,
            };
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::super::Architecture;
    use super::super::tests_support::{MACRO, converter};
    use crate::rng::{Purpose, keyed};

    #[test]
    fn cells_of_rows_that_cancel_disturb_sum_zero() {
        let readout = converter(Architecture::Flash, 4)
            .place(MACRO, None)
            .unwrap();
        assert!(readout.table().is_noise_free());
        let variance = |s: i32| f64::from(28 - s.abs());
        let shares = |s: i32| vec![(0.25, 0.0), (0.75, variance(s))];
        let noisy = readout.with_cell_noise((MACRO.min..=MACRO.max).map(shares).collect());
        for (s, variance) in [(0.0, 28.0), (-27.0, 1.0), (5.0, 23.0), (99.0, 1.0)] {
            let laws = noisy.current_noise.at(s, 0.0);
            let sigmas: Vec<f64> = laws.iter().map(|(_, law)| law.sigma).collect();
            assert_eq!(sigmas, [0.0, f64::sqrt(variance)]);
            assert_eq!(noisy.current_noise.at(s, 1e4).len(), 1);
        }
        let table = noisy.table();
        let row = table.row(0);
        let hard = usize::from(noisy.code(0.0));
        assert!(row[hard] > 0.25 && row[hard] < 0.6);
        assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        let mut rng = keyed(1, Purpose::MonteCarlo, &[]);
        let draws = 20_000;
        let hits = (0..draws).filter(|_| usize::from(noisy.sample(0, &mut rng)) == hard);
        assert!((hits.count() as f64 / f64::from(draws) - row[hard]).abs() < 0.02);
    }
}
