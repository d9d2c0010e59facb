//! The forward pass of `f32` as jobs, and what it shares with the gradient in the input.
//!
//! Every output value belongs to one job and every sum runs in depth order, so threads change nothing.
//! Not responsible for the loops: see [`super::contraction`].

use super::contraction::{Contraction, Packed, Pixel};
use crate::instructions::Instructions;
use crate::kernel::lanes::{LANES, Lanes};
use crate::net::network::Geometry;
use rayon::prelude::*;
use std::borrow::Cow;

/// Pixels per job: few enough to share out a small map, enough to use each weight often.
const JOB_PIXELS: usize = 32;

/// Groups of outputs per job where there are fewer pixels than that.
const JOB_GROUPS: usize = 16;

/// See [`super::forward_batch`].
pub fn forward(
    instructions: Instructions,
    inputs: &[Lanes<f32>],
    weights: &[f32],
    geometry: &Geometry,
    outputs: &mut [Lanes<f32>],
) {
    let inputs = bordered(inputs, geometry.padding);
    let (Some(input), Some(output)) = (inputs.first(), outputs.first()) else {
        return;
    };
    let (edge, rows) = (geometry.kernel, geometry.rows());
    let (from_channel, to_output) = (input.channel_stride(), output.channel_stride());
    let taps = taps(edge, edge, input.row_stride());
    let weight = |output, channel, tap| weights[output * rows + channel * edge * edge + tap];
    let sizes = (geometry.outputs, geometry.input.channels, taps.len());
    let mut all = Vec::new();
    for (input, output) in inputs.iter().zip(outputs) {
        let outer = input.border - geometry.padding;
        let corner = |(y, x)| (y * geometry.stride + outer, x * geometry.stride + outer);
        let places = positions(output.height, output.width, (0, 0), 1);
        all.extend(pixels(input, output, places, corner));
    }
    let job = Contraction {
        weights: &Packed::new(instructions.tile_outputs(), sizes, weight),
        taps: &taps,
        channels: geometry.input.channels,
        from_channel,
        to_output,
        outputs: 0..geometry.outputs,
        pixels: &all,
        accumulate: false,
    };
    // SAFETY: `check` compared all shapes with the geometry, the border covers the padding, and each pixel occurs once.
    unsafe { contract(instructions, &job) }
}

/// The same blocks with a border of at least `border`, copied only where it is narrower.
pub fn bordered(blocks: &[Lanes<f32>], border: usize) -> Vec<Cow<'_, Lanes<f32>>> {
    let widen = |block: &Lanes<f32>| block.with_border(border);
    let wide = blocks.par_iter().map(|block| match block.border < border {
        true => Cow::Owned(widen(block)),
        false => Cow::Borrowed(block),
    });
    wide.collect()
}

/// Offsets of the taps of a kernel from its corner, row by row.
pub fn taps(height: usize, width: usize, row_stride: usize) -> Vec<usize> {
    positions(height, width, (0, 0), 1)
        .map(|(y, x)| y * row_stride + x * LANES)
        .collect()
}

/// Pixels of a map from `first` on in steps of `step`, row by row.
pub fn positions(
    height: usize,
    width: usize,
    first: (usize, usize),
    step: usize,
) -> impl Iterator<Item = (usize, usize)> {
    let columns = move |y| (first.1..width).step_by(step).map(move |x| (y, x));
    (first.0..height).step_by(step).flat_map(columns)
}

/// The pixels of one block: for each place, where its window starts (counted from the corner of the source's border) and
/// where it goes.
pub fn pixels(
    source: &Lanes<f32>,
    target: &mut Lanes<f32>,
    places: impl Iterator<Item = (usize, usize)>,
    corner: impl Fn((usize, usize)) -> (usize, usize),
) -> Vec<Pixel> {
    let to = target.values.as_mut_ptr();
    let pixel = |place: (usize, usize)| {
        let (y, x) = corner(place);
        Pixel {
            from: source.values[y * source.row_stride() + x * LANES..].as_ptr(),
            to: to.wrapping_add(target.at(0, place.0, place.1)),
        }
    };
    places.map(pixel).collect()
}

/// Shares a contraction out over threads.
///
/// # Safety
/// All addresses of `job` are valid, no two pixels share a destination, and `instructions` is available.
pub unsafe fn contract(instructions: Instructions, job: &Contraction) {
    let outputs = job.outputs.len();
    let per_job = match job.pixels.len() < JOB_PIXELS {
        true => JOB_GROUPS * instructions.tile_outputs(),
        false => outputs.max(1),
    };
    let mut pieces = Vec::new();
    for pixels in job.pixels.chunks(JOB_PIXELS) {
        for first in (0..outputs).step_by(per_job) {
            pieces.push((pixels, first..outputs.min(first + per_job)));
        }
    }
    pieces.into_par_iter().for_each(|(pixels, outputs)| {
        let piece = Contraction {
            pixels,
            outputs,
            ..*job
        };
        // SAFETY: handed on to the caller; pieces differ in pixels or outputs, so no two write one place.
        unsafe { instructions.contract(&piece) }
    });
}
