//! The digital side on every instruction set against its definition, one value at a time and bit for bit.

use imcsim::hw::readout::table::Decode;
use imcsim::kernel::elementwise::{activate_with, add_decoded_with, max_pool_with, to_float_with};
use imcsim::kernel::groups::Backend;
use imcsim::kernel::lanes::{LANES, Lanes};
use imcsim::rng::{Purpose, keyed};
use rand::RngExt;
use rand_pcg::Pcg64Mcg;

const ALL: [Backend; 4] = [
    Backend::Scalar,
    Backend::Portable,
    Backend::Avx2,
    Backend::Avx512,
];

/// Calls `question` with random numbers and a backend, for every backend of this processor and many cases each.
fn ask(question: impl Fn(&mut Pcg64Mcg, Backend)) {
    for backend in ALL.into_iter().filter(|backend| backend.available()) {
        for number in 0..300 {
            question(&mut keyed(21, Purpose::Pattern, &[number]), backend);
        }
    }
}

/// Sums as they come from a macro, and what no macro gives: ties, the edges of rounding, infinities, no number.
fn sums(random: &mut Pcg64Mcg, len: usize) -> Vec<f32> {
    let edges = [
        0.49999997,
        -0.49999997,
        0.5,
        1.5,
        2.5,
        -0.5,
        f32::MAX,
        f32::MIN,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
        -0.0,
    ];
    let one = |random: &mut Pcg64Mcg| match random.random_range(0..4) {
        0 => edges[random.random_range(0..edges.len())],
        1 => random.random_range(-20_000i32..20_000) as f32 / 2.0,
        _ => 200.0 * (random.random::<f32>() - 0.5),
    };
    (0..len).map(|_| one(random)).collect()
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn codes_are_the_rounded_and_clamped_line() {
    ask(|random, backend| {
        let len = LANES * random.random_range(1..=9usize);
        let sums = sums(random, len);
        let (scale, shift, top) = match random.random_range(0..3) {
            0 => (
                1.0,
                0.0,
                [1, 3, 7, 127, 255][random.random_range(0..5usize)],
            ),
            _ => (
                random.random::<f32>() - 0.5,
                8.0 * random.random::<f32>() - 4.0,
                random.random_range(1..=127u8),
            ),
        };
        let define = |sum: &f32| {
            let product = std::hint::black_box(sum * scale);
            // What is no number becomes code 0.
            (product + shift + 0.5).floor().max(0.0).min(f32::from(top)) as u8
        };
        let expected: Vec<u8> = sums.iter().map(define).collect();
        let mut codes = vec![99; len];
        activate_with(backend, &mut codes, &sums, scale, shift, top);
        assert_eq!(codes, expected, "{backend:?} {scale} {shift} {top}");
    });
}

#[test]
fn decoded_sums_are_added_unfused() {
    ask(|random, backend| {
        let len = random.random_range(1..=300usize);
        let decode = Decode {
            base: 20.0 * (random.random::<f32>() - 0.5),
            step: 3.0 * random.random::<f32>(),
            levels: vec![0],
        };
        let groups = random.random_range(1..=911usize);
        let factor = [1.0, 2.0, -1.0, 0.1][random.random_range(0..4usize)];
        let levels: Vec<i32> = (0..len).map(|_| random.random_range(0..=232_305)).collect();
        let before: Vec<f32> = (0..len).map(|_| 1e4 * random.random::<f32>()).collect();
        let define = |(sum, &level): (&f32, &i32)| {
            let base = std::hint::black_box(decode.base * groups as f32);
            let value = base + std::hint::black_box(decode.step * level as f32);
            sum + std::hint::black_box(factor * value)
        };
        let expected: Vec<f32> = before.iter().zip(&levels).map(define).collect();
        let mut sums = before.clone();
        add_decoded_with(backend, &mut sums, &levels, &decode, groups, factor);
        assert_eq!(bits(&sums), bits(&expected), "{backend:?}");
    });
}

#[test]
fn integers_become_the_nearest_floats() {
    ask(|random, backend| {
        let len = random.random_range(1..=300usize);
        let levels: Vec<i32> = (0..len).map(|_| random.random()).collect();
        let expected: Vec<f32> = levels
            .iter()
            .map(|&level| f64::from(level) as f32)
            .collect();
        let mut sums = vec![f32::NAN; len];
        to_float_with(backend, &mut sums, &levels);
        assert_eq!(bits(&sums), bits(&expected), "{backend:?}");
    });
}

#[test]
fn pooling_keeps_the_largest_code_of_a_window() {
    ask(|random, backend| {
        let edge = random.random_range(2..=4usize);
        let mut size = || edge * random.random_range(1..=3usize) + random.random_range(0..edge);
        let (height, width) = (size(), size());
        let channels = random.random_range(1..=3usize);
        let mut border = || random.random_range(0..=2usize);
        let (outer, inner) = (border(), border());
        let mut codes = Lanes::<u8>::zeros(channels, height, width, outer);
        let mut small = Lanes::<u8>::zeros(channels, height / edge, width / edge, inner);
        let empty = small.values.len();
        for channel in 0..channels {
            for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
                random.fill(codes.pixel_mut(channel, y, x));
            }
        }
        max_pool_with(backend, &mut small, &codes, edge);
        for channel in 0..channels {
            for (y, x) in (0..small.height).flat_map(|y| (0..width / edge).map(move |x| (y, x))) {
                for lane in 0..LANES {
                    let window = (0..edge * edge).map(|tap| {
                        let (y, x) = (y * edge + tap / edge, x * edge + tap % edge);
                        codes.pixel(channel, y, x)[lane]
                    });
                    let found = small.pixel(channel, y, x)[lane];
                    assert_eq!(Some(found), window.max(), "{backend:?} {channel} {y} {x}");
                }
            }
        }
        // The border stays zero: clearing the pixels must leave nothing.
        for channel in 0..channels {
            for (y, x) in (0..small.height).flat_map(|y| (0..width / edge).map(move |x| (y, x))) {
                small.pixel_mut(channel, y, x).fill(0);
            }
        }
        assert!(small.values.iter().all(|&code| code == 0) && small.values.len() == empty);
    });
}
