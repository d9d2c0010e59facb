//! Slopes without draws: scores, slopes of the mean, ReinMax, lattice.

use super::{
    MACRO, assert_close, at, logistic, logistic_readout, mixed, mixed_readout, uneven_readout,
};
use imcsim::hw::readout::Architecture;
use imcsim::hw::readout::table::CodeTable;
use imcsim::train::mvm::{CodeLaw, Estimator, Slopes, mean_slopes, mean_values, slopes};

fn by_sum(table: &CodeTable, estimator: Estimator) -> Vec<f64> {
    match slopes(table, estimator, 1, &[]) {
        Slopes::BySum(list) => list.into_iter().map(f64::from).collect(),
        other => panic!("one factor per sum, not {other:?}"),
    }
}

/// Scores of all codes but the `rarest` against the central difference of log T; thresholds that move down are a sum that
/// moves up. Tables made by quadrature have no more than sixteen digits after the point.
fn check_scores(table: &CodeTable, moved: impl Fn(f64) -> CodeTable, rarest: f64) {
    let step = 1e-3;
    let (up, down) = (moved(-step), moved(step));
    for s in MACRO.min..=MACRO.max {
        let law = CodeLaw::of(table, at(s));
        let mut mean = 0.0;
        for (k, &code) in law.codes.iter().enumerate() {
            let place = at(s) * table.codes + code;
            let difference = (up.log_pmf[place] - down.log_pmf[place]) / (2.0 * step);
            let off = (difference - law.scores[k]).abs();
            let is_rare = law.pmf[k] < rarest;
            assert!(
                is_rare || off <= 1e-4 * difference.abs().max(0.1),
                "s {s}, code {code}: {} {difference}",
                law.scores[k]
            );
            mean += law.pmf[k] * law.scores[k];
        }
        assert!(mean.abs() < 1e-6, "s {s}: mean score {mean}");
    }
}

#[test]
fn scores_are_slopes_of_the_logarithm_and_have_mean_zero() {
    for scale in [0.3, 0.6] {
        let moved = |by: f64| logistic_readout(1.5, scale, by).table();
        check_scores(&logistic(1.5, scale), moved, 0.0);
    }
    for architecture in [Architecture::Flash, Architecture::Ramp] {
        let moved = |by: f64| mixed(architecture, by);
        check_scores(&mixed(architecture, 0.0), moved, 1e-8);
    }
    // A signed search takes its sign from thresholds that mirror each other: what moves is the current. Comparisons of its own at
    // every reference in all of them.
    for readout in [
        mixed_readout(Architecture::BinarySearch, 1.5, 1.0, 0.0),
        uneven_readout(Architecture::BinarySearch),
        uneven_readout(Architecture::Flash),
        uneven_readout(Architecture::Ramp),
    ] {
        let moved = |by: f64| readout.with_offset(-by).table();
        check_scores(&readout.table(), moved, 1e-8);
    }
}

/// Least and largest slope of the mean over one step, far from the ends.
fn ripple(ratio: f64) -> (f64, f64) {
    let slope = |part: i32| {
        let table = logistic_readout(1.0, ratio, f64::from(part) / 200.0).table();
        mean_slopes(&table)[at(0)]
    };
    let slopes: Vec<f64> = (0..200).map(slope).collect();
    let least = slopes.iter().copied().fold(f64::INFINITY, f64::min);
    (least, slopes.iter().copied().fold(0.0, f64::max))
}

#[test]
fn ripple_of_the_mean_slope_is_the_published_one() {
    let published = [
        (0.05, 0.002, 5.0, 0.0005, 0.05),
        (0.10, 0.13, 2.50, 0.005, 0.005),
        (0.15, 0.44, 1.68, 0.005, 0.005),
        (0.20, 0.71, 1.32, 0.005, 0.005),
        (0.30, 0.94, 1.06, 0.005, 0.005),
        (0.50, 0.998, 1.002, 0.0005, 0.0005),
    ];
    for (ratio, least, largest, room_below, room_above) in published {
        let found = ripple(ratio);
        println!("m' at {ratio}: {:.4} .. {:.4}", found.0, found.1);
        assert!((found.0 - least).abs() <= room_below, "{ratio}: {found:?}");
        assert!(
            (found.1 - largest).abs() <= room_above,
            "{ratio}: {found:?}"
        );
    }
    let (least, largest) = ripple(0.3);
    assert!(least >= 0.93 && largest <= 1.07);
}

#[test]
fn vanishing_noise_rounds_and_clips() {
    for step in [1.0, 1.5] {
        let (none, tiny) = (logistic(step, 0.0), logistic(step, 1e-3));
        assert!(none.is_noise_free() && !Estimator::Lattice.needs_noise());
        for table in [none, tiny] {
            let mean = mean_values(&table);
            for s in MACRO.min..=MACRO.max {
                let s_in_steps = f64::from(s) / step;
                if (s_in_steps.fract().abs() - 0.5).abs() < 1e-9 {
                    continue;
                }
                let expected = step * s_in_steps.round().clamp(-7.0, 7.0);
                assert!((mean[at(s)] - expected).abs() < 1e-6, "{step} {s}");
            }
        }
    }
}

