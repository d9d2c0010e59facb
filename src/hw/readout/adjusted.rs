//! A read-out with one thing changed: other thresholds, or all noise at each read scaled.
//!
//! For gradients by differences and for noise that grows during training. Static offsets and reference errors stay as they
//! are, and so do the values of codes. A measured read-out has its noise in the matrix, where nothing can be scaled.

use super::law::Readout;
use super::{Architecture, CellNoise, CurrentNoise, Kind, ReadoutDesign, binary_search};

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

    /// The threshold that is the same reference as this one with the other sign: in a binary search that decides the sign
    /// first. Moved alone, it would make another search of the same references.
    pub fn mirror(&self, which: usize) -> Option<usize> {
        let architecture = self.converter().map(|converter| converter.architecture);
        let searched = architecture == Some(Architecture::BinarySearch);
        let signed = searched && binary_search::is_signed(&self.thresholds);
        let last = self.thresholds.len().checked_sub(1)?;
        signed.then(|| last.checked_sub(which)).flatten()
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
            *noise = noise.map(|noise| noise.with_sigma(noise.sigma * factor.max(0.0)));
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

#[cfg(test)]
mod tests {
    use super::super::tests_support::{MACRO, noisy};
    use super::super::{Architecture, CellNoise, Kind, ReadoutDesign};
    use crate::hw::reference::ReferenceError;
    use crate::hw::variation::{Law, Noise};

    const ALL: [Architecture; 3] = [
        Architecture::Flash,
        Architecture::BinarySearch,
        Architecture::Ramp,
    ];

    /// All noises at each read, and static errors.
    fn design(architecture: Architecture, scale: f64) -> ReadoutDesign {
        let mut design = noisy(architecture, 1.5, Law::Normal, 0.5 * scale, 0.4 * scale);
        design.current_noise.cells = CellNoise::PerUnit(0.02 * scale * scale);
        if let Kind::Converter(converter) = &mut design.kind {
            converter.reference_error = ReferenceError {
                shared: 0.01,
                column: 0.02,
                single: 0.03,
            };
            converter.sense_amp.offset = Noise {
                law: Law::Normal,
                sigma: 0.3,
            };
        }
        design
    }

    #[test]
    fn noise_scales_and_static_errors_stay() {
        for architecture in ALL {
            let one = design(architecture, 1.0);
            assert_eq!(one.with_noise_scale(2.0), design(architecture, 2.0));
            assert_eq!(one.with_noise_scale(1.0), one);
            let placed = one.place(MACRO, None).unwrap();
            let after = placed.with_noise_scale(2.0);
            let before = one.with_noise_scale(2.0).place(MACRO, None).unwrap();
            assert_eq!(after, before);
        }
    }

    #[test]
    fn no_noise_is_left_at_factor_zero() {
        for architecture in ALL {
            let readout = design(architecture, 1.0).place(MACRO, None).unwrap();
            let shares = vec![vec![(0.5, 0.1), (0.5, 2.0)]; MACRO.count()];
            let readout = readout.with_cell_noise(shares);
            assert!(!readout.table().is_noise_free());
            for factor in [0.0, -1.0, f64::NAN] {
                let table = readout.with_noise_scale(factor).table();
                assert!(table.is_noise_free(), "{factor}");
                assert_eq!(table.pmf, readout.noise_free_table().pmf);
            }
        }
    }

    #[test]
    fn thresholds_move_and_values_stay() {
        let readout = design(Architecture::Flash, 1.0).place(MACRO, None).unwrap();
        let mut thresholds = readout.thresholds.clone();
        thresholds[0] -= 1.0;
        let moved = readout.with_thresholds(thresholds.clone()).unwrap();
        assert_eq!(moved.thresholds, thresholds);
        assert_eq!(moved.decode, readout.decode);
        assert_ne!(moved.table().pmf, readout.table().pmf);
        assert_eq!((readout.mirror(0), moved.mirror(0)), (None, None));
        thresholds.swap(3, 4);
        assert_eq!(readout.with_thresholds(thresholds.clone()), None);
        assert_eq!(readout.with_thresholds(thresholds[1..].to_vec()), None);
        assert_eq!(readout.with_thresholds(vec![f64::NAN; 14]), None);
    }

    #[test]
    fn sign_and_magnitude_share_references() {
        let search = design(Architecture::BinarySearch, 1.0);
        let search = search.place(MACRO, None).unwrap();
        assert_eq!(
            [0, 6, 13, 14].map(|k| search.mirror(k)),
            [Some(13), Some(7), Some(0), None]
        );
        let mut thresholds = search.thresholds.clone();
        thresholds[0] -= 1.0;
        assert_eq!(search.with_thresholds(thresholds).unwrap().mirror(0), None);
    }
}
