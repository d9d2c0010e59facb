//! What a condition loses against ideal MVM values, compared image by image, with the 95 % interval of that loss.
//!
//! Most images are right under both or wrong under both and say nothing about the loss. Only the others make it uncertain,
//! so that the interval of the paired difference is several times narrower than that of two separate accuracies. The
//! interval is the adjusted Wald one of Agresti and Min (2005): half an observation more in each of the four cells, which
//! keeps its coverage where few images or none differ. Two networks are compared the same way. Not responsible for intervals
//! of one accuracy (`interval`).

use super::interval::{Z95, quantile, repeats};
use super::outcomes::Outcomes;
use crate::results::accuracy::{Gain, Loss, Repeats};

/// Images added by half an observation in each of the four cells.
pub(super) const ADDED_IMAGES: f64 = 2.0;
/// Images added to those where ideal and macro differ.
pub(super) const ADDED_DIFFERENT: f64 = 1.0;

/// Loss of runs whose randomness, if any, is drawn anew for every image: noise at each read. What is left of it in the
/// mean of the runs is part of the spread over images; nothing else varies between such runs.
pub fn loss_of_reads(ideal: &Outcomes, runs: &[Outcomes]) -> Loss {
    loss(&ideal.counts(), &counts(runs), runs.len(), 0.0)
}

/// Loss of runs that each share something over all images: virtual chips. Their spread is counted beside that of the
/// images, with Student's t because few chips tell little about it. What both spreads contain (a chip that errs on one
/// image) is counted twice: the interval is rather too wide.
pub fn loss_of_chips(ideal: &Outcomes, runs: &[Outcomes]) -> Loss {
    let runs_differ = spread_of_runs(&repeats(runs.iter().map(Outcomes::accuracy).collect()));
    loss(&ideal.counts(), &counts(runs), runs.len(), runs_differ)
}

/// 95 % ends of one network's accuracy less another's on the same images. `one` and `other` are the shares of runs that
/// classified each image correctly; `spread` is what runs that share something over all images add ([`spread_of_runs`]).
pub fn difference(one: &[f64], other: &[f64], spread: f64) -> (f64, f64) {
    let images = one.len().min(other.len());
    let each = one.iter().zip(other).map(|(one, other)| one - other);
    let squares = each.clone().map(|difference| difference * difference);
    ends(each.sum(), squares.sum(), images, spread)
}

/// What one network's runs gain over another's on the same images. Noise drawn anew for every image is part of the spread over images.
pub fn gain(one: &[Outcomes], other: &[Outcomes]) -> Gain {
    let [one, other] = [one, other].map(shares);
    let images = one.len().min(other.len());
    let mean = |shares: &[f64]| shares[..images].iter().sum::<f64>() / images.max(1) as f64;
    let (low, high) = difference(&one, &other, 0.0);
    Gain {
        estimate: mean(&one) - mean(&other),
        low,
        high,
    }
}

/// Share of runs that classified each image correctly.
fn shares(runs: &[Outcomes]) -> Vec<f64> {
    let counts = counts(runs).into_iter();
    counts
        .map(|count| f64::from(count) / runs.len() as f64)
        .collect()
}

/// How many runs classified each image correctly, of the images that all of them classified.
pub fn counts(runs: &[Outcomes]) -> Vec<u32> {
    let images = runs.iter().map(Outcomes::images).min().unwrap_or(0);
    let right = |image: usize| runs.iter().filter(|run| run.right()[image]).count() as u32;
    (0..images).map(right).collect()
}

/// Half width of the 95 % interval of the mean over runs: what virtual chips add to an interval over images.
pub fn spread_of_runs(accuracy: &Repeats) -> f64 {
    let runs = accuracy.runs.len();
    if runs < 2 {
        return 0.0;
    }
    quantile(runs) * accuracy.std / (runs as f64).sqrt()
}

/// The loss of the mean of `runs` runs on the images that all classified; `between` widens its interval.
fn loss(ideal: &[u32], right: &[u32], runs: usize, between: f64) -> Loss {
    let images = right.len().min(ideal.len());
    if images == 0 {
        return Loss {
            low: -1.0,
            high: 1.0,
            ..Loss::default()
        };
    }
    let runs = runs as u64;
    let (mut only_ideal, mut only_macro, mut squares) = (0, 0, 0.0);
    for (&ideal, &right) in ideal.iter().zip(right) {
        let right = u64::from(right).min(runs);
        let (lost, won) = match ideal {
            0 => (0, right),
            _ => (runs - right, 0),
        };
        only_ideal += lost;
        only_macro += won;
        squares += ((lost + won) as f64 / runs as f64).powi(2);
    }
    let sum = (only_ideal as f64 - only_macro as f64) / runs as f64;
    let (low, high) = ends(sum, squares, images, between);
    Loss {
        estimate: sum / images as f64,
        low,
        high,
        images: images as u64,
        only_ideal,
        only_macro,
    }
}

