//! The ReRAM cell: conductance levels, read noise (each read), stuck-at faults.
//!
//! A level is a whole number 0, 1, ..; level 0 is the high-resistance (off) state. One MAC unit is the current step of
//! one level: `I_u = (G_top - G_0) / top * V_read`. Conductances in uS, voltages in V, currents in uA.
//! Not responsible for which level a weight takes ([`super::weight_plane`]), programming variation ([`super::programming`]) nor for drift with time.

use super::error::{Checks, HwError};
use super::programming::{Programming, ProgrammingSpec};
use super::variation::NoNoiseSpec;
use rand::{Rng, RngExt};
use serde::Deserialize;

/// `[cell]`: one of `[cell.levels]`, `[cell.on_off]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CellSpec {
    /// A table of conductances.
    Levels(LevelsSpec),
    /// On conductance, on/off ratio and bits; levels evenly spaced.
    OnOff(OnOffSpec),
}

/// Levels of a cell: weights put at most 128 on one.
const MOST_LEVELS: usize = 256;

/// `[cell.levels]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LevelsSpec {
    /// Conductance of each level in uS, ascending, level 0 first.
    pub conductances_us: Vec<f64>,
    /// Read voltage in V.
    pub read_voltage_v: f64,
    /// Programming variation.
    pub programming: ProgrammingSpec,
    /// Read noise of one cell.
    pub read_noise: CellNoiseSpec,
    /// Stuck cells.
    pub faults: FaultsSpec,
}

/// `[cell.on_off]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnOffSpec {
    /// Conductance of the top level in uS.
    pub g_on_us: f64,
    /// G_on / G_off.
    pub on_off_ratio: f64,
    /// Bits per cell: 2^bits levels, evenly spaced.
    pub bits: u32,
    /// Read voltage in V.
    pub read_voltage_v: f64,
    /// Programming variation.
    pub programming: ProgrammingSpec,
    /// Read noise of one cell.
    pub read_noise: CellNoiseSpec,
    /// Stuck cells.
    pub faults: FaultsSpec,
}

/// `[cell.*.read_noise]`: noise of one cell at one read.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CellNoiseSpec {
    /// No noise.
    None(NoNoiseSpec),
    /// Normal, relative to the cell's current.
    Normal(CellNormalSpec),
}

/// Read noise relative to the cell's own current.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CellNormalSpec {
    /// sigma / I.
    pub sigma_relative: f64,
}

/// `[cell.*.faults]`: cells that cannot be programmed.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultsSpec {
    /// Probability that a cell is stuck at level 0.
    pub stuck_off_probability: f64,
    /// Probability that a cell is stuck at its top level.
    pub stuck_on_probability: f64,
}

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

impl CellSpec {
    /// Checks the numbers and spaces the levels.
    pub fn resolve(&self, checks: &mut Checks) -> Cell {
        match self {
            Self::Levels(spec) => {
                let key = "cell.levels";
                let ascending = spec
                    .conductances_us
                    .windows(2)
                    .all(|pair| pair[0] < pair[1]);
                let legal = spec
                    .conductances_us
                    .iter()
                    .all(|g| g.is_finite() && *g >= 0.0);
                if spec.conductances_us.len() < 2 || !ascending || !legal {
                    checks.push(HwError::new(
                        format!("{key}.conductances_us"),
                        format!("{:?}", spec.conductances_us),
                        "at least two conductances, 0 or more, in ascending order",
                        "list the off state first",
                    ));
                }
                checks.none_huge(&format!("{key}.conductances_us"), &spec.conductances_us);
                if spec.conductances_us.len() > MOST_LEVELS {
                    checks.push(HwError::new(
                        format!("{key}.conductances_us"),
                        format!("{} conductances", spec.conductances_us.len()),
                        format!("at most {MOST_LEVELS}: a level is a number of 8 bits"),
                        "leave levels out",
                    ));
                }
                // The parts after this one need two levels to say what else is wrong.
                let levels = match spec.conductances_us.len() {
                    0 | 1 => vec![0.0, 1.0],
                    _ => spec.conductances_us.clone(),
                };
                let common = (&spec.programming, &spec.read_noise, &spec.faults);
                build(key, levels, spec.read_voltage_v, common, checks)
            }
            Self::OnOff(spec) => {
                let key = "cell.on_off";
                checks.positive(&format!("{key}.g_on_us"), spec.g_on_us);
                checks.within(
                    &format!("{key}.bits"),
                    u64::from(spec.bits),
                    1,
                    6,
                    "a cell stores 1 to 6 bits",
                );
                if !(spec.on_off_ratio.is_finite() && spec.on_off_ratio > 1.0) {
                    checks.push(HwError::new(
                        format!("{key}.on_off_ratio"),
                        spec.on_off_ratio,
                        "a finite ratio above 1",
                        "write G_on / G_off",
                    ));
                }
                let top = (1u32 << spec.bits.clamp(1, 6)) - 1;
                let g_off = spec.g_on_us / spec.on_off_ratio;
                let step = (spec.g_on_us - g_off) / f64::from(top);
                let levels = (0..=top)
                    .map(|level| g_off + step * f64::from(level))
                    .collect();
                let common = (&spec.programming, &spec.read_noise, &spec.faults);
                build(key, levels, spec.read_voltage_v, common, checks)
            }
        }
    }
}

/// Largest relative read noise: a normal current would be negative at every sixth read.
const MOST_READ_SIGMA: f64 = 1.0;

fn build(
    key: &str,
    conductances_us: Vec<f64>,
    read_voltage_v: f64,
    (programming, read_noise, faults): (&ProgrammingSpec, &CellNoiseSpec, &FaultsSpec),
    checks: &mut Checks,
) -> Cell {
    checks.positive(&format!("{key}.read_voltage_v"), read_voltage_v);
    checks.probability(
        &format!("{key}.faults.stuck_off_probability"),
        faults.stuck_off_probability,
    );
    checks.probability(
        &format!("{key}.faults.stuck_on_probability"),
        faults.stuck_on_probability,
    );
    if faults.stuck_off_probability + faults.stuck_on_probability > 1.0 {
        checks.push(HwError::new(
            format!("{key}.faults.stuck_on_probability"),
            faults.stuck_on_probability,
            "both probabilities together at most 1",
            "a cell is stuck at one level only",
        ));
    }
    let read_sigma_relative = match read_noise {
        CellNoiseSpec::None(_) => 0.0,
        CellNoiseSpec::Normal(spec) => {
            checks.relative_sigma(
                &format!("{key}.read_noise.normal.sigma_relative"),
                spec.sigma_relative,
                MOST_READ_SIGMA,
            );
            spec.sigma_relative
        }
    };
    let programming = programming.resolve(&format!("{key}.programming"), &conductances_us, checks);
    let cell = Cell {
        conductances_us,
        read_voltage_v,
        programming,
        read_sigma_relative,
        stuck_off: faults.stuck_off_probability,
        stuck_on: faults.stuck_on_probability,
    };
    // Legal factors whose product is not: everything after this divides by the step.
    let unit = cell.unit_ua();
    let (low, high) = (cell.conductances_us[0], cell.conductances_us[cell.top()]);
    let legal = low >= 0.0 && high > low && high.is_finite() && read_voltage_v > 0.0;
    if legal && read_voltage_v.is_finite() && !(1e-9..=1e9).contains(&unit) {
        checks.push(HwError::new(
            format!("{key}.read_voltage_v"),
            read_voltage_v,
            format!("a current step between 1e-9 and 1e9 uA (it is {unit:e} uA)"),
            "check the units: conductances in uS, the read voltage in V",
        ));
    }
    cell
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
