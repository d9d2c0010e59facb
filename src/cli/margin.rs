//! `imcsim margin`: the macro alone, without a network: distributions, margins, confusion, error rates, best references and
//! how many word lines may be open. Prints a table and leaves a report folder.

use super::input;
use super::output::{clean, print};
use super::progress::bar;
use crate::arch;
use crate::hw::weights::max_code;
use crate::margin::{MarginOptions, macro_margins};
use crate::report;
use crate::results::margin::MarginReport;
use crate::results::run::RunResult;
use anyhow::bail;
use clap::Args;
use std::path::{Path, PathBuf};

/// Options of `imcsim margin`.
#[derive(Args, Debug)]
pub struct MarginArguments {
    /// Hardware: a shipped name or a TOML file.
    pub arch: String,
    /// Change a number of the hardware, for example --set word_lines.active=16.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Bits of a weight, sign included.
    #[arg(long, allow_negative_numbers = true, default_value_t = 2, value_parser = clap::value_parser!(u32).range(2..=8))]
    pub weight_bits: u32,
    /// Bits of an input code.
    #[arg(long, allow_negative_numbers = true, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=8))]
    pub input_bits: u32,
    /// Share of inputs that are not 0 in random patterns [default: all codes equally likely].
    #[arg(long, allow_negative_numbers = true, value_name = "SHARE")]
    pub input_density: Option<f64>,
    /// Share of weights that are not 0 in random patterns [default: all codes equally likely].
    #[arg(long, allow_negative_numbers = true, value_name = "SHARE")]
    pub weight_density: Option<f64>,
    /// Monte Carlo samples per pattern policy; 0 leaves the Monte Carlo out.
    #[arg(long, allow_negative_numbers = true, default_value_t = 400_000)]
    pub samples: u64,
    /// Margins are stated at this many standard deviations.
    #[arg(long, allow_negative_numbers = true, default_value_t = 3.0)]
    pub z: f64,
    /// Error rate that must be kept when word lines are added.
    #[arg(long, allow_negative_numbers = true, default_value_t = 1e-2)]
    pub error_limit: f64,
    /// Seed.
    #[arg(long, allow_negative_numbers = true, default_value_t = 1, value_parser = super::seed)]
    pub seed: u64,
    /// Report folder [default: imcsim-out/margin-ARCH].
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// Print summary.json instead of the table.
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
pub fn run(arguments: &MarginArguments) -> anyhow::Result<()> {
    let options = arguments.options().map_err(input)?;
    let loaded = arch::load(&arguments.arch, &arguments.set).map_err(input)?;
    let name = loaded.summary.name.clone();
    let out = arguments
        .out
        .clone()
        .unwrap_or_else(|| super::default_out(&format!("margin-{name}")));
    report::check_place(&out).map_err(input)?;
    let progress = bar(
        1,
        &clean(&format!("margins of {name}")),
        arguments.quiet || arguments.json,
    );
    let margins = macro_margins(
        &loaded.hardware,
        arguments.weight_bits,
        arguments.input_bits,
        &options,
    )
    .map_err(|error| input(loaded.locate(&error)))?;
    progress.finish_and_clear();
    let about = super::about(arguments.seed, &loaded);
    deliver(arguments, &margins, &about, &out)
}

/// Writes the report and shows the answer.
fn deliver(
    arguments: &MarginArguments,
    margins: &[MarginReport],
    about: &RunResult,
    out: &Path,
) -> anyhow::Result<()> {
    // The answer is shown even where the report cannot be written.
    let written = report::write_margin(margins, about, out);
    if arguments.json {
        print(&report::margin_json(margins, about)?)?;
    } else if !arguments.quiet {
        print(&report::margin_terminal(margins))?;
    }
    written?;
    if !arguments.json && !arguments.quiet {
        print(&format!("report: {}\n", out.join("report.html").display()))?;
    }
    Ok(())
}

impl MarginArguments {
    fn options(&self) -> anyhow::Result<MarginOptions> {
        if !(self.z.is_finite() && self.z > 0.0) {
            bail!("--z {}: expected a number above 0", self.z);
        }
        if !(0.0..1.0).contains(&self.error_limit) {
            bail!(
                "--error-limit {}: expected a share between 0 and 1",
                self.error_limit
            );
        }
        let inputs = density(
            "--input-density",
            self.input_density,
            1 << self.input_bits,
            0,
        )?;
        let top = max_code(self.weight_bits) as usize;
        let weights = density("--weight-density", self.weight_density, 2 * top + 1, top)?;
        Ok(MarginOptions {
            z: self.z,
            samples: self.samples,
            seed: self.seed,
            inputs,
            weights,
            error_limit: Some(self.error_limit),
            ..MarginOptions::default()
        })
    }
}

/// Probabilities of `codes` codes of which the one at `zero` has what `density` leaves, the others equal shares.
fn density(
    option: &str,
    density: Option<f64>,
    codes: usize,
    zero: usize,
) -> anyhow::Result<Option<Vec<f64>>> {
    let Some(density) = density else {
        return Ok(None);
    };
    if !(0.0..=1.0).contains(&density) {
        bail!("{option} {density}: expected a share between 0 and 1");
    }
    let mut all = vec![density / (codes - 1) as f64; codes];
    all[zero] = 1.0 - density;
    Ok(Some(all))
}
