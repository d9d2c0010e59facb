//! The backward pass of a grouped convolution with a slope per partial sum.
//!
//! With `s = sum over the group's rows of w a`, `D` the slope of the read-out there, and `dy` the gradient in the output:
//!
//! ```text
//! ds[g][o][pixel] = dy[o][pixel] D(s)
//! dw[o][row]     += sum over pixels, images of  ds a[row]          da[row] += sum over outputs of  ds w[o][row]
//! ```
//! Nothing of size groups x outputs x pixels is stored: sums and random draws are computed again from the same places.
//! [`mod@reference`] is the formula for any [`Real`]; [`backward_batch`] runs it in strips of pixels, a task per block of images
//! and run of groups. Groups of consecutive rows are run so that no task shares an input channel with another; those of interleaved
//! rows share all, so all but the first task of a block add to a copy of its input gradient. Not responsible for what slopes mean (`train`).

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod drawn;
mod fill;
mod group;
pub mod reference;
mod shape;
mod soft;
mod strip;
pub mod sum_mass;
pub mod table;
mod task;
#[cfg(test)]
mod tests;

use self::shape::Shape;
use self::table::{Slopes, streams};
use self::task::Task;
use super::float::Real;
use super::groups::PreparedWeights;
use super::lanes::Lanes;
use super::stream::NoiseKey;
use super::vectorize::vectorized;
use rayon::prelude::*;

pub use soft::soft_sums;
pub(super) use task::Machine;

/// What a backward pass reads.
#[derive(Clone, Copy)]
pub struct Pass<'a, T> {
    /// Input codes of every block, with at least the border of the geometry.
    pub inputs: &'a [Lanes<u8>],
    /// Weights of the conversion.
    pub weights: &'a PreparedWeights,
    /// Slopes of its read-out.
    pub slopes: &'a Slopes,
    /// Noise of every block, as in the forward pass.
    pub keys: &'a [NoiseKey],
    /// Gradient in the output of every block, without border.
    pub gradients: &'a [Lanes<T>],
}

impl<T: bytemuck::Pod> Pass<'_, T> {
    /// The invariants all forms share.
    fn check(&self, grad_weights: &[T], grad_inputs: &[Lanes<T>]) {
        let geometry = &self.weights.geometry;
        let blocks = self.inputs.len();
        assert!(
            [self.keys.len(), self.gradients.len(), grad_inputs.len()] == [blocks; 3],
            "keys, gradients and results belong to the blocks of the batch"
        );
        assert_eq!(
            grad_weights.len(),
            geometry.outputs * geometry.rows(),
            "one gradient per output and row"
        );
        let map = geometry.output();
        for ((input, gradient), result) in self.inputs.iter().zip(self.gradients).zip(grad_inputs) {
            let shape = (input.channels, input.height, input.width, input.border);
            let same = (result.channels, result.height, result.width, result.border);
            assert_eq!(shape, same, "gradient and input have one shape");
            assert!(
                input.border == self.inputs[0].border && input.border >= geometry.padding,
                "blocks of a batch have one border, at least the padding"
            );
            let shape = (gradient.channels, gradient.height, gradient.width);
            assert_eq!(
                (shape, gradient.border),
                ((map.channels, map.height, map.width), 0),
                "the gradient has the shape of the output"
            );
        }
        assert!(
            self.inputs.iter().all(|input| self.weights.takes(input)),
            "input codes are those that the weights were prepared for"
        );
        let (s_min, count) = self.slopes.range();
        assert!(
            s_min <= self.weights.sum_min && self.weights.sum_max < s_min + count as i32,
            "slopes cover every possible group sum"
        );
        assert!(
            self.slopes.is_whole(),
            "every level and draw of a sum has its slope"
        );
    }
}

/// Adds the gradients of one conversion in its weights `[output][row]` and input codes (border included, where it is not
/// zero by accident only: gradients of padding are written there and mean nothing).
///
/// # Panics
/// If shapes disagree or the slopes miss a possible sum.
pub fn backward_batch<T: Real>(
    pass: &Pass<T>,
    grad_weights: &mut [T],
    grad_inputs: &mut [Lanes<T>],
) {
    pass.check(grad_weights, grad_inputs);
    T::sloped(pass, grad_weights, grad_inputs);
}

