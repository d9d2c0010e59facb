//! Uniform grids of codes over a range of partial sums: values of codes, thresholds half a step below each value but the first.
//!
//! Not responsible for which step a read-out takes (`super::readout`).

use super::partial_sum::SumRange;
use super::reference::{SignedCodes, Snap};

/// A uniform grid: values `step * (code - zero_code) + origin`, thresholds half a step below each value but the first.
#[derive(Clone, Debug, PartialEq)]
pub struct UniformGrid {
    /// Number of codes.
    pub codes: usize,
    /// Code of the value `origin`.
    pub zero_code: usize,
    /// Value of `zero_code` in MAC units.
    pub origin: f64,
    /// Distance between values in MAC units.
    pub step: f64,
}

impl UniformGrid {
    /// The grid that covers `range` with at most the codes of `bits` bits; never finer than the integers.
    pub fn full_range(range: SumRange, bits: u32, signed_codes: SignedCodes) -> Self {
        let all = 1usize << bits;
        if !range.is_signed() {
            let codes = all.min(range.count());
            let span = f64::from(range.max - range.min);
            let step = if codes > 1 {
                span / (codes - 1) as f64
            } else {
                1.0
            };
            return Self {
                codes,
                zero_code: 0,
                origin: f64::from(range.min),
                step,
            };
        }
        let reach = range.max.max(-range.min);
        let half = (all / 2).saturating_sub(1).min(reach as usize);
        let extra = usize::from(signed_codes == SignedCodes::All && half < reach as usize);
        Self {
            codes: 2 * half + 1 + extra,
            zero_code: half + extra,
            origin: 0.0,
            step: if half > 0 {
                f64::from(reach) / half as f64
            } else {
                f64::from(2 * reach)
            },
        }
    }

    /// The same codes with another step.
    pub fn with_step(&self, step: f64) -> Self {
        Self {
            step,
            ..self.clone()
        }
    }

    /// Values of the codes.
    pub fn values(&self) -> Vec<f64> {
        let at = |code: usize| self.origin + self.step * (code as f64 - self.zero_code as f64);
        (0..self.codes).map(at).collect()
    }

    /// Thresholds between the codes.
    pub fn thresholds(&self, snap: Snap) -> Vec<f64> {
        let at =
            |code: usize| self.origin + self.step * (code as f64 - self.zero_code as f64 - 0.5);
        (1..self.codes).map(|code| snap.apply(at(code))).collect()
    }
}

impl Snap {
    /// The threshold after snapping; symmetric about 0.
    pub fn apply(self, threshold: f64) -> f64 {
        match self {
            Snap::Free => threshold,
            Snap::HalfInteger => threshold.signum() * (threshold.abs().ceil() - 0.5).max(0.5),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MACRO: SumRange = SumRange { min: -27, max: 27 };

    #[test]
    fn signed_grids_are_odd_and_symmetric() {
        let grid = UniformGrid::full_range(MACRO, 4, SignedCodes::Symmetric);
        assert_eq!((grid.codes, grid.zero_code), (15, 7));
        assert!((grid.step - 27.0 / 7.0).abs() < 1e-12);
        for snap in [Snap::Free, Snap::HalfInteger] {
            let t = grid.thresholds(snap);
            assert_eq!(t.len(), 14);
            assert!((0..14).all(|k| t[k] == -t[13 - k]));
        }
        let all = UniformGrid::full_range(MACRO, 4, SignedCodes::All);
        assert_eq!((all.codes, all.zero_code), (16, 8));
    }

    #[test]
    fn enough_codes_means_one_code_per_integer() {
        let grid = UniformGrid::full_range(MACRO, 6, SignedCodes::Symmetric);
        assert_eq!((grid.codes, grid.step), (55, 1.0));
        let unsigned =
            UniformGrid::full_range(SumRange { min: 0, max: 9 }, 4, SignedCodes::Symmetric);
        assert_eq!((unsigned.codes, unsigned.step), (10, 1.0));
    }
}
