//! The keys of an experiment file, and the lines of what is wrong with their shape.
//!
//! Not responsible for the keys against each other (`check`).

use super::error::ExperimentError;
use crate::toml_complaint::Complaint;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;

/// An experiment file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanSpec {
    /// Name.
    pub name: Spanned<String>,
    /// One line.
    pub title: Spanned<String>,
    /// Network.
    pub model: String,
    /// Kind of data.
    pub data: Spanned<String>,
    /// Seeds.
    pub seeds: Spanned<Vec<u64>>,
    /// Row that drops are counted against.
    pub baseline: Spanned<String>,
    /// `[pretrain]`.
    pub pretrain: Spanned<PretrainSpec>,
    /// `[train]`.
    pub train: TrainSpec,
    /// `[evaluate]`.
    pub evaluate: Spanned<EvaluateSpec>,
    /// `[group.NAME]`.
    #[serde(default)]
    pub group: BTreeMap<Spanned<String>, GroupSpec>,
    /// `[[row]]`.
    pub row: Vec<Spanned<RowSpec>>,
    /// `[[compare]]`.
    #[serde(default)]
    pub compare: Vec<CompareSpec>,
}

/// One `[[compare]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompareSpec {
    /// Row.
    pub row: Spanned<String>,
    /// Row it is held against.
    pub against: Spanned<String>,
    /// For people.
    pub label: Spanned<String>,
}

/// `[group.NAME]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupSpec {
    /// Title of its figures.
    pub title: Spanned<String>,
    /// Title of its horizontal axis.
    pub axis: Option<Spanned<String>>,
    /// Modes with a panel in its figure of lines.
    pub panels: Option<Spanned<Vec<String>>>,
}

/// `[pretrain]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PretrainSpec {
    /// Options of `imcsim train --method float`.
    pub float: Option<Spanned<String>>,
    /// `shipped`, instead of a full-precision training.
    pub start: Option<Spanned<String>>,
    /// Options of `imcsim train --method qat`.
    pub qat: Spanned<String>,
}

/// `[train]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainSpec {
    /// Options of the training of every row.
    pub common: Spanned<String>,
}

/// `[evaluate]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvaluateSpec {
    /// Repeats of M2.
    pub repeats: u64,
    /// Chips of M3.
    pub chips: u64,
    /// Test images per chip.
    pub chip_images: usize,
    /// Test images.
    pub images: Option<usize>,
    /// Training images for batch norm.
    pub calibration_images: usize,
}

/// One `[[row]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowSpec {
    /// Name.
    pub name: Spanned<String>,
    /// For people.
    pub label: Spanned<String>,
    /// More options of `imcsim train`.
    pub train: Option<Spanned<String>>,
    /// Row whose network it evaluates.
    pub from: Option<Spanned<String>>,
    /// Macro.
    pub arch: String,
    /// Overrides of training and evaluation.
    #[serde(default)]
    pub set: Vec<Spanned<String>>,
    /// Overrides of the evaluation alone.
    #[serde(default)]
    pub evaluate_set: Vec<Spanned<String>>,
    /// Figure.
    pub group: Option<Spanned<String>>,
    /// Place on a horizontal axis.
    pub axis: Option<Spanned<f64>>,
    /// Line.
    pub series: Option<Spanned<String>>,
}

/// A text with the name that errors give it.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// Text.
    pub text: &'a str,
    /// Name.
    pub file: &'a str,
}

impl Source<'_> {
    /// The keys.
    ///
    /// # Errors
    /// With line and key if the shape is wrong.
    pub fn spec(&self) -> Result<PlanSpec, ExperimentError> {
        toml::from_str(self.text).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            let key = self.key(span.start);
            self.fault(&span, &key, Complaint::read(error.message()).text())
        })
    }

    /// A fault of the key whose value lies at `span`.
    pub fn fault(
        &self,
        span: &Range<usize>,
        key: &str,
        problem: impl Into<String>,
    ) -> ExperimentError {
        ExperimentError::Key {
            file: self.file.into(),
            line: self.line(span.start),
            key: key.into(),
            problem: problem.into(),
        }
    }

    /// Line of a byte, from 1.
    pub fn line(&self, position: usize) -> usize {
        let before = self.text.as_bytes().iter().take(position);
        before.filter(|byte| **byte == b'\n').count() + 1
    }

    /// What stands before `=` on a line, or the whole line: a table's head.
    fn key(&self, position: usize) -> String {
        let line = self.text.lines().nth(self.line(position) - 1);
        let line = line.unwrap_or_default();
        let key = line.split('=').next().unwrap_or_default().trim();
        if key.is_empty() {
            "the file".into()
        } else {
            key.chars().take(60).collect()
        }
    }
}
