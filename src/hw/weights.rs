//! Signed integer weights on unsigned cells: the one place that knows the mapping.
//!
//! A weight matrix becomes one or several *conversions* per group and output. Each conversion c converts
//! `s_c = sum plane_w,c(w_i) * plane_a,c(a_i)` and enters the accumulator with an integer factor. Weights are
//! sign-magnitude codes of `bits` bits including the sign (2 bits: -1, 0, +1).
//! Not responsible for conductances ([`super::cell`]) nor for training-time rounding.

use super::error::HwError;
use super::keyword::keyword;
use super::partial_sum::SumRange;
use super::word_line::InputPlane;
use serde::Deserialize;

keyword! {
    /// Where the negative column is subtracted from the positive one.
    Subtraction {
        /// Currents are subtracted before the read-out: one signed conversion.
        Analog = "analog",
        /// Both columns are read out and their codes subtracted: two unsigned conversions.
        Digital = "digital",
    }
}

/// `[weights]`: one of the mappings.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WeightsSpec {
    /// Magnitude in the positive or the negative column, the other cell off.
    SignSplit(SubtractionSpec),
    /// Two complementary cells about a common mode; always subtracted as currents.
    DifferentialPair(DifferentialPairSpec),
    /// Weight raised by the middle level; a column of middle levels is subtracted.
    OffsetColumn(SubtractionSpec),
    /// Sign-split columns, magnitude cut into slices of `cell_bits`.
    BitSlices(BitSlicesSpec),
}

/// `[weights.sign_split]`, `[weights.offset_column]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubtractionSpec {
    /// Before or after the read-out.
    pub subtraction: Subtraction,
}

/// `[weights.differential_pair]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DifferentialPairSpec {}

/// `[weights.bit_slices]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BitSlicesSpec {
    /// Magnitude bits per cell.
    pub cell_bits: u32,
    /// Before or after the read-out.
    pub subtraction: Subtraction,
}

/// What one conversion makes of a weight code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeightPlane {
    /// `sign(w) ((|w| >> shift) & mask)`: positive and negative column subtracted as currents.
    Signed {
        /// Magnitude bits dropped.
        shift: u32,
        /// Magnitude bits kept.
        mask: u8,
    },
    /// The positive part of the same, its column alone.
    Positive {
        /// Magnitude bits dropped.
        shift: u32,
        /// Magnitude bits kept.
        mask: u8,
    },
    /// The magnitude of the negative part, its column alone.
    Negative {
        /// Magnitude bits dropped.
        shift: u32,
        /// Magnitude bits kept.
        mask: u8,
    },
    /// `w` as two complementary cells, `max` the largest magnitude.
    Differential {
        /// Largest magnitude.
        max: u8,
    },
    /// `w` as the raised cell minus a middle cell, subtracted as currents.
    Offset {
        /// Middle level.
        middle: u8,
    },
    /// `w + middle`, the raised column alone.
    Raised {
        /// Middle level.
        middle: u8,
    },
    /// `middle` whatever the weight: the column that is subtracted after the read-out.
    Middle {
        /// Middle level.
        middle: u8,
    },
}

/// Levels of the cells behind one weight in one conversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellPair {
    /// Level in the positive column.
    pub plus: u8,
    /// Level in the column subtracted as a current, if there is one.
    pub minus: Option<u8>,
}

impl WeightPlane {
    /// The weight that the conversion sees.
    pub fn apply(&self, weight: i8) -> i8 {
        let cells = self.cells(weight);
        cells.plus as i8 - cells.minus.unwrap_or(0) as i8
    }

