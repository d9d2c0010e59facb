//! The different evaluations among the points of a curve: read-outs that are equal, or read alike with all their codes,
//! share one, and what is known beforehand needs none.
//!
//! Not responsible for which points there are (`curve`) nor for how many images are looked at (`sampling`).

use super::accuracy::Images;
use super::adjusted::Known;
use super::condition::Condition;
use super::curve::CurveOptions;
use super::error::SimError;
use super::outcomes::Outcomes;
use super::prepare::Prepared;
use super::same_reads::same_reads;
use super::sampling::{Budget, sample};
use super::stage::Progress;
use crate::hw::readout::Readout;
use crate::hw::readout::columns::ColumnReadouts;
use crate::results::accuracy::{Accuracy, Loss};
use rayon::prelude::*;

/// Images of all evaluations together for every test image: the curve costs little more than one noisy evaluation of the
/// test set, and half of its evaluations are without noise and cheaper.
const IMAGES_PER_TEST_IMAGE: f64 = 1.25;

/// Evaluations without duplicates.
pub struct Distinct<'a> {
    entries: Vec<Entry<'a>>,
}

struct Entry<'a> {
    readouts: &'a [Vec<ColumnReadouts>],
    noise: bool,
    found: Found,
}

enum Found {
    /// Nothing yet.
    Open,
    /// Some or all images.
    Seen(Outcomes),
    /// No evaluation is needed: this is the ideal network.
    Ideal(Outcomes),
}

impl<'a> Distinct<'a> {
    /// What the run has evaluated with the macro's own read-outs.
    pub fn of_run(options: &CurveOptions<'a>) -> Self {
        let mut distinct = Distinct {
            entries: Vec::new(),
        };
        let run = options.evaluated;
        let known = [
            (false, Some(&run.noise_free)),
            (true, run.read_noise.first()),
        ];
        for (noise, outcomes) in known {
            if let Some(outcomes) = outcomes {
                distinct.entries.push(Entry {
                    readouts: options.own,
                    noise,
                    found: Found::Seen(part(outcomes, options)),
                });
            }
        }
        distinct
    }

    /// The entry of these read-outs, added if there is none.
    pub fn entry(
        &mut self,
        readouts: &'a [Vec<ColumnReadouts>],
        noise: bool,
        options: &CurveOptions,
    ) -> usize {
        let same = |entry: &Entry| entry.noise == noise && entry.readouts == readouts;
        if let Some(index) = self.entries.iter().position(same) {
            return index;
        }
        let found = if !noise && lossless(readouts) {
            Found::Ideal(part(&options.evaluated.ideal, options))
        } else {
            Found::Open
        };
        self.entries.push(Entry {
            readouts,
            noise,
            found,
        });
        self.entries.len() - 1
    }

    /// Evaluates what is open; the number of images that took.
    ///
    /// # Errors
    /// If the images do not fit the network.
    pub fn evaluate(
        &mut self,
        prepared: &Prepared,
        test: Images,
        options: &CurveOptions,
        progress: Progress,
    ) -> Result<u64, SimError> {
        let mut open: Vec<&mut Entry> = self
            .entries
            .iter_mut()
            .filter(|entry| matches!(entry.found, Found::Open))
            .collect();
        if open.is_empty() {
            return Ok(0);
        }
        let conditions: Vec<Condition> = open
            .par_iter()
            .map(|entry| entry.condition(options.seed))
            .collect();
        let (conditions, place) = without_repetition(conditions);
        let budget = Budget {
            each: options.images,
            per_test_image: IMAGES_PER_TEST_IMAGE,
            stage: "ADC bits: images",
        };
        let seen = sample(prepared, &conditions, test, options.known, budget, progress)?;
        for (entry, place) in open.iter_mut().zip(place) {
            entry.found = Found::Seen(seen[place].clone());
        }
        Ok(seen.iter().map(|seen| seen.images() as u64).sum())
    }

    /// Accuracy on all test images and the loss it comes from.
    pub fn result(&self, index: usize, known: &Known) -> (Accuracy, Loss) {
        let nothing = Outcomes::default();
        match &self.entries[index].found {
            Found::Open => estimate(&nothing, known.ideal(), known.loss(&nothing)),
            Found::Seen(seen) => estimate(seen, known.ideal(), known.loss(seen)),
            Found::Ideal(seen) => {
                let none = Loss {
                    images: seen.images() as u64,
                    ..Loss::default()
                };
                estimate(seen, known.ideal(), none)
            }
        }
    }
}

impl Entry<'_> {
    /// Noise as in the first repeat of the run.
    fn condition(&self, seed: u64) -> Condition {
        if self.noise {
            Condition::read_noise(self.readouts, seed, 0)
        } else {
            Condition::noise_free(self.readouts)
        }
    }
}

/// Conditions that read alike once only, and where each of the given ones is among them.
pub(super) fn without_repetition(conditions: Vec<Condition>) -> (Vec<Condition>, Vec<usize>) {
    let mut kept: Vec<Condition> = Vec::new();
    let mut places = Vec::new();
    for condition in conditions {
        let known = kept.iter().position(|other| same_reads(other, &condition));
        places.push(known.unwrap_or(kept.len()));
        if known.is_none() {
            kept.push(condition);
        }
    }
    (kept, places)
}

/// What is known beforehand, on as many images as every point is to look at.
fn part(outcomes: &Outcomes, options: &CurveOptions) -> Outcomes {
    outcomes.first(options.images.unwrap_or(usize::MAX))
}

/// The ideal accuracy on all images less the loss, with the interval of the loss; plainly counted if all were seen.
pub(super) fn estimate(seen: &Outcomes, ideal: &Outcomes, lost: Loss) -> (Accuracy, Loss) {
    let (counted, all) = (seen.accuracy(), ideal.accuracy().estimate);
    let estimate = if seen.images() == ideal.images() {
        counted.estimate
    } else {
        (all - lost.estimate).clamp(0.0, 1.0)
    };
    let accuracy = Accuracy {
        estimate,
        low: (all - lost.high).clamp(0.0, 1.0),
        high: (all - lost.low).clamp(0.0, 1.0),
        ..counted
    };
    (accuracy, lost)
}

/// True if every possible sum is read out as itself.
fn lossless(readouts: &[Vec<ColumnReadouts>]) -> bool {
    let exact = |readout: &Readout| {
        let range = readout.range;
        (range.min..=range.max).all(|s| {
            readout
                .decode
                .value(usize::from(readout.code(f64::from(s))))
                == s as f32
        })
    };
    let classes = readouts.iter().flatten().flat_map(ColumnReadouts::classes);
    classes.into_iter().all(exact)
}
