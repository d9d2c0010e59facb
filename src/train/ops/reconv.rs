//! Grouped convolution on the macro: every partial sum through the read-out, with a slope per partial sum backward.
//!
//! ```text
//! y = sum over conversions of factor * sum over groups of read(s),   s = sum over the group's rows of w a
//! ds = factor dy D(s);   dw += share_w ds a;   da += share_a ds w
//! ```
//! The forward pass is the simulator's own (`convert`), so both give the same bits. Sums, codes and draws are computed
//! again in the backward pass. Saved: input codes. Not responsible for the slopes (`mvm`).

use super::Batch;
use crate::convert::Prepared;
use crate::convert::accumulate::{Accumulator, levels, plane};
use crate::kernel::float::Real;
use crate::kernel::groups;
use crate::kernel::lanes::{LANES, Lanes};
use crate::kernel::slopes::{Pass, backward_batch, soft_sums, sum_mass::sum_mass};
use crate::kernel::stream::NoiseKey;
use crate::net::network::Geometry;
use crate::train::mvm::planes::{input_share, weight_share};
use crate::train::mvm::tables::{ConversionTables, LearnedSlopes, Read};
use rayon::prelude::*;
use std::sync::Arc;

/// One layer in one batch.
#[derive(Clone)]
pub struct Reading {
    /// Conversions, with the weights of any network.
    pub conversions: Arc<Vec<Prepared>>,
    /// Tables per conversion.
    pub tables: Arc<Vec<ConversionTables>>,
    /// Bits of weights and inputs.
    pub bits: (u32, u32),
    /// Noise of the first block and conversion; the others count on from it.
    pub key: NoiseKey,
}

/// What the backward pass needs.
pub struct Saved {
    reading: Reading,
    codes: Vec<i8>,
    conversions: Vec<Prepared>,
    input: Vec<Lanes<u8>>,
}

impl Reading {
    fn key(&self, block: usize, conversion: usize) -> NoiseKey {
        NoiseKey {
            block: self.key.block + block as u64,
            conversion: conversion as u64,
            ..self.key
        }
    }

    /// Accumulated sums of one block.
    pub fn sums(
        &self,
        input: &Lanes<u8>,
        geometry: &Geometry,
        conversions: &[Prepared],
        block: usize,
    ) -> Lanes<f32> {
        let mut sums = Accumulator::new(geometry);
        let mut soft = Vec::new();
        for (c, (prepared, tables)) in conversions.iter().zip(&*self.tables).enumerate() {
            let seen = plane(input, &prepared.conversion, self.bits.1);
            let key = self.key(block, c);
            match (&tables.reads[0], tables.classes()) {
                (Read::Soft(table), _) => soft.push((prepared, seen, table, key)),
                (Read::Codes(codes), []) => sums.add(prepared, &tables.decode, |count| {
                    levels(&seen, prepared, codes, key, count);
                }),
                (Read::Codes(_), classes) => sums.add(prepared, &tables.decode, |count| {
                    by_class(&seen, prepared, &tables.reads, classes, key, count);
                }),
            }
        }
        let mut sums = sums.finish();
        for (prepared, seen, table, key) in soft {
            let factor = prepared.conversion.factor as f32;
            soft_sums(&seen, &prepared.weights, table, key, factor, &mut sums);
        }
        sums
    }
}

