//! The laws every read-out must obey, run for each architecture and noise: rows of T sum to one, T is symmetric, slopes sum
//! to zero and match differences, sampling by sense amps gives T, no noise gives the hard code, slices equal the scalar law.

use super::tests_support::{MACRO, converter, noisy};
use super::{Architecture, Readout};
use crate::hw::variation::Law;
use crate::rng::{Purpose, keyed};
use approx::assert_relative_eq;

const ARCHITECTURES: [Architecture; 3] = [
    Architecture::Flash,
    Architecture::BinarySearch,
    Architecture::Ramp,
];

fn placed(architecture: Architecture, law: Law, shared: f64, each: f64) -> Readout {
    noisy(architecture, 1.5, law, shared, each)
        .place(MACRO, None)
        .unwrap()
}

fn noises() -> impl Iterator<Item = (Architecture, Law, f64, f64)> {
    let sigmas = [(0.5, 0.0), (0.0, 0.5), (0.3, 0.4)];
    ARCHITECTURES.into_iter().flat_map(move |architecture| {
        [Law::Normal, Law::Logistic]
            .into_iter()
            .flat_map(move |law| sigmas.map(|(shared, each)| (architecture, law, shared, each)))
    })
}

#[test]
fn rows_sum_to_one_and_slopes_to_zero() {
    for (architecture, law, shared, each) in noises() {
        let table = placed(architecture, law, shared, each).table();
        for s in MACRO.min..=MACRO.max {
            assert_relative_eq!(table.row(s).iter().sum::<f64>(), 1.0, epsilon = 1e-9);
            let at = (s - MACRO.min) as usize * table.codes;
            assert!(table.slope[at..at + table.codes].iter().sum::<f64>().abs() < 1e-6);
        }
    }
}

#[test]
fn tables_are_symmetric_where_the_circuit_is() {
    for (architecture, law, shared, each) in noises() {
        // A ramp starts from below, and the sign phase of a binary search gives ties to one side: only shared noise is
        // symmetric there.
        if architecture == Architecture::Ramp && each > 0.0 {
            continue;
        }
        let table = placed(architecture, law, shared, each).table();
        for s in 0..=MACRO.max {
            for code in 0..table.codes {
                assert_relative_eq!(
                    table.row(s)[code],
                    table.row(-s)[table.codes - 1 - code],
                    epsilon = 1e-9
                );
            }
        }
    }
}

#[test]
fn log_slope_matches_differences_and_stays_bounded() {
    let readout = placed(Architecture::Flash, Law::Logistic, 0.8, 0.0);
    let table = readout.table();
    let scale = readout.current_noise.line.inverse_scale();
    let probability = |x: f64, code: usize| {
        let edge = |k: usize| {
            readout
                .thresholds
                .get(k)
                .map_or(f64::INFINITY, |t| (t - x) * scale)
        };
        let low = if code == 0 {
            f64::NEG_INFINITY
        } else {
            edge(code - 1)
        };
        Law::Logistic.log_interval(low, edge(code))
    };
    for s in MACRO.min..=MACRO.max {
        for code in 0..table.codes {
            let at = (s - MACRO.min) as usize * table.codes + code;
            if table.pmf[at] < 1e-12 {
                continue;
            }
            let psi = table.slope[at] / table.pmf[at];
            let difference = (probability(f64::from(s) + 1e-5, code)
                - probability(f64::from(s) - 1e-5, code))
                / 2e-5;
            assert_relative_eq!(psi, difference, max_relative = 1e-4, epsilon = 1e-6);
            assert!(psi.abs() <= scale * 1.000_001);
        }
    }
}

#[test]
fn sampling_by_sense_amps_gives_the_table() {
    const DRAWS: usize = 40_000;
    for (index, (architecture, law, shared, each)) in noises().enumerate() {
        let readout = placed(architecture, law, shared, each);
        let table = readout.table();
        for s in [0, 4, -9, 27] {
            let mut rng = keyed(1, Purpose::MonteCarlo, &[index as u64, s as u64]);
            let mut counts = vec![0.0; table.codes];
            (0..DRAWS).for_each(|_| counts[usize::from(readout.sample(s, &mut rng))] += 1.0);
            for (count, p) in counts.iter().zip(table.row(s)) {
                let error = (p * (1.0 - p) / DRAWS as f64).sqrt();
                assert!(
                    (count / DRAWS as f64 - p).abs() <= 5.0 * error + 1e-4,
                    "{architecture:?} {law:?} s={s}: {count} against {p}"
                );
            }
        }
    }
}

#[test]
fn vanishing_noise_is_round_and_clip() {
    for (architecture, law) in ARCHITECTURES
        .into_iter()
        .flat_map(|a| [(a, Law::Normal), (a, Law::Logistic)])
    {
        for (shared, each) in [(1e-4, 0.0), (0.0, 1e-4), (0.0, 0.0)] {
            // Thresholds at 0.25 + 1.5 k fall on no integer.
            let table = placed(architecture, law, shared, each).table();
            for s in MACRO.min..=MACRO.max {
                let code = (f64::from(s) / 1.5).round().clamp(-7.0, 7.0) + 7.0;
                assert_eq!(table.hard[(s - MACRO.min) as usize], code as u8);
                assert!(table.row(s)[code as usize] > 1.0 - 1e-9);
            }
        }
    }
}

#[test]
fn mean_slope_is_near_one_inside_the_range() {
    // Logistic noise with scale 0.3 steps: m'(s) lies in [0.93, 1.07].
    let step = 1.5;
    let sigma = 0.3 * step * std::f64::consts::PI / 3f64.sqrt();
    let table = noisy(Architecture::Flash, step, Law::Logistic, sigma, 0.0)
        .place(MACRO, None)
        .unwrap()
        .table();
    for s in -7..=7 {
        let at = (s - MACRO.min) as usize * table.codes;
        let slope: f64 = (0..table.codes)
            .map(|k| f64::from(table.decode.value(k)) * table.slope[at + k])
            .sum();
        assert!((0.93..=1.07).contains(&slope), "m'({s}) = {slope}");
    }
}

#[test]
fn slices_equal_the_scalar_law_and_ties_give_one() {
    for architecture in ARCHITECTURES {
        let readout = converter(architecture, 3).place(MACRO, None).unwrap();
        let currents: Vec<f32> = (-300..=300).map(|x| x as f32 * 0.1).collect();
        let mut codes = vec![0; currents.len()];
        readout.codes(&currents, &mut codes);
        let scalar: Vec<u8> = currents
            .iter()
            .map(|&x| readout.code(f64::from(x)))
            .collect();
        assert_eq!(codes, scalar);
        assert!(codes.windows(2).all(|pair| pair[0] <= pair[1]));
        assert_eq!(readout.code(readout.thresholds[2]), 3);
    }
}
