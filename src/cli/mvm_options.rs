//! Options of a training through a macro (`--method imcq | imcaq`).
//!
//! Not responsible for what they mean (`train::mvm`) nor for options without a use (`unused_options`).

use super::train_choices::StepGradientName;
use super::{input, unused_options};
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
    /// Macro: a shipped name or a TOML file [default: reram_9wl].
    #[arg(long)]
    pub arch: Option<String>,
    /// Changes one number of the macro: key.path=value, may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Slope of a read: pass-through, straight-through, expectation, lattice, secant, reinmax, gumbel-rao, gumbel-sampled or soft
    /// [default: straight-through for imcq, secant for imcaq].
    #[arg(long)]
    pub estimator: Option<String>,
    /// Temperature of gumbel-rao, gumbel-sampled or soft, or first and last as FIRST:LAST [default: 0.5].
    #[arg(long, allow_negative_numbers = true)]
    pub temperature: Option<String>,
    /// Noise at each read over that of the macro [default: 0 for imcq, 1 for imcaq].
    #[arg(long, allow_negative_numbers = true)]
    pub noise: Option<f64>,
    /// Share of the epochs over which the noise grows [default: 0.33].
    #[arg(long, allow_negative_numbers = true)]
    pub noise_ramp: Option<f64>,
    /// Offset of every read-out in MAC units (standard deviation), drawn anew for every batch; for chips whose batch norm is
    /// re-estimated, as the trained one keeps part of what was drawn [default: 0].
    #[arg(long, allow_negative_numbers = true)]
    pub column_offset: Option<f64>,
    /// What of the read-out is trained [default: nothing].
    #[arg(long, value_enum)]
    pub learn: Option<LearnName>,
    /// What the gradients in the steps of weights and activations are taken of [default: codes].
    #[arg(long, value_enum)]
    pub step_gradient: Option<StepGradientName>,
    /// Training images that references are placed on [default: 128, or all if there are fewer].
    #[arg(long, allow_negative_numbers = true)]
    pub calibration_images: Option<usize>,
}

/// Macro where none is given.
const ARCH: &str = "reram_9wl";
/// Temperature in the first and the last epoch.
const TEMPERATURE: f64 = 0.5;
/// Share of the epochs over which the noise grows.
const NOISE_RAMP: f64 = 0.33;
/// Training images that references are placed on.
const CALIBRATION_IMAGES: usize = 128;

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

/// Noisy reads, slope of the mean code over one step of the codes: between neighbouring sums where these are fine enough to see it.
pub const IMCAQ: Defaults = Defaults {
    estimator: Estimator::Secant,
    noise: 1.0,
};

impl MvmOptions {
    /// The macro by name or file.
    pub fn arch_name(&self) -> &str {
        self.arch.as_deref().unwrap_or(ARCH)
    }

    /// The macro and how it is trained through.
    ///
    /// # Errors
    /// If the macro, a name or a number is wrong, or an option has no use beside the others (exit code 2).
    pub fn resolve(&self, defaults: Defaults) -> anyhow::Result<Mvm> {
        let loaded = arch::load(self.arch_name(), &self.set).map_err(input)?;
        let (first, last) = self.temperatures().map_err(input)?;
        let estimator = match &self.estimator {
            None => defaults.estimator,
            Some(name) => named(name, first).map_err(input)?,
        };
        let noise = self.noise.unwrap_or(defaults.noise);
        unused_options::of_reads(self, &loaded.hardware, estimator, noise).map_err(input)?;
        let learn = match self.learn.unwrap_or(LearnName::Nothing) {
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
                noise,
                ramp: self.noise_ramp.unwrap_or(NOISE_RAMP),
                column_offset: self.column_offset.unwrap_or(0.0),
                learn,
                calibration_images: self.calibration_images.unwrap_or(CALIBRATION_IMAGES),
            },
        })
    }

    /// In the first and in the last epoch.
    fn temperatures(&self) -> anyhow::Result<(f64, f64)> {
        let Some(written) = &self.temperature else {
            return Ok((TEMPERATURE, TEMPERATURE));
        };
        let number = |text: &str| -> anyhow::Result<f64> {
            text.trim().parse().map_err(|_| {
                anyhow!(
                    "--temperature {written}: expected a number such as 0.5, or FIRST:LAST such as 1:0.2"
                )
            })
        };
        match written.split_once(':') {
            None => number(written).map(|t| (t, t)),
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
