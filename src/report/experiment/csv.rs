//! results.csv: one line for every row, seed, mode and choice of batch norm.

use crate::report::error::ReportError;
use crate::results::accuracy::Repeats;
use crate::results::experiment::{Evaluated, ExperimentResult, Mode, RowResult, RowSummary};
use csv::Writer;

/// Columns.
const HEAD: [&str; 20] = [
    "row",
    "label",
    "group",
    "axis",
    "series",
    "seed",
    "epochs",
    "mode",
    "re_estimated",
    "images",
    "runs",
    "accuracy",
    "std",
    "worst",
    "low",
    "high",
    "lost",
    "drop",
    "commit",
    "same_as",
];

/// The table.
///
/// # Errors
/// If it cannot be formed (never for results of this program).
pub fn table(result: &ExperimentResult) -> Result<Vec<u8>, ReportError> {
    let wrong = |error: csv::Error| ReportError::Format {
        format: "CSV",
        reason: error.to_string(),
    };
    let mut writer = Writer::from_writer(Vec::new());
    writer.write_record(HEAD).map_err(wrong)?;
    for one in &result.results {
        let Some(row) = result.rows.iter().find(|row| row.name == one.row) else {
            continue;
        };
        for line in lines(row, one) {
            writer.write_record(line).map_err(wrong)?;
        }
    }
    writer.into_inner().map_err(|error| ReportError::Format {
        format: "CSV",
        reason: error.to_string(),
    })
}

fn lines(row: &RowSummary, one: &RowResult) -> Vec<Vec<String>> {
    let ideal = &one.modes.ideal;
    let alone = Repeats {
        runs: vec![ideal.clone()],
        mean: ideal.estimate,
        worst: ideal.estimate,
        low: ideal.low,
        high: ideal.high,
        std: 0.0,
    };
    let mut lines = vec![line(row, one, ("ideal", false), (&alone, 0.0))];
    let modes = [
        ("m1", Some(&one.modes.noise_free)),
        ("m2", one.modes.read_noise.as_ref()),
        ("m3", one.modes.chips.as_ref()),
    ];
    for (name, mode) in modes {
        let Some(Mode {
            as_trained,
            re_estimated,
        }) = mode
        else {
            continue;
        };
        for (again, Evaluated { accuracy, lost }) in [(false, as_trained), (true, re_estimated)] {
            lines.push(line(row, one, (name, again), (accuracy, lost.estimate)));
        }
    }
    lines
}

fn line(
    row: &RowSummary,
    one: &RowResult,
    (mode, re_estimated): (&str, bool),
    (accuracy, lost): (&Repeats, f64),
) -> Vec<String> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let drops = super::mode(row, mode, re_estimated).map(|mode| &mode.drops);
    let drop = drops.and_then(|drops| drops.iter().find(|drop| drop.0 == one.seed));
    vec![
        row.name.clone(),
        row.label.clone(),
        text(&row.group),
        number(row.axis),
        text(&row.series),
        one.seed.to_string(),
        one.epochs.to_string(),
        mode.into(),
        re_estimated.to_string(),
        accuracy
            .runs
            .first()
            .map_or(0, |run| run.images)
            .to_string(),
        accuracy.runs.len().to_string(),
        accuracy.mean.to_string(),
        accuracy.std.to_string(),
        accuracy.worst.to_string(),
        accuracy.low.to_string(),
        accuracy.high.to_string(),
        lost.to_string(),
        number(drop.map(|drop| drop.1)),
        text(&one.commit),
        text(&row.same_as),
    ]
}