/// Levels where outputs read by different tables: the outputs of each class together.
fn by_class(
    input: &Lanes<u8>,
    prepared: &Prepared,
    reads: &[Read],
    classes: &[u16],
    key: NoiseKey,
    to: &mut Lanes<i32>,
) {
    let weights = &prepared.weights;
    let rows = weights.plan.rows;
    for (class, read) in reads.iter().enumerate() {
        let Read::Codes(codes) = read else { continue };
        let chosen = || (0..classes.len()).filter(|&output| usize::from(classes[output]) == class);
        let part: Vec<i8> = chosen()
            .flat_map(|output| {
                weights.codes[output * rows..(output + 1) * rows]
                    .iter()
                    .copied()
            })
            .collect();
        if part.is_empty() {
            continue;
        }
        let geometry = Geometry {
            outputs: part.len() / rows,
            ..weights.geometry
        };
        let some = Prepared {
            weights: groups::prepare(
                &geometry,
                &part,
                weights.plan.active,
                weights.max_input_code,
            ),
            ..prepared.clone()
        };
        let mut made = Lanes::zeros(geometry.outputs, to.height, to.width, 0);
        // The class is a part of the place: two classes must not share their noise.
        let key = NoiseKey {
            layer: key.layer + CLASS_LAYERS * (class as u64 + 1),
            ..key
        };
        levels(input, &some, codes, key, &mut made);
        let stride = to.channel_stride();
        for (from, output) in made.values.chunks(stride).zip(chosen()) {
            to.values[output * stride..(output + 1) * stride].copy_from_slice(from);
        }
    }
}

/// More layers than a network has.
const CLASS_LAYERS: u64 = 1 << 16;

/// Accumulated sums of a batch of codes, and what the backward pass needs; `weights` are codes `[output][row]`.
///
/// # Panics
/// If shapes disagree.
pub fn f<T: Real>(
    input: &[Lanes<T>],
    weights: &[T],
    geometry: &Geometry,
    reading: Reading,
) -> (Batch<T>, Saved) {
    let codes: Vec<i8> = weights.iter().map(|w| w.to_f64() as i8).collect();
    let conversions: Vec<Prepared> = reading
        .conversions
        .par_iter()
        .map(|prepared| prepared.with_codes(&codes))
        .collect();
    let input: Vec<Lanes<u8>> = input.par_iter().map(bytes).collect();
    let block = |(block, input): (usize, &Lanes<u8>)| {
        real(&reading.sums(input, geometry, &conversions, block))
    };
    let value = input.par_iter().enumerate().map(block).collect();
    let saved = Saved {
        reading,
        codes,
        conversions,
        input,
    };
    (value, saved)
}

fn bytes<T: Real>(block: &Lanes<T>) -> Lanes<u8> {
    let mut codes = Lanes::zeros(block.channels, block.height, block.width, block.border);
    for (code, value) in codes.values.iter_mut().zip(block.values.iter()) {
        *code = value.to_f64() as u8;
    }
    codes
}

fn real<T: Real>(block: &Lanes<f32>) -> Lanes<T> {
    let mut values = Lanes::zeros(block.channels, block.height, block.width, block.border);
    for (to, &value) in values.values.iter_mut().zip(block.values.iter()) {
        *to = T::from_f64(f64::from(value));
    }
    values
}

/// Adds the gradient in the weight codes to `grad_weights` and returns that in the input codes, without border.
pub fn df<T: Real>(saved: &Saved, gradient: &[Lanes<T>], grad_weights: &mut [T]) -> Batch<T> {
    let empty = |block: &Lanes<u8>| {
        Lanes::<T>::zeros(block.channels, block.height, block.width, block.border)
    };
    let mut total: Batch<T> = saved.input.iter().map(empty).collect();
    let (weight_bits, input_bits) = saved.reading.bits;
    let top = (1i32 << (weight_bits - 1)) - 1;
    for (c, prepared) in saved.conversions.iter().enumerate() {
        let conversion = &prepared.conversion;
        let factor = f64::from(conversion.factor);
        let weight = |code: i8| factor * weight_share(&conversion.weight, code, top);
        let input = factor * input_share(&conversion.input, input_bits);
        if input == 1.0 && saved.codes.iter().all(|&code| weight(code) == 1.0) {
            // The planes are the codes themselves: nothing to weigh, and no second set of buffers.
            saved.with_pass(c, gradient, |pass| {
                backward_batch(pass, grad_weights, &mut total);
            });
            continue;
        }
        let mut weights = vec![T::from_f64(0.0); grad_weights.len()];
        let mut inputs: Batch<T> = saved.input.iter().map(empty).collect();
        saved.with_pass(c, gradient, |pass| {
            backward_batch(pass, &mut weights, &mut inputs);
        });
        for ((to, from), &code) in grad_weights.iter_mut().zip(weights).zip(&saved.codes) {
            *to += from * T::from_f64(weight(code));
        }
        let share = T::from_f64(input);
        for (to, from) in total.iter_mut().zip(&inputs) {
            for (to, &from) in to.values.iter_mut().zip(from.values.iter()) {
                *to += share * from;
            }
        }
    }
    total
        .into_iter()
        .map(|block| match block.border {
            0 => block,
            _ => block.with_border(0),
        })
        .collect()
}

