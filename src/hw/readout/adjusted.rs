//! A read-out with one thing changed: other thresholds, or all noise at each read scaled.
//!
//! For gradients by differences and for noise that grows during training. Static offsets and reference errors stay as they
//! are, and so do the values of codes. A measured read-out has its noise in the matrix, where nothing can be scaled.

use super::law::Readout;
use super::{CellNoise, CurrentNoise, Kind, ReadoutDesign};

impl Readout {
    /// The same read-out with other thresholds; codes keep their values. `None` unless there is one for each of the old
    /// ones, ascending.
    pub fn with_thresholds(&self, thresholds: Vec<f64>) -> Option<Self> {
        let ascending = thresholds.windows(2).all(|pair| pair[0] <= pair[1]);
        let fits = thresholds.len() == self.thresholds.len();
        (fits && ascending && !thresholds.iter().any(|t| t.is_nan())).then(|| Self {
            thresholds,
            ..self.clone()
        })
    }

    /// The same read-out with the standard deviation of all noise at each read times `factor` (below 0: 0, without noise):
    /// line, cells and comparisons. A measured read-out stays as it is.
    #[must_use]
    pub fn with_noise_scale(&self, factor: f64) -> Self {
        Self {
            kind: self.kind.with_noise_scale(factor),
            current_noise: self.current_noise.scaled(factor),
            ..self.clone()
        }
    }
}

impl ReadoutDesign {
    /// [`Readout::with_noise_scale`], before it is placed.
    #[must_use]
    pub fn with_noise_scale(&self, factor: f64) -> Self {
        Self {
            kind: self.kind.with_noise_scale(factor),
            current_noise: self.current_noise.scaled(factor),
            ..self.clone()
        }
    }
}

impl Kind {
    fn with_noise_scale(&self, factor: f64) -> Self {
        let mut kind = self.clone();
        if let Kind::Converter(converter) = &mut kind {
            let noise = &mut converter.sense_amp.noise;
            noise.sigma *= factor.max(0.0);
        }
        kind
    }
}

impl CurrentNoise {
    /// The same with all standard deviations times `factor`.
    fn scaled(&self, factor: f64) -> Self {
        let factor = factor.max(0.0);
        Self {
            line: self.line.with_sigma(self.line.sigma * factor),
            cells: self.cells.scaled(factor * factor),
        }
    }
}

impl CellNoise {
    /// The same with all variances times `factor`.
    fn scaled(&self, factor: f64) -> Self {
        match self {
            CellNoise::PerUnit(variance) => CellNoise::PerUnit(variance * factor),
            CellNoise::PerSum {
                smallest_sum,
                shares,
            } => {
                let one =
                    |row: &Vec<(f64, f64)>| row.iter().map(|(p, v)| (*p, v * factor)).collect();
                CellNoise::PerSum {
                    smallest_sum: *smallest_sum,
                    shares: shares.iter().map(one).collect(),
                }
            }
        }
    }
}
