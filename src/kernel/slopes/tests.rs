//! Do the strips compute the formula, on every instruction set of this machine and for every kind of slope; does a slope of
//! one give the plain convolution's backward pass.

use super::table::{LevelSlopes, SoftTable, SumSlopes};
use super::*;
use crate::kernel::float::{backward_input_batch, backward_weights_batch, vector::Isa};
use crate::kernel::groups::prepare;
use crate::kernel::tables::{Grain, RandomTable};
use crate::net::network::{self, Geometry};
use crate::rng::{Purpose, keyed};
use approx::assert_relative_eq;
use rand::RngExt;

/// Kernels 1, 3, 5; groups of 4, 9, 16, 64 rows, uneven last groups, uneven numbers of outputs and pixels.
fn cases() -> Vec<(Geometry, usize)> {
    let shape = |channels, height, width| network::Shape {
        channels,
        height,
        width,
    };
    let geometry = |input, outputs, kernel, stride, padding| Geometry {
        input,
        outputs,
        kernel,
        stride,
        padding,
    };
    vec![
        (geometry(shape(3, 5, 6), 5, 3, 1, 1), 9),
        (geometry(shape(4, 5, 5), 17, 3, 1, 1), 16),
        (geometry(shape(5, 4, 4), 3, 3, 2, 1), 64),
        (geometry(shape(2, 6, 6), 4, 5, 1, 0), 9),
        (geometry(shape(33, 1, 1), 19, 1, 1, 0), 9),
        (geometry(shape(7, 3, 3), 6, 1, 1, 0), 4),
    ]
}

struct Data {
    weights: PreparedWeights,
    inputs: Vec<Lanes<u8>>,
    gradients: Vec<Lanes<f32>>,
    keys: Vec<NoiseKey>,
}

fn data(geometry: &Geometry, active: usize) -> Data {
    let mut rng = keyed(3, Purpose::Pattern, &[active as u64]);
    let codes: Vec<i8> = (0..geometry.outputs * geometry.rows())
        .map(|_| rng.random_range(-1..=1))
        .collect();
    let (shape, map) = (geometry.input, geometry.output());
    let mut inputs = Vec::new();
    let mut gradients = Vec::new();
    for _ in 0..2 {
        let mut input = Lanes::<u8>::zeros(shape.channels, shape.height, shape.width, 0);
        input
            .values
            .iter_mut()
            .for_each(|a| *a = rng.random_range(0..4));
        inputs.push(input.with_border(geometry.padding));
        let mut gradient = Lanes::zeros(map.channels, map.height, map.width, 0);
        let small = |_: &f32| f32::from(rng.random_range(-8i8..=8)) / 4.0;
        let values: Vec<f32> = gradient.values.iter().map(small).collect();
        gradient.values.copy_from_slice(&values);
        gradients.push(gradient);
    }
    let key = |block| NoiseKey {
        seed: 5,
        layer: 2,
        block,
        repeat: 7,
        conversion: 0,
    };
    Data {
        weights: prepare(geometry, &codes, active, 3),
        inputs,
        gradients,
        keys: vec![key(0), key(1)],
    }
}

/// Slopes of every kind for sums of `weights`: quarters, so that sums of products are exact in f32.
fn kinds(weights: &PreparedWeights) -> Vec<Slopes> {
    let (s_min, count) = (
        weights.sum_min,
        (weights.sum_max - weights.sum_min + 1) as usize,
    );
    let mut rng = keyed(4, Purpose::Pattern, &[]);
    let mut some = |n: usize| -> Vec<f32> {
        (0..n)
            .map(|_| f32::from(rng.random_range(-4i8..=4)) / 4.0)
            .collect()
    };
    let outputs = weights.geometry.outputs as u16;
    let random = RandomTable {
        s_min,
        grain: Grain::Sixteen,
        base: vec![0; count],
        thresholds: vec![vec![50_000; count], vec![12_345; count]],
    };
    vec![
        Slopes::BySum(SumSlopes::shared(s_min, some(count))),
        Slopes::BySum(SumSlopes {
            s_min,
            tables: vec![some(count), some(count)],
            of_output: (0..outputs).map(|output| output % 2).collect(),
        }),
        Slopes::ByLevel(LevelSlopes {
            random: random.clone(),
            draws: 1,
            values: some(count * 3),
        }),
        Slopes::ByLevel(LevelSlopes {
            random: RandomTable {
                s_min,
                grain: Grain::Eight,
                base: vec![3; count],
                thresholds: vec![(0..count).map(|sum| sum as u32 % 200).collect()],
            },
            draws: 256,
            values: some(count * 2 * 256),
        }),
        Slopes::ByLevel(LevelSlopes {
            random,
            draws: 16,
            values: some(count * 3 * 16),
        }),
        Slopes::Soft(SoftTable {
            s_min,
            draws: 64,
            values: some(count * 64),
            slopes: some(count * 64),
        }),
    ]
}

fn machines() -> Vec<Machine> {
    let dots = Machine::best().dots;
    let mut all: Vec<Machine> = Isa::available()
        .into_iter()
        .map(|isa| Machine { isa, dots: false })
        .collect();
    if dots {
        all.push(Machine::best());
    }
    all
}

#[test]
fn strips_compute_the_formula_exactly() {
    for (geometry, active) in cases() {
        let data = data(&geometry, active);
        for slopes in kinds(&data.weights) {
            let pass = Pass {
                inputs: &data.inputs,
                weights: &data.weights,
                slopes: &slopes,
                keys: &data.keys,
                gradients: &data.gradients,
            };
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
                assert_eq!(weights, fast, "{geometry:?} {active} {machine:?}");
                for (a, b) in inputs.iter().zip(&back) {
                    assert!(a.values[..] == b.values[..], "{geometry:?} {machine:?}");
                }
            }
        }
    }
}

#[test]
fn a_slope_of_one_is_the_plain_convolution() {
    for (geometry, active) in cases() {
        let data = data(&geometry, active);
        let count = (data.weights.sum_max - data.weights.sum_min + 1) as usize;
        let slopes = Slopes::BySum(SumSlopes::shared(data.weights.sum_min, vec![1.0; count]));
        let pass = Pass {
            inputs: &data.inputs,
            weights: &data.weights,
            slopes: &slopes,
            keys: &data.keys,
            gradients: &data.gradients,
        };
        let real = |i: &Lanes<u8>| {
            let mut real = Lanes::<f32>::zeros(i.channels, i.height, i.width, i.border);
            let values = real.values.iter_mut().zip(i.values.iter());
            values.for_each(|(to, &from)| *to = f32::from(from));
            real
        };
        let inputs: Vec<Lanes<f32>> = data.inputs.iter().map(real).collect();
        let codes: Vec<f32> = data.weights.codes.iter().map(|&w| f32::from(w)).collect();
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
    let (geometry, active) = cases()[0];
    let data = data(&geometry, active);
    let slopes = &kinds(&data.weights)[0];
    let pass = Pass {
        inputs: &data.inputs,
        weights: &data.weights,
        slopes,
        keys: &data.keys,
        gradients: &data.gradients,
    };
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
