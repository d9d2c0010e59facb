//! Accuracy figures with their intervals, losses against the ideal network, and the curves of accuracy against ADC bits and against
//! open word lines.

use serde::{Deserialize, Serialize};

/// A share of correctly classified images with its 95 % Wilson interval.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Accuracy {
    /// Correctly classified images.
    pub correct: u64,
    /// Images classified.
    pub images: u64,
    /// correct / images.
    pub estimate: f64,
    /// Lower end of the 95 % interval.
    pub low: f64,
    /// Upper end of the 95 % interval.
    pub high: f64,
}

/// What one condition loses against ideal MVM values on the same images, with the 95 % interval of that loss.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Loss {
    /// (only_ideal - only_macro) / images, a mean over runs; negative where the macro happens to be better.
    pub estimate: f64,
    /// Lower end of the 95 % interval of the loss.
    pub low: f64,
    /// Upper end of it.
    pub high: f64,
    /// Images that both classified.
    pub images: u64,
    /// Images that only the ideal network classified correctly, over all runs.
    pub only_ideal: u64,
    /// Images that only the macro classified correctly, over all runs.
    pub only_macro: u64,
}

/// Accuracy of one network less that of another on the same images, with the 95 % interval of that difference.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Gain {
    /// Difference of the means over runs.
    pub estimate: f64,
    /// Lower end of the 95 % interval, image by image.
    pub low: f64,
    /// Upper end of it.
    pub high: f64,
}

/// Several evaluations of one condition: noise repeats or virtual chips.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Repeats {
    /// One entry per repeat or chip.
    pub runs: Vec<Accuracy>,
    /// Mean accuracy.
    pub mean: f64,
    /// Standard deviation between runs (n - 1).
    pub std: f64,
    /// Worst run.
    pub worst: f64,
    /// Lower end of the 95 % interval of the mean, images and repeats both counted.
    pub low: f64,
    /// Upper end of it.
    pub high: f64,
}

/// All accuracies of one run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Accuracies {
    /// Full-precision network, as recorded when it was trained (on its whole test set).
    pub full_precision: Option<f64>,
    /// Ideal MVM values: the integer network.
    pub ideal: Accuracy,
    /// The ADC without noise.
    pub noise_free: Accuracy,
    /// With noise at each read.
    pub read_noise: Option<Repeats>,
    /// Static virtual chips (cells, offsets, references drawn once per chip).
    pub chips: Option<Repeats>,
    /// Ideal MVM values on the images that the virtual chips classified (a part of the test set).
    pub chips_ideal: Option<Accuracy>,
    /// True if the batch norm of every chip was re-estimated for it.
    #[serde(default)]
    pub chips_calibrated: bool,
    /// As `noise_free`, batch-norm statistics re-estimated on this macro.
    pub re_estimated: Option<Accuracy>,
    /// The headline: the most complete condition that was simulated.
    pub simulated: Repeats,
    /// Which condition `simulated` is: `noise_free`, `read_noise` or `chips`.
    pub simulated_is: String,
    /// What `simulated` loses against `ideal`, image by image.
    pub lost: Loss,
    /// What the virtual chips lose against `chips_ideal` on their own images.
    pub chips_lost: Option<Loss>,
}

/// One point of accuracy against ADC bits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// ADC bits.
    pub bits: u32,
    /// `full_range` or `calibrated`.
    pub references: String,
    /// True if noise at each read was simulated.
    pub noise: bool,
    /// Accuracy on all test images: that of ideal MVM values on all of them less `lost`. `correct` of `images` are what was
    /// looked at; the interval is that of the loss.
    pub accuracy: Accuracy,
    /// What the point loses against ideal MVM values on the images looked at.
    pub lost: Loss,
    /// True if this is the macro's own setting.
    pub is_this_macro: bool,
}

/// One point of accuracy against open word lines, with noise at each read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WordLinePoint {
    /// Open word lines.
    pub active: usize,
    /// `full_range` or `calibrated`.
    pub references: String,
    /// As [`CurvePoint::accuracy`].
    pub accuracy: Accuracy,
    /// What the point loses against ideal MVM values on the images looked at.
    pub lost: Loss,
    /// Conversions of one image in all layers on the macro.
    pub conversions: u64,
    /// True if this is the macro's own setting.
    pub is_this_macro: bool,
}
