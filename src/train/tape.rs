//! The tape: what was computed, in order, and the backward pass in reverse order.
//!
//! A node is a batch; a step says how the node was made and what its derivative needs. Gradients live beside the tape,
//! parameters outside it. A closed list of steps: a missing derivative does not compile.

use super::ops::{self, Batch, batch_norm::Statistics};
use super::param::{Gradients, ParamId, Params};
use super::quantizer::weight;
use super::references::LearnedReferences;
use crate::kernel::float::{Real, backward_input_batch, backward_weights_batch, forward_batch};
use crate::kernel::lanes::Lanes;
use crate::net::network::{Geometry, Shape};

/// A batch on the tape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeId(usize);

/// Where the weights of a convolution come from.
#[derive(Clone, Copy, Debug)]
pub enum WeightSource<T> {
    /// A parameter as it is.
    Plain(ParamId),
    /// Codes of a latent parameter.
    Codes {
        /// Latent weights.
        latent: ParamId,
        /// Step used.
        step: T,
        /// Its parameter, if it is trained.
        learned: Option<ParamId>,
        /// Largest code.
        top: i32,
    },
}

impl<T: Real> WeightSource<T> {
    /// What the convolution multiplies by.
    fn weights(&self, params: &Params<T>) -> Vec<T> {
        match *self {
            WeightSource::Plain(id) => params.get(id).to_vec(),
            WeightSource::Codes {
                latent, step, top, ..
            } => weight::f(params.get(latent), step, top),
        }
    }

    /// Adds the gradient in those to the gradients of the parameters behind them.
    fn add(&self, params: &Params<T>, mut dweights: Vec<T>, gradients: &mut Gradients<T>) {
        match *self {
            WeightSource::Plain(id) => gradients.add(id, &dweights),
            WeightSource::Codes {
                latent,
                step,
                learned,
                top,
            } => {
                let dstep = weight::df(params.get(latent), step, top, &mut dweights);
                gradients.add(latent, &dweights);
                if let Some(id) = learned {
                    gradients.add(id, &[dstep]);
                }
            }
        }
    }
}

enum Step<T> {
    Input,
    Conv {
        input: NodeId,
        geometry: Geometry,
        weights: Vec<T>,
        source: WeightSource<T>,
    },
    Reconv {
        input: NodeId,
        saved: ops::reconv::Saved,
        source: WeightSource<T>,
        references: LearnedReferences,
    },
    BatchNorm {
        input: NodeId,
        gamma: ParamId,
        beta: ParamId,
        statistics: Statistics,
    },
    Relu {
        input: NodeId,
    },
    Quantize {
        input: NodeId,
        step: ParamId,
        top: u8,
    },
    MaxPool {
        input: NodeId,
        edge: usize,
    },
    Reshape {
        input: NodeId,
        border: usize,
        shape: Shape,
    },
    Affine {
        input: NodeId,
        gain: ParamId,
        bias: ParamId,
        factor: T,
    },
}

/// A record of one forward pass.
#[derive(Default)]
pub struct Tape<T> {
    values: Vec<Batch<T>>,
    steps: Vec<Step<T>>,
}

impl<T: Real> Tape<T> {
    /// An empty tape.
    pub fn new() -> Self {
        Tape {
            values: Vec::new(),
            steps: Vec::new(),
        }
    }

    fn push(&mut self, value: Batch<T>, step: Step<T>) -> NodeId {
        self.values.push(value);
        self.steps.push(step);
        NodeId(self.values.len() - 1)
    }

    /// The value of a node.
    pub fn value(&self, node: NodeId) -> &Batch<T> {
        &self.values[node.0]
    }

    /// A batch that needs no gradient.
    pub fn input(&mut self, value: Batch<T>) -> NodeId {
        self.push(value, Step::Input)
    }

    /// Convolution.
    pub fn conv(
        &mut self,
        params: &Params<T>,
        input: NodeId,
        geometry: Geometry,
        source: WeightSource<T>,
    ) -> NodeId {
        let weights = source.weights(params);
        let out = geometry.output();
        let blocks = self.value(input).len();
        let mut value: Batch<T> = (0..blocks)
            .map(|_| Lanes::zeros(out.channels, out.height, out.width, 0))
            .collect();
        forward_batch(self.value(input), &weights, &geometry, &mut value);
        self.push(
            value,
            Step::Conv {
                input,
                geometry,
                weights,
                source,
            },
        )
    }

