//! `imcsim run`: a network on a macro: accuracies, read margins, ADC errors, accuracy against ADC bits, as a report folder.

use super::fidelity::fidelity;
use super::image_choice::{chosen, images};
use super::input;
use super::output::print;
use super::progress::Stages;
use super::run_chip::{check_chip, skipping};
use crate::arch::{self, Loaded};
use crate::data::{DataSource, Dataset, load};
use crate::margin::{MarginOptions, macro_margins};
use crate::net::network::{IntNetwork, Network};
use crate::net::shipped::load_network;
use crate::net::weights::{self, Shipped, Trained};
use crate::report;
use crate::results::margin::MarginReport;
use crate::results::run::{Before, DataSummary, ModelSummary, RunResult};
use crate::sim::error::SimError;
use crate::sim::prepare::Prepared;
use crate::sim::run::{Outcome, RunOptions, compared, run as simulate};
use crate::sim::verdict::verdict;
use anyhow::bail;
use clap::Args;
use std::path::{Path, PathBuf};

/// Options of `imcsim run`.
#[derive(Args, Debug)]
pub struct RunArguments {
    /// Macro: a shipped name (`arch/reram_9wl.toml`) or a TOML file.
    pub arch: String,
    /// Network: a shipped name (lenet, vgg, vgg7, vgg_quarter) or a TOML file.
    #[arg(long, default_value = "vgg")]
    pub model: String,
    /// builtin, mnist:DIR, cifar10:DIR or images:DIR.
    #[arg(long, default_value = "builtin")]
    pub data: String,
    /// Trained weights [default: the shipped ones for this network and data set].
    #[arg(long)]
    pub weights: Option<PathBuf>,
    /// Recorded layers (a file of imcsim record) instead of a network: all that needs no labels.
    #[arg(long, value_name = "FILE", conflicts_with_all = [
        "model", "data", "weights", "before", "images", "calibration_images", "repeats", "chips", "chip_images", "curve_images",
        "calibrate_chips",
    ])]
    pub trace: Option<PathBuf>,
    /// The same network before it was trained through the macro, shown beside [default: the shipped one, where the shipped
    /// weights were trained through this macro].
    #[arg(long, value_name = "WEIGHTS")]
    pub before: Option<PathBuf>,
    /// Changes one number of the macro: key.path=value, may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Test images [default: all].
    #[arg(long, allow_negative_numbers = true)]
    pub images: Option<usize>,
    /// Training images that references are calibrated on.
    #[arg(long, allow_negative_numbers = true, default_value_t = 128)]
    pub calibration_images: usize,
    /// Repeats with noise at each read.
    #[arg(long, allow_negative_numbers = true, default_value_t = 3)]
    pub repeats: u64,
    /// Static virtual chips.
    #[arg(long, allow_negative_numbers = true, default_value_t = 10)]
    pub chips: u64,
    /// Test images per virtual chip.
    #[arg(long, allow_negative_numbers = true, default_value_t = 256)]
    pub chip_images: usize,
    /// Re-estimate the batch norm of every virtual chip on the calibration images, as chips would be calibrated one by one.
    #[arg(long)]
    pub calibrate_chips: bool,
    /// Test images per point of accuracy against ADC bits and against open word lines; 0 leaves both curves out [default: shared out
    /// by need: 1.25 times the test images for all points of bits, 0.15 times for each number of word lines].
    #[arg(long, allow_negative_numbers = true)]
    pub curve_images: Option<usize>,
    /// Test images that go through the chip cycle by cycle; 0 leaves cycles and cost out.
    #[arg(long, allow_negative_numbers = true, default_value_t = 1)]
    pub cycle_images: usize,
    /// Monte Carlo samples of a bit line per pattern policy and layer; 0 leaves the Monte Carlo out.
    #[arg(long, allow_negative_numbers = true, default_value_t = 100_000)]
    pub samples: u64,
    /// Seed of noise, chips and the choice of calibration images.
    #[arg(long, allow_negative_numbers = true, default_value_t = 1, value_parser = super::seed)]
    pub seed: u64,
    /// Report folder [default: imcsim-out/ARCH-MODEL].
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// Print summary.json instead of the summary for people.
    #[arg(long)]
    pub json: bool,
    /// Print errors only.
    #[arg(long)]
    pub quiet: bool,
}

