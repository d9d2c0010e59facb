//! `imcsim trace`: a network on the chip cycle by cycle: where time and energy go, a timeline, waveforms, events and golden vectors.
//!
//! `subject` (network, weights, images), `window` (which events are kept), `files` (what is written beside the report).

mod files;
mod subject;
mod window;

use super::input;
use super::output::print;
use super::progress::Stages;
use super::recorded::{alone, references, stem};
use crate::arch;
use crate::mapping::plan::map_network;
use crate::report;
use crate::results::cycle::CycleResult;
use crate::results::run::{DataSummary, ModelSummary, RunResult, Verdict};
use crate::sim::calibrate::{count_sums, place};
use crate::sim::condition::Condition;
use crate::sim::cycles::OnChip;
use crate::sim::prepare::Prepared;
use anyhow::bail;
use clap::Args;
use std::path::PathBuf;

/// Options of `imcsim trace`.
#[derive(Args, Debug)]
pub struct TraceArguments {
    /// Macro: a shipped name (`arch/reram_9wl.toml`) or a TOML file; it needs `[timing]` and `[chip]`.
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
    /// Recorded layers (a file of imcsim record) instead of a network; each is alone on the chip.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["model", "data", "weights", "calibration_images"])]
    pub trace: Option<PathBuf>,
    /// Changes one number of the macro or the chip: key.path=value, may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Test images that go through the chip (of a trace file, those recorded).
    #[arg(long, allow_negative_numbers = true, default_value_t = 1)]
    pub images: usize,
    /// Training images that references are calibrated on.
    #[arg(long, allow_negative_numbers = true, default_value_t = 128)]
    pub calibration_images: usize,
    /// Codes are drawn with the noise of each read instead of those without noise.
    #[arg(long)]
    pub noise: bool,
    /// Layer whose events are written, may be repeated [default: the first one on macros].
    #[arg(long = "layer", value_name = "NAME")]
    pub layers: Vec<String>,
    /// Output pixels of each image whose events are written, from the first.
    #[arg(long, allow_negative_numbers = true, default_value_t = 2)]
    pub pixels: u32,
    /// Macros whose wires are drawn in the waveforms, from the first of the layer.
    #[arg(long, allow_negative_numbers = true, default_value_t = 1)]
    pub macros: usize,
    /// Most events that are written.
    #[arg(long, allow_negative_numbers = true, default_value_t = 200_000)]
    pub events: usize,
    /// Seed of noise and the choice of calibration images.
    #[arg(long, allow_negative_numbers = true, default_value_t = 1, value_parser = super::seed)]
    pub seed: u64,
    /// Report folder [default: imcsim-out/trace-ARCH-MODEL].
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
pub fn run(arguments: &TraceArguments) -> anyhow::Result<()> {
    check(arguments).map_err(input)?;
    let loaded = arch::load(&arguments.arch, &arguments.set).map_err(input)?;
    check_chip(&loaded).map_err(input)?;
    let stages = Stages::new(arguments.quiet || arguments.json);
    stages.show("images", 0, 1);
    let subject = subject::load(arguments, &loaded.hardware.name).map_err(input)?;
    let name = &subject.network.network.name;
    let out = arguments.out.clone().unwrap_or_else(|| {
        let stem = arguments.trace.as_deref().map(stem);
        let stem = stem.as_ref().unwrap_or(name);
        super::default_out(&format!("trace-{}-{stem}", loaded.hardware.name))
    });
    report::check_place(&out).map_err(input)?;
    let unfit = |error| super::run::unfit(&loaded, error);
    let prepared = Prepared::new(&subject.network, &loaded.hardware).map_err(unfit)?;
    // What does not fit, and layers that there are not, are said before the work starts.
    let images = subject.test().first(arguments.images);
    let (network, count) = (&subject.network.network, images.labels.len() as u32);
    let mapped = map_network(&loaded.hardware, network, None, count);
    let mapped = mapped.map_err(|error| unfit(error.into()))?;
    let traced = window::Traced::new(&mapped.rounds, arguments).map_err(input)?;
    stages.show("partial sums", 0, 1);
    let calibration = subject.calibration();
    // A recording is small: every pixel counts.
    let pixel_step = match &arguments.trace {
        Some(_) => 1,
        None => super::run::PIXEL_STEP,
    };
    let sums = count_sums(&prepared, calibration, pixel_step).map_err(unfit)?;
    let readouts = place(&prepared, &loaded.hardware.readout, &sums).map_err(unfit)?;
    let condition = match arguments.noise {
        true => Condition::read_noise(&readouts, arguments.seed, 0),
        false => Condition::noise_free(&readouts),
    };
    let chip = OnChip::new(&prepared, &readouts, &condition, images).map_err(unfit)?;
    let cycle = chip
        .run(&|stage, done, all| stages.show(stage, done, all))
        .map_err(unfit)?;
    stages.show("events", 0, 1);
    let recorded = traced.record(&chip, &cycle.rounds).map_err(unfit)?;
    let beside = files::of(&chip, &readouts, &loaded.hardware, &traced, &recorded)?;
    let mut result = RunResult {
        fidelity: fidelity(arguments),
        model: ModelSummary {
            name: name.clone(),
            weights: subject.weights.clone(),
            macro_layers: prepared.macro_layers().count(),
            parameters: super::run::parameters(&subject.network),
        },
        data: DataSummary {
            name: subject.data.clone(),
            images: images.labels.len() as u64,
            calibration_images: calibration.labels.len() as u64,
            classes: subject.classes,
        },
        verdict: headline(&cycle),
        warnings: traced.warnings(&mapped.rounds, &recorded),
        cycle: Some(cycle),
        ..super::about(arguments.seed, &loaded)
    };
    result.seconds = stages.finish();
    let written = report::write_with(&result, &beside, &out);
    if arguments.json {
        print(&report::summary_json(&result)?)?;
    } else if !arguments.quiet {
        print(&report::cycle_terminal(&result))?;
    }
    written?;
    if !arguments.json && !arguments.quiet {
        print(&format!("report: {}\n", out.join("report.html").display()))?;
        print(&format!(
            "trace:  {}  (timeline.json, waveform.vcd, events.csv, golden vectors)\n",
            out.join("trace").display()
        ))?;
    }
    Ok(())
}

fn check(arguments: &TraceArguments) -> anyhow::Result<()> {
    for (option, value, most) in [
        ("--images", arguments.images as u64, 4096),
        (
            "--calibration-images",
            arguments.calibration_images as u64,
            u64::MAX,
        ),
        ("--pixels", u64::from(arguments.pixels), u64::MAX),
        ("--macros", arguments.macros as u64, 256),
        ("--events", arguments.events as u64, 50_000_000),
    ] {
        if value == 0 {
            bail!("{option} 0: expected at least 1");
        }
        if value > most {
            bail!("{option} {value}: expected at most {most}");
        }
    }
    Ok(())
}

/// Times and chip must be there before any long work.
fn check_chip(loaded: &arch::Loaded) -> anyhow::Result<()> {
    let hardware = &loaded.hardware;
    if let Some(lacking) = hardware.undetermined.first() {
        return Err(loaded.locate(lacking).into());
    }
    for (section, there) in [
        ("timing", hardware.timing.is_some()),
        ("chip", hardware.chip.is_some()),
    ] {
        if !there {
            bail!(
                "{}: [{section}] is missing: without it a macro has values and no cycles; the keys stand in \
                 docs/hardware-keys.md",
                hardware.name
            );
        }
    }
    Ok(())
}

/// The answer in a sentence.
fn headline(cycle: &CycleResult) -> Verdict {
    let energy = match &cycle.cost {
        Some(cost) => format!(
            ", {:.3} uJ per image, {:.2} TOPS/W",
            cost.energy_uj, cost.tops_per_w
        ),
        None => String::new(),
    };
    let waits = cycle.array_cycles.iter().filter(|part| part.name != "busy");
    let longest = waits.max_by(|a, b| a.value.total_cmp(&b.value));
    Verdict {
        status: "cycles".into(),
        headline: format!(
            "An image takes {:.1} us; {:.1} images/s{energy}.",
            cycle.latency_us, cycle.images_per_s
        ),
        limits: longest
            .map(|part| {
                let what = match part.name.as_str() {
                    "idle" => "have no work".to_string(),
                    other => format!("wait for: {other}"),
                };
                format!(
                    "Arrays in use {what} {:.1} % of the time.",
                    100.0 * part.value
                )
            })
            .into_iter()
            .collect(),
    }
}

fn fidelity(arguments: &TraceArguments) -> Vec<(String, String)> {
    let codes = match arguments.noise {
        true => "codes drawn from T[sum, code] at every conversion",
        false => "codes without noise",
    };
    let mut all = vec![(
        "cycle".to_string(),
        format!(
            "cycle engine, {codes} of the table path; energy from the currents and comparisons of the operations that took place"
        ),
    )];
    if arguments.trace.is_some() {
        all.push(references());
        all.push(alone());
    }
    all
}
