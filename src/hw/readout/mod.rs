//! The read-out: the only place that turns a bit-line value into a code.
//!
//! Written as one of the kinds (`[readout.flash]` ..), resolved into a [`ReadoutDesign`], and *placed* for the partial sums
//! of one layer ([`ReadoutDesign::place`]): a placed [`Readout`] has thresholds, values of codes and the noise law.
//! Not responsible for static errors of one chip ([`super::imc_array`]).

mod adjusted;
pub mod binary_search;
pub mod columns;
mod current_noise;
mod decisions;
pub mod decode;
mod deviations;
pub mod flash;
pub mod ideal;
mod law;
pub mod measured;
mod over_chips;
mod place;
pub mod ramp;
pub mod table;
mod trained;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod per_reference;
#[cfg(test)]
mod small_noise;
#[cfg(test)]
mod tests_support;

use self::decode::DecodeRule;
use self::ideal::IdealSpec;
use self::measured::{ConfusionMatrix, MeasuredSpec};
use super::error::{Checks, HwError};
use super::reference::{
    ReferenceError, ReferenceErrorSpec, References, ReferencesSpec, SignedCodes, Snap,
};
use super::sense_amp::{SenseAmp, SenseAmpSpec};
use serde::Deserialize;

pub use current_noise::{CellNoise, CurrentNoise, Share};
pub use law::Readout;
pub use over_chips::BitLineCurrent;

/// `[readout]`: one of the kinds.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadoutSpec {
    /// Exact integers.
    Ideal(IdealSpec),
    /// One sense amp per reference.
    Flash(ConverterSpec),
    /// One sense amp, one decision per phase.
    BinarySearch(ConverterSpec),
    /// One sense amp, rising reference.
    Ramp(ConverterSpec),
    /// A measured confusion matrix.
    Measured(MeasuredSpec),
}

/// `[readout.flash]`, `[readout.binary_search]`, `[readout.ramp]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConverterSpec {
    /// Resolution.
    pub bits: u32,
    /// Codes of a signed range.
    pub signed_codes: SignedCodes,
    /// What a code is worth.
    pub decode: DecodeRule,
    /// Where the references lie.
    pub references: ReferencesSpec,
    /// How far they miss, drawn once per chip.
    pub reference_error: ReferenceErrorSpec,
    /// The comparison.
    pub sense_amp: SenseAmpSpec,
}

/// How a converter searches its references.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    /// All at once, ones counted.
    Flash,
    /// By halving.
    BinarySearch,
    /// One after the other from below.
    Ramp,
}

/// A resolved converter, in MAC units.
#[derive(Clone, Debug, PartialEq)]
pub struct Converter {
    /// Search.
    pub architecture: Architecture,
    /// Resolution.
    pub bits: u32,
    /// Codes of a signed range.
    pub signed_codes: SignedCodes,
    /// What a code is worth.
    pub decode: DecodeRule,
    /// Where the references lie.
    pub references: References,
    /// Static errors of the references.
    pub reference_error: ReferenceError,
    /// The comparison.
    pub sense_amp: SenseAmp,
}

impl Architecture {
    /// Name of the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flash => "flash",
            Self::BinarySearch => "binary_search",
            Self::Ramp => "ramp",
        }
    }
}

impl Converter {
    /// Dotted key of one of its settings.
    pub fn key(&self, setting: &str) -> String {
        format!("readout.{}.{setting}", self.architecture.name())
    }

    /// Refuses a list of noises of a length that no layer can ask for.
    fn check_noise(&self) -> Result<(), HwError> {
        let noise = &self.sense_amp.noise;
        let key = self.key("sense_amp.noise");
        match self.references.count() {
            Some(count) => noise.placed(count, &key).map(|_| ()),
            None => noise.within((1 << self.bits) - 1, &key),
        }
    }

    /// One noise at all references; a list was written for other references than these.
    fn with_common_noise(&mut self) {
        self.sense_amp.noise = self.sense_amp.noise.common();
    }
}

/// The kind of a resolved read-out.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Exact integers.
    Ideal,
    /// References and sense amps.
    Converter(Converter),
    /// Measured.
    Measured(ConfusionMatrix),
}

/// A resolved read-out, not yet placed on a layer's sums.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadoutDesign {
    /// Kind.
    pub kind: Kind,
    /// Noise of the current.
    pub current_noise: CurrentNoise,
    /// Largest magnitude of the current in MAC units; `None` if there is no limit.
    pub limit: Option<f64>,
}

