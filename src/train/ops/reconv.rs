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
use crate::convert::accumulate::{Accumulator, levels_by_class, plane, planes};
use crate::kernel::float::Real;
use crate::kernel::lanes::Lanes;
use crate::kernel::slopes::{Pass, backward_batch, soft_sums, sum_mass::sum_mass};
use crate::kernel::stream::NoiseKey;
use crate::kernel::vectorize::vectorized;
use crate::net::network::Geometry;
use crate::train::mvm::planes::{input_share, weight_share};
use crate::train::mvm::tables::{ConversionTables, LearnedSlopes, Reads};
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

    /// The conversions with these weight codes `[output][row]`.
    ///
    /// # Panics
    /// If the number of codes does not fit the layer.
    pub fn ready(&self, codes: &[i8]) -> Vec<Prepared> {
        let conversions = self.conversions.par_iter();
        conversions
            .map(|prepared| prepared.with_codes(codes))
            .collect()
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
            match &tables.reads {
                Reads::Soft(table) => soft.push((prepared, seen, table, key)),
                Reads::Codes(codes) => {
                    let columns = &tables.columns;
                    sums.add(prepared, columns, &tables.decodes, |count| {
                        let codes = |class: usize| &codes[class];
                        levels_by_class(&seen, prepared, columns, codes, key, count);
                    });
                }
            }
        }
        let mut sums = sums.finish();
        for (prepared, seen, table, key) in soft {
            let factor = prepared.conversion.factor as f32;
            soft_sums(&seen, &prepared.weights, (table, key), factor, &mut sums);
        }
        sums
    }
}

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
    let codes: Vec<i8> = weights.par_iter().map(|w| w.to_f64() as i8).collect();
    let conversions = reading.ready(&codes);
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
    let mut codes = Lanes::unset(block.channels, block.height, block.width, block.border);
    to_bytes(&block.values, &mut codes.values);
    codes
}

vectorized! {
    fn to_bytes[T: Real](values: &[T], bytes: &mut [u8]) {
        for (byte, value) in bytes.iter_mut().zip(values) {
            *byte = value.to_f64() as u8;
        }
    }
}

fn real<T: Real>(block: &Lanes<f32>) -> Lanes<T> {
    let mut values = Lanes::unset(block.channels, block.height, block.width, block.border);
    for (to, &value) in values.values.iter_mut().zip(block.values.iter()) {
        *to = T::from_f64(f64::from(value));
    }
    values
}

/// Gradients in the weight codes `[output][row]` and in the input codes, without border.
pub fn df<T: Real>(saved: &Saved, gradient: &[Lanes<T>]) -> (Vec<T>, Batch<T>) {
    let empty = |block: &Lanes<u8>| {
        Lanes::<T>::zeros(block.channels, block.height, block.width, block.border)
    };
    let mut grad_weights = vec![T::from_f64(0.0); saved.codes.len()];
    let mut total: Batch<T> = saved.input.par_iter().map(empty).collect();
    let (weight_bits, input_bits) = saved.reading.bits;
    let top = (1i32 << (weight_bits - 1)) - 1;
    for (c, prepared) in saved.conversions.iter().enumerate() {
        let conversion = &prepared.conversion;
        let factor = f64::from(conversion.factor);
        let weight = |code: i8| factor * weight_share(&conversion.weight, code, top);
        let input = factor * input_share(&conversion.input, input_bits);
        if input == 1.0 && (-top..=top).all(|code| weight(code as i8) == 1.0) {
            // The planes are the codes themselves: nothing to weigh, and no second set of buffers.
            saved.with_pass(c, gradient, |pass| {
                backward_batch(pass, &mut grad_weights, &mut total);
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
    let tight = |block: Lanes<T>| match block.border {
        0 => block,
        _ => block.with_border(0),
    };
    (grad_weights, total.into_par_iter().map(tight).collect())
}

/// Every so many output pixels stand for the others in the gradients of references, which sum over millions of reads.
const STEP_PIXELS: usize = 8;

/// Gradient in the step of the references, times `1 / sqrt(n K)`, `n` the output columns that share it and `K` the largest level
/// from the middle; 0 where the tables have no slope of the step.
///
/// Learned steps of weights have the same form with `n` weights (Esser et al. 2020), so that a step and what it quantizes move at
/// the same pace. Here a step is shared by columns: with the reads of a batch as `n`, which are millions, it would stand still.
pub fn step_gradient<T: Real>(saved: &Saved, gradient: &[Lanes<T>]) -> f64 {
    let mut total = 0.0;
    for (c, tables) in saved.reading.tables.iter().enumerate() {
        let LearnedSlopes::Step(slope) = &tables.learned else {
            continue;
        };
        let mass = saved.mass(c, gradient);
        let of_output = mass.iter().map(|mass| along(mass, slope));
        total += of_output.sum::<f64>() / levels_from_middle(tables).sqrt();
    }
    total
}

/// Gradient in the step of every output column, plain; and what [`step_gradient`] multiplies that of the layer by. Empty where the
/// tables have no slopes of such steps.
pub fn column_step_gradients<T: Real>(saved: &Saved, gradient: &[Lanes<T>]) -> (Vec<f64>, f64) {
    let (mut total, mut scale) = (Vec::new(), 0.0);
    for (c, tables) in saved.reading.tables.iter().enumerate() {
        let LearnedSlopes::StepPerColumn(slopes) = &tables.learned else {
            continue;
        };
        let mass = saved.mass(c, gradient);
        let root = saved.columns(c).sqrt();
        scale = 1.0 / (root * levels_from_middle(tables).sqrt());
        total.resize(mass.len(), 0.0);
        for (output, (total, mass)) in total.iter_mut().zip(&mass).enumerate() {
            *total += along(mass, &slopes[tables.columns.class(output)]) * root;
        }
    }
    (total, scale)
}

/// The largest level, counted from the middle of all.
fn levels_from_middle(tables: &ConversionTables) -> f64 {
    (tables.decodes[0].levels.len() as f64 - 1.0) / 2.0
}

/// Gradients in every threshold, times `1 / sqrt(n)` with `n` the output columns; empty where the tables have no slopes of
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
            *total += mass.iter().map(|mass| along(mass, slope)).sum::<f64>();
        }
    }
    total
}

/// Gradient times slope over the sums of one output.
fn along(mass: &[f64], slope: &[f64]) -> f64 {
    mass.iter().zip(slope).map(|(m, s)| m * s).sum()
}

impl Saved {
    /// Gradient on every output and sum of a conversion, with its factor, over the root of the output columns.
    fn mass<T: Real>(&self, c: usize, gradient: &[Lanes<T>]) -> Vec<Vec<f64>> {
        let mut mass = Vec::new();
        self.with_pass(c, gradient, |pass| mass = sum_mass(pass, STEP_PIXELS));
        let factor = f64::from(self.conversions[c].conversion.factor);
        let scale = factor / self.columns(c).sqrt();
        let all = mass.iter_mut().flatten();
        all.for_each(|mass| *mass *= scale);
        mass
    }

    /// Output columns of one conversion.
    fn columns(&self, c: usize) -> f64 {
        self.conversions[c].weights.geometry.outputs as f64
    }

    /// Calls `run` with one conversion's pass.
    fn with_pass<T: Real>(&self, c: usize, gradient: &[Lanes<T>], run: impl FnOnce(&Pass<T>)) {
        let prepared = &self.conversions[c];
        let seen = planes(&self.input, &prepared.conversion, self.reading.bits.1);
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