/// Runs the command.
///
/// # Errors
/// If the input is wrong (exit code 2) or the report cannot be written.
pub fn run(arguments: &RunArguments) -> anyhow::Result<()> {
    check(arguments).map_err(input)?;
    if let Some(file) = &arguments.trace {
        return super::recorded::run(arguments, file);
    }
    let loaded = arch::load(&arguments.arch, &arguments.set).map_err(input)?;
    let network = load_network(&arguments.model).map_err(input)?;
    let out = arguments.out.clone().unwrap_or_else(|| {
        super::default_out(&format!("{}-{}", loaded.hardware.name, network.name))
    });
    report::check_place(&out).map_err(input)?;
    let stages = Stages::new(arguments.quiet || arguments.json);
    stages.show("images", 0, 1);
    let source: DataSource = arguments.data.parse().map_err(input)?;
    let data = load(&source, network.input).map_err(input)?;
    let found = find_weights(arguments, &network, &data, &loaded.hardware.name).map_err(input)?;
    let trained = found.trained;
    let unfit = |error| unfit(&loaded, error);
    let prepared = Prepared::new(&trained.network, &loaded.hardware).map_err(unfit)?;
    let images_on_chip = arguments.cycle_images.min(data.test.labels.len());
    check_chip(&loaded, &trained.network.network, images_on_chip).map_err(input)?;
    let calibration = chosen(&data, arguments.seed, arguments.calibration_images);
    let test = images(&data.test, &data).first(arguments.images.unwrap_or(usize::MAX));
    let options = options(arguments);
    stages.show("macro alone", 0, 1);
    let margins = macro_alone(&prepared, &options.margin).map_err(unfit)?;
    let mut outcome = simulate(
        &prepared,
        images(&calibration, &data),
        test,
        &options,
        &|stage, done, total| stages.show(stage, done, total),
    )
    .map_err(unfit)?;
    let simulated = std::mem::take(&mut outcome.simulated);
    let mut result = assemble(arguments, &loaded, &trained, outcome);
    result.margins = margins;
    if let Some(before) = &found.before {
        let known = &mut result.accuracy.full_precision;
        *known = known.or(before.full_precision());
        let on = (images(&calibration, &data), test);
        let show = |stage: &str, done, total| {
            stages.show(
                &format!("before training for the macro: {stage}"),
                done,
                total,
            );
        };
        let prepared = Prepared::new(&before.network, &loaded.hardware).map_err(unfit)?;
        let (accuracy, gained) =
            compared(&prepared, on, &simulated, &options, &show).map_err(unfit)?;
        result.before = Some(Before {
            weights: before.describe(),
            accuracy,
            gained,
        });
    }
    result.data = DataSummary {
        name: data.name.clone(),
        images: test.labels.len() as u64,
        calibration_images: calibration.labels.len() as u64,
        classes: data.class_names.len() as u64,
    };
    result.seconds = stages.finish();
    deliver(arguments, &result, &out)
}

/// How much is simulated.
pub(super) fn options(arguments: &RunArguments) -> RunOptions {
    RunOptions {
        seed: arguments.seed,
        repeats: arguments.repeats,
        chips: arguments.chips,
        chip_images: arguments.chip_images,
        calibrate_chips: arguments.calibrate_chips,
        curve_images: arguments.curve_images,
        pixel_step: PIXEL_STEP,
        cycle_images: arguments.cycle_images,
        patterns: PATTERNS,
        margin: MarginOptions {
            samples: arguments.samples,
            seed: arguments.seed,
            error_limit: Some(ERROR_LIMIT),
            ..MarginOptions::default()
        },
    }
}

/// Writes the report and shows the answer.
pub(super) fn deliver(
    arguments: &RunArguments,
    result: &RunResult,
    out: &Path,
) -> anyhow::Result<()> {
    // The answer is shown even where the report cannot be written: a minute's work is not lost to a full disk.
    let written = report::write(result, out);
    if arguments.json {
        print(&report::summary_json(result)?)?;
    } else if !arguments.quiet {
        print(&report::terminal(result))?;
    }
    written?;
    if !arguments.json && !arguments.quiet {
        print(&format!("report: {}\n", out.join("report.html").display()))?;
    }
    Ok(())
}

/// Every so many output pixels have their partial sums counted: neighbours see nearly the same inputs.
pub(super) const PIXEL_STEP: usize = 7;

