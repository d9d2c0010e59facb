//! Convolution on real numbers in the image-lane layout: forward, and the two backward passes that training needs.
//!
//! With `x` the input, `w` the weights `[output][input channel][ky][kx]`, `s` the stride and `p` the padding:
//!
//! ```text
//! y[o][i][j]      = sum over c, ky, kx of  w[o][c][ky][kx] x[c][i s + ky - p][j s + kx - p]
//! dx              = the adjoint of y in x, applied to dy
//! dw[o][c][ky][kx] = sum over images, i, j of  dy[o][i][j] x[c][i s + ky - p][j s + kx - p]
//! ```
//! Each pass exists twice: [`mod@reference`] is the formula for any [`Real`]; for `f32` the [`Real`] methods run register
//! tiles on the widest vectors of the machine. Every sum has one fixed order whatever the number of threads, so results
//! repeat bit for bit on one instruction set. Not responsible for quantization, read noise or what the loss is.

#[cfg(target_arch = "x86_64")]
pub(in crate::kernel) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(in crate::kernel) mod avx512;
mod contraction;
mod correlation;
mod forward_f32;
mod input_f32;
pub mod reference;
#[cfg(test)]
mod tests;
pub(in crate::kernel) mod vector;
mod weights_f32;

use super::lanes::Lanes;
use super::slopes;
use crate::instructions::Instructions;
use crate::net::network::{Geometry, Shape, activation_code};
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, Sub};

/// A number the training can run in. `f64` is for checking gradients, `f32` for speed.
pub trait Real:
    bytemuck::Pod
    + PartialOrd
    + Add<Output = Self>
    + Mul<Output = Self>
    + Sub<Output = Self>
    + Div<Output = Self>
    + AddAssign
    + Sum
    + Send
    + Sync
{
    /// The nearest number of this type.
    fn from_f64(value: f64) -> Self;

    /// The same number as `f64`.
    fn to_f64(self) -> f64;

    /// Its activation code ([`activation_code`], decided in `f32`), as a number of this type.
    fn code(self, top: u8) -> Self {
        Self::from_f64(f64::from(activation_code(self.to_f64() as f32, top)))
    }

    /// [`forward_batch`] of this type.
    fn convolve(
        inputs: &[Lanes<Self>],
        weights: &[Self],
        geometry: &Geometry,
        outputs: &mut [Lanes<Self>],
    ) {
        reference::forward(inputs, weights, geometry, outputs);
    }

    /// [`backward_input_batch`] of this type.
    fn convolve_adjoint(
        grad_outputs: &[Lanes<Self>],
        weights: &[Self],
        geometry: &Geometry,
        grad_inputs: &mut [Lanes<Self>],
    ) {
        reference::backward_input(grad_outputs, weights, geometry, grad_inputs);
    }

    /// [`backward_weights_batch`] of this type.
    fn correlate(
        inputs: &[Lanes<Self>],
        grad_outputs: &[Lanes<Self>],
        geometry: &Geometry,
        grad_weights: &mut [Self],
    ) {
        reference::backward_weights(inputs, grad_outputs, geometry, grad_weights);
    }

    /// [`slopes::backward_batch`] of this type.
    fn sloped(
        pass: &slopes::Pass<Self>,
        grad_weights: &mut [Self],
        grad_inputs: &mut [Lanes<Self>],
    ) {
        slopes::reference::backward(pass, grad_weights, grad_inputs);
    }
}

impl Real for f64 {
    fn from_f64(value: f64) -> Self {
        value
    }

    fn to_f64(self) -> f64 {
        self
    }
}

impl Real for f32 {
    fn from_f64(value: f64) -> Self {
        value as f32
    }

    fn to_f64(self) -> f64 {
        f64::from(self)
    }

    fn code(self, top: u8) -> Self {
        f32::from(activation_code(self, top))
    }

    fn convolve(
        inputs: &[Lanes<f32>],
        weights: &[f32],
        geometry: &Geometry,
        outputs: &mut [Lanes<f32>],
    ) {
        forward_f32::forward(Instructions::best(), inputs, weights, geometry, outputs);
    }

    fn convolve_adjoint(
        grad_outputs: &[Lanes<f32>],
        weights: &[f32],
        geometry: &Geometry,
        grad_inputs: &mut [Lanes<f32>],
    ) {
        input_f32::backward_input(
            Instructions::best(),
            grad_outputs,
            weights,
            geometry,
            grad_inputs,
        );
    }

    fn correlate(
        inputs: &[Lanes<f32>],
        grad_outputs: &[Lanes<f32>],
        geometry: &Geometry,
        grad_weights: &mut [f32],
    ) {
        weights_f32::backward_weights(
            Instructions::best(),
            inputs,
            grad_outputs,
            geometry,
            grad_weights,
        );
    }

