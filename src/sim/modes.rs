//! A trained network on a macro in the three modes of an experiment, with batch norm as trained and re-estimated.
//!
//! M1: read-outs without noise, M2: noise at each read, M3: static virtual chips. Losses are counted image by image
//! against ideal MVM values. Not responsible for training, nor for which rows there are (`cli::experiment`).

use super::accuracy::Images;
use super::calibrate::{count_sums, place};
use super::condition::Condition;
use super::error::SimError;
use super::interval::{Z95, quantile, repeats, wilson};
use super::prepare::Prepared;
use super::reestimate::re_estimate;
use super::stage::{Progress, stage};
use crate::hw::readout::Readout;
use crate::results::accuracy::Accuracy;
use crate::results::experiment::{Evaluated, Mode, Modes, PairedLoss};

/// How much is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModeOptions {
    /// Seed of noise and chips.
    pub seed: u64,
    /// Repeats of M2.
    pub repeats: u64,
    /// Chips of M3.
    pub chips: u64,
    /// Output pixels skipped when partial sums are counted.
    pub pixel_step: usize,
}

/// On which images.
#[derive(Clone, Copy)]
pub struct ModeImages<'a> {
    /// Training images that references are placed on.
    pub references: Images<'a>,
    /// Training images that batch norm is re-estimated on.
    pub statistics: Images<'a>,
    /// Training images that batch norm of every chip is re-estimated on.
    pub chip_statistics: Images<'a>,
    /// Test images of M1 and M2.
    pub test: Images<'a>,
    /// Test images of M3.
    pub chip_test: Images<'a>,
}

/// What every evaluation needs.
struct Bench<'a> {
    prepared: &'a Prepared<'a>,
    readouts: Vec<Vec<Readout>>,
    images: ModeImages<'a>,
    options: ModeOptions,
    progress: Progress<'a>,
}

/// Which images were classified correctly, as trained and re-estimated, one entry per run.
type Runs = [Vec<Vec<bool>>; 2];

/// Evaluates all modes.
///
/// # Errors
/// If the network does not fit the macro or the images do not fit the network.
pub fn modes(
    prepared: &Prepared,
    images: ModeImages,
    options: ModeOptions,
    progress: Progress,
) -> Result<Modes, SimError> {
    images.test.check(prepared)?;
    progress("partial sums", 0, 1);
    let sums = count_sums(prepared, images.references, options.pixel_step)?;
    let bench = Bench {
        prepared,
        readouts: place(prepared, &prepared.hardware.readout, &sums)?,
        images,
        options,
        progress,
    };
    let ideal = bench.answers(&Condition::ideal(), images.test, "ideal MVM values")?;
    let noise_free = mode(&ideal, &bench.noise_free()?, Spread::Images);
    let read_noise = match options.repeats {
        0 => None,
        _ => Some(mode(&ideal, &bench.read_noise()?, Spread::Images)),
    };
    let chips_ideal = bench.answers(&Condition::ideal(), images.chip_test, "ideal MVM values")?;
    let chips = match options.chips {
        0 => None,
        _ => Some(mode(&chips_ideal, &bench.chips()?, Spread::Runs)),
    };
    Ok(Modes {
        ideal: counted(&ideal),
        chips_ideal: counted(&chips_ideal),
        noise_free,
        read_noise,
        chips,
    })
}

impl Bench<'_> {
    /// The one place that classifies: true for every image whose class was right.
    fn answers(
        &self,
        condition: &Condition,
        images: Images,
        name: &str,
    ) -> Result<Vec<bool>, SimError> {
        let outcomes = stage(self.prepared, condition, images, name, self.progress)?;
        Ok(outcomes.right().to_vec())
    }

    fn noise_free(&self) -> Result<Runs, SimError> {
        let mut condition = Condition::noise_free(&self.readouts);
        let (test, statistics) = (self.images.test, self.images.statistics);
        let as_trained = self.answers(&condition, test, "M1")?;
        condition.re_estimated = re_estimate(self.prepared, &condition, statistics)?;
        let re_estimated = self.answers(&condition, test, "M1, re-estimated")?;
        Ok([vec![as_trained], vec![re_estimated]])
    }

    fn read_noise(&self) -> Result<Runs, SimError> {
        let (seed, count) = (self.options.seed, self.options.repeats);
        // The draws behind the statistics are those of no repeat.
        let condition = Condition::read_noise(&self.readouts, seed, count);
        let statistics = re_estimate(self.prepared, &condition, self.images.statistics)?;
        let mut runs: Runs = [Vec::new(), Vec::new()];
        for repeat in 0..count {
            let name = format!("M2, {} of {count}", repeat + 1);
            let mut condition = Condition::read_noise(&self.readouts, seed, repeat);
            runs[0].push(self.answers(&condition, self.images.test, &name)?);
            condition.re_estimated.clone_from(&statistics);
            runs[1].push(self.answers(&condition, self.images.test, &name)?);
        }
        Ok(runs)
    }

    fn chips(&self) -> Result<Runs, SimError> {
        let (seed, count) = (self.options.seed, self.options.chips);
        let mut runs: Runs = [Vec::new(), Vec::new()];
        for chip in 0..count {
            let name = format!("M3, {} of {count}", chip + 1);
            let mut condition = Condition::chip(self.prepared, &self.readouts, seed, chip);
            runs[0].push(self.answers(&condition, self.images.chip_test, &name)?);
            let statistics = self.images.chip_statistics;
            condition.re_estimated = re_estimate(self.prepared, &condition, statistics)?;
            runs[1].push(self.answers(&condition, self.images.chip_test, &name)?);
        }
        Ok(runs)
    }
}

