//! The comparisons behind a code: what the sense amps of a read-out say on the way to it.
//!
//! Flash: one sense amp per reference, lowest first, all at once. Ramp: one after the other from below until one says no.
//! Binary search: one per phase, the sign first where codes are symmetric about 0. For waveforms; nothing is decided here.

use super::binary_search::{self, Decision};
use super::{Architecture, Kind, Readout};

impl Readout {
    /// Outputs of the sense amps for a code that was read for this partial sum, true for "current is at least the reference";
    /// nothing where there are no comparisons (ideal and measured read-outs).
    pub fn decisions(&self, code: u8, sum: i32) -> Vec<bool> {
        let Kind::Converter(converter) = &self.kind else {
            return Vec::new();
        };
        let above = |reference: usize| usize::from(code) > reference;
        let references = 0..self.thresholds.len();
        match converter.architecture {
            Architecture::Flash => references.map(above).collect(),
            Architecture::Ramp => {
                let until = (usize::from(code) + 1).min(self.thresholds.len());
                references.take(until).map(above).collect()
            }
            Architecture::BinarySearch => {
                let middle = self.thresholds.len() / 2;
                let mut said = Vec::new();
                binary_search::search(&self.thresholds, |decision| {
                    let one = match decision {
                        Decision::Reference(reference) => above(reference),
                        // The middle code is reached from either sign; the sum says from which.
                        Decision::Sign if usize::from(code) == middle => sum >= 0,
                        Decision::Sign => usize::from(code) > middle,
                    };
                    said.push(one);
                    one
                });
                said
            }
        }
    }
}
