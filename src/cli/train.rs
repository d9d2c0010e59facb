//! `imcsim train`: trains a network, checkpointing every epoch; the same command again goes on where it stopped.

use super::deployed;
use super::input;
use super::learning_curve;
use super::output::print;
use super::progress::bar;
use super::start;
use super::train_arguments::{MethodName, TrainArguments};
use super::train_images::{count, fewer, images_id};
use super::training_lock::{TrainingLock, lock};
use super::unused_options;
use crate::data::{DataSource, Dataset, load};
use crate::instructions::Instructions;
use crate::net::network::{Layer, Network, Weights};
use crate::net::shipped::load_network;
use crate::train::ancestry::RANDOM_WEIGHTS;
use crate::train::epoch::Epoch;
use crate::train::model::{Method, Model};
use crate::train::state;
use crate::train::trainer::Trainer;
use std::time::Instant;

/// File of a training's state.
pub(super) const STATE: &str = "state.safetensors";

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
    if arguments.weight_step.is_some() && !network.layers.iter().any(on_macro) {
        return Err(anyhow::anyhow!(
            "--weight-step with {}: all its layers are digital, and their steps follow from their largest weights; remove it",
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
    let start = start::take(arguments, &mut model, data).map_err(input)?;
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
        if !start.quantized {
            trainer.see_statistics(data);
        }
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
        rounded_otherwise(arguments, &trainer)?;
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

/// Says so where a training was begun with other vector instructions and goes on with these.
fn rounded_otherwise(arguments: &TrainArguments, trainer: &Trainer) -> anyhow::Result<()> {
    let Some(before) = trainer.ancestry.other_instructions() else {
        return Ok(());
    };
    if trainer.curve.len() == arguments.epochs {
        return Ok(());
    }
    let (was, is) = (before.title(), Instructions::best().title());
    let hint = if before.is_there() {
        format!(
            "; --instructions {} goes on as it would have been",
            before.name()
        )
    } else {
        String::new()
    };
    let what = "sums of gradients are rounded otherwise, so it will not be bit for bit what it would have been";
    say(
        arguments,
        &format!("begun with {was}, goes on with {is}: {what}{hint}"),
    )
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
