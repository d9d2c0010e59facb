//! A read-out with one thing changed: other thresholds, an offset of the current, or all noise at each read scaled.
//!
//! For gradients by differences, for columns that differ, and for noise that grows during training. Static offsets and reference
//! errors stay as they are, and so do the values of codes. A measured read-out has its noise in the matrix: scaled, that share of
//! its reads is as noisy as the matrix and the others give the most likely code.

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

    /// The same read-out for a column whose current is raised by `offset` MAC units after all that limits it: every comparison
    /// moves, the decision of the sign too, and the search stays the same. Nothing where currents are not compared (measured).
    #[must_use]
    pub fn with_offset(&self, offset: f64) -> Self {
        Self {
            offset,
            ..self.clone()
        }
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
    /// line, cells and comparisons. Of a measured read-out `factor` is the share of reads with its noise, 1 at most.
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
        match &mut kind {
            Kind::Ideal => {}
            Kind::Converter(converter) => {
                let noise = &mut converter.sense_amp.noise;
                *noise = noise.map(|noise| noise.with_sigma(noise.sigma * factor.max(0.0)));
            }
            Kind::Measured(matrix) => *matrix = matrix.with_noisy_share(factor),
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
    use super::super::measured::ConfusionMatrix;
    use super::super::tests_support::{MACRO, noisy};
    use super::super::{Architecture, CellNoise, CurrentNoise, Kind, ReadoutDesign};
    use crate::hw::partial_sum::SumRange;
    use crate::hw::reference::ReferenceError;
    use crate::hw::variation::{Law, Noise};
    use crate::rng::{Purpose, keyed};

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

    #[test]
    fn a_column_with_an_offset_reads_as_one_with_a_larger_current() {
        for architecture in ALL {
            let mut design = noisy(architecture, 1.5, Law::Normal, 0.3, 0.4);
            let plain = design.place(MACRO, None).unwrap();
            let moved = plain.with_offset(2.0).table();
            let table = plain.table();
            for s in MACRO.min..=MACRO.max - 2 {
                for (a, b) in moved.row(s).iter().zip(table.row(s + 2)) {
                    assert!((a - b).abs() < 1e-12, "{architecture:?} {s}: {a} {b}");
                }
                let at = (s - MACRO.min) as usize;
                assert_eq!(moved.hard[at], table.hard[at + 2]);
            }
            // The smallest of offsets changes nothing: the search is the same search.
            let least = plain.with_offset(1e-9).table();
            for (a, b) in least.pmf.iter().zip(&table.pmf) {
                assert!((a - b).abs() < 1e-6, "{architecture:?} {a} {b}");
            }
            // The line saturates before the sense amp adds its own.
            design.limit = Some(5.0);
            let limited = design.place(MACRO, None).unwrap();
            let (limited, free) = (limited.with_offset(2.0), plain.noise_free_table());
            assert_eq!(limited.code(27.0), free.hard[(7 - MACRO.min) as usize]);
            assert_eq!(limited.code(-27.0), free.hard[(-3 - MACRO.min) as usize]);
            let mut codes = [0; 2];
            limited.codes(&[27.0, -27.0], &mut codes);
            assert_eq!(codes, [limited.code(27.0), limited.code(-27.0)]);
        }
    }

    #[test]
    fn an_offset_is_sampled_as_the_table_says() {
        const DRAWS: usize = 40_000;
        for architecture in ALL {
            let readout = noisy(architecture, 1.5, Law::Normal, 0.3, 0.4);
            let readout = readout.place(MACRO, None).unwrap().with_offset(-0.8);
            let table = readout.table();
            for s in [0, 1, -7] {
                let mut rng = keyed(2, Purpose::MonteCarlo, &[s as u64]);
                let mut counts = vec![0.0; table.codes];
                (0..DRAWS).for_each(|_| counts[usize::from(readout.sample(s, &mut rng))] += 1.0);
                for (count, p) in counts.iter().zip(table.row(s)) {
                    let error = (p * (1.0 - p) / DRAWS as f64).sqrt();
                    let found = count / DRAWS as f64;
                    assert!((found - p).abs() <= 5.0 * error + 1e-4, "{architecture:?}");
                }
            }
        }
    }

    #[test]
    fn a_share_of_measured_reads_is_noisy() {
        let row = |s: i32| match s {
            0 => vec![0.7, 0.3],
            _ => vec![0.2, 0.8],
        };
        let design = ReadoutDesign {
            kind: Kind::Measured(ConfusionMatrix {
                smallest_sum: 0,
                code_values: vec![0.0, 1.0],
                rows: vec![row(0), row(1)],
            }),
            current_noise: CurrentNoise::NONE,
            limit: None,
        };
        let readout = design.place(SumRange { min: 0, max: 1 }, None).unwrap();
        let wrong = |share: f64| readout.with_noise_scale(share).table().row(0)[1];
        for (share, expected) in [(1.0, 0.3), (0.5, 0.15), (0.0, 0.0), (7.0, 0.3)] {
            assert!((wrong(share) - expected).abs() < 1e-12, "{share}");
        }
        let half = readout.with_noise_scale(0.5).table();
        assert_eq!(
            (half.hard.clone(), half.row(1)),
            (vec![0, 1], &[0.1, 0.9][..])
        );
    }
}
