//! One network against another on the same images, over seeds: the mean difference with its 95 % interval.
//!
//! The interval of a single seed is that of the images, both networks compared image by image ([`crate::sim::paired`]).
//! Several seeds are read on the same test images, whose luck no number of seeds averages out: their interval counts the
//! spread between seeds (Student's t) and, beside it, that of the images. What both contain is counted twice: the interval
//! is rather too wide. Not responsible for which networks are compared (`summary`).

use crate::results::accuracy::{Accuracy, Repeats};
use crate::results::experiment::OverSeeds;
use crate::sim::interval::{quantile, wilson};
use crate::sim::paired::{difference, spread_of_runs};

/// One network on the test images of one seed.
#[derive(Clone, Debug)]
pub struct Side {
    accuracy: f64,
    low: f64,
    high: f64,
    images: u64,
    /// Share of the runs that classified each image correctly; `None` where answers were not kept.
    right: Option<Vec<f64>>,
    /// Half width that runs add to an interval over images.
    spread: f64,
}

impl Side {
    /// Several runs. `shared` tells that a run shares something over all its images, as a virtual chip does.
    pub fn of_runs(accuracy: &Repeats, right: Option<&[u32]>, shared: bool) -> Self {
        let runs = accuracy.runs.len().max(1) as f64;
        let shares = |right: &[u32]| right.iter().map(|&n| f64::from(n) / runs).collect();
        Side {
            accuracy: accuracy.mean,
            low: accuracy.low,
            high: accuracy.high,
            images: accuracy.runs.first().map_or(0, |run| run.images),
            right: right.map(shares),
            spread: if shared {
                spread_of_runs(accuracy)
            } else {
                0.0
            },
        }
    }

    /// One run.
    pub fn of_one(accuracy: &Accuracy, right: Option<&[u32]>) -> Self {
        let share = |right: &[u32]| right.iter().map(|&n| f64::from(n)).collect();
        Side {
            accuracy: accuracy.estimate,
            low: accuracy.low,
            high: accuracy.high,
            images: accuracy.images,
            right: right.map(share),
            spread: 0.0,
        }
    }
}

/// Both networks of a seed.
pub type Pair = (u64, Side, Side);

/// The first network's accuracy less the second's.
#[derive(Clone, Debug)]
pub struct Difference {
    /// Mean over seeds.
    pub over_seeds: OverSeeds,
    /// True if answers of both networks were there for every seed.
    pub paired: bool,
    /// Seed by seed.
    pub by_seed: Vec<(u64, f64)>,
}

/// The difference of these pairs; those on unequal numbers of images are left out. `None` if none is left.
pub fn of_pairs(pairs: &[Pair]) -> Option<Difference> {
    let same = |pair: &&Pair| pair.1.images == pair.2.images;
    let pairs: Vec<&Pair> = pairs.iter().filter(same).collect();
    let by_seed: Vec<(u64, f64)> = pairs
        .iter()
        .map(|(seed, one, other)| (*seed, one.accuracy - other.accuracy))
        .collect();
    let values: Vec<f64> = by_seed.iter().map(|one| one.1).collect();
    let mean = mean(&values)?;
    let shares: Option<Vec<_>> = pairs.iter().map(|pair| shares(pair)).collect();
    let ends = match &shares {
        Some(shares) => paired_ends(shares, &pairs),
        None => {
            let half = pairs.iter().map(|pair| unpaired_half(pair)).sum::<f64>();
            let half = half / pairs.len() as f64;
            (mean - half, mean + half)
        }
    };
    Some(Difference {
        over_seeds: over_seeds(&values, ends)?,
        paired: shares.is_some(),
        by_seed,
    })
}

/// Mean and spread of one accuracy per seed, all on the same number of images; `alone` is the interval of a single one.
pub fn of_accuracies(values: &[f64], images: u64, alone: (f64, f64)) -> Option<OverSeeds> {
    let ends = if values.len() < 2 {
        alone
    } else {
        let correct = mean(values)? * images as f64;
        let shared = wilson(correct.round() as u64, images);
        (shared.low, shared.high)
    };
    let found = over_seeds(values, ends)?;
    Some(OverSeeds {
        low: found.low.max(0.0),
        high: found.high.min(1.0),
        ..found
    })
}

type Shares<'a> = (&'a [f64], &'a [f64]);

fn shares((_, one, other): &Pair) -> Option<Shares<'_>> {
    Some((one.right.as_deref()?, other.right.as_deref()?))
}

/// Ends over the images. Of several seeds every image counts with its mean over them; what chips add is in the spread
/// between seeds then, which draw their own.
fn paired_ends(shares: &[Shares], pairs: &[&Pair]) -> (f64, f64) {
    if let ([(one, other)], [pair]) = (shares, pairs) {
        return difference(one, other, pair.1.spread.hypot(pair.2.spread));
    }
    let mean = |side: fn(&Shares) -> usize, at: &dyn Fn(&Shares, usize) -> f64| -> Vec<f64> {
        let images = shares.iter().map(side).min().unwrap_or(0);
        let over = |image| shares.iter().map(|one| at(one, image)).sum::<f64>();
        (0..images)
            .map(|image| over(image) / shares.len() as f64)
            .collect()
    };
    let one = mean(|one| one.0.len(), &|one, image| one.0[image]);
    let other = mean(|one| one.1.len(), &|one, image| one.1[image]);
    difference(&one, &other, 0.0)
}

