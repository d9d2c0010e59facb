//! What holds of a kernel as a whole: the law of the noise, independence of threads, counts of partial sums.

use super::{KEY, case, code_table, geometry, random_case};
use approx::assert_relative_eq;
use imcsim::kernel::groups::Backend;
use imcsim::kernel::histogram::{constant_variance, group_histogram, input_totals};
use imcsim::kernel::lanes::LANES;
use imcsim::kernel::reconv::{reconv, reconv_random, reconv_random_split, reconv_split};
use imcsim::kernel::stream::NoiseKey;
use imcsim::kernel::tables::{LevelTable, RandomTable, TOLERANCE};
use imcsim::rng::{Purpose, keyed};

#[test]
fn a_law_without_noise_is_the_noise_free_table() {
    let (case, mut random) = random_case(4);
    let weights = case.prepared(Backend::detect());
    let law = code_table(&weights, 15, 1, &mut random);
    let (mut fixed, mut drawn) = (case.sums(), case.sums());
    reconv(&case.input, &weights, &LevelTable::new(&law), &mut fixed);
    let table = RandomTable::new(&law, TOLERANCE);
    reconv_random(&case.input, &weights, &table, KEY, &mut drawn);
    assert!(fixed.values[..] == drawn.values[..]);
}

#[test]
fn drawn_levels_follow_the_law() {
    let mut random = keyed(2, Purpose::Pattern, &[]);
    let case = case(geometry((1, 12, 12), 64, (3, 1, 1)), 9, 1, 3, &mut random);
    let weights = case.prepared(Backend::detect());
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
    let weights = case.prepared(Backend::detect());
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
fn what_is_constant_is_the_spread_of_the_means_of_outputs_and_groups() {
    for number in [3, 5, 8] {
        let (case, _) = random_case(number);
        let weights = case.prepared(Backend::Scalar);
        let taps = weights.taps(&case.input);
        for (lanes_used, step) in [(LANES, 1), (5, 2)] {
            let corners: Vec<usize> = taps.pixels.iter().copied().step_by(step).collect();
            let looks = (corners.len() * lanes_used) as u64;
            let mut means = Vec::new();
            for output in 0..case.geometry.outputs {
                for group in 0..weights.plan.groups() {
                    let sums = corners.iter().map(|&corner| {
                        let lanes = weights.lane_sums(&case.input, &taps, (output, group, corner));
                        lanes[..lanes_used].iter().sum::<i32>()
                    });
                    means.push(f64::from(sums.sum::<i32>()) / looks as f64);
                }
            }
            let count = means.len() as f64;
            let mean = means.iter().sum::<f64>() / count;
            let spread = means.iter().map(|m| (m - mean).powi(2)).sum::<f64>() / count;
            let totals = input_totals(&case.input, &weights, lanes_used, step);
            let found = constant_variance(&weights, &totals, looks);
            assert_relative_eq!(found, spread, epsilon = 1e-9, max_relative = 1e-9);
        }
    }
}
