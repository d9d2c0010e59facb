//! Classifying test images with the model under training.
//!
//! A quantized model is evaluated as its deployed integer network (codes, folded scale and shift), so what is reported is
//! what a macro with ideal MVM values computes, bit for bit. A full-precision model uses running statistics.

use super::augment::{Augment, Source, blocks};
use super::deploy::deploy;
use super::model::{Method, Model, PIXEL_SCALE};
use super::ops::reconv::Reading;
use crate::convert::Prepared;
use crate::convert::accumulate::exact_sums;
use crate::convert::digital;
use crate::data::Split;
use crate::kernel::float::forward;
use crate::kernel::lanes::{LANES, Lanes};
use crate::net::network::{IntLayer, IntNetwork, Shape, activation_code};
use crate::train::ops::{max_pool, reshape};
use rayon::prelude::*;

/// One layer as evaluation sees it: weights, scale, shift, and whether codes are taken.
struct Plain {
    weights: Vec<f32>,
    scale: Vec<f32>,
    shift: Vec<f32>,
}

/// Share of correctly classified images of a split.
pub fn accuracy(model: &Model<f32>, split: &Split) -> f64 {
    let layers = plain(model);
    let shape = model.network.input;
    let indices: Vec<usize> = (0..split.labels.len()).collect();
    let correct: usize = indices
        .par_chunks(LANES)
        .map(|images| {
            let logits = logits(model, &layers, split, shape, images);
            images
                .iter()
                .enumerate()
                .filter(|&(lane, &image)| winner(&logits, lane) == usize::from(split.labels[image]))
                .count()
        })
        .sum();
    correct as f64 / split.labels.len().max(1) as f64
}

/// Share of correctly classified images of a split by a deployed network on its macro.
pub fn accuracy_on_macro(network: &IntNetwork, readings: &[Option<Reading>], split: &Split) -> f64 {
    let shape = network.network.input;
    let ready = |(int, reading): (&IntLayer, &Option<Reading>)| match reading {
        Some(reading) => reading.ready(&int.codes),
        None => Vec::new(),
    };
    let layers = network.layers.par_iter().zip(readings);
    let conversions: Vec<Vec<Prepared>> = layers.map(ready).collect();
    let right = |index: usize| {
        let accumulate = |layer: usize, input: &Lanes<u8>| {
            let int = &network.layers[layer];
            let geometry = &int.layer.geometry;
            match &readings[layer] {
                Some(reading) => reading.sums(input, geometry, &conversions[layer], index),
                None => exact_sums(input, geometry, &int.codes, layer == 0),
            }
        };
        let images = digital::image_block(&split.pixels, shape, index);
        let logits = digital::forward(network, images, accumulate, |_| None);
        let labels = split
            .labels
            .iter()
            .skip(index * LANES)
            .take(LANES)
            .enumerate();
        labels
            .filter(|&(lane, &label)| digital::winner(&logits, lane) == usize::from(label))
            .count()
    };
    let blocks = split.labels.len().div_ceil(LANES);
    let correct: usize = (0..blocks).into_par_iter().map(right).sum();
    correct as f64 / split.labels.len().max(1) as f64
}

/// Logits of a deployed network as the trainer computes them, `[class][lane]` of one block of images (`byte - 128`).
pub fn integer_logits(network: &IntNetwork, model: &Model<f32>, images: Lanes<f32>) -> Lanes<f32> {
    run(model, &integer_layers(network), images)
}

fn plain(model: &Model<f32>) -> Vec<Plain> {
    if let Some(network) = deploy(model) {
        return integer_layers(&network);
    }
    let layer = |(layer, params): (&crate::net::network::Layer, &super::model::LayerParams)| {
        let (gamma, beta) = (
            model.params.get(params.gamma),
            model.params.get(params.beta),
        );
        let outputs = layer.geometry.outputs;
        let fold = |channel: usize| {
            if layer.activation_bits.is_none() {
                return (gamma[0], beta[channel]);
            }
            let slope = f64::from(gamma[channel]) * params.running.inverse(channel);
            (
                slope as f32,
                (f64::from(beta[channel]) - params.running.mean[channel] * slope) as f32,
            )
        };
        let (scale, shift) = (0..outputs).map(fold).unzip();
        Plain {
            weights: model.params.get(params.weights).to_vec(),
            scale,
            shift,
        }
    };
    model
        .network
        .layers
        .iter()
        .zip(&model.layers)
        .map(layer)
        .collect()
}

fn integer_layers(network: &IntNetwork) -> Vec<Plain> {
    let layer = |layer: &IntLayer| Plain {
        weights: layer.codes.iter().map(|&code| f32::from(code)).collect(),
        scale: layer.scale.clone(),
        shift: layer.shift.clone(),
    };
    network.layers.iter().map(layer).collect()
}

fn logits(
    model: &Model<f32>,
    layers: &[Plain],
    split: &Split,
    shape: Shape,
    images: &[usize],
) -> Lanes<f32> {
    let scale = if model.method == Method::Float {
        PIXEL_SCALE
    } else {
        1.0
    };
    let border = model.network.layers[0].geometry.padding;
    let source = Source {
        pixels: &split.pixels,
        shape,
        scale,
        border,
    };
    let mut block = blocks::<f32>(&source, images, Augment::NONE, (0, 0));
    run(model, layers, block.swap_remove(0))
}

fn run(model: &Model<f32>, layers: &[Plain], mut value: Lanes<f32>) -> Lanes<f32> {
    for (layer, plain) in model.network.layers.iter().zip(layers) {
        if layer.linear && value.channels != layer.geometry.input.channels {
            value = reshape::f(&[value], layer.geometry.input).swap_remove(0);
        }
        let map = layer.geometry.output();
        let mut acc = Lanes::zeros(map.channels, map.height, map.width, 0);
        forward(&value, &plain.weights, &layer.geometry, &mut acc);
        let stride = acc.channel_stride();
        for (channel, plane) in acc.values.chunks_mut(stride).enumerate() {
            let (scale, shift) = (plain.scale[channel], plain.shift[channel]);
            for x in plane {
                let y = *x * scale + shift;
                *x = match (layer.activation_bits, model.method) {
                    (None, _) => y,
                    (Some(_), Method::Float) => y.max(0.0),
                    (Some(bits), Method::Qat(_)) => {
                        f32::from(activation_code(y, ((1u32 << bits) - 1) as u8))
                    }
                };
            }
        }
        value = match layer.pool {
            Some(edge) => max_pool::f(&[acc], edge, 0).swap_remove(0),
            None => acc,
        };
    }
    value
}

fn winner(logits: &Lanes<f32>, lane: usize) -> usize {
    (1..logits.channels).fold(0, |best, class| {
        if logits.pixel(class, 0, 0)[lane] > logits.pixel(best, 0, 0)[lane] {
            class
        } else {
            best
        }
    })
}
