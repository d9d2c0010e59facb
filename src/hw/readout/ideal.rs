//! The ideal read-out: every integer sum has its own code and its own exact value; it has no noise and no errors.
//!
//! Not a converter that can be built; it is the exact baseline that makes a macro an integer multiplier.

use crate::hw::partial_sum::SumRange;
use serde::Deserialize;

/// `[readout.ideal]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdealSpec {}

/// Thresholds halfway between the integers of the range.
pub fn thresholds(range: SumRange) -> Vec<f64> {
    (range.min + 1..=range.max)
        .map(|s| f64::from(s) - 0.5)
        .collect()
}
