//! Tables of cycles and cost: layers over time, units, ADC energy by every model, energy and area by part.

use super::tables::{noted_table, table};
use crate::report::number;
use crate::results::cycle::{CostResult, CycleResult, LayerTime, Part, UnitUse};
use crate::results::mapping::LayerOnChip;

/// All tables of a run of the chip.
pub fn tables(cycle: &CycleResult) -> String {
    let mut html = layers(cycle) + &mapping(cycle) + &units(&cycle.units);
    if cycle.rounds.len() > 1 {
        html += &rounds(cycle);
    }
    html + &cycle.cost.as_ref().map_or_else(String::new, cost)
}

fn layers(cycle: &CycleResult) -> String {
    let note = format!(
        "{} of {} macros in use at most at once; {} conversions per MAC on macros. {}",
        cycle.macros_used,
        cycle.macros,
        number::significant(cycle.conversions_per_mac),
        cycle.activity
    );
    let rows: Vec<Vec<String>> = cycle.layers.iter().map(layer).collect();
    noted_table(
        "Layers over time",
        &note,
        &[
            "Layer",
            "Round",
            "Macros",
            "Copies",
            "Operations",
            "Skipped",
            "Conversions",
            "Time (us)",
            "Arrays busy",
            "Read-outs busy",
            "Waits most for",
        ],
        &rows,
    )
}

fn layer(layer: &LayerTime) -> Vec<String> {
    let rounds: Vec<String> = layer.rounds.iter().map(u32::to_string).collect();
    let time = number::significant(layer.time_us);
    if !layer.on_macro {
        let mut row = vec![layer.name.clone(), rounds.join(", "), "digital".to_string()];
        row.extend(std::iter::repeat_n("–".to_string(), 4));
        row.extend([time, "–".into(), "–".into(), "–".into()]);
        return row;
    }
    vec![
        layer.name.clone(),
        rounds.join(", "),
        number::grouped(layer.macros),
        number::grouped(layer.copies),
        number::count(layer.operations),
        number::count(layer.skipped_operations),
        number::count(layer.conversions),
        time,
        number::share(layer.array_busy),
        number::share(layer.readout_busy),
        longest_wait(&layer.array_cycles),
    ]
}

/// Where the layers are, and what of the arrays they use.
fn mapping(cycle: &CycleResult) -> String {
    let mapping = &cycle.mapping;
    let fullest = match cycle.order.as_str() {
        "pipelined" => "at the fullest moment of this run",
        _ => "when it is fullest: input and output of a layer, or what is kept between rounds",
    };
    let note = format!(
        "One copy of everything needs {} macros. Wasted rows: those of an array that no whole group of open word lines fits into. \
         Global buffer: {} KiB of activations {fullest}.",
        mapping.macros_needed,
        number::significant(mapping.buffer_bits as f64 / 8192.0)
    );
    let on_macro = mapping.layers.iter().filter(|layer| layer.on_macro);
    let rows: Vec<Vec<String>> = on_macro.map(placed).collect();
    if rows.is_empty() {
        return String::new();
    }
    noted_table(
        "Layers on the chip",
        &note,
        &[
            "Layer",
            "Tiles (rows x columns)",
            "Copies",
            "Macros",
            "Row utilisation",
            "Wasted rows per array",
            "Cell utilisation",
            "Multiplexer positions",
            "Operations per pixel",
            "Cycles per pixel",
            "Bits of a partial sum",
        ],
        &rows,
    )
}

fn placed(layer: &LayerOnChip) -> Vec<String> {
    vec![
        layer.name.clone(),
        format!("{} x {}", layer.row_tiles, layer.column_tiles),
        layer.copies.to_string(),
        layer.macros.to_string(),
        number::share(layer.row_utilisation),
        layer.wasted_rows.to_string(),
        number::share(layer.cell_utilisation),
        layer.positions.to_string(),
        number::grouped(layer.operations),
        number::grouped(layer.cycles),
        match layer.sum_bits {
            0 => "stays".into(),
            bits => bits.to_string(),
        },
    ]
}

