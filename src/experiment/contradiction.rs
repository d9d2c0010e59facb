//! A recorded result against itself: counts that cannot be, accuracies that are not those of their counts, intervals without
//! their estimate, and answers that more runs gave than there are.
//!
//! Not responsible for whether it is the result that is asked for (`cli::experiment`).

use crate::results::accuracy::{Accuracy, Loss, Repeats};
use crate::results::answers::{Answers, OfMode};
use crate::results::experiment::{Mode, RowResult};
use std::ops::RangeInclusive;

/// What does not go together in a result; `None` if nothing is amiss.
pub fn contradiction(result: &RowResult) -> Option<String> {
    let (modes, asked) = (&result.modes, &result.evaluation);
    let ideal = [("ideal", &modes.ideal), ("chips_ideal", &modes.chips_ideal)];
    let counts = [asked.images, asked.chip_images];
    let single = ideal.into_iter().zip(counts);
    let several = [
        ("noise_free", Some(&modes.noise_free), 1, asked.images),
        (
            "read_noise",
            modes.read_noise.as_ref(),
            asked.repeats,
            asked.images,
        ),
        (
            "chips",
            modes.chips.as_ref(),
            asked.chips,
            asked.chip_images,
        ),
    ];
    let single = single.filter_map(|((name, found), images)| of_one(name, found, images));
    let several = several.into_iter().filter_map(of_mode);
    let full = result.full_precision.filter(|full| !SHARES.contains(full));
    let full = full.map(|full| format!("full_precision: {full} is no share of images"));
    single.chain(several).chain(full).next()
}

/// What cannot be in the answers of a result whose counts they add up to; `None` if nothing is amiss.
pub fn answers_contradiction(answers: &Answers, result: &RowResult) -> Option<String> {
    let asked = &result.evaluation;
    let both = |name: &str, of: &OfMode, runs: u64| {
        more_than(name, &of[0], runs).or_else(|| more_than(name, &of[1], runs))
    };
    let maybe = |name: &str, of: &Option<OfMode>, runs: u64| both(name, of.as_ref()?, runs);
    more_than("ideal", &answers.ideal, 1)
        .or_else(|| more_than("chips_ideal", &answers.chips_ideal, 1))
        .or_else(|| both("noise_free", &answers.noise_free, 1))
        .or_else(|| maybe("read_noise", &answers.read_noise, asked.repeats))
        .or_else(|| maybe("chips", &answers.chips, asked.chips))
}

fn more_than(name: &str, right: &[u32], runs: u64) -> Option<String> {
    let image = right.iter().position(|&n| u64::from(n) > runs)?;
    let found = right[image];
    Some(format!(
        "{name}: {found} runs classified image {image} correctly, of {runs}"
    ))
}

/// Rounding of a division, and of a mean over thousands of runs.
const ROUNDING: f64 = 1e-9;
/// Shares of images.
const SHARES: RangeInclusive<f64> = 0.0..=1.0;
/// Differences of two shares.
const DIFFERENCES: RangeInclusive<f64> = -1.0..=1.0;

/// True for an estimate in its interval, all of them in `range`; no range contains what is no number.
fn is_interval(estimate: f64, (low, high): (f64, f64), range: &RangeInclusive<f64>) -> bool {
    let legal = [estimate, low, high].iter().all(|one| range.contains(one));
    legal && low <= estimate + ROUNDING && estimate <= high + ROUNDING
}

fn of_one(name: &str, found: &Accuracy, images: u64) -> Option<String> {
    let whole = format!("{name}: {} of {} images", found.correct, found.images);
    let estimate = found.correct as f64 / found.images as f64;
    if found.images != images {
        return Some(format!("{whole}, but {images} were asked for"));
    }
    if found.images == 0 || found.correct > found.images {
        return Some(format!("{whole} cannot be"));
    }
    let agrees = (found.estimate - estimate).abs() <= ROUNDING;
    if !agrees || !is_interval(found.estimate, (found.low, found.high), &SHARES) {
        return Some(format!(
            "{whole} are not an accuracy of {} ({} to {})",
            found.estimate, found.low, found.high
        ));
    }
    None
}

