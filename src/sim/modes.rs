//! A trained network on a macro in the three modes of an experiment, with batch norm as trained and re-estimated.
//!
//! M1: read-outs without noise, M2: noise at each read, M3: static virtual chips. Losses are counted image by image
//! against ideal MVM values. Not responsible for training, nor for which rows there are (`cli::experiment`).

use super::accuracy::Images;
use super::calibrate::{count_sums, place};
use super::condition::{Condition, ScaleShift};
use super::error::SimError;
use super::interval::repeats;
use super::outcomes::Outcomes;
use super::paired::{counts, loss_of_chips, loss_of_reads};
use super::prepare::Prepared;
use super::reestimate::re_estimate;
use super::stage::{Progress, stage, stage_of_both};
use crate::hw::readout::columns::ColumnReadouts;
use crate::results::accuracy::Loss;
use crate::results::answers::{Answers, OfMode};
use crate::results::experiment::{Evaluated, Mode, Modes};

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
    readouts: Vec<Vec<ColumnReadouts>>,
    images: ModeImages<'a>,
    options: ModeOptions,
    progress: Progress<'a>,
}

/// Which images were classified correctly, as trained and re-estimated, one entry per run.
type Runs = [Vec<Outcomes>; 2];

/// Evaluates all modes; the answers are those that the counts were made of.
///
/// # Errors
/// If the network does not fit the macro or the images do not fit the network.
pub fn modes(
    prepared: &Prepared,
    images: ModeImages,
    options: ModeOptions,
    progress: Progress,
) -> Result<(Modes, Answers), SimError> {
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
    let noise_free = bench.noise_free()?;
    let read_noise = match options.repeats {
        0 => None,
        _ => Some(bench.read_noise()?),
    };
    let chips_ideal = bench.answers(&Condition::ideal(), images.chip_test, "ideal MVM values")?;
    let chips = match options.chips {
        0 => None,
        _ => Some(bench.chips()?),
    };
    let answers = Answers {
        ideal: ideal.counts(),
        chips_ideal: chips_ideal.counts(),
        noise_free: right(&noise_free),
        read_noise: read_noise.as_ref().map(right),
        chips: chips.as_ref().map(right),
    };
    let modes = Modes {
        ideal: ideal.accuracy(),
        chips_ideal: chips_ideal.accuracy(),
        noise_free: mode(&ideal, &noise_free, loss_of_reads),
        read_noise: read_noise.map(|runs| mode(&ideal, &runs, loss_of_reads)),
        chips: chips.map(|runs| mode(&chips_ideal, &runs, loss_of_chips)),
    };
    Ok((modes, answers))
}

fn right(runs: &Runs) -> OfMode {
    [counts(&runs[0]), counts(&runs[1])]
}

impl Bench<'_> {
    /// True for every image whose class was right.
    fn answers(
        &self,
        condition: &Condition,
        images: Images,
        name: &str,
    ) -> Result<Outcomes, SimError> {
        stage(self.prepared, condition, images, name, self.progress)
    }

    /// The same as trained and with the scales and shifts `other`.
    fn add(
        &self,
        both: (&Condition, &[Option<ScaleShift>]),
        images: Images,
        name: &str,
        runs: &mut Runs,
    ) -> Result<(), SimError> {
        let found = stage_of_both(self.prepared, both, images, name, self.progress)?;
        runs.iter_mut()
            .zip(found)
            .for_each(|(runs, one)| runs.push(one));
        Ok(())
    }

    fn noise_free(&self) -> Result<Runs, SimError> {
        let condition = Condition::noise_free(&self.readouts);
        let statistics = re_estimate(self.prepared, &condition, self.images.statistics)?;
        let mut runs = Runs::default();
        let both = (&condition, &statistics[..]);
        self.add(both, self.images.test, "M1", &mut runs)?;
        Ok(runs)
    }

    fn read_noise(&self) -> Result<Runs, SimError> {
        let (seed, count) = (self.options.seed, self.options.repeats);
        // The draws behind the statistics are those of no repeat.
        let condition = Condition::read_noise(&self.readouts, seed, count);
        let statistics = re_estimate(self.prepared, &condition, self.images.statistics)?;
        let mut runs = Runs::default();
        for repeat in 0..count {
            let name = format!("M2, {} of {count}", repeat + 1);
            let condition = Condition::read_noise(&self.readouts, seed, repeat);
            self.add(
                (&condition, &statistics),
                self.images.test,
                &name,
                &mut runs,
            )?;
        }
        Ok(runs)
    }

    fn chips(&self) -> Result<Runs, SimError> {
        let (seed, count) = (self.options.seed, self.options.chips);
        let mut runs = Runs::default();
        for chip in 0..count {
            let name = format!("M3, {} of {count}", chip + 1);
            let condition = Condition::chip(self.prepared, &self.readouts, seed, chip);
            let statistics = re_estimate(self.prepared, &condition, self.images.chip_statistics)?;
            self.add(
                (&condition, &statistics),
                self.images.chip_test,
                &name,
                &mut runs,
            )?;
        }
        Ok(runs)
    }
}

/// One mode; `lost` is the rule for what varies between its runs.
fn mode(ideal: &Outcomes, runs: &Runs, lost: fn(&Outcomes, &[Outcomes]) -> Loss) -> Mode {
    let one = |runs: &[Outcomes]| Evaluated {
        accuracy: repeats(runs.iter().map(Outcomes::accuracy).collect()),
        lost: lost(ideal, runs),
    };
    Mode {
        as_trained: one(&runs[0]),
        re_estimated: one(&runs[1]),
    }
}
