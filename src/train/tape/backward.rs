//! The tape in reverse order: from the gradient in one node to those in all parameters.
//!
//! Not responsible for the derivatives themselves (`ops`).

use super::{NodeId, Step, Tape, WeightSource};
use crate::kernel::float::{Real, backward_input_batch, backward_weights_batch};
use crate::kernel::lanes::Lanes;
use crate::net::network::Geometry;
use crate::train::ops::{self, Batch};
use crate::train::param::{Gradients, ParamId, Params};
use crate::train::references::{LearnedReferences, column_gradients};
use rayon::prelude::*;

impl<T: Real> Tape<T> {
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
                add_references(params, *references, saved, &gradient, gradients);
                let (dweights, dinput) = ops::reconv::df(saved, &gradient);
                source.add(params, dweights, self.step_gradient, gradients);
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
                    self.step_gradient,
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
                        back.par_iter()
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
        source.add(params, dweights, self.step_gradient, gradients);
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
    params: &Params<T>,
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
        LearnedReferences::StepPerColumn { step, trims } => {
            let (columns, scale) = ops::reconv::column_step_gradients(saved, gradient);
            let (dstep, dtrims) =
                column_gradients(params.scalar(step), params.get(trims), (&columns, scale));
            gradients.add(step, &[dstep]);
            gradients.add(trims, &dtrims);
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
