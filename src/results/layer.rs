//! What one layer does on the macro: mapping, partial sums, codes, errors. Sums, codes and margin of a layer that takes several
//! conversions are those of the first.

use super::margin::MarginReport;
use serde::{Deserialize, Serialize};

/// How a layer is laid out on macros.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Mapping {
    /// Rows of the weight matrix.
    pub rows: usize,
    /// Output channels.
    pub outputs: usize,
    /// Groups of simultaneously open word lines.
    pub row_groups: usize,
    /// Rows in the last group.
    pub last_group_rows: usize,
    /// Physical columns.
    pub columns: usize,
    /// Arrays stacked along the rows.
    pub row_tiles: usize,
    /// Arrays side by side along the columns.
    pub column_tiles: usize,
    /// Arrays in all.
    pub arrays: usize,
    /// Share of cells in these arrays that hold weights.
    pub utilisation: f64,
    /// ADC conversions per image.
    pub conversions: u64,
    /// Multiply-accumulates per image.
    pub macs: u64,
}

/// One layer of the network on the macro.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LayerResult {
    /// Name.
    pub name: String,
    /// False for a layer computed digitally (all further fields are then empty).
    pub on_macro: bool,
    /// Layout.
    pub mapping: Mapping,
    /// Smallest possible partial sum.
    pub sum_min: i32,
    /// Largest possible partial sum.
    pub sum_max: i32,
    /// Counts of partial sums `sum_min ..= sum_max` on the calibration images, ideal inputs.
    pub sum_histogram: Vec<u64>,
    /// Mean partial sum.
    pub sum_mean: f64,
    /// Standard deviation of the partial sums.
    pub sum_std: f64,
    /// Thresholds of this layer in MAC units.
    pub thresholds: Vec<f64>,
    /// Value of each code in MAC units.
    pub code_values: Vec<f32>,
    /// Counts of each code (noise-free) for the histogram above.
    pub code_histogram: Vec<u64>,
    /// Share of the variance of the partial sums that is the same for all images and pixels, all conversions of the layer.
    pub constant_share: f64,
    /// Share of conversions beyond the outermost code's range, all conversions of the layer.
    pub clipped: f64,
    /// Codes that are never used.
    pub unused_codes: usize,
    /// Share of conversions whose code differs from the noise-free code with noise at each read alone, weighted by the
    /// layer's own sums, all conversions of the layer.
    pub error_rate: f64,
    /// Signal to quantization-and-noise ratio of one partial sum (of several conversions' shift-add); `null` in JSON if there
    /// is neither.
    #[serde(deserialize_with = "super::null_is_infinite")]
    pub sqnr_db: f64,
    /// Same without noise.
    #[serde(deserialize_with = "super::null_is_infinite")]
    pub sqnr_noise_free_db: f64,
    /// Signal to error ratio of the layer's accumulated outputs, measured.
    pub output_sqnr_db: Option<f64>,
    /// Read margins under the layer's own partial sums.
    pub margin: Option<MarginReport>,
}
