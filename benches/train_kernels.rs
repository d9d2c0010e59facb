//! Speed of the training kernels on the layers of the half-width VGG-7: multiply-accumulates per second of each float pass
//! beside the peak of a loop of multiply-adds in the same run, then the same layers through 9-row groups with a code and a
//! slope per partial sum, and the images per second of a training step of both.
//!
//! `cargo bench --bench train_kernels [-- blocks] [interleaved] [layers]` (rows of a group consecutive or interleaved; all layers, or those
//! named as in the table); each figure is the best of several runs.

use imcsim::hw::word_line::RowOrder;
use imcsim::kernel::float::{backward_input_batch, backward_weights_batch, forward_batch};
use imcsim::kernel::groups::prepare;
use imcsim::kernel::lanes::{LANES, Lanes};
use imcsim::kernel::reconv::{reconv, reconv_random};
use imcsim::kernel::slopes::table::{Slopes, SumSlopes};
use imcsim::kernel::slopes::{Pass, backward_batch};
use imcsim::kernel::stream::NoiseKey;
use imcsim::kernel::tables::{Grain, LevelTable, RandomTable};
use imcsim::net::network::{Geometry, Shape};
use rayon::prelude::*;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Time spent on each figure.
const PATIENCE: Duration = Duration::from_millis(300);

/// Name and geometry of the layers, first to last.
fn layers() -> Vec<(&'static str, Geometry)> {
    let layer = |name, channels, edge, outputs, kernel| {
        let input = Shape {
            channels,
            height: edge,
            width: edge,
        };
        let geometry = Geometry {
            input,
            outputs,
            kernel,
            stride: 1,
            padding: kernel / 2,
        };
        (name, geometry)
    };
    vec![
        layer("3-64@32", 3, 32, 64, 3),
        layer("64-64@32", 64, 32, 64, 3),
        layer("64-128@16", 64, 16, 128, 3),
        layer("128-128@16", 128, 16, 128, 3),
        layer("128-256@8", 128, 8, 256, 3),
        layer("256-256@8", 256, 8, 256, 3),
        layer("fc 4096-512", 4096, 1, 512, 1),
        layer("fc 512-10", 512, 1, 10, 1),
    ]
}

/// Seconds of the best run.
fn best(mut run: impl FnMut()) -> f64 {
    run();
    let (start, mut best) = (Instant::now(), f64::INFINITY);
    while start.elapsed() < PATIENCE {
        let begin = Instant::now();
        run();
        best = best.min(begin.elapsed().as_secs_f64());
    }
    best
}

/// Chains of multiply-adds of the peak loop, `WIDTH` numbers each.
const CHAINS: usize = 10;
/// Steps of the peak loop.
const STEPS: usize = 1 << 18;

/// Independent chains of multiply-adds that the compiler keeps in registers.
#[inline(always)]
fn chains<const WIDTH: usize>() -> f32 {
    let factor = black_box([0.5_f32; WIDTH]);
    let mut sums = black_box([[1.0_f32; WIDTH]; CHAINS]);
    for _ in 0..STEPS {
        for sum in &mut sums {
            for (sum, factor) in sum.iter_mut().zip(&factor) {
                *sum = sum.mul_add(*factor, *factor);
            }
        }
    }
    black_box(sums).iter().flatten().sum()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn chains_avx2() -> f32 {
    chains::<8>()
}

/// Multiply-accumulates per second of all threads together, and of one.
fn peak() -> Option<(f64, f64)> {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        let count = (CHAINS * 8 * STEPS) as f64;
        // SAFETY: the instruction set was detected.
        let run = || {
            black_box(unsafe { chains_avx2() });
        };
        let threads = rayon::current_num_threads();
        let all = best(|| (0..threads).into_par_iter().for_each(|_| run()));
        return Some((count * threads as f64 / all, count / best(run)));
    }
    None
}

/// A block of values that are no special case of arithmetic.
fn block(shape: Shape) -> Lanes<f32> {
    let mut block = Lanes::zeros(
        shape.channels,
        shape.height,
        shape.width,
        usize::from(shape.height > 1),
    );
    for channel in 0..shape.channels {
        for pixel in 0..shape.height * shape.width {
            let images = block.pixel_mut(channel, pixel / shape.width, pixel % shape.width);
            for (lane, value) in images.iter_mut().enumerate() {
                *value = ((channel + 3 * pixel + 7 * lane) % 17) as f32 * 0.1 - 0.8;
            }
        }
    }
    block
}

/// Seconds of the forward pass, the gradient in the input and the gradient in the weights.
fn passes(geometry: &Geometry, blocks: usize) -> [f64; 3] {
    let inputs = vec![block(geometry.input); blocks];
    let slopes = vec![block(geometry.output()); blocks];
    let (mut outputs, mut grad_inputs) = (slopes.clone(), inputs.clone());
    let weights = vec![0.01_f32; geometry.outputs * geometry.rows()];
    let mut grad_weights = weights.clone();
    [
        best(|| forward_batch(&inputs, &weights, geometry, &mut outputs)),
        best(|| backward_input_batch(&slopes, &weights, geometry, &mut grad_inputs)),
        best(|| backward_weights_batch(&inputs, &slopes, geometry, &mut grad_weights)),
    ]
}

/// Rows of a group, and the sums of 9 products of ternary weights and 2-bit inputs.
const ROWS: usize = 9;
const S_MIN: i32 = -27;
const SUMS: usize = 55;