/// [`backward_batch`] of `f32` on the vectors of the machine.
pub(super) fn backward_f32(
    machine: Machine,
    pass: &Pass<f32>,
    grad_weights: &mut [f32],
    grad_inputs: &mut [Lanes<f32>],
) {
    let Some(first) = pass.inputs.first() else {
        return;
    };
    let plan = &pass.weights.plan;
    let shape = Shape::new(pass.weights, first, pass.inputs.len());
    let streams = streams(pass.keys);
    let gradients: Vec<_> = pass.gradients.par_iter().map(strip::in_strips).collect();
    let rows = shape.groups_per_unit * plan.active;
    let outputs = pass.weights.geometry.outputs;
    let size = plan.rows * outputs;
    // [block][word line][output]: a task owns whole word lines, and blocks are added in order.
    let mut parts = vec![0.0f32; size * pass.inputs.len()];
    let mut copies = copies(&shape, plan.groups(), grad_inputs);
    let mut tasks = Vec::new();
    let blocks = parts.chunks_mut(size).zip(grad_inputs.iter_mut());
    for (block, ((part, grad_input), copies)) in blocks.zip(&mut copies).enumerate() {
        let channels = shape.channels_per_unit.unwrap_or(grad_input.channels);
        let own = grad_input
            .values
            .chunks_mut(channels * first.channel_stride());
        let inputs = own.chain(copies.iter_mut().map(|copy| &mut copy.values[..]));
        for (unit, (weights, inputs)) in part.chunks_mut(rows * outputs).zip(inputs).enumerate() {
            tasks.push(Task {
                input: &pass.inputs[block],
                gradient: &gradients[block],
                stream: &streams[block],
                weights: pass.weights,
                slopes: pass.slopes,
                shape: &shape,
                unit,
                grad_weights: weights,
                grad_input: inputs,
            });
        }
    }
    tasks.into_par_iter().for_each(|task| machine.run(task));
    let blocks = grad_inputs.par_iter_mut().zip(copies);
    blocks.for_each(|(total, copies)| copies.iter().for_each(|copy| add(total, copy)));
    let order = plan.order.rows(plan.rows, plan.active);
    add_turned(&parts, outputs, &order, grad_weights);
}

/// Of every block a gradient of its own for each task but the first, where tasks have no channels of their own.
fn copies(shape: &Shape, groups: usize, blocks: &[Lanes<f32>]) -> Vec<Vec<Lanes<f32>>> {
    let further = match shape.channels_per_unit {
        Some(_) => 0,
        None => groups.div_ceil(shape.groups_per_unit).saturating_sub(1),
    };
    let empty = |like: &Lanes<f32>| {
        let (height, width) = (like.height, like.width);
        (0..further)
            .map(|_| Lanes::zeros(like.channels, height, width, like.border))
            .collect()
    };
    blocks.iter().map(empty).collect()
}

vectorized! {
    fn add_values[](to: &mut [f32], from: &[f32]) {
        for (to, from) in to.iter_mut().zip(from) {
            *to += from;
        }
    }
}

fn add(to: &mut Lanes<f32>, from: &Lanes<f32>) {
    add_values(&mut to.values, &from.values);
}

/// Rows and outputs turned at a time: a line of the cache.
const TURNED: usize = 16;

/// Adds `[block][word line][output]` to `[output][row]`, blocks in order; `order` is the row of every word line. Tiles are added to in
/// the order of the parts and turned at both ends, so that memory is read in lines.
fn add_turned(parts: &[f32], outputs: usize, order: &[usize], to: &mut [f32]) {
    let rows = to.len() / outputs;
    let some = |(chunk, to): (usize, &mut [f32])| {
        let (first, wide) = (chunk * TURNED, to.len() / rows);
        for row in (0..rows).step_by(TURNED) {
            let high = TURNED.min(rows - row);
            let mut tile = [[0.0f32; TURNED]; TURNED];
            for (o, to) in to.chunks(rows).enumerate() {
                for (r, &row) in order[row..row + high].iter().enumerate() {
                    tile[r][o] = to[row];
                }
            }
            for part in parts.chunks(rows * outputs) {
                for (r, tile) in tile.iter_mut().enumerate().take(high) {
                    let from = &part[(row + r) * outputs + first..][..wide];
                    for (sum, &value) in tile.iter_mut().zip(from) {
                        *sum += value;
                    }
                }
            }
            for (o, to) in to.chunks_mut(rows).enumerate() {
                for (r, &row) in order[row..row + high].iter().enumerate() {
                    to[row] = tile[r][o];
                }
            }
        }
    };
    to.par_chunks_mut(TURNED * rows).enumerate().for_each(some);
}
