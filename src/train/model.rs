//! A network under training: its parameters, and one forward pass on the tape.
//!
//! Two methods. `float`: real weights and rectifiers. `qat`: every layer consumes and produces integer codes, exactly as the
//! deployed network does, so accumulations are the integers of the chip, or what its read-outs make of them. Running batch-norm statistics are kept
//! beside the parameters.

use super::ops::Batch;
use super::ops::batch_norm::Statistics;
use super::ops::reconv::Reading;
use super::param::{ParamId, Params};
use super::quantizer::weight::{self, StepRule, step};
use super::references::{LearnedReferences, SMALLEST_STEP};
use super::tape::{NodeId, Tape, WeightSource};
use crate::hw::readout::Readout;
use crate::hw::variation::standard_normal;
use crate::kernel::float::Real;
use crate::net::network::{Layer, Network, Weights};
use crate::rng::{Purpose, keyed};
use rayon::prelude::*;

/// What is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Full precision.
    Float,
    /// Integer weights and activations, ideal MVM values.
    Qat(StepRule),
}

impl Method {
    /// Name in checkpoints and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Method::Float => "float",
            Method::Qat(_) => "qat",
        }
    }
}

/// Parameters of one layer.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerParams {
    /// Weights `[output][row]` (latent in qat).
    pub weights: ParamId,
    /// Learned step of the weights.
    pub weight_step: ParamId,
    /// Batch norm scale; for the last layer the gain of the logits.
    pub gamma: ParamId,
    /// Batch norm shift; for the last layer the bias.
    pub beta: ParamId,
    /// Learned step of the activation.
    pub activation_step: ParamId,
    /// What a training through a macro learns of the references.
    pub references: LearnedReferences,
    /// Running statistics of the batch norm (unused in the last layer).
    pub running: Statistics,
}

/// A network under training.
#[derive(Clone, Debug)]
pub struct Model<T> {
    /// Shape.
    pub network: Network,
    /// What is trained.
    pub method: Method,
    /// All parameters.
    pub params: Params<T>,
    /// Per layer.
    pub layers: Vec<LayerParams>,
}

/// Share of the newest batch in the running statistics.
const MOMENTUM: f64 = 0.1;
/// Scale of image bytes in full precision.
pub const PIXEL_SCALE: f64 = 1.0 / 64.0;
/// Start of the activation step over the rms of gamma: near the best 2-bit step for a rectified normal value.
const ACTIVATION_STEP: f64 = 0.65;

impl<T: Real> Model<T> {
    /// A model with random weights (He et al., 2015).
    pub fn new(network: &Network, method: Method, seed: u64) -> Self {
        let mut params = Params::new();
        let layers = network
            .layers
            .iter()
            .enumerate()
            .map(|(index, layer)| new_layer(&mut params, layer, index as u64, seed))
            .collect();
        Model {
            network: network.clone(),
            method,
            params,
            layers,
        }
    }

    /// Sets every step of weights to that of the threshold rule: the start of a learned one.
    pub fn start_weight_steps(&mut self) {
        for (index, layer) in self.layers.iter().enumerate() {
            let top = self.network.layers[index].weights.max_code();
            let start = step(self.params.get(layer.weights), StepRule::Threshold, top);
            self.params.get_mut(layer.weight_step)[0] = start;
        }
    }

    /// Starts `qat` from trained full-precision weights: steps from weights and gammas, statistics from the first batch on.
    pub fn start_quantized(&mut self, rule: StepRule) {
        self.method = Method::Qat(rule);
        self.start_weight_steps();
        for layer in &self.layers {
            let gamma = self.params.get(layer.gamma);
            let rms =
                (gamma.iter().map(|g| g.to_f64().powi(2)).sum::<f64>() / gamma.len() as f64).sqrt();
            self.params.get_mut(layer.activation_step)[0] =
                T::from_f64((ACTIVATION_STEP * rms).max(1e-3));
        }
        // The last layer sees codes now, or unscaled pixels: what one of them was worth moves into the gain.
        let (worth, last) = match &self.layers[..] {
            [.., before, last] => (self.params.scalar(before.activation_step), last),
            [last] => (T::from_f64(PIXEL_SCALE), last),
            [] => return,
        };
        let gain = &mut self.params.get_mut(last.gamma)[0];
        *gain = *gain * worth;
    }