    /// Convolution on the macro: every partial sum is read out.
    pub fn reconv(
        &mut self,
        params: &Params<T>,
        input: NodeId,
        geometry: Geometry,
        (source, references): (WeightSource<T>, LearnedReferences),
        reading: ops::reconv::Reading,
    ) -> NodeId {
        let weights = source.weights(params);
        let (value, saved) = ops::reconv::f(self.value(input), &weights, &geometry, reading);
        let step = Step::Reconv {
            input,
            saved,
            source,
            references,
        };
        self.push(value, step)
    }

    /// Batch norm with the statistics of this batch, which are returned too.
    pub fn batch_norm(
        &mut self,
        params: &Params<T>,
        input: NodeId,
        gamma: ParamId,
        beta: ParamId,
        border: usize,
    ) -> (NodeId, Statistics) {
        let statistics = ops::batch_norm::statistics(self.value(input));
        let value = ops::batch_norm::f(
            self.value(input),
            params.get(gamma),
            params.get(beta),
            &statistics,
            border,
        );
        let step = Step::BatchNorm {
            input,
            gamma,
            beta,
            statistics: statistics.clone(),
        };
        (self.push(value, step), statistics)
    }

    /// Rectifier.
    pub fn relu(&mut self, input: NodeId, border: usize) -> NodeId {
        let value = ops::relu::f(self.value(input), border);
        self.push(value, Step::Relu { input })
    }

    /// Activation codes.
    pub fn quantize(
        &mut self,
        params: &Params<T>,
        input: NodeId,
        step: ParamId,
        top: u8,
        border: usize,
    ) -> NodeId {
        let value = ops::quantize::f(self.value(input), params.scalar(step), top, border);
        self.push(value, Step::Quantize { input, step, top })
    }

    /// Max pooling.
    pub fn max_pool(&mut self, input: NodeId, edge: usize, border: usize) -> NodeId {
        let value = ops::max_pool::f(self.value(input), edge, border);
        self.push(value, Step::MaxPool { input, edge })
    }

    /// Another shape of the same numbers.
    pub fn reshape(&mut self, input: NodeId, shape: Shape) -> NodeId {
        let old = &self.value(input)[0];
        let step = Step::Reshape {
            input,
            border: old.border,
            shape: Shape {
                channels: old.channels,
                height: old.height,
                width: old.width,
            },
        };
        let value = ops::reshape::f(self.value(input), shape);
        self.push(value, step)
    }

    /// `y = factor gain x + bias[channel]`: the scale of the last layer.
    pub fn affine(
        &mut self,
        params: &Params<T>,
        input: NodeId,
        gain: ParamId,
        bias: ParamId,
        factor: T,
    ) -> NodeId {
        let (scale, bias_values) = (params.scalar(gain) * factor, params.get(bias));
        let mut value = ops::like(self.value(input), 0);
        for (from, to) in self.value(input).iter().zip(&mut value) {
            ops::map_rows(from, to, |channel, x, y| {
                for (y, &x) in y.iter_mut().zip(x) {
                    *y = x * scale + bias_values[channel];
                }
            });
        }
        self.push(
            value,
            Step::Affine {
                input,
                gain,
                bias,
                factor,
            },
        )
    }

    /// Adds to `gradients` the gradient of the loss whose gradient in `root` is given.
    pub fn backward(
        &self,
        params: &Params<T>,
        root: NodeId,
        gradient: Batch<T>,
        gradients: &mut Gradients<T>,
    ) {
        let mut waiting: Vec<Option<Batch<T>>> = (0..self.values.len()).map(|_| None).collect();
        waiting[root.0] = Some(gradient);
        for index in (0..=root.0).rev() {
            let Some(gradient) = waiting[index].take() else {
                continue;
            };
            if let Some((input, part)) = self.step_back(params, index, gradient, gradients) {
                accumulate(&mut waiting[input.0], part);
            }
        }
    }

