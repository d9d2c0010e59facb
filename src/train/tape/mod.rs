//! The tape: what was computed, in order; `backward` goes through it in reverse order.
//!
//! A node is a batch; a step says how the node was made and what its derivative needs. Gradients live beside the tape,
//! parameters outside it. A closed list of steps: a missing derivative does not compile.

mod backward;
mod weight_source;

use super::ops::{self, Batch, batch_norm::Statistics};
use super::param::{ParamId, Params};
use super::quantizer::step_gradient::StepGradient;
use super::references::LearnedReferences;
use crate::kernel::float::{Real, forward_batch};
use crate::kernel::lanes::Lanes;
use crate::net::network::{Geometry, Shape};
use rayon::prelude::*;

pub use weight_source::WeightSource;

/// A batch on the tape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeId(usize);

/// How a node was made.
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
    /// What the gradients in steps of weights and activations are taken of.
    step_gradient: StepGradient,
    values: Vec<Batch<T>>,
    steps: Vec<Step<T>>,
}

impl<T: Real> Tape<T> {
    /// An empty tape whose gradients in steps are those of values.
    pub fn new() -> Self {
        Self::with(StepGradient::Values)
    }

    /// An empty tape.
    pub fn with(step_gradient: StepGradient) -> Self {
        Tape {
            step_gradient,
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
            .into_par_iter()
            .map(|_| Lanes::unset(out.channels, out.height, out.width, 0))
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
}
