//! The tables and figures of an experiment: results.json, results.csv, results.md, curves.csv, figures/*.
//!
//! Reads [`crate::results::experiment`] only; the files are returned with their names, and `cli` writes them.

mod csv;
mod curves;
mod markdown;
mod starts;

use super::error::ReportError;
use super::figures::{Figure, experiment_bars, experiment_lines};
use super::render;
use crate::results::experiment::{ExperimentResult, GroupSummary, ModeOverSeeds, RowSummary};
use crate::results::training::NamedCurve;

/// A file by its name inside the experiment's folder.
pub type File = (String, Vec<u8>);

/// Folder of the figures inside the experiment's.
pub const FIGURES: &str = "figures";

/// Ends of the names of its figures.
const ENDS: [&str; 4] = ["_drop.svg", "_drop.png", "_lines.svg", "_lines.png"];

/// True for a file that is named as figures of experiments are.
pub fn is_figure(name: &str) -> bool {
    ENDS.iter().any(|end| name.ends_with(end))
}

/// The tables.
///
/// # Errors
/// If a value has no form in one of the formats (never for results of this program).
pub fn tables(result: &ExperimentResult, curves: &[NamedCurve]) -> Result<Vec<File>, ReportError> {
    Ok(vec![
        ("results.json".into(), super::json(result)?),
        ("results.csv".into(), csv::table(result)?),
        ("results.md".into(), markdown::page(result).into_bytes()),
        ("curves.csv".into(), curves::table(curves)),
    ])
}

/// The figures as SVG and PNG; what has no result yet is left out.
///
/// # Errors
/// If a figure cannot be drawn.
pub fn figures(result: &ExperimentResult) -> Result<Vec<File>, ReportError> {
    let mut files = Vec::new();
    for figure in drawn(result) {
        let svg = render::svg(&figure.picture)?.into_bytes();
        files.push((format!("{FIGURES}/{}.svg", figure.name), svg));
        let png = render::png(&figure.picture)?;
        files.push((format!("{FIGURES}/{}.png", figure.name), png));
    }
    Ok(files)
}

/// One figure of bars for every group, and one of lines where its rows have a place on an axis.
pub fn drawn(result: &ExperimentResult) -> Vec<Figure> {
    let both = |group: &GroupSummary| {
        let rows: Vec<&RowSummary> = result
            .rows
            .iter()
            .filter(|row| row.group.as_ref() == Some(&group.name) && !row.seeds.is_empty())
            .collect();
        let bars = experiment_bars::figure(&result.baseline, group, &rows);
        let lines = experiment_lines::figure(&result.baseline, group, &rows);
        bars.into_iter().chain(lines)
    };
    result.groups.iter().flat_map(both).collect()
}

/// How many seeds a figure is of, in brackets.
pub(in crate::report) fn of_seeds(count: usize) -> String {
    match count {
        1 => "(one seed)".into(),
        _ => format!("({count} seeds)"),
    }
}

/// One mode of a row.
pub(in crate::report) fn mode<'a>(
    row: &'a RowSummary,
    mode: &str,
    re_estimated: bool,
) -> Option<&'a ModeOverSeeds> {
    let mut modes = row.modes.iter();
    modes.find(|one| one.mode == mode && one.re_estimated == re_estimated)
}
