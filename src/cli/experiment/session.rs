//! Trains and evaluates the rows of an experiment, one at a time, and keeps what is done already.
//!
//! Not responsible for which rows are asked for, nor for pages.

use super::commands::{Commands, Training};
use super::curves;
use super::elsewhere;
use super::expected::expected;
use super::fingerprints::Fingerprints;
use super::folder::Folders;
use super::record;
use crate::cli::deployed;
use crate::cli::image_choice::{chosen, images};
use crate::cli::output::{self, print};
use crate::cli::progress::Stages;
use crate::cli::run::{PIXEL_STEP, unfit};
use crate::cli::train::train_on;
use crate::cli::training_lock::lock;
use crate::data::Dataset;
use crate::experiment::{Row, Weights, summary};
use crate::net::network::Network;
use crate::net::weights;
use crate::results::experiment::{ExperimentResult, Mode, RowResult};
use crate::results::training::NamedCurve;
use crate::sim::modes::{ModeImages, ModeOptions, modes};
use crate::sim::prepare::Prepared;
use anyhow::{anyhow, bail};
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// An experiment at work.
pub struct Session<'a> {
    commands: &'a Commands<'a>,
    network: &'a Network,
    data: &'a Dataset,
    folders: Folders<'a>,
    quiet: bool,
    /// Trainings that failed, by seed and folder, and why: they are not tried for every row that needs them.
    failed: HashMap<(u64, String), String>,
    /// What was warned of already.
    warned: RefCell<HashSet<String>>,
}

impl<'a> Session<'a> {
    /// Before the first row.
    pub fn new(
        commands: &'a Commands<'a>,
        network: &'a Network,
        data: &'a Dataset,
        quiet: bool,
    ) -> Self {
        Session {
            commands,
            network,
            data,
            folders: Folders {
                network,
                data,
                fingerprints: Fingerprints::default(),
            },
            quiet,
            failed: HashMap::new(),
            warned: RefCell::default(),
        }
    }