    /// The levels of its cells.
    pub fn cells(&self, weight: i8) -> CellPair {
        let slice = |shift: u32, mask: u8, negative: bool| {
            let kept = if negative { weight < 0 } else { weight > 0 };
            if kept {
                (weight.unsigned_abs() >> shift) & mask
            } else {
                0
            }
        };
        let alone = |plus: u8| CellPair { plus, minus: None };
        let pair = |plus: u8, minus: u8| CellPair {
            plus,
            minus: Some(minus),
        };
        match *self {
            Self::Signed { shift, mask } => {
                pair(slice(shift, mask, false), slice(shift, mask, true))
            }
            Self::Positive { shift, mask } => alone(slice(shift, mask, false)),
            Self::Negative { shift, mask } => alone(slice(shift, mask, true)),
            Self::Differential { max } => {
                let plus = (i16::from(max) + i16::from(weight)) >> 1;
                pair(plus as u8, (plus - i16::from(weight)) as u8)
            }
            Self::Offset { middle } => pair(raised(weight, middle), middle),
            Self::Raised { middle } => alone(raised(weight, middle)),
            Self::Middle { middle } => alone(middle),
        }
    }

    /// Largest weight that the conversion can see, whatever the weight's bits.
    pub fn top(&self) -> i32 {
        match *self {
            Self::Signed { mask, .. }
            | Self::Positive { mask, .. }
            | Self::Negative { mask, .. } => i32::from(mask),
            Self::Differential { max } => i32::from(max),
            Self::Offset { middle } | Self::Middle { middle } => i32::from(middle),
            Self::Raised { middle } => 2 * i32::from(middle),
        }
    }

    /// Smallest and largest weight that the conversion sees for magnitudes up to `max_code`.
    pub fn bounds(&self, max_code: i8) -> (i32, i32) {
        let seen = || (-max_code..=max_code).map(|w| i32::from(self.apply(w)));
        (seen().min().unwrap_or(0), seen().max().unwrap_or(0))
    }
}

fn raised(weight: i8, middle: u8) -> u8 {
    (i16::from(weight) + i16::from(middle)) as u8
}

/// One analog conversion of a group: what it sees and how it enters the accumulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conversion {
    /// Integer factor in the accumulator (a signed power of two).
    pub factor: i32,
    /// What it sees of an input code.
    pub input: InputPlane,
    /// What it sees of a weight code.
    pub weight: WeightPlane,
}

impl Conversion {
    /// Possible sums of a group of `rows` rows, for input and weight codes of these bits.
    pub fn sum_range(&self, rows: usize, weight_bits: u32, input_bits: u32) -> SumRange {
        let (low, high) = self.weight.bounds(max_code(weight_bits));
        let top = self.input.max(input_bits) * rows as i32;
        SumRange {
            min: (low * top).min(0),
            max: (high * top).max(0),
        }
    }
}

/// Largest magnitude of a sign-magnitude code of `bits` bits.
pub fn max_code(bits: u32) -> i8 {
    ((1i32 << (bits.clamp(1, 8) - 1)) - 1) as i8
}

impl WeightsSpec {
    /// The weight planes of weights of `bits` bits on cells with levels `0 ..= top`, each with its factor.
    ///
    /// # Errors
    /// If a cell cannot hold the levels that the mapping needs.
    pub fn planes(&self, bits: u32, top: usize) -> Result<Vec<(i32, WeightPlane)>, HwError> {
        if !(2..=8).contains(&bits) {
            return Err(HwError::new(
                "weight bits",
                bits,
                "2 to 8 bits including the sign",
                "choose another network",
            ));
        }
        let max = max_code(bits) as u8;
        let (needed, planes) = match self {
            Self::SignSplit(spec) => (max, signed_planes(0, max, 1, spec.subtraction)),
            Self::DifferentialPair(_) => (max, vec![(1, WeightPlane::Differential { max })]),
            Self::OffsetColumn(spec) => (2 * max, offset_planes(max, spec.subtraction)),
            Self::BitSlices(spec) => {
                let mask = ((1u32 << spec.cell_bits.clamp(1, 7)) - 1) as u8;
                let shifts = (0..bits - 1).step_by(spec.cell_bits.max(1) as usize);
                let planes = shifts
                    .flat_map(|shift| signed_planes(shift, mask, 1 << shift, spec.subtraction));
                (mask.min(max), planes.collect())
            }
        };
        if usize::from(needed) > top {
            return Err(HwError::new(
                format!("weights.{}", self.name()),
                format!("weights of {bits} bits"),
                format!(
                    "cells with at least {} levels (these have {})",
                    needed + 1,
                    top + 1
                ),
                "use cells with more levels, or [weights.bit_slices]",
            ));
        }
        Ok(planes)
    }

