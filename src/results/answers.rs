//! Answers of the modes of an experiment's row, test image by test image (`answers.json.gz`).
//!
//! Kept beside the counts of `result.json` so that rows, which are different networks, can be compared on the same images.

use super::experiment::{Mode, Modes};
use serde::{Deserialize, Serialize};

/// How many runs classified each image correctly, as trained and with batch norm re-estimated.
pub type OfMode = [Vec<u32>; 2];

/// All modes of a row. Ideal MVM values are one run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Answers {
    /// Ideal MVM values.
    pub ideal: Vec<u32>,
    /// Ideal MVM values on the images that the chips classified.
    pub chips_ideal: Vec<u32>,
    /// M1.
    pub noise_free: OfMode,
    /// M2; `null` without repeats.
    pub read_noise: Option<OfMode>,
    /// M3; `null` without chips.
    pub chips: Option<OfMode>,
}

impl Answers {
    /// True if they add up to these counts.
    pub fn belong_to(&self, modes: &Modes) -> bool {
        let one = |answers: &[u32], runs: &[super::accuracy::Accuracy]| {
            let images = runs.first().map_or(0, |run| run.images);
            let correct: u64 = runs.iter().map(|run| run.correct).sum();
            answers.len() as u64 == images
                && answers.iter().map(|&n| u64::from(n)).sum::<u64>() == correct
        };
        let mode = |answers: &OfMode, mode: &Mode| {
            one(&answers[0], &mode.as_trained.accuracy.runs)
                && one(&answers[1], &mode.re_estimated.accuracy.runs)
        };
        let maybe = |answers: &Option<OfMode>, found: &Option<Mode>| match (answers, found) {
            (Some(answers), Some(found)) => mode(answers, found),
            (None, None) => true,
            _ => false,
        };
        one(&self.ideal, std::slice::from_ref(&modes.ideal))
            && one(&self.chips_ideal, std::slice::from_ref(&modes.chips_ideal))
            && mode(&self.noise_free, &modes.noise_free)
            && maybe(&self.read_noise, &modes.read_noise)
            && maybe(&self.chips, &modes.chips)
    }
}
