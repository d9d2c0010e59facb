//! One block of images and a run of groups: consecutive rows share no input channel with another run, interleaved ones all of them.
//!
//! ```text
//! for some groups at once, every strip of pixels, each of these groups, tile of outputs:
//!     ds = dy D(s)                      (fill)
//!     collected[o][row] += ds a[row]    (collect)
//!     spread[row]       += w[o][row] ds (spread), then added to the inputs' gradient by rows
//! ```
//! The loops are written once over [`Vector`]; each instruction set has an entry point compiled for it.

use super::fill::Fill;
use super::group::{Collected, Group, WIDEST};
use super::shape::Shape;
#[cfg(doc)]
use super::strip::in_strips;
use super::strip::{PIXELS, ROW_TILE, Strip};
use super::table::Slopes;
use crate::instructions::Instructions;
use crate::kernel::aligned::Aligned;
use crate::kernel::float::vector::{Plain, Vector};
use crate::kernel::groups::{PreparedWeights, Taps};
use crate::kernel::lanes::{LANES, Lanes};
use crate::kernel::stream::NoiseStream;
use std::ops::Range;

/// Outputs whose gradients are made before they are used, at most: a task takes as many whole tiles as fit.
const OUTPUTS: usize = 32;

/// One task.
pub struct Task<'a> {
    /// Input codes of the block.
    pub input: &'a Lanes<u8>,
    /// Gradient in its output, as [`in_strips`] lays it out.
    pub gradient: &'a [f32],
    /// Its noise.
    pub stream: &'a NoiseStream,
    /// Weights.
    pub weights: &'a PreparedWeights,
    /// Slopes.
    pub slopes: &'a Slopes,
    /// Division of the layer.
    pub shape: &'a Shape,
    /// Which run of groups.
    pub unit: usize,
    /// `[word line of the unit][output]`.
    pub grad_weights: &'a mut [f32],
    /// Channels of the unit; all where it has none of its own.
    pub grad_input: &'a mut [f32],
}

/// Instructions that tasks run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Machine {
    /// Products with gradients.
    pub products: Instructions,
    /// Gradients of partial sums.
    pub partial_sums: Instructions,
}

impl Machine {
    /// The best of this processor.
    pub fn best() -> Self {
        Machine {
            products: Instructions::best(),
            partial_sums: Instructions::best(),
        }
    }