    /// Makes the step of the references of a layer a trained number.
    pub fn learn_reference_step(&mut self, layer: usize, start: f64) {
        let name = &self.network.layers[layer].name;
        self.layers[layer].references = LearnedReferences::step(&mut self.params, name, start);
    }

    /// Makes the step of the references of every column of a layer a trained number.
    pub fn learn_column_steps(&mut self, layer: usize, start: f64) {
        let shape = &self.network.layers[layer];
        let (name, outputs) = (&shape.name, shape.geometry.outputs);
        self.layers[layer].references =
            LearnedReferences::step_per_column(&mut self.params, name, outputs, start);
    }

    /// Makes every threshold of a layer a trained number, from those of a placed read-out on; its codes keep their values.
    pub fn learn_thresholds(&mut self, layer: usize, start: &Readout) {
        let name = &self.network.layers[layer].name;
        self.layers[layer].references =
            LearnedReferences::thresholds(&mut self.params, name, start);
    }

    /// Logits of a batch of images (`byte - 128`), and the batch statistics of every batch norm. Layers with a reading
    /// compute on the macro; an empty list means ideal MVM values everywhere.
    pub fn forward(
        &self,
        tape: &mut Tape<T>,
        images: Batch<T>,
        readings: &[Option<Reading>],
    ) -> (NodeId, Vec<Statistics>) {
        let mut node = tape.input(images);
        let mut seen = Vec::new();
        let layers = self.network.layers.par_iter().zip(&self.layers);
        let sources: Vec<_> = layers
            .map(|(layer, params)| self.source(layer, params))
            .collect();
        let layers = self.network.layers.iter().zip(&self.layers).zip(sources);
        for (index, ((layer, params), source)) in layers.enumerate() {
            if layer.linear && tape.value(node)[0].channels != layer.geometry.input.channels {
                node = tape.reshape(node, layer.geometry.input);
            }
            let geometry = layer.geometry;
            let acc = match readings.get(index) {
                Some(Some(reading)) => {
                    let trained = (source, params.references);
                    tape.reconv(&self.params, node, geometry, trained, reading.clone())
                }
                _ => tape.conv(&self.params, node, geometry, source),
            };
            let Some(bits) = layer.activation_bits else {
                let factor = self.logit_factor(layer, params);
                return (
                    tape.affine(&self.params, acc, params.gamma, params.beta, factor),
                    seen,
                );
            };
            let border = self
                .network
                .layers
                .get(index + 1)
                .map_or(0, |next| next.geometry.padding);
            let before_pool = if layer.pool.is_some() { 0 } else { border };
            let (normed, statistics) =
                tape.batch_norm(&self.params, acc, params.gamma, params.beta, 0);
            seen.push(statistics);
            node = match self.method {
                Method::Float => tape.relu(normed, before_pool),
                Method::Qat(_) => tape.quantize(
                    &self.params,
                    normed,
                    params.activation_step,
                    ((1u32 << bits) - 1) as u8,
                    before_pool,
                ),
            };
            if let Some(edge) = layer.pool {
                node = tape.max_pool(node, edge, border);
            }
        }
        (node, seen)
    }

    /// Where a layer's weights come from under the method.
    pub fn source(&self, layer: &Layer, params: &LayerParams) -> WeightSource<T> {
        let Method::Qat(rule) = self.method else {
            return WeightSource::Plain(params.weights);
        };
        let (step, learned) = self.weight_step(layer, params, rule);
        WeightSource::Codes {
            latent: params.weights,
            step,
            learned,
            top: layer.weights.max_code(),
            is_factor: layer.activation_bits.is_none(),
        }
    }

