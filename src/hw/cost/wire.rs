//! Links between tiles (`[cost.chip.wires]`): energy of every bit on every link it passes, and what all parts of the chip
//! leak as long as it is on.
//!
//! `uW * ns = fJ`; time is counted per link and per macro. Not responsible for routes.

use crate::hw::error::Checks;
use serde::Deserialize;

/// `[cost.chip.wires]`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WireCost {
    /// One bit over one link.
    pub bit_energy_fj: f64,
    /// Repeaters and router of one link.
    pub link_area_um2: f64,
    /// Leakage of one link.
    pub link_leakage_uw: f64,
    /// Leakage of one macro with its buffers.
    pub macro_leakage_uw: f64,
}

impl WireCost {
    /// Checks the numbers.
    pub fn check(&self, checks: &mut Checks) {
        for (key, value) in [
            ("bit_energy_fj", self.bit_energy_fj),
            ("link_area_um2", self.link_area_um2),
            ("link_leakage_uw", self.link_leakage_uw),
            ("macro_leakage_uw", self.macro_leakage_uw),
        ] {
            checks.not_negative(&format!("cost.chip.wires.{key}"), value);
        }
    }
}
