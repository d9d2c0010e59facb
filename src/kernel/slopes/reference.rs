//! The backward pass as its formula, one partial sum at a time. What the strips are tested against.

use super::Pass;
use super::table::streams;
use crate::kernel::float::Real;
use crate::kernel::lanes::{LANES, Lanes};

/// See [`super::backward_batch`].
pub fn backward<T: Real>(pass: &Pass<T>, grad_weights: &mut [T], grad_inputs: &mut [Lanes<T>]) {
    let (weights, streams) = (pass.weights, streams(pass.keys));
    let blocks = pass.inputs.iter().zip(pass.gradients).zip(grad_inputs);
    for (((input, gradient), grad_input), stream) in blocks.zip(&streams) {
        let taps = weights.taps(input);
        let order = weights
            .plan
            .order
            .rows(weights.plan.rows, weights.plan.active);
        for output in 0..weights.geometry.outputs {
            for (pixel, &corner) in taps.pixels.iter().enumerate() {
                let at = (output * taps.pixels.len() + pixel) * LANES;
                let dy = &gradient.values[at..at + LANES];
                for group in 0..weights.plan.groups() {
                    let rows = weights.plan.range(group);
                    let codes = weights.group_codes(output, group);
                    let sums = weights.lane_sums(input, &taps, (output, group, corner));
                    let place = (output as u32, pixel as u32, group as u32);
                    let slopes = pass.slopes.at(stream, place, &sums);
                    for (&w, row) in codes.iter().zip(rows) {
                        let at = corner + taps.rows[row];
                        let w = T::from_f64(f64::from(w));
                        let mut total = T::from_f64(0.0);
                        for lane in 0..LANES {
                            let ds = dy[lane] * T::from_f64(f64::from(slopes[lane]));
                            total += ds * T::from_f64(f64::from(input.values[at + lane]));
                            grad_input.values[at + lane] += ds * w;
                        }
                        grad_weights[output * weights.plan.rows + order[row]] += total;
                    }
                }
            }
        }
    }
}
