//! Sums of weighted pixels: the loop nest behind the forward pass, the gradient in the input, and (with images as the
//! summed dimension) the gradient of a fully connected layer's weights.
//!
//! ```text
//! to[o][pixel][lane] (+)= sum over depth c, tap of  weights[o][c, tap] from[c][pixel + tap][lane]
//! ```
//! A job is a list of pixels, so strides, borders and several blocks of images need no loops of their own. A tile of
//! outputs by vectors stays in registers while the depth advances; the depth is cut so that the pixels of a tile stay in
//! the first-level cache while all outputs pass over them. Not responsible for geometry: see [`super::forward_f32`].

#![allow(
    clippy::needless_range_loop,
    reason = "several arrays share an index, and constant ranges unroll into registers"
)]

use super::vector::Vector;
use crate::kernel::lanes::LANES;
use rayon::prelude::*;
use std::mem::MaybeUninit;
use std::ops::Range;

/// One pixel to make: where its window starts in channel 0 of the source, and where it goes in output 0.
#[derive(Clone, Copy)]
pub struct Pixel {
    /// First tap's corner in channel 0.
    pub from: *const f32,
    /// Lane 0 in output 0.
    pub to: *mut f32,
}

// SAFETY: the addresses are only used inside `run`, whose callers give every destination to one job.
unsafe impl Send for Pixel {}
// SAFETY: as above.
unsafe impl Sync for Pixel {}

/// Weights rearranged to `[group of outputs][depth][output in group]`; the last group repeats the last output.
pub struct Packed {
    values: Box<[f32]>,
    group: usize,
    depth: usize,
}

/// Groups packed by one thread at a time, and channels it packs of each in turn: whole cache lines are read whichever of
/// the two is contiguous.
const PACK_GROUPS: usize = 8;
const PACK_CHANNELS: usize = 16;

impl Packed {
    /// Packs `weight(output, channel, tap)`, `group` outputs side by side; depth = channel-major, then tap.
    pub fn new(
        group: usize,
        (outputs, channels, taps): (usize, usize, usize),
        weight: impl Fn(usize, usize, usize) -> f32 + Sync,
    ) -> Self {
        let depth = channels * taps;
        let mut values = Box::new_uninit_slice(outputs.div_ceil(group) * depth * group);
        let pack = |first: usize, channel: usize, values: &mut [MaybeUninit<f32>]| {
            for (tap, values) in values.chunks_exact_mut(group).enumerate() {
                for (o, value) in values.iter_mut().enumerate() {
                    value.write(weight((first + o).min(outputs - 1), channel, tap));
                }
            }
        };
        let share = (PACK_GROUPS * depth * group).max(1);
        let shares = values.par_chunks_mut(share).enumerate();
        shares.for_each(|(index, values)| {
            for start in (0..channels).step_by(PACK_CHANNELS) {
                for (g, values) in values.chunks_exact_mut(depth * group).enumerate() {
                    for channel in start..channels.min(start + PACK_CHANNELS) {
                        let place = channel * taps * group;
                        let first = (index * PACK_GROUPS + g) * group;
                        pack(first, channel, &mut values[place..place + taps * group]);
                    }
                }
            }
        });
        Packed {
            // SAFETY: the shares cover all groups, and each was written for all channels, taps and outputs.
            values: unsafe { values.assume_init() },
            group,
            depth,
        }
    }
}

/// A job for one thread.
pub struct Contraction<'a> {
    /// Weights, depth = channel-major then tap.
    pub weights: &'a Packed,
    /// Where each tap lies from the corner, in elements.
    pub taps: &'a [usize],
    /// Channels summed over.
    pub channels: usize,
    /// Elements from one channel of the source to the next.
    pub from_channel: usize,
    /// Elements from one output to the next.
    pub to_output: usize,
    /// Outputs to make; starts at a multiple of the group.
    pub outputs: Range<usize>,
    /// Pixels to make.
    pub pixels: &'a [Pixel],
    /// Add to the destination instead of overwriting it.
    pub accumulate: bool,
}

