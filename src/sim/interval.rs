//! Confidence intervals: Wilson's for one accuracy, and the interval of a mean over repeats or virtual chips.
//!
//! Wilson (1927) keeps sensible ends near 0 and 1, where the normal interval does not. The interval of a mean counts both
//! the images (a sample of all images) and the spread between runs.

use crate::results::accuracy::{Accuracy, Repeats};

/// Two-sided 95 % quantile of the standard normal.
pub const Z95: f64 = 1.959_963_984_540_054;

/// The accuracy of `correct` out of `images`, with its 95 % Wilson interval. Zero images give the interval 0 to 1.
pub fn wilson(correct: u64, images: u64) -> Accuracy {
    if images == 0 {
        return Accuracy {
            correct,
            images,
            estimate: 0.0,
            low: 0.0,
            high: 1.0,
        };
    }
    let (n, p) = (images as f64, correct as f64 / images as f64);
    let z2 = Z95 * Z95;
    let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z95 / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    Accuracy {
        correct,
        images,
        estimate: p,
        low: (centre - half).max(0.0),
        high: (centre + half).min(1.0),
    }
}

/// Two-sided 95 % quantiles of Student's t for 1, 2, .. degrees of freedom: a spread known from few runs is itself uncertain.
const T95: [f64; 29] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
    2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
    2.052, 2.048, 2.045,
];

/// Quantile for the mean of `runs` runs; beyond the table by the expansion in the degrees of freedom (Fisher and Cornish, 1960), to
/// 0.0002.
pub fn quantile(runs: usize) -> f64 {
    let freedom = runs.saturating_sub(1) as f64;
    let first = (Z95.powi(3) + Z95) / 4.0;
    let second = (5.0 * Z95.powi(5) + 16.0 * Z95.powi(3) + 3.0 * Z95) / 96.0;
    let known = T95.get(runs.saturating_sub(2)).copied();
    known.unwrap_or(Z95 + first / freedom + second / freedom.powi(2))
}

/// Summary of several evaluations on the same images.
pub fn repeats(runs: Vec<Accuracy>) -> Repeats {
    if runs.is_empty() {
        return Repeats {
            high: 1.0,
            ..Repeats::default()
        };
    }
    let n = runs.len() as f64;
    let mean = runs.iter().map(|run| run.estimate).sum::<f64>() / n;
    let squares: f64 = runs.iter().map(|run| (run.estimate - mean).powi(2)).sum();
    let std = if runs.len() > 1 {
        (squares / (n - 1.0)).sqrt()
    } else {
        0.0
    };
    let worst = runs.iter().map(|run| run.estimate).fold(1.0, f64::min);
    // The runs share their images, so the images' own uncertainty does not shrink with the number of runs.
    let images = runs[0].images;
    let shared = wilson((mean * images as f64).round() as u64, images);
    let between = quantile(runs.len()) * std / n.sqrt();
    let low = mean - ((mean - shared.low).powi(2) + between * between).sqrt();
    let high = mean + ((shared.high - mean).powi(2) + between * between).sqrt();
    Repeats {
        runs,
        mean,
        std,
        worst,
        low: low.max(0.0),
        high: high.min(1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn wilson_hand_value() {
        // p = 0.9, n = 100: centre 0.885201, half width 0.059568.
        let accuracy = wilson(90, 100);
        assert_relative_eq!(accuracy.low, 0.825_634, epsilon = 1e-5);
        assert_relative_eq!(accuracy.high, 0.944_771, epsilon = 1e-5);
    }

    #[test]
    fn ends_stay_in_range() {
        let (none, all) = (wilson(0, 20), wilson(20, 20));
        assert!(none.low == 0.0 && none.high > 0.1 && all.high == 1.0 && all.low < 0.9);
        assert_eq!(wilson(0, 0).high, 1.0);
    }

    #[test]
    fn repeats_count_images_and_spread() {
        let same = repeats(vec![wilson(90, 100); 10]);
        assert_relative_eq!(same.low, wilson(90, 100).low, epsilon = 1e-12);
        let spread = repeats(vec![wilson(80, 100), wilson(100, 100)]);
        assert_relative_eq!(spread.mean, 0.9);
        assert_relative_eq!(spread.std, 0.141_421_356, epsilon = 1e-8);
        assert_eq!(spread.worst, 0.8);
        assert!(spread.low < same.low);
    }

    #[test]
    fn few_runs_widen_the_interval() {
        // 98 and 100 of 100: spread 0.0141, standard error 0.01; t = 12.706 for one degree of freedom.
        let two = repeats(vec![wilson(98, 100), wilson(100, 100)]);
        let images = two.mean - wilson(99, 100).low;
        let between = 12.706 * 0.01;
        assert_relative_eq!(two.mean - two.low, images.hypot(between), epsilon = 1e-9);
        assert_eq!((quantile(3), quantile(30)), (4.303, 2.045));
        for (runs, tabulated) in [(31, 2.0423), (50, 2.0096), (121, 1.9799)] {
            assert_relative_eq!(quantile(runs), tabulated, epsilon = 2e-4);
        }
    }
}
