//! The network under every condition of a run, image by image, and the accuracies and losses that follow.
//!
//! Every condition is compared with ideal MVM values on the same images, which are evaluated once: where only some images
//! are classified, the ideal of those is a part of it. Not responsible for the curve of ADC bits (`curve`).

use super::accuracy::Images;
use super::condition::Condition;
use super::error::SimError;
use super::interval::repeats;
use super::outcomes::Outcomes;
use super::paired::{loss_of_chips, loss_of_reads};
use super::prepare::Prepared;
use super::reestimate::re_estimate;
use super::run::RunOptions;
use super::stage::{Progress, stage, stage_of_both};
use crate::hw::readout::columns::ColumnReadouts;
use crate::results::accuracy::{Accuracies, Repeats};

/// Answers under every condition.
pub struct Evaluated {
    /// Ideal MVM values.
    pub ideal: Outcomes,
    /// The ADC without noise.
    pub noise_free: Outcomes,
    /// Noise at each read, one entry per repeat.
    pub read_noise: Vec<Outcomes>,
    /// Virtual chips, one entry per chip, on the first images only.
    pub chips: Vec<Outcomes>,
    /// As `noise_free`, batch norm re-estimated.
    pub re_estimated: Outcomes,
}

/// Evaluates every condition; batch norm is re-estimated on the calibration images, of chips where that is asked for.
///
/// # Errors
/// If the images do not fit the network.
pub fn evaluated(
    prepared: &Prepared,
    readouts: &[Vec<ColumnReadouts>],
    calibration: Images,
    test: Images,
    options: &RunOptions,
    progress: Progress,
) -> Result<Evaluated, SimError> {
    let on = |condition: &Condition, images, name: &str| {
        stage(prepared, condition, images, name, progress)
    };
    let ideal = on(&Condition::ideal(), test, "ideal MVM values")?;
    let noise_free = Condition::noise_free(readouts);
    let other = re_estimate(prepared, &noise_free, calibration)?;
    let both = (&noise_free, &other[..]);
    let [noise_free, re_estimated] =
        stage_of_both(prepared, both, test, "ADC without noise", progress)?;
    let mut read_noise = Vec::new();
    for repeat in 0..options.repeats {
        let condition = Condition::read_noise(readouts, options.seed, repeat);
        let name = format!("noise at each read, {} of {}", repeat + 1, options.repeats);
        read_noise.push(on(&condition, test, &name)?);
    }
    let mut chips = Vec::new();
    for chip in 0..options.chips {
        let mut condition = Condition::chip(prepared, readouts, options.seed, chip);
        if options.calibrate_chips {
            condition.re_estimated = re_estimate(prepared, &condition, calibration)?;
        }
        let name = format!("virtual chips, {} of {}", chip + 1, options.chips);
        chips.push(on(&condition, test.first(options.chip_images), &name)?);
    }
    Ok(Evaluated {
        ideal,
        noise_free,
        read_noise,
        chips,
        re_estimated,
    })
}

impl Evaluated {
    /// Accuracies with their intervals, and what is lost against the ideal.
    pub fn accuracies(&self) -> Accuracies {
        let (runs, simulated_is) = self.headline();
        let chips_ideal = self
            .chips
            .first()
            .map(|chip| self.ideal.first(chip.images()));
        Accuracies {
            full_precision: None,
            ideal: self.ideal.accuracy(),
            noise_free: self.noise_free.accuracy(),
            read_noise: some(&self.read_noise),
            chips: some(&self.chips),
            chips_lost: chips_ideal
                .as_ref()
                .map(|ideal| loss_of_chips(ideal, &self.chips)),
            chips_ideal: chips_ideal.map(|ideal| ideal.accuracy()),
            chips_calibrated: false,
            re_estimated: Some(self.re_estimated.accuracy()),
            simulated: summary(runs),
            simulated_is: simulated_is.into(),
            lost: loss_of_reads(&self.ideal, runs),
        }
    }

    /// The most complete condition evaluated on all images, which is called `simulated`.
    pub fn headline(&self) -> (&[Outcomes], &'static str) {
        if self.read_noise.is_empty() {
            (std::slice::from_ref(&self.noise_free), "noise_free")
        } else {
            (&self.read_noise, "read_noise")
        }
    }
}

fn summary(runs: &[Outcomes]) -> Repeats {
    repeats(runs.iter().map(Outcomes::accuracy).collect())
}

fn some(runs: &[Outcomes]) -> Option<Repeats> {
    (!runs.is_empty()).then(|| summary(runs))
}
