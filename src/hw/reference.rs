//! Reference levels: where the thresholds of a read-out lie, and how far they miss (static errors).
//!
//! Thresholds are in MAC units, ascending; code = number of thresholds at or below the current. A signed range gets an odd
//! number of codes symmetric about 0 (sign and magnitude) unless all 2^b codes are asked for. Not responsible for uniform grids
//! ([`super::uniform_grid`]) nor for what a code is worth (`super::readout`).
//! The calibrated step follows from a search that minimises the mean square error on a histogram of partial sums.

use super::error::Checks;
use super::keyword::keyword;
use serde::Deserialize;

keyword! {
    /// Whether thresholds are moved to the middle between two integers.
    Snap {
        /// Thresholds stay where the step puts them.
        Free = "free",
        /// Thresholds move to half-integers (largest margin for integer sums).
        HalfInteger = "half_integer",
    }
}

keyword! {
    /// Codes of a signed range.
    SignedCodes {
        /// 2^b - 1 codes, symmetric about 0 (sign and magnitude).
        Symmetric = "symmetric",
        /// All 2^b codes, one more on the negative side (two's complement).
        All = "all",
    }
}

/// `[readout.*.references]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReferencesSpec {
    /// Uniform over every possible sum.
    FullRange(FullRangeSpec),
    /// Uniform, step of least mean square error on a histogram.
    Calibrated(CalibratedSpec),
    /// Written thresholds in MAC units.
    List(ListSpec),
    /// Written thresholds in uA.
    ListUa(ListUaSpec),
}

/// `[readout.*.references.full_range]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FullRangeSpec {
    /// Snapping.
    pub snap: Snap,
}

/// `[readout.*.references.calibrated]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibratedSpec {
    /// Steps tried are the multiples of this one, in MAC units.
    pub step_resolution_mac: f64,
    /// Snapping.
    pub snap: Snap,
}

/// `[readout.*.references.list]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListSpec {
    /// Thresholds in MAC units, ascending.
    pub thresholds_mac: Vec<f64>,
}

/// `[readout.*.references.list_ua]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListUaSpec {
    /// Thresholds in uA, ascending.
    pub thresholds_ua: Vec<f64>,
    /// What each code is worth in MAC units, where it is not what its current is worth (currents that leakage has shifted).
    /// Left out: the read-out's `decode` rule.
    pub code_values_mac: Option<Vec<f64>>,
}

/// `[readout.*.reference_error]`: static errors, drawn once per chip.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReferenceErrorSpec {
    /// Gain error common to all references of the macro, sigma / reference.
    pub shared_sigma_relative: f64,
    /// Gain error of the references of one read-out instance, sigma / reference.
    pub column_sigma_relative: f64,
    /// Independent error of every single reference in uA.
    pub single_sigma_ua: f64,
}

/// Resolved rule for placing thresholds, in MAC units.
#[derive(Clone, Debug, PartialEq)]
pub enum References {
    /// Uniform over every possible sum.
    FullRange(Snap),
    /// Uniform, step searched among multiples of `resolution`.
    Calibrated {
        /// Grid of the steps tried.
        resolution: f64,
        /// Snapping.
        snap: Snap,
    },
    /// Given thresholds.
    List {
        /// Thresholds.
        thresholds: Vec<f64>,
        /// Values of the codes; `None` leaves them to the decode rule.
        values: Option<Vec<f64>>,
    },
}

impl References {
    /// How many there are; `None` where that depends on the sums.
    pub fn count(&self) -> Option<usize> {
        match self {
            References::List { thresholds, .. } => Some(thresholds.len()),
            References::FullRange(_) | References::Calibrated { .. } => None,
        }
    }
}

/// Resolved static errors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReferenceError {
    /// Gain error common to the macro.
    pub shared: f64,
    /// Gain error of one read-out instance.
    pub column: f64,
    /// Error of every single reference in MAC units.
    pub single: f64,
}

impl ReferenceError {
    /// Exact references.
    pub const NONE: ReferenceError = ReferenceError {
        shared: 0.0,
        column: 0.0,
        single: 0.0,
    };

    /// Where a reference really lies: `gain` and `single` are its errors, `offset` is that of its sense amp, `moved` what an
    /// input-aware reference was raised by (its error stays, the raise itself is taken from the current).
    pub fn displaced(reference: f64, moved: f64, gain: f64, single: f64, offset: f64) -> f64 {
        reference * gain + moved * (gain - 1.0) + single - offset
    }

    /// Standard deviation of the gain error, common to the macro and of one instance together.
    pub fn gain(&self) -> f64 {
        self.shared.hypot(self.column)
    }
}

impl ReferencesSpec {
    /// Checks the numbers and divides currents by the unit current.
    pub fn resolve(&self, key: &str, unit_ua: f64, checks: &mut Checks) -> References {
        match self {
            Self::FullRange(spec) => References::FullRange(spec.snap),
            Self::Calibrated(spec) => {
                checks.positive(
                    &format!("{key}.calibrated.step_resolution_mac"),
                    spec.step_resolution_mac,
                );
                References::Calibrated {
                    resolution: spec.step_resolution_mac,
                    snap: spec.snap,
                }
            }
            Self::List(spec) => {
                checks.ascending(&format!("{key}.list.thresholds_mac"), &spec.thresholds_mac);
                References::List {
                    thresholds: spec.thresholds_mac.clone(),
                    values: None,
                }
            }
            Self::ListUa(spec) => {
                checks.ascending(&format!("{key}.list_ua.thresholds_ua"), &spec.thresholds_ua);
                if let Some(values) = &spec.code_values_mac {
                    checks.ascending(&format!("{key}.list_ua.code_values_mac"), values);
                    checks.within(
                        &format!("{key}.list_ua.code_values_mac"),
                        values.len() as u64,
                        spec.thresholds_ua.len() as u64 + 1,
                        spec.thresholds_ua.len() as u64 + 1,
                        "list one value per code, one more than thresholds",
                    );
                }
                References::List {
                    thresholds: spec.thresholds_ua.iter().map(|t| t / unit_ua).collect(),
                    values: spec.code_values_mac.clone(),
                }
            }
        }
    }
}

impl ReferenceErrorSpec {
    /// Checks the numbers and divides by the unit current.
    pub fn resolve(&self, key: &str, unit_ua: f64, checks: &mut Checks) -> ReferenceError {
        checks.not_negative(
            &format!("{key}.shared_sigma_relative"),
            self.shared_sigma_relative,
        );
        checks.not_negative(
            &format!("{key}.column_sigma_relative"),
            self.column_sigma_relative,
        );
        checks.not_negative(&format!("{key}.single_sigma_ua"), self.single_sigma_ua);
        ReferenceError {
            shared: self.shared_sigma_relative,
            column: self.column_sigma_relative,
            single: self.single_sigma_ua / unit_ua,
        }
    }
}
