//! What a run of the chip takes, in plain numbers: cycles, stalls, utilisation, energy and area, by layer and by part.

use super::mapping::ChipMapping;
use serde::{Deserialize, Serialize};

/// A named share or amount.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Name.
    pub name: String,
    /// Amount; the unit stands with the list.
    pub value: f64,
}

/// Cycles of units of one kind, all of them together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UnitUse {
    /// Kind of unit.
    pub name: String,
    /// How many there are.
    pub count: u64,
    /// How many ever had work.
    pub used: u64,
    /// Share of their cycles spent working, of those that ever had work.
    pub busy: f64,
    /// The same of all there are.
    pub busy_of_all: f64,
}

/// One layer over time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LayerTime {
    /// Name.
    pub name: String,
    /// False: computed by the digital unit.
    pub on_macro: bool,
    /// Rounds it is in, from 1: layers of a round have their weights in the arrays at the same time.
    pub rounds: Vec<u32>,
    /// Macros of all its copies.
    pub macros: u64,
    /// Copies.
    pub copies: u64,
    /// Output pixels of one image.
    pub pixels: u64,
    /// Operations (activations of word lines) of all its macros.
    pub operations: u64,
    /// Operations left out because all inputs were zero.
    pub skipped_operations: u64,
    /// Conversions of all its read-outs.
    pub conversions: u64,
    /// First cycle, all images.
    pub start_cycle: u64,
    /// Last cycle, all images.
    pub end_cycle: u64,
    /// Between them, in microseconds.
    pub time_us: f64,
    /// Share of the time between them that its arrays precharge, develop and sample.
    pub array_busy: f64,
    /// Share of the time between them that its read-outs sense.
    pub readout_busy: f64,
    /// What its arrays do between them: busy, waiting by class, idle; shares that sum to 1.
    pub array_cycles: Vec<Part>,
    /// Energy by part in pJ, all images; empty without cost models.
    pub energy_pj: Vec<Part>,
}

/// How busy each layer is over time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Timeline {
    /// Width of a bin in microseconds.
    pub bin_us: f64,
    /// By layer, in order: share of its macros that are at work, by bin.
    pub layers: Vec<Vec<f64>>,
    /// Share of the busiest link's cycles, by bin.
    pub link: Vec<f64>,
}

/// Energy and area.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CostResult {
    /// Model of each part with its source.
    pub models: Vec<(String, String)>,
    /// Factor on the macro's energy that meets a published figure; 1: none.
    pub calibration_factor: f64,
    /// Energy by part in pJ per image.
    pub energy_pj: Vec<Part>,
    /// Sum of it in microjoules per image.
    pub energy_uj: f64,
    /// Energy of one conversion in fJ by every ADC model that is valid at this resolution, name first.
    pub conversion_fj: Vec<Part>,
    /// Area by part in square millimetres.
    pub area_mm2: Vec<Part>,
    /// Operations (2 per MAC) per joule, whole chip, in 10^12.
    pub tops_per_w: f64,
    /// The same times bits of inputs and weights.
    pub tops_per_w_1b: f64,
    /// Of the macros alone.
    pub macro_tops_per_w: f64,
    /// Of the macros alone, times bits.
    pub macro_tops_per_w_1b: f64,
    /// Operations per second and area, in 10^12 per square millimetre.
    pub tops_per_mm2: f64,
    /// The same times bits.
    pub tops_per_mm2_1b: f64,
}

/// Weights that are in the arrays at the same time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RoundTime {
    /// Layers.
    pub layers: Vec<String>,
    /// Macros in use.
    pub macros: u64,
    /// Cycles to write the weights before it begins; 0 where they are there already.
    pub weight_cycles: u64,
    /// Cycles of its work.
    pub cycles: u64,
}

/// A run of the chip.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CycleResult {
    /// Clock period.
    pub clock_ns: f64,
    /// Images.
    pub images: u64,
    /// `layer_by_layer` or `pipelined`.
    pub order: String,
    /// Cycles of everything.
    pub cycles: u64,
    /// From the start to the end of the first image, in microseconds.
    pub latency_us: f64,
    /// Images per second once the first is through (from the start where there is one image only).
    pub images_per_s: f64,
    /// Products and sums of one image on macros.
    pub macro_macs: u64,
    /// All products and sums of one image.
    pub macs: u64,
    /// Macros of the chip.
    pub macros: u64,
    /// Macros in use at most at the same time.
    pub macros_used: u64,
    /// Conversions per MAC of the macro layers.
    pub conversions_per_mac: f64,
    /// Whether work depended on the data: what was measured on which inputs.
    pub activity: String,
    /// Where the layers are on the chip.
    pub mapping: ChipMapping,
    /// Rounds.
    pub rounds: Vec<RoundTime>,
    /// Layers in order.
    pub layers: Vec<LayerTime>,
    /// Units by kind.
    pub units: Vec<UnitUse>,
    /// What macros in use spend their cycles on: busy, stalls by class, idle; shares that sum to 1.
    pub array_cycles: Vec<Part>,
    /// The same of their read-outs.
    pub readout_cycles: Vec<Part>,
    /// Use over time.
    pub timeline: Timeline,
    /// Energy and area; `null` without cost models.
    pub cost: Option<CostResult>,
}
