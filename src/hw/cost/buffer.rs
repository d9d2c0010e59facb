//! Buffers (`[cost.chip.buffers]`): energy of every bit that is read or written, area of every bit that can be held.
//!
//! Not responsible for which data passes through them.

use crate::hw::error::Checks;
use serde::Deserialize;

/// `[cost.chip.buffers]`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BufferCost {
    /// Reading one bit.
    pub bit_read_energy_fj: f64,
    /// Writing one bit.
    pub bit_write_energy_fj: f64,
    /// Holding one bit.
    pub bit_area_um2: f64,
}

impl BufferCost {
    /// Checks the numbers.
    pub fn check(&self, checks: &mut Checks) {
        for (key, value) in [
            ("bit_read_energy_fj", self.bit_read_energy_fj),
            ("bit_write_energy_fj", self.bit_write_energy_fj),
            ("bit_area_um2", self.bit_area_um2),
        ] {
            checks.not_negative(&format!("cost.chip.buffers.{key}"), value);
        }
    }

    /// Energy in fJ of bits read and written.
    pub fn traffic_fj(&self, read_bits: f64, written_bits: f64) -> f64 {
        read_bits * self.bit_read_energy_fj + written_bits * self.bit_write_energy_fj
    }
}
