//! Results of experiments: one row of one seed (`result.json`), and all rows together (`results.json`).
//!
//! Field names are documented, stable keys (docs/experiment-keys.md). M1: the ADC without noise; M2: noise at each read; M3:
//! static virtual chips.

use super::accuracy::{Accuracy, Loss, Repeats};
use super::answers::Answers;
use serde::{Deserialize, Serialize};

/// One mode with one choice of batch norm.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evaluated {
    /// One run for M1, one per repeat for M2, one per chip for M3.
    pub accuracy: Repeats,
    /// Against ideal MVM values.
    pub lost: Loss,
}

/// One mode.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Mode {
    /// Batch norm as trained.
    pub as_trained: Evaluated,
    /// Batch norm re-estimated for this mode (for M3: for every chip).
    pub re_estimated: Evaluated,
}

/// All modes of a network on a macro.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Modes {
    /// Ideal MVM values.
    pub ideal: Accuracy,
    /// Ideal MVM values on the images that the chips classified.
    pub chips_ideal: Accuracy,
    /// M1.
    pub noise_free: Mode,
    /// M2; `null` without repeats.
    pub read_noise: Option<Mode>,
    /// M3; `null` without chips.
    pub chips: Option<Mode>,
}

/// How a row was evaluated; a change of any of it evaluates the row again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Weights.
    pub weights: String,
    /// Hash of the network, whoever trained it (FNV-1a, 64 bits, 16 hexadecimal digits); missing where an older program evaluated.
    #[serde(default)]
    pub weights_fingerprint: Option<String>,
    /// Macro as named in the file.
    pub arch: String,
    /// Overrides of the macro.
    pub set: Vec<String>,
    /// Hash of the resolved macro.
    pub arch_fingerprint: String,
    /// Repeats of M2.
    pub repeats: u64,
    /// Chips of M3.
    pub chips: u64,
    /// Test images of M1 and M2.
    pub images: u64,
    /// Test images per chip.
    pub chip_images: u64,
    /// Training images that references are placed on.
    pub reference_images: u64,
    /// Training images that batch norm is re-estimated on in M1 and M2.
    pub calibration_images: u64,
    /// Training images that batch norm of every chip is re-estimated on.
    pub chip_calibration_images: u64,
}

/// One row of one seed: the content of its `result.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RowResult {
    /// Version of these keys.
    pub schema: u32,
    /// Name of the experiment.
    pub experiment: String,
    /// Name of the row.
    pub row: String,
    /// Seed of training and evaluation.
    pub seed: u64,
    /// Program and version.
    pub program: String,
    /// Commit the program was built from, if it was told when it was compiled.
    pub commit: Option<String>,
    /// Hash of what its trainings were, from full precision on: networks, methods, settings, macros and images as the program
    /// understood them; missing where an older program evaluated.
    #[serde(default)]
    pub training_fingerprint: Option<String>,
    /// Hash of the numbers of the state that its training started from; missing where an older program evaluated.
    #[serde(default)]
    pub start_fingerprint: Option<String>,
    /// Programs that trained the network, with their commits, in order; empty: not recorded.
    #[serde(default)]
    pub trained_by: Vec<String>,
    /// Network.
    pub model: String,
    /// Data set.
    pub data: String,
    /// Hash of its test images.
    pub data_fingerprint: String,
    /// Hash of its training images; missing where an older program evaluated.
    #[serde(default)]
    pub train_data_fingerprint: Option<String>,
    /// Training commands in order, from full precision to this row; OUT and DIR stand for folders of the user.
    pub commands: Vec<String>,
    /// Epochs of the last of these commands; 0 for a row that is the pre-trained network.
    pub epochs: u64,
    /// How it was evaluated.
    pub evaluation: Evaluation,
    /// Test accuracy of the full-precision network.
    pub full_precision: Option<f64>,
    /// Accuracies.
    pub modes: Modes,
    /// Image by image; in a file of its own (`answers.json.gz`), missing where an older program evaluated.
    #[serde(skip)]
    pub answers: Option<Answers>,
}

