//! The options of `imcsim train`, what stands for those that are not given, and what the trainer makes of them.
//!
//! Not responsible for options that contradict each other (`unused_options`), nor for numbers against images (`train`).

use super::input;
use super::mvm_options::{Defaults, IMCAQ, IMCQ, MvmOptions};
use super::train_choices::{OptimizerName, ScheduleName, StepGradientName, WeightStep};
use super::unused_options;
use crate::train::augment::Augment;
use crate::train::mvm::settings::Mvm;
use crate::train::optimizer::Rule;
use crate::train::quantizer::step_gradient::StepGradient;
use crate::train::quantizer::weight::StepRule;
use crate::train::schedule::Schedule;
use crate::train::settings::Settings;
use crate::train::state::Start;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Options of `imcsim train`.
#[derive(Args, Debug)]
pub struct TrainArguments {
    /// Network: a shipped name (lenet, vgg, vgg7, vgg_quarter) or a TOML file.
    #[arg(long, default_value = "vgg")]
    pub model: String,
    /// builtin, mnist:DIR, cifar10:DIR or images:DIR.
    #[arg(long, default_value = "builtin")]
    pub data: String,
    /// What is trained.
    #[arg(long, value_enum)]
    pub method: MethodName,
    /// How the steps of macro weights are found [default: learned].
    #[arg(long, value_enum)]
    pub weight_step: Option<WeightStep>,
    /// Start: a training state (state.safetensors), full precision for qat, qat for imcq and imcaq; a deployed network;
    /// or `shipped`, the network trained with ideal MVM values that travels with the program for these images [default: random weights].
    #[arg(long)]
    pub init: Option<PathBuf>,
    /// Epochs in all.
    #[arg(long, allow_negative_numbers = true)]
    pub epochs: usize,
    /// Images per update (a multiple of 32).
    #[arg(long, allow_negative_numbers = true, default_value_t = 64)]
    pub batch: usize,
    /// Learning rate [default: 0.05 for float, 0.02 for qat, 0.01 for imcq and imcaq; 0.001 with adam].
    #[arg(long, allow_negative_numbers = true)]
    pub lr: Option<f64>,
    /// Shape of the learning rate.
    #[arg(long, value_enum, default_value = "cosine")]
    pub schedule: ScheduleName,
    /// Epochs of warm-up.
    #[arg(long, allow_negative_numbers = true, default_value_t = 0.5)]
    pub warmup: f64,
    /// Update rule.
    #[arg(long, value_enum, default_value = "sgd")]
    pub optimizer: OptimizerName,
    /// Weight decay [default: 0.0005 for float, 0.0001 for qat, imcq and imcaq].
    #[arg(long, allow_negative_numbers = true)]
    pub weight_decay: Option<f64>,
    /// Longest gradient, all parameters together, that is not shortened to this length [default: none is].
    #[arg(long, allow_negative_numbers = true)]
    pub clip_norm: Option<f64>,
    /// Largest shift of a training image in pixels.
    #[arg(long, allow_negative_numbers = true, default_value_t = 0)]
    pub shift: usize,
    /// Mirror half of the training images.
    #[arg(long)]
    pub flip: bool,
    /// Seed.
    #[arg(long, allow_negative_numbers = true, default_value_t = 1, value_parser = super::seed)]
    pub seed: u64,
    /// Training images, a choice by the seed [default: all].
    #[arg(long, allow_negative_numbers = true)]
    pub train_images: Option<usize>,
    /// Output folder; a training that stopped there goes on.
    #[arg(long)]
    pub out: PathBuf,
    /// Print errors only.
    #[arg(long)]
    pub quiet: bool,
    /// Options of a training through a macro.
    #[command(flatten)]
    pub mvm: MvmOptions,
}

/// `--method`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum MethodName {
    /// Full precision.
    Float,
    /// Integer weights and activations, ideal MVM values.
    Qat,
    /// Through a macro, reads without noise, straight-through.
    Imcq,
    /// Through a macro with its noise, slopes from the law of its codes.
    Imcaq,
}

impl MethodName {
    /// Name in checkpoints.
    pub(super) fn name(self) -> &'static str {
        match self {
            MethodName::Float => "float",
            MethodName::Qat => "qat",
            MethodName::Imcq => "imcq",
            MethodName::Imcaq => "imcaq",
        }
    }

    /// What a training through a macro takes where an option is not given.
    pub(super) fn macro_defaults(self) -> Option<Defaults> {
        match self {
            MethodName::Float | MethodName::Qat => None,
            MethodName::Imcq => Some(IMCQ),
            MethodName::Imcaq => Some(IMCAQ),
        }
    }
}

impl TrainArguments {
    pub(super) fn settings(&self) -> Settings {
        let float = self.method == MethodName::Float;
        let rule = if self.optimizer == OptimizerName::Sgd {
            Rule::Sgd
        } else {
            Rule::Adam
        };
        let rate = match rule {
            Rule::Adam => 0.001,
            Rule::Sgd if float => 0.05,
            Rule::Sgd if self.method == MethodName::Qat => 0.02,
            Rule::Sgd => 0.01,
        };
        Settings {
            epochs: self.epochs,
            batch: self.batch,
            rate: self.lr.unwrap_or(rate),
            schedule: match self.schedule {
                ScheduleName::Cosine => Schedule::Cosine,
                ScheduleName::Constant => Schedule::Constant,
                ScheduleName::Steps => Schedule::Steps,
            },
            warmup: self.warmup,
            rule,
            weight_decay: self.weight_decay.unwrap_or(if float { 5e-4 } else { 1e-4 }),
            clip_norm: self.clip_norm,
            step_gradient: self.step_gradient(),
            augment: Augment {
                reach: self.shift,
                flip: self.flip,
            },
            seed: self.seed,
        }
    }

    /// That of codes behind read-outs, whose references do not move with the step; elsewhere that of values, with which all
    /// earlier trainings go on as they were.
    fn step_gradient(&self) -> StepGradient {
        let through = self.method.macro_defaults().is_some();
        match self.mvm.step_gradient {
            Some(StepGradientName::Codes) => StepGradient::Codes,
            None if through => StepGradient::Codes,
            Some(StepGradientName::Values) | None => StepGradient::Values,
        }
    }

    pub(super) fn rule(&self) -> StepRule {
        match self.weight_step.unwrap_or(WeightStep::Learned) {
            WeightStep::Learned => StepRule::Learned,
            WeightStep::Threshold => StepRule::Threshold,
        }
    }

    /// The macro that is trained through, if one is.
    ///
    /// # Errors
    /// As [`MvmOptions::resolve`].
    pub(super) fn through(&self) -> anyhow::Result<Option<Mvm>> {
        let Some(defaults) = self.method.macro_defaults() else {
            return Ok(None);
        };
        let mvm = self.mvm.resolve(defaults)?;
        unused_options::of_epochs(self).map_err(input)?;
        Ok(Some(mvm))
    }

    /// Where the training begins, and what it leaves out on the way there.
    pub(super) fn beginning(&self, start: &Start) -> &'static str {
        let through = self.method.macro_defaults().is_some();
        match (&self.init, start.quantized) {
            (None, _) if through => "from random weights: no qat before it, give --init for that",
            (None, _) => "from random weights",
            (Some(_), false) if through => "from a full-precision state: no qat before it",
            (Some(_), false) => "from a full-precision state",
            (Some(_), true) if start.deployed => "from a deployed network",
            (Some(_), true) => "from a quantized state",
        }
    }
}
