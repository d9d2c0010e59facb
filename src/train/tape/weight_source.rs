//! Where the weights of a convolution come from: a parameter as it is, or integer codes of a latent one.
//!
//! Not responsible for the rounding (`quantizer`).

use crate::kernel::float::Real;
use crate::train::param::{Gradients, ParamId, Params};
use crate::train::quantizer::step_gradient::StepGradient;
use crate::train::quantizer::weight;

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
        /// True where the step stands in the factor behind the sums too, as in front of logits: it is that of values then,
        /// whatever is taken elsewhere.
        is_factor: bool,
    },
}

impl<T: Real> WeightSource<T> {
    /// What the convolution multiplies by.
    pub(super) fn weights(&self, params: &Params<T>) -> Vec<T> {
        match *self {
            WeightSource::Plain(id) => params.get(id).to_vec(),
            WeightSource::Codes {
                latent, step, top, ..
            } => weight::f(params.get(latent), step, top),
        }
    }

    /// Adds the gradient in those to the gradients of the parameters behind them.
    pub(super) fn add(
        &self,
        params: &Params<T>,
        mut dweights: Vec<T>,
        of: StepGradient,
        gradients: &mut Gradients<T>,
    ) {
        match *self {
            WeightSource::Plain(id) => gradients.add(id, &dweights),
            WeightSource::Codes {
                latent,
                step,
                learned,
                top,
                is_factor,
            } => {
                let of = if is_factor { StepGradient::Values } else { of };
                let dstep = weight::df(params.get(latent), step, top, of, &mut dweights);
                gradients.add(latent, &dweights);
                if let Some(id) = learned {
                    gradients.add(id, &[dstep]);
                }
            }
        }
    }
}
