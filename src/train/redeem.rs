//! From the integer network of a macro back to a model that can be trained on: what was deployed as a start for another macro.
//!
//! [`deploy`](super::deploy) drops two things. How a channel's scale and shift divide into batch norm and the step of the activation: the
//! statistics travel with the network, or are taken again from training images where an older program wrote none, so only the step is
//! free, and `gamma` gets the root mean square 1. And the latent weights behind
//! the codes: behind a learned step they are drawn, evenly within what rounds to their code (beyond the last code up to a quarter of a
//! step), because weights in the middle of their codes would hardly ever change them; behind other rules, whose step follows from all
//! weights, they are the codes. So the network computes what it computed, to the rounding of `f32`, and a training of few epochs
//! takes it further. Not responsible for references that were trained: those of the macro that is trained through are placed anew.

use super::ancestry::recorded;
use super::error::TrainError;
use super::model::{LayerParams, Method, Model};
use super::quantizer::weight::{self, LEARNED_RANGE, StepRule};
use super::references::SMALLEST_STEP;
use super::state::Start;
use super::sum_statistics::statistics;
use super::tape::WeightSource;
use crate::data::Split;
use crate::net::network::{IntLayer, Layer, SumStatistics, Weights};
use crate::net::weights::Trained;
use crate::rng::{Purpose, keyed};
use rand::{Rng, RngExt};

/// How far beyond the last code a latent weight is drawn, in steps: their mean lies at 0.875 steps then, as behind the steps that
/// trainings learned (0.76 to 0.87 in LeNet and the quarter-width VGG-7).
const BEYOND: f64 = 0.25;

/// Makes a model that was set up for this network one that computes what the deployed network does, and can be trained.
///
/// `images` give statistics that its file lacks; `seed` draws the latent weights; `programs` are those that trained it.
///
/// # Errors
/// If it is of another shape, or its codes cannot come from latent weights under the rule, its logits not from one gain, its scales not from
/// numbers that can be trained.
pub fn redeem(
    model: &mut Model<f32>,
    trained: &Trained,
    images: &Split,
    (rule, seed): (StepRule, u64),
    programs: Vec<String>,
) -> Result<Start, TrainError> {
    check_shape(model, trained)?;
    model.method = Method::Qat(rule);
    let statistics = statistics(&trained.network, images);
    for (index, (found, statistics)) in trained.network.layers.iter().zip(statistics).enumerate() {
        let params = model.layers[index].clone();
        let problem = |problem: String| TrainError::Network {
            file: trained.file.clone(),
            problem: format!("layer {}: {problem}", found.layer.name),
        };
        let mut rng = keyed(seed, Purpose::Latents, &[index as u64]);
        weights(model, &params, found, rule, &mut rng);
        if !has_codes(model, &found.layer, &params, &found.codes) {
            return Err(problem(without_latents(&found.layer, rule)));
        }
        match found.layer.activation_bits {
            Some(_) => normalization(model, index, found, &statistics),
            None => logits(model, &params, found).map_err(problem)?,
        }
        is_trainable(model, &params).map_err(problem)?;
    }
    let accuracy = |key: &str| trained.metadata.get(key)?.parse().ok();
    Ok(Start {
        test_accuracy: accuracy("accuracy_on_macro").or(accuracy("accuracy_quantized")),
        full_precision: trained.full_precision(),
        quantized: true,
        deployed: true,
        fingerprint: Some(trained.fingerprint.clone()),
        programs: recorded(programs),
    })
}

/// Files are checked when they are read; this is for networks that come another way.
fn check_shape(model: &Model<f32>, trained: &Trained) -> Result<(), TrainError> {
    let network = &trained.network;
    let is_whole = |int: &IntLayer| {
        let (outputs, rows) = (int.layer.geometry.outputs, int.layer.geometry.rows());
        let has_one_each = |values: &[f32]| values.len() == outputs;
        let mut lists = [&int.scale, &int.shift].into_iter();
        let statistics = int
            .statistics
            .iter()
            .all(|found| has_one_each(&found.mean) && has_one_each(&found.variance));
        int.codes.len() == outputs * rows
            && outputs > 0
            && lists.all(|list| has_one_each(list))
            && statistics
    };
    let layers = network.layers.iter().map(|int| &int.layer);
    if layers.eq(&model.network.layers) && network.layers.iter().all(is_whole) {
        return Ok(());
    }
    Err(TrainError::Network {
        file: trained.file.clone(),
        problem: format!(
            "it is not a whole network of the shape of `{}`",
            model.network.name
        ),
    })
}