/// 95 % ends from the sum of the differences image by image and that of their squares; all is open without an image.
fn ends(sum: f64, squares: f64, images: usize, between: f64) -> (f64, f64) {
    if images == 0 {
        return (-1.0, 1.0);
    }
    let n = images as f64 + ADDED_IMAGES;
    let centre = sum / n;
    let variance = ((squares + ADDED_DIFFERENT) / n - centre * centre) / n;
    let half = (Z95 * variance.sqrt()).hypot(between);
    ((centre - half).max(-1.0), (centre + half).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Purpose, keyed};
    use approx::assert_relative_eq;
    use rand::RngExt;

    /// Ideal and macro with so many images in each cell of the table.
    fn cells(both: usize, only_ideal: usize, only_macro: usize, none: usize) -> [Outcomes; 2] {
        let times = |counts: [usize; 4], right: [bool; 4]| {
            let parts = counts.iter().zip(right).map(|(&n, right)| vec![right; n]);
            Outcomes::new(parts.collect::<Vec<_>>().concat())
        };
        let counts = [both, only_ideal, only_macro, none];
        [
            times(counts, [true, true, false, false]),
            times(counts, [true, false, true, false]),
        ]
    }

    #[test]
    fn hand_value() {
        // 8.5 and 3.5 of 102: centre 5/102, variance (12 - 25/102) / 102^2, half width 1.96 * 0.033612.
        let [ideal, real] = cells(80, 8, 3, 9);
        let loss = loss_of_reads(&ideal, &[real]);
        assert_relative_eq!(loss.estimate, 0.05, epsilon = 1e-12);
        assert_relative_eq!(loss.low, 0.049_019_6 - 0.065_878, epsilon = 1e-5);
        assert_relative_eq!(loss.high, 0.049_019_6 + 0.065_878, epsilon = 1e-5);
        assert_eq!((loss.images, loss.only_ideal, loss.only_macro), (100, 8, 3));
    }

    #[test]
    fn a_gain_is_the_loss_of_the_other_network() {
        let [one, other] = cells(80, 8, 3, 9);
        let loss = loss_of_reads(&one, std::slice::from_ref(&other));
        let gain = gain(&[one.clone(), one], &[other]);
        assert_relative_eq!(gain.estimate, loss.estimate, epsilon = 1e-12);
        assert_relative_eq!(gain.low, loss.low, epsilon = 1e-12);
        assert_relative_eq!(gain.high, loss.high, epsilon = 1e-12);
    }

    #[test]
    fn images_that_do_not_differ_leave_something_open() {
        // 0.5 and 0.5 of 102: half width 1.96 * 1 / 102.
        let [ideal, real] = cells(90, 0, 0, 10);
        let loss = loss_of_reads(&ideal, &[real]);
        assert_eq!(loss.estimate, 0.0);
        assert_relative_eq!(loss.high, 0.019_215_3, epsilon = 1e-6);
        assert_relative_eq!(loss.low, -loss.high);
    }

    #[test]
    fn ends_stay_in_range_and_nothing_seen_leaves_all_open() {
        let [ideal, real] = cells(0, 32, 0, 0);
        let all = loss_of_reads(&ideal, &[real]);
        assert!(all.estimate == 1.0 && all.high == 1.0 && all.low > 0.8);
        let none = loss_of_reads(&ideal, &[]);
        assert_eq!((none.images, none.low, none.high), (0, -1.0, 1.0));
    }

    #[test]
    fn the_same_run_again_tells_nothing_new() {
        let [ideal, real] = cells(80, 8, 3, 9);
        let once = loss_of_reads(&ideal, std::slice::from_ref(&real));
        for of in [loss_of_reads, loss_of_chips] {
            let thrice = of(&ideal, &[real.clone(), real.clone(), real.clone()]);
            assert_relative_eq!(thrice.low, once.low, epsilon = 1e-12);
            assert_relative_eq!(thrice.high, once.high, epsilon = 1e-12);
            assert_eq!(thrice.only_ideal, 24);
        }
    }

    #[test]
    fn chips_count_their_spread() {
        // Chips right on 96 and 100 of 100: mean 0.98, standard error 0.02, t = 12.706; over images 4 of weight 1/4.
        let [ideal, worse] = cells(96, 4, 0, 0);
        let loss = loss_of_chips(&ideal, &[ideal.clone(), worse]);
        let centre = 2.0 / 102.0;
        let images = 1.959_964 * ((2.0 / 102.0 - centre * centre) / 102.0_f64).sqrt();
        let half = images.hypot(12.706 * 0.02);
        assert_relative_eq!(loss.estimate, 0.02, epsilon = 1e-12);
        assert_relative_eq!(loss.high, centre + half, epsilon = 1e-6);
    }

    #[test]
    fn two_networks_are_compared_as_ideal_and_macro_are() {
        let [one, other] = cells(80, 8, 3, 9);
        let runs = [other.clone(), one.clone(), other];
        let accuracy = repeats(runs.iter().map(Outcomes::accuracy).collect());
        let right = counts(&runs);
        assert_eq!((right[0], right[80], right[88], right[99]), (3, 1, 2, 0));
        let shares = |right: &[u32], runs: f64| -> Vec<f64> {
            right.iter().map(|&n| f64::from(n) / runs).collect()
        };
        let (ideal, real) = (shares(&one.counts(), 1.0), shares(&right, 3.0));
        for (spread, of) in [
            (0.0, loss_of_reads as fn(&Outcomes, &[Outcomes]) -> Loss),
            (spread_of_runs(&accuracy), loss_of_chips),
        ] {
            let (loss, (low, high)) = (of(&one, &runs), difference(&ideal, &real, spread));
            assert_relative_eq!(low, loss.low, epsilon = 1e-12);
            assert_relative_eq!(high, loss.high, epsilon = 1e-12);
            // The other way round it is the same difference with the other sign.
            let (less, more) = difference(&real, &ideal, spread);
            assert_relative_eq!(less, -high, epsilon = 1e-12);
            assert_relative_eq!(more, -low, epsilon = 1e-12);
        }
        assert_eq!(difference(&[], &[], 0.0), (-1.0, 1.0));
    }

    /// Share of trials whose interval holds the true loss.
    fn coverage(trials: u64, truth: f64, trial: impl Fn(u64) -> Loss) -> f64 {
        let holds = |index: &u64| {
            let loss = trial(*index);
            loss.low <= truth && truth <= loss.high
        };
        (0..trials).filter(holds).count() as f64 / trials as f64
    }

    #[test]
    fn the_interval_of_single_runs_covers_the_loss() {
        // Nominal 0.95. Where hardly an image differs the half observations cover more than that; the standard error of the
        // trials is 0.0035.
        for (images, only_ideal, only_macro, most) in [
            (64, 0.02, 0.005, 1.0),
            (150, 0.03, 0.02, 0.98),
            (500, 0.02, 0.01, 0.965),
            (500, 0.3, 0.02, 0.975),
        ] {
            let covered = coverage(4000, only_ideal - only_macro, |trial| {
                let mut rng = keyed(1, Purpose::Read, &[images, trial]);
                let mut count = [0; 3];
                for _ in 0..images {
                    let u: f64 = rng.random();
                    let cell = [only_ideal, only_ideal + only_macro].map(|end| u >= end);
                    count[cell.iter().filter(|&&beyond| beyond).count()] += 1;
                }
                let [ideal, real] = cells(count[2], count[0], count[1], 0);
                loss_of_reads(&ideal, &[real])
            });
            assert!(
                (0.94..=most).contains(&covered),
                "{images} {only_ideal} {only_macro}: {covered}"
            );
        }
    }

    /// Runs of 400 images of which a tenth errs one time in three, every run shifted as a whole by up to `shift`.
    fn runs(count: u64, shift: f64, trial: u64) -> Vec<Outcomes> {
        let mut rng = keyed(2, Purpose::Read, &[count, trial]);
        let weak: Vec<bool> = (0..400).map(|_| rng.random::<f64>() < 0.1).collect();
        let run = |_| {
            let extra = shift * (2.0 * rng.random::<f64>() - 1.0);
            let errs = |&weak: &bool| if weak { 1.0 / 3.0 + extra } else { 0.0 };
            Outcomes::new(
                weak.iter()
                    .map(|weak| rng.random::<f64>() >= errs(weak))
                    .collect(),
            )
        };
        (0..count).map(run).collect()
    }

    #[test]
    fn the_interval_of_several_runs_covers_the_loss() {
        let ideal = Outcomes::new(vec![true; 400]);
        let reads = coverage(2000, 1.0 / 30.0, |trial| {
            loss_of_reads(&ideal, &runs(3, 0.0, trial))
        });
        assert!((0.935..=0.975).contains(&reads), "{reads}");
        let chips = coverage(2000, 1.0 / 30.0, |trial| {
            loss_of_chips(&ideal, &runs(10, 0.3, trial))
        });
        assert!((0.94..=0.995).contains(&chips), "{chips}");
    }
}
