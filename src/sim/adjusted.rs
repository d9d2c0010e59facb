//! The loss on all test images, estimated from the first of them and from what the run knows about the rest.
//!
//! The same images are fragile under most conditions, and the run has seen every image under the macro's own. Where the
//! first images happen to be more fragile than the others, or less, all conditions err together on them; a regression on
//! the run's own loss takes that out (a two-phase regression estimator). Not responsible for how many images are seen
//! (`sampling`).

use super::evaluated::Evaluated;
use super::interval::Z95;
use super::outcomes::Outcomes;
use super::paired::{ADDED_DIFFERENT, ADDED_IMAGES, loss_of_reads};
use crate::results::accuracy::Loss;

/// What the run knows about every test image.
pub struct Known<'a> {
    /// Ideal MVM values.
    ideal: &'a Outcomes,
    /// Loss of the macro's own read-outs, image by image, the mean over runs.
    own: Vec<f64>,
}

impl<'a> Known<'a> {
    /// From the runs without noise and with noise at each read.
    pub fn of(run: &'a Evaluated) -> Self {
        let runs: Vec<&Outcomes> = std::iter::once(&run.noise_free)
            .chain(&run.read_noise)
            .collect();
        let own = |(image, &ideal): (usize, &bool)| {
            let right = runs.iter().filter(|run| run.right()[image]).count();
            f64::from(u8::from(ideal)) - right as f64 / runs.len() as f64
        };
        let ideal = &run.ideal;
        Known {
            ideal,
            own: ideal.right().iter().enumerate().map(own).collect(),
        }
    }

    /// Ideal MVM values on all test images.
    pub fn ideal(&self) -> &'a Outcomes {
        self.ideal
    }

    /// Loss on all test images of a condition that was seen on the first of them; plainly counted if it was seen on all.
    /// `only_ideal` and `only_macro` are those of the images seen.
    pub fn loss(&self, seen: &Outcomes) -> Loss {
        let counted = loss_of_reads(self.ideal, std::slice::from_ref(seen));
        let images = seen.images().min(self.own.len());
        if images == 0 || images == self.own.len() {
            return counted;
        }
        let right = self.ideal.right().iter().zip(seen.right());
        let lost: Vec<f64> = right
            .map(|(&ideal, &real)| f64::from(i8::from(ideal) - i8::from(real)))
            .collect();
        let slope = slope(&self.own[..images], &lost);
        let rest = lost
            .iter()
            .zip(&self.own)
            .map(|(lost, own)| lost - slope * own);
        let (sum, squares) = rest.fold((0.0, 0.0), |(sum, squares), rest| {
            (sum + rest, squares + rest * rest)
        });
        let known = slope * mean(&self.own);
        let n = images as f64 + ADDED_IMAGES;
        let variance = ((squares + ADDED_DIFFERENT) / n - (sum / n).powi(2)) / n;
        // What the run knows it knows from a sample of images, too.
        let of_known = slope * slope * mean_square(&self.own) / self.own.len() as f64;
        let half = Z95 * (variance + of_known).sqrt();
        Loss {
            estimate: (sum / images as f64 + known).clamp(-1.0, 1.0),
            low: (sum / n + known - half).max(-1.0),
            high: (sum / n + known + half).min(1.0),
            ..counted
        }
    }
}

/// How much of the run's own loss a condition shares: least squares, between none and all of it.
fn slope(own: &[f64], lost: &[f64]) -> f64 {
    let squares: f64 = own.iter().map(|own| own * own).sum();
    let products: f64 = own.iter().zip(lost).map(|(own, lost)| own * lost).sum();
    if squares > 0.0 {
        (products / squares).clamp(0.0, 1.0)
    } else {
        0.0
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn mean_square(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Purpose, keyed};
    use approx::assert_relative_eq;
    use rand::RngExt;

    /// A run whose ideal is right everywhere and whose macro errs where it is told to.
    fn run(wrong: &[bool]) -> Evaluated {
        let right = Outcomes::new(wrong.iter().map(|wrong| !wrong).collect());
        Evaluated {
            ideal: Outcomes::new(vec![true; wrong.len()]),
            noise_free: right.clone(),
            read_noise: vec![right.clone()],
            chips: Vec::new(),
            re_estimated: right,
        }
    }

    #[test]
    fn luck_of_the_first_images_is_taken_out() {
        // The macro errs on 4 of the first 40 images and on none of the other 360; so does the condition: 1 % in all.
        let wrong: Vec<bool> = (0..400).map(|image| image < 4).collect();
        let run = run(&wrong);
        let known = Known::of(&run);
        let loss = known.loss(&run.noise_free.first(40));
        assert_relative_eq!(loss.estimate, 0.01, epsilon = 1e-12);
        assert_eq!((loss.images, loss.only_ideal), (40, 4));
        // Nothing is left over: half observations of 42 images, and 1 % of 400.
        let half = 1.959_964 * (1.0 / 42.0_f64.powi(2) + 0.01 / 400.0).sqrt();
        assert_relative_eq!(loss.high, 0.01 + half, epsilon = 1e-6);
        // A condition that errs elsewhere shares nothing.
        let other = Outcomes::new((0..40).map(|image| image < 36).collect());
        let plain = loss_of_reads(&run.ideal, std::slice::from_ref(&other));
        assert_eq!(known.loss(&other), plain);
    }

    #[test]
    fn on_all_images_the_loss_is_counted() {
        let run = run(&[false, true, false, false]);
        let seen = Outcomes::new(vec![true, true, true, false]);
        let plain = loss_of_reads(&run.ideal, std::slice::from_ref(&seen));
        assert_eq!(Known::of(&run).loss(&seen), plain);
        assert_eq!(Known::of(&run).loss(&Outcomes::default()).high, 1.0);
    }

    /// Images of which a twentieth is fragile and comes out by chance; ideal, own runs and the condition alike.
    fn trial(index: u64, shift: f64) -> (Evaluated, Outcomes) {
        const IMAGES: usize = 1000;
        let mut rng = keyed(3, Purpose::Read, &[index]);
        let fragile: Vec<bool> = (0..IMAGES).map(|_| rng.random::<f64>() < 0.05).collect();
        let mut outcomes = |wrong: f64| {
            let right = |&fragile: &bool| !fragile || rng.random::<f64>() >= wrong;
            Outcomes::new(fragile.iter().map(right).collect())
        };
        let run = Evaluated {
            ideal: outcomes(0.5),
            noise_free: outcomes(0.5),
            read_noise: vec![outcomes(0.5), outcomes(0.5), outcomes(0.5)],
            chips: Vec::new(),
            re_estimated: Outcomes::default(),
        };
        let seen = outcomes(0.5 + shift).first(160);
        (run, seen)
    }

    #[test]
    fn the_interval_covers_the_loss_and_the_estimate_is_closer() {
        for shift in [0.0, 0.3] {
            let truth = 0.05 * shift;
            let (mut covered, mut errors, mut plain_errors) = (0, 0.0, 0.0);
            for index in 0..2000 {
                let (run, seen) = trial(index, shift);
                let loss = Known::of(&run).loss(&seen);
                let plain = loss_of_reads(&run.ideal, std::slice::from_ref(&seen));
                covered += u32::from(loss.low <= truth && truth <= loss.high);
                errors += (loss.estimate - truth).powi(2);
                plain_errors += (plain.estimate - truth).powi(2);
            }
            let covered = f64::from(covered) / 2000.0;
            assert!((0.94..=0.995).contains(&covered), "{shift}: {covered}");
            assert!(errors < 0.75 * plain_errors, "{errors} {plain_errors}");
        }
    }
}
