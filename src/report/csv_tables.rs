//! The numbers behind every figure as CSV tables, one file each, units in the column names.

use super::cycle_tables;
use super::error::ReportError;
use super::folder::file_names;
use super::margin_tables::{of_margin, of_policies, references};
use crate::results::accuracy::{Accuracy, CurvePoint, Loss, WordLinePoint};
use crate::results::layer::LayerResult;
use crate::results::run::RunResult;

/// A file name (without folder) and its content.
pub type Table = (String, Vec<u8>);

/// All tables of a run.
///
/// # Errors
/// If a table cannot be encoded.
pub fn of_run(result: &RunResult) -> Result<Vec<Table>, ReportError> {
    let mut tables = of_policies(&result.margins)?;
    let of_layers = result
        .layers
        .iter()
        .filter_map(|layer| layer.margin.as_ref());
    let mut margins = result.margins.iter().chain(of_layers).peekable();
    if margins.peek().is_some() {
        tables.push(references(margins)?);
    }
    // A run of the chip alone classifies no images.
    if result.accuracy.ideal.images > 0 {
        tables.push(accuracy(result)?);
    }
    if !result.adc_curve.is_empty() {
        tables.push(adc_bits(&result.adc_curve)?);
    }
    if !result.word_line_curve.is_empty() {
        tables.push(word_lines(&result.word_line_curve)?);
    }
    if !result.layers.is_empty() {
        tables.push(layers(&result.layers)?);
        tables.push(partial_sums(&result.layers)?);
        tables.push(code_use(&result.layers)?);
    }
    if let Some(cycle) = &result.cycle {
        tables.extend(cycle_tables::of_cycle(cycle)?);
    }
    let names = file_names(result.layers.iter().map(|layer| layer.name.as_str()));
    for (layer, name) in result.layers.iter().zip(names) {
        if let Some(margin) = &layer.margin {
            tables.extend(of_margin(margin, &format!("_layer_{name}"))?);
        }
    }
    Ok(tables)
}

pub(super) fn table<R: AsRef<[String]>>(
    name: String,
    header: &[&str],
    rows: impl IntoIterator<Item = R>,
) -> Result<Table, ReportError> {
    let failed = |reason: String| ReportError::Format {
        format: "CSV",
        reason,
    };
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer
        .write_record(header)
        .map_err(|error| failed(error.to_string()))?;
    for row in rows {
        writer
            .write_record(row.as_ref())
            .map_err(|error| failed(error.to_string()))?;
    }
    let content = writer
        .into_inner()
        .map_err(|error| failed(error.to_string()))?;
    Ok((format!("{name}.csv"), content))
}

