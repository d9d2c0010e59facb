//! Noise of the current that all comparisons of one read share: the sampled line and the cells behind a partial sum.
//!
//! What the cells add depends on the rows that make the sum, not on the sum alone: rows that cancel add noise as well. A placed
//! read-out therefore carries the mean variance of its layer's own rows for every sum; not responsible for looking at them.

use super::law::Readout;
use crate::hw::variation::Noise;

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
    /// Mean over the rows of a layer that give the sum.
    PerSum {
        /// Sum of the first entry.
        smallest_sum: i32,
        /// One per sum.
        variances: Vec<f64>,
    },
}

impl CellNoise {
    fn variance(&self, s: f64) -> f64 {
        match self {
            CellNoise::PerUnit(variance) => variance * s.abs(),
            CellNoise::PerSum {
                smallest_sum,
                variances,
            } => {
                let last = variances.len().saturating_sub(1);
                let index = (s - f64::from(*smallest_sum)).round() as usize;
                variances.get(index.min(last)).copied().unwrap_or(0.0)
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

    /// The law at a partial sum; cells and line add as variances under the line's law.
    pub fn at(&self, s: f64) -> Noise {
        let cells = self.cells.variance(s);
        self.line
            .with_sigma((self.line.sigma * self.line.sigma + cells).sqrt())
    }
}

impl Readout {
    /// The same read-out with what the cells of its layer add to each sum of its range; an ideal read-out has no noise.
    #[must_use]
    pub fn with_cell_noise(mut self, variances: Vec<f64>) -> Self {
        if self.converter().is_some() {
            self.current_noise.cells = CellNoise::PerSum {
                smallest_sum: self.range.min,
                variances,
            };
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::super::Architecture;
    use super::super::tests_support::{MACRO, converter};

    #[test]
    fn cells_of_rows_that_cancel_disturb_sum_zero() {
        let readout = converter(Architecture::Flash, 4)
            .place(MACRO, None)
            .unwrap();
        assert!(readout.table().is_noise_free());
        let variances = (MACRO.min..=MACRO.max).map(|s| f64::from(28 - s.abs()));
        let noisy = readout.with_cell_noise(variances.collect());
        for (s, variance) in [(0.0, 28.0), (-27.0, 1.0), (5.0, 23.0), (99.0, 1.0)] {
            assert_eq!(noisy.current_noise.at(s).sigma, f64::sqrt(variance));
        }
        let row = noisy.table();
        assert!(row.row(0)[usize::from(noisy.code(0.0))] < 0.5);
    }
}