impl RowResult {
    /// True if this is the same network on the same hardware as another row of its seed, evaluated on the same images: how
    /// the macro is named may differ.
    pub fn is_the_same_as(&self, other: &RowResult) -> bool {
        let unnamed = |evaluation: &Evaluation| Evaluation {
            arch: String::new(),
            set: Vec::new(),
            ..evaluation.clone()
        };
        self.seed == other.seed
            && self.commands == other.commands
            && unnamed(&self.evaluation) == unnamed(&other.evaluation)
    }
}

/// A number over seeds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OverSeeds {
    /// Mean.
    pub mean: f64,
    /// Standard deviation (n - 1); `null` for one seed.
    pub std: Option<f64>,
    /// Lower end of the 95 % interval of the mean: that of the images, and for several seeds Student's t over them beside it.
    pub low: f64,
    /// Upper end of it.
    pub high: f64,
}

/// One mode of one row over seeds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ModeOverSeeds {
    /// `ideal`, `m1`, `m2` or `m3`.
    pub mode: String,
    /// True if batch norm was re-estimated for it.
    pub re_estimated: bool,
    /// Accuracy.
    pub accuracy: OverSeeds,
    /// Worst single run of any seed.
    pub worst: f64,
    /// Ideal MVM values of the baseline row less this accuracy, same seeds and images; `null` without a common seed.
    pub drop: Option<OverSeeds>,
    /// True if every drop is that of pairs of answers on the same images; false where answers are missing.
    #[serde(default)]
    pub paired: bool,
    /// That drop for every seed.
    pub drops: Vec<(u64, f64)>,
    /// Loss against ideal MVM values of the same network, mean over seeds.
    pub lost: f64,
}

/// One row over seeds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RowSummary {
    /// Name.
    pub name: String,
    /// For people.
    pub label: String,
    /// Figure it belongs to.
    pub group: Option<String>,
    /// Place on the horizontal axis of a line figure.
    pub axis: Option<f64>,
    /// Line it belongs to.
    pub series: Option<String>,
    /// Seeds there are results of.
    pub seeds: Vec<u64>,
    /// Seeds there are none of yet.
    pub missing: Vec<u64>,
    /// Epochs of its own training.
    pub epochs: u64,
    /// True if it is a training of its own, not the network of another row or the one that all start from.
    #[serde(default)]
    pub trained: bool,
    /// An earlier row that is the same network on the same hardware: its numbers are the same measurement.
    #[serde(default)]
    pub same_as: Option<String>,
    /// Modes.
    pub modes: Vec<ModeOverSeeds>,
}

/// Rows that stand in one figure.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GroupSummary {
    /// Name.
    pub name: String,
    /// Title of its figures.
    pub title: String,
    /// Title of its horizontal axis.
    pub axis: Option<String>,
    /// Modes that its figure of lines has panels for (`m1`, `m2`, `m3`); none: all.
    #[serde(default)]
    pub panels: Vec<String>,
}

/// One mode of two rows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ModeDifference {
    /// `m1`, `m2` or `m3`.
    pub mode: String,
    /// True if batch norm was re-estimated for it.
    pub re_estimated: bool,
    /// Accuracy of the row less that of the other, same seeds and images.
    pub difference: OverSeeds,
    /// True if the interval is that of pairs of answers on the same images; false where answers are missing.
    pub paired: bool,
    /// That difference for every seed.
    pub differences: Vec<(u64, f64)>,
}

/// Two rows that the file asks to be compared.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Row.
    pub row: String,
    /// Row it is held against.
    pub against: String,
    /// For people.
    pub label: String,
    /// Modes that both have results of.
    pub modes: Vec<ModeDifference>,
}

/// All rows: the content of `results.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ExperimentResult {
    /// Version of these keys.
    pub schema: u32,
    /// The `imcsim experiment` command for all of them; OUT and DIR stand for folders of the user.
    #[serde(default)]
    pub command: String,
    /// Name.
    pub name: String,
    /// One line.
    pub title: String,
    /// Network.
    pub model: String,
    /// Data set.
    pub data: String,
    /// Row that drops are counted against.
    pub baseline: String,
    /// Groups in the order of their first rows.
    pub groups: Vec<GroupSummary>,
    /// Rows in the order of the file.
    pub rows: Vec<RowSummary>,
    /// Rows against each other, in the order of the file.
    #[serde(default)]
    pub comparisons: Vec<Comparison>,
    /// Every result there is, by row and seed.
    pub results: Vec<RowResult>,
}
