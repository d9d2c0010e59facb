//! What one conversion of a group sees of its weights and inputs, and the levels of the cells behind a weight.
//!
//! Conversion c converts `s_c = sum plane_w,c(w_i) * plane_a,c(a_i)` and enters the accumulator with an integer factor.
//! Not responsible for which conversions a mapping needs ([`super::weights`]) nor for conductances ([`super::cell`]).

use super::partial_sum::SumRange;
use super::weights::max_code;
use super::word_line::InputPlane;

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

#[cfg(test)]
mod tests {
    use super::*;

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
