//! A recorded result against itself: counts that cannot be, and accuracies that are not those of their counts.
//!
//! Not responsible for whether it is the result that is asked for (`cli::experiment`).

use crate::results::accuracy::{Accuracy, Repeats};
use crate::results::experiment::{Mode, RowResult};

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
    single.chain(several).next()
}

/// Rounding of a division, and of a mean over thousands of runs.
const ROUNDING: f64 = 1e-9;

fn share(value: f64) -> bool {
    (0.0..=1.0).contains(&value)
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
    if !agrees || !share(found.low) || !share(found.high) {
        return Some(format!("{whole} are not an accuracy of {}", found.estimate));
    }
    None
}

fn of_mode((name, mode, runs, images): (&str, Option<&Mode>, u64, u64)) -> Option<String> {
    let Some(mode) = mode else {
        return (runs > 0).then(|| format!("{name}: none of the {runs} runs that were asked for"));
    };
    let both = [
        ("as_trained", &mode.as_trained.accuracy),
        ("re_estimated", &mode.re_estimated.accuracy),
    ];
    let mut problems = both.into_iter().filter_map(|(which, found)| {
        let name = format!("{name}.{which}");
        of_runs(&name, found, runs, images)
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
    None
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
            low: 0.25,
            high: 0.75,
        }
    }

    fn evaluated(runs: Vec<Accuracy>) -> Evaluated {
        let estimates = || runs.iter().map(|run| run.estimate);
        Evaluated {
            accuracy: Repeats {
                mean: estimates().sum::<f64>() / runs.len() as f64,
                worst: estimates().fold(1.0, f64::min),
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

    #[test]
    fn every_contradiction_is_named() {
        assert_eq!(contradiction(&right()), None);
        type Change = fn(&mut RowResult);
        let cases: [(&str, Change); 9] = [
            ("ideal: 101 of 100", |r| r.modes.ideal = accuracy(101, 100)),
            ("ideal: 6 of 10 images, but 100", |r| {
                r.modes.ideal = accuracy(6, 10);
            }),
            ("not an accuracy of 0.9", |r| r.modes.ideal.estimate = 0.9),
            ("not an accuracy", |r| r.modes.chips_ideal.high = 1.2),
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
                if let Some(mode) = &mut r.modes.chips {
                    mode.re_estimated.accuracy.mean = 1.4;
                }
            }),
        ];
        for (told, change) in cases {
            let mut result = right();
            change(&mut result);
            let found = contradiction(&result).unwrap_or_default();
            assert!(found.contains(told), "{told}: {found}");
        }
    }
}
