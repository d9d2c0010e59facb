//! Samples and the capacitors that hold them (`[cost.sample_and_hold]`): `E = n * C_hold * V^2`, one charge for each value sampled.
//!
//! Read-outs share the time of the array only because of these capacitors, so a macro with them pays for them. Not responsible for
//! how many there are ([`super::invocation`]) nor for the time they take ([`crate::hw::timing`]).

use crate::hw::error::{Checks, HwError};
use crate::hw::timing::SampleAndHold;
use serde::Deserialize;

/// `[cost.sample_and_hold]`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleAndHoldCost {
    /// Capacitance that holds one value.
    pub capacitance_ff: f64,
    /// Voltage it is charged to.
    pub swing_v: f64,
    /// Area of one capacitor with its switch.
    pub area_um2: f64,
}

impl SampleAndHoldCost {
    /// Checks the numbers.
    pub fn check(&self, checks: &mut Checks) {
        for (key, value) in [
            ("capacitance_ff", self.capacitance_ff),
            ("swing_v", self.swing_v),
            ("area_um2", self.area_um2),
        ] {
            checks.not_negative(&format!("cost.sample_and_hold.{key}"), value);
        }
    }

    /// Energy in fJ of these many samples.
    pub fn samples_fj(&self, samples: f64) -> f64 {
        samples * self.capacitance_ff * self.swing_v * self.swing_v
    }
}

/// The costs that count for this way of holding; none where nothing is held.
pub fn of(
    cost: Option<SampleAndHoldCost>,
    hold: Option<SampleAndHold>,
    checks: &mut Checks,
) -> Option<SampleAndHoldCost> {
    if let Some(cost) = &cost {
        cost.check(checks);
    }
    let held = hold.is_some_and(|hold| hold != SampleAndHold::None);
    if held && cost.is_none() {
        checks.push(HwError::new(
            "cost.sample_and_hold",
            "missing",
            "the costs of what holds the values that timing.sample_and_hold samples",
            "write [cost.sample_and_hold] with capacitance_ff, swing_v and area_um2",
        ));
    }
    cost.filter(|_| held)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    const COST: SampleAndHoldCost = SampleAndHoldCost {
        capacitance_ff: 10.0,
        swing_v: 0.5,
        area_um2: 6.0,
    };

    #[test]
    fn a_sample_takes_capacitance_times_voltage_squared() {
        assert_relative_eq!(COST.samples_fj(8.0), 20.0);
    }

    #[test]
    fn who_holds_pays() {
        let mut checks = Checks::default();
        assert_eq!(of(Some(COST), Some(SampleAndHold::None), &mut checks), None);
        let held = of(Some(COST), Some(SampleAndHold::PerReadout), &mut checks);
        assert_eq!(held, Some(COST));
        assert!(checks.finish().is_ok());
        let mut checks = Checks::default();
        assert_eq!(of(None, Some(SampleAndHold::PerColumn), &mut checks), None);
        assert_eq!(checks.finish().map_err(|errors| errors.len()), Err(1));
    }
}
