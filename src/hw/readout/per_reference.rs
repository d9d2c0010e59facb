//! Comparisons with a noise of their own at every reference: tables by hand, sampling against them, and equal numbers, which are
//! one number.

use super::tests_support::{MACRO, noisy};
use super::{Architecture, BitLineCurrent, Kind, Readout, ReadoutDesign};
use crate::hw::comparison_noise::ComparisonNoise;
use crate::hw::partial_sum::SumRange;
use crate::hw::reference::References;
use crate::hw::variation::{Law, Noise};
use crate::rng::{Purpose, keyed};

const ARCHITECTURES: [Architecture; 3] = [
    Architecture::Flash,
    Architecture::BinarySearch,
    Architecture::Ramp,
];

fn with_noise(design: &ReadoutDesign, law: Law, sigmas: &[f64]) -> ReadoutDesign {
    design.altered(|converter| {
        let noises = sigmas.iter().map(|&sigma| Noise { law, sigma });
        converter.sense_amp.noise = ComparisonNoise::PerReference(noises.collect());
    })
}

/// Normal comparison noise of these standard deviations at these thresholds, and no other.
fn by_hand(architecture: Architecture, thresholds: &[f64], sigmas: &[f64]) -> Readout {
    let listed = References::List {
        thresholds: thresholds.to_vec(),
        values: None,
    };
    let design = noisy(architecture, 1.5, Law::Normal, 0.0, 0.0).with_references(listed);
    let design = with_noise(&design, Law::Normal, sigmas);
    design.place(SumRange { min: -3, max: 3 }, None).unwrap()
}

/// Fourteen standard deviations, not mirrored, the largest ten times the smallest.
fn unequal() -> Vec<f64> {
    (0..14)
        .map(|k| 0.1 + 0.9 * f64::from(k * 5 % 14) / 13.0)
        .collect()
}

#[test]
fn tables_are_those_of_the_hand() {
    // Phi(2), Phi(-1), Phi(4), Phi(1 / 0.75).
    let (p, q) = (0.977_249_868, 0.158_655_254);
    let (far, sign) = (0.999_968_329, 0.908_788_780);
    let flash = |p: f64, q: f64| [(1.0 - p) * (1.0 - q), p + q - 2.0 * p * q, p * q];
    let ramp = |p: f64, q: f64| [1.0 - p, p * (1.0 - q), p * q];
    let search = |sign: f64, p: f64, q: f64| {
        [
            (1.0 - sign) * (1.0 - p),
            (1.0 - sign) * p + sign * (1.0 - q),
            sign * q,
        ]
    };
    for (architecture, at_0, at_1) in [
        (Architecture::Flash, flash(p, q), flash(far, 0.5)),
        (Architecture::Ramp, ramp(p, q), ramp(far, 0.5)),
        (
            Architecture::BinarySearch,
            search(0.5, p, q),
            search(sign, far, 0.5),
        ),
    ] {
        let table = by_hand(architecture, &[-1.0, 1.0], &[0.5, 1.0]).table();
        for (s, row) in [(0, at_0), (1, at_1)] {
            for (found, expected) in table.row(s).iter().zip(row) {
                assert!(
                    (found - expected).abs() < 1e-8,
                    "{architecture:?} {s}: {found}"
                );
            }
        }
    }
    // Without a sign: reference 1 first, then 0 or 2. Phi(-2), Phi(1), Phi(-1.5).
    let table = by_hand(
        Architecture::BinarySearch,
        &[0.5, 1.5, 2.5],
        &[0.5, 0.25, 1.0],
    )
    .table();
    let (first, below, above) = (1.0 - p, 1.0 - q, 0.066_807_201);
    let row = [
        (1.0 - first) * (1.0 - below),
        (1.0 - first) * below,
        first * (1.0 - above),
        first * above,
    ];
    for (found, expected) in table.row(1).iter().zip(row) {
        assert!((found - expected).abs() < 1e-8, "{found} {expected}");
    }
}

#[test]
fn equal_numbers_are_the_single_number() {
    for architecture in ARCHITECTURES {
        for (law, shared, each) in [
            (Law::Normal, 0.0, 0.5),
            (Law::Logistic, 0.3, 0.4),
            (Law::Normal, 0.5, 1e-4),
            (Law::Normal, 0.5, 0.0),
        ] {
            let single = noisy(architecture, 1.5, law, shared, each);
            let listed = with_noise(&single, law, &[each; 14]).place(MACRO, None);
            let (single, listed) = (single.place(MACRO, None).unwrap(), listed.unwrap());
            assert_eq!(listed, single);
            assert_eq!(listed.table().pmf, single.table().pmf);
            assert_eq!(listed.table().slope, single.table().slope);
        }
    }
}

