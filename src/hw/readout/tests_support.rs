//! Read-outs and histograms that the tests of this folder share.

use super::decode::DecodeRule;
use super::{Architecture, Converter, CurrentNoise, Kind, ReadoutDesign};
use crate::hw::comparison_noise::ComparisonNoise;
use crate::hw::partial_sum::{SumHistogram, SumRange};
use crate::hw::reference::{ReferenceError, References, SignedCodes, Snap};
use crate::hw::sense_amp::SenseAmp;
use crate::hw::variation::{Law, Noise};

/// Ternary weights, two-bit inputs, nine rows.
pub const MACRO: SumRange = SumRange { min: -27, max: 27 };

/// A noise-free converter, full range.
pub fn converter(architecture: Architecture, bits: u32) -> ReadoutDesign {
    let converter = Converter {
        architecture,
        bits,
        signed_codes: SignedCodes::Symmetric,
        decode: DecodeRule::Centre,
        references: References::FullRange(Snap::Free),
        reference_error: ReferenceError::NONE,
        sense_amp: SenseAmp::IDEAL,
    };
    ReadoutDesign {
        kind: Kind::Converter(converter),
        current_noise: CurrentNoise::NONE,
        limit: None,
    }
}

/// The same with thresholds half a step from multiples of `step`, noise of the current and of each comparison.
pub fn noisy(
    architecture: Architecture,
    step: f64,
    law: Law,
    shared: f64,
    each: f64,
) -> ReadoutDesign {
    let mut design = converter(architecture, 4);
    design.current_noise.line = Noise { law, sigma: shared };
    if let Kind::Converter(converter) = &mut design.kind {
        converter.sense_amp.noise = ComparisonNoise::Same(Noise { law, sigma: each });
        converter.references = References::List {
            thresholds: (0..14).map(|k| step * (f64::from(k) - 6.5)).collect(),
            values: None,
        };
    }
    design
}

/// Counts of a rounded normal law of this standard deviation.
pub fn gaussian_sums(sigma: f64) -> SumHistogram {
    let count = |s: i32| (1e6 * (-0.5 * (f64::from(s) / sigma).powi(2)).exp()).round() as u64;
    SumHistogram {
        min: MACRO.min,
        counts: (MACRO.min..=MACRO.max).map(count).collect(),
    }
}
