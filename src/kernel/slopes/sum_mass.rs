//! How much gradient lies on every partial sum: `mass[s] = sum of dy over the places whose group sum is s`.
//!
//! The gradient of any number the read-out depends on (step, threshold, noise) is then `sum over s of mass[s] dE[y | s]`.
//! Only every `pixel_step`-th pixel is looked at and stands for the others. Not responsible for those derivatives.

use super::Pass;
use crate::kernel::float::Real;
use crate::kernel::lanes::LANES;
use crate::kernel::spread::distance;
use rayon::prelude::*;

/// Images added up apart from each other: most sums are near 0, and an addition to the same number waits for the one before.
const APART: usize = 8;

/// Mass per output and sum of the slopes' range, `[output][s]`; about every `pixel_step`-th pixel of each block is looked at, from
/// another one on in every block and repeat, so that no part of the map is always left out.
///
/// # Panics
/// If `pixel_step` is 0 or shapes disagree.
pub fn sum_mass<T: Real>(pass: &Pass<T>, pixel_step: usize) -> Vec<Vec<f64>> {
    let weights = pass.weights;
    let (s_min, count) = pass.slopes.range();
    let taps = pass.inputs.par_iter().map(|input| weights.taps(input));
    let taps: Vec<_> = taps.collect();
    let one = |output: usize| {
        let mut mass = vec![[0.0; APART]; count];
        let blocks = pass.inputs.iter().zip(pass.gradients).zip(&taps);
        for (block, ((input, gradient), taps)) in blocks.enumerate() {
            let pixels = taps.pixels.len();
            let step = distance(pixel_step, weights.geometry.output().width).min(pixels);
            let first = (pass.keys[block].repeat as usize + block) % step;
            let looked: Vec<usize> = (first..pixels).step_by(step).collect();
            // Every pixel is looked at once in `step` repeats.
            let worth = step as f64;
            for pixel in looked {
                let at = (output * pixels + pixel) * LANES;
                let dy: [f64; LANES] =
                    std::array::from_fn(|lane| worth * gradient.values[at + lane].to_f64());
                for group in 0..weights.plan.groups() {
                    let place = (output, group, taps.pixels[pixel]);
                    let sums = weights.lane_sums(input, taps, place);
                    for (sums, dy) in sums.chunks_exact(APART).zip(dy.chunks_exact(APART)) {
                        for (apart, (&s, &dy)) in sums.iter().zip(dy).enumerate() {
                            mass[(s - s_min) as usize][apart] += dy;
                        }
                    }
                }
            }
        }
        mass.iter().map(|apart| apart.iter().sum()).collect()
    };
    let outputs = 0..weights.geometry.outputs;
    outputs.into_par_iter().map(one).collect()
}