/// Pixels of 32 lanes that the source of one tile may occupy: 24 kB of a 32 kB cache.
const SOURCE_PIXELS: usize = 192;

/// Runs the job with tiles of `OUTPUTS` by (`PIXELS` of `PARTS` vectors).
///
/// # Safety
/// The machine runs `V`; the weights are packed in groups of `OUTPUTS`; all addresses reached are valid.
#[inline(always)]
pub unsafe fn run<V: Vector, const OUTPUTS: usize, const PIXELS: usize, const PARTS: usize>(
    job: &Contraction,
) {
    assert_eq!(
        job.weights.group, OUTPUTS,
        "weights are packed for this tile"
    );
    assert_eq!(
        job.weights.depth,
        job.channels * job.taps.len(),
        "one weight per channel and tap"
    );
    assert_eq!(PARTS * V::WIDTH, LANES, "a tile holds whole pixels");
    let window = job.taps.len() + job.taps.len().isqrt();
    let step = (SOURCE_PIXELS / window.max(1)).max(1);
    for first in (0..job.channels.max(1)).step_by(step) {
        let channels = first..job.channels.min(first + step);
        for pixels in job.pixels.chunks(PIXELS) {
            for output in job.outputs.clone().step_by(OUTPUTS) {
                // SAFETY: handed on to the caller.
                unsafe { tile::<V, OUTPUTS, PIXELS, PARTS>(job, channels.clone(), pixels, output) }
            }
        }
    }
}

/// One tile over a range of channels. Rows and columns beyond the job repeat its last one: they compute the same values
/// and store them to the same place.
///
/// # Safety
/// As for [`run`].
#[inline(always)]
unsafe fn tile<V: Vector, const OUTPUTS: usize, const PIXELS: usize, const PARTS: usize>(
    job: &Contraction,
    channels: Range<usize>,
    pixels: &[Pixel],
    output: usize,
) {
    // SAFETY: the caller promises valid addresses for every channel, tap, output and pixel of the job, and indices here
    // never leave those ranges.
    unsafe {
        let pixel = |p: usize| pixels[p.min(pixels.len() - 1)];
        let to = |o: usize| (output + o).min(job.outputs.end - 1) * job.to_output;
        let mut sums = [[[V::zero(); PARTS]; PIXELS]; OUTPUTS];
        if channels.start > 0 || job.accumulate {
            for o in 0..OUTPUTS {
                for p in 0..PIXELS {
                    for v in 0..PARTS {
                        sums[o][p][v] = V::load(pixel(p).to.add(to(o) + v * V::WIDTH));
                    }
                }
            }
        }
        let mut from = [std::ptr::null(); PIXELS];
        for p in 0..PIXELS {
            from[p] = pixel(p).from.add(channels.start * job.from_channel);
        }
        let depth = channels.start * job.taps.len();
        let mut weight = job
            .weights
            .values
            .as_ptr()
            .add(output * job.weights.depth + depth * OUTPUTS);
        for _ in channels {
            for &tap in job.taps {
                let mut factors = [V::zero(); OUTPUTS];
                for o in 0..OUTPUTS {
                    factors[o] = V::splat(weight.add(o));
                }
                for p in 0..PIXELS {
                    for v in 0..PARTS {
                        let value = V::load(from[p].add(tap + v * V::WIDTH));
                        for o in 0..OUTPUTS {
                            sums[o][p][v] = sums[o][p][v].add_product(factors[o], value);
                        }
                    }
                }
                weight = weight.add(OUTPUTS);
            }
            for p in 0..PIXELS {
                from[p] = from[p].add(job.from_channel);
            }
        }
        for o in 0..OUTPUTS {
            for p in 0..PIXELS {
                for v in 0..PARTS {
                    sums[o][p][v].store(pixel(p).to.add(to(o) + v * V::WIDTH));
                }
            }
        }
    }
}
