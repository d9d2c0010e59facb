//! Every instruction set against the scalar definition: table lookups, random codes, plain convolution, virtual chips.

use super::{FAST, KEY, case, code_table, geometry, level_table, random_case};
use imcsim::hw::word_line::RowOrder;
use imcsim::kernel::analog::{AnalogLayer, ChipReadout, reconv_analog_with};
use imcsim::kernel::exact::exact_with;
use imcsim::kernel::groups::{Backend, GroupPlan};
use imcsim::kernel::lanes::Lanes;
use imcsim::kernel::reconv::{reconv, reconv_of, reconv_random, reconv_random_of};
use imcsim::kernel::tables::{Grain, LevelTable, RandomTable};
use imcsim::rng::{Purpose, keyed};
use rand::RngExt;

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
fn read_outs_clip_alike_on_every_backend() {
    let mut wide = 0;
    for number in 0..90 {
        let (case, mut random) = random_case(4000 + number);
        let scalar = case.prepared(Backend::Scalar);
        let mut law = code_table(&scalar, 15, 3, &mut random);
        // All sums beyond two ends are read as the ends are.
        let count = law.hard.len();
        let reach = [0, 5, 15, 16, 40, 127, 128][number as usize % 7].min(count - 1);
        let first = random.random_range(0..count - reach);
        wide += usize::from(scalar.sum_max - scalar.sum_min > 128 && reach < 128);
        for index in 0..count {
            let end = index.clamp(first, first + reach);
            law.hard[index] = law.hard[end];
            law.pmf.copy_within(end * 15..(end + 1) * 15, index * 15);
        }
        let weights = FAST.into_iter().filter(|backend| backend.available());
        let weights: Vec<_> = weights.map(|backend| case.prepared(backend)).collect();
        let (mut expected, mut sums) = (case.sums(), case.sums());
        reconv(&case.input, &scalar, &LevelTable::new(&law), &mut expected);
        for weights in &weights {
            reconv(&case.input, weights, &LevelTable::new(&law), &mut sums);
            let backend = weights.backend();
            assert!(
                sums.values[..] == expected.values[..],
                "case {number} {backend:?}"
            );
        }
        for grain in [Grain::Eight, Grain::Sixteen] {
            let table = RandomTable::rounded(&law, grain);
            reconv_random(&case.input, &scalar, &table, KEY, &mut expected);
            for weights in &weights {
                reconv_random(&case.input, weights, &table, KEY, &mut sums);
                let backend = weights.backend();
                let is_same = sums.values[..] == expected.values[..];
                assert!(is_same, "case {number} {backend:?} {grain:?}");
            }
        }
    }
    assert!(
        wide > 3,
        "only {wide} layers had more sums than are shuffled"
    );
}

