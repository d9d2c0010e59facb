//! Operations of the tape: one file each, with the value and its derivative side by side.
//!
//! Every function works on a batch, a list of 32-image blocks. Derivatives are exact except where a file says which
//! straight-through rule it uses.

pub mod batch_norm;
pub mod cross_entropy;
pub mod max_pool;
pub mod quantize;
pub mod reconv;
pub mod relu;
pub mod reshape;

use crate::kernel::float::Real;
use crate::kernel::lanes::{LANES, Lanes};
use rayon::prelude::*;

/// A batch: blocks of 32 images.
pub type Batch<T> = Vec<Lanes<T>>;

/// Images in a batch.
pub fn images<T: Real>(batch: &[Lanes<T>]) -> usize {
    batch.len() * LANES
}

/// A batch of the same shape with another border, for a caller that writes every pixel.
pub fn like<T: Real>(batch: &[Lanes<T>], border: usize) -> Batch<T> {
    batch
        .par_iter()
        .map(|b| Lanes::unset(b.channels, b.height, b.width, border))
        .collect()
}

/// Calls `f(channel, input row, output row)` for every row of pixels of two blocks of the same shape; borders are skipped.
pub fn map_rows<T: Real>(
    input: &Lanes<T>,
    output: &mut Lanes<T>,
    f: impl Fn(usize, &[T], &mut [T]) + Sync,
) {
    let (height, run) = (input.height, input.width * LANES);
    let (stride, line, border) = (output.channel_stride(), output.row_stride(), output.border);
    output
        .values
        .par_chunks_mut(stride)
        .enumerate()
        .for_each(|(channel, plane)| {
            for y in 0..height {
                let from = input.at(channel, y, 0);
                let to = (y + border) * line + border * LANES;
                f(
                    channel,
                    &input.values[from..from + run],
                    &mut plane[to..to + run],
                );
            }
        });
}

/// Rows of pixels of one channel.
pub fn rows<T: Real>(block: &Lanes<T>, channel: usize) -> impl Iterator<Item = &[T]> {
    let run = block.width * LANES;
    (0..block.height).map(move |y| {
        let at = block.at(channel, y, 0);
        &block.values[at..at + run]
    })
}
