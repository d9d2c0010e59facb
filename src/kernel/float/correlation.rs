//! Sums of products over pixels and images: the loop nest behind the gradient in the weights.
//!
//! ```text
//! to[o][column] += sum over rows, pixels, lanes of  slope[o][pixel][lane] from[column][pixel][lane]
//! ```
//! A column is an input channel with a kernel position, that is an offset into the input. A tile of outputs by columns
//! stays in registers, one vector per pair, along a strip of rows, and is summed over its places at the strip's end.
//! Strips are fixed by the geometry, so the order of every sum is too. Not responsible for geometry: see [`super::weights_f32`].

#![allow(
    clippy::needless_range_loop,
    reason = "several arrays share an index, and constant ranges unroll into registers"
)]

use super::vector::Vector;
use crate::kernel::lanes::LANES;
use std::ops::Range;

/// One row of pixels of one block.
#[derive(Clone, Copy)]
pub struct Row {
    /// Corner of the first window in channel 0 of the input.
    pub from: *const f32,
    /// First pixel of output 0 of the gradient.
    pub slope: *const f32,
}

// SAFETY: the addresses are only read, and only inside `run`.
unsafe impl Send for Row {}
// SAFETY: as above.
unsafe impl Sync for Row {}

/// A job for one thread.
pub struct Correlation<'a> {
    /// Rows of all blocks.
    pub rows: &'a [Row],
    /// Pixels per row of the gradient.
    pub width: usize,
    /// Elements of the input from the window of one pixel to that of the next.
    pub from_step: usize,
    /// Where each column lies from the corner, in elements.
    pub columns: &'a [usize],
    /// Elements of the gradient from one output to the next.
    pub slope_output: usize,
    /// Outputs to make.
    pub outputs: Range<usize>,
    /// `[output][column]`, `outputs` only.
    pub to: &'a mut [f32],
}

/// Pixels in a strip, about: the gradients of a tile's outputs then stay in the first-level cache.
const STRIP: usize = 64;

/// Runs the job with tiles of `OUTPUTS` by `COLUMNS` vectors.
///
/// # Safety
/// The machine runs `V`; all addresses reached are valid.
#[inline(always)]
pub unsafe fn run<V: Vector, const OUTPUTS: usize, const COLUMNS: usize>(job: &mut Correlation) {
    assert_eq!(
        job.to.len(),
        job.outputs.len() * job.columns.len(),
        "one sum per output and column"
    );
    for rows in job.rows.chunks((STRIP / job.width.max(1)).max(1)) {
        for output in (0..job.outputs.len()).step_by(OUTPUTS) {
            for column in (0..job.columns.len()).step_by(COLUMNS) {
                // SAFETY: handed on to the caller.
                unsafe { tile::<V, OUTPUTS, COLUMNS>(job, rows, output, column) }
            }
        }
    }
}

/// One tile along a strip. Outputs and columns beyond the last repeat it and are dropped.
///
/// # Safety
/// As for [`run`].
#[inline(always)]
unsafe fn tile<V: Vector, const OUTPUTS: usize, const COLUMNS: usize>(
    job: &mut Correlation,
    rows: &[Row],
    output: usize,
    column: usize,
) {
    // SAFETY: the caller promises valid addresses for every row, pixel, output and column of the job, and indices here
    // never leave those ranges.
    unsafe {
        let mut sums = [[V::zero(); COLUMNS]; OUTPUTS];
        for row in rows {
            let mut from = [row.from; COLUMNS];
            for c in 0..COLUMNS {
                from[c] = row
                    .from
                    .add(job.columns[(column + c).min(job.columns.len() - 1)]);
            }
            let mut slope = [row.slope; OUTPUTS];
            for o in 0..OUTPUTS {
                let inside = job.outputs.start + (output + o).min(job.outputs.len() - 1);
                slope[o] = row.slope.add(inside * job.slope_output);
            }
            for x in 0..job.width {
                for part in (0..LANES).step_by(V::WIDTH) {
                    let (at, at_slope) = (x * job.from_step + part, x * LANES + part);
                    let mut values = [V::zero(); COLUMNS];
                    for c in 0..COLUMNS {
                        values[c] = V::load(from[c].add(at));
                    }
                    for o in 0..OUTPUTS {
                        let factor = V::load(slope[o].add(at_slope));
                        for c in 0..COLUMNS {
                            sums[o][c] = sums[o][c].add_product(factor, values[c]);
                        }
                    }
                }
            }
        }
        for o in 0..OUTPUTS.min(job.outputs.len() - output) {
            for c in 0..COLUMNS.min(job.columns.len() - column) {
                job.to[(output + o) * job.columns.len() + column + c] += sums[o][c].sum();
            }
        }
    }
}