/// The class that an array waits for longest, with its share.
fn longest_wait(parts: &[Part]) -> String {
    let waits = parts
        .iter()
        .filter(|part| !["busy", "idle"].contains(&part.name.as_str()));
    match waits.max_by(|a, b| a.value.total_cmp(&b.value)) {
        Some(part) if part.value > 0.0 => format!("{} ({})", part.name, number::share(part.value)),
        _ => "nothing".into(),
    }
}

fn units(units: &[UnitUse]) -> String {
    let row = |unit: &UnitUse| {
        vec![
            unit.name.clone(),
            number::grouped(unit.count),
            number::grouped(unit.used),
            number::share(unit.busy),
            number::share(unit.busy_of_all),
        ]
    };
    let rows: Vec<Vec<String>> = units.iter().map(row).collect();
    table(
        "Utilisation",
        &[
            "Units",
            "There are",
            "With work",
            "Busy (those with work)",
            "Busy (all)",
        ],
        &rows,
    )
}

fn rounds(cycle: &CycleResult) -> String {
    let rows: Vec<Vec<String>> = cycle
        .rounds
        .iter()
        .zip(1..)
        .map(|(round, number)| {
            vec![
                format!("{number}"),
                round.layers.join(", "),
                number::grouped(round.macros),
                number::grouped(round.weight_cycles),
                number::grouped(round.cycles),
            ]
        })
        .collect();
    noted_table(
        "Rounds",
        "The chip is smaller than the network: weights are written between the rounds.",
        &[
            "Round",
            "Layers",
            "Macros",
            "Cycles of writing weights",
            "Cycles of work",
        ],
        &rows,
    )
}

fn cost(cost: &CostResult) -> String {
    let text = |name: &str, value: f64, unit: &str| {
        vec![
            name.to_string(),
            format!("{} {unit}", number::significant(value)),
        ]
    };
    let mut rows = vec![
        text("Energy per image", cost.energy_uj, "uJ"),
        text("Chip", cost.tops_per_w, "TOPS/W"),
        text(
            "Chip, times bits of inputs and weights",
            cost.tops_per_w_1b,
            "TOPS/W",
        ),
        text("Macros alone", cost.macro_tops_per_w, "TOPS/W"),
        text(
            "Macros alone, times bits",
            cost.macro_tops_per_w_1b,
            "TOPS/W",
        ),
        text("Chip", cost.tops_per_mm2, "TOPS/mm2"),
        text("Chip, times bits", cost.tops_per_mm2_1b, "TOPS/mm2"),
        text(
            "Calibration factor of the macros' energy",
            cost.calibration_factor,
            "",
        ),
    ];
    for (name, source) in &cost.models {
        rows.push(vec![format!("Model of {name}"), source.clone()]);
    }
    let parts = |parts: &[Part]| -> Vec<Vec<String>> {
        let sum: f64 = parts.iter().map(|part| part.value).sum();
        let row = |part: &Part| {
            vec![
                part.name.clone(),
                number::significant(part.value),
                number::share(part.value / sum.max(f64::MIN_POSITIVE)),
            ]
        };
        parts.iter().map(row).collect()
    };
    let conversions: Vec<Vec<String>> = cost
        .conversion_fj
        .iter()
        .map(|part| vec![part.name.clone(), number::significant(part.value)])
        .collect();
    table("Cost", &["What", "How much"], &rows)
        + &table(
            "Energy by part",
            &["Part", "pJ per image", "Share"],
            &parts(&cost.energy_pj),
        )
        + &table(
            "Area by part",
            &["Part", "mm2", "Share"],
            &parts(&cost.area_mm2),
        )
        + &noted_table(
            "One conversion by every ADC model valid here",
            "Which model is right for a macro decides its efficiency more than most design choices.",
            &["Model", "fJ per conversion"],
            &conversions,
        )
}
