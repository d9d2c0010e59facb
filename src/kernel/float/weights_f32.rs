//! The gradient in the weights of `f32` as jobs, shared out by output channel.
//!
//! A fully connected layer has one pixel, so a weight sums only as many products as there are images, and summing a
//! vector over its places would cost more than the products. There the input is turned to `[image][channel]` and the
//! gradient is a contraction over images with channels side by side. Not responsible for the loops: see
//! [`super::correlation`], [`super::contraction`].

use super::contraction::{Contraction, Packed, Pixel};
use super::correlation::{Correlation, Row};
use super::forward_f32::{bordered, contract, taps};
use crate::instructions::Instructions;
use crate::kernel::aligned::Aligned;
use crate::kernel::lanes::{LANES, Lanes};
use crate::net::network::Geometry;
use rayon::prelude::*;

/// Outputs per job.
const JOB_OUTPUTS: usize = 8;

/// See [`super::backward_weights_batch`].
pub fn backward_weights(
    instructions: Instructions,
    inputs: &[Lanes<f32>],
    grad_outputs: &[Lanes<f32>],
    geometry: &Geometry,
    grad_weights: &mut [f32],
) {
    let one_pixel = geometry.kernel == 1 && geometry.input.height * geometry.input.width == 1;
    if one_pixel && geometry.padding == 0 && geometry.input.channels.is_multiple_of(LANES) {
        connected(instructions, inputs, grad_outputs, geometry, grad_weights);
    } else {
        convolved(instructions, inputs, grad_outputs, geometry, grad_weights);
    }
}

fn convolved(
    instructions: Instructions,
    inputs: &[Lanes<f32>],
    grad_outputs: &[Lanes<f32>],
    geometry: &Geometry,
    grad_weights: &mut [f32],
) {
    let inputs = bordered(inputs, geometry.padding);
    let (Some(input), Some(slope)) = (inputs.first(), grad_outputs.first()) else {
        return;
    };
    let kernel = taps(geometry.kernel, geometry.kernel, input.row_stride());
    let channels = (0..geometry.input.channels).map(|c| c * input.channel_stride());
    let columns: Vec<usize> = channels
        .flat_map(|channel| kernel.iter().map(move |tap| channel + tap))
        .collect();
    let mut rows = Vec::new();
    for (input, slope) in inputs.iter().zip(grad_outputs) {
        let outer = input.border - geometry.padding;
        for y in 0..slope.height {
            let corner = (y * geometry.stride + outer) * input.row_stride() + outer * LANES;
            rows.push(Row {
                from: input.values[corner..].as_ptr(),
                slope: slope.values[slope.at(0, y, 0)..].as_ptr(),
            });
        }
    }
    let jobs = grad_weights.par_chunks_mut(JOB_OUTPUTS * columns.len());
    jobs.enumerate().for_each(|(index, to)| {
        let first = index * JOB_OUTPUTS;
        let mut job = Correlation {
            rows: &rows,
            width: slope.width,
            from_step: geometry.stride * LANES,
            columns: &columns,
            slope_output: slope.channel_stride(),
            outputs: first..first + to.len() / columns.len(),
            to,
        };
        // SAFETY: `check` compared all shapes with the geometry, and the border covers the padding.
        unsafe { instructions.correlate(&mut job) }
    });
}

fn connected(
    instructions: Instructions,
    inputs: &[Lanes<f32>],
    grad_outputs: &[Lanes<f32>],
    geometry: &Geometry,
    grad_weights: &mut [f32],
) {
    let channels = geometry.input.channels;
    let images = inputs.len() * LANES;
    let mut turned = Aligned::<f32>::zeros(images * channels);
    turned
        .par_chunks_mut(channels)
        .enumerate()
        .for_each(|(image, turned)| {
            let input = &inputs[image / LANES];
            for (channel, value) in turned.iter_mut().enumerate() {
                *value = input.values[input.at(channel, 0, 0) + image % LANES];
            }
        });
    let slope = |output, image, _tap| {
        let image: usize = image;
        let block = &grad_outputs[image / LANES];
        block.values[block.at(output, 0, 0) + image % LANES]
    };
    let to = grad_weights.as_mut_ptr();
    let pixels: Vec<Pixel> = (0..channels)
        .step_by(LANES)
        .map(|channel| Pixel {
            from: turned[channel..].as_ptr(),
            to: to.wrapping_add(channel),
        })
        .collect();
    let job = Contraction {
        weights: &Packed::new(
            instructions.tile_outputs(),
            (geometry.outputs, images, 1),
            slope,
        ),
        taps: &[0],
        channels: images,
        from_channel: channels,
        to_output: channels,
        outputs: 0..geometry.outputs,
        pixels: &pixels,
        accumulate: true,
    };
    // SAFETY: `turned` holds all images and `grad_weights` all outputs of every group of channels; groups are disjoint.
    unsafe { contract(instructions, &job) }
}
