//! The digital side: latch, shift and add behind every read-out (`[cost.accumulation]`), and the units that a chip has beside
//! its macros (`[cost.chip.digital]`).
//!
//! Energies are for one operation of the width that the chip has; a number per bit is to be multiplied by the width in the
//! file. Not responsible for how many operations there are.

use crate::hw::error::Checks;
use serde::Deserialize;

/// `[cost.accumulation]`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccumulationCost {
    /// Latching one code, shifting it and adding it to the accumulator.
    pub latch_energy_fj: f64,
    /// Latch, shifter, adder and accumulator of one read-out.
    pub area_um2: f64,
}

/// `[cost.chip.digital]`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DigitalCost {
    /// Adding a partial sum of another array.
    pub add_energy_fj: f64,
    /// Scale, shift and activation of one output.
    pub activation_energy_fj: f64,
    /// One product of a digital layer, added up.
    pub mac_energy_fj: f64,
    /// One adder of partial sums.
    pub add_area_um2: f64,
    /// One activation unit.
    pub activation_area_um2: f64,
    /// One multiplier with its adder.
    pub mac_area_um2: f64,
}

impl AccumulationCost {
    /// Checks the numbers.
    pub fn check(&self, checks: &mut Checks) {
        checks.not_negative("cost.accumulation.latch_energy_fj", self.latch_energy_fj);
        checks.not_negative("cost.accumulation.area_um2", self.area_um2);
    }
}

impl DigitalCost {
    /// Checks the numbers.
    pub fn check(&self, checks: &mut Checks) {
        for (key, value) in [
            ("add_energy_fj", self.add_energy_fj),
            ("activation_energy_fj", self.activation_energy_fj),
            ("mac_energy_fj", self.mac_energy_fj),
            ("add_area_um2", self.add_area_um2),
            ("activation_area_um2", self.activation_area_um2),
            ("mac_area_um2", self.mac_area_um2),
        ] {
            checks.not_negative(&format!("cost.chip.digital.{key}"), value);
        }
    }
}
