//! Re-estimating batch norm for the sums that a macro really gives.
//!
//! Per channel, the digital scale and shift are moved so that the macro's sums are normalised as those were that batch norm saw
//! in training: `scale' = scale sigma / sigma'`, `shift' = shift + scale mu - scale' mu'`, layer after layer, each layer seeing
//! the corrected layers before it. Where a network does not record what batch norm saw, its ideal sums stand for it: true for
//! one trained with ideal MVM values. Uses calibration images only.

use super::accuracy::Images;
use super::condition::{Condition, ScaleShift};
use super::error::SimError;
use super::forward::{Seen, forward};
use super::prepare::Prepared;
use crate::kernel::lanes::{LANES, Lanes};
use rayon::prelude::*;

/// Sum, sum of squares and count per channel.
type Moments = Vec<(f64, f64, f64)>;

/// New constants per layer; `None` where a layer is digital or gives logits.
///
/// # Errors
/// If the images do not fit the network.
pub fn re_estimate(
    prepared: &Prepared,
    condition: &Condition,
    images: Images,
) -> Result<Vec<Option<ScaleShift>>, SimError> {
    images.check(prepared)?;
    let is_recorded = |index: usize| prepared.network.layers[index].statistics.is_some();
    let ideal = match prepared.macro_layers().all(is_recorded) {
        true => Vec::new(),
        false => moments(prepared, &Condition::ideal(), images),
    };
    let mut changed = Condition {
        re_estimated: vec![None; prepared.layers.len()],
        seed: condition.seed,
        repeat: condition.repeat,
        layers: Vec::new(),
    };
    let macro_layers: Vec<usize> = prepared.macro_layers().collect();
    for index in macro_layers {
        // The layers behind are not looked at yet: without read-outs they are exact, which is the cheapest.
        let known = condition.layers.len().min(index + 1);
        let more = changed.layers.len()..known;
        changed.layers.extend_from_slice(&condition.layers[more]);
        let layer = &prepared.network.layers[index];
        if layer.layer.activation_bits.is_none() {
            continue;
        }
        let real = moments(prepared, &changed, images);
        let (mut scale, mut shift) = (layer.scale.clone(), layer.shift.clone());
        for channel in 0..scale.len() {
            let (mean, sigma) = match &layer.statistics {
                Some(seen) => (
                    f64::from(seen.mean[channel]),
                    f64::from(seen.variance[channel]).sqrt(),
                ),
                None => spread(ideal[index][channel]),
            };
            let (real_mean, real_sigma) = spread(real[index][channel]);
            if real_sigma > 0.0 && sigma > 0.0 {
                let old = f64::from(layer.scale[channel]);
                let new = old * sigma / real_sigma;
                scale[channel] = new as f32;
                shift[channel] =
                    (f64::from(layer.shift[channel]) + old * mean - new * real_mean) as f32;
            }
        }
        changed.re_estimated[index] = Some(ScaleShift { scale, shift });
    }
    Ok(changed.re_estimated)
}

fn spread((sum, squares, count): (f64, f64, f64)) -> (f64, f64) {
    let mean = sum / count.max(1.0);
    (
        mean,
        (squares / count.max(1.0) - mean * mean).max(0.0).sqrt(),
    )
}

/// Moments of every layer's sums over the images.
fn moments(prepared: &Prepared, condition: &Condition, images: Images) -> Vec<Moments> {
    let block = |index: usize| {
        let used = LANES.min(images.labels.len() - index * LANES);
        let mut all = vec![Vec::new(); prepared.layers.len()];
        forward(
            prepared,
            condition,
            images.block(index),
            index as u64,
            &mut |seen: Seen| {
                all[seen.layer] = (0..seen.sums.channels)
                    .map(|channel| of_channel(seen.sums, channel, used))
                    .collect();
            },
        );
        all
    };
    // Blocks are collected in order, so the sums do not depend on threads.
    let blocks: Vec<Vec<Moments>> = (0..images.blocks()).into_par_iter().map(block).collect();
    let mut total = blocks[0].clone();
    for block in &blocks[1..] {
        for (into, from) in total.iter_mut().flatten().zip(block.iter().flatten()) {
            *into = (into.0 + from.0, into.1 + from.1, into.2 + from.2);
        }
    }
    total
}

fn of_channel(sums: &Lanes<f32>, channel: usize, used: usize) -> (f64, f64, f64) {
    let (mut sum, mut squares, mut count) = (0.0, 0.0, 0.0);
    for y in 0..sums.height {
        for x in 0..sums.width {
            for &value in &sums.pixel(channel, y, x)[..used] {
                let value = f64::from(value);
                sum += value;
                squares += value * value;
                count += 1.0;
            }
        }
    }
    (sum, squares, count)
}