    /// Gradient in the input of one step; parameter gradients are added on the way.
    fn step_back(
        &self,
        params: &Params<T>,
        index: usize,
        mut gradient: Batch<T>,
        gradients: &mut Gradients<T>,
    ) -> Option<(NodeId, Batch<T>)> {
        match &self.steps[index] {
            Step::Input => None,
            Step::Conv {
                input,
                geometry,
                weights,
                source,
            } => self.conv_back(
                params, *input, geometry, weights, *source, &gradient, gradients,
            ),
            Step::Reconv {
                input,
                saved,
                source,
                references,
            } => {
                add_references(*references, saved, &gradient, gradients);
                let mut dweights = vec![T::from_f64(0.0); source.weights(params).len()];
                let dinput = ops::reconv::df(saved, &gradient, &mut dweights);
                source.add(params, dweights, gradients);
                Some((*input, dinput))
            }
            Step::BatchNorm {
                input,
                gamma,
                beta,
                statistics,
            } => {
                let (dgamma, dbeta) = ops::batch_norm::df(
                    self.value(*input),
                    params.get(*gamma),
                    statistics,
                    &mut gradient,
                );
                gradients.add(*gamma, &dgamma);
                gradients.add(*beta, &dbeta);
                Some((*input, gradient))
            }
            Step::Relu { input } => {
                ops::relu::df(&self.values[index], &mut gradient);
                Some((*input, gradient))
            }
            Step::Quantize { input, step, top } => {
                let dstep = ops::quantize::df(
                    self.value(*input),
                    params.scalar(*step),
                    *top,
                    &mut gradient,
                );
                gradients.add(*step, &[dstep]);
                Some((*input, gradient))
            }
            Step::MaxPool { input, edge } => Some((
                *input,
                ops::max_pool::df(self.value(*input), &gradient, *edge),
            )),
            Step::Reshape {
                input,
                border,
                shape,
            } => {
                let back = ops::reshape::f(&gradient, *shape);
                Some((
                    *input,
                    if *border == 0 {
                        back
                    } else {
                        back.iter()
                            .map(|block| block.with_border(*border))
                            .collect()
                    },
                ))
            }
            Step::Affine {
                input,
                gain,
                bias,
                factor,
            } => Some((
                *input,
                self.affine_back(params, *input, (*gain, *bias, *factor), gradient, gradients),
            )),
        }
    }

    #[allow(clippy::too_many_arguments)] // the parts of one step, all of them needed
    fn conv_back(
        &self,
        params: &Params<T>,
        input: NodeId,
        geometry: &Geometry,
        weights: &[T],
        source: WeightSource<T>,
        gradient: &[Lanes<T>],
        gradients: &mut Gradients<T>,
    ) -> Option<(NodeId, Batch<T>)> {
        let mut dweights = vec![T::from_f64(0.0); weights.len()];
        backward_weights_batch(self.value(input), gradient, geometry, &mut dweights);
        source.add(params, dweights, gradients);
        if matches!(self.steps[input.0], Step::Input) {
            return None;
        }
        let mut dinput = ops::like(self.value(input), 0);
        backward_input_batch(gradient, weights, geometry, &mut dinput);
        Some((input, dinput))
    }

    fn affine_back(
        &self,
        params: &Params<T>,
        input: NodeId,
        (gain, bias, factor): (ParamId, ParamId, T),
        mut gradient: Batch<T>,
        gradients: &mut Gradients<T>,
    ) -> Batch<T> {
        let (mut dgain, mut dbias) = (0.0, vec![T::from_f64(0.0); params.get(bias).len()]);
        for (x, dy) in self.value(input).iter().zip(&gradient) {
            for (channel, dbias) in dbias.iter_mut().enumerate() {
                for (x, dy) in ops::rows(x, channel).zip(ops::rows(dy, channel)) {
                    dgain += x
                        .iter()
                        .zip(dy)
                        .map(|(&x, &dy)| (x * dy).to_f64())
                        .sum::<f64>();
                    *dbias += dy.iter().copied().sum::<T>();
                }
            }
        }
        gradients.add(gain, &[T::from_f64(dgain) * factor]);
        gradients.add(bias, &dbias);
        let scale = params.scalar(gain) * factor;
        for block in &mut gradient {
            block.values.iter_mut().for_each(|dy| *dy = *dy * scale);
        }
        gradient
    }
}

/// Adds the gradient in what is trained of the references.
fn add_references<T: Real>(
    references: LearnedReferences,
    saved: &ops::reconv::Saved,
    gradient: &[Lanes<T>],
    gradients: &mut Gradients<T>,
) {
    match references {
        LearnedReferences::Nothing => {}
        LearnedReferences::Step(id) => {
            let dstep = ops::reconv::step_gradient(saved, gradient);
            gradients.add(id, &[T::from_f64(dstep)]);
        }
        LearnedReferences::Thresholds { thresholds, .. } => {
            let found = ops::reconv::threshold_gradients(saved, gradient);
            let found: Vec<T> = found.into_iter().map(T::from_f64).collect();
            gradients.add(thresholds, &found);
        }
    }
}

fn accumulate<T: Real>(waiting: &mut Option<Batch<T>>, part: Batch<T>) {
    match waiting {
        None => *waiting = Some(part),
        Some(total) => {
            for (total, part) in total.iter_mut().zip(part) {
                ops::map_rows(&part, total, |_, from, to| {
                    for (to, &from) in to.iter_mut().zip(from) {
                        *to += from;
                    }
                });
            }
        }
    }
}
