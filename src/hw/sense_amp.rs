//! One sense amp: compares a current with a reference; `current >= reference` gives 1.
//!
//! Its input-referred offset is fixed per instance (drawn once per chip), its noise is drawn at each comparison. Which
//! comparisons share an instance is the read-out's business: a flash has one per reference, the others one per column.

use super::comparison_noise::{ComparisonNoise, ComparisonNoiseSpec};
use super::error::Checks;
use super::variation::{CurrentNoiseSpec, Noise};
use serde::Deserialize;

/// `[readout.*.sense_amp]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SenseAmpSpec {
    /// Static offset of one instance.
    pub offset: CurrentNoiseSpec,
    /// Noise of one comparison, at every reference or at each.
    pub noise: ComparisonNoiseSpec,
}

/// A resolved sense amp, in MAC units.
#[derive(Clone, Debug, PartialEq)]
pub struct SenseAmp {
    /// Static offset of one instance.
    pub offset: Noise,
    /// Noise of one comparison.
    pub noise: ComparisonNoise,
}

impl SenseAmpSpec {
    /// Checks the numbers and divides by the unit current.
    pub fn resolve(&self, key: &str, unit_ua: f64, checks: &mut Checks) -> SenseAmp {
        SenseAmp {
            offset: self
                .offset
                .resolve(&format!("{key}.offset"), unit_ua, checks),
            noise: self.noise.resolve(&format!("{key}.noise"), unit_ua, checks),
        }
    }
}

impl SenseAmp {
    /// A perfect sense amp.
    pub const IDEAL: SenseAmp = SenseAmp {
        offset: Noise::NONE,
        noise: ComparisonNoise::NONE,
    };

    /// The decision for a total disturbance (offset plus noise) added to the current.
    pub fn decides(current: f64, reference: f64, disturbance: f64) -> bool {
        current + disturbance >= reference
    }

    /// P(decision is 1) for one comparison with this noise and without offset.
    pub fn probability(current: f64, reference: f64, noise: Noise) -> f64 {
        if noise.is_none() {
            return if current >= reference { 1.0 } else { 0.0 };
        }
        noise.cdf(current - reference)
    }
}