fn of_mode((name, mode, runs, images): (&str, Option<&Mode>, u64, u64)) -> Option<String> {
    let Some(mode) = mode else {
        return (runs > 0).then(|| format!("{name}: none of the {runs} runs that were asked for"));
    };
    let both = [
        ("as_trained", &mode.as_trained),
        ("re_estimated", &mode.re_estimated),
    ];
    let mut problems = both.into_iter().filter_map(|(which, found)| {
        let name = format!("{name}.{which}");
        of_runs(&name, &found.accuracy, runs, images).or_else(|| of_loss(&name, &found.lost))
    });
    problems.next()
}

fn of_runs(name: &str, found: &Repeats, runs: u64, images: u64) -> Option<String> {
    if found.runs.len() as u64 != runs || runs == 0 {
        let there = found.runs.len();
        return Some(format!("{name}: {there} runs, but {runs} were asked for"));
    }
    let one = found.runs.iter().find_map(|run| of_one(name, run, images));
    if one.is_some() {
        return one;
    }
    let estimates = || found.runs.iter().map(|run| run.estimate);
    let mean = estimates().sum::<f64>() / runs as f64;
    let worst = estimates().fold(1.0, f64::min);
    let agrees = |value: f64, other: f64| (value - other).abs() <= ROUNDING;
    if !agrees(found.mean, mean) || !agrees(found.worst, worst) {
        return Some(format!(
            "{name}: a mean of {} and a worst of {}, but its runs have {mean} and {worst}",
            found.mean, found.worst
        ));
    }
    let spread = found.std.is_finite() && found.std >= 0.0;
    if !spread || !is_interval(found.mean, (found.low, found.high), &SHARES) {
        return Some(format!(
            "{name}: a mean of {} cannot lie from {} to {} with a standard deviation of {}",
            found.mean, found.low, found.high, found.std
        ));
    }
    None
}

