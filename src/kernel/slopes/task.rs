//! One block of images and a run of groups that share no input channel with another run.
//!
//! ```text
//! for every group, strip of pixels, tile of outputs:
//!     ds = dy D(s)                      (fill)
//!     collected[o][row] += ds a[row]    (collect)
//!     spread[row]       += w[o][row] ds (spread), then added to the inputs' gradient by rows
//! ```
//! The loops are written once over [`Vector`]; each instruction set has an entry point compiled for it.

use super::fill;
use super::group::{Group, WIDEST};
use super::strip::{PIXELS, Strip};
use super::table::Slopes;
use crate::kernel::aligned::Aligned;
use crate::kernel::float::vector::{Isa, Plain, Vector};
use crate::kernel::groups::{PreparedWeights, Taps};
use crate::kernel::lanes::{LANES, Lanes};
use crate::kernel::stream::NoiseStream;

/// Outputs whose gradients are made before they are used.
const OUTPUTS: usize = 16;

/// How the groups of a layer are shared out, and where its inputs lie.
pub struct Shape {
    /// Consecutive groups that together use whole channels.
    pub groups_per_unit: usize,
    /// Channels of those groups.
    pub channels_per_unit: usize,
    taps: Taps,
}

impl Shape {
    /// For inputs laid out as `input`.
    pub fn new(weights: &PreparedWeights, input: &Lanes<u8>) -> Self {
        let kernel = weights.geometry.kernel * weights.geometry.kernel;
        let active = weights.plan.active;
        let common = (1..=kernel)
            .find(|&groups| (groups * active).is_multiple_of(kernel))
            .unwrap_or(kernel);
        Shape {
            groups_per_unit: common,
            channels_per_unit: common * active / kernel,
            taps: Taps::new(&weights.geometry, input),
        }
    }
}

/// One task.
pub struct Task<'a> {
    /// Input codes of the block.
    pub input: &'a Lanes<u8>,
    /// Gradient in its output.
    pub gradient: &'a Lanes<f32>,
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
    /// `[row of the unit][output]`.
    pub grad_weights: &'a mut [f32],
    /// Channels of the unit.
    pub grad_input: &'a mut [f32],
}

/// Instructions that tasks run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Machine {
    /// Products with gradients.
    pub isa: Isa,
    /// True if sums and slopes are made by `avx512`.
    pub dots: bool,
}