/// Latent weights and their step: of the size that weights begin with (He et al., 2015).
fn weights(
    model: &mut Model<f32>,
    params: &LayerParams,
    found: &IntLayer,
    rule: StepRule,
    rng: &mut impl Rng,
) {
    let top = found.layer.weights.max_code();
    let is_drawn =
        rule == StepRule::Learned && matches!(found.layer.weights, Weights::Macro { .. });
    let ratios: Vec<f64> = match is_drawn {
        true => found
            .codes
            .iter()
            .map(|&code| drawn(code, top, rng))
            .collect(),
        false => found.codes.iter().map(|&code| f64::from(code)).collect(),
    };
    let square = ratios.iter().map(|ratio| ratio * ratio).sum::<f64>() / ratios.len() as f64;
    let size = (2.0 / found.layer.geometry.rows() as f64).sqrt();
    // A layer whose codes are all 0 has no size of its own.
    let step = if square > 0.0 {
        size / square.sqrt()
    } else {
        size
    };
    let latents: Vec<f32> = ratios.iter().map(|ratio| (ratio * step) as f32).collect();
    // A training would move a step beyond its range at once, and codes with it.
    let step = match is_drawn {
        true => weight::kept(step as f32, &latents, top),
        false => step as f32,
    };
    model.params.get_mut(params.weight_step)[0] = step;
    model
        .params
        .get_mut(params.weights)
        .copy_from_slice(&latents);
}

/// A latent weight in steps, evenly within what rounds to this code; a little from its ends, which would round either way.
fn drawn(code: i8, top: i32, rng: &mut impl Rng) -> f64 {
    let is_last = i32::from(code).abs() == top;
    let outwards = if is_last { BEYOND } else { 0.499 };
    let beyond = rng.random_range(-0.499..outwards);
    let sign = if code < 0 { -1.0 } else { 1.0 };
    sign * (f64::from(code.unsigned_abs()) + beyond)
}

/// Why no latent weights have the codes of a layer, and what to do.
fn without_latents(layer: &Layer, rule: StepRule) -> String {
    let top = layer.weights.max_code();
    let why = match layer.weights {
        Weights::Digital { .. } => format!(
            "no weight has the code {top} or -{top}, and the step of a digital layer follows from its largest weight"
        ),
        Weights::Macro { .. } if rule == StepRule::Learned => format!(
            "its codes are so small that a learned step would move at once, and codes with it (it stays within {LEARNED_RANGE} times the mean size of the weights)"
        ),
        Weights::Macro { .. } => {
            "no latent weights have its codes under this rule of the step; take --weight-step learned".into()
        }
    };
    format!("{why}; a training state is a start always")
}

fn has_codes(model: &Model<f32>, layer: &Layer, params: &LayerParams, codes: &[i8]) -> bool {
    let WeightSource::Codes {
        latent, step, top, ..
    } = model.source(layer, params)
    else {
        return false;
    };
    let mut pairs = model.params.get(latent).iter().zip(codes);
    pairs.all(|(&latent, &code)| weight::code(latent, step, top) == i32::from(code))
}

/// Batch norm and the activation's step of a layer, from scale, shift and statistics.
fn normalization(
    model: &mut Model<f32>,
    index: usize,
    found: &IntLayer,
    statistics: &SumStatistics,
) {
    let params = &mut model.layers[index];
    let wide = |values: &[f32]| values.iter().map(|&value| f64::from(value)).collect();
    params.running.mean = wide(&statistics.mean);
    params.running.variance = wide(&statistics.variance);
    let params = params.clone();
    let channels = 0..found.scale.len();
    let slope = |channel: usize| f64::from(found.scale[channel]) / params.running.inverse(channel);
    let square = channels.clone().map(|c| slope(c).powi(2)).sum::<f64>() / found.scale.len() as f64;
    let step = if square > 0.0 {
        1.0 / square.sqrt()
    } else {
        1.0
    };
    model.params.get_mut(params.activation_step)[0] = step as f32;
    for channel in channels {
        let (scale, shift) = (found.scale[channel], found.shift[channel]);
        let center = f64::from(shift) + params.running.mean[channel] * f64::from(scale);
        model.params.get_mut(params.gamma)[channel] = (slope(channel) * step) as f32;
        model.params.get_mut(params.beta)[channel] = (center * step) as f32;
    }
}

/// Steps and factors are numbers that a training leaves where they are.
fn is_trainable(model: &Model<f32>, params: &LayerParams) -> Result<(), String> {
    let step = f64::from(model.params.scalar(params.activation_step));
    let mut numbers = [params.gamma, params.beta]
        .into_iter()
        .flat_map(|id| model.params.get(id));
    if step >= SMALLEST_STEP && step.is_finite() && numbers.all(|number| number.is_finite()) {
        return Ok(());
    }
    Err("its scales and shifts are too large or too small to be trained on; start from a training state".into())
}

/// The gain of the logits and their biases: one scale for all classes, times the step of the weights.
fn logits(model: &mut Model<f32>, params: &LayerParams, found: &IntLayer) -> Result<(), String> {
    let scale = found.scale[0];
    if found.scale.iter().any(|&other| other != scale) {
        return Err("its classes have scales of their own, and a training has one for all; start from a training state".into());
    }
    let factor = model.logit_factor(&found.layer, params);
    model.params.get_mut(params.gamma)[0] = scale / factor;
    let biases = model.params.get_mut(params.beta);
    biases.copy_from_slice(&found.shift);
    Ok(())
}
