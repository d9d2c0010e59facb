//! Do all implementations of the integer kernels give the integers of the scalar definition, and does the noise follow
//! its law?

use imcsim::hw::readout::table::{CodeTable, Decode};
use imcsim::kernel::analog::{AnalogLayer, ChipReadout, reconv_analog_with};
use imcsim::kernel::exact::exact_with;
use imcsim::kernel::groups::{Backend, PreparedWeights, prepare};
use imcsim::kernel::histogram::group_histogram;
use imcsim::kernel::lanes::{LANES, Lanes};
use imcsim::kernel::reconv::{reconv, reconv_random, reconv_random_split, reconv_split};
use imcsim::kernel::stream::NoiseKey;
use imcsim::kernel::tables::{Grain, LevelTable, RandomTable, TOLERANCE};
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
    max_input_code: u8,
    input: Lanes<u8>,
}

impl Case {
    fn prepared(&self, backend: Backend) -> PreparedWeights {
        prepare(
            &self.geometry,
            &self.codes,
            self.active,
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
    let case = case(geometry, active, max_weight, max_input_code, &mut random);
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
    }
}

const KEY: NoiseKey = NoiseKey {
    seed: 3,
    layer: 2,
    block: 5,
    repeat: 1,
    conversion: 0,
};

#[test]
fn every_backend_gives_the_scalar_levels() {
    for number in 0..90 {
        let (case, mut random) = random_case(number);
        let scalar = case.prepared(Backend::Scalar);
        let max_level = [1, 14, 63, 255][random.random_range(0..4usize)];
        let table = level_table(&scalar, max_level, &mut random);
        let mut expected = case.sums();
        reconv(&case.input, &scalar, &table, &mut expected);
        for backend in FAST.into_iter().filter(|backend| backend.available()) {
            let mut sums = case.sums();
            reconv(&case.input, &case.prepared(backend), &table, &mut sums);
            assert!(
                sums.values[..] == expected.values[..],
                "case {number} {backend:?} {:?}",
                case.geometry
            );
        }
    }
}

#[test]
fn every_backend_draws_the_scalar_codes() {
    for number in 0..60 {
        let (case, mut random) = random_case(1000 + number);
        let scalar = case.prepared(Backend::Scalar);
        let span = [2, 4, 9][number as usize % 3];
        let law = code_table(&scalar, 15, span, &mut random);
        for grain in [Grain::Eight, Grain::Sixteen] {
            let table = RandomTable::rounded(&law, grain);
            let mut expected = case.sums();
            reconv_random(&case.input, &scalar, &table, KEY, &mut expected);
            for backend in FAST.into_iter().filter(|backend| backend.available()) {
                let mut sums = case.sums();
                reconv_random(&case.input, &case.prepared(backend), &table, KEY, &mut sums);
                assert!(
                    sums.values[..] == expected.values[..],
                    "case {number} {backend:?} {grain:?}"
                );
            }
        }
    }
}

#[test]
fn a_law_without_noise_is_the_noise_free_table() {
    let (case, mut random) = random_case(4);
    let weights = prepare(
        &case.geometry,
        &case.codes,
        case.active,
        case.max_input_code,
    );
    let law = code_table(&weights, 15, 1, &mut random);
    let (mut fixed, mut drawn) = (case.sums(), case.sums());
    reconv(&case.input, &weights, &LevelTable::new(&law), &mut fixed);
    let table = RandomTable::new(&law, TOLERANCE);
    reconv_random(&case.input, &weights, &table, KEY, &mut drawn);
    assert!(fixed.values[..] == drawn.values[..]);
}

#[test]
fn long_sums_spill_without_loss() {
    // 8192 rows in groups of 9 at level 255 pass both the byte and the 16-bit accumulators.
    let mut random = keyed(1, Purpose::Pattern, &[]);
    let case = case(geometry((8192, 1, 1), 6, (1, 1, 0)), 9, 1, 3, &mut random);
    for backend in FAST.into_iter().filter(|backend| backend.available()) {
        let weights = case.prepared(backend);
        let entries = (weights.sum_max - weights.sum_min + 1) as usize;
        let table = LevelTable {
            s_min: weights.sum_min,
            levels: vec![255; entries],
        };
        let mut sums = case.sums();
        reconv(&case.input, &weights, &table, &mut sums);
        assert!(
            sums.values.iter().all(|&sum| sum == 911 * 255),
            "{backend:?}"
        );
    }
}

#[test]
fn drawn_levels_follow_the_law() {
    let mut random = keyed(2, Purpose::Pattern, &[]);
    let case = case(geometry((1, 12, 12), 64, (3, 1, 1)), 9, 1, 3, &mut random);
    let weights = prepare(&case.geometry, &case.codes, 9, 3);
    let law = code_table(&weights, 15, 4, &mut random);
    let table = RandomTable::new(&law, TOLERANCE);
    assert!(table.error(&law) <= TOLERANCE);
    let identity = LevelTable {
        s_min: weights.sum_min,
        levels: (0..=(weights.sum_max - weights.sum_min) as u8).collect(),
    };
    let (mut sums, mut drawn) = (case.sums(), case.sums());
    reconv(&case.input, &weights, &identity, &mut sums);
    let mut counts = vec![[0f64; 15]; identity.levels.len()];
    let repeats = 8;
    for repeat in 0..repeats {
        reconv_random(
            &case.input,
            &weights,
            &table,
            NoiseKey { repeat, ..KEY },
            &mut drawn,
        );
        for (&s, &level) in sums.values.iter().zip(drawn.values.iter()) {
            counts[s as usize][level as usize] += 1.0;
        }
    }
    let mut cells = 0;
    for (index, row) in counts.iter().enumerate() {
        let draws: f64 = row.iter().sum();
        let rounded = table.law(weights.sum_min + index as i32);
        for (&count, &p) in row.iter().zip(&rounded) {
            let sigma = (draws * p * (1.0 - p)).sqrt();
            assert!(
                (count - draws * p).abs() <= 4.5 * sigma + 1e-9,
                "sum {index}: {count} of {draws} at {p}"
            );
            cells += usize::from(sigma > 3.0);
        }
    }
    assert!(cells > 80, "only {cells} cells were populated");
}

#[test]
fn threads_change_nothing() {
    let (case, mut random) = random_case(7);
    let weights = prepare(
        &case.geometry,
        &case.codes,
        case.active,
        case.max_input_code,
    );
    let law = code_table(&weights, 15, 3, &mut random);
    let (levels, table) = (LevelTable::new(&law), RandomTable::new(&law, TOLERANCE));
    let (mut fixed, mut drawn) = (case.sums(), case.sums());
    reconv(&case.input, &weights, &levels, &mut fixed);
    reconv_random(&case.input, &weights, &table, KEY, &mut drawn);
    for threads in [1, 2, 3] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("a small pool");
        let (mut a, mut b) = (case.sums(), case.sums());
        pool.install(|| {
            reconv_split(&case.input, &weights, &levels, &mut a);
            reconv_random_split(&case.input, &weights, &table, KEY, &mut b);
        });
        assert!(
            a.values[..] == fixed.values[..] && b.values[..] == drawn.values[..],
            "{threads} threads"
        );
    }
}

