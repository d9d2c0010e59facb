//! The laws every read-out must obey, run for each architecture and noise: rows of T sum to one, T is symmetric, slopes sum
//! to zero and match differences, sampling by sense amps gives T, no noise gives the hard code, slices equal the scalar law.

use super::measured::ConfusionMatrix;
use super::tests_support::{MACRO, converter, noisy};
use super::{Architecture, CurrentNoise, Kind, Readout, ReadoutDesign};
use crate::hw::partial_sum::SumRange;
use crate::hw::variation::{Law, Noise};
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

#[test]
fn every_ratio_of_the_two_noises_is_integrated_well() {
    // Flash and independent comparisons: the mean code is the sum of single-comparison probabilities, whatever the mix,
    // and a normal comparison with normal shared noise is a normal of the root sum of squares.
    for ratio in [1e-4, 0.015, 0.03, 0.2, 1.0, 30.0] {
        let (shared, each) = (0.5, 0.5 * ratio);
        let readout = placed(Architecture::Flash, Law::Normal, shared, each);
        let table = readout.table();
        let total = Noise {
            law: Law::Normal,
            sigma: f64::hypot(shared, each),
        };
        for s in MACRO.min..=MACRO.max {
            let mean: f64 = (0..table.codes).map(|k| k as f64 * table.row(s)[k]).sum();
            let expected: f64 = readout
                .thresholds
                .iter()
                .map(|t| total.cdf(f64::from(s) - t))
                .sum();
            assert!(
                (mean - expected).abs() < 1e-6,
                "{ratio} {s}: {mean} {expected}"
            );
            let at = (s - MACRO.min) as usize * table.codes;
            let slope: f64 = (0..table.codes)
                .map(|k| k as f64 * table.slope[at + k])
                .sum();
            let expected: f64 = readout
                .thresholds
                .iter()
                .map(|t| total.pdf(f64::from(s) - t))
                .sum();
            assert!(
                (slope - expected).abs() < 1e-5,
                "{ratio} {s}: {slope} {expected}"
            );
        }
    }
}

#[test]
fn current_limit_makes_outer_references_unreachable() {
    for (architecture, law, shared, each) in noises() {
        let mut design = noisy(architecture, 1.5, law, shared, each);
        design.limit = Some(5.0);
        let readout = design.place(MACRO, None).unwrap();
        let table = readout.table();
        assert_eq!(readout.code(27.0), readout.code(5.0));
        let mut rng = keyed(3, Purpose::MonteCarlo, &[]);
        let top = usize::from(readout.code(5.0));
        if each == 0.0 {
            assert!(table.row(27)[top] > 1.0 - 1e-9);
            assert_eq!(usize::from(readout.sample(27, &mut rng)), top);
        }
        let mut codes = [0; 2];
        readout.codes(&[27.0, -27.0], &mut codes);
        assert_eq!(codes, [readout.code(27.0), readout.code(-27.0)]);
    }
}

#[test]
fn measured_matrix_is_its_own_table() {
    let codes = 4;
    let row = |s: i32| {
        let centre = (f64::from(s) / 2.0).clamp(0.0, 3.0);
        let weight = |k: i32| (-2.0 * (f64::from(k) - centre).abs()).exp();
        let total: f64 = (0..codes).map(weight).sum();
        (0..codes).map(|k| weight(k) / total).collect::<Vec<f64>>()
    };
    let matrix = ConfusionMatrix {
        smallest_sum: 0,
        code_values: vec![0.0, 2.0, 4.0, 6.0],
        rows: (0..=6).map(row).collect(),
    };
    let design = ReadoutDesign {
        kind: Kind::Measured(matrix.clone()),
        current_noise: CurrentNoise::NONE,
        limit: None,
    };
    let readout = design.place(SumRange { min: 0, max: 6 }, None).unwrap();
    let table = readout.table();
    for s in 0..=6 {
        assert_eq!(table.row(s), &matrix.rows[s as usize][..]);
        let hard = usize::from(table.hard[s as usize]);
        assert_eq!(hard, matrix.hard_codes()[s as usize]);
        let mut rng = keyed(5, Purpose::MonteCarlo, &[s as u64]);
        let draws = 20_000;
        let hits = (0..draws)
            .filter(|_| usize::from(readout.sample(s, &mut rng)) == hard)
            .count();
        let p = table.row(s)[hard];
        assert!(
            (hits as f64 / f64::from(draws) - p).abs()
                < 4.5 * (p * (1.0 - p) / f64::from(draws)).sqrt()
        );
    }
    assert!(design.place(SumRange { min: -1, max: 6 }, None).is_err());
    // What a limit keeps from the read-out is read as the limit, with noise as without.
    let limited = ReadoutDesign {
        limit: Some(3.0),
        ..design
    };
    let limited = limited.place(SumRange { min: 0, max: 6 }, None).unwrap();
    let table = limited.table();
    for s in 0..=6 {
        assert_eq!(table.row(s), &matrix.rows[s.min(3) as usize][..]);
        let draws = |readout: &Readout, s: i32| -> Vec<u8> {
            let mut rng = keyed(6, Purpose::MonteCarlo, &[7]);
            (0..100).map(|_| readout.sample(s, &mut rng)).collect()
        };
        assert_eq!(draws(&limited, s), draws(&readout, s.min(3)));
    }
}

#[test]
fn ideal_read_out_is_the_identity_on_integers() {
    let design = ReadoutDesign {
        kind: Kind::Ideal,
        current_noise: CurrentNoise::NONE,
        limit: None,
    };
    let table = design.place(MACRO, None).unwrap().table();
    assert!(table.is_noise_free());
    for s in MACRO.min..=MACRO.max {
        let code = usize::from(table.hard[(s - MACRO.min) as usize]);
        assert_eq!(table.decode.value(code), s as f32);
    }
    let wide = SumRange {
        min: -384,
        max: 384,
    };
    assert!(design.place(wide, None).is_err());
}