    /// Checks what can be checked without a network.
    pub fn check(&self, checks: &mut super::error::Checks) {
        if let Self::BitSlices(spec) = self {
            let advice = "a cell holds 1 to 6 magnitude bits";
            checks.within(
                "weights.bit_slices.cell_bits",
                u64::from(spec.cell_bits),
                1,
                6,
                advice,
            );
        }
    }

    /// Name of the table.
    pub fn name(&self) -> &'static str {
        match self {
            Self::SignSplit(_) => "sign_split",
            Self::DifferentialPair(_) => "differential_pair",
            Self::OffsetColumn(_) => "offset_column",
            Self::BitSlices(_) => "bit_slices",
        }
    }
}

fn signed_planes(
    shift: u32,
    mask: u8,
    factor: i32,
    subtraction: Subtraction,
) -> Vec<(i32, WeightPlane)> {
    match subtraction {
        Subtraction::Analog => vec![(factor, WeightPlane::Signed { shift, mask })],
        Subtraction::Digital => vec![
            (factor, WeightPlane::Positive { shift, mask }),
            (-factor, WeightPlane::Negative { shift, mask }),
        ],
    }
}

fn offset_planes(middle: u8, subtraction: Subtraction) -> Vec<(i32, WeightPlane)> {
    match subtraction {
        Subtraction::Analog => vec![(1, WeightPlane::Offset { middle })],
        Subtraction::Digital => vec![
            (1, WeightPlane::Raised { middle }),
            (-1, WeightPlane::Middle { middle }),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mappings() -> Vec<WeightsSpec> {
        let mut all = vec![WeightsSpec::DifferentialPair(DifferentialPairSpec {})];
        for subtraction in [Subtraction::Analog, Subtraction::Digital] {
            all.push(WeightsSpec::SignSplit(SubtractionSpec { subtraction }));
            all.push(WeightsSpec::OffsetColumn(SubtractionSpec { subtraction }));
            for cell_bits in 1..=3 {
                all.push(WeightsSpec::BitSlices(BitSlicesSpec {
                    cell_bits,
                    subtraction,
                }));
            }
        }
        all
    }

    #[test]
    fn every_mapping_rebuilds_every_weight() {
        for mapping in mappings() {
            for bits in 2..=6 {
                let planes = mapping
                    .planes(bits, 63)
                    .expect("64 levels hold 6-bit weights in any mapping");
                for weight in -max_code(bits)..=max_code(bits) {
                    let sum: i32 = planes
                        .iter()
                        .map(|(f, plane)| f * i32::from(plane.apply(weight)))
                        .sum();
                    assert_eq!(sum, i32::from(weight), "{mapping:?} {bits} bits");
                }
            }
        }
    }

    #[test]
    fn complementary_pair_keeps_its_common_mode() {
        let plane = WeightPlane::Differential { max: 3 };
        for weight in -3..=3 {
            let cells = plane.cells(weight);
            let common = cells.plus + cells.minus.unwrap_or(0);
            assert!((2..=3).contains(&common), "{weight}: {cells:?}");
        }
    }

    #[test]
    fn binary_cells_refuse_three_bit_sign_split() {
        let mapping = WeightsSpec::SignSplit(SubtractionSpec {
            subtraction: Subtraction::Analog,
        });
        assert!(mapping.planes(2, 1).is_ok());
        assert!(mapping.planes(3, 1).is_err());
    }

    #[test]
    fn default_macro_spans_minus_27_to_27() {
        let conversion = Conversion {
            factor: 1,
            input: InputPlane { shift: 0, mask: 3 },
            weight: WeightPlane::Signed { shift: 0, mask: 1 },
        };
        assert_eq!(
            conversion.sum_range(9, 2, 2),
            SumRange { min: -27, max: 27 }
        );
    }
}
