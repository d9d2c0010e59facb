//! Layers, inputs and slopes that the backward pass is tried on. Not responsible for what is to be true of it: `formula` (what it
//! computes), `draws` (what it meets of the forward pass).

mod draws;
mod formula;

use super::table::{LevelSlopes, SoftTable, SumSlopes};
use super::*;
use crate::hw::word_line::RowOrder;
use crate::instructions::Instructions;
use crate::kernel::groups::prepare;
use crate::kernel::tables::{Grain, RandomTable};
use crate::net::network::{self, Geometry};
use crate::rng::{Purpose, keyed};
use rand::RngExt;

/// Kernels 1, 3, 5; groups that share strips, in several tasks of 4, 4 and 1, and of 3 and 2; groups of 4, 9, 16, 64, 256 rows and of more than there are, uneven last groups, uneven numbers of outputs and pixels, and more outputs than
/// a strip meets at once, on one strip and on several; rows in both orders.
fn cases() -> Vec<(Geometry, (usize, RowOrder))> {
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
    let cases = [
        (geometry(shape(3, 5, 6), 5, 3, 1, 1), 9),
        (geometry(shape(4, 5, 5), 17, 3, 1, 1), 16),
        (geometry(shape(5, 4, 4), 3, 3, 2, 1), 64),
        (geometry(shape(2, 6, 6), 4, 5, 1, 0), 9),
        (geometry(shape(33, 1, 1), 19, 1, 1, 0), 9),
        (geometry(shape(7, 3, 3), 6, 1, 1, 0), 4),
        (geometry(shape(2, 2, 3), 32, 3, 1, 1), 9),
        (geometry(shape(2, 3, 4), 32, 3, 1, 1), 9),
        (geometry(shape(1, 3, 3), 70, 3, 1, 1), 9),
        (geometry(shape(12, 1, 1), 65, 1, 1, 0), 9),
        (geometry(shape(15, 3, 3), 70, 3, 1, 1), 64),
        (geometry(shape(57, 3, 3), 5, 3, 1, 1), 256),
        (geometry(shape(3, 3, 3), 33, 3, 1, 1), 300),
        (geometry(shape(9, 3, 3), 5, 3, 1, 1), 9),
        (geometry(shape(5, 3, 3), 150, 3, 1, 1), 9),
    ];
    let orders = [RowOrder::Consecutive, RowOrder::Interleaved];
    let in_orders =
        |(geometry, active)| orders.map(move |order: RowOrder| (geometry, (active, order)));
    cases.into_iter().flat_map(in_orders).collect()
}

struct Data {
    weights: PreparedWeights,
    inputs: Vec<Lanes<u8>>,
    gradients: Vec<Lanes<f32>>,
    keys: Vec<NoiseKey>,
}

impl Data {
    /// The backward pass of all blocks with these slopes.
    fn pass<'a>(&'a self, slopes: &'a Slopes) -> Pass<'a, f32> {
        Pass {
            inputs: &self.inputs,
            weights: &self.weights,
            slopes,
            keys: &self.keys,
            gradients: &self.gradients,
        }
    }
}

fn data(geometry: &Geometry, (active, order): (usize, RowOrder)) -> Data {
    let mut rng = keyed(3, Purpose::Pattern, &[active as u64]);
    // Signs, and in all but the first of the shortest groups larger weights.
    let most = |at: usize| {
        if active == 4 && at % geometry.rows() >= 4 {
            3
        } else {
            1
        }
    };
    let codes: Vec<i8> = (0..geometry.outputs * geometry.rows())
        .map(|at| rng.random_range(-most(at)..=most(at)))
        .collect();
    of_codes(geometry, (active, order), &codes, 3)
}

/// Random inputs up to `top` of a layer with these weights.
fn of_codes(geometry: &Geometry, groups: (usize, RowOrder), codes: &[i8], top: u8) -> Data {
    let mut rng = keyed(5, Purpose::Pattern, &[groups.0 as u64]);
    let (shape, map) = (geometry.input, geometry.output());
    let mut inputs = Vec::new();
    let mut gradients = Vec::new();
    for _ in 0..2 {
        let mut input = Lanes::<u8>::zeros(shape.channels, shape.height, shape.width, 0);
        input
            .values
            .iter_mut()
            .for_each(|a| *a = rng.random_range(0..=top));
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
        weights: prepare(geometry, codes, groups, top),
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
    // What clips: sums about 0, and all beyond them read alike; tables go on beyond the sums that occur.
    let middle = some(15);
    let clipped = |margin: usize| -> Vec<f32> {
        let first = s_min - margin as i32;
        let slope = |at: usize| match first + at as i32 {
            s @ -7..=7 => middle[(s + 7) as usize],
            _ => 0.0,
        };
        (0..count + 2 * margin).map(slope).collect()
    };
    let (of_clipped, of_all) = (clipped(0), some(count + 5));
    let level_slopes = some(count * 3);
    let random = RandomTable {
        s_min,
        grain: Grain::Sixteen,
        base: vec![0; count],
        // Of every sum its own, with equal high bytes, low bytes of all sizes, and none.
        thresholds: vec![
            (0..count as u32)
                .map(|sum| 65_535 - 97 * (sum % 500))
                .collect(),
            (0..count as u32)
                .map(|sum| 12_345 + sum % 5 * 256 + sum % 7)
                .collect(),
            (0..count as u32).map(|sum| sum % 2 * 11_000).collect(),
        ],
    };
    vec![
        Slopes::BySum(SumSlopes::shared(s_min, some(count))),
        Slopes::BySum(SumSlopes {
            s_min,
            tables: vec![some(count), some(count)],
            of_output: (0..outputs).map(|output| output % 2).collect(),
        }),
        Slopes::BySum(SumSlopes::shared(s_min - 3, clipped(3))),
        Slopes::BySum(SumSlopes {
            s_min,
            tables: vec![of_clipped, of_all],
            of_output: (0..outputs).map(|output| output % 2).collect(),
        }),
        Slopes::ByLevel(LevelSlopes {
            random: RandomTable {
                s_min,
                grain: Grain::Sixteen,
                base: vec![1; count],
                thresholds: [60_000, 3_000]
                    .iter()
                    .map(|&below| {
                        let near = |at: usize| (s_min + at as i32).clamp(-9, 9) + 10;
                        (0..count).map(|at| below / 20 * near(at) as u32).collect()
                    })
                    .collect(),
            },
            draws: 1,
            values: level_slopes,
        }),
        Slopes::ByLevel(LevelSlopes {
            random: random.clone(),
            draws: 1,
            values: some(count * 4),
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
            values: some(count * 4 * 16),
        }),
        Slopes::Soft(SoftTable {
            s_min,
            draws: 64,
            values: some(count * 64),
            slopes: some(count * 64),
        }),
    ]
}

/// Every instruction set for the products beside plain gradients of sums, and the best one beside every form of those.
fn machines() -> Vec<Machine> {
    let products = Instructions::all_available().map(|products| Machine {
        products,
        partial_sums: Instructions::Plain,
    });
    let partial_sums = Instructions::all_available().map(|partial_sums| Machine {
        products: Instructions::best(),
        partial_sums,
    });
    products.chain(partial_sums).collect()
}
