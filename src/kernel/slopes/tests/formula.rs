//! Do the strips compute the formula, on every instruction set of this machine and for every kind of slope; does a slope of
//! one give the plain convolution's backward pass; does the mass of sums lie where sums occur.

use super::*;
use crate::kernel::float::{backward_input_batch, backward_weights_batch};
use approx::assert_relative_eq;

#[test]
fn strips_compute_the_formula_exactly() {
    for (geometry, groups) in cases() {
        assert_formula(&data(&geometry, groups));
    }
}

/// One block has the most copies of its gradient, nine have none.
#[test]
fn interleaved_groups_add_up_over_any_number_of_blocks() {
    let (geometry, active) = (cases()[0].0, 4);
    for blocks in [1, 3, 9] {
        let mut data = data(&geometry, (active, RowOrder::Interleaved));
        let cycled = |at: usize| at % 2;
        data.inputs = (0..blocks)
            .map(|at| data.inputs[cycled(at)].clone())
            .collect();
        data.gradients = (0..blocks)
            .map(|at| data.gradients[cycled(at)].clone())
            .collect();
        let key = data.keys[0];
        let block = |block| NoiseKey { block, ..key };
        data.keys = (0..blocks as u64).map(block).collect();
        assert_formula(&data);
    }
}

/// Tables at the edges of what shuffles of sixteen entries hold, up to codes that have the sign bit of a byte.
#[test]
fn tables_of_every_size_are_read_to_their_ends() {
    for (weights, top, count) in [
        (&[1i8][..], 14, 15),
        (&[1], 15, 16),
        (&[-1], 16, 17),
        (&[1], 31, 32),
        (&[-1], 32, 33),
        (&[1, -1], 31, 63),
        (&[1, -1], 32, 65),
        (&[1], 127, 128),
        (&[2], 63, 127),
        (&[2], 64, 129),
        (&[-1], 128, 129),
        (&[1], 255, 256),
    ] {
        let geometry = Geometry {
            input: network::Shape {
                channels: weights.len(),
                height: 3,
                width: 4,
            },
            outputs: 1,
            kernel: 1,
            stride: 1,
            padding: 0,
        };
        let data = of_codes(
            &geometry,
            (weights.len(), RowOrder::Consecutive),
            weights,
            top,
        );
        let (low, high) = (data.weights.sum_min, data.weights.sum_max);
        assert_eq!(high - low + 1, count, "{weights:?} {top}");
        assert_formula(&data);
    }
}

fn assert_formula(data: &Data) {
    let shape = (data.weights.geometry, data.weights.plan);
    for slopes in kinds(&data.weights) {
        let pass = data.pass(&slopes);
        let empty = || -> Vec<Lanes<f32>> {
            data.inputs
                .iter()
                .map(|i| Lanes::zeros(i.channels, i.height, i.width, i.border))
                .collect()
        };
        let (mut weights, mut inputs) = (vec![0.5; data.weights.codes.len()], empty());
        reference::backward(&pass, &mut weights, &mut inputs);
        for machine in machines() {
            let (mut fast, mut back) = (vec![0.5; data.weights.codes.len()], empty());
            backward_f32(machine, &pass, &mut fast, &mut back);
            assert_eq!(weights, fast, "{shape:?} {machine:?}");
            for (a, b) in inputs.iter().zip(&back) {
                assert!(a.values[..] == b.values[..], "{shape:?} {machine:?}");
            }
        }
    }
}

