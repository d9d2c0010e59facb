//! Word lines: which rows fire together, and how input codes are put on them.
//!
//! Rows are in im2col order (channel-major, then kernel position) and split flat into consecutive groups of N open word
//! lines; the last group may be short. Not responsible for weights or for what the bit line does with the current.

use super::error::{Checks, HwError};
use serde::Deserialize;
use std::ops::Range;

/// `[word_lines]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WordLinesSpec {
    /// Word lines open at once.
    pub active: usize,
    /// How an input code is put on a word line.
    pub inputs: InputsSpec,
}

/// `[word_lines.inputs]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputsSpec {
    /// One bit per read; reads are combined digitally by shift and add.
    BitSerial(BitSerialSpec),
    /// Several bits in one read: word-line levels, or serial pulses recombined as current before the read-out.
    MultiLevel(MultiLevelSpec),
}

/// `[word_lines.inputs.bit_serial]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BitSerialSpec {}

/// `[word_lines.inputs.multi_level]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MultiLevelSpec {
    /// Input bits per read.
    pub bits_per_read: u32,
}

/// Resolved word lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordLines {
    /// Word lines open at once.
    pub active: usize,
    /// Input bits per read.
    pub bits_per_read: u32,
}

/// The part of an input code that one read puts on the word line: `(a >> shift) & mask`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputPlane {
    /// Bits dropped at the bottom.
    pub shift: u32,
    /// Bits kept above them.
    pub mask: u8,
}

impl InputPlane {
    /// The value on the word line for an input code.
    pub fn apply(&self, code: u8) -> u8 {
        (code >> self.shift) & self.mask
    }

    /// Largest value on the word line for input codes of `bits` bits.
    pub fn max(&self, bits: u32) -> i32 {
        i32::from(self.apply(((1u32 << bits) - 1) as u8))
    }
}

impl WordLinesSpec {
    /// Checks the numbers against the array's rows.
    pub fn resolve(&self, rows: usize, checks: &mut Checks) -> WordLines {
        checks.within(
            "word_lines.active",
            self.active as u64,
            1,
            rows as u64,
            "open at least one row and at most all rows of the array",
        );
        let bits_per_read = match &self.inputs {
            InputsSpec::BitSerial(_) => 1,
            InputsSpec::MultiLevel(spec) => spec.bits_per_read,
        };
        checks.within(
            "word_lines.inputs.multi_level.bits_per_read",
            u64::from(bits_per_read),
            1,
            8,
            "input codes have at most 8 bits",
        );
        WordLines {
            active: self.active,
            bits_per_read,
        }
    }
}

impl WordLines {
    /// The reads of an input code of `bits` bits, each with its factor in the accumulator.
    pub fn planes(&self, bits: u32) -> Result<Vec<(i32, InputPlane)>, HwError> {
        if !(1..=8).contains(&bits) {
            return Err(HwError::new(
                "activation bits",
                bits,
                "1 to 8",
                "choose a network whose activations fit a byte",
            ));
        }
        let mut planes = Vec::new();
        for shift in (0..bits).step_by(self.bits_per_read.max(1) as usize) {
            let kept = self.bits_per_read.min(bits - shift);
            planes.push((
                1 << shift,
                InputPlane {
                    shift,
                    mask: ((1u32 << kept) - 1) as u8,
                },
            ));
        }
        Ok(planes)
    }
}

/// The flat split of a weight matrix's rows into groups that fire together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowGroups {
    /// Rows of the weight matrix.
    pub rows: usize,
    /// Rows per full group.
    pub active: usize,
}

impl RowGroups {
    /// Number of groups.
    pub fn count(&self) -> usize {
        self.rows.div_ceil(self.active)
    }

    /// Rows of group `g`.
    pub fn range(&self, g: usize) -> Range<usize> {
        let start = g * self.active;
        start..(start + self.active).min(self.rows)
    }

    /// Rows in the last group.
    pub fn last(&self) -> usize {
        self.range(self.count().saturating_sub(1)).len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_cover_every_row_once() {
        for (rows, active) in [(27, 9), (25, 9), (1, 9), (9, 9), (10, 3), (576, 64)] {
            let groups = RowGroups { rows, active };
            let mut next = 0;
            for g in 0..groups.count() {
                let range = groups.range(g);
                assert_eq!(range.start, next);
                assert!(!range.is_empty() && range.len() <= active);
                next = range.end;
            }
            assert_eq!(next, rows);
        }
        assert_eq!(
            RowGroups {
                rows: 25,
                active: 9
            }
            .last(),
            7
        );
        assert_eq!(
            RowGroups {
                rows: 27,
                active: 9
            }
            .last(),
            9
        );
    }

    #[test]
    fn planes_rebuild_every_code() {
        for bits_per_read in 1..=4 {
            let lines = WordLines {
                active: 9,
                bits_per_read,
            };
            for bits in 1..=8 {
                let planes = lines.planes(bits).expect("1 to 8 bits are allowed");
                for code in 0..1u32 << bits {
                    let code = code as u8;
                    let sum: i32 = planes
                        .iter()
                        .map(|(factor, plane)| factor * i32::from(plane.apply(code)))
                        .sum();
                    assert_eq!(sum, i32::from(code));
                }
            }
        }
    }
}