#[test]
fn lattice_slope_is_one_at_step_one_whatever_the_noise() {
    for scale in [0.0, 0.01, 0.1, 0.3, 0.6] {
        let lattice = by_sum(&logistic(1.0, scale), Estimator::Lattice);
        assert_close(&lattice[at(-2)..=at(2)], &[1.0; 5], 1e-3, "lattice");
        assert!(lattice[at(-27)].abs() < 1e-6 && lattice[at(27)].abs() < 1e-6);
    }
    let infinitesimal = by_sum(&logistic(1.0, 0.05), Estimator::Expectation);
    assert!(
        infinitesimal[at(0)] < 0.01,
        "no slope at the centre of a code"
    );
}

#[test]
fn secants_are_lattice_slopes_of_fine_steps() {
    for step in [0.7, 1.0, 1.5, 2.0] {
        for scale in [0.0, 0.3, 0.6] {
            let table = logistic(step, scale);
            let lattice = by_sum(&table, Estimator::Lattice);
            assert_eq!(by_sum(&table, Estimator::Secant), lattice);
        }
    }
}

#[test]
fn secants_of_coarse_steps_are_one_within_the_range_and_end_with_it() {
    // Seven steps of 3 are 21, and what is above 19.5 is read as that.
    for scale in [0.0, 0.05, 0.3] {
        let secant = by_sum(&logistic(3.0, scale), Estimator::Secant);
        assert_close(&secant[at(-12)..=at(12)], &[1.0; 25], 1e-6, "secant");
        assert!(secant[at(-27)].abs() < 1e-6 && secant[at(27)].abs() < 1e-6);
    }
    let quiet = logistic(3.0, 0.0);
    let secant = by_sum(&quiet, Estimator::Secant);
    let end = [1.0, 1.0, 0.5, 0.0, 0.0];
    assert_close(&secant[at(19)..=at(23)], &end, 1e-6, "end of the range");
    let lattice = by_sum(&quiet, Estimator::Lattice);
    assert_close(
        &lattice[at(-1)..=at(2)],
        &[1.5, 0.0, 1.5, 1.5],
        1e-6,
        "lattice",
    );
    // A step that is no whole number: right in the mean.
    let mean = |secant: Vec<f64>| secant[at(-18)..=at(17)].iter().sum::<f64>() / 36.0;
    let secant = by_sum(&logistic(4.5, 0.0), Estimator::Secant);
    assert!((mean(secant) - 1.0).abs() < 0.02);
}

/// Slope of E[(v - target)^2 / 2]: true, by the mean slope, by ReinMax.
fn quadratic_loss(table: &CodeTable, s: i32, target: f64) -> (f64, f64, f64) {
    let (codes, from) = (table.codes, at(s) * table.codes);
    let values: Vec<f64> = (0..codes)
        .map(|k| f64::from(table.decode.value(k)))
        .collect();
    let exact = (0..codes).map(|k| 0.5 * (values[k] - target).powi(2) * table.slope[from + k]);
    let Slopes::ByCode { table: second, .. } = slopes(table, Estimator::ReinMax, 1, &[]) else {
        panic!("one factor per code");
    };
    let by_code = (0..codes)
        .map(|k| table.pmf[from + k] * (values[k] - target) * f64::from(second[from + k]));
    let linear = (mean_values(table)[at(s)] - target) * mean_slopes(table)[at(s)];
    (exact.sum(), linear, by_code.sum())
}

#[test]
fn reinmax_is_exact_on_a_quadratic_loss() {
    let published = [
        (0.6, 1, 0.0, 0.989, 1.008),
        (0.6, 9, 0.0, 8.195, 8.307),
        (0.6, 10, 5.0, 3.259, 3.530),
        (0.3, 1, 0.0, 0.952, 1.220),
    ];
    for (scale, s, target, exact, linear) in published {
        let found = quadratic_loss(&logistic(1.5, scale), s, target);
        println!("scale {scale}, s {s}: {found:.4?}");
        assert!((found.0 - exact).abs() <= 6e-4, "{found:?}");
        assert!((found.1 - linear).abs() <= 6e-4, "{found:?}");
        assert!((found.2 - exact).abs() <= 6e-4, "{found:?}");
    }
    for architecture in [Architecture::Flash, Architecture::BinarySearch] {
        let table = mixed(architecture, 0.0);
        for s in MACRO.min..=MACRO.max {
            let (exact, _, second) = quadratic_loss(&table, s, 3.0);
            assert!((exact - second).abs() < 1e-4, "s {s}: {exact} {second}");
        }
    }
}
