//! Trains and evaluates the rows of an experiment, one at a time, and keeps what is done already.
//!
//! Not responsible for which rows are asked for, nor for pages.

use super::commands::{Commands, Training, evaluation_set};
use super::record;
use crate::cli::image_choice::{chosen, images};
use crate::cli::output::print;
use crate::cli::progress::Stages;
use crate::cli::run::{PIXEL_STEP, unfit};
use crate::cli::train::train_on;
use crate::data::Dataset;
use crate::experiment::{Row, Weights, summary};
use crate::net::network::Network;
use crate::net::weights;
use crate::results::experiment::{Evaluation, ExperimentResult, Mode, RowResult};
use crate::sim::modes::{ModeImages, ModeOptions, modes};
use crate::sim::prepare::Prepared;
use anyhow::anyhow;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Training images that references are placed on: as many as `imcsim run` takes.
const REFERENCE_IMAGES: usize = 128;
/// Training images for the batch norm of one chip: analog sums are slow, and every chip needs its own.
const CHIP_CALIBRATION_IMAGES: usize = 256;

/// An experiment at work.
pub struct Session<'a> {
    commands: &'a Commands<'a>,
    network: &'a Network,
    data: &'a Dataset,
    quiet: bool,
    /// A seed whose pre-training failed, and why: it is not tried for every row.
    broken: Option<(u64, String)>,
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
            quiet,
            broken: None,
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
        record::check(&self.commands.float(seed)?)?;
        record::check(&self.commands.qat(seed)?)?;
        record::check(&self.commands.origin(seed, row)?)?;
        self.recorded(seed, row).map(|_| ())
    }

    fn recorded(&self, seed: u64, row: &Row) -> anyhow::Result<Option<RowResult>> {
        let expected = self.expected(seed, row)?;
        let trained = matches!(row.weights, Weights::Trained(_));
        record::result(&self.result_path(seed, row), &expected, trained)
    }

    /// Every recorded result of the plan that is still asked for, with what it amounts to.
    ///
    /// # Errors
    /// If a file is damaged.
    pub fn all(&self) -> anyhow::Result<ExperimentResult> {
        let plan = self.commands.plan;
        let mut results = Vec::new();
        for row in &plan.rows {
            for &seed in &plan.seeds {
                // A row that is not selected may have been changed: it is missing then.
                results.extend(self.recorded(seed, row).unwrap_or_default());
            }
        }
        Ok(summary::summarize(plan, results))
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
        if is_done(&origin)? {
            return Ok(origin.deployed());
        }
        if let Some((_, why)) = self.broken.as_ref().filter(|(broken, _)| *broken == seed) {
            return Err(anyhow!("its pre-training failed: {why}"));
        }
        if let Err(error) = self.pretrain(seed) {
            self.broken = Some((seed, format!("{error:#}")));
            return Err(error.context("pre-training"));
        }
        self.train(origin)
    }

    fn pretrain(&self, seed: u64) -> anyhow::Result<()> {
        let qat = self.commands.qat(seed)?;
        if !is_done(&qat)? {
            self.train(self.commands.float(seed)?)?;
            self.train(qat)?;
        }
        Ok(())
    }

    /// Trains, or goes on with it; returns the deployed network.
    fn train(&self, mut training: Training) -> anyhow::Result<PathBuf> {
        if !is_done(&training)? {
            let command = training.chain.last().cloned().unwrap_or_default();
            self.say(&command)?;
            record::note(&training)?;
            training.arguments.quiet = self.quiet;
            train_on(&training.arguments, self.network, self.data)?;
        }
        Ok(training.deployed())
    }

    /// The result of a row but for its accuracies.
    fn expected(&self, seed: u64, row: &Row) -> anyhow::Result<RowResult> {
        let plan = self.commands.plan;
        let origin = self.commands.origin(seed, row)?;
        let evaluate = &plan.evaluate;
        let (train, test) = (self.data.train.labels.len(), self.data.test.labels.len());
        let calibration = evaluate.calibration_images.min(train);
        let own = matches!(plan.origin(row).weights, Weights::Trained(_));
        let folder = if own { &plan.origin(row).name } else { "qat" };
        let evaluation = Evaluation {
            weights: format!("{}/deployed.safetensors", self.commands.shown(seed, folder)),
            arch: row.arch.clone(),
            set: evaluation_set(row),
            arch_fingerprint: self.commands.hardware(row)?.hardware.fingerprint(),
            repeats: evaluate.repeats,
            chips: evaluate.chips,
            images: evaluate.images.unwrap_or(test).min(test) as u64,
            chip_images: evaluate.chip_images.min(test) as u64,
            reference_images: REFERENCE_IMAGES.min(train) as u64,
            calibration_images: calibration as u64,
            chip_calibration_images: CHIP_CALIBRATION_IMAGES.min(calibration) as u64,
        };
        Ok(RowResult {
            schema: summary::SCHEMA,
            experiment: plan.name.clone(),
            row: row.name.clone(),
            seed,
            program: concat!("imcsim ", env!("CARGO_PKG_VERSION")).into(),
            commit: option_env!("IMCSIM_COMMIT").map(str::to_string),
            model: plan.model.clone(),
            data: self.data.name.clone(),
            data_fingerprint: self.data.fingerprint.clone(),
            epochs: if own {
                origin.arguments.epochs as u64
            } else {
                0
            },
            commands: origin.chain,
            evaluation,
            ..RowResult::default()
        })
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
        let mut result = self.expected(seed, row)?;
        if let Some(same) = self.same(&result) {
            (result.program, result.commit) = (same.program, same.commit);
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
        Ok(result)
    }
}

/// True if a training has left its network; that of other commands is refused.
fn is_done(training: &Training) -> anyhow::Result<bool> {
    record::check(training)?;
    Ok(training.deployed().is_file())
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