    /// Puts what an update has moved back to where it means something: steps above zero, a trained step of weights within
    /// [`weight::LEARNED_RANGE`], references in their order.
    pub fn project(&mut self) {
        for params in &self.layers {
            for id in [params.weight_step, params.activation_step] {
                let step = &mut self.params.get_mut(id)[0];
                *step = T::from_f64(step.to_f64().max(SMALLEST_STEP));
            }
            params.references.project(&mut self.params);
        }
        let kept = |(layer, params): (&Layer, &LayerParams)| {
            let trained = matches!(self.method, Method::Qat(rule) if trains_step(layer, rule));
            let (step, weights) = (params.weight_step, self.params.get(params.weights));
            let top = layer.weights.max_code();
            trained.then(|| (step, weight::kept(self.params.scalar(step), weights, top)))
        };
        let layers = self.network.layers.par_iter().zip(&self.layers);
        for (id, step) in layers.filter_map(kept).collect::<Vec<_>>() {
            self.params.get_mut(id)[0] = step;
        }
    }

    /// Step of a layer's weights, and its parameter if it is trained.
    fn weight_step(
        &self,
        layer: &Layer,
        params: &LayerParams,
        rule: StepRule,
    ) -> (T, Option<ParamId>) {
        if trains_step(layer, rule) {
            let step = self.params.scalar(params.weight_step).to_f64();
            return (T::from_f64(step.max(1e-8)), Some(params.weight_step));
        }
        let rule = match layer.weights {
            Weights::Digital { .. } => StepRule::Largest,
            Weights::Macro { .. } => rule,
        };
        let top = layer.weights.max_code();
        (step(self.params.get(params.weights), rule, top), None)
    }

    /// What a sum of codes of the last layer is worth before the learned gain: the step of its weights.
    pub fn logit_factor(&self, layer: &Layer, params: &LayerParams) -> T {
        match self.method {
            Method::Float => T::from_f64(1.0),
            Method::Qat(rule) => self.weight_step(layer, params, rule).0,
        }
    }

    /// Moves the running statistics towards those of a batch; the first batch replaces them.
    pub fn keep_statistics(&mut self, seen: &[Statistics], first: bool) {
        let share = if first { 1.0 } else { MOMENTUM };
        for (layer, seen) in self.layers.iter_mut().zip(seen) {
            let old = layer
                .running
                .mean
                .iter_mut()
                .chain(&mut layer.running.variance);
            for (old, new) in old.zip(seen.mean.iter().chain(&seen.variance)) {
                *old += share * (new - *old);
            }
        }
    }
}

/// Whether the step of a layer's weights is a trained number, not one that follows from them.
fn trains_step(layer: &Layer, rule: StepRule) -> bool {
    rule == StepRule::Learned && matches!(layer.weights, Weights::Macro { .. })
}

fn new_layer<T: Real>(params: &mut Params<T>, layer: &Layer, index: u64, seed: u64) -> LayerParams {
    let (rows, outputs, name) = (layer.geometry.rows(), layer.geometry.outputs, &layer.name);
    let mut rng = keyed(seed, Purpose::Weights, &[index]);
    let sigma = (2.0 / rows as f64).sqrt();
    let weights = (0..outputs * rows)
        .map(|_| T::from_f64(sigma * standard_normal(&mut rng)))
        .collect();
    let one = |value: f64, n: usize| vec![T::from_f64(value); n];
    let last = layer.activation_bits.is_none();
    LayerParams {
        weights: params.add(format!("{name}.weights"), weights, true),
        weight_step: params.add(format!("{name}.weight_step"), one(1.0, 1), false),
        gamma: params.add(
            format!("{name}.gamma"),
            one(1.0, if last { 1 } else { outputs }),
            false,
        ),
        beta: params.add(format!("{name}.beta"), one(0.0, outputs), false),
        activation_step: params.add(format!("{name}.activation_step"), one(1.0, 1), false),
        references: LearnedReferences::Nothing,
        running: Statistics {
            mean: vec![0.0; outputs],
            variance: vec![1.0; outputs],
        },
    }
}