impl Machine {
    /// The best of this processor.
    pub fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        let dots = super::avx512::available();
        #[cfg(not(target_arch = "x86_64"))]
        let dots = false;
        Machine {
            isa: Isa::best(),
            dots,
        }
    }

    /// Runs a task.
    pub fn run(self, task: Task) {
        // SAFETY: `Isa::best` and `Isa::available` offer only what the processor has.
        unsafe {
            match self.isa {
                Isa::Portable => run::<Plain, 2, 2>(self.dots, task),
                #[cfg(target_arch = "x86_64")]
                Isa::Avx2 => on_avx2(self.dots, task),
                #[cfg(target_arch = "x86_64")]
                Isa::Avx512 => on_avx512(self.dots, task),
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn on_avx2(dots: bool, task: Task) {
    // SAFETY: handed on to the caller.
    unsafe { run::<crate::kernel::float::avx2::Ymm, 3, 3>(dots, task) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn on_avx512(dots: bool, task: Task) {
    // SAFETY: handed on to the caller.
    unsafe { run::<crate::kernel::float::avx512::Zmm, 4, 9>(dots, task) }
}

/// The whole task with tiles of `O` outputs by 3 rows, and of `R` rows by 2 vectors.
///
/// # Safety
/// The machine runs `V`.
#[inline(always)]
unsafe fn run<V: Vector, const O: usize, const R: usize>(dots: bool, task: Task) {
    let Task {
        input,
        gradient,
        weights,
        shape,
        grad_weights,
        grad_input,
        ..
    } = task;
    let (taps, outputs) = (&shape.taps, weights.geometry.outputs);
    let pixels = taps.pixels.len();
    let fills = Fill::new(dots, task.slopes, task.stream);
    let mut strip = Strip::new(weights.plan.active);
    let mut made = Aligned::<f32>::zeros(OUTPUTS * PIXELS * LANES);
    let mut spread_rows = Aligned::<f32>::zeros(weights.plan.active * PIXELS * LANES);
    let first = task.unit * shape.groups_per_unit;
    let last = (first + shape.groups_per_unit).min(weights.plan.groups());
    let first_channel = task.unit * shape.channels_per_unit * input.channel_stride();
    for index in first..last {
        let rows = weights.plan.range(index);
        let mut group = Group::new(weights, index);
        for pixel in (0..pixels).step_by(PIXELS) {
            strip.read(input, taps, rows.clone(), pixel..pixels.min(pixel + PIXELS));
            let places = strip.places();
            spread_rows.fill(0.0);
            for output in (0..outputs).step_by(OUTPUTS) {
                let tile = OUTPUTS.min(outputs - output);
                for o in 0..tile {
                    let at = ((output + o) * pixels + pixel) * LANES;
                    let dy = &gradient.values[at..at + places];
                    let to = &mut made[o * places..(o + 1) * places];
                    fills.fill((&strip, &group), output + o, dy, to);
                }
                // SAFETY: buffers hold what their sizes say; the caller promises the instructions.
                unsafe {
                    collect::<V, O, 3>(&made[..tile * places], &strip, &mut group, output);
                    spread::<V, R>(
                        &made[..tile * places],
                        places,
                        (&group, output),
                        &mut spread_rows,
                    );
                }
            }
            for (from, row) in spread_rows.chunks(places).zip(rows.clone()) {
                for (from, pixel) in from.chunks(LANES).zip(strip.pixels.clone()) {
                    let at = taps.pixels[pixel] + taps.rows[row] - first_channel;
                    for (to, &from) in grad_input[at..at + LANES].iter_mut().zip(from) {
                        *to += from;
                    }
                }
            }
        }
        let at = (index - first) * weights.plan.active * outputs;
        group.finish(&mut grad_weights[at..at + rows.len() * outputs]);
    }
}

/// How gradients of partial sums are made.
enum Fill<'a> {
    Plain(&'a Slopes, &'a NoiseStream),
    #[cfg(target_arch = "x86_64")]
    Dots(&'a super::table::SumSlopes, Vec<super::avx512::Table>),
}

impl<'a> Fill<'a> {
    fn new(dots: bool, slopes: &'a Slopes, stream: &'a NoiseStream) -> Self {
        #[cfg(target_arch = "x86_64")]
        if let (true, Slopes::BySum(by_sum)) = (dots, slopes) {
            let table = |values: &Vec<f32>| super::avx512::Table::new(by_sum.s_min, values);
            return Fill::Dots(by_sum, by_sum.tables.iter().map(table).collect());
        }
        let _ = dots;
        Fill::Plain(slopes, stream)
    }

    #[inline(always)]
    fn fill(&self, source: (&Strip, &Group), output: usize, dy: &[f32], to: &mut [f32]) {
        match self {
            Fill::Plain(slopes, stream) => fill::fill(slopes, stream, source, output, dy, to),
            #[cfg(target_arch = "x86_64")]
            Fill::Dots(slopes, tables) => {
                let index = slopes.of_output.get(output).copied().unwrap_or(0);
                // SAFETY: `Machine::best` saw the instructions; `dy` and `to` hold the strip; slopes cover all sums.
                unsafe { super::avx512::fill(&tables[usize::from(index)], source, output, dy, to) }
            }
        }
    }
}

/// `collected[o][row] += sum over places of made[o][place] a[row][place]`, sums left spread over a vector. Outputs and rows
/// beyond the last repeat it and are dropped.
///
/// # Safety
/// The machine runs `V`.
#[inline(always)]
#[allow(
    clippy::needless_range_loop,
    reason = "several arrays share an index, and constant ranges unroll into registers"
)]
unsafe fn collect<V: Vector, const O: usize, const R: usize>(
    made: &[f32],
    strip: &Strip,
    group: &mut Group,
    first: usize,
) {
    let (places, rows) = (strip.places(), strip.rows);
    let tile = made.len() / places;
    let (from, values) = (made.as_ptr(), strip.values.as_ptr());
    let to = group.collected.as_mut_ptr();
    for output in (0..tile).step_by(O) {
        for row in (0..rows).step_by(R) {
            // SAFETY: indices are clamped to the tile and the group; places are whole vectors.
            unsafe {
                let o_at: [usize; O] = std::array::from_fn(|o| (output + o).min(tile - 1));
                let r_at: [usize; R] = std::array::from_fn(|r| (row + r).min(rows - 1));
                let mut sums = [[V::zero(); R]; O];
                for place in (0..places).step_by(V::WIDTH) {
                    let mut a = [V::zero(); R];
                    for r in 0..R {
                        a[r] = V::load(values.add(r_at[r] * places + place));
                    }
                    for o in 0..O {
                        let ds = V::load(from.add(o_at[o] * places + place));
                        for r in 0..R {
                            sums[o][r] = sums[o][r].add_product(ds, a[r]);
                        }
                    }
                }
                let one = [1.0f32];
                let one = V::splat(one.as_ptr());
                for o in 0..O.min(tile - output) {
                    for r in 0..R.min(rows - row) {
                        let at = to.add(((first + o_at[o]) * rows + r_at[r]) * WIDEST);
                        V::load(at).add_product(sums[o][r], one).store(at);
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
unsafe fn spread<V: Vector, const R: usize>(
    made: &[f32],
    places: usize,
    (group, first): (&Group, usize),
    to: &mut [f32],
) {
    let rows = group.rows;
    let tile = made.len() / places;
    let (from, to) = (made.as_ptr(), to.as_mut_ptr());
    let weights = group.values[first * rows..].as_ptr();
    for row in (0..rows).step_by(R) {
        for place in (0..places).step_by(2 * V::WIDTH) {
            // SAFETY: as in `collect`; places are a multiple of two vectors, 32 numbers at most.
            unsafe {
                let r_at: [usize; R] = std::array::from_fn(|r| (row + r).min(rows - 1));
                let mut sums = [[V::zero(); 2]; R];
                for r in 0..R {
                    for v in 0..2 {
                        sums[r][v] = V::load(to.add(r_at[r] * places + place + v * V::WIDTH));
                    }
                }
                for o in 0..tile {
                    let at = from.add(o * places + place);
                    let ds = [V::load(at), V::load(at.add(V::WIDTH))];
                    for r in 0..R {
                        let w = V::splat(weights.add(o * rows + r_at[r]));
                        for v in 0..2 {
                            sums[r][v] = sums[r][v].add_product(w, ds[v]);
                        }
                    }
                }
                for r in 0..R {
                    for v in 0..2 {
                        sums[r][v].store(to.add(r_at[r] * places + place + v * V::WIDTH));
                    }
                }
            }
        }
    }
}