#[test]
fn a_slope_of_one_is_the_plain_convolution() {
    for (geometry, groups) in cases() {
        let data = data(&geometry, groups);
        let count = (data.weights.sum_max - data.weights.sum_min + 1) as usize;
        let slopes = Slopes::BySum(SumSlopes::shared(data.weights.sum_min, vec![1.0; count]));
        let pass = data.pass(&slopes);
        let real = |i: &Lanes<u8>| {
            let mut real = Lanes::<f32>::zeros(i.channels, i.height, i.width, i.border);
            let values = real.values.iter_mut().zip(i.values.iter());
            values.for_each(|(to, &from)| *to = f32::from(from));
            real
        };
        let inputs: Vec<Lanes<f32>> = data.inputs.iter().map(real).collect();
        let plan = &data.weights.plan;
        let order = plan.order.rows(plan.rows, plan.active);
        let mut codes = vec![0.0; data.weights.codes.len()];
        for (at, &code) in data.weights.codes.iter().enumerate() {
            codes[at / plan.rows * plan.rows + order[at % plan.rows]] = f32::from(code);
        }
        let mut plain = (vec![0.0; codes.len()], inputs.clone());
        backward_weights_batch(&inputs, &data.gradients, &geometry, &mut plain.0);
        backward_input_batch(&data.gradients, &codes, &geometry, &mut plain.1);
        let clear = |i: &Lanes<f32>| Lanes::zeros(i.channels, i.height, i.width, i.border);
        let mut sloped = (
            vec![0.0; codes.len()],
            inputs.iter().map(clear).collect::<Vec<_>>(),
        );
        backward_batch(&pass, &mut sloped.0, &mut sloped.1);
        for (a, b) in plain.0.iter().zip(&sloped.0) {
            assert_relative_eq!(a, b, epsilon = 1e-3);
        }
        for (a, b) in plain.1.iter().zip(&sloped.1) {
            let (a, b) = (a.with_border(0), b.with_border(0));
            for (a, b) in a.values.iter().zip(b.values.iter()) {
                assert_relative_eq!(a, b, epsilon = 1e-3);
            }
        }
    }
}

#[test]
fn mass_lies_on_the_sums_that_occur() {
    let (geometry, groups) = cases()[0];
    let data = data(&geometry, groups);
    let kinds = kinds(&data.weights);
    let pass = data.pass(&kinds[0]);
    let mass = sum_mass::sum_mass(&pass, 1);
    for (output, mass) in mass.iter().enumerate() {
        let all = data.gradients.iter().map(|gradient| {
            let stride = gradient.channel_stride();
            let plane = &gradient.values[output * stride..(output + 1) * stride];
            plane.iter().map(|&dy| f64::from(dy)).sum::<f64>()
        });
        let groups = data.weights.plan.groups() as f64;
        let total = groups * all.sum::<f64>();
        assert_relative_eq!(mass.iter().sum::<f64>(), total, epsilon = 1e-6);
    }
}

#[test]
fn ones_as_gradient_count_the_sums() {
    let (geometry, groups) = cases()[0];
    let mut data = data(&geometry, groups);
    let ones = data.gradients.iter_mut();
    ones.for_each(|gradient| gradient.values.iter_mut().for_each(|dy| *dy = 1.0));
    let kinds = kinds(&data.weights);
    let pass = data.pass(&kinds[0]);
    let mass = sum_mass::sum_mass(&pass, 1);
    let range = data.weights.sum_min..=data.weights.sum_max;
    let counts = data.inputs.iter().map(|input| {
        crate::kernel::histogram::group_histogram(input, &data.weights, 32, range.clone(), 1)
    });
    let counts: Vec<Vec<u64>> = counts.collect();
    for sum in 0..counts[0].len() {
        let counted: u64 = counts.iter().map(|counts| counts[sum]).sum();
        let found: f64 = mass.iter().map(|of_output| of_output[sum]).sum();
        assert_eq!(found, counted as f64, "sum {sum}");
    }
}

#[test]
fn every_pixel_stands_for_as_many_others() {
    // One map has a multiple of the distance in pixels, the others have not.
    for (geometry, groups) in cases() {
        let data = data(&geometry, groups);
        let map = geometry.output();
        let step = crate::kernel::spread::distance(5, map.width).min(map.height * map.width);
        let slopes = &kinds(&data.weights)[0];
        let mass = |keys: &[NoiseKey], step: usize| {
            let pass = Pass {
                inputs: &data.inputs,
                weights: &data.weights,
                slopes,
                keys,
                gradients: &data.gradients,
            };
            sum_mass::sum_mass(&pass, step)
        };
        let all = mass(&data.keys, 1);
        let mut keys = data.keys.clone();
        let mut mean = vec![vec![0.0; all[0].len()]; all.len()];
        for _ in 0..step {
            keys.iter_mut().for_each(|key| key.repeat += 1);
            for (mean, found) in mean
                .iter_mut()
                .flatten()
                .zip(mass(&keys, 5).iter().flatten())
            {
                *mean += found / step as f64;
            }
        }
        for (mean, all) in mean.iter().flatten().zip(all.iter().flatten()) {
            assert_relative_eq!(mean, all, epsilon = 1e-9);
        }
    }
}
