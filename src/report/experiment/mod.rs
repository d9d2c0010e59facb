//! The tables and figures of an experiment: results.json, results.csv, results.md, figures/*.
//!
//! Reads [`crate::results::experiment`] only; the files are returned with their names, and `cli` writes them.

mod csv;
mod markdown;

use super::error::ReportError;
use super::figures::{Figure, experiment_bars, experiment_lines};
use super::render;
use crate::results::experiment::{ExperimentResult, RowSummary};

/// A file by its name inside the experiment's folder.
pub type File = (String, Vec<u8>);

/// The tables.
///
/// # Errors
/// If a value has no form in one of the formats (never for results of this program).
pub fn tables(result: &ExperimentResult) -> Result<Vec<File>, ReportError> {
    Ok(vec![
        ("results.json".into(), super::json(result)?),
        ("results.csv".into(), csv::table(result)?),
        ("results.md".into(), markdown::page(result).into_bytes()),
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
        files.push((format!("figures/{}.svg", figure.name), svg));
        let png = render::png(&figure.picture)?;
        files.push((format!("figures/{}.png", figure.name), png));
    }
    Ok(files)
}

/// One figure of bars for every group, and one of lines where its rows have a place on an axis.
pub fn drawn(result: &ExperimentResult) -> Vec<Figure> {
    let both = |group: String| {
        let rows = of_group(result, &group);
        let bars = experiment_bars::figure(result, &group, &rows);
        bars.into_iter()
            .chain(experiment_lines::figure(result, &group, &rows))
    };
    groups(result).into_iter().flat_map(both).collect()
}

/// Names of the groups in the order of the file.
fn groups(result: &ExperimentResult) -> Vec<String> {
    let mut groups: Vec<String> = Vec::new();
    for group in result.rows.iter().filter_map(|row| row.group.as_ref()) {
        if !groups.contains(group) {
            groups.push(group.clone());
        }
    }
    groups
}

fn of_group<'a>(result: &'a ExperimentResult, group: &str) -> Vec<&'a RowSummary> {
    let rows = result.rows.iter();
    rows.filter(|row| row.group.as_deref() == Some(group))
        .collect()
}

/// One mode of a row.
pub(super) fn mode<'a>(
    row: &'a RowSummary,
    mode: &str,
    re_estimated: bool,
) -> Option<&'a crate::results::experiment::ModeOverSeeds> {
    let mut modes = row.modes.iter();
    modes.find(|one| one.mode == mode && one.re_estimated == re_estimated)
}
