//! How much gradient lies on every partial sum: `mass[s] = sum of dy over the places whose group sum is s`.
//!
//! The gradient of any number the read-out depends on (step, threshold, noise) is then `sum over s of mass[s] dE[y | s]`.
//! Only every `pixel_step`-th pixel is looked at and stands for the others. Not responsible for those derivatives.

use super::Pass;
use crate::kernel::float::Real;
use crate::kernel::groups::Taps;
use crate::kernel::lanes::LANES;
use rayon::prelude::*;

/// Mass per output and sum of the slopes' range, `[output][s]`; pixel `block + pixel_step * n` of each block is looked at.
///
/// # Panics
/// If `pixel_step` is 0 or shapes disagree.
pub fn sum_mass<T: Real>(pass: &Pass<T>, pixel_step: usize) -> Vec<Vec<f64>> {
    let weights = pass.weights;
    let (s_min, count) = pass.slopes.range();
    let one = |output: usize| {
        let mut mass = vec![0.0; count];
        for (block, (input, gradient)) in pass.inputs.iter().zip(pass.gradients).enumerate() {
            let taps = Taps::new(&weights.geometry, input);
            let pixels = taps.pixels.len();
            let step = pixel_step.min(pixels);
            let looked: Vec<usize> = (block % step..pixels).step_by(step).collect();
            let worth = pixels as f64 / looked.len() as f64;
            for pixel in looked {
                let at = (output * pixels + pixel) * LANES;
                let dy = &gradient.values[at..at + LANES];
                for group in 0..weights.plan.groups() {
                    let place = (output, group, taps.pixels[pixel]);
                    let sums = weights.lane_sums(input, &taps, place);
                    for (&s, &dy) in sums.iter().zip(dy) {
                        mass[(s - s_min) as usize] += worth * dy.to_f64();
                    }
                }
            }
        }
        mass
    };
    let outputs = 0..weights.geometry.outputs;
    outputs.into_par_iter().map(one).collect()
}
