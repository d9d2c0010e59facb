//! The tables of the page: layers, their mapping onto macros, and the hardware with the source of every number.

use super::escape;
use crate::report::number;
use crate::results::layer::LayerResult;
use crate::results::run::ArchSummary;

/// Heading, column names and rows (already as text) to a table; the first column is a row heading.
pub(super) fn table(heading: &str, columns: &[&str], rows: &[Vec<String>]) -> String {
    noted_table(heading, "", columns, rows)
}

/// A table with a sentence on how to read it above.
pub(super) fn noted_table(
    heading: &str,
    note: &str,
    columns: &[&str],
    rows: &[Vec<String>],
) -> String {
    let head: String = columns
        .iter()
        .map(|name| format!("<th>{}</th>", escape(name)))
        .collect();
    let note = match note {
        "" => String::new(),
        note => format!("<p class=\"sub\">{}</p>", escape(note)),
    };
    let body: String = rows
        .iter()
        .map(|row| {
            let cells: String = row
                .iter()
                .enumerate()
                .map(|(column, text)| {
                    let tag = if column == 0 { "th" } else { "td" };
                    format!("<{tag}>{}</{tag}>", escape(text))
                })
                .collect();
            format!("<tr>{cells}</tr>\n")
        })
        .collect();
    format!(
        "<section><h2>{}</h2>{note}<div class=\"scroll\"><table>\n<thead><tr>{head}</tr></thead>\n\
         <tbody>\n{body}</tbody></table></div></section>\n",
        escape(heading)
    )
}

const LAYERS_NOTE: &str = "Errors with noise at each read alone, clipping and SQNR count all conversions of a layer. Sums, \
    codes and errors over chips and reads (static cells, offsets and references vary too) describe its first conversion, which \
    is the only one unless bits are read in sequence or subtracted digitally. The constant share is the mean of an output's group of \
    word lines, the same for all images and pixels: batch norm takes it out again, but the read-out's range has to cover it.";

/// Partial sums, codes and errors per layer.
pub fn layers(layers: &[LayerResult]) -> String {
    if layers.is_empty() {
        return String::new();
    }
    let rows: Vec<Vec<String>> = layers.iter().map(layer_row).collect();
    noted_table(
        "Layers",
        LAYERS_NOTE,
        &[
            "Layer",
            "Sums possible",
            "Mean ± σ",
            "Constant share of σ²",
            "Clipped",
            "Codes unused",
            "ADC errors, noise at each read alone",
            "ADC errors over chips and reads",
            "SQNR (dB)",
            "SQNR noise-free (dB)",
            "Output SQNR (dB)",
        ],
        &rows,
    )
}

fn layer_row(layer: &LayerResult) -> Vec<String> {
    if !layer.on_macro {
        let mut row = vec![layer.name.clone(), "computed digitally".into()];
        row.extend(std::iter::repeat_n("–".to_string(), 9));
        return row;
    }
    vec![
        layer.name.clone(),
        format!(
            "{} … {}",
            number::fixed(f64::from(layer.sum_min), 0),
            number::fixed(f64::from(layer.sum_max), 0)
        ),
        format!(
            "{} ± {}",
            number::fixed(layer.sum_mean, 2),
            number::fixed(layer.sum_std, 2)
        ),
        number::share(layer.constant_share),
        number::share(layer.clipped),
        format!("{} of {}", layer.unused_codes, layer.code_values.len()),
        number::probability(layer.error_rate),
        layer.margin.as_ref().map_or_else(
            || "–".into(),
            |margin| number::probability(margin.error_rate),
        ),
        number::fixed(layer.sqnr_db, 1),
        number::fixed(layer.sqnr_noise_free_db, 1),
        layer
            .output_sqnr_db
            .map_or_else(|| "–".into(), |ratio| number::fixed(ratio, 1)),
    ]
}

/// Layout of every layer on macros, with totals.
pub fn mapping(layers: &[LayerResult]) -> String {
    let on_macro: Vec<&LayerResult> = layers.iter().filter(|layer| layer.on_macro).collect();
    if on_macro.is_empty() {
        return String::new();
    }
    let mut rows: Vec<Vec<String>> = on_macro.iter().map(|layer| mapping_row(layer)).collect();
    let sum = |part: fn(&LayerResult) -> u64| on_macro.iter().map(|layer| part(layer)).sum();
    let mut total = vec!["Total".to_string()];
    total.extend(std::iter::repeat_n(String::new(), 5));
    total.push(number::grouped(sum(|layer| layer.mapping.arrays as u64)));
    total.push(String::new());
    total.push(number::count(sum(|layer| layer.mapping.conversions)));
    total.push(number::count(sum(|layer| layer.mapping.macs)));
    rows.push(total);
    table(
        "Mapping onto macros",
        &[
            "Layer",
            "Weight matrix",
            "Row groups",
            "Last group (rows)",
            "Columns",
            "Tiles",
            "Arrays",
            "Utilisation",
            "Conversions per image",
            "MACs per image",
        ],
        &rows,
    )
}

fn mapping_row(layer: &LayerResult) -> Vec<String> {
    let map = &layer.mapping;
    vec![
        layer.name.clone(),
        format!("{} × {}", map.rows, map.outputs),
        map.row_groups.to_string(),
        map.last_group_rows.to_string(),
        map.columns.to_string(),
        format!("{} × {}", map.row_tiles, map.column_tiles),
        map.arrays.to_string(),
        number::percent(map.utilisation, 0),
        number::count(map.conversions),
        number::count(map.macs),
    ]
}

/// The resolved hardware, then every number with its source, assumed ones flagged.
pub fn hardware(arch: &ArchSummary) -> String {
    let mut html = String::new();
    if !arch.facts.is_empty() {
        let rows: String = arch
            .facts
            .iter()
            .map(|(name, value)| {
                format!(
                    "<tr><th>{}</th><td>{}</td></tr>\n",
                    escape(name),
                    escape(value)
                )
            })
            .collect();
        html += &format!(
            "<section><h2>Hardware</h2><table class=\"facts\">\n{rows}</table></section>\n"
        );
    }
    if !arch.provenance.is_empty() {
        let assumed = arch.provenance.iter().filter(|entry| entry.assumed).count();
        let rows: String = arch
            .provenance
            .iter()
            .map(|entry| {
                let flag = if entry.assumed {
                    "<span class=\"assumed\">assumed</span> "
                } else {
                    ""
                };
                format!(
                    "<tr><th><code>{}</code></th><td>{}</td><td>{flag}{}</td></tr>\n",
                    escape(&entry.key),
                    escape(&entry.value),
                    escape(&entry.source)
                )
            })
            .collect();
        html += &format!(
            "<section><h2>Where the numbers come from</h2><p class=\"sub\">{assumed} of {} numbers are assumed.</p>\
             <div class=\"scroll\"><table class=\"sources\">\n<thead><tr><th>Key</th><th>Value</th><th>Source</th></tr>\
             </thead>\n<tbody>\n{rows}</tbody></table></div></section>\n",
            arch.provenance.len()
        );
    }
    html
}
