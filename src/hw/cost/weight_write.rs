//! Writing weights (`[cost.chip.weight_writing]`): energy of one cell, all pulses and verifying reads together.
//!
//! Not responsible for how long writing takes (`[chip.weight_writing]`).

use crate::hw::error::Checks;
use serde::Deserialize;

/// `[cost.chip.weight_writing]`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightWriteCost {
    /// Writing one cell.
    pub cell_energy_fj: f64,
}

impl WeightWriteCost {
    /// Checks the number.
    pub fn check(&self, checks: &mut Checks) {
        checks.not_negative(
            "cost.chip.weight_writing.cell_energy_fj",
            self.cell_energy_fj,
        );
    }
}