pub(super) fn optional(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

fn accuracy(result: &RunResult) -> Result<Table, ReportError> {
    let header = [
        "condition",
        "run",
        "correct",
        "images",
        "estimate",
        "low",
        "high",
    ];
    let all = &result.accuracy;
    let row = |name: &str, run: String, value: &Accuracy| {
        vec![
            name.to_string(),
            run,
            value.correct.to_string(),
            value.images.to_string(),
            value.estimate.to_string(),
            value.low.to_string(),
            value.high.to_string(),
        ]
    };
    let mut rows = vec![
        row("ideal", String::new(), &all.ideal),
        row("noise_free", String::new(), &all.noise_free),
    ];
    for (name, repeats) in [("read_noise", &all.read_noise), ("chips", &all.chips)] {
        for (index, run) in repeats.iter().flat_map(|r| r.runs.iter().enumerate()) {
            rows.push(row(name, index.to_string(), run));
        }
    }
    if let Some(value) = &all.re_estimated {
        rows.push(row("re_estimated", String::new(), value));
    }
    table("accuracy".into(), &header, rows)
}

/// Columns of a point's accuracy and loss.
const LOSS: [&str; 10] = [
    "estimate",
    "low",
    "high",
    "images",
    "correct",
    "lost",
    "lost_low",
    "lost_high",
    "only_ideal",
    "only_macro",
];

fn loss(accuracy: &Accuracy, lost: &Loss) -> [String; 10] {
    [
        accuracy.estimate.to_string(),
        accuracy.low.to_string(),
        accuracy.high.to_string(),
        accuracy.images.to_string(),
        accuracy.correct.to_string(),
        lost.estimate.to_string(),
        lost.low.to_string(),
        lost.high.to_string(),
        lost.only_ideal.to_string(),
        lost.only_macro.to_string(),
    ]
}

fn adc_bits(curve: &[CurvePoint]) -> Result<Table, ReportError> {
    let header = [
        &["bits", "references", "noise"],
        &LOSS[..],
        &["is_this_macro"],
    ]
    .concat();
    let rows = curve.iter().map(|point| {
        let first = [
            point.bits.to_string(),
            point.references.clone(),
            point.noise.to_string(),
        ];
        let last = [point.is_this_macro.to_string()];
        [&first[..], &loss(&point.accuracy, &point.lost), &last].concat()
    });
    table("accuracy_adc_bits".into(), &header, rows)
}

fn word_lines(curve: &[WordLinePoint]) -> Result<Table, ReportError> {
    let header = [
        &["word_lines", "references"],
        &LOSS[..],
        &["conversions", "is_this_macro"],
    ]
    .concat();
    let rows = curve.iter().map(|point| {
        let first = [point.active.to_string(), point.references.clone()];
        let last = [
            point.conversions.to_string(),
            point.is_this_macro.to_string(),
        ];
        [&first[..], &loss(&point.accuracy, &point.lost), &last].concat()
    });
    table("accuracy_word_lines".into(), &header, rows)
}

fn layers(layers: &[LayerResult]) -> Result<Table, ReportError> {
    let header = [
        "name",
        "on_macro",
        "rows",
        "outputs",
        "row_groups",
        "columns",
        "arrays",
        "utilisation",
        "conversions",
        "macs",
        "sum_mean",
        "sum_std",
        "clipped",
        "unused_codes",
        "error_rate",
        "error_rate_over_chips",
        "sqnr_db",
        "sqnr_noise_free_db",
        "output_sqnr_db",
        "constant_share",
    ];
    let rows = layers.iter().map(|layer| {
        let map = &layer.mapping;
        vec![
            layer.name.clone(),
            layer.on_macro.to_string(),
            map.rows.to_string(),
            map.outputs.to_string(),
            map.row_groups.to_string(),
            map.columns.to_string(),
            map.arrays.to_string(),
            map.utilisation.to_string(),
            map.conversions.to_string(),
            map.macs.to_string(),
            layer.sum_mean.to_string(),
            layer.sum_std.to_string(),
            layer.clipped.to_string(),
            layer.unused_codes.to_string(),
            layer.error_rate.to_string(),
            optional(layer.margin.as_ref().map(|margin| margin.error_rate)),
            layer.sqnr_db.to_string(),
            layer.sqnr_noise_free_db.to_string(),
            optional(layer.output_sqnr_db),
            layer.constant_share.to_string(),
        ]
    });
    table("layers".into(), &header, rows)
}

fn partial_sums(layers: &[LayerResult]) -> Result<Table, ReportError> {
    let rows = layers.iter().flat_map(|layer| {
        let sums = (layer.sum_min..).zip(&layer.sum_histogram);
        sums.map(|(sum, count)| vec![layer.name.clone(), sum.to_string(), count.to_string()])
    });
    table("partial_sums".into(), &["layer", "sum", "count"], rows)
}

fn code_use(layers: &[LayerResult]) -> Result<Table, ReportError> {
    let rows = layers.iter().flat_map(|layer| {
        let codes = layer.code_histogram.iter().enumerate();
        codes.map(|(code, count)| {
            let value = layer.code_values.get(code);
            vec![
                layer.name.clone(),
                code.to_string(),
                value.map_or_else(String::new, f32::to_string),
                count.to_string(),
            ]
        })
    });
    let header = ["layer", "code", "code_value", "count"];
    table("code_use".into(), &header, rows)
}
