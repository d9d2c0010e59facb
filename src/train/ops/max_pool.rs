//! Max pooling over squares of `edge` pixels; the gradient goes to the first pixel that attains the maximum.
//!
//! Saved: the input (the winner is found again).

use super::Batch;
use crate::kernel::float::Real;
use crate::kernel::lanes::{LANES, Lanes};
use rayon::prelude::*;

/// Value, with the border asked for.
pub fn f<T: Real>(input: &[Lanes<T>], edge: usize, border: usize) -> Batch<T> {
    input
        .iter()
        .map(|block| pooled(block, edge, border))
        .collect()
}

fn pooled<T: Real>(block: &Lanes<T>, edge: usize, border: usize) -> Lanes<T> {
    let mut small = Lanes::zeros(
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
        .iter()
        .zip(gradient)
        .map(|(block, gradient)| spread(block, gradient, edge))
        .collect()
}

fn spread<T: Real>(block: &Lanes<T>, gradient: &Lanes<T>, edge: usize) -> Lanes<T> {
    let mut wide = Lanes::zeros(block.channels, block.height, block.width, 0);
    let (stride, line) = (wide.channel_stride(), wide.row_stride());
    wide.values
        .par_chunks_mut(stride)
        .enumerate()
        .for_each(|(channel, plane)| {
            for (y, x) in
                (0..gradient.height).flat_map(|y| (0..gradient.width).map(move |x| (y, x)))
            {
                let dy = gradient.pixel(channel, y, x);
                for lane in 0..LANES {
                    let value = |tap: usize| {
                        block.pixel(channel, y * edge + tap / edge, x * edge + tap % edge)[lane]
                    };
                    let winner =
                        (1..edge * edge).fold(
                            0,
                            |best, tap| if value(tap) > value(best) { tap } else { best },
                        );
                    plane[(y * edge + winner / edge) * line
                        + (x * edge + winner % edge) * LANES
                        + lane] = dy[lane];
                }
            }
        });
    wide
}