/// What varies between the runs of a mode.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spread {
    /// Draws of their own for every image: part of the spread over images.
    Images,
    /// Something that all images of a run share, a chip: counted beside it.
    Runs,
}

fn mode(ideal: &[bool], runs: &Runs, spread: Spread) -> Mode {
    let one = |runs: &[Vec<bool>]| Evaluated {
        accuracy: repeats(runs.iter().map(|run| counted(run)).collect()),
        lost: loss(ideal, runs, spread),
    };
    Mode {
        as_trained: one(&runs[0]),
        re_estimated: one(&runs[1]),
    }
}

fn counted(answers: &[bool]) -> Accuracy {
    let correct = answers.iter().filter(|&&right| right).count();
    wilson(correct as u64, answers.len() as u64)
}

/// Loss of the runs' mean; its interval is the adjusted Wald one of Agresti and Min (2005), half an observation more in each
/// of the four cells, which keeps its coverage where few images or none differ.
fn loss(ideal: &[bool], runs: &[Vec<bool>], spread: Spread) -> PairedLoss {
    let (count, images) = (runs.len() as u64, ideal.len());
    let (mut only_ideal, mut only_macro, mut squares) = (0, 0, 0.0);
    for (image, &ideal) in ideal.iter().enumerate() {
        let right = runs.iter().filter(|run| run[image]).count() as u64;
        let (lost, won) = if ideal {
            (count - right, 0)
        } else {
            (0, right)
        };
        only_ideal += lost;
        only_macro += won;
        squares += ((lost + won) as f64 / count as f64).powi(2);
    }
    let sum = (only_ideal as f64 - only_macro as f64) / count as f64;
    let n = images as f64 + 2.0;
    let centre = sum / n;
    let variance = ((squares + 1.0) / n - centre * centre) / n;
    let between = match spread {
        Spread::Images => 0.0,
        Spread::Runs => between(runs),
    };
    let half = (Z95 * variance.sqrt()).hypot(between);
    PairedLoss {
        estimate: sum / images as f64,
        low: (centre - half).max(-1.0),
        high: (centre + half).min(1.0),
        images: images as u64,
        only_ideal,
        only_macro,
    }
}

/// Half width of the 95 % interval of the mean over runs.
fn between(runs: &[Vec<bool>]) -> f64 {
    let all = repeats(runs.iter().map(|run| counted(run)).collect());
    if runs.len() < 2 {
        return 0.0;
    }
    quantile(runs.len()) * all.std / (runs.len() as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn a_loss_by_hand() {
        // 8 lost and 3 won of 100: centre 5/102, variance (12/102 - (5/102)^2) / 102.
        let ideal: Vec<bool> = (0..100).map(|image| image < 88).collect();
        let real = (0..100).map(|image| (8..91).contains(&image)).collect();
        let loss = loss(&ideal, &[real], Spread::Images);
        assert_eq!((loss.only_ideal, loss.only_macro, loss.images), (8, 3, 100));
        assert_relative_eq!(loss.estimate, 0.05, epsilon = 1e-12);
        assert_relative_eq!(loss.low, 0.049_019_6 - 0.065_878, epsilon = 1e-5);
        assert_relative_eq!(loss.high, 0.049_019_6 + 0.065_878, epsilon = 1e-5);
    }

    #[test]
    fn chips_count_their_spread() {
        let ideal = vec![true; 100];
        let worse = (0..100).map(|image| image >= 4).collect();
        let runs = [ideal.clone(), worse];
        let narrow = loss(&ideal, &runs, Spread::Images);
        let wide = loss(&ideal, &runs, Spread::Runs);
        assert_relative_eq!(wide.estimate, 0.02, epsilon = 1e-12);
        let half = |loss: &PairedLoss| loss.high - 2.0 / 102.0;
        assert_relative_eq!(
            half(&wide),
            half(&narrow).hypot(12.706 * 0.02),
            epsilon = 1e-9
        );
    }
}
