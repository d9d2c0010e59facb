//! Batch norm re-estimated for the sums of a macro: by which law, layer after layer, and that evaluations which share what they have in
//! common are those they would be alone.

use super::support::hardware;
use super::{IMAGES, INPUT, network, pixels};
use approx::assert_relative_eq;
use imcsim::hw::chip::Hardware;
use imcsim::kernel::lanes::LANES;
use imcsim::net::network::{IntNetwork, SumStatistics};
use imcsim::sim::accuracy::{Images, evaluate, evaluate_both};
use imcsim::sim::calibrate::{count_sums, place};
use imcsim::sim::condition::Condition;
use imcsim::sim::forward::{Seen, forward};
use imcsim::sim::prepare::Prepared;
use imcsim::sim::reestimate::re_estimate;
use std::sync::atomic::{AtomicU64, Ordering};

/// A macro and images for it.
struct Setup {
    hardware: Hardware,
    pixels: Vec<u8>,
    labels: Vec<u8>,
}

impl Setup {
    fn new() -> Self {
        Setup {
            hardware: hardware("reram_9wl", &[]),
            pixels: pixels(),
            labels: (0..IMAGES).map(|image| (image % 3) as u8).collect(),
        }
    }

    fn images(&self) -> Images<'_> {
        Images {
            pixels: &self.pixels,
            labels: &self.labels,
            shape: INPUT,
        }
    }
}

/// Mean and variance per channel of a layer's sums over all images under a condition.
fn sum_statistics(
    prepared: &Prepared,
    condition: &Condition,
    images: Images,
    layer: usize,
) -> SumStatistics {
    let mut sums: Vec<Vec<f64>> = Vec::new();
    for block in 0..images.blocks() {
        let used = LANES.min(IMAGES - block * LANES);
        forward(
            prepared,
            condition,
            images.block(block),
            block as u64,
            &mut |seen: Seen| {
                if seen.layer != layer {
                    return;
                }
                sums.resize(seen.sums.channels, Vec::new());
                let stride = seen.sums.channel_stride();
                for (channel, plane) in seen.sums.values.chunks(stride).enumerate() {
                    for pixel in plane.chunks(LANES) {
                        sums[channel].extend(pixel[..used].iter().map(|&s| f64::from(s)));
                    }
                }
            },
        );
    }
    let mean = |all: &Vec<f64>| all.iter().sum::<f64>() / all.len() as f64;
    let variance = |all: &Vec<f64>| {
        let mean = mean(all);
        all.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / all.len() as f64
    };
    SumStatistics {
        mean: sums.iter().map(|all| mean(all) as f32).collect(),
        variance: sums.iter().map(|all| variance(all) as f32).collect(),
    }
}

#[test]
fn batch_norm_that_saw_the_macro_is_left_alone_and_one_that_saw_ideal_sums_is_moved() {
    let setup = Setup::new();
    let (hardware, images) = (&setup.hardware, setup.images());
    let plain = network();
    let prepared = Prepared::new(&plain, hardware).expect("fits");
    let sums = count_sums(&prepared, images, 1).expect("images fit");
    let readouts = place(&prepared, &hardware.readout, &sums).expect("fits");
    let condition = Condition::noise_free(&readouts);
    let moved = |network: &IntNetwork| {
        let prepared = Prepared::new(network, hardware).expect("fits");
        let new = re_estimate(&prepared, &condition, images).expect("images fit");
        let change = |index: usize| {
            let (old, new) = (&network.layers[index].scale, new[index].as_ref());
            let pairs = old.iter().zip(&new.expect("a layer on the macro").scale);
            pairs.map(|(a, b)| (b / a - 1.0).abs()).fold(0.0, f32::max)
        };
        (change(1), change(2))
    };
    let mut recorded = plain.clone();
    for layer in [1, 2] {
        let seen = sum_statistics(&prepared, &condition, images, layer);
        recorded.layers[layer].statistics = Some(seen);
    }
    let (first, second) = moved(&recorded);
    assert!(first < 1e-4 && second < 1e-4, "{first} {second}");
    let (first, second) = moved(&plain);
    assert!(first > 1e-3 && second > 1e-3, "{first} {second}");
}

/// Read-outs without noise, with it, and of a virtual chip.
fn three_conditions(prepared: &Prepared, images: Images) -> [Condition; 3] {
    let sums = count_sums(prepared, images, 1).expect("images fit");
    let readouts = place(prepared, &prepared.hardware.readout, &sums).expect("fits");
    [
        Condition::noise_free(&readouts),
        Condition::read_noise(&readouts, 3, 1),
        Condition::chip(prepared, &readouts, 3, 1),
    ]
}

#[test]
fn constants_are_moved_layer_after_layer_each_behind_the_corrected_ones() {
    let setup = Setup::new();
    let (hardware, images) = (&setup.hardware, setup.images());
    let network = network();
    let prepared = Prepared::new(&network, hardware).expect("fits");
    for condition in three_conditions(&prepared, images) {
        let found = re_estimate(&prepared, &condition, images).expect("images fit");
        let mut corrected = condition.clone();
        corrected.re_estimated = vec![None; network.layers.len()];
        for (index, int) in network.layers.iter().enumerate() {
            let moves = prepared.macro_layers().any(|layer| layer == index)
                && int.layer.activation_bits.is_some();
            assert_eq!(found[index].is_some(), moves, "layer {index}");
            let Some(new) = &found[index] else {
                continue;
            };
            let ideal = sum_statistics(&prepared, &Condition::ideal(), images, index);
            let real = sum_statistics(&prepared, &corrected, images, index);
            for channel in 0..int.scale.len() {
                let spread = (ideal.variance[channel] / real.variance[channel]).sqrt();
                let (old, scale) = (int.scale[channel], new.scale[channel]);
                if !(spread.is_finite() && spread > 0.0) {
                    continue;
                }
                assert_relative_eq!(scale, old * spread, max_relative = 1e-4);
                // What the mean sum becomes is what the mean ideal sum was.
                let mean = old * ideal.mean[channel] + int.shift[channel];
                let now = scale * real.mean[channel] + new.shift[channel];
                assert_relative_eq!(now, mean, epsilon = 1e-3, max_relative = 1e-4);
            }
            corrected.re_estimated[index] = Some(new.clone());
        }
        assert!(
            found.iter().flatten().count() > 1,
            "a layer behind a corrected one"
        );
    }
}

#[test]
fn what_two_evaluations_have_in_common_changes_neither() {
    let setup = Setup::new();
    let (hardware, images) = (&setup.hardware, setup.images());
    let network = network();
    let prepared = Prepared::new(&network, hardware).expect("fits");
    let one = |condition: &Condition| {
        evaluate(&prepared, condition, images, &|_| ()).expect("images fit")
    };
    for condition in three_conditions(&prepared, images) {
        let other = re_estimate(&prepared, &condition, images).expect("images fit");
        let mut changed = condition.clone();
        changed.re_estimated.clone_from(&other);
        let count = AtomicU64::new(0);
        let told = |images| _ = count.fetch_add(images, Ordering::Relaxed);
        let both = evaluate_both(&prepared, &condition, &other, images, &told);
        assert!(both.expect("images fit") == [one(&condition), one(&changed)]);
        assert_eq!(count.into_inner(), IMAGES as u64);
        // Nothing to change.
        let both = evaluate_both(&prepared, &condition, &[], images, &|_| ());
        assert!(both.expect("images fit") == [one(&condition), one(&condition)]);
    }
}