    /// Prints a line unless that is not wanted.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn say(&self, line: &str) -> anyhow::Result<()> {
        if self.quiet {
            return Ok(());
        }
        print(&format!("{line}\n"))
    }

    fn result_path(&self, seed: u64, row: &Row) -> PathBuf {
        self.commands.place(seed, &row.name).join(record::RESULT)
    }

    /// Checks that what lies on the disk belongs to this row, before anything is done.
    ///
    /// # Errors
    /// If it does not.
    pub fn check(&self, seed: u64, row: &Row) -> anyhow::Result<()> {
        self.recorded(seed, row).map(|_| ())
    }

    /// The result of a row, if it is there and still that of the row; its trainings are looked at first.
    fn recorded(&self, seed: u64, row: &Row) -> anyhow::Result<Option<RowResult>> {
        if let Some(float) = self.commands.float(seed)? {
            self.folders.check(&float)?;
        }
        self.folders.check(&self.commands.qat(seed)?)?;
        self.folders.check(&self.commands.origin(seed, row)?)?;
        let expected = expected(self.commands, &self.folders, seed, row)?;
        let trained = matches!(row.weights, Weights::Trained(_));
        record::result(&self.result_path(seed, row), &expected, trained)
    }

    /// True if a row has no result that is still its own.
    pub fn is_missing(&self, seed: u64, row: &Row) -> bool {
        matches!(self.recorded(seed, row), Ok(None))
    }

    /// Every recorded result of the plan that is still asked for, with what it amounts to.
    pub fn all(&self) -> ExperimentResult {
        let plan = self.commands.plan;
        let mut results = Vec::new();
        for row in &plan.rows {
            for &seed in &plan.seeds {
                // A row that is not selected may have been changed or damaged: it is missing then.
                match self.recorded(seed, row) {
                    Ok(found) => results.extend(found),
                    Err(error) => self.warn(&format!(
                        "seed {seed}, row {}: left out of the page: {error:#}",
                        row.name
                    )),
                }
            }
        }
        summary::summarize(plan, results)
    }

    /// Learning curves of the trainings that there are.
    pub fn curves(&self) -> Vec<NamedCurve> {
        curves::all(self.commands, &self.folders)
    }

    /// Says once what is amiss.
    fn warn(&self, text: &str) {
        if self.warned.borrow_mut().insert(text.to_string()) {
            output::warn(text);
        }
    }

    /// Trains and evaluates a row, unless its result is there.
    ///
    /// # Errors
    /// If the training or the evaluation fails.
    pub fn row(&mut self, seed: u64, row: &Row) -> anyhow::Result<()> {
        if self.recorded(seed, row)?.is_some() {
            return self.say(&format!("seed {seed}, row {}: there already", row.name));
        }
        let network = self.trained(seed, row)?;
        let began = Instant::now();
        let result = self.evaluated(seed, row, &network)?;
        record::write(&self.commands.place(seed, &row.name), &result)?;
        self.say(&line(seed, &result, began.elapsed().as_secs_f64()))
    }

    /// The deployed network of a row, trained where it is not there yet.
    fn trained(&mut self, seed: u64, row: &Row) -> anyhow::Result<PathBuf> {
        let origin = self.commands.origin(seed, row)?;
        if self.folders.is_done(&origin)? {
            return Ok(origin.deployed());
        }
        // No row has this name.
        let before = (seed, "qat".to_string());
        if let Some(why) = self.failed.get(&before) {
            return Err(anyhow!("its pre-training failed: {why}"));
        }
        if let Err(error) = self.pretrain(seed) {
            self.failed.insert(before, format!("{error:#}"));
            return Err(error.context("pre-training"));
        }
        let own = (seed, self.commands.plan.origin(row).name.clone());
        if let Some(why) = self.failed.get(&own) {
            return Err(anyhow!("the training of row {} failed: {why}", own.1));
        }
        let trained = self.train(origin);
        if let Err(error) = &trained {
            self.failed.insert(own, format!("{error:#}"));
        }
        trained
    }

    fn pretrain(&self, seed: u64) -> anyhow::Result<()> {
        let qat = self.commands.qat(seed)?;
        if !self.folders.is_done(&qat)? {
            if let Some(float) = self.commands.float(seed)? {
                self.train(float)?;
            }
            self.train(qat)?;
        } else if !qat.state().is_file() {
            bail!(
                "{} is gone, and rows start from it, not from its network; put it back, or remove {} to train it anew",
                qat.state().display(),
                qat.arguments.out.display()
            );
        }
        Ok(())
    }

    /// Trains, or goes on with it; returns the deployed network.
    fn train(&self, mut training: Training) -> anyhow::Result<PathBuf> {
        if self.folders.is_done(&training)? {
            return Ok(training.deployed());
        }
        let locked = lock(&training.arguments.out)?;
        // Another process may have ended it before this one had the lock.
        if !self.folders.is_done(&training)? {
            let command = training.chain.last().cloned().unwrap_or_default();
            self.say(&command)?;
            self.folders.refuse_kept(&training)?;
            self.folders.note(&training)?;
            self.take(&training)?;
            training.arguments.quiet = self.quiet;
            train_on(&training.arguments, self.network, self.data, Some(locked))?;
        }
        Ok(training.deployed())
    }

    /// Takes the state of the same training if another experiment has ended it. What was begun here is gone on with.
    fn take(&self, training: &Training) -> anyhow::Result<()> {
        if training.state().is_file() {
            return Ok(());
        }
        match elsewhere::take(training, self.commands.out(), &self.folders)? {
            None => Ok(()),
            Some(found) => self.say(&format!(
                "taken from {}: the same training",
                found.parent().unwrap_or(&found).display()
            )),
        }
    }

    /// The result of another row that is the same network on the same hardware, evaluated on the same images.
    ///
    /// Every draw is keyed by seed and place, so a second evaluation would give the same numbers.
    fn same(&self, result: &RowResult) -> Option<RowResult> {
        let others = self.commands.plan.rows.iter();
        let others = others.filter(|row| row.name != result.row);
        // A row that is not selected may have been changed: it is no help then.
        let mut found =
            others.filter_map(|row| self.recorded(result.seed, row).unwrap_or_default());
        found.find(|found| found.is_the_same_as(result))
    }

    fn evaluated(&self, seed: u64, row: &Row, path: &Path) -> anyhow::Result<RowResult> {
        let mut result = expected(self.commands, &self.folders, seed, row)?;
        if let Some(same) = self.same(&result) {
            (result.program, result.commit) = (same.program, same.commit);
            result.trained_by = same.trained_by;
            (result.modes, result.full_precision) = (same.modes, same.full_precision);
            result.answers = same.answers;
            return Ok(result);
        }
        let evaluation = &result.evaluation;
        let trained = weights::load(path, self.network)?;
        trained.belongs_to(&self.data.name, &self.data.fingerprint)?;
        let loaded = self.commands.hardware(row)?;
        let unfit = |error| unfit(&loaded, error);
        let prepared = Prepared::new(&trained.network, &loaded.hardware).map_err(unfit)?;
        let references = chosen(self.data, seed, evaluation.reference_images as usize);
        let statistics = chosen(self.data, seed, evaluation.calibration_images as usize);
        let statistics = images(&statistics, self.data);
        let test = images(&self.data.test, self.data);
        let on = ModeImages {
            references: images(&references, self.data),
            statistics,
            chip_statistics: statistics.first(evaluation.chip_calibration_images as usize),
            test: test.first(evaluation.images as usize),
            chip_test: test.first(evaluation.chip_images as usize),
        };
        let options = ModeOptions {
            seed,
            repeats: evaluation.repeats,
            chips: evaluation.chips,
            pixel_step: PIXEL_STEP,
        };
        let stages = Stages::new(self.quiet);
        let show = |stage: &str, done, total| stages.show(stage, done, total);
        let found = modes(&prepared, on, options, &show).map_err(unfit);
        stages.finish();
        let (modes, answers) = found?;
        (result.modes, result.answers) = (modes, Some(answers));
        result.full_precision = trained.full_precision();
        result.trained_by = deployed::programs(&trained.metadata);
        Ok(result)
    }
}

/// What came of a row, on one line.
fn line(seed: u64, result: &RowResult, seconds: f64) -> String {
    let modes = &result.modes;
    let percent = |share: f64| format!("{:.2}", 100.0 * share);
    let both = |mode: &Mode| {
        let [trained, again] = [&mode.as_trained, &mode.re_estimated];
        format!(
            "{} ({})",
            percent(trained.accuracy.mean),
            percent(again.accuracy.mean)
        )
    };
    let mode = |mode: &Option<_>| mode.as_ref().map_or("not asked for".into(), both);
    format!(
        "seed {seed}, row {}: ideal {}  M1 {}  M2 {}  M3 {} % (batch norm re-estimated), evaluated in {seconds:.0} s",
        result.row,
        percent(modes.ideal.estimate),
        both(&modes.noise_free),
        mode(&modes.read_noise),
        mode(&modes.chips)
    )
}
