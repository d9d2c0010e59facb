//! Max pooling over squares of `edge` pixels; the gradient goes to the first pixel that attains the maximum.
//!
//! Saved: the input (the winner is found again).

use super::Batch;
use crate::kernel::float::Real;
use crate::kernel::lanes::{LANES, Lanes};
use crate::kernel::vectorize::vectorized;
use rayon::prelude::*;

/// Value, with the border asked for.
pub fn f<T: Real>(input: &[Lanes<T>], edge: usize, border: usize) -> Batch<T> {
    input
        .par_iter()
        .map(|block| pooled(block, edge, border))
        .collect()
}

fn pooled<T: Real>(block: &Lanes<T>, edge: usize, border: usize) -> Lanes<T> {
    let mut small = Lanes::unset(
        block.channels,
        block.height / edge,
        block.width / edge,
        border,
    );
    let (height, width, stride, line) = (
        small.height,
        small.width,
        small.channel_stride(),
        small.row_stride(),
    );
    small
        .values
        .par_chunks_mut(stride)
        .enumerate()
        .for_each(|(channel, plane)| {
            for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
                let at = (y + border) * line + (x + border) * LANES;
                let out = &mut plane[at..at + LANES];
                out.copy_from_slice(block.pixel(channel, y * edge, x * edge));
                for tap in 1..edge * edge {
                    let from = block.pixel(channel, y * edge + tap / edge, x * edge + tap % edge);
                    for (most, &value) in out.iter_mut().zip(from) {
                        *most = if value > *most { value } else { *most };
                    }
                }
            }
        });
    small
}

/// Gradient in the input.
pub fn df<T: Real>(input: &[Lanes<T>], gradient: &[Lanes<T>], edge: usize) -> Batch<T> {
    input
        .par_iter()
        .zip(gradient)
        .map(|(block, gradient)| spread(block, gradient, edge))
        .collect()
}

/// The first of `taps` pixels that attains the maximum, of every image.
#[inline(always)]
fn winners<'a, T: Real>(taps: usize, pixel: impl Fn(usize) -> &'a [T]) -> [u32; LANES] {
    let (mut winners, mut most) = ([0; LANES], [T::from_f64(0.0); LANES]);
    most.copy_from_slice(pixel(0));
    for tap in 1..taps {
        for ((winner, most), &value) in winners.iter_mut().zip(&mut most).zip(pixel(tap)) {
            let wins = value > *most;
            *winner = if wins { tap as u32 } else { *winner };
            *most = if wins { value } else { *most };
        }
    }
    winners
}

fn spread<T: Real>(block: &Lanes<T>, gradient: &Lanes<T>, edge: usize) -> Lanes<T> {
    let is_covered = block.height.is_multiple_of(edge) && block.width.is_multiple_of(edge);
    let empty = if is_covered {
        Lanes::unset
    } else {
        Lanes::zeros
    };
    let mut wide = empty(block.channels, block.height, block.width, 0);
    let planes = wide.values.par_chunks_mut(wide.height * wide.width * LANES);
    planes
        .enumerate()
        .for_each(|(channel, plane)| spread_plane(block, gradient, channel, edge, plane));
    wide
}

vectorized! {
    fn spread_plane[T: Real](
        block: &Lanes<T>,
        gradient: &Lanes<T>,
        channel: usize,
        edge: usize,
        plane: &mut [T],
    ) {
        let small = (0..gradient.height).flat_map(|y| (0..gradient.width).map(move |x| (y, x)));
        for (y, x) in small {
            let dy = gradient.pixel(channel, y, x);
            let place = |tap: usize| (y * edge + tap / edge, x * edge + tap % edge);
            let winners = winners(edge * edge, |tap| {
                let (y, x) = place(tap);
                block.pixel(channel, y, x)
            });
            for tap in 0..edge * edge {
                let (y, x) = place(tap);
                let to = &mut plane[(y * block.width + x) * LANES..][..LANES];
                for ((to, &dy), &winner) in to.iter_mut().zip(dy).zip(&winners) {
                    *to = if winner == tap as u32 { dy } else { T::from_f64(0.0) };
                }
            }
        }
    }
}