    fn sloped(pass: &slopes::Pass<f32>, grad_weights: &mut [f32], grad_inputs: &mut [Lanes<f32>]) {
        slopes::backward_f32(slopes::Machine::best(), pass, grad_weights, grad_inputs);
    }
}

/// Output of a convolution for one block of 32 images; every pixel of `output` is overwritten, its border is left alone.
///
/// The border of `input` may have any width; where it is narrower than the padding the block is copied first.
pub fn forward<T: Real>(
    input: &Lanes<T>,
    weights: &[T],
    geometry: &Geometry,
    output: &mut Lanes<T>,
) {
    forward_batch(
        std::slice::from_ref(input),
        weights,
        geometry,
        std::slice::from_mut(output),
    );
}

/// Gradient of the loss in the input, from the gradient in the output; overwrites the pixels of `grad_input`.
///
/// A `grad_output` with a border of `kernel - 1 - padding` saves a copy at stride 1; any border is correct, if it is zero.
pub fn backward_input<T: Real>(
    grad_output: &Lanes<T>,
    weights: &[T],
    geometry: &Geometry,
    grad_input: &mut Lanes<T>,
) {
    let (grad_outputs, grad_inputs) = (
        std::slice::from_ref(grad_output),
        std::slice::from_mut(grad_input),
    );
    backward_input_batch(grad_outputs, weights, geometry, grad_inputs);
}

/// Adds one block's gradient of the loss in the weights, summed over its 32 images, to `grad_weights`.
pub fn backward_weights<T: Real>(
    input: &Lanes<T>,
    grad_output: &Lanes<T>,
    geometry: &Geometry,
    grad_weights: &mut [T],
) {
    let (inputs, grad_outputs) = (
        std::slice::from_ref(input),
        std::slice::from_ref(grad_output),
    );
    backward_weights_batch(inputs, grad_outputs, geometry, grad_weights);
}

/// [`forward`] of all blocks of a batch, in parallel.
pub fn forward_batch<T: Real>(
    inputs: &[Lanes<T>],
    weights: &[T],
    geometry: &Geometry,
    outputs: &mut [Lanes<T>],
) {
    check(inputs, outputs, weights, geometry);
    T::convolve(inputs, weights, geometry, outputs);
}

/// [`backward_input`] of all blocks of a batch, in parallel.
pub fn backward_input_batch<T: Real>(
    grad_outputs: &[Lanes<T>],
    weights: &[T],
    geometry: &Geometry,
    grad_inputs: &mut [Lanes<T>],
) {
    check(grad_inputs, grad_outputs, weights, geometry);
    T::convolve_adjoint(grad_outputs, weights, geometry, grad_inputs);
}

/// [`backward_weights`] of all blocks of a batch, in parallel over weights.
pub fn backward_weights_batch<T: Real>(
    inputs: &[Lanes<T>],
    grad_outputs: &[Lanes<T>],
    geometry: &Geometry,
    grad_weights: &mut [T],
) {
    check(inputs, grad_outputs, grad_weights, geometry);
    T::correlate(inputs, grad_outputs, geometry, grad_weights);
}

/// The invariants all passes share; the fast paths compute addresses from the geometry and rely on them.
fn check<T: bytemuck::Pod>(
    inputs: &[Lanes<T>],
    outputs: &[Lanes<T>],
    weights: &[T],
    geometry: &Geometry,
) {
    assert_eq!(
        inputs.len(),
        outputs.len(),
        "a batch has as many blocks of outputs as of inputs"
    );
    assert!(
        geometry.stride > 0 && geometry.kernel > 0,
        "a kernel has an edge and a stride"
    );
    assert!(
        geometry.input.height.min(geometry.input.width) + 2 * geometry.padding >= geometry.kernel,
        "the kernel fits into the padded input"
    );
    assert_eq!(
        weights.len(),
        geometry.outputs * geometry.rows(),
        "one weight per output and row"
    );
    check_blocks(inputs, geometry.input);
    check_blocks(outputs, geometry.output());
}

fn check_blocks<T: bytemuck::Pod>(blocks: &[Lanes<T>], shape: Shape) {
    for block in blocks {
        let found = Shape {
            channels: block.channels,
            height: block.height,
            width: block.width,
        };
        assert_eq!(found, shape, "a block has the shape its geometry says");
        let len = block.channels * block.channel_stride();
        assert_eq!(block.values.len(), len, "a block holds all its pixels");
        assert_eq!(
            block.border, blocks[0].border,
            "blocks of a batch have one border"
        );
    }
}
