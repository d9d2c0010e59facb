//! Driving word lines (`[cost.word_lines]`): `E = n * C_WL * V_WL^2`, one charge for each pulse on each driven word line.
//!
//! Not responsible for how many word lines an operation drives.

use crate::hw::error::Checks;
use serde::Deserialize;

/// `[cost.word_lines]`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WordLineCost {
    /// Capacitance of one word line with the gates of its cells.
    pub capacitance_ff: f64,
    /// Voltage it is driven to.
    pub swing_v: f64,
    /// Area of one driver with its part of the decoder.
    pub driver_area_um2: f64,
}

impl WordLineCost {
    /// Checks the numbers.
    pub fn check(&self, checks: &mut Checks) {
        for (key, value) in [
            ("capacitance_ff", self.capacitance_ff),
            ("swing_v", self.swing_v),
            ("driver_area_um2", self.driver_area_um2),
        ] {
            checks.not_negative(&format!("cost.word_lines.{key}"), value);
        }
    }

    /// Energy in fJ of these many pulses.
    pub fn pulses_fj(&self, pulses: f64) -> f64 {
        pulses * self.capacitance_ff * self.swing_v * self.swing_v
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn a_pulse_takes_capacitance_times_voltage_squared() {
        let cost = WordLineCost {
            capacitance_ff: 100.0,
            swing_v: 0.9,
            driver_area_um2: 1.0,
        };
        assert_relative_eq!(cost.pulses_fj(9.0), 729.0);
    }
}
