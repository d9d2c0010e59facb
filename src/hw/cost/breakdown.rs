//! Energy and area by part.
//!
//! The calibration factor multiplies what the macro itself takes (cells, bit lines, word lines, samples, conversions, latches) and
//! nothing around it; it travels with the numbers so that nobody shows them without it.

/// How many parts of an energy are the macro's own.
const MACRO_ENERGIES: usize = 6;
/// How many parts of an area are.
const MACRO_AREAS: usize = 5;

/// Energy by part in pJ, calibration factor applied.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EnergyBreakdown {
    /// What the parts of the macro were multiplied by; 1 where the file has none.
    pub calibration_factor: f64,
    /// Current of the cells.
    pub cells_pj: f64,
    /// Charging bit lines.
    pub bit_lines_pj: f64,
    /// Driving word lines.
    pub word_lines_pj: f64,
    /// Sampling.
    pub samples_pj: f64,
    /// Conversions.
    pub conversions_pj: f64,
    /// Latch, shift and add.
    pub accumulation_pj: f64,
    /// Partial sums of other arrays.
    pub adds_pj: f64,
    /// Activations.
    pub activations_pj: f64,
    /// Digital layers.
    pub macs_pj: f64,
    /// Buffers.
    pub buffers_pj: f64,
    /// Links.
    pub wires_pj: f64,
    /// Leakage.
    pub leakage_pj: f64,
    /// Writing weights.
    pub weight_writing_pj: f64,
}

impl EnergyBreakdown {
    /// Names and energies in pJ, the macro's parts first.
    pub fn parts(&self) -> [(&'static str, f64); 13] {
        [
            ("cells", self.cells_pj),
            ("bit lines", self.bit_lines_pj),
            ("word lines", self.word_lines_pj),
            ("sample-and-hold", self.samples_pj),
            ("conversions", self.conversions_pj),
            ("accumulation", self.accumulation_pj),
            ("sums of other arrays", self.adds_pj),
            ("activations", self.activations_pj),
            ("digital layers", self.macs_pj),
            ("buffers", self.buffers_pj),
            ("wires", self.wires_pj),
            ("leakage", self.leakage_pj),
            ("writing weights", self.weight_writing_pj),
        ]
    }

    /// The macro's own parts.
    pub fn macro_parts(&self) -> Vec<(&'static str, f64)> {
        self.parts()[..MACRO_ENERGIES].to_vec()
    }

    /// The macros alone, in pJ.
    pub fn macro_pj(&self) -> f64 {
        self.macro_parts().iter().map(|(_, energy)| energy).sum()
    }

    /// The macros alone before calibration, in pJ.
    pub fn macro_uncalibrated_pj(&self) -> f64 {
        self.macro_pj() / self.calibration_factor
    }

    /// Everything, in pJ.
    pub fn total_pj(&self) -> f64 {
        self.parts().iter().map(|(_, energy)| energy).sum()
    }
}

/// Area by part in um^2.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AreaBreakdown {
    /// Cells.
    pub cells_um2: f64,
    /// Drivers of word lines.
    pub word_lines_um2: f64,
    /// Capacitors that hold values.
    pub holds_um2: f64,
    /// Converters.
    pub converters_um2: f64,
    /// Latches, shifters, adders and accumulators.
    pub accumulation_um2: f64,
    /// Digital units.
    pub digital_um2: f64,
    /// Buffers.
    pub buffers_um2: f64,
    /// Links.
    pub wires_um2: f64,
}

impl AreaBreakdown {
    /// Names and areas in um^2, the macro's parts first.
    pub fn parts(&self) -> [(&'static str, f64); 8] {
        [
            ("cells", self.cells_um2),
            ("word lines", self.word_lines_um2),
            ("sample-and-hold", self.holds_um2),
            ("converters", self.converters_um2),
            ("accumulation", self.accumulation_um2),
            ("digital", self.digital_um2),
            ("buffers", self.buffers_um2),
            ("wires", self.wires_um2),
        ]
    }

    /// The macro's own parts.
    pub fn macro_parts(&self) -> Vec<(&'static str, f64)> {
        self.parts()[..MACRO_AREAS].to_vec()
    }

    /// Everything, in um^2.
    pub fn total_um2(&self) -> f64 {
        self.parts().iter().map(|(_, area)| area).sum()
    }
}
