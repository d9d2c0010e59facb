//! One virtual chip: analog weights and every read-out's own references, in f32 with a fixed order of operations.
//!
//! The fast forms keep the sums of several pixels in registers and find the code by bisection of the sorted thresholds
//! (`search`). Not responsible for where the weights and thresholds come from (`hw`).

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod search;
#[cfg(target_arch = "x86_64")]
mod work;

use super::groups::{Backend, GroupPlan, Taps};
use super::lanes::{LANES, Lanes};
use crate::net::network::Geometry;

/// The read-out of a virtual chip: thresholds of its own for each output in each row tile.
#[derive(Clone, Copy, Debug)]
pub struct ChipReadout<'a> {
    /// `[row tile][output][codes - 1]`, MAC units, in any order.
    pub thresholds: &'a [f32],
    /// Groups per row tile, at least one; the last tile may have fewer.
    pub groups_per_tile: usize,
    /// Level of each code.
    pub levels: &'a [u8],
    /// Highest code for each sum of inputs of a group, where the read-out knows that sum; the last entry stands for all
    /// higher sums. Only the scalar form looks at it.
    pub highest: Option<&'a [u8]>,
}

impl ChipReadout<'_> {
    /// The highest code that a group with this sum of inputs can give.
    fn limit(&self, driven: usize) -> usize {
        match self.highest {
            Some(codes) => usize::from(codes[driven.min(codes.len() - 1)]),
            None => usize::MAX,
        }
    }
}

/// One conversion of one layer on a virtual chip.
#[derive(Clone, Copy, Debug)]
pub struct AnalogLayer<'a> {
    /// `[output][word line]` in MAC units.
    pub weights: &'a [f32],
    /// Shape of the layer.
    pub geometry: &'a Geometry,
    /// Groups of word lines.
    pub plan: GroupPlan,
    /// Thresholds and levels.
    pub readout: ChipReadout<'a>,
}

/// For every group: `x = sum w * a` in the order of word lines (fused multiply-add, from 0), code = number of thresholds `<= x`, at
/// most the highest one that the group's inputs allow; `sums` = sum of the codes' levels, overwritten.
///
/// # Panics
/// If shapes disagree.
pub fn reconv_analog(input: &Lanes<u8>, layer: &AnalogLayer, sums: &mut Lanes<i32>) {
    reconv_analog_with(Backend::detect(), input, layer, sums);
}

/// [`reconv_analog`] on a chosen implementation; all give the same integers.
///
/// # Panics
/// If shapes disagree or this processor cannot run it.
pub fn reconv_analog_with(
    backend: Backend,
    input: &Lanes<u8>,
    layer: &AnalogLayer,
    sums: &mut Lanes<i32>,
) {
    assert!(backend.available(), "this processor runs {backend:?}");
    let (rows, map) = (layer.geometry.rows(), layer.geometry.output());
    let steps = layer.readout.levels.len() - 1;
    let plan = layer.plan;
    assert_eq!(plan.rows, rows, "every row has its word line");
    assert_eq!(
        layer.weights.len(),
        map.channels * rows,
        "one weight per row and output"
    );
    assert_eq!(
        layer.readout.thresholds.len(),
        plan.groups().div_ceil(layer.readout.groups_per_tile) * map.channels * steps,
        "codes - 1 thresholds per output and row tile"
    );
    assert!(
        (sums.channels, sums.height, sums.width) == (map.channels, map.height, map.width),
        "the sums have the shape of the layer's output"
    );
    let taps = Taps::new(layer.geometry, &plan, input);
    match backend {
        #[cfg(target_arch = "x86_64")]
        Backend::Avx2 | Backend::Avx512 if layer.readout.highest.is_none() => {
            work::run(backend, (input, &taps), layer, plan, sums)
        }
        _ => scalar((input, &taps), layer, plan, sums),
    }
}

/// The definition, lane by lane.
fn scalar(
    (input, taps): (&Lanes<u8>, &Taps),
    layer: &AnalogLayer,
    plan: GroupPlan,
    sums: &mut Lanes<i32>,
) {
    let (steps, width) = (layer.readout.levels.len() - 1, sums.width);
    for output in 0..sums.channels {
        let weights = &layer.weights[output * plan.rows..(output + 1) * plan.rows];
        for (pixel, &corner) in taps.pixels.iter().enumerate() {
            let mut total = [0i32; LANES];
            for group in 0..plan.groups() {
                let own = group / layer.readout.groups_per_tile * sums.channels + output;
                let thresholds = &layer.readout.thresholds[own * steps..(own + 1) * steps];
                let mut x = [0f32; LANES];
                let mut driven = [0usize; LANES];
                for row in plan.range(group) {
                    let pixel = &input.values[corner + taps.rows[row]..][..LANES];
                    for (x, &a) in x.iter_mut().zip(pixel) {
                        *x = weights[row].mul_add(f32::from(a), *x);
                    }
                    for (driven, &a) in driven.iter_mut().zip(pixel) {
                        *driven += usize::from(a);
                    }
                }
                for ((total, x), driven) in total.iter_mut().zip(x).zip(driven) {
                    let ones = thresholds.iter().filter(|&&t| t <= x).count();
                    let code = ones.min(layer.readout.limit(driven));
                    *total += i32::from(layer.readout.levels[code]);
                }
            }
            sums.pixel_mut(output, pixel / width, pixel % width)
                .copy_from_slice(&total);
        }
    }
}