/// Every so many output pixels stand for the others in the gradients of references, which sum over millions of reads.
const STEP_PIXELS: usize = 8;

/// Gradient in the step of the references, times `1 / sqrt(n K)` as learned steps have it (Esser et al. 2020), `n` the reads
/// of the batch and `K` the largest level from the middle; 0 where the tables have no slope of the step.
pub fn step_gradient<T: Real>(saved: &Saved, gradient: &[Lanes<T>]) -> f64 {
    let mut total = 0.0;
    for (c, tables) in saved.reading.tables.iter().enumerate() {
        let LearnedSlopes::Step(slope) = &tables.learned else {
            continue;
        };
        let levels = (tables.decode.levels.len() as f64 - 1.0) / 2.0;
        total += along(&saved.mass(c, gradient), slope) / levels.sqrt();
    }
    total
}

/// Gradients in every threshold, times `1 / sqrt(n)` with `n` the reads of the batch; empty where the tables have no slopes of
/// thresholds.
pub fn threshold_gradients<T: Real>(saved: &Saved, gradient: &[Lanes<T>]) -> Vec<f64> {
    let mut total = Vec::new();
    for (c, tables) in saved.reading.tables.iter().enumerate() {
        let LearnedSlopes::Thresholds(slopes) = &tables.learned else {
            continue;
        };
        let mass = saved.mass(c, gradient);
        total.resize(slopes.len().max(total.len()), 0.0);
        for (total, slope) in total.iter_mut().zip(slopes) {
            *total += along(&mass, slope);
        }
    }
    total
}

/// Sum over all outputs of gradient times slope.
fn along(mass: &[Vec<f64>], slope: &[f64]) -> f64 {
    let of_output = |mass: &Vec<f64>| -> f64 { mass.iter().zip(slope).map(|(m, s)| m * s).sum() };
    mass.iter().map(of_output).sum()
}

impl Saved {
    /// Gradient on every output and sum of a conversion, with its factor, over the root of the reads of the batch.
    fn mass<T: Real>(&self, c: usize, gradient: &[Lanes<T>]) -> Vec<Vec<f64>> {
        let mut mass = Vec::new();
        self.with_pass(c, gradient, |pass| mass = sum_mass(pass, STEP_PIXELS));
        let prepared = &self.conversions[c];
        let plan = &prepared.weights;
        let map = plan.geometry.output();
        let reads = plan.plan.groups() * map.len() * self.input.len() * LANES;
        let scale = f64::from(prepared.conversion.factor) / (reads as f64).sqrt();
        let all = mass.iter_mut().flatten();
        all.for_each(|mass| *mass *= scale);
        mass
    }

    /// Calls `run` with one conversion's pass.
    fn with_pass<T: Real>(&self, c: usize, gradient: &[Lanes<T>], run: impl FnOnce(&Pass<T>)) {
        let prepared = &self.conversions[c];
        let seen: Vec<Lanes<u8>> = self
            .input
            .iter()
            .map(|input| plane(input, &prepared.conversion, self.reading.bits.1).into_owned())
            .collect();
        let keys: Vec<NoiseKey> = (0..seen.len())
            .map(|block| self.reading.key(block, c))
            .collect();
        run(&Pass {
            inputs: &seen,
            weights: &prepared.weights,
            slopes: &self.reading.tables[c].slopes,
            keys: &keys,
            gradients: gradient,
        });
    }
}
