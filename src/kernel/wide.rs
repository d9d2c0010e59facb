//! The same convolution in plain lanes of 32: any rows, any input codes, any range of group sums, on any processor.
//!
//! One source, compiled once for the base instruction set and once with AVX2, where it serves the layers whose group sums
//! need more than the byte of [`super::tiled`].

use super::groups::{PreparedWeights, Taps};
use super::lanes::{LANES, Lanes};
use super::reference::uniform;
use super::stream::NoiseStream;
use super::tables::{Grain, LevelTable, RandomTable};
use std::ops::{AddAssign, Mul};

/// What turns group sums into levels.
#[derive(Clone, Copy)]
pub(super) enum WideReadout<'a> {
    /// Noise-free.
    Fixed(&'a LevelTable),
    /// A random level per partial sum.
    Random(&'a RandomTable, &'a NoiseStream),
}

/// A lane type that holds group sums.
trait Lane: Copy + Default + AddAssign + Mul<Output = Self> + From<u8> + From<i8> + Into<i32> {}
impl Lane for i16 {}
impl Lane for i32 {}

/// Runs `outputs`; `sums` starts at output `first`, `places` are the offsets of the output pixels within a channel.
pub(super) fn run(
    (input, taps): (&Lanes<u8>, &Taps),
    weights: &PreparedWeights,
    readout: WideReadout,
    outputs: (&[usize], usize),
    (sums, stride, places): (&mut [i32], usize, &[usize]),
) {
    #[cfg(target_arch = "x86_64")]
    if weights.backend() != super::groups::Backend::Portable {
        // SAFETY: the other backends that come here need AVX2, checked when they were chosen.
        unsafe {
            run_avx2(
                (input, taps),
                weights,
                readout,
                outputs,
                (sums, stride, places),
            )
        };
        return;
    }
    by_lane(
        (input, taps),
        weights,
        readout,
        outputs,
        (sums, stride, places),
    );
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn run_avx2(
    input: (&Lanes<u8>, &Taps),
    weights: &PreparedWeights,
    readout: WideReadout,
    outputs: (&[usize], usize),
    result: (&mut [i32], usize, &[usize]),
) {
    by_lane(input, weights, readout, outputs, result);
}

#[inline(always)]
fn by_lane(
    input: (&Lanes<u8>, &Taps),
    weights: &PreparedWeights,
    readout: WideReadout,
    outputs: (&[usize], usize),
    result: (&mut [i32], usize, &[usize]),
) {
    let short = i32::from(i16::MIN)..=i32::from(i16::MAX);
    if short.contains(&weights.sum_min) && short.contains(&weights.sum_max) {
        body::<i16>(input, weights, readout, outputs, result);
    } else {
        body::<i32>(input, weights, readout, outputs, result);
    }
}

#[inline(always)]
fn body<T: Lane>(
    (input, taps): (&Lanes<u8>, &Taps),
    weights: &PreparedWeights,
    readout: WideReadout,
    (outputs, first): (&[usize], usize),
    (sums, stride, places): (&mut [i32], usize, &[usize]),
) {
    for (pixel, (&corner, &place)) in taps.pixels.iter().zip(places).enumerate() {
        for &output in outputs {
            let mut total = [0i32; LANES];
            for group in 0..weights.plan.groups() {
                let mut lanes = [T::default(); LANES];
                let rows = &taps.rows[weights.plan.range(group)];
                for (&w, &row) in weights.group_codes(output, group).iter().zip(rows) {
                    let codes = &input.values[corner + row..corner + row + LANES];
                    for (lane, &code) in lanes.iter_mut().zip(codes) {
                        *lane += T::from(w) * T::from(code);
                    }
                }
                match readout {
                    WideReadout::Fixed(table) => {
                        for (total, s) in total.iter_mut().zip(lanes) {
                            *total += i32::from(table.level(s.into()));
                        }
                    }
                    WideReadout::Random(table, stream) => {
                        let place = [output, pixel, group].map(|at| at as u32);
                        add_random(&mut total, lanes.map(Into::into), table, stream, place);
                    }
                }
            }
            let at = (output - first) * stride + place;
            sums[at..at + LANES].copy_from_slice(&total);
        }
    }
}

fn add_random(
    total: &mut [i32; LANES],
    lanes: [i32; LANES],
    table: &RandomTable,
    stream: &NoiseStream,
    [output, pixel, group]: [u32; 3],
) {
    let high = stream.draw(output, pixel, group, 0);
    let low = match table.grain {
        Grain::Eight => [0; LANES],
        Grain::Sixteen => stream.draw(output, pixel, group, 1),
    };
    for (lane, total) in total.iter_mut().enumerate() {
        let uniform = uniform(table.grain, high[lane], low[lane]);
        *total += i32::from(table.level(lanes[lane], uniform));
    }
}
