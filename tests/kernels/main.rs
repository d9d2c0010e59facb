//! Do all implementations of the kernels give the numbers of the scalar definition, and does the noise follow its law?
//!
//! Here are the random layers that all the questions are asked about.

mod backends;
mod elementwise;
mod whole;

use imcsim::hw::readout::table::{CodeTable, Decode};
use imcsim::hw::word_line::RowOrder;
use imcsim::kernel::groups::{Backend, PreparedWeights, prepare};
use imcsim::kernel::lanes::Lanes;
use imcsim::kernel::stream::NoiseKey;
use imcsim::kernel::tables::LevelTable;
use imcsim::net::network::{Geometry, Shape};
use imcsim::rng::{Purpose, keyed};
use rand::RngExt;
use rand_pcg::Pcg64Mcg;

const FAST: [Backend; 3] = [Backend::Portable, Backend::Avx2, Backend::Avx512];

/// One random layer with a random input block.
struct Case {
    geometry: Geometry,
    codes: Vec<i8>,
    active: usize,
    order: RowOrder,
    max_input_code: u8,
    input: Lanes<u8>,
}

impl Case {
    fn prepared(&self, backend: Backend) -> PreparedWeights {
        prepare(
            &self.geometry,
            &self.codes,
            (self.active, self.order),
            self.max_input_code,
        )
        .with_backend(backend)
    }

    fn sums(&self) -> Lanes<i32> {
        let map = self.geometry.output();
        let mut sums = Lanes::zeros(map.channels, map.height, map.width, 0);
        sums.values.fill(-7);
        sums
    }
}

fn geometry(
    input: (usize, usize, usize),
    outputs: usize,
    kernel: (usize, usize, usize),
) -> Geometry {
    Geometry {
        input: Shape {
            channels: input.0,
            height: input.1,
            width: input.2,
        },
        outputs,
        kernel: kernel.0,
        stride: kernel.1,
        padding: kernel.2,
    }
}

fn case(
    geometry: Geometry,
    active: usize,
    max_weight: i8,
    max_input_code: u8,
    random: &mut Pcg64Mcg,
) -> Case {
    let codes = (0..geometry.outputs * geometry.rows())
        .map(|_| random.random_range(-max_weight..=max_weight))
        .collect();
    let shape = geometry.input;
    let border = geometry.padding + random.random_range(0..2usize);
    let mut input = Lanes::zeros(shape.channels, shape.height, shape.width, border);
    for channel in 0..shape.channels {
        for y in 0..shape.height {
            for x in 0..shape.width {
                for code in input.pixel_mut(channel, y, x) {
                    *code = random.random_range(0..=max_input_code);
                }
            }
        }
    }
    Case {
        geometry,
        codes,
        active,
        order: RowOrder::Consecutive,
        max_input_code,
        input,
    }
}

fn random_case(number: u64) -> (Case, Pcg64Mcg) {
    let mut random = keyed(11, Purpose::Pattern, &[number]);
    let edge = [1, 2, 3, 5][random.random_range(0..4usize)];
    let stride = random.random_range(1..=2usize);
    let padding = random.random_range(0..=edge / 2);
    let mut side = || random.random_range(edge..edge + 5);
    let input = (1, side(), side());
    let input = (random.random_range(1..=9usize), input.1, input.2);
    let outputs = random.random_range(1..=5usize);
    let geometry = geometry(input, outputs, (edge, stride, padding));
    let active = match number % 3 {
        0 => 9,
        1 => random.random_range(1..=40usize),
        _ => random.random_range(1..=256usize),
    };
    let max_weight = [1, 1, 2, 7][random.random_range(0..4usize)];
    let max_input_code = [1, 3, 3, 7, 15][random.random_range(0..5usize)];
    let order = match number % 4 {
        1 | 2 => RowOrder::Interleaved,
        _ => RowOrder::Consecutive,
    };
    let of_active = case(geometry, active, max_weight, max_input_code, &mut random);
    let case = Case { order, ..of_active };
    (case, random)
}

fn covering(weights: &PreparedWeights, random: &mut Pcg64Mcg) -> (i32, i32) {
    let mut margin = || random.random_range(0..4);
    (weights.sum_min - margin(), weights.sum_max + margin())
}

fn level_table(weights: &PreparedWeights, max_level: u8, random: &mut Pcg64Mcg) -> LevelTable {
    let (s_min, s_max) = covering(weights, random);
    let levels = (s_min..=s_max)
        .map(|_| random.random_range(0..=max_level))
        .collect();
    LevelTable { s_min, levels }
}

/// A law whose rows spread over at most `span` adjacent codes.
fn code_table(
    weights: &PreparedWeights,
    codes: usize,
    span: usize,
    random: &mut Pcg64Mcg,
) -> CodeTable {
    let (s_min, s_max) = covering(weights, random);
    let sums = (s_max - s_min + 1) as usize;
    let (mut pmf, mut hard) = (vec![0.0; sums * codes], vec![0; sums]);
    for (index, row) in pmf.chunks_mut(codes).enumerate() {
        let first = random.random_range(0..=codes - span);
        row[first..first + span]
            .iter_mut()
            .for_each(|p| *p = random.random::<f64>() + 0.01);
        let total: f64 = row.iter().sum();
        row.iter_mut().for_each(|p| *p /= total);
        hard[index] = first as u8;
    }
    CodeTable {
        s_min,
        s_max,
        codes,
        hard,
        log_pmf: vec![0.0; pmf.len()],
        slope: vec![0.0; pmf.len()],
        pmf,
        decode: Decode {
            base: 0.0,
            step: 1.0,
            levels: (0..codes as u8).collect(),
        },
        offset: 0.0,
    }
}

const KEY: NoiseKey = NoiseKey {
    seed: 3,
    layer: 2,
    block: 5,
    repeat: 1,
    conversion: 0,
};
