//! Gradients of step, noise and thresholds against differences of whole tables and closed forms.

use super::{MACRO, assert_close, at, design, logistic_readout, mixed_readout};
use imcsim::hw::readout::{Architecture, Readout};
use imcsim::train::mvm::{
    Estimator, Slopes, mean_slopes, mean_values, noise_slopes, slopes, step_slopes,
    threshold_slopes,
};

/// Step times the slope of the mean value in the step, by the homogeneity of the mean.
fn by_homogeneity(readout: &Readout) -> Vec<f64> {
    let table = readout.table();
    step_slopes(&table, Some(&noise_slopes(readout)), &mean_slopes(&table))
}

#[test]
fn step_slope_is_that_of_tables_of_other_steps() {
    let change = 1e-3;
    let check = |build: &dyn Fn(f64) -> Readout| {
        let mean = |step: f64| mean_values(&build(step).table());
        let (up, down) = (mean(1.5 * (1.0 + change)), mean(1.5 * (1.0 - change)));
        let slope = up.iter().zip(&down).map(|(a, b)| (a - b) / (2.0 * change));
        let direct: Vec<f64> = slope.collect();
        assert_close(&by_homogeneity(&build(1.5)), &direct, 2e-3, "step");
    };
    check(&|step| logistic_readout(step, 0.6, 0.0));
    check(&|step| logistic_readout(step, 0.3, 0.0));
    check(&|step| mixed_readout(Architecture::Flash, step, 1.0, 0.0));
    check(&|step| mixed_readout(Architecture::BinarySearch, step, 1.0, 0.0));
}

#[test]
fn noise_slope_is_that_of_tables_of_other_noise() {
    let change = 5e-3;
    let mean = |scale: f64| {
        mean_values(&mixed_readout(Architecture::BinarySearch, 1.5, scale, 0.0).table())
    };
    let (up, down) = (mean(1.0 + change), mean(1.0 - change));
    let slope = up.iter().zip(&down).map(|(a, b)| (a - b) / (2.0 * change));
    let readout = mixed_readout(Architecture::BinarySearch, 1.5, 1.0, 0.0);
    let direct: Vec<f64> = slope.collect();
    assert_close(&noise_slopes(&readout), &direct, 1e-4, "noise");
}

/// Standard logistic density.
fn density(z: f64) -> f64 {
    let tail = (-z.abs()).exp();
    tail / (1.0 + tail).powi(2)
}

#[test]
fn threshold_and_noise_slopes_are_the_closed_forms() {
    let (step, scale) = (1.5, 0.6);
    let readout = logistic_readout(step, scale, 0.0);
    let sums = MACRO.min..=MACRO.max;
    for (which, threshold) in readout.thresholds.iter().enumerate() {
        let closed = sums
            .clone()
            .map(|s| -step * density((f64::from(s) - threshold) / scale) / scale);
        let closed: Vec<f64> = closed.collect();
        let found = threshold_slopes(&readout, which);
        assert_close(&found, &closed, 1e-6, "threshold");
    }
    let of_noise = |s: i32| {
        let each = readout.thresholds.iter().map(|t| {
            let z = (f64::from(s) - t) / scale;
            -step * z * density(z)
        });
        each.sum()
    };
    let closed: Vec<f64> = sums.map(of_noise).collect();
    assert_close(&noise_slopes(&readout), &closed, 1e-5, "noise");
    assert_eq!(threshold_slopes(&readout, 14), vec![0.0; 55]);
}

#[test]
fn mirrored_thresholds_of_a_signed_search_move_together() {
    let search = mixed_readout(Architecture::BinarySearch, 1.5, 1.0, 0.0);
    let (one, other) = (threshold_slopes(&search, 9), threshold_slopes(&search, 4));
    let opposite: Vec<f64> = other.iter().map(|slope| -slope).collect();
    assert_close(&one, &opposite, 1e-9, "the same reference");
    let reversed: Vec<f64> = one.iter().rev().map(|slope| -slope).collect();
    assert_close(&one, &reversed, 1e-9, "odd in the sum");
    // All references together, each with its multiple of the step, are the part of the step that moves thresholds: the
    // rest of the mean value is what codes are worth.
    let table = search.table();
    let all = (7..14).map(|k| (search.thresholds[k], threshold_slopes(&search, k)));
    let mut by_references = mean_values(&table);
    for (threshold, slopes) in all {
        for (total, slope) in by_references.iter_mut().zip(slopes) {
            *total += threshold * slope;
        }
    }
    assert_close(&by_homogeneity(&search), &by_references, 1e-4, "step");
}

#[test]
fn without_noise_the_step_learns_by_rounding_errors() {
    let (step, none) = (1.3, logistic_readout(1.3, 0.0, 0.0));
    let table = none.table();
    let Slopes::BySum(clipped) = slopes(&table, Estimator::StraightThrough, 0, &[]) else {
        panic!("one factor per sum");
    };
    let clipped: Vec<f64> = clipped.into_iter().map(f64::from).collect();
    let found = step_slopes(&table, None, &clipped);
    for s in MACRO.min..=MACRO.max {
        let in_steps = f64::from(s) / step;
        let rule = if in_steps.abs() <= 7.5 {
            in_steps.round() - in_steps
        } else {
            7.0 * in_steps.signum()
        };
        assert!(
            (found[at(s)] - step * rule).abs() < 1e-5,
            "{s}: {}",
            found[at(s)]
        );
    }
    assert_eq!(noise_slopes(&none), vec![0.0; 55]);
    assert!(
        step_slopes(&table, None, &[])
            .iter()
            .all(|slope| slope.is_finite())
    );
}

/// The limit does not grow with the step, so the value of a clipped sum is no gradient: why such macros learn no step.
#[test]
fn a_limit_of_the_current_has_another_rule() {
    let (limit, s) = (10.0, 27);
    let table = |step: f64| {
        let mut limited = design(Architecture::Flash, step, 0.0);
        limited.limit = Some(limit);
        let placed = limited.place(MACRO, None).expect("15 codes fit 4 bits");
        placed.noise_free_table()
    };
    let step = 2.0;
    let Slopes::BySum(clipped) = slopes(&table(step), Estimator::StraightThrough, 0, &[]) else {
        panic!("one factor per sum");
    };
    let clipped: Vec<f64> = clipped.into_iter().map(f64::from).collect();
    assert_eq!(clipped[at(s)], 0.0);
    let taken = step_slopes(&table(step), None, &clipped)[at(s)] / step;
    // Over steps between which the code of the limit changes, its value stays near the limit.
    let value = |step: f64| mean_values(&table(step))[at(s)];
    let found = (value(2.2) - value(1.8)) / 0.4;
    assert!(
        (taken - 5.0).abs() < 1e-9 && found.abs() < 1.0,
        "{taken}, {found}"
    );
}
