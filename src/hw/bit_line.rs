//! The bit line: sum of the cell currents, what is lost on the way, and the noise of the sampled current.
//!
//! Everything after the subtraction of positive and negative columns is in MAC units. Leakage of off cells cancels in
//! an analog subtraction; in a single column it moves with the inputs unless a replica column of off cells is
//! subtracted or the references follow the inputs. References that follow the inputs carry their own gain error on all of
//! their current, and none beyond what the driven rows can make is used. A current limit is the largest magnitude that the path into the read-out carries: a reference beyond it is
//! never reached. Wire resistance is the lumped law of a row group at distance d from the clamp,
//! `I = I_0 / (1 + n g d R)`, with n g the conductance of the group's cells at input 1.
//! Leakage and wire resistance depend on the pattern and the place, so only virtual chips see them; noise and the current
//! limit act on partial sums as well. References are not moved to make up for any of them.

use super::error::Checks;
use super::keyword::keyword;
use super::variation::{CurrentNoiseSpec, NoNoiseSpec, Noise};
use serde::Deserialize;

keyword! {
    /// What happens to the current of off cells in a column that is read on its own.
    Leakage {
        /// It reaches the read-out.
        Uncompensated = "uncompensated",
        /// A column of off cells with the same inputs is subtracted.
        ReplicaColumn = "replica_column",
        /// It reaches the read-out, whose references move up by one off-cell current per driven input.
        InputAwareReference = "input_aware_reference",
    }
}

/// `[bit_line]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BitLineSpec {
    /// Off-cell current of a single column.
    pub leakage: Leakage,
    /// Current limit.
    pub saturation: SaturationSpec,
    /// Wire resistance.
    pub wire: WireSpec,
    /// Noise of the sampled current, one draw per conversion, shared by all its comparisons.
    pub read_noise: CurrentNoiseSpec,
}

/// `[bit_line.saturation]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SaturationSpec {
    /// No limit.
    None(NoNoiseSpec),
    /// Hard limit.
    Clamp(ClampSpec),
}

/// `[bit_line.saturation.clamp]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClampSpec {
    /// Largest current (or difference of currents) in uA.
    pub limit_ua: f64,
}

/// `[bit_line.wire]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WireSpec {
    /// No resistance.
    Ideal(NoNoiseSpec),
    /// Lumped series resistance between a row group and the clamp at row 0.
    Lumped(LumpedWireSpec),
}

/// `[bit_line.wire.lumped]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LumpedWireSpec {
    /// Resistance of one cell's segment in ohm.
    pub ohm_per_cell: f64,
}

/// A resolved bit line.
#[derive(Clone, Debug, PartialEq)]
pub struct BitLine {
    /// Off-cell current of a single column.
    pub leakage: Leakage,
    /// Largest magnitude in MAC units; `None` if there is no limit.
    pub limit: Option<f64>,
    /// Wire resistance of one cell in ohm; `None` if ideal.
    pub ohm_per_cell: Option<f64>,
    /// Noise of the sampled current in MAC units.
    pub read_noise: Noise,
}

impl BitLineSpec {
    /// Checks the numbers and divides by the unit current.
    pub fn resolve(&self, unit_ua: f64, checks: &mut Checks) -> BitLine {
        let limit = match &self.saturation {
            SaturationSpec::None(_) => None,
            SaturationSpec::Clamp(spec) => {
                checks.positive("bit_line.saturation.clamp.limit_ua", spec.limit_ua);
                Some(spec.limit_ua / unit_ua)
            }
        };
        let ohm_per_cell = match &self.wire {
            WireSpec::Ideal(_) => None,
            WireSpec::Lumped(spec) => {
                checks.not_negative("bit_line.wire.lumped.ohm_per_cell", spec.ohm_per_cell);
                Some(spec.ohm_per_cell)
            }
        };
        BitLine {
            leakage: self.leakage,
            limit,
            ohm_per_cell,
            read_noise: self
                .read_noise
                .resolve("bit_line.read_noise", unit_ua, checks),
        }
    }
}

impl BitLine {
    /// Share of the current of a row group that arrives: `group_us` is the conductance of the group's cells in the
    /// column in uS, `distance` the number of cells between the group and the clamp.
    pub fn attenuation(&self, group_us: f64, distance: f64) -> f64 {
        match self.ohm_per_cell {
            None => 1.0,
            Some(ohm) => 1.0 / (1.0 + group_us * 1e-6 * distance * ohm),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn lumped_wire_matches_the_worked_example() {
        let line = BitLine {
            leakage: Leakage::ReplicaColumn,
            limit: None,
            ohm_per_cell: Some(2.82),
            read_noise: Noise::NONE,
        };
        let far = 1.0 - line.attenuation(9.0 * 100.0, 247.0);
        assert_relative_eq!(far, 0.38533, max_relative = 1e-3);
    }
}
