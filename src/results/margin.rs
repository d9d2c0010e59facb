//! Read margin, ADC confusion and error rates of one bit line (or subtracted pair of bit lines).

use serde::{Deserialize, Serialize};

/// One MAC value: where its current lies and how far its neighbours are. Margins are towards the next higher value and
/// are `None` at the top value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MacValue {
    /// The MAC value (partial sum).
    pub value: i32,
    /// Probability of this value under the pattern policy.
    pub probability: f64,
    /// Mean current over patterns and variation (stuck cells not counted).
    pub mean_ua: f64,
    /// Standard deviation over patterns and variation (stuck cells not counted; they count in every probability).
    pub sigma_ua: f64,
    /// Smallest nominal current of any pattern with this value.
    pub pattern_min_ua: f64,
    /// Largest nominal current of any pattern with this value.
    pub pattern_max_ua: f64,
    /// Mean gap to the next value.
    pub mean_gap_ua: Option<f64>,
    /// Worst-pattern margin to the next value, no variation.
    pub worst_margin_ua: Option<f64>,
    /// Margin with z sigma on both sides.
    pub z_margin_ua: Option<f64>,
    /// What is left for the sense amp after its own z sigma.
    pub sensing_margin_ua: Option<f64>,
    /// d' = gap / (sigma + next sigma).
    pub d_prime: Option<f64>,
    /// Reference at which both tails have equal z.
    pub equal_z_reference_ua: Option<f64>,
    /// Probability of reading a higher value than this one.
    pub p_above: f64,
    /// Probability of reading a lower value than this one.
    pub p_below: f64,
    /// Probability that the code is not the noise-free code of the value.
    pub p_error: f64,
    /// Monte Carlo counts over `MarginReport::bin_edges_ua` (empty if not sampled).
    pub histogram: Vec<u64>,
}

/// ADC confusion: rows are MAC values, columns codes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Confusion {
    /// MAC value of each row.
    pub values: Vec<i32>,
    /// Value each code stands for.
    pub code_values: Vec<f32>,
    /// P(code | value), row-major.
    pub probability: Vec<f64>,
    /// Weight of each row.
    pub weight: Vec<f64>,
    /// Noise-free code of each row.
    pub hard: Vec<u8>,
}

/// Errors of one conversion with another number of open word lines.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ActivePoint {
    /// Open word lines.
    pub active: usize,
    /// As `MarginReport::error_rate`, references placed anew.
    pub error_rate: f64,
    /// As `MarginReport::mse`.
    pub mse: f64,
}

/// Read margins and errors under one pattern policy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MarginReport {
    /// `random`, `exhaustive` or the layer's name.
    pub policy: String,
    /// z used for the z-sigma margins.
    pub z: f64,
    /// Current of one MAC unit.
    pub unit_ua: f64,
    /// Reference currents.
    pub references_ua: Vec<f64>,
    /// Bins of the Monte Carlo histograms.
    pub bin_edges_ua: Vec<f64>,
    /// Per MAC value.
    pub values: Vec<MacValue>,
    /// ADC confusion.
    pub confusion: Confusion,
    /// Probability that the code differs from the noise-free code, weighted by the policy (closed form or exact enumeration).
    pub error_rate: f64,
    /// Mean square error of the decoded value against the MAC value (quantization and noise), in MAC units squared.
    pub mse: f64,
    /// Monte Carlo estimate of `error_rate`.
    pub error_rate_sampled: Option<f64>,
    /// Standard error of that estimate.
    pub error_rate_standard_error: Option<f64>,
    /// Samples drawn.
    pub samples: u64,
    /// For each reference between two values, the one of fewest errors between these two; as many as there are neighbours
    /// with different codes.
    pub best_references_ua: Vec<f64>,
    /// Where the closed form is not exact.
    pub approximations: Vec<String>,
    /// Error rate against open word lines under the same policy (empty if not swept).
    pub active_sweep: Vec<ActivePoint>,
    /// Error rate that the sweep allows.
    pub error_limit: Option<f64>,
    /// Most open word lines up to which the error rate stays within the limit; `None` if not even one does.
    pub largest_active: Option<usize>,
}
