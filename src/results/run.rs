//! Everything `imcsim run` found out, in one tree: the content of summary.json.

use super::accuracy::{Accuracies, Accuracy, CurvePoint, Gain, WordLinePoint};
use super::cycle::CycleResult;
use super::layer::LayerResult;
use super::margin::MarginReport;
use serde::{Deserialize, Serialize};

/// One number of the hardware description with where it comes from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Dotted key in the arch file.
    pub key: String,
    /// Value as written.
    pub value: String,
    /// Source, or the reason for an assumption.
    pub source: String,
    /// True if the number is assumed.
    pub assumed: bool,
}

/// The hardware that was simulated.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ArchSummary {
    /// Name.
    pub name: String,
    /// One-line description.
    pub description: String,
    /// Hash of the resolved hardware.
    pub fingerprint: String,
    /// The resolved hardware as label / value lines (what `imcsim show` prints).
    pub facts: Vec<(String, String)>,
    /// Provenance of every number.
    pub provenance: Vec<Provenance>,
}

/// The network that was simulated.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ModelSummary {
    /// Name.
    pub name: String,
    /// Trained weights used, and how they were trained.
    pub weights: String,
    /// Weight layers on the macro.
    pub macro_layers: usize,
    /// Parameters.
    pub parameters: u64,
}

/// The images that were classified.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DataSummary {
    /// Name of the set.
    pub name: String,
    /// Test images used.
    pub images: u64,
    /// Images used for calibration (training images, never test images).
    pub calibration_images: u64,
    /// Classes.
    pub classes: u64,
}

/// The answer a designer reads first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// `carries`, `marginal` or `fails`.
    pub status: String,
    /// One sentence.
    pub headline: String,
    /// What limits it, most important first.
    pub limits: Vec<String>,
}

/// A network before it was trained through a macro.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Before {
    /// Its weights, and how they were trained.
    pub weights: String,
    /// Accuracies on the same macro and images; no virtual chips.
    pub accuracy: Accuracies,
    /// What training through the macro gained in the accuracy called `simulated`.
    pub gained: Gain,
}

/// A finished run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunResult {
    /// Version of these keys.
    pub schema: u32,
    /// Program and version.
    pub program: String,
    /// Command line.
    pub command: String,
    /// Seed.
    pub seed: u64,
    /// Fidelity of each accuracy: which path computed it.
    pub fidelity: Vec<(String, String)>,
    /// Hardware.
    pub arch: ArchSummary,
    /// Network.
    pub model: ModelSummary,
    /// Images.
    pub data: DataSummary,
    /// The answer.
    pub verdict: Verdict,
    /// Accuracies.
    pub accuracy: Accuracies,
    /// The same network before it was trained through a macro; `null` where its weights are not known.
    pub before: Option<Before>,
    /// Accuracy against ADC bits.
    pub adc_curve: Vec<CurvePoint>,
    /// Ideal MVM values on all test images, which the curve's losses are counted from; `null` without a curve.
    pub adc_curve_ideal: Option<Accuracy>,
    /// Images classified for that curve, all its points together.
    pub adc_curve_images: u64,
    /// Accuracy against open word lines.
    #[serde(default)]
    pub word_line_curve: Vec<WordLinePoint>,
    /// Images classified for that curve beside those of the curve of ADC bits.
    #[serde(default)]
    pub word_line_curve_images: u64,
    /// Layers in order.
    pub layers: Vec<LayerResult>,
    /// Margins of the macro alone: random patterns, then exhaustive patterns.
    pub margins: Vec<MarginReport>,
    /// Cycles, stalls, energy and area; `null` where the hardware file has no times.
    pub cycle: Option<CycleResult>,
    /// Wall-clock seconds per stage.
    pub seconds: Vec<(String, f64)>,
    /// Warnings.
    pub warnings: Vec<String>,
}
