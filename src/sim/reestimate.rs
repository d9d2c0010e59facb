//! Re-estimating batch norm for the sums that a macro really gives.
//!
//! Per channel, the digital scale and shift are moved so that the macro's sums are normalised as those were that batch norm saw
//! in training: `scale' = scale sigma / sigma'`, `shift' = shift + scale mu - scale' mu'`, layer after layer, each layer seeing
//! the corrected layers before it. Where a network does not record what batch norm saw, its ideal sums stand for it: true for
//! one trained with ideal MVM values. Uses calibration images only.

use super::accuracy::Images;
use super::condition::{Condition, ScaleShift};
use super::error::SimError;
use super::forward::layer_sums;
use super::prepare::Prepared;
use crate::convert::digital::{codes, fit};
use crate::convert::moments::{Moments, of_channel};
use crate::kernel::lanes::Lanes;
use crate::net::network::{Inputs, IntLayer};
use rayon::prelude::*;

/// New constants per layer; `None` where a layer is digital or gives logits, and for recorded layers, which follow no other.
///
/// # Errors
/// If the images do not fit the network.
pub fn re_estimate(
    prepared: &Prepared,
    condition: &Condition,
    images: Images,
) -> Result<Vec<Option<ScaleShift>>, SimError> {
    images.check(prepared)?;
    let mut changed = vec![None; prepared.layers.len()];
    if matches!(prepared.network.network.inputs, Inputs::Recorded(_)) {
        return Ok(changed);
    }
    let is_recorded = |index: usize| prepared.network.layers[index].statistics.is_some();
    let mut ideal = vec![Vec::new(); prepared.layers.len()];
    if !prepared.macro_layers().all(is_recorded) {
        layer_by_layer(prepared, &Condition::ideal(), images, |index, seen| {
            ideal[index] = seen.to_vec();
            None
        });
    }
    layer_by_layer(prepared, condition, images, |index, seen| {
        let int = &prepared.network.layers[index];
        let has_norm =
            !prepared.layers[index].conversions.is_empty() && int.layer.activation_bits.is_some();
        changed[index] = has_norm.then(|| moved(int, seen, &ideal[index]));
        changed[index].clone()
    });
    Ok(changed)
}

/// Constants that normalise the sums with the moments `real` as those of training were, or as those with the moments `ideal` are
/// where training did not record any.
fn moved(int: &IntLayer, real: &[Moments], ideal: &[Moments]) -> ScaleShift {
    let (mut scale, mut shift) = (int.scale.clone(), int.shift.clone());
    for channel in 0..scale.len() {
        let (mean, sigma) = match &int.statistics {
            Some(seen) => (
                f64::from(seen.mean[channel]),
                f64::from(seen.variance[channel]).sqrt(),
            ),
            None => spread(ideal[channel]),
        };
        let (real_mean, real_sigma) = spread(real[channel]);
        if real_sigma > 0.0 && sigma > 0.0 {
            let old = f64::from(int.scale[channel]);
            let new = old * sigma / real_sigma;
            scale[channel] = new as f32;
            shift[channel] = (f64::from(int.shift[channel]) + old * mean - new * real_mean) as f32;
        }
    }
    ScaleShift { scale, shift }
}

fn spread((sum, squares, count): Moments) -> (f64, f64) {
    let mean = sum / count.max(1.0);
    (
        mean,
        (squares / count.max(1.0) - mean * mean).max(0.0).sqrt(),
    )
}

/// Takes all images through one layer after the other; `constants` is shown a layer and the moments of every channel of its sums, and may
/// replace its scale and shift before the next layer sees them. Keeps the sums of one layer of all images.
fn layer_by_layer(
    prepared: &Prepared,
    condition: &Condition,
    images: Images,
    mut constants: impl FnMut(usize, &[Moments]) -> Option<ScaleShift>,
) {
    let blocks = 0..images.blocks();
    let mut inputs: Vec<Lanes<u8>> = blocks.into_par_iter().map(|b| images.block(b)).collect();
    for (index, int) in prepared.network.layers.iter().enumerate() {
        let sums = inputs.into_par_iter().enumerate().map(|(block, input)| {
            let input = fit(input, int);
            layer_sums(prepared, condition, (index, block as u64), &input)
        });
        let sums: Vec<Lanes<f32>> = sums.collect();
        let other = constants(index, &moments(&sums, images));
        let (scale, shift) = match &other {
            Some(other) => (&other.scale[..], &other.shift[..]),
            None => (&int.scale[..], &int.shift[..]),
        };
        let next: Option<Vec<Lanes<u8>>> = sums
            .into_par_iter()
            .map(|sums| codes(&sums, int, (scale, shift)))
            .collect();
        match next {
            Some(next) => inputs = next,
            None => return,
        }
    }
}

/// Moments of every channel over the images.
fn moments(sums: &[Lanes<f32>], images: Images) -> Vec<Moments> {
    let block = |(block, sums): (usize, &Lanes<f32>)| -> Vec<Moments> {
        let used = images.in_block(block);
        let channels = 0..sums.channels;
        channels
            .map(|channel| of_channel(sums, channel, used))
            .collect()
    };
    // Blocks are collected in order, so the sums do not depend on threads.
    let blocks: Vec<Vec<Moments>> = sums.par_iter().enumerate().map(block).collect();
    let mut total = blocks[0].clone();
    for block in &blocks[1..] {
        for (into, from) in total.iter_mut().zip(block) {
            *into = (into.0 + from.0, into.1 + from.1, into.2 + from.2);
        }
    }
    total
}
