//! From a trained model to the integer network that a macro runs, and the same forward pass for evaluation.
//!
//! Batch norm and the activation step become one scale and shift per channel:
//! `scale = gamma / (sqrt(var + eps) s)`, `shift = (beta - mean gamma / sqrt(var + eps)) / s`.

use super::model::{Method, Model};
use super::ops::batch_norm::Statistics;
use super::tape::WeightSource;
use crate::kernel::float::Real;
use crate::net::network::{IntLayer, IntNetwork, SumStatistics};

/// The deployed network; `None` for a full-precision model, which has no integer form.
pub fn deploy<T: Real>(model: &Model<T>) -> Option<IntNetwork> {
    let Method::Qat(_) = model.method else {
        return None;
    };
    let layers = model
        .network
        .layers
        .iter()
        .zip(&model.layers)
        .map(|(layer, params)| {
            let codes = match model.source(layer, params) {
                WeightSource::Codes {
                    latent, step, top, ..
                } => model
                    .params
                    .get(latent)
                    .iter()
                    .map(|&w| super::quantizer::weight::code(w, step, top) as i8)
                    .collect(),
                WeightSource::Plain(_) => Vec::new(),
            };
            let (gamma, beta) = (
                model.params.get(params.gamma),
                model.params.get(params.beta),
            );
            let outputs = layer.geometry.outputs;
            let fold = |channel: usize| {
                if layer.activation_bits.is_none() {
                    let scale = gamma[0].to_f64() * model.logit_factor(layer, params).to_f64();
                    return (scale as f32, beta[channel].to_f64() as f32);
                }
                let slope = gamma[channel].to_f64() * params.running.inverse(channel);
                let step = model.params.scalar(params.activation_step).to_f64();
                let shift = beta[channel].to_f64() - params.running.mean[channel] * slope;
                ((slope / step) as f32, (shift / step) as f32)
            };
            let (scale, shift) = (0..outputs).map(fold).unzip();
            IntLayer {
                layer: layer.clone(),
                codes,
                scale,
                shift,
                statistics: layer.activation_bits.map(|_| statistics(&params.running)),
                references: params.references.deployed(&model.params),
            }
        });
    Some(IntNetwork {
        network: model.network.clone(),
        layers: layers.collect(),
    })
}

/// The running statistics as they travel with the network.
fn statistics(running: &Statistics) -> SumStatistics {
    let narrow = |values: &[f64]| values.iter().map(|&value| value as f32).collect();
    SumStatistics {
        mean: narrow(&running.mean),
        variance: narrow(&running.variance),
    }
}
