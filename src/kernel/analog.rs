//! One virtual chip: analog weights and every output's own references, in f32 with a fixed order of operations.
//!
//! Not responsible for where the weights and thresholds come from (`hw`).

use super::groups::{GroupPlan, Taps};
use super::lanes::{LANES, Lanes};
use crate::net::network::Geometry;

/// The read-out of a virtual chip: each output's own thresholds.
#[derive(Clone, Copy, Debug)]
pub struct ChipReadout<'a> {
    /// `[output][codes - 1]`, MAC units, in any order.
    pub thresholds: &'a [f32],
    /// Level of each code.
    pub levels: &'a [u8],
    /// Highest code for each sum of inputs of a group, where the read-out knows that sum; the last entry stands for all
    /// higher sums.
    pub highest: Option<&'a [u8]>,
}

/// For every group: `x = sum w * a` in row order (multiply, then add, from 0), code = number of thresholds `<= x`, at most
/// the highest one that the group's inputs allow;
/// `sums` = sum of the codes' levels. `weights` is `[output][row]` in MAC units; `sums` is overwritten.
///
/// # Panics
/// If shapes disagree.
pub fn reconv_analog(
    input: &Lanes<u8>,
    weights: &[f32],
    geometry: &Geometry,
    active: usize,
    readout: &ChipReadout,
    sums: &mut Lanes<i32>,
) {
    let rows = geometry.rows();
    let steps = readout.levels.len() - 1;
    assert_eq!(
        weights.len(),
        geometry.outputs * rows,
        "one weight per row and output"
    );
    assert_eq!(
        readout.thresholds.len(),
        geometry.outputs * steps,
        "codes - 1 thresholds per output"
    );
    let (taps, plan) = (Taps::new(geometry, input), GroupPlan { rows, active });
    let width = sums.width;
    for output in 0..geometry.outputs {
        let thresholds = &readout.thresholds[output * steps..(output + 1) * steps];
        let weights = &weights[output * rows..(output + 1) * rows];
        for (pixel, &corner) in taps.pixels.iter().enumerate() {
            let mut total = [0i32; LANES];
            for group in 0..plan.groups() {
                let mut x = [0f32; LANES];
                let mut driven = [0usize; LANES];
                for row in plan.range(group) {
                    let pixel = &input.values[corner + taps.rows[row]..][..LANES];
                    for (x, &a) in x.iter_mut().zip(pixel) {
                        *x += weights[row] * f32::from(a);
                    }
                    if readout.highest.is_some() {
                        for (driven, &a) in driven.iter_mut().zip(pixel) {
                            *driven += usize::from(a);
                        }
                    }
                }
                for ((total, x), driven) in total.iter_mut().zip(x).zip(driven) {
                    let ones = thresholds.iter().filter(|&&t| t <= x).count();
                    let code = ones.min(highest(readout, driven));
                    *total += i32::from(readout.levels[code]);
                }
            }
            sums.pixel_mut(output, pixel / width, pixel % width)
                .copy_from_slice(&total);
        }
    }
}

fn highest(readout: &ChipReadout, driven: usize) -> usize {
    match readout.highest {
        Some(codes) => usize::from(codes[driven.min(codes.len() - 1)]),
        None => usize::MAX,
    }
}
