//! One invocation of a macro counted for a mean pattern: one activation of word lines and one conversion of every read-out.
//!
//! What published macros state their efficiency for, and what `show` prints; a network counts its own inputs and cells
//! instead. Each bit of an input is taken as one pulse on its word line, one after the other within the development; a driven
//! row conducts for its share of the open time. Not responsible for times of a network.

use super::AreaCounts;
use super::counts::EnergyCounts;
use crate::hw::chip::Hardware;
use crate::hw::readout::{Architecture, Kind};
use crate::hw::reference::SignedCodes;
use crate::hw::timing::{SampleAndHold, Timing};

/// A mean pattern.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanPattern {
    /// Share of input bits that are 1.
    pub driven: f64,
    /// Share of cells at the top level; the others are off.
    pub on: f64,
}

impl MeanPattern {
    /// Half of the input bits are 1, half of the cells are on.
    pub const HALF: Self = Self {
        driven: 0.5,
        on: 0.5,
    };
}

impl Hardware {
    /// Comparisons of one conversion that does not end early: every sense amp of a flash, else one for each step.
    pub fn comparisons_per_conversion(&self, timing: &Timing) -> u32 {
        match &self.readout.kind {
            Kind::Converter(converter) if converter.architecture == Architecture::Flash => {
                self.sense_amps_per_readout()
            }
            _ => timing.sense_steps,
        }
    }

    /// Sense amps of one read-out: one for each reference of a flash, else one. Codes of both signs that mirror each other are
    /// one fewer than the bits could tell apart.
    pub fn sense_amps_per_readout(&self) -> u32 {
        match &self.readout.kind {
            Kind::Converter(converter) if converter.architecture == Architecture::Flash => {
                let subtracted = self.bit_lines_per_conversion() > 1;
                let unused = subtracted && converter.signed_codes == SignedCodes::Symmetric;
                (1 << converter.bits) - 1 - u32::from(unused)
            }
            _ => 1,
        }
    }

    /// One invocation of the macro with this mean pattern.
    pub fn mean_invocation(&self, timing: &Timing, pattern: MeanPattern) -> EnergyCounts {
        let (readouts, active) = (self.readouts() as f64, self.word_lines.active as f64);
        let bit_lines = readouts * self.bit_lines_per_conversion() as f64;
        let cell = pattern.on * self.cell.current_ua(self.cell.top())
            + (1.0 - pattern.on) * self.cell.current_ua(0);
        let current = bit_lines * active * pattern.driven * cell;
        let open_ns = f64::from(timing.open_cycles()) * timing.clock_ns;
        let pulses = active * pattern.driven * f64::from(self.word_lines.bits_per_read);
        let mut counts = EnergyCounts::default();
        counts.add_operation(current, open_ns, bit_lines, pulses);
        let comparisons = f64::from(self.comparisons_per_conversion(timing));
        counts.add_conversions(readouts, comparisons);
        counts.samples = self.samples(readouts);
        counts
    }

    /// Values that are sampled for these many conversions: each is held once, in the read-out or in its column.
    pub fn samples(&self, conversions: f64) -> f64 {
        match self.hold() {
            SampleAndHold::None => 0.0,
            SampleAndHold::PerReadout | SampleAndHold::PerColumn => conversions,
        }
    }

    fn hold(&self) -> SampleAndHold {
        let timing = self.timing.as_ref();
        timing.map_or(SampleAndHold::None, |timing| timing.sample_and_hold)
    }

    /// Parts of one macro.
    pub fn macro_area_counts(&self) -> AreaCounts {
        AreaCounts {
            cells: (self.array.rows * self.array.columns) as f64,
            word_lines: self.array.rows as f64,
            holds: match self.hold() {
                SampleAndHold::None => 0.0,
                SampleAndHold::PerReadout => self.readouts() as f64,
                // What is subtracted is subtracted before it is held.
                SampleAndHold::PerColumn => {
                    self.array.converted(self.weights.columns_read()) as f64
                }
            },
            readouts: self.readouts() as f64,
            sense_amps_each: f64::from(self.sense_amps_per_readout()),
            ..AreaCounts::default()
        }
    }
}
