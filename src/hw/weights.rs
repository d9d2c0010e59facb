//! Signed integer weights on unsigned cells: which planes a mapping needs, each with its factor.
//!
//! A weight matrix becomes one or several planes, each with an integer factor: `w = sum factor_c * plane_c(w)`. Weights are
//! sign-magnitude codes of `bits` bits including the sign (2 bits: -1, 0, +1).
//! Not responsible for what a plane holds in its cells ([`super::weight_plane`]), for conductances ([`super::cell`]), nor for
//! training-time rounding.

use super::error::HwError;
use super::keyword::keyword;
use super::weight_plane::WeightPlane;
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
                let cell = ((1u32 << spec.cell_bits.clamp(1, 7)) - 1) as u8;
                let shifts = (0..bits - 1).step_by(spec.cell_bits.max(1) as usize);
                // The last slice has the bits that are left, which may be fewer than a cell holds.
                let planes = shifts.flat_map(|shift| {
                    let mask = (max >> shift) & cell;
                    signed_planes(shift, mask, 1 << shift, spec.subtraction)
                });
                (cell.min(max), planes.collect())
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
    fn binary_cells_refuse_three_bit_sign_split() {
        let mapping = WeightsSpec::SignSplit(SubtractionSpec {
            subtraction: Subtraction::Analog,
        });
        assert!(mapping.planes(2, 1).is_ok());
        assert!(mapping.planes(3, 1).is_err());
    }
}
