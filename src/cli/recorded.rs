//! `imcsim run --trace FILE`: recorded layers on a macro, each by itself: all that needs no labels, as a report folder.
//!
//! Not responsible for networks with data (`run`) nor for how the layers were recorded (`record`).

use super::input;
use super::progress::Stages;
use super::run::{RunArguments, deliver, macro_alone, options, unfit};
use super::run_chip::{check_chip, skipping};
use crate::arch;
use crate::data::Split;
use crate::net::network::{IntNetwork, Shape};
use crate::net::recorded::{self, Recorded};
use crate::report;
use crate::results::run::{DataSummary, ModelSummary, RunResult};
use crate::sim::accuracy::Images;
use crate::sim::prepare::Prepared;
use crate::sim::recorded::{look, verdict};
use crate::sim::run::RunOptions;
use std::path::Path;

/// Recorded layers ready to run.
pub struct Played {
    /// Layers side by side.
    pub network: IntNetwork,
    /// Their input codes; no labels are known, so all are 0.
    pub inputs: Split,
    /// Where they come from.
    pub recorded: Recorded,
}

impl Played {
    /// Reads a trace file.
    ///
    /// # Errors
    /// If it cannot be read or is no trace.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        let recorded = recorded::load(path)?;
        Ok(Played {
            network: recorded.network(),
            inputs: Split {
                pixels: recorded.codes(),
                labels: vec![0; recorded.images()],
            },
            recorded,
        })
    }

    /// Size of the inputs of one image.
    pub fn shape(&self) -> Shape {
        self.network.network.input
    }

    /// The images, for reports.
    pub fn data(&self) -> String {
        let about = &self.recorded.about;
        let numbers: Vec<String> = about.images.iter().map(u64::to_string).collect();
        let shown = match numbers.len() {
            0..=8 => numbers.join(", "),
            many => format!("{}, … ({many} in all)", numbers[..8].join(", ")),
        };
        format!("{} (recorded: test images {shown})", about.data)
    }

    /// Where weights and inputs come from, for reports.
    pub fn weights(&self) -> String {
        let about = &self.recorded.about;
        format!(
            "{}; recorded by {}: {}",
            about.weights, about.program, about.path
        )
    }

    fn images(&self) -> Images<'_> {
        Images {
            pixels: &self.inputs.pixels,
            labels: &self.inputs.labels,
            shape: self.shape(),
        }
    }
}

/// Name of a trace file without its endings, for the report folder.
pub fn stem(file: &Path) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.split('.').find(|part| !part.is_empty());
    stem.unwrap_or("trace").into()
}

/// How references of recorded layers are placed, for reports.
pub fn references() -> (String, String) {
    (
        "references".into(),
        "placed on the recorded layers' own partial sums, all of them: the images that are looked at are those of the calibration"
            .into(),
    )
}

/// How recorded layers share the chip, for reports.
pub fn alone() -> (String, String) {
    (
        "layers".into(),
        "recorded inputs, ideal before each layer and there from the start; every layer is alone on the chip, one after the other"
            .into(),
    )
}

/// Runs the command on a trace file.
///
/// # Errors
/// If the input is wrong (exit code 2) or the report cannot be written.
pub fn run(arguments: &RunArguments, file: &Path) -> anyhow::Result<()> {
    let loaded = arch::load(&arguments.arch, &arguments.set).map_err(input)?;
    let played = Played::load(file).map_err(input)?;
    let out = arguments
        .out
        .clone()
        .unwrap_or_else(|| super::default_out(&format!("{}-{}", loaded.hardware.name, stem(file))));
    report::check_place(&out).map_err(input)?;
    let stages = Stages::new(arguments.quiet || arguments.json);
    let unfit = |error| unfit(&loaded, error);
    let prepared = Prepared::new(&played.network, &loaded.hardware).map_err(unfit)?;
    let images_on_chip = arguments.cycle_images.min(played.recorded.images());
    check_chip(&loaded, &played.network.network, images_on_chip).map_err(input)?;
    let options = RunOptions {
        // A recording is small: every pixel counts.
        pixel_step: 1,
        ..options(arguments)
    };
    stages.show("macro alone", 0, 1);
    let margins = macro_alone(&prepared, &options.margin).map_err(unfit)?;
    let looked = look(
        &prepared,
        played.images(),
        &options,
        &|stage, done, total| {
            stages.show(stage, done, total);
        },
    )
    .map_err(unfit)?;
    let images = played.recorded.images();
    let name = &played.network.network.name;
    let verdict = verdict(name, images, &looked);
    let why = |problem| format!("no cycles and no cost: {problem}");
    let mut result = RunResult {
        fidelity: fidelity(),
        model: ModelSummary {
            name: name.clone(),
            weights: played.weights(),
            macro_layers: looked.layers.len(),
            parameters: played
                .network
                .layers
                .iter()
                .map(|int| int.codes.len() as u64)
                .sum(),
        },
        data: DataSummary {
            name: played.data(),
            images: images as u64,
            calibration_images: images as u64,
            classes: 0,
        },
        verdict,
        margins,
        warnings: looked
            .cycle_problem
            .map(why)
            .into_iter()
            .chain(
                looked
                    .cycle
                    .as_ref()
                    .and_then(|_| skipping(&loaded.hardware)),
            )
            .collect(),
        layers: looked.layers,
        cycle: looked.cycle,
        ..super::about(arguments.seed, &loaded)
    };
    result.seconds = stages.finish();
    deliver(arguments, &result, &out)
}

/// Which path computed what.
fn fidelity() -> Vec<(String, String)> {
    let pair = |what: &str, how: &str| (what.to_string(), how.to_string());
    vec![
        references(),
        alone(),
        pair(
            "errors",
            "from T[sum, code] and the counted partial sums; output SQNR drawn with noise at each read",
        ),
        pair("cycle", "cycle engine, codes of the noise-free table path"),
    ]
}
