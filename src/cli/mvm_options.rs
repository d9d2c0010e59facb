//! Options of a training through a macro (`--method imcq | imcaq`).
//!
//! Not responsible for what they mean (`train::mvm`).

use super::input;
use crate::arch;
use crate::spelling;
use crate::train::mvm::Estimator;
use crate::train::mvm::settings::{Learn, Mvm, MvmSettings};
use anyhow::{anyhow, bail};
use clap::{Args, ValueEnum};

/// Options that only a training through a macro has.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Training through a macro (imcq, imcaq)")]
pub struct MvmOptions {
    /// Macro: a shipped name or a TOML file.
    #[arg(long, default_value = "reram_9wl")]
    pub arch: String,
    /// Changes one number of the macro: key.path=value, may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Slope of a read: pass-through, straight-through, expectation, lattice, reinmax, gumbel-rao, gumbel-sampled or soft
    /// [default: straight-through for imcq, lattice for imcaq].
    #[arg(long)]
    pub estimator: Option<String>,
    /// Temperature of the gumbel estimators, or first and last as FIRST:LAST.
    #[arg(long, default_value = "0.5")]
    pub temperature: String,
    /// Noise at each read over that of the macro [default: 0 for imcq, 1 for imcaq].
    #[arg(long, allow_negative_numbers = true)]
    pub noise: Option<f64>,
    /// Share of the epochs over which the noise grows.
    #[arg(long, allow_negative_numbers = true, default_value_t = 0.33)]
    pub noise_ramp: f64,
    /// Offset of every output column in MAC units (standard deviation), drawn anew for every batch.
    #[arg(long, allow_negative_numbers = true, default_value_t = 0.0)]
    pub column_offset: f64,
    /// What of the read-out is trained.
    #[arg(long, value_enum, default_value = "nothing")]
    pub learn: LearnName,
    /// Training images that references are placed on.
    #[arg(long, allow_negative_numbers = true, default_value_t = 128)]
    pub calibration_images: usize,
}

/// `--learn`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LearnName {
    /// References are placed anew at every epoch.
    Nothing,
    /// The step of every layer's references.
    Step,
    /// The step of the references of every output column, where the macro calibrates them: the layer's times a trim.
    StepPerColumn,
    /// Every reference of every layer, where the macro calibrates them; codes keep their values. Needs noise.
    Thresholds,
}

/// What differs between the two methods where an option is not given.
#[derive(Clone, Copy, Debug)]
pub struct Defaults {
    /// Slope of a read.
    pub estimator: Estimator,
    /// Noise at each read.
    pub noise: f64,
}

/// Straight-through, reads without noise.
pub const IMCQ: Defaults = Defaults {
    estimator: Estimator::StraightThrough,
    noise: 0.0,
};

/// Noisy reads, slope of the mean code between neighbouring sums.
pub const IMCAQ: Defaults = Defaults {
    estimator: Estimator::Lattice,
    noise: 1.0,
};

impl MvmOptions {
    /// The macro and how it is trained through.
    ///
    /// # Errors
    /// If the macro, a name or a number is wrong (exit code 2).
    pub fn resolve(&self, defaults: Defaults) -> anyhow::Result<Mvm> {
        let loaded = arch::load(&self.arch, &self.set).map_err(input)?;
        let (first, last) = self.temperatures().map_err(input)?;
        let estimator = match &self.estimator {
            None => defaults.estimator,
            Some(name) => named(name, first).map_err(input)?,
        };
        let learn = match self.learn {
            LearnName::Nothing => Learn::Nothing,
            LearnName::Step => Learn::Step,
            LearnName::StepPerColumn => Learn::StepPerColumn,
            LearnName::Thresholds => Learn::Thresholds,
        };
        Ok(Mvm {
            hardware: loaded.hardware,
            settings: MvmSettings {
                estimator,
                final_temperature: last,
                noise: self.noise.unwrap_or(defaults.noise),
                ramp: self.noise_ramp,
                column_offset: self.column_offset,
                learn,
                calibration_images: self.calibration_images,
            },
        })
    }

    fn temperatures(&self) -> anyhow::Result<(f64, f64)> {
        let number = |text: &str| -> anyhow::Result<f64> {
            text.trim().parse().map_err(|_| {
                anyhow!(
                    "--temperature {}: expected a number such as 0.5, or FIRST:LAST such as 1:0.2",
                    self.temperature
                )
            })
        };
        match self.temperature.split_once(':') {
            None => number(&self.temperature).map(|t| (t, t)),
            Some((first, last)) => Ok((number(first)?, number(last)?)),
        }
    }
}

fn named(name: &str, temperature: f64) -> anyhow::Result<Estimator> {
    if let Some(estimator) = Estimator::parse(name, temperature) {
        return Ok(estimator);
    }
    let known = Estimator::NAMES.join(", ");
    match spelling::nearest(name, &Estimator::NAMES) {
        Some(near) => bail!("--estimator {name}: did you mean {near}? Known: {known}"),
        None => bail!("--estimator {name}: expected one of {known}"),
    }
}