#[test]
fn sampling_gives_the_table() {
    const DRAWS: usize = 40_000;
    for (index, architecture) in ARCHITECTURES.into_iter().enumerate() {
        for shared in [0.0, 0.4] {
            let design = noisy(architecture, 1.5, Law::Logistic, shared, 0.0);
            let design = with_noise(&design, Law::Logistic, &unequal());
            let readout = design.place(MACRO, None).unwrap();
            let table = readout.table();
            for s in [0, 3, -8] {
                let mut rng = keyed(7, Purpose::MonteCarlo, &[index as u64, s as u64]);
                let mut counts = vec![0.0; table.codes];
                (0..DRAWS).for_each(|_| counts[usize::from(readout.sample(s, &mut rng))] += 1.0);
                close(&counts, table.row(s), DRAWS as f64, 1e-4);
                assert!((table.row(s).iter().sum::<f64>() - 1.0).abs() < 1e-9);
            }
        }
    }
}

/// Do counts agree with probabilities to five standard errors?
fn close(counts: &[f64], pmf: &[f64], draws: f64, allowed: f64) {
    for (count, p) in counts.iter().zip(pmf) {
        let error = (p * (1.0 - p) / draws).sqrt();
        let distance = (count / draws - p).abs();
        assert!(distance <= 5.0 * error + allowed, "{count} against {p}");
    }
}

#[test]
fn a_list_is_no_single_number() {
    // The mean of a flash's codes is the sum over its references, whatever else is shared.
    for shared in [0.0, 0.5, 40.0] {
        let design = noisy(Architecture::Flash, 1.5, Law::Normal, shared, 0.0);
        let readout = with_noise(&design, Law::Normal, &unequal());
        let readout = readout.place(MACRO, None).unwrap();
        let table = readout.table();
        for s in MACRO.min..=MACRO.max {
            let mean: f64 = (0..15).map(|k| k as f64 * table.row(s)[k]).sum();
            let one = |(t, sigma): (&f64, f64)| {
                let all = Noise {
                    law: Law::Normal,
                    sigma: f64::hypot(sigma, shared),
                };
                all.cdf(f64::from(s) - t)
            };
            let expected: f64 = readout.thresholds.iter().zip(unequal()).map(one).sum();
            assert!(
                (mean - expected).abs() < 2e-3,
                "{shared} {s}: {mean} {expected}"
            );
            assert!(table.row(s).iter().all(|&p| p >= 0.0));
        }
    }
}

#[test]
fn margins_over_chips_agree_with_sampling() {
    const DRAWS: usize = 40_000;
    let current = BitLineCurrent {
        mean: 2.2,
        spread: 0.0,
        noise: 0.0,
        moved: 0.0,
        reach: None,
    };
    for architecture in ARCHITECTURES {
        let design = noisy(architecture, 1.5, Law::Normal, 0.0, 0.0);
        let readout = with_noise(&design, Law::Normal, &unequal());
        let readout = readout.place(MACRO, None).unwrap();
        let mut rng = keyed(8, Purpose::MonteCarlo, &[]);
        let mut counts = vec![0.0; 15];
        for _ in 0..DRAWS {
            let code = readout.sample_over_chips(current.mean, 0.0, None, &mut rng);
            counts[usize::from(code)] += 1.0;
        }
        let pmf = readout.probabilities_over_chips(&current);
        close(&counts, &pmf, DRAWS as f64, 1e-4);
        assert_eq!(readout.sense_amp_sigma(2.2), unequal()[8]);
        assert_eq!(readout.sense_amp_sigma(-99.0), unequal()[0]);
        assert!(readout.has_separate_comparisons());
    }
}

#[test]
fn lists_scale_and_become_one_for_other_references() {
    let design = noisy(Architecture::Flash, 1.5, Law::Normal, 0.2, 0.0);
    let design = with_noise(&design, Law::Normal, &unequal());
    let doubled: Vec<f64> = unequal().iter().map(|sigma| 2.0 * sigma).collect();
    let other = with_noise(&design, Law::Normal, &doubled);
    let noise = |design: &ReadoutDesign| match &design.kind {
        Kind::Converter(converter) => converter.sense_amp.noise.clone(),
        Kind::Ideal | Kind::Measured(_) => ComparisonNoise::NONE,
    };
    assert_eq!(noise(&design.with_noise_scale(2.0)), noise(&other));
    let placed = design.place(MACRO, None).unwrap();
    assert!(placed.with_noise_scale(0.0).table().is_noise_free());
    assert_eq!(noise(&design.with_bits(4)), noise(&design));
    let three = design.with_bits(3).with_full_range();
    assert_eq!(noise(&three), noise(&design).common());
    assert!(three.place(MACRO, None).is_ok());
}

#[test]
fn another_number_of_references_is_refused() {
    let design = noisy(Architecture::Ramp, 1.5, Law::Normal, 0.0, 0.0);
    let design = with_noise(&design, Law::Normal, &unequal()[1..]);
    let error = design.place(MACRO, None).unwrap_err().to_string();
    let key = "readout.ramp.sense_amp.noise.normal.sigma_ua";
    assert!(error.starts_with(key), "{error}");
    assert!(error.contains("a list of 13: expected 14"), "{error}");
    assert!(error.contains("one number per reference"), "{error}");
}
