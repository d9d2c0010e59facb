//! `[cell]` of a hardware file: its keys, and their resolution into a checked [`Cell`].
//!
//! Not responsible for what a cell does with its numbers (`super`).

use super::Cell;
use crate::hw::error::{Checks, HwError};
use crate::hw::programming::ProgrammingSpec;
use crate::hw::variation::NoNoiseSpec;
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