fn of_loss(name: &str, found: &Loss) -> Option<String> {
    let legal = is_interval(found.estimate, (found.low, found.high), &DIFFERENCES);
    (!legal).then(|| {
        format!(
            "{name}: a loss of {} cannot lie from {} to {}",
            found.estimate, found.low, found.high
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::experiment::Evaluated;

    fn accuracy(correct: u64, images: u64) -> Accuracy {
        Accuracy {
            correct,
            images,
            estimate: correct as f64 / images as f64,
            low: 0.0,
            high: 1.0,
        }
    }

    fn evaluated(runs: Vec<Accuracy>) -> Evaluated {
        let estimates = || runs.iter().map(|run| run.estimate);
        Evaluated {
            accuracy: Repeats {
                mean: estimates().sum::<f64>() / runs.len() as f64,
                worst: estimates().fold(1.0, f64::min),
                high: 1.0,
                runs,
                ..Repeats::default()
            },
            ..Evaluated::default()
        }
    }

    fn right() -> RowResult {
        let mode = |runs: &[Accuracy]| Mode {
            as_trained: evaluated(runs.to_vec()),
            re_estimated: evaluated(runs.to_vec()),
        };
        let mut result = RowResult::default();
        let asked = &mut result.evaluation;
        (asked.images, asked.chip_images) = (100, 10);
        (asked.repeats, asked.chips) = (2, 3);
        let modes = &mut result.modes;
        (modes.ideal, modes.chips_ideal) = (accuracy(60, 100), accuracy(7, 10));
        modes.noise_free = mode(&[accuracy(59, 100)]);
        modes.read_noise = Some(mode(&[accuracy(50, 100), accuracy(51, 100)]));
        modes.chips = Some(mode(&[accuracy(1, 10), accuracy(2, 10), accuracy(9, 10)]));
        result
    }

    fn change_chips(result: &mut RowResult, change: impl FnOnce(&mut Evaluated)) {
        change(&mut result.modes.chips.as_mut().expect("chips").re_estimated);
    }

    #[test]
    fn every_contradiction_is_named() {
        assert_eq!(contradiction(&right()), None);
        type Change = fn(&mut RowResult);
        let cases: [(&str, Change); 18] = [
            ("ideal: 101 of 100", |r| r.modes.ideal = accuracy(101, 100)),
            ("ideal: 6 of 10 images, but 100", |r| {
                r.modes.ideal = accuracy(6, 10);
            }),
            ("not an accuracy of 0.9", |r| r.modes.ideal.estimate = 0.9),
            ("not an accuracy", |r| r.modes.chips_ideal.high = 1.2),
            ("not an accuracy of 0.6 (0.7 to 1)", |r| {
                r.modes.ideal.low = 0.7;
            }),
            ("not an accuracy of 0.6 (0 to 0.5)", |r| {
                r.modes.ideal.high = 0.5;
            }),
            ("not an accuracy", |r| r.modes.ideal.low = f64::NAN),
            ("full_precision: 87.5", |r| r.full_precision = Some(87.5)),
            ("noise_free.re_estimated: 2 runs", |r| {
                let runs = &mut r.modes.noise_free.re_estimated.accuracy.runs;
                runs.push(accuracy(1, 100));
            }),
            ("read_noise: none of the 2", |r| r.modes.read_noise = None),
            ("chips.as_trained: 3 runs, but 4", |r| {
                r.evaluation.chips = 4;
            }),
            ("chips.as_trained: 3 runs, but 0", |r| {
                r.evaluation.chips = 0;
            }),
            ("a mean of 1.4", |r| {
                change_chips(r, |of| of.accuracy.mean = 1.4);
            }),
            ("a standard deviation of -0.1", |r| {
                change_chips(r, |of| of.accuracy.std = -0.1);
            }),
            ("cannot lie from 0.9 to 1", |r| {
                change_chips(r, |of| of.accuracy.low = 0.9);
            }),
            ("cannot lie from 0 to inf", |r| {
                change_chips(r, |of| of.accuracy.high = f64::INFINITY);
            }),
            ("a loss of 2 cannot", |r| {
                change_chips(r, |of| of.lost.estimate = 2.0);
            }),
            ("a loss of 0 cannot lie from 0.5 to 0", |r| {
                change_chips(r, |of| of.lost.low = 0.5);
            }),
        ];
        for (told, change) in cases {
            let mut result = right();
            change(&mut result);
            let found = contradiction(&result).unwrap_or_default();
            assert!(found.contains(told), "{told}: {found}");
        }
    }

    #[test]
    fn no_image_has_more_right_answers_than_runs() {
        let result = right();
        let answers = || Answers {
            ideal: vec![1, 0],
            chips_ideal: vec![0],
            noise_free: [vec![1], vec![1]],
            read_noise: Some([vec![2], vec![0]]),
            chips: Some([vec![3], vec![3]]),
        };
        assert_eq!(answers_contradiction(&answers(), &result), None);
        type Change = fn(&mut Answers);
        let cases: [(&str, Change); 4] = [
            ("ideal: 2 runs classified image 1 correctly, of 1", |a| {
                a.ideal[1] = 2;
            }),
            ("noise_free: 2 runs", |a| a.noise_free[1][0] = 2),
            (
                "read_noise: 3 runs classified image 0 correctly, of 2",
                |a| {
                    a.read_noise = Some([vec![0], vec![3]]);
                },
            ),
            ("chips: 4 runs", |a| a.chips = Some([vec![4], vec![0]])),
        ];
        for (told, change) in cases {
            let mut answers = answers();
            change(&mut answers);
            let found = answers_contradiction(&answers, &result).unwrap_or_default();
            assert!(found.contains(told), "{told}: {found}");
        }
    }
}
