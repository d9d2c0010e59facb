//! The digital side of a column: shift-add of codes with signed factors, exact within its declared width.
//!
//! Not responsible for the value of a code (`super::readout`).

use super::error::{Checks, HwError};
use super::weight_plane::Conversion;
use serde::Deserialize;

/// `[accumulator]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccumulatorSpec {
    /// Width in bits including the sign.
    pub bits: u32,
}

/// A resolved accumulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accumulator {
    /// Width in bits including the sign.
    pub bits: u32,
}

impl AccumulatorSpec {
    /// Checks the width.
    pub fn resolve(&self, checks: &mut Checks) -> Accumulator {
        checks.within(
            "accumulator.bits",
            u64::from(self.bits),
            2,
            32,
            "sums are kept in 32 bits at most",
        );
        Accumulator { bits: self.bits }
    }
}

impl Accumulator {
    /// Bits (including the sign) that the sum over `groups` groups can need when levels go up to `max_level`.
    pub fn bits_needed(conversions: &[Conversion], groups: usize, max_level: u32) -> u32 {
        let side = |sign: i64| -> u64 {
            let factors = conversions
                .iter()
                .map(|c| (i64::from(c.factor) * sign).max(0) as u64);
            factors.sum::<u64>() * groups as u64 * u64::from(max_level)
        };
        let positive = u64::BITS - side(1).leading_zeros();
        let negative = u64::BITS - side(-1).saturating_sub(1).leading_zeros();
        positive.max(negative) + 1
    }

    /// Checks that no sum of a layer overflows.
    ///
    /// # Errors
    /// If the declared width is too small.
    pub fn check(
        &self,
        conversions: &[Conversion],
        groups: usize,
        max_level: u32,
    ) -> Result<(), HwError> {
        let needed = Self::bits_needed(conversions, groups, max_level);
        if needed <= self.bits {
            return Ok(());
        }
        Err(HwError::new(
            "accumulator.bits",
            self.bits,
            format!("at least {needed} bits for {groups} row groups"),
            "widen the accumulator",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hw::weight_plane::WeightPlane;
    use crate::hw::word_line::InputPlane;

    #[test]
    fn width_is_exact() {
        let conversion = |factor| Conversion {
            factor,
            input: InputPlane { shift: 0, mask: 1 },
            weight: WeightPlane::Positive { shift: 0, mask: 1 },
        };
        assert_eq!(Accumulator::bits_needed(&[conversion(1)], 1, 15), 5);
        assert_eq!(Accumulator::bits_needed(&[conversion(1)], 1, 16), 6);
        assert_eq!(Accumulator::bits_needed(&[conversion(-1)], 1, 16), 5);
        assert_eq!(
            Accumulator::bits_needed(&[conversion(1), conversion(2)], 4, 15),
            9
        );
        assert!(
            Accumulator { bits: 8 }
                .check(&[conversion(1), conversion(2)], 4, 15)
                .is_err()
        );
    }
}
