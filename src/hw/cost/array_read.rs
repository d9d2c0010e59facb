//! Reading cells: what the open cells conduct, and what charges the bit lines (`[cost.array_read]`).
//!
//! ```text
//! E = V_read * sum of cell currents * t_on  +  bit lines * C_BL * V_precharge * dV
//! ```
//! V * uA * ns and fF * V^2 are fJ. The current is that of the cells themselves at the read voltage: what a clamp or mirror
//! above the bit line takes beside it is not counted. Not responsible for which cells conduct (the caller knows inputs and
//! cells) nor for word lines ([`super::word_line`]).

use crate::hw::error::Checks;
use serde::Deserialize;

/// `[cost.array_read]`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArrayReadCost {
    /// Capacitance of one bit line.
    pub bit_line_capacitance_ff: f64,
    /// Voltage that bit lines are charged from.
    pub precharge_voltage_v: f64,
    /// How far a bit line is charged at each read.
    pub precharge_swing_v: f64,
    /// Area of one cell.
    pub cell_area_um2: f64,
}

impl ArrayReadCost {
    /// Checks the numbers.
    pub fn check(&self, checks: &mut Checks) {
        for (key, value) in [
            ("bit_line_capacitance_ff", self.bit_line_capacitance_ff),
            ("precharge_voltage_v", self.precharge_voltage_v),
            ("precharge_swing_v", self.precharge_swing_v),
            ("cell_area_um2", self.cell_area_um2),
        ] {
            checks.not_negative(&format!("cost.array_read.{key}"), value);
        }
    }

    /// Energy in fJ of charging these many bit lines once.
    pub fn precharge_fj(&self, bit_lines: f64) -> f64 {
        let charge_fc = self.bit_line_capacitance_ff * self.precharge_swing_v;
        bit_lines * charge_fc * self.precharge_voltage_v
    }
}

/// Charge in fC through the cells of an operation: their actual current in uA for `on_ns` ns.
pub fn cell_charge_fc(current_ua: f64, on_ns: f64) -> f64 {
    current_ua * on_ns
}

/// Energy in fJ of that charge at the read voltage.
pub fn cells_fj(read_voltage_v: f64, charge_fc: f64) -> f64 {
    read_voltage_v * charge_fc
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn nine_cells_of_ten_microampere_take_ninety_femtojoule() {
        let charge = cell_charge_fc(9.0 * 10.0, 5.0);
        assert_relative_eq!(cells_fj(0.2, charge), 90.0);
    }

    #[test]
    fn bit_lines_take_their_charge_from_the_precharge_voltage() {
        let cost = ArrayReadCost {
            bit_line_capacitance_ff: 50.0,
            precharge_voltage_v: 0.9,
            precharge_swing_v: 0.2,
            cell_area_um2: 0.1,
        };
        assert_relative_eq!(cost.precharge_fj(3.0), 3.0 * 9.0);
    }
}
