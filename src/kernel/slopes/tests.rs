//! Do the strips compute the formula, on every instruction set of this machine and for every kind of slope; does a slope of
//! one give the plain convolution's backward pass.

use super::table::{LevelSlopes, SoftTable, SumSlopes};
use super::*;
use crate::kernel::float::{backward_input_batch, backward_weights_batch, vector::Isa};
use crate::kernel::groups::prepare;
use crate::kernel::reconv::reconv_random;
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

/// One row of every group has the weight 1 and the others 0: a gradient of 1 comes back to that row as the slope of its group.
fn one_row_each(groups: usize) -> (Geometry, Vec<i8>) {
    let geometry = Geometry {
        input: network::Shape {
            channels: 9 * groups,
            height: 2,
            width: 3,
        },
        outputs: 3,
        kernel: 1,
        stride: 1,
        padding: 0,
    };
    let one = |row: usize| i8::from(row % 9 == 4);
    let codes = (0..geometry.outputs * geometry.rows()).map(|at| one(at % geometry.rows()));
    (geometry, codes.collect())
}

/// What comes back to the rows of weight 1 for a gradient of 1 in one output, summed over groups, `[pixel][lane]`.
fn returned(data: &Data, slopes: &Slopes, output: usize, machine: Machine) -> Vec<f32> {
    let geometry = &data.weights.geometry;
    let map = geometry.output();
    let mut gradient = Lanes::zeros(map.channels, map.height, map.width, 0);
    let stride = gradient.channel_stride();
    gradient.values[output * stride..(output + 1) * stride].fill(1.0);
    let pass = Pass {
        inputs: &data.inputs[..1],
        weights: &data.weights,
        slopes,
        keys: &data.keys[..1],
        gradients: &[gradient],
    };
    let input = &data.inputs[0];
    let mut back = [Lanes::zeros(input.channels, input.height, input.width, 0)];
    backward_f32(
        machine,
        &pass,
        &mut vec![0.0; data.weights.codes.len()],
        &mut back,
    );
    let rows = back[0].values.chunks(stride).skip(4).step_by(9);
    rows.fold(vec![0.0; stride], |mut total, row| {
        total.iter_mut().zip(row).for_each(|(to, from)| *to += from);
        total
    })
}

#[test]
fn slopes_by_level_meet_the_levels_that_the_forward_pass_drew() {
    let (geometry, codes) = one_row_each(4);
    let mut data = data(&geometry, 9);
    data.weights = prepare(&geometry, &codes, 9, 3);
    let (s_min, s_max) = (data.weights.sum_min, data.weights.sum_max);
    let count = (s_max - s_min + 1) as usize;
    for grain in [Grain::Eight, Grain::Sixteen] {
        let top = grain.values();
        let random = RandomTable {
            s_min,
            grain,
            base: (0..count).map(|sum| sum as u8).collect(),
            thresholds: vec![vec![top / 3 * 2; count], vec![top / 4; count]],
        };
        // The slope of a level is the level: what comes back is what was read.
        let of_sum = |sum: usize| (0..3).map(move |above| (sum + above) as f32);
        let slopes = Slopes::ByLevel(LevelSlopes {
            random: random.clone(),
            draws: 1,
            values: (0..count).flat_map(of_sum).collect(),
        });
        let map = geometry.output();
        let mut read = Lanes::zeros(map.channels, map.height, map.width, 0);
        reconv_random(
            &data.inputs[0],
            &data.weights,
            &random,
            data.keys[0],
            &mut read,
        );
        let stride = read.channel_stride();
        for machine in machines() {
            for output in 0..geometry.outputs {
                let levels = &read.values[output * stride..(output + 1) * stride];
                let levels: Vec<f32> = levels.iter().map(|&level| level as f32).collect();
                let back = returned(&data, &slopes, output, machine);
                assert_eq!(back, levels, "{grain:?} {machine:?}");
            }
        }
    }
}

#[test]
fn a_relaxed_read_meets_the_same_draw_in_both_passes() {
    let (geometry, codes) = one_row_each(1);
    let mut data = data(&geometry, 9);
    data.weights = prepare(&geometry, &codes, 9, 3);
    let (s_min, count) = (
        data.weights.sum_min,
        (data.weights.sum_max - data.weights.sum_min + 1) as usize,
    );
    let (draws, place) = (64, |sum: usize, draw: usize| (1000 * sum + draw) as f32);
    let all = (0..count).flat_map(|sum| (0..draws).map(move |draw| place(sum, draw)));
    let values: Vec<f32> = all.collect();
    let soft = SoftTable {
        s_min,
        draws,
        slopes: values.clone(),
        values,
    };
    let map = geometry.output();
    let reads = |machine: Machine| {
        let mut read = Lanes::<f32>::zeros(map.channels, map.height, map.width, 0);
        let drawn = (&soft, data.keys[0]);
        soft::added(
            machine,
            &data.inputs[0],
            &data.weights,
            drawn,
            1.0,
            &mut read,
        );
        read
    };
    let read = reads(machines()[0]);
    for machine in machines() {
        assert!(reads(machine).values[..] == read.values[..], "{machine:?}");
    }
    let stride = read.channel_stride();
    let inputs = &data.inputs[0].values[4 * stride..5 * stride];
    let slopes = Slopes::Soft(soft.clone());
    let mut seen = std::collections::BTreeSet::new();
    for output in 0..geometry.outputs {
        let values = &read.values[output * stride..(output + 1) * stride];
        for (value, &input) in values.iter().zip(inputs) {
            // The group's sum is the input of its one row, and the draw is one of those of this sum.
            assert_eq!((value / 1000.0).floor() as i32 + s_min, i32::from(input));
            seen.insert(*value as usize % 1000);
        }
        for machine in machines() {
            assert_eq!(
                returned(&data, &slopes, output, machine),
                values,
                "{machine:?}"
            );
        }
    }
    assert!(seen.len() > draws / 2 && seen.iter().all(|&draw| draw < draws));
}

#[test]
fn relaxed_sums_of_strips_are_those_of_single_reads() {
    for (geometry, active) in cases() {
        let data = data(&geometry, active);
        let Some(Slopes::Soft(soft)) = kinds(&data.weights).pop() else {
            panic!("the last kind is relaxed");
        };
        let map = geometry.output();
        let reads = |machine: Machine| {
            let mut read = Lanes::<f32>::zeros(map.channels, map.height, map.width, 0);
            read.values.fill(0.25);
            let drawn = (&soft, data.keys[1]);
            soft::added(
                machine,
                &data.inputs[1],
                &data.weights,
                drawn,
                -0.7,
                &mut read,
            );
            read
        };
        let plain = reads(machines()[0]);
        assert!(plain.values.iter().any(|&value| value != 0.25));
        for machine in machines() {
            assert!(
                reads(machine).values[..] == plain.values[..],
                "{geometry:?}"
            );
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
