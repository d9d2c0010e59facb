//! `imcsim train`: trains a network, checkpointing every epoch; the same command again goes on where it stopped.

use super::deployed;
use super::input;
use super::learning_curve;
use super::mvm_options::{Defaults, IMCAQ, IMCQ, MvmOptions};
use super::output::print;
use super::progress::bar;
use super::train_choices::{OptimizerName, ScheduleName, WeightStep};
use super::train_images::{count, fewer, images_id};
use super::training_lock::{TrainingLock, lock};
use super::unused_options;
use crate::data::{DataSource, Dataset, load};
use crate::net::network::{Layer, Network, Weights};
use crate::net::shipped::load_network;
use crate::train::ancestry::RANDOM_WEIGHTS;
use crate::train::augment::Augment;
use crate::train::epoch::Epoch;
use crate::train::model::{Method, Model};
use crate::train::mvm::settings::Mvm;
use crate::train::optimizer::Rule;
use crate::train::quantizer::weight::StepRule;
use crate::train::schedule::Schedule;
use crate::train::settings::Settings;
use crate::train::state::{self, Start};
use crate::train::trainer::Trainer;
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::time::Instant;

/// File of a training's state.
pub(super) const STATE: &str = "state.safetensors";

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
    /// Training state (state.safetensors) to start from: full precision for qat, qat for imcq and imcaq [default: random weights].
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
            augment: Augment {
                reach: self.shift,
                flip: self.flip,
            },
            seed: self.seed,
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
    fn beginning(&self, start: &Start) -> &'static str {
        let through = self.method.macro_defaults().is_some();
        match (&self.init, start.quantized) {
            (None, _) if through => "from random weights: no qat before it, give --init for that",
            (None, _) => "from random weights",
            (Some(_), false) if through => "from a full-precision state: no qat before it",
            (Some(_), false) => "from a full-precision state",
            (Some(_), true) => "from a quantized state",
        }
    }
}

/// Runs the command.
///
/// # Errors
/// If the input is wrong (exit code 2) or the training fails.
pub fn run(arguments: &TrainArguments) -> anyhow::Result<()> {
    unused_options::of_method(arguments).map_err(input)?;
    let network = load_network(&arguments.model).map_err(input)?;
    let source: DataSource = arguments.data.parse().map_err(input)?;
    let data = load(&source, network.input).map_err(input)?;
    train_on(arguments, &network, &data, None)
}

/// Checks the numbers that depend on the images.
///
/// # Errors
/// With the option and what to do.
pub(super) fn check(
    arguments: &TrainArguments,
    network: &Network,
    data: &Dataset,
) -> anyhow::Result<()> {
    let images = count(arguments, data)?;
    unused_options::of_images(arguments, images)?;
    if data.class_names.len() > network.classes {
        return Err(anyhow::anyhow!(
            "{} has {} classes, {} tells {} apart",
            data.name,
            data.class_names.len(),
            network.name,
            network.classes
        ));
    }
    let on_macro = |layer: &Layer| matches!(layer.weights, Weights::Macro { .. });
    if arguments.method.macro_defaults().is_some() && !network.layers.iter().any(on_macro) {
        return Err(anyhow::anyhow!(
            "--method {} with {}: no layer of this network is on macros, so there is nothing to train through; take --method qat, or write weights = {{ macro = {{ .. }} }}",
            arguments.method.name(),
            network.name
        ));
    }
    Ok(arguments.settings().check_for(images, data.shape)?)
}

/// Trains a network on images that are loaded already, in a folder that is locked already or is locked here; `--model`
/// and `--data` are not looked at.
///
/// # Errors
/// As [`run`].
pub fn train_on(
    arguments: &TrainArguments,
    network: &Network,
    data: &Dataset,
    locked: Option<TrainingLock>,
) -> anyhow::Result<()> {
    check(arguments, network, data).map_err(input)?;
    let data = &*fewer(arguments, data).map_err(input)?;
    let mut model = Model::<f32>::new(network, Method::Float, arguments.seed);
    let mut start = Start::default();
    if let Some(path) = &arguments.init {
        start = state::initialise(&mut model, path).map_err(input)?;
    }
    if arguments.method != MethodName::Float {
        if start.quantized {
            model.method = Method::Qat(arguments.rule());
        } else {
            model.start_quantized(arguments.rule());
        }
    } else if start.quantized {
        return Err(input(anyhow::anyhow!(
            "--method float cannot start from a quantized training; give a full-precision --init or none"
        )));
    }
    let beginning = arguments.beginning(&start);
    let mut trainer = Trainer::new(model, arguments.settings(), data).map_err(input)?;
    trainer.full_precision = start.full_precision;
    trainer.ancestry.programs = start.programs;
    trainer.ancestry.start = Some(start.fingerprint.unwrap_or(RANDOM_WEIGHTS.into()));
    if let Some(mvm) = arguments.through()? {
        trainer = trainer.through(mvm, data).map_err(input)?;
    }
    let _locked = match locked {
        Some(locked) => locked,
        None => {
            let locked = lock(&arguments.out)?;
            deployed::check_folder(&arguments.out).map_err(input)?;
            locked
        }
    };
    let saved = arguments.out.join(STATE);
    if saved.is_file() {
        state::resume(&mut trainer, &images_id(arguments, data), &saved).map_err(input)?;
    }
    say(
        arguments,
        &format!(
            "{} on {}, {} training and {} test images, {}",
            network.name,
            data.name,
            data.train.labels.len(),
            data.test.labels.len(),
            beginning
        ),
    )?;
    if trainer.curve.len() == arguments.epochs {
        // The program may have ended before it wrote them, or an older one wrote less.
        learning_curve::write(arguments, &trainer, data)?;
    }
    while trainer.curve.len() < arguments.epochs {
        let line = epoch(arguments, &mut trainer, data)?;
        state::save(&trainer, &images_id(arguments, data), &saved)?;
        // Said after it is saved: where nobody can read it, the epoch is not lost.
        say(arguments, &line)?;
        learning_curve::write(arguments, &trainer, data)?;
    }
    match deployed::write(arguments, &trainer, data)? {
        None => Ok(()),
        Some(path) => say(arguments, &format!("deployed network: {}", path.display())),
    }
}

/// Trains for an epoch; what there is to say of it.
fn epoch(
    arguments: &TrainArguments,
    trainer: &mut Trainer,
    data: &Dataset,
) -> anyhow::Result<String> {
    let began = Instant::now();
    let number = trainer.curve.len() + 1;
    let progress = bar(
        1,
        &format!("epoch {number}/{}", arguments.epochs),
        arguments.quiet,
    );
    let epoch = trainer.epoch(data, &mut |done, total| {
        progress.set_length(total as u64);
        progress.set_position(done as u64);
    })?;
    progress.finish_and_clear();
    let Epoch {
        loss,
        train_accuracy,
        test_accuracy,
        rate,
        gradient,
        ..
    } = epoch;
    let gradient = gradient.map_or(String::new(), |norms| {
        format!("  gradient {:.3} to {:.3}", norms.median, norms.largest)
    });
    Ok(format!(
        "epoch {number:3}  loss {loss:.4}  train {:.2} %  test {:.2} %  lr {rate:.5}{gradient}  {:.0} s",
        100.0 * train_accuracy,
        100.0 * test_accuracy,
        began.elapsed().as_secs_f64()
    ))
}

fn say(arguments: &TrainArguments, line: &str) -> anyhow::Result<()> {
    if arguments.quiet {
        return Ok(());
    }
    print(&format!("{line}\n"))
}
