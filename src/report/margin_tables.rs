//! Tables of a macro's margins: every MAC value, histograms, confusion, errors against open word lines; units in the column names.

use super::csv_tables::{Table, optional, table};
use super::error::ReportError;
use super::facts;
use super::folder::file_name;
use crate::results::margin::MarginReport;

/// All tables of the macro alone.
///
/// # Errors
/// If a table cannot be encoded.
pub fn of_macro(margins: &[MarginReport]) -> Result<Vec<Table>, ReportError> {
    let mut tables = of_policies(margins)?;
    tables.push(references(margins.iter())?);
    Ok(tables)
}

/// Margins, histograms and confusion of each pattern policy.
///
/// # Errors
/// If a table cannot be encoded.
pub fn of_policies(margins: &[MarginReport]) -> Result<Vec<Table>, ReportError> {
    let mut tables = Vec::new();
    for report in margins {
        tables.extend(of_margin(
            report,
            &format!("_{}", file_name(&report.policy)),
        )?);
    }
    Ok(tables)
}

/// Margins, histogram, confusion and sweep of one policy; `suffix` ends the names.
///
/// # Errors
/// If a table cannot be encoded.
pub fn of_margin(report: &MarginReport, suffix: &str) -> Result<Vec<Table>, ReportError> {
    let mut tables = vec![margin_values(report, suffix)?, confusion(report, suffix)?];
    if report
        .values
        .iter()
        .any(|value| !value.histogram.is_empty())
    {
        tables.push(histogram(report, suffix)?);
    }
    if !report.active_sweep.is_empty() {
        tables.push(sweep(report, suffix)?);
    }
    Ok(tables)
}

/// References of every policy and layer, beside those of fewest errors between two neighbouring codes.
///
/// # Errors
/// If the table cannot be encoded.
pub fn references<'a>(
    reports: impl Iterator<Item = &'a MarginReport>,
) -> Result<Table, ReportError> {
    let header = ["patterns", "index", "reference_ua", "best_reference_ua"];
    let rows = reports.flat_map(|report| {
        let (own, best) = (&report.references_ua, &report.best_references_ua);
        let text = |list: &[f64], index: usize| optional(list.get(index).copied());
        // Best ones of other values than the references' say nothing about these.
        let best: &[f64] = if best.len() == own.len() { best } else { &[] };
        (0..own.len()).map(move |index| {
            [
                report.policy.clone(),
                index.to_string(),
                text(own, index),
                text(best, index),
            ]
        })
    });
    table("references".into(), &header, rows)
}

fn margin_values(report: &MarginReport, suffix: &str) -> Result<Table, ReportError> {
    let header = [
        "value",
        "probability",
        "mean_ua",
        "sigma_ua",
        "pattern_min_ua",
        "pattern_max_ua",
        "mean_gap_ua",
        "worst_margin_ua",
        "z_margin_ua",
        "sensing_margin_ua",
        "d_prime",
        "equal_z_reference_ua",
        "p_above",
        "p_below",
        "p_error",
    ];
    let rows = report.values.iter().map(|v| {
        vec![
            v.value.to_string(),
            v.probability.to_string(),
            v.mean_ua.to_string(),
            v.sigma_ua.to_string(),
            v.pattern_min_ua.to_string(),
            v.pattern_max_ua.to_string(),
            optional(v.mean_gap_ua),
            optional(v.worst_margin_ua),
            optional(v.z_margin_ua),
            optional(v.sensing_margin_ua),
            optional(v.d_prime),
            optional(v.equal_z_reference_ua),
            v.p_above.to_string(),
            v.p_below.to_string(),
            v.p_error.to_string(),
        ]
    });
    table(format!("margin_values{suffix}"), &header, rows)
}

/// Long form, empty bins left out.
fn histogram(report: &MarginReport, suffix: &str) -> Result<Table, ReportError> {
    let header = ["value", "bin_low_ua", "bin_high_ua", "count"];
    let rows = report.values.iter().flat_map(|value| {
        let bins = report.bin_edges_ua.windows(2).zip(&value.histogram);
        bins.filter(|(_, count)| **count > 0)
            .map(move |(edges, count)| {
                vec![
                    value.value.to_string(),
                    edges[0].to_string(),
                    edges[1].to_string(),
                    count.to_string(),
                ]
            })
    });
    table(format!("margin_histogram{suffix}"), &header, rows)
}

fn sweep(report: &MarginReport, suffix: &str) -> Result<Table, ReportError> {
    let header = ["word_lines", "error_rate", "mse_mac2"];
    let rows = report.active_sweep.iter().map(|point| {
        [
            point.active.to_string(),
            point.error_rate.to_string(),
            point.mse.to_string(),
        ]
    });
    table(format!("error_rate_word_lines{suffix}"), &header, rows)
}

fn confusion(report: &MarginReport, suffix: &str) -> Result<Table, ReportError> {
    let matrix = &report.confusion;
    let header = [
        "value",
        "weight",
        "noise_free_code",
        "code",
        "code_value",
        "probability",
    ];
    let text = |value: Option<String>| value.unwrap_or_default();
    let rows = matrix.values.iter().enumerate().flat_map(|(row, value)| {
        let codes = matrix.code_values.iter().enumerate();
        codes.map(move |(code, code_value)| {
            vec![
                value.to_string(),
                text(matrix.weight.get(row).map(f64::to_string)),
                text(matrix.hard.get(row).map(u8::to_string)),
                code.to_string(),
                code_value.to_string(),
                facts::probability(matrix, row, code).to_string(),
            ]
        })
    });
    table(format!("confusion{suffix}"), &header, rows)
}
