//! Word lines: which rows fire together, and how input codes are put on them.
//!
//! Rows of the weight matrix are numbered in im2col order (channel-major, then kernel position). They lie on the word lines in a
//! [`RowOrder`] and are split flat into groups of N open word lines; the last group may be short. Not responsible for weights or
//! for what the bit line does with the current.

use super::error::{Checks, HwError};
use serde::Deserialize;
use std::ops::Range;

/// `[word_lines]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WordLinesSpec {
    /// Word lines open at once.
    pub active: usize,
    /// Which rows of the weight matrix are opened together.
    #[serde(default)]
    pub order: RowOrder,
    /// How an input code is put on a word line.
    pub inputs: InputsSpec,
}

/// `word_lines.order`: how the rows of a weight matrix lie on the word lines, and so which of them are opened together.
///
/// ```
/// use imcsim::hw::word_line::RowOrder;
/// assert_eq!(RowOrder::Consecutive.rows(6, 3), [0, 1, 2, 3, 4, 5]);
/// assert_eq!(RowOrder::Interleaved.rows(6, 3), [0, 2, 4, 1, 3, 5]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowOrder {
    /// In im2col order: nine word lines hold a 3 x 3 window of one channel.
    #[default]
    Consecutive,
    /// Every G-th row, G being the number of groups, then every G-th from the next on, and so on. Neighbouring inputs of a channel
    /// are alike, and so are their weights: opened together they make wide partial sums, apart from each other narrow ones. No other
    /// hardware is needed; a layer on several arrays along its rows loads more inputs, and fewer groups see nothing but zeros. Where
    /// groups do not come out even, some hold the end of one such run and the start of the next.
    Interleaved,
}

impl RowOrder {
    /// Row of the weight matrix on every word line, for `rows` rows in groups of `active`.
    ///
    /// # Panics
    /// If `active` is 0.
    pub fn rows(self, rows: usize, active: usize) -> Vec<usize> {
        match self {
            RowOrder::Consecutive => (0..rows).collect(),
            RowOrder::Interleaved => {
                let groups = rows.div_ceil(active);
                let of_group = |group: usize| (group..rows).step_by(groups.max(1));
                (0..groups).flat_map(of_group).collect()
            }
        }
    }
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

/// The flat split of the word lines that hold a layer's rows into groups that fire together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowGroups {
    /// Rows of the weight matrix, each on a word line.
    pub rows: usize,
    /// Word lines of a full group.
    pub active: usize,
}

impl RowGroups {
    /// Number of groups.
    pub fn count(&self) -> usize {
        self.rows.div_ceil(self.active)
    }

    /// Word lines of group `g`.
    pub fn range(&self, g: usize) -> Range<usize> {
        let start = g * self.active;
        start..(start + self.active).min(self.rows)
    }

    /// Word lines of the last group.
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
    fn every_order_has_every_row_once_and_interleaved_groups_are_far_apart() {
        for (rows, active) in [(27, 9), (25, 9), (1, 9), (20, 9), (576, 64), (2048, 9)] {
            for order in [RowOrder::Consecutive, RowOrder::Interleaved] {
                let mut all = order.rows(rows, active);
                all.sort_unstable();
                assert!(all.into_iter().eq(0..rows), "{order:?} {rows} {active}");
            }
        }
        // A layer of 64 channels and 3 x 3 kernels: nine rows of nine channels at nine positions.
        let order = RowOrder::Interleaved.rows(576, 9);
        for group in order.chunks(9) {
            let distinct = |part: fn(usize) -> usize| {
                let parts: std::collections::BTreeSet<usize> =
                    group.iter().map(|&row| part(row)).collect();
                parts.len()
            };
            assert_eq!(distinct(|row| row / 9), 9);
            assert_eq!(distinct(|row| row % 9), 9);
        }
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