/// Row patterns sampled per layer for its read margins.
const PATTERNS: usize = 4000;
/// Error rate that the sweep of open word lines has to keep.
const ERROR_LIMIT: f64 = 1e-2;

/// Margins of the macro alone for the weights and inputs of the network's first layer on it.
pub(super) fn macro_alone(
    prepared: &Prepared,
    options: &MarginOptions,
) -> Result<Vec<MarginReport>, SimError> {
    let Some(first) = prepared.macro_layers().next() else {
        return Ok(Vec::new());
    };
    let layer = &prepared.layers[first];
    let (weight_bits, input_bits) = (layer.weight_bits, layer.input_bits);
    macro_margins(prepared.hardware, weight_bits, input_bits, options).map_err(|error| {
        SimError::Hardware {
            layer: prepared.network.layers[first].layer.name.clone(),
            error,
        }
    })
}

/// A network that does not fit the macro, with the place of the number that is in the way.
pub(super) fn unfit(loaded: &Loaded, error: SimError) -> anyhow::Error {
    match error {
        SimError::Hardware { layer, error } => input(
            anyhow::Error::new(loaded.locate(&error))
                .context(format!("layer {layer} does not fit this macro")),
        ),
        SimError::Mapping(error) => input(anyhow::anyhow!("{}: {error}", loaded.file)),
        other => input(other),
    }
}

fn check(arguments: &RunArguments) -> anyhow::Result<()> {
    for (option, value) in [
        ("--images", arguments.images.unwrap_or(1)),
        ("--calibration-images", arguments.calibration_images),
        ("--chip-images", arguments.chip_images),
    ] {
        if value == 0 {
            bail!("{option} 0: at least one image is needed");
        }
    }
    if arguments.calibrate_chips && arguments.chips == 0 {
        bail!(
            "--calibrate-chips with --chips 0: there is no chip to calibrate; leave one of them out"
        );
    }
    for (option, value) in [
        ("--repeats", arguments.repeats),
        ("--chips", arguments.chips),
    ] {
        if value > 10_000 {
            bail!("{option} {value}: at most 10000");
        }
    }
    Ok(())
}

fn find_weights(
    arguments: &RunArguments,
    network: &Network,
    data: &Dataset,
    macro_name: &str,
) -> anyhow::Result<Shipped> {
    let mut found = match &arguments.weights {
        Some(path) => Shipped {
            trained: weights::load(path, network)?,
            before: None,
        },
        None => weights::shipped(network, &data.name, &data.fingerprint, macro_name)?,
    };
    if let Some(path) = &arguments.before {
        found.before = Some(weights::load(path, network)?);
    }
    for trained in std::iter::once(&found.trained).chain(&found.before) {
        trained.belongs_to(&data.name, &data.fingerprint)?;
    }
    Ok(found)
}

fn assemble(
    arguments: &RunArguments,
    loaded: &Loaded,
    trained: &Trained,
    outcome: Outcome,
) -> RunResult {
    let Outcome {
        mut accuracy,
        simulated: _,
        curve,
        word_lines,
        layers,
        cycle,
        cycle_problem,
    } = outcome;
    let mut warnings = curve.warnings;
    warnings.extend(word_lines.warnings);
    let why = |problem: SimError| format!("no cycles and no cost: {problem}");
    warnings.extend(cycle_problem.map(why));
    warnings.extend(cycle.as_ref().and_then(|_| skipping(&loaded.hardware)));
    accuracy.full_precision = trained.full_precision();
    let name = &trained.network.network.name;
    RunResult {
        fidelity: fidelity(&trained.network, arguments.calibrate_chips),
        model: ModelSummary {
            name: name.clone(),
            weights: trained.describe(),
            macro_layers: layers.iter().filter(|layer| layer.on_macro).count(),
            parameters: parameters(&trained.network),
        },
        verdict: verdict(name, &accuracy, &layers),
        accuracy,
        adc_curve: curve.points,
        adc_curve_ideal: curve.ideal,
        adc_curve_images: curve.images,
        word_line_curve: word_lines.points,
        word_line_curve_images: word_lines.images,
        warnings,
        layers,
        cycle,
        ..super::about(arguments.seed, loaded)
    }
}

pub(super) fn parameters(network: &IntNetwork) -> u64 {
    let of = |layer: &crate::net::network::IntLayer| {
        (layer.codes.len() + layer.scale.len() + layer.shift.len()) as u64
    };
    network.layers.iter().map(of).sum()
}
