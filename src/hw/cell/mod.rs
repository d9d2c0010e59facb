//! The ReRAM cell: conductance levels, read noise (each read), stuck-at faults.
//!
//! A level is a whole number 0, 1, ..; level 0 is the high-resistance (off) state. One MAC unit is the current step of
//! one level: `I_u = (G_top - G_0) / top * V_read`. Conductances in uS, voltages in V, currents in uA.
//! Not responsible for its keys (`spec`), which level a weight takes ([`super::weight_plane`]), programming variation
//! ([`super::programming`]) nor for drift with time.

mod spec;

pub use spec::{CellNoiseSpec, CellNormalSpec, CellSpec, FaultsSpec, LevelsSpec, OnOffSpec};

use super::programming::Programming;
use rand::{Rng, RngExt};

/// A resolved cell.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// Conductance of each level in uS, ascending.
    pub conductances_us: Vec<f64>,
    /// Read voltage in V.
    pub read_voltage_v: f64,
    /// Programming variation.
    pub programming: Programming,
    /// Read noise of one cell: sigma / I.
    pub read_sigma_relative: f64,
    /// Probability of being stuck at level 0.
    pub stuck_off: f64,
    /// Probability of being stuck at the top level.
    pub stuck_on: f64,
}

impl Cell {
    /// Index of the top level.
    pub fn top(&self) -> usize {
        self.conductances_us.len() - 1
    }

    /// Nominal current of a level in uA, input 1.
    pub fn current_ua(&self, level: usize) -> f64 {
        self.conductances_us[level] * self.read_voltage_v
    }

    /// Current of one MAC unit in uA: the mean step between levels.
    pub fn unit_ua(&self) -> f64 {
        (self.current_ua(self.top()) - self.current_ua(0)) / self.top() as f64
    }

    /// Current of an off cell in MAC units (what a high-resistance cell leaks per unit of input).
    pub fn leakage_units(&self) -> f64 {
        self.current_ua(0) / self.unit_ua()
    }

    /// Standard deviation of a level's current over cells, in uA (stuck cells not counted).
    pub fn sigma_ua(&self, level: usize) -> f64 {
        let sigma_us = self
            .programming
            .sigma_us(level, self.conductances_us[level]);
        sigma_us * self.read_voltage_v
    }

    /// True if every cell of a level has exactly its nominal conductance.
    pub fn is_exact(&self) -> bool {
        matches!(self.programming, Programming::None)
            && self.stuck_off == 0.0
            && self.stuck_on == 0.0
    }

    /// Conductance in uS of one cell programmed to `level`. Faults are drawn first, then the spread.
    pub fn program_us(&self, level: usize, rng: &mut impl Rng) -> f64 {
        let level = self.stuck_level(rng).unwrap_or(level);
        let mean = self.conductances_us[level];
        self.programming.sample_us(level, mean, rng)
    }

    fn stuck_level(&self, rng: &mut impl Rng) -> Option<usize> {
        if self.stuck_off + self.stuck_on == 0.0 {
            return None;
        }
        let u: f64 = rng.random();
        if u < self.stuck_off {
            Some(0)
        } else if u < self.stuck_off + self.stuck_on {
            Some(self.top())
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Purpose, keyed};
    use approx::assert_relative_eq;

    fn cell(programming: Programming) -> Cell {
        Cell {
            conductances_us: vec![5.0, 50.0],
            read_voltage_v: 0.2,
            programming,
            read_sigma_relative: 0.0,
            stuck_off: 0.0,
            stuck_on: 0.0,
        }
    }

    #[test]
    fn unit_is_the_step_not_the_on_current() {
        let cell = cell(Programming::None);
        assert_relative_eq!(cell.unit_ua(), 9.0);
        assert_relative_eq!(cell.leakage_units(), 1.0 / 9.0);
    }

    #[test]
    fn programmed_cells_have_the_declared_moments() {
        for programming in [
            Programming::Normal(vec![0.5, 2.5]),
            Programming::Lognormal(vec![0.1, 0.05]),
        ] {
            let cell = cell(programming);
            let mut rng = keyed(3, Purpose::Program, &[]);
            let n = 20_000;
            let draws: Vec<f64> = (0..n).map(|_| cell.program_us(1, &mut rng)).collect();
            let mean = draws.iter().sum::<f64>() / f64::from(n);
            let var = draws.iter().map(|g| (g - mean).powi(2)).sum::<f64>() / f64::from(n);
            assert!((mean - 50.0).abs() < 4.0 * 2.5 / f64::from(n).sqrt());
            assert!((var / 6.25 - 1.0).abs() < 4.0 * (2.5 / f64::from(n)).sqrt());
        }
    }

    #[test]
    fn stuck_cells_appear_with_their_probability() {
        let cell = Cell {
            stuck_off: 0.1,
            stuck_on: 0.2,
            ..cell(Programming::None)
        };
        let mut rng = keyed(4, Purpose::Program, &[]);
        let n = 20_000;
        let on = (0..n)
            .filter(|_| cell.program_us(0, &mut rng) == 50.0)
            .count() as f64
            / f64::from(n);
        let off = (0..n)
            .filter(|_| cell.program_us(1, &mut rng) == 5.0)
            .count() as f64
            / f64::from(n);
        assert!((on - 0.2).abs() < 4.0 * (0.16 / f64::from(n)).sqrt());
        assert!((off - 0.1).abs() < 4.0 * (0.09 / f64::from(n)).sqrt());
    }
}