impl ReadoutSpec {
    /// Checks the numbers and divides currents by the unit current.
    pub fn resolve(
        &self,
        unit_ua: f64,
        current_noise: CurrentNoise,
        limit: Option<f64>,
        checks: &mut Checks,
    ) -> ReadoutDesign {
        use Architecture::{BinarySearch, Flash, Ramp};
        let kind = match self {
            Self::Ideal(_) => {
                return ReadoutDesign {
                    kind: Kind::Ideal,
                    current_noise: CurrentNoise::NONE,
                    limit,
                };
            }
            Self::Flash(spec) => spec.resolve("readout.flash", Flash, unit_ua, checks),
            Self::BinarySearch(spec) => {
                spec.resolve("readout.binary_search", BinarySearch, unit_ua, checks)
            }
            Self::Ramp(spec) => spec.resolve("readout.ramp", Ramp, unit_ua, checks),
            // What was measured has the noise of its reads in it.
            Self::Measured(spec) => {
                return ReadoutDesign {
                    kind: Kind::Measured(spec.resolve(checks)),
                    current_noise: CurrentNoise::NONE,
                    limit,
                };
            }
        };
        ReadoutDesign {
            kind,
            current_noise,
            limit,
        }
    }
}

impl ConverterSpec {
    fn resolve(
        &self,
        key: &str,
        architecture: Architecture,
        unit_ua: f64,
        checks: &mut Checks,
    ) -> Kind {
        checks.within(
            &format!("{key}.bits"),
            u64::from(self.bits),
            1,
            8,
            "choose 1 to 8 bits",
        );
        let references = self
            .references
            .resolve(&format!("{key}.references"), unit_ua, checks);
        let sense_amp = self
            .sense_amp
            .resolve(&format!("{key}.sense_amp"), unit_ua, checks);
        let converter = Converter {
            architecture,
            bits: self.bits.clamp(1, 8),
            signed_codes: self.signed_codes,
            decode: self.decode,
            references,
            reference_error: self.reference_error.resolve(
                &format!("{key}.reference_error"),
                unit_ua,
                checks,
            ),
            sense_amp,
        };
        checks.keep(converter.check_noise());
        Kind::Converter(converter)
    }
}

impl ReadoutDesign {
    /// Bits of a converter; `None` for the ideal and the measured read-out.
    pub fn bits(&self) -> Option<u32> {
        match &self.kind {
            Kind::Converter(converter) => Some(converter.bits),
            Kind::Ideal | Kind::Measured(_) => None,
        }
    }

    /// References of a converter; `None` for the ideal and the measured read-out.
    pub fn references(&self) -> Option<&References> {
        match &self.kind {
            Kind::Converter(converter) => Some(&converter.references),
            Kind::Ideal | Kind::Measured(_) => None,
        }
    }

    /// The same converter with another resolution, for which noises listed per reference become one; ideal and measured
    /// read-outs have none and stay as they are.
    pub fn with_bits(&self, bits: u32) -> Self {
        self.altered(|converter| {
            if converter.bits != bits {
                converter.with_common_noise();
            }
            converter.bits = bits;
        })
    }

    /// The same converter with other references, for which noises listed per reference become one if there may be another
    /// number of them; ideal and measured read-outs stay as they are.
    pub fn with_references(&self, references: References) -> Self {
        self.altered(|converter| {
            if converter.references.count() != references.count() {
                converter.with_common_noise();
            }
            converter.references = references;
        })
    }

    /// The same converter with one noise at all references, of the mean variance of a list: for sums that have another number of
    /// references than the list was written for.
    pub fn with_common_noise(&self) -> Self {
        self.altered(Converter::with_common_noise)
    }

    /// The same converter with references over the full range.
    pub fn with_full_range(&self) -> Self {
        self.with_references(References::FullRange(Snap::HalfInteger))
    }

    /// The same converter with a calibrated step on a grid of `resolution` MAC units.
    pub fn with_calibrated(&self, resolution: f64) -> Self {
        self.with_references(References::Calibrated {
            resolution,
            snap: Snap::HalfInteger,
        })
    }

    fn altered(&self, change: impl FnOnce(&mut Converter)) -> Self {
        let mut design = self.clone();
        if let Kind::Converter(converter) = &mut design.kind {
            change(converter);
        }
        design
    }
}
