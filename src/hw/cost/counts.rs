//! What happened, counted: the input of every energy. Plain numbers without hardware behind them.
//!
//! Counts are `f64` because means over patterns are not whole; sums of whole ones are exact below 2^53. Not responsible for
//! counting: whoever runs a network or a plan does that.

use super::array_read::cell_charge_fc;
use std::ops::AddAssign;

/// Everything that costs energy.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct EnergyCounts {
    /// Activations of word lines (one group, one read of the inputs). Costs nothing by itself; for means per operation.
    pub operations: f64,
    /// Charge through the cells in fC: actual current in uA times open time in ns, over all operations.
    pub cell_charge_fc: f64,
    /// Bit lines charged, once for each operation that reads them.
    pub precharged_bit_lines: f64,
    /// Pulses on word lines.
    pub word_line_pulses: f64,
    /// Values sampled and held.
    pub samples: f64,
    /// Conversions.
    pub conversions: f64,
    /// Comparisons that took place in them.
    pub comparisons: f64,
    /// Codes latched, shifted and added.
    pub latches: f64,
    /// Partial sums of other arrays added.
    pub adds: f64,
    /// Outputs scaled, shifted and activated.
    pub activations: f64,
    /// Products of digital layers.
    pub macs: f64,
    /// Bits read from buffers.
    pub buffer_read_bits: f64,
    /// Bits written to buffers.
    pub buffer_written_bits: f64,
    /// Bits times the links they passed.
    pub link_bits: f64,
    /// Cells written.
    pub cells_written: f64,
    /// Links times the time in ns they were on.
    pub link_time_ns: f64,
    /// Macros times the time in ns they were on.
    pub macro_time_ns: f64,
}

impl EnergyCounts {
    /// Counts one activation of word lines: actual current of all cells that are read, and how long they conduct.
    pub fn add_operation(
        &mut self,
        current_ua: f64,
        on_ns: f64,
        bit_lines: f64,
        word_line_pulses: f64,
    ) {
        self.operations += 1.0;
        self.cell_charge_fc += cell_charge_fc(current_ua, on_ns);
        self.precharged_bit_lines += bit_lines;
        self.word_line_pulses += word_line_pulses;
    }

    /// Counts conversions of this many comparisons each, and the latches behind them.
    pub fn add_conversions(&mut self, conversions: f64, comparisons_each: f64) {
        self.conversions += conversions;
        self.comparisons += conversions * comparisons_each;
        self.latches += conversions;
    }

    /// True if anything outside the macros was counted.
    pub fn beyond_macros(&self) -> bool {
        let beyond = [
            self.adds,
            self.activations,
            self.macs,
            self.buffer_read_bits,
            self.buffer_written_bits,
            self.link_bits,
            self.cells_written,
            self.link_time_ns,
            self.macro_time_ns,
        ];
        beyond.iter().any(|count| *count != 0.0)
    }
}

impl AddAssign for EnergyCounts {
    fn add_assign(&mut self, other: Self) {
        self.operations += other.operations;
        self.cell_charge_fc += other.cell_charge_fc;
        self.precharged_bit_lines += other.precharged_bit_lines;
        self.word_line_pulses += other.word_line_pulses;
        self.samples += other.samples;
        self.conversions += other.conversions;
        self.comparisons += other.comparisons;
        self.latches += other.latches;
        self.adds += other.adds;
        self.activations += other.activations;
        self.macs += other.macs;
        self.buffer_read_bits += other.buffer_read_bits;
        self.buffer_written_bits += other.buffer_written_bits;
        self.link_bits += other.link_bits;
        self.cells_written += other.cells_written;
        self.link_time_ns += other.link_time_ns;
        self.macro_time_ns += other.macro_time_ns;
    }
}
