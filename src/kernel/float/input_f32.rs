//! The gradient in the input of `f32` as jobs.
//!
//! With stride 1 it is a convolution of the output's gradient with the kernel turned round. With stride `s` the padded
//! input pixels fall into `s * s` phases by their remainders; a phase is reached only by kernel positions of the same
//! remainders, and is such a convolution by itself. Not responsible for the loops: see [`super::contraction`].

use super::contraction::{Contraction, Packed};
use super::forward_f32::{bordered, contract, pixels, positions, taps};
use crate::instructions::Instructions;
use crate::kernel::lanes::Lanes;
use crate::net::network::Geometry;

/// The pixels of one remainder along one axis.
#[derive(Clone, Copy)]
struct Axis {
    /// Remainder of (pixel + padding) by the stride.
    remainder: usize,
    /// First pixel without border.
    first: usize,
    /// Kernel positions of that remainder.
    taps: usize,
}

impl Axis {
    fn new(geometry: &Geometry, remainder: usize) -> Self {
        let stride = geometry.stride;
        Axis {
            remainder,
            first: (remainder + stride - geometry.padding % stride) % stride,
            taps: geometry.kernel.saturating_sub(remainder).div_ceil(stride),
        }
    }

    /// First output pixel that reaches input pixel `place`, counted from `border` pixels before the map.
    fn corner(&self, geometry: &Geometry, place: usize, border: usize) -> usize {
        (place + geometry.padding) / geometry.stride + border + 1 - self.taps
    }

    /// Kernel position of a tap, the last one first.
    fn position(&self, geometry: &Geometry, tap: usize) -> usize {
        self.remainder + geometry.stride * (self.taps - 1 - tap)
    }
}

/// Border of the output's gradient that some window reaches.
fn reach(geometry: &Geometry) -> usize {
    let (padding, stride, map) = (geometry.padding, geometry.stride, geometry.output());
    let after =
        |input: usize, output: usize| ((input - 1 + padding) / stride + 1).saturating_sub(output);
    let before = ((geometry.kernel - 1) / stride).saturating_sub(padding / stride);
    before
        .max(after(geometry.input.height, map.height))
        .max(after(geometry.input.width, map.width))
}

/// See [`super::backward_input_batch`].
pub fn backward_input(
    instructions: Instructions,
    grad_outputs: &[Lanes<f32>],
    weights: &[f32],
    geometry: &Geometry,
    grad_inputs: &mut [Lanes<f32>],
) {
    let grad_outputs: Vec<_> = bordered(grad_outputs, reach(geometry));
    let grad_outputs: Vec<&Lanes<f32>> = grad_outputs.iter().map(AsRef::as_ref).collect();
    for (fy, fx) in positions(geometry.stride, geometry.stride, (0, 0), 1) {
        let axes = (Axis::new(geometry, fy), Axis::new(geometry, fx));
        phase(
            instructions,
            &grad_outputs,
            weights,
            geometry,
            axes,
            grad_inputs,
        );
    }
}

/// The input pixels of one phase.
fn phase(
    instructions: Instructions,
    grad_outputs: &[&Lanes<f32>],
    weights: &[f32],
    geometry: &Geometry,
    (vertical, horizontal): (Axis, Axis),
    grad_inputs: &mut [Lanes<f32>],
) {
    let (Some(&source), Some(target)) = (grad_outputs.first(), grad_inputs.first()) else {
        return;
    };
    let (from_channel, to_output) = (source.channel_stride(), target.channel_stride());
    let taps = taps(vertical.taps, horizontal.taps, source.row_stride());
    let (rows, edge) = (geometry.rows(), geometry.kernel);
    let turned: Vec<usize> = positions(vertical.taps, horizontal.taps, (0, 0), 1)
        .map(|(y, x)| vertical.position(geometry, y) * edge + horizontal.position(geometry, x))
        .collect();
    let weight = |channel, output, tap| {
        let position: usize = turned[tap];
        weights[output * rows + channel * edge * edge + position]
    };
    let channels = geometry.input.channels;
    let mut all = Vec::new();
    for (source, target) in grad_outputs.iter().zip(grad_inputs) {
        let first = (vertical.first, horizontal.first);
        let places = positions(target.height, target.width, first, geometry.stride);
        let border = source.border;
        let corner = |(y, x)| match taps.is_empty() {
            true => (0, 0),
            false => (
                vertical.corner(geometry, y, border),
                horizontal.corner(geometry, x, border),
            ),
        };
        all.extend(pixels(source, target, places, corner));
    }
    let job = Contraction {
        weights: &Packed::new(
            instructions.tile_outputs(),
            (channels, geometry.outputs, taps.len()),
            weight,
        ),
        taps: &taps,
        channels: geometry.outputs,
        from_channel,
        to_output,
        outputs: 0..channels,
        pixels: &all,
        accumulate: false,
    };
    // SAFETY: `check` compared all shapes with the geometry, the border covers every window, and each pixel occurs once.
    unsafe { contract(instructions, &job) }
}