/// Half width where the networks count as independent.
fn unpaired_half((_, one, other): &Pair) -> f64 {
    let half = |side: &Side| (side.high - side.low) / 2.0;
    half(one).hypot(half(other))
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Mean and spread of a number per seed; `ends` are those of the images alone.
fn over_seeds(values: &[f64], ends: (f64, f64)) -> Option<OverSeeds> {
    let mean = mean(values)?;
    let n = values.len() as f64;
    if values.len() < 2 {
        return Some(OverSeeds {
            mean,
            std: None,
            low: ends.0,
            high: ends.1,
        });
    }
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let std = (squares / (n - 1.0)).sqrt();
    let between = quantile(values.len()) * std / n.sqrt();
    Some(OverSeeds {
        mean,
        std: Some(std),
        low: mean - between.hypot(mean - ends.0),
        high: mean + between.hypot(ends.1 - mean),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn seeds_have_a_mean_a_spread_and_an_interval() {
        let exact = over_seeds(&[0.01, 0.02, 0.03], (0.02, 0.02)).expect("values");
        assert_relative_eq!(exact.mean, 0.02, epsilon = 1e-12);
        assert_relative_eq!(exact.std.expect("a spread"), 0.01, epsilon = 1e-12);
        let between = 4.303 * 0.01 / 3f64.sqrt();
        assert_relative_eq!(exact.high, 0.02 + between, epsilon = 1e-9);
        let one = over_seeds(&[0.01], (-0.01, 0.03)).expect("a value");
        assert_eq!((one.std, one.low, one.high), (None, -0.01, 0.03));
        assert!(over_seeds(&[], (0.0, 0.0)).is_none());
    }

    /// A network that classifies the first `right` of 100 images correctly.
    fn side(right: usize) -> Side {
        let answers: Vec<u32> = (0..100).map(|image| u32::from(image < right)).collect();
        Side::of_one(&wilson(right as u64, 100), Some(&answers))
    }

    #[test]
    fn seeds_that_agree_leave_the_images_open() {
        // Ten of 100 images differ: centre 10/102, variance (11/102 - centre^2)/102, alike for one seed and for two.
        let one = of_pairs(&[(1, side(90), side(80))]).expect("a pair");
        let two = of_pairs(&[(1, side(90), side(80)), (2, side(90), side(80))]).expect("pairs");
        let centre = 10.0 / 102.0;
        let half = 1.959_964 * ((11.0 / 102.0 - centre * centre) / 102.0f64).sqrt();
        for found in [&one, &two] {
            assert!(found.paired);
            assert_relative_eq!(found.over_seeds.mean, 0.1, epsilon = 1e-12);
            assert_relative_eq!(found.over_seeds.low, centre - half, epsilon = 1e-6);
            assert_relative_eq!(found.over_seeds.high, centre + half, epsilon = 1e-6);
        }
        assert_eq!((one.over_seeds.std, two.over_seeds.std), (None, Some(0.0)));
        let same = of_accuracies(&[0.9, 0.9], 100, (0.0, 1.0)).expect("values");
        assert_relative_eq!(same.low, wilson(90, 100).low, epsilon = 1e-12);
        assert_relative_eq!(same.high, wilson(90, 100).high, epsilon = 1e-12);
    }

    #[test]
    fn seeds_and_images_both_widen() {
        // Differences of 0.1 and 0.3: mean 0.2, spread 0.1414, t = 12.706 for one degree of freedom.
        let found = of_pairs(&[(1, side(90), side(80)), (2, side(90), side(60))]).expect("pairs");
        // Images 60 to 79 differ with one seed of two, 80 to 89 with both: squares 20/4 + 10.
        let centre = 20.0 / 102.0;
        let images = 1.959_964 * ((16.0 / 102.0 - centre * centre) / 102.0f64).sqrt();
        let half = (12.706 * 0.1f64).hypot(centre + images - 0.2);
        assert_relative_eq!(found.over_seeds.mean, 0.2, epsilon = 1e-12);
        assert_relative_eq!(found.over_seeds.high, 0.2 + half, epsilon = 1e-5);
    }

    #[test]
    fn without_answers_the_networks_are_independent() {
        let mut silent = side(80);
        silent.right = None;
        let found = of_pairs(&[(1, side(90), silent)]).expect("a pair");
        let half = |right: u64| {
            let accuracy = wilson(right, 100);
            (accuracy.high - accuracy.low) / 2.0
        };
        assert!(!found.paired);
        let expected = 0.1 + half(90).hypot(half(80));
        assert_relative_eq!(found.over_seeds.high, expected, epsilon = 1e-12);
    }

    #[test]
    fn other_images_are_another_measurement() {
        let short = Side::of_one(&wilson(40, 50), None);
        assert!(of_pairs(&[(1, side(90), short.clone())]).is_none());
        let found = of_pairs(&[(1, side(90), short), (2, side(90), side(80))]).expect("a pair");
        assert_eq!(found.by_seed.len(), 1);
    }
}
