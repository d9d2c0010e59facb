//! The numbers behind the figures of cycles and cost as CSV tables.

use super::csv_tables::{Table, table};
use super::error::ReportError;
use crate::results::cycle::{CycleResult, Part};

/// Layers, what arrays and read-outs do, the timeline, and energy where there are cost models.
///
/// # Errors
/// If a table cannot be encoded.
pub fn of_cycle(cycle: &CycleResult) -> Result<Vec<Table>, ReportError> {
    let mut tables = vec![layers(cycle)?, shares(cycle)?, timeline(cycle)?];
    if cycle.cost.is_some() {
        tables.push(energy(cycle)?);
    }
    Ok(tables)
}

fn layers(cycle: &CycleResult) -> Result<Table, ReportError> {
    let header = [
        "layer",
        "on_macro",
        "macros",
        "copies",
        "pixels",
        "operations",
        "skipped_operations",
        "conversions",
        "start_cycle",
        "end_cycle",
        "time_us",
        "array_busy",
        "readout_busy",
    ];
    let rows = cycle.layers.iter().map(|layer| {
        vec![
            layer.name.clone(),
            layer.on_macro.to_string(),
            layer.macros.to_string(),
            layer.copies.to_string(),
            layer.pixels.to_string(),
            layer.operations.to_string(),
            layer.skipped_operations.to_string(),
            layer.conversions.to_string(),
            layer.start_cycle.to_string(),
            layer.end_cycle.to_string(),
            layer.time_us.to_string(),
            layer.array_busy.to_string(),
            layer.readout_busy.to_string(),
        ]
    });
    table("cycle_layers".into(), &header, rows)
}

/// Long form: whose cycles, spent on what, which share.
fn shares(cycle: &CycleResult) -> Result<Table, ReportError> {
    let of = |whose: &str, parts: &[Part]| -> Vec<Vec<String>> {
        let row = |part: &Part| vec![whose.to_string(), part.name.clone(), part.value.to_string()];
        parts.iter().map(row).collect()
    };
    let layers = cycle.layers.iter();
    let rows = layers
        .flat_map(|layer| of(&layer.name, &layer.array_cycles))
        .chain(of("all arrays", &cycle.array_cycles))
        .chain(of("all read-outs", &cycle.readout_cycles));
    table("cycle_stalls".into(), &["of", "spent_on", "share"], rows)
}

fn timeline(cycle: &CycleResult) -> Result<Table, ReportError> {
    let timeline = &cycle.timeline;
    let named = cycle.layers.iter().map(|layer| layer.name.as_str());
    let rows = named
        .zip(&timeline.layers)
        .chain([("busiest link", &timeline.link)])
        .flat_map(|(name, shares)| {
            shares.iter().enumerate().map(move |(bin, share)| {
                let start = bin as f64 * timeline.bin_us;
                vec![name.to_string(), start.to_string(), share.to_string()]
            })
        });
    table(
        "cycle_timeline".into(),
        &["layer", "start_us", "share_at_work"],
        rows,
    )
}

fn energy(cycle: &CycleResult) -> Result<Table, ReportError> {
    let rows = cycle.layers.iter().flat_map(|layer| {
        layer.energy_pj.iter().map(|part| {
            vec![
                layer.name.clone(),
                part.name.clone(),
                part.value.to_string(),
            ]
        })
    });
    let header = ["layer", "part", "energy_pj_all_images"];
    table("cycle_energy".into(), &header, rows)
}
