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
}

/// For every group: `x = sum w * a` in row order (multiply, then add, from 0), code = number of thresholds `<= x`;
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
                for row in plan.range(group) {
                    let pixel = &input.values[corner + taps.rows[row]..][..LANES];
                    for (x, &a) in x.iter_mut().zip(pixel) {
                        *x += weights[row] * f32::from(a);
                    }
                }
                for (total, x) in total.iter_mut().zip(x) {
                    let code = thresholds.iter().filter(|&&t| t <= x).count();
                    *total += i32::from(readout.levels[code]);
                }
            }
            sums.pixel_mut(output, pixel / width, pixel % width)
                .copy_from_slice(&total);
        }
    }
}