#[test]
fn some_outputs_read_as_among_all_and_leave_the_others() {
    for number in 0..60 {
        let (case, mut random) = random_case(2000 + number);
        let law = code_table(&case.prepared(Backend::Scalar), 15, 4, &mut random);
        let (fixed, drawn) = (
            LevelTable::new(&law),
            RandomTable::rounded(&law, Grain::Eight),
        );
        let mut some: Vec<usize> = (0..case.geometry.outputs)
            .filter(|_| random.random_range(0..3) > 0)
            .collect();
        some.reverse();
        let fast = FAST.into_iter().filter(|backend| backend.available());
        for backend in fast.chain([Backend::Scalar]) {
            let weights = case.prepared(backend);
            let [mut all, mut all_drawn, mut part, mut part_drawn] = [(); 4].map(|()| case.sums());
            reconv(&case.input, &weights, &fixed, &mut all);
            reconv_random(&case.input, &weights, &drawn, KEY, &mut all_drawn);
            reconv_of(&case.input, &weights, &fixed, &some, &mut part);
            reconv_random_of(&case.input, &weights, (&drawn, KEY), &some, &mut part_drawn);
            let untouched = case.sums();
            let stride = all.channel_stride();
            for output in 0..case.geometry.outputs {
                let own = output * stride..(output + 1) * stride;
                let (expected, expected_drawn) = match some.contains(&output) {
                    true => (&all, &all_drawn),
                    false => (&untouched, &untouched),
                };
                let same = part.values[own.clone()] == expected.values[own.clone()]
                    && part_drawn.values[own.clone()] == expected_drawn.values[own];
                assert!(same, "case {number} {backend:?} output {output}");
            }
        }
    }
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
    let mut several = 0;
    for number in 0..60 {
        let (case, mut random) = random_case(3000 + number);
        let (outputs, rows) = (case.geometry.outputs, case.geometry.rows());
        let mut near = |spread: f32, len: usize| -> Vec<f32> {
            (0..len)
                .map(|_| spread * (2.0 * random.random::<f32>() - 1.0))
                .collect()
        };
        let mut weights = near(1.0, outputs * rows);
        let codes = [1, 2, 4, 8, 15, 16, 17, 31, 32, 33, 64][number as usize % 11];
        let groups = rows.div_ceil(case.active);
        let groups_per_tile = [usize::MAX, 1, 3, 5][number as usize % 4];
        let tiles = groups.div_ceil(groups_per_tile);
        several += usize::from(tiles > 1);
        let mut thresholds = near(6.0, tiles * outputs * (codes - 1));
        // A weight that makes sums infinite, and no number at an input of 0.
        if number % 9 == 4 {
            weights[0] = f32::INFINITY;
        }
        // Thresholds that coincide, are met exactly or can never be met.
        for (index, threshold) in thresholds.iter_mut().enumerate() {
            match index % 7 {
                0 => *threshold = threshold.round(),
                1 => *threshold = 0.0,
                2 => *threshold = f32::INFINITY,
                3 => *threshold = f32::NAN,
                _ => (),
            }
        }
        // Every other read-out has its numbers for levels, which need no lookup.
        let levels: Vec<u8> = match number / 11 % 2 {
            0 => (0..codes as u8).collect(),
            _ => (0..codes).map(|_| random.random_range(0..=255)).collect(),
        };
        let layer = AnalogLayer {
            weights: &weights,
            geometry: &case.geometry,
            plan: case.prepared(Backend::Scalar).plan,
            readout: ChipReadout {
                thresholds: &thresholds,
                groups_per_tile,
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
                "case {number} {backend:?} {codes} codes, {tiles} row tiles"
            );
        }
    }
    assert!(several > 15, "only {several} layers had several row tiles");
}

#[test]
fn every_row_tile_is_read_with_its_own_thresholds() {
    // Groups of two rows, two groups per tile: each tile on its own is the former read-out of a shorter layer.
    let mut random = keyed(8, Purpose::Pattern, &[]);
    let (outputs, codes, tile_rows) = (3, 15, 4);
    let case = case(
        geometry((10, 2, 3), outputs, (1, 1, 0)),
        2,
        1,
        3,
        &mut random,
    );
    let mut near =
        |len: usize| -> Vec<f32> { (0..len).map(|_| random.random_range(-4.0..4.0)).collect() };
    let (weights, thresholds) = (near(outputs * 10), near(3 * outputs * (codes - 1)));
    let levels: Vec<u8> = (0..codes as u8).collect();
    let read = |input: &Lanes<u8>, weights: &[f32], thresholds: &[f32], groups_per_tile| {
        let rows = input.channels;
        let layer = AnalogLayer {
            weights,
            geometry: &geometry((rows, 2, 3), outputs, (1, 1, 0)),
            plan: GroupPlan {
                rows,
                active: 2,
                order: RowOrder::Consecutive,
            },
            readout: ChipReadout {
                thresholds,
                groups_per_tile,
                levels: &levels,
                highest: None,
            },
        };
        let mut sums = case.sums();
        reconv_analog_with(Backend::Scalar, input, &layer, &mut sums);
        sums.values.to_vec()
    };
    let mut expected = vec![0; case.sums().values.len()];
    for (tile, thresholds) in thresholds.chunks(outputs * (codes - 1)).enumerate() {
        let rows = tile * tile_rows..((tile + 1) * tile_rows).min(10);
        let mut input = Lanes::zeros(rows.len(), 2, 3, 0);
        for (channel, row) in rows.clone().enumerate() {
            for (y, x) in (0..2).flat_map(|y| (0..3).map(move |x| (y, x))) {
                let codes = case.input.pixel(row, y, x);
                input.pixel_mut(channel, y, x).copy_from_slice(codes);
            }
        }
        let own: Vec<f32> = weights
            .chunks(10)
            .flat_map(|w| w[rows.clone()].to_vec())
            .collect();
        let part = read(&input, &own, thresholds, usize::MAX);
        expected.iter_mut().zip(part).for_each(|(e, p)| *e += p);
    }
    assert!(read(&case.input, &weights, &thresholds, 2) == expected);
}