/// Seconds of noise-free codes, of random codes, and of the backward pass with a slope per partial sum.
fn grouped(geometry: &Geometry, blocks: usize, order: RowOrder) -> [f64; 3] {
    let weight = |i: usize| [0i8, 1, -1, 0, 1, -1, 1][(i * 5 + i / 7) % 7];
    let codes: Vec<i8> = (0..geometry.outputs * geometry.rows())
        .map(weight)
        .collect();
    let weights = prepare(geometry, &codes, (ROWS, order), 3);
    let shape = geometry.input;
    let mut input = Lanes::<u8>::zeros(shape.channels, shape.height, shape.width, 0);
    let fill = input.values.iter_mut().enumerate();
    fill.for_each(|(i, a)| *a = (i * 7 + i / 11) as u8 % 4);
    let inputs = vec![input.with_border(geometry.padding); blocks];
    let map = geometry.output();
    let gradient = block(map).with_border(0);
    let gradients = vec![gradient; blocks];
    let keys: Vec<NoiseKey> = (0..blocks as u64)
        .map(|block| NoiseKey {
            seed: 1,
            layer: 0,
            block,
            repeat: 0,
            conversion: 0,
        })
        .collect();
    let levels = LevelTable {
        s_min: S_MIN,
        levels: (0..SUMS).map(|s| (s as u8).clamp(20, 34) - 20).collect(),
    };
    // One level below and one above with some probability, none beyond the ends: what a noisy 4-bit read-out looks like.
    let one = |s: usize| match s {
        20 => 1_500,
        21..=34 => 64_000,
        _ => 0,
    };
    let two = |s: usize| if (21..=33).contains(&s) { 1_500 } else { 0 };
    let random = RandomTable {
        s_min: S_MIN,
        grain: Grain::Sixteen,
        base: (0..SUMS).map(|s| (s as u8).clamp(21, 35) - 21).collect(),
        thresholds: vec![(0..SUMS).map(one).collect(), (0..SUMS).map(two).collect()],
    };
    let slope = |s| if (19..=35).contains(&s) { 0.9 } else { 0.0 };
    let slopes = Slopes::BySum(SumSlopes::shared(S_MIN, (0..SUMS).map(slope).collect()));
    let pass = Pass {
        inputs: &inputs,
        weights: &weights,
        slopes: &slopes,
        keys: &keys,
        gradients: &gradients,
    };
    let zero = Lanes::<i32>::zeros(map.channels, map.height, map.width, 0);
    let mut sums = vec![zero; blocks];
    let mut back: Vec<_> = (0..blocks)
        .map(|_| Lanes::zeros(shape.channels, shape.height, shape.width, geometry.padding))
        .collect();
    let mut grad_weights = vec![0.0; codes.len()];
    [
        best(|| {
            let pairs = inputs.par_iter().zip(&mut sums);
            pairs.for_each(|(input, sums)| reconv(input, &weights, &levels, sums));
        }),
        best(|| {
            let pairs = inputs.par_iter().zip(&mut sums).zip(&keys);
            pairs.for_each(|((input, sums), &key)| {
                reconv_random(input, &weights, &random, key, sums)
            });
        }),
        best(|| backward_batch(&pass, &mut grad_weights, &mut back)),
    ]
}

fn main() {
    let blocks = std::env::args()
        .filter_map(|argument| argument.parse().ok())
        .next();
    let blocks: usize = blocks.unwrap_or(2);
    let order = match std::env::args().any(|argument| argument == "interleaved") {
        true => RowOrder::Interleaved,
        false => RowOrder::Consecutive,
    };
    let threads = rayon::current_num_threads();
    println!("{blocks} blocks of {LANES} images, {threads} threads, {order:?} rows; GMAC/s");
    let show_peak = || match peak() {
        Some((all, one)) => println!("peak: {:.1} (one thread {:.1})", all / 1e9, one / 1e9),
        None => println!("peak: no vector loop for this machine"),
    };
    show_peak();
    println!(
        "{:<14}{:>9}{:>9}{:>9}{:>12}{:>11}{:>11}{:>13}{:>8}",
        "layer",
        "forward",
        "d input",
        "d weight",
        "ms in all",
        "codes ms",
        "random ms",
        "sloped bw ms",
        "ratio"
    );
    let (mut total, mut total_grouped) = (0.0, 0.0);
    let layer_count = layers().len();
    let named = |argument: &String| layers().iter().any(|(name, _)| argument == name);
    let chosen: Vec<String> = std::env::args().filter(named).collect();
    for (index, (name, geometry)) in layers().into_iter().enumerate() {
        if !chosen.is_empty() && !chosen.iter().any(|chosen| chosen == name) {
            continue;
        }
        let seconds = passes(&geometry, blocks);
        let map = geometry.output();
        let pixels = map.height * map.width * blocks * LANES;
        let speed =
            |seconds: f64| (geometry.outputs * geometry.rows() * pixels) as f64 / seconds / 1e9;
        let [forward, input, weights] = seconds;
        let all = forward + weights + if index == 0 { 0.0 } else { input };
        total += all;
        print!(
            "{name:<14}{:>9.1}{:>9.1}{:>9.1}{:>12.2}",
            speed(forward),
            speed(input),
            speed(weights),
            all * 1e3
        );
        // The first and the last layer are digital.
        if index == 0 || index + 1 == layer_count {
            total_grouped += all;
            println!();
            continue;
        }
        let [codes, random, sloped] = grouped(&geometry, blocks, order);
        total_grouped += random + sloped;
        println!(
            "{:>11.2}{:>11.2}{:>13.2}{:>8.2}",
            codes * 1e3,
            random * 1e3,
            sloped * 1e3,
            sloped / (input + weights)
        );
    }
    show_peak();
    if !chosen.is_empty() {
        return;
    }
    let images = (blocks * LANES) as f64;
    println!(
        "training step, kernels alone: {:.0} images/s plain, {:.0} images/s with random codes and slopes: {:.2} times the time",
        images / total,
        images / total_grouped,
        total_grouped / total
    );
}