    /// Runs a task.
    pub fn run(self, task: Task) {
        // SAFETY: `Instructions::best` and `Instructions::all_available` offer only what the processor has.
        unsafe {
            match self.products {
                #[cfg(target_arch = "x86_64")]
                Instructions::Avx2 => on_avx2(self.partial_sums, task),
                #[cfg(target_arch = "x86_64")]
                Instructions::Avx512 => on_avx512(self.partial_sums, task),
                _ => run::<Plain, 2, 3, 2>(self.partial_sums, task),
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn on_avx2(partial_sums: Instructions, task: Task) {
    // SAFETY: handed on to the caller.
    unsafe { run::<crate::kernel::float::avx2::Ymm, 4, 3, 4>(partial_sums, task) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn on_avx512(partial_sums: Instructions, task: Task) {
    // SAFETY: handed on to the caller.
    unsafe { run::<crate::kernel::float::avx512::Zmm, 4, 9, 2>(partial_sums, task) }
}

/// The whole task with tiles of `O` outputs by 3 rows, and of `R` rows by `N` vectors: with AVX2 twelve sums that do not wait for each other, in
/// sixteen registers that are all in use.
///
/// # Safety
/// The machine runs `V`.
#[inline(always)]
unsafe fn run<V: Vector, const O: usize, const R: usize, const N: usize>(
    partial_sums: Instructions,
    task: Task,
) {
    let Task {
        input,
        gradient,
        weights,
        shape,
        grad_input,
        ..
    } = task;
    let (taps, outputs) = (&shape.taps, weights.geometry.outputs);
    // Whole tiles of `O`: only the last tile of a layer is filled up, and by outputs that `made` and `collected` have room for.
    let side_by_side = OUTPUTS / O * O;
    let pixels = taps.pixels.len();
    let fills = Fill::new(partial_sums, task.slopes, task.stream);
    let most = weights.plan.most_rows();
    let mut strip = Strip::new(most, fills.layout());
    let mut made = Aligned::<f32>::zeros(side_by_side * PIXELS * LANES);
    let mut spread_rows = Aligned::<f32>::zeros(most.next_multiple_of(ROW_TILE) * PIXELS * LANES);
    // On a small map sums are finished tile by tile, which keeps them in the first-level cache.
    let is_one_strip = pixels <= PIXELS;
    let room = if is_one_strip { side_by_side } else { outputs };
    let first_group = task.unit * shape.groups_per_unit;
    let last_group = (first_group + shape.groups_per_unit).min(weights.plan.groups());
    let first_channel = task.unit * shape.channels_per_unit.unwrap_or(0) * input.channel_stride();
    let mut collected: Vec<_> = (0..shape.at_once)
        .map(|_| Collected::new::<O>(room, most))
        .collect();
    let mut unfinished = task.grad_weights;
    for first in (first_group..last_group).step_by(shape.at_once) {
        let mut groups = Vec::with_capacity(shape.at_once);
        let indices = first..last_group.min(first + shape.at_once);
        for (index, collected) in indices.zip(&mut collected) {
            let group = Group::new(weights, index);
            let (to, rest) = unfinished.split_at_mut(group.rows.len() * outputs);
            unfinished = rest;
            groups.push((group, collected, to));
        }
        for pixel in (0..pixels).step_by(PIXELS) {
            for (group, collected, to) in &mut groups {
                strip.read(input, taps, group, pixel..pixels.min(pixel + PIXELS));
                let places = strip.places();
                spread_rows.fill(0.0);
                for output in (0..outputs).step_by(side_by_side) {
                    let tile = side_by_side.min(outputs - output);
                    for o in 0..tile {
                        let at = pixel * outputs * LANES + (output + o) * places;
                        let dy = &gradient[at..at + places];
                        let to = &mut made[o * places..(o + 1) * places];
                        fills.fill((&strip, group), output + o, dy, to);
                    }
                    let whole = tile.next_multiple_of(O) * places;
                    made[tile * places..whole].fill(0.0);
                    let at = if is_one_strip { 0 } else { output };
                    // SAFETY: buffers hold what their sizes say; the caller promises the instructions.
                    unsafe {
                        collect::<V, O, 3>(&made[..whole], &strip, group, (at, collected));
                        if is_one_strip {
                            collected.finish::<V, O>(group, (output, tile, outputs), to);
                        }
                        let made = &made[..tile * places];
                        spread::<V, R, N>(made, places, (group, output), &mut spread_rows);
                    }
                }
                let to = (&mut *grad_input, first_channel);
                add_rows(
                    &spread_rows,
                    places,
                    (taps, group.rows.clone(), strip.pixels.clone()),
                    to,
                );
            }
        }
        if !is_one_strip {
            for (group, collected, to) in &mut groups {
                // SAFETY: the caller promises the instructions.
                unsafe { collected.finish::<V, O>(group, (0, outputs, outputs), to) };
            }
        }
    }
}

/// Adds a strip's gradients by row to those of the input, which begins at `first`.
#[inline(always)]
fn add_rows(
    spread_rows: &[f32],
    places: usize,
    (taps, rows, pixels): (&Taps, Range<usize>, Range<usize>),
    (grad_input, first): (&mut [f32], usize),
) {
    for (from, row) in spread_rows.chunks(places).zip(rows) {
        for (from, pixel) in from.chunks(LANES).zip(pixels.clone()) {
            let at = taps.pixels[pixel] + taps.rows[row] - first;
            for (to, &from) in grad_input[at..at + LANES].iter_mut().zip(from) {
                *to += from;
            }
        }
    }
}

/// `collected[o][row] += sum over places of made[o][place] a[row][place]`, sums left spread over a vector.
///
/// # Safety
/// The machine runs `V`; `made` holds whole tiles of `O` outputs.
#[inline(always)]
#[allow(
    clippy::needless_range_loop,
    reason = "several arrays share an index, and constant ranges unroll into registers"
)]
unsafe fn collect<V: Vector, const O: usize, const R: usize>(
    made: &[f32],
    strip: &Strip,
    group: &Group,
    (first, collected): (usize, &mut Collected),
) {
    let (places, rows) = (strip.places(), group.padded);
    let to = collected.sums[first * rows * WIDEST..].as_mut_ptr();
    for output in (0..made.len() / places).step_by(O) {
        for row in (0..rows).step_by(R) {
            // SAFETY: rows are padded to tiles, outputs too; places are whole vectors.
            unsafe {
                let from = made.as_ptr().add(output * places);
                let values = strip.values.as_ptr().add(row * places);
                let mut sums = [[V::zero(); R]; O];
                for o in 0..O {
                    for r in 0..R {
                        sums[o][r] = V::load(to.add(((output + o) * rows + row + r) * WIDEST));
                    }
                }
                for place in (0..places).step_by(V::WIDTH) {
                    let mut a = [V::zero(); R];
                    for r in 0..R {
                        a[r] = V::load(values.add(r * places + place));
                    }
                    for o in 0..O {
                        let ds = V::load(from.add(o * places + place));
                        for r in 0..R {
                            sums[o][r] = sums[o][r].add_product(ds, a[r]);
                        }
                    }
                }
                for o in 0..O {
                    for r in 0..R {
                        sums[o][r].store(to.add(((output + o) * rows + row + r) * WIDEST));
                    }
                }
            }
        }
    }
}

/// `to[row][place] += sum over the tile's outputs of w[o][row] made[o][place]`.
///
/// # Safety
/// The machine runs `V`.
#[inline(always)]
#[allow(
    clippy::needless_range_loop,
    reason = "several arrays share an index, and constant ranges unroll into registers"
)]
unsafe fn spread<V: Vector, const R: usize, const N: usize>(
    made: &[f32],
    places: usize,
    (group, first): (&Group, usize),
    to: &mut [f32],
) {
    const { assert!(LANES.is_multiple_of(N * V::WIDTH), "a pixel is whole tiles") };
    let rows = group.padded;
    let weights = &group.values[first * rows..][..made.len() / places * rows];
    for row in (0..rows).step_by(R) {
        for place in (0..places).step_by(N * V::WIDTH) {
            // SAFETY: rows are padded to tiles; places are whole pixels, and a pixel's images are a multiple of `N` vectors.
            unsafe {
                let to = to.as_mut_ptr().add(row * places + place);
                let mut sums = [[V::zero(); N]; R];
                for r in 0..R {
                    for v in 0..N {
                        sums[r][v] = V::load(to.add(r * places + v * V::WIDTH));
                    }
                }
                let mut from = made.as_ptr().add(place);
                for weights in weights.chunks_exact(rows) {
                    let weights = weights.as_ptr().add(row);
                    let mut w = [V::zero(); R];
                    for r in 0..R {
                        w[r] = V::splat(weights.add(r));
                    }
                    for v in 0..N {
                        let ds = V::load(from.add(v * V::WIDTH));
                        for r in 0..R {
                            sums[r][v] = sums[r][v].add_product(w[r], ds);
                        }
                    }
                    from = from.add(places);
                }
                for r in 0..R {
                    for v in 0..N {
                        sums[r][v].store(to.add(r * places + v * V::WIDTH));
                    }
                }
            }
        }
    }
}
