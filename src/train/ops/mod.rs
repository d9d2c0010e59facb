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
    let (stride, line, border) = (output.channel_stride(), output.row_stride(), output.border);
    let planes = output.values.par_chunks_mut(stride).enumerate();
    planes.for_each(|(channel, values)| {
        let mut plane = PlaneMut {
            values,
            line,
            border,
        };
        for (from, to) in rows(input, channel).zip(plane.rows_mut()) {
            f(channel, from, to);
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

/// One channel of one block, to write.
pub struct PlaneMut<'a, T> {
    values: &'a mut [T],
    line: usize,
    border: usize,
}

impl<T> PlaneMut<'_, T> {
    /// Rows of pixels, without border.
    pub fn rows(&self) -> impl Iterator<Item = &[T]> {
        let (lines, side) = (self.values.chunks_exact(self.line), self.border * LANES);
        let height = lines.len() - 2 * self.border;
        let rows = lines.skip(self.border).take(height);
        rows.map(move |row| &row[side..row.len() - side])
    }

    /// The same, to write.
    pub fn rows_mut(&mut self) -> impl Iterator<Item = &mut [T]> {
        let (lines, side) = (self.values.chunks_exact_mut(self.line), self.border * LANES);
        let height = lines.len() - 2 * self.border;
        let rows = lines.skip(self.border).take(height);
        rows.map(move |row| {
            let end = row.len() - side;
            &mut row[side..end]
        })
    }
}

/// Every channel's planes, one of each block: what a channel needs twice is then still in the cache the second time.
pub fn by_channel<T: Real>(batch: &mut [Lanes<T>]) -> Vec<Vec<PlaneMut<'_, T>>> {
    let channels = batch.first().map_or(0, |block| block.channels);
    let mut planes: Vec<Vec<PlaneMut<T>>> = (0..channels).map(|_| Vec::new()).collect();
    for block in batch {
        let (stride, line, border) = (block.channel_stride(), block.row_stride(), block.border);
        for (planes, values) in planes.iter_mut().zip(block.values.chunks_exact_mut(stride)) {
            planes.push(PlaneMut {
                values,
                line,
                border,
            });
        }
    }
    planes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_of_a_channel_are_its_pixels_without_the_border() {
        let mut batch = vec![Lanes::<f64>::zeros(2, 3, 4, 1), Lanes::zeros(2, 3, 4, 0)];
        for (channel, mut planes) in by_channel(&mut batch).into_iter().enumerate() {
            for (block, plane) in planes.iter_mut().enumerate() {
                assert_eq!(plane.rows_mut().count(), 3);
                for (y, row) in plane.rows_mut().enumerate() {
                    row.fill((100 * block + 10 * channel + y) as f64);
                }
                let (first, seen) = (100 * block + 10 * channel, plane.rows());
                let seen: Vec<(f64, usize)> = seen.map(|row| (row[0], row.len())).collect();
                let expected = (0..3).map(|y| ((first + y) as f64, 4 * LANES));
                assert_eq!(seen, expected.collect::<Vec<_>>());
            }
        }
        let rows_of = |block: usize| rows(&batch[block], 1).map(|row| row[5]).collect::<Vec<_>>();
        assert_eq!(rows_of(0), [10.0, 11.0, 12.0]);
        assert_eq!(rows_of(1), [110.0, 111.0, 112.0]);
        // Nothing was written beside the pixels.
        let total: f64 = batch[0].values.iter().sum();
        assert_eq!(total, (4 * LANES * (1 + 2 + 10 + 11 + 12)) as f64);
    }
}