#[test]
fn histogram_counts_every_partial_sum_once() {
    let (case, _) = random_case(3);
    let weights = case.prepared(Backend::Scalar);
    let range = weights.sum_min..=weights.sum_max;
    let counts = group_histogram(&case.input, &weights, LANES, range, 1);
    let map = case.geometry.output();
    let expected = map.len() * weights.plan.groups() * LANES;
    assert_eq!(counts.iter().sum::<u64>(), expected as u64);
    // The mean of the histogram is the mean of the sums of an identity read-out.
    let levels = (0..counts.len()).map(|i| i.min(255) as u8).collect();
    assert!(counts.len() <= 256, "this case fits the byte levels");
    let identity = LevelTable {
        s_min: weights.sum_min,
        levels,
    };
    let mut sums = case.sums();
    reconv(&case.input, &weights, &identity, &mut sums);
    let total: i64 = sums.values.iter().map(|&sum| i64::from(sum)).sum();
    let weighted: i64 = counts
        .iter()
        .enumerate()
        .map(|(i, &n)| i as i64 * n as i64)
        .sum();
    assert_eq!(total, weighted);
}

#[test]
fn every_backend_gives_the_plain_convolution() {
    for number in 0..60 {
        let (mut case, mut random) = random_case(2000 + number);
        let outputs = random.random_range(1..=9usize);
        case.geometry.outputs = outputs;
        let len = outputs * case.geometry.rows();
        let codes: Vec<i8> = (0..len).map(|_| random.random_range(-128..=127)).collect();
        let zero = [0, 128, 255][number as usize % 3];
        for channel in 0..case.input.channels {
            for pixel in 0..case.input.height * case.input.width {
                let (y, x) = (pixel / case.input.width, pixel % case.input.width);
                random.fill(case.input.pixel_mut(channel, y, x));
            }
        }
        let mut expected = case.sums();
        let run = |backend, sums: &mut Lanes<i32>| {
            exact_with(backend, &case.input, &case.geometry, &codes, zero, sums);
        };
        run(Backend::Scalar, &mut expected);
        for backend in FAST.into_iter().filter(|backend| backend.available()) {
            let mut sums = case.sums();
            run(backend, &mut sums);
            assert!(
                sums.values[..] == expected.values[..],
                "case {number} {backend:?} {:?}",
                case.geometry
            );
        }
    }
}

#[test]
fn every_backend_reads_a_virtual_chip_alike() {
    for number in 0..60 {
        let (case, mut random) = random_case(3000 + number);
        let (outputs, rows) = (case.geometry.outputs, case.geometry.rows());
        let mut near = |spread: f32, len: usize| -> Vec<f32> {
            (0..len)
                .map(|_| spread * (2.0 * random.random::<f32>() - 1.0))
                .collect()
        };
        let weights = near(1.0, outputs * rows);
        let codes = [1, 2, 4, 8, 15, 16, 17, 31, 32, 33, 64][number as usize % 11];
        let mut thresholds = near(6.0, outputs * (codes - 1));
        // Thresholds that coincide, are met exactly or can never be met.
        for (index, threshold) in thresholds.iter_mut().enumerate() {
            match index % 7 {
                0 => *threshold = threshold.round(),
                1 => *threshold = 0.0,
                2 => *threshold = f32::INFINITY,
                _ => (),
            }
        }
        let levels: Vec<u8> = (0..codes).map(|_| random.random_range(0..=255)).collect();
        let layer = AnalogLayer {
            weights: &weights,
            geometry: &case.geometry,
            active: case.active,
            readout: ChipReadout {
                thresholds: &thresholds,
                levels: &levels,
                highest: None,
            },
        };
        let mut expected = case.sums();
        reconv_analog_with(Backend::Scalar, &case.input, &layer, &mut expected);
        for backend in FAST.into_iter().filter(|backend| backend.available()) {
            let mut sums = case.sums();
            reconv_analog_with(backend, &case.input, &layer, &mut sums);
            assert!(
                sums.values[..] == expected.values[..],
                "case {number} {backend:?} {codes} codes"
            );
        }
    }
}
