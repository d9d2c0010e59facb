//! The three passes as their formulas: five nested loops, no tiles, any [`Real`]. What the fast paths are tested against.
//!
//! Sums run over channel, kernel row and kernel column in that order. Not responsible for speed, and single-threaded.

use super::Real;
use crate::kernel::lanes::{LANES, Lanes};
use crate::net::network::Geometry;

/// One product of a convolution: a weight, the input pixel it reads and the output pixel it feeds.
struct Product {
    weight: usize,
    output: usize,
    channel: usize,
    output_pixel: (usize, usize),
    input_pixel: (usize, usize),
}

/// Calls `visit` for every product that reads a pixel inside the input.
fn for_each_product(geometry: &Geometry, mut visit: impl FnMut(Product)) {
    let map = geometry.output();
    let edge = geometry.kernel;
    for output in 0..geometry.outputs {
        for row in 0..geometry.rows() {
            let (channel, ky, kx) = (row / (edge * edge), row / edge % edge, row % edge);
            for (i, j) in (0..map.height).flat_map(|i| (0..map.width).map(move |j| (i, j))) {
                let y = (i * geometry.stride + ky).wrapping_sub(geometry.padding);
                let x = (j * geometry.stride + kx).wrapping_sub(geometry.padding);
                if y < geometry.input.height && x < geometry.input.width {
                    visit(Product {
                        weight: output * geometry.rows() + row,
                        output,
                        channel,
                        output_pixel: (i, j),
                        input_pixel: (y, x),
                    });
                }
            }
        }
    }
}

fn clear<T: Real>(block: &mut Lanes<T>) {
    for channel in 0..block.channels {
        for y in 0..block.height {
            let (from, run) = (block.at(channel, y, 0), block.width * LANES);
            block.values[from..from + run].fill(T::from_f64(0.0));
        }
    }
}

/// Adds `weight` times the 32 images of `from` to those of `to`.
fn add_scaled<T: Real>(to: &mut [T], weight: T, from: &[T]) {
    for (to, &from) in to.iter_mut().zip(from) {
        *to += weight * from;
    }
}

/// See [`super::forward_batch`].
pub fn forward<T: Real>(
    inputs: &[Lanes<T>],
    weights: &[T],
    geometry: &Geometry,
    outputs: &mut [Lanes<T>],
) {
    for (input, output) in inputs.iter().zip(outputs) {
        clear(output);
        for_each_product(geometry, |p| {
            let from = input.pixel(p.channel, p.input_pixel.0, p.input_pixel.1);
            let to = output.pixel_mut(p.output, p.output_pixel.0, p.output_pixel.1);
            add_scaled(to, weights[p.weight], from);
        });
    }
}

/// See [`super::backward_input_batch`].
pub fn backward_input<T: Real>(
    grad_outputs: &[Lanes<T>],
    weights: &[T],
    geometry: &Geometry,
    grad_inputs: &mut [Lanes<T>],
) {
    for (grad_output, grad_input) in grad_outputs.iter().zip(grad_inputs) {
        clear(grad_input);
        for_each_product(geometry, |p| {
            let from = grad_output.pixel(p.output, p.output_pixel.0, p.output_pixel.1);
            let to = grad_input.pixel_mut(p.channel, p.input_pixel.0, p.input_pixel.1);
            add_scaled(to, weights[p.weight], from);
        });
    }
}

/// See [`super::backward_weights_batch`].
pub fn backward_weights<T: Real>(
    inputs: &[Lanes<T>],
    grad_outputs: &[Lanes<T>],
    geometry: &Geometry,
    grad_weights: &mut [T],
) {
    for (input, grad_output) in inputs.iter().zip(grad_outputs) {
        for_each_product(geometry, |p| {
            let value = input.pixel(p.channel, p.input_pixel.0, p.input_pixel.1);
            let slope = grad_output.pixel(p.output, p.output_pixel.0, p.output_pixel.1);
            let product = |(&v, &s): (&T, &T)| v * s;
            grad_weights[p.weight] += value.iter().zip(slope).map(product).sum();
        });
    }
}
