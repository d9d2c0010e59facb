//! The parts of the page that are not figures or tables: verdict, key numbers, limits, warnings, how to repeat the run.

use super::escape;
use crate::report::{facts, number};
use crate::results::layer::LayerResult;
use crate::results::run::RunResult;

/// Title of page and window.
pub fn title(result: &RunResult) -> String {
    match (result.arch.name.as_str(), result.model.name.as_str()) {
        ("", "") => "imcsim report".into(),
        (arch, "") => arch.into(),
        (arch, model) => format!("{model} on {arch}"),
    }
}

/// Name, verdict and what was simulated.
pub fn header(result: &RunResult) -> String {
    let mut html = format!("<header>\n<h1>{}</h1>\n", escape(&title(result)));
    if !result.arch.description.is_empty() {
        html += &format!(
            "<p class=\"sub\">{}</p>\n",
            escape(&result.arch.description)
        );
    }
    let verdict = &result.verdict;
    if !verdict.headline.is_empty() {
        let (class, sign) = match verdict.status.as_str() {
            "carries" => ("good", "✓"),
            "fails" => ("bad", "✗"),
            // No judgement: times of a chip, recorded layers without labels.
            "cycles" | "recorded" => ("plain", ""),
            _ => ("fair", "△"),
        };
        html += &format!(
            "<p class=\"verdict {class}\"><strong>{}</strong> {}</p>\n",
            escape(format!("{sign} {}", verdict.status).trim()),
            escape(&verdict.headline)
        );
    }
    html + "</header>\n"
}

/// One key number: what, value, remark, all plain text.
struct Tile(&'static str, String, String);

/// Key numbers with their intervals.
pub fn tiles(result: &RunResult) -> String {
    let mut tiles = accuracy_tiles(result);
    tiles.extend(margin_tiles(result));
    tiles.extend(cycle_tiles(result));
    if tiles.is_empty() {
        return String::new();
    }
    let cells: String = tiles
        .iter()
        .map(|Tile(name, value, remark)| {
            format!(
                "<div class=\"tile\"><span>{}</span><b>{}</b><small>{}</small></div>\n",
                escape(name),
                escape(value),
                escape(remark)
            )
        })
        .collect();
    format!("<section class=\"tiles\">\n{cells}</section>\n")
}

fn cycle_tiles(result: &RunResult) -> Vec<Tile> {
    let Some(cycle) = &result.cycle else {
        return Vec::new();
    };
    let rate = number::significant(cycle.images_per_s);
    let mut tiles = vec![Tile(
        "Time per image",
        format!("{} us", number::significant(cycle.latency_us)),
        format!("{rate} images/s, {} cycles", number::grouped(cycle.cycles)),
    )];
    if let Some(cost) = &cycle.cost {
        tiles.push(Tile(
            "Energy per image",
            format!("{} uJ", number::significant(cost.energy_uj)),
            format!("{} TOPS/W", number::significant(cost.tops_per_w)),
        ));
    }
    tiles
}

fn bounds(low: f64, high: f64) -> String {
    let ends = [low, high].map(|share| number::fixed(100.0 * share, 1));
    format!("95 % interval {} … {}", ends[0], ends[1])
}

fn accuracy_tiles(result: &RunResult) -> Vec<Tile> {
    let accuracy = &result.accuracy;
    if accuracy.ideal.images == 0 {
        return Vec::new();
    }
    let simulated = &accuracy.simulated;
    let condition = condition_name(&accuracy.simulated_is);
    let lost = 100.0 * (accuracy.ideal.estimate - simulated.mean);
    let mut tiles = vec![
        Tile(
            "Accuracy on this macro",
            number::percent(simulated.mean, 1),
            format!("{condition}; {}", bounds(simulated.low, simulated.high)),
        ),
        Tile(
            "With ideal MVM values",
            number::percent(accuracy.ideal.estimate, 1),
            bounds(accuracy.ideal.low, accuracy.ideal.high),
        ),
        Tile(
            "Lost to the macro",
            format!("{} points", number::fixed(lost, 1)),
            format!(
                "ideal minus simulated, on the same images; {}",
                bounds(accuracy.lost.low, accuracy.lost.high)
            ),
        ),
    ];
    if let Some(before) = &result.before {
        let (simulated, gained) = (&before.accuracy.simulated, &before.gained);
        tiles.push(Tile(
            "Before training for the macro",
            number::percent(simulated.mean, 1),
            format!(
                "{}; ideal {}; gained since {} points, {}",
                condition_name(&before.accuracy.simulated_is),
                number::percent(before.accuracy.ideal.estimate, 1),
                number::fixed(100.0 * gained.estimate, 1),
                bounds(gained.low, gained.high)
            ),
        ));
    }
    if let Some(chips) = &accuracy.chips {
        tiles.push(Tile(
            "Worst virtual chip",
            number::percent(chips.worst, 1),
            chips_remark(result, chips.runs.len()),
        ));
    }
    tiles
}

/// How many chips, and what the same images give with ideal MVM values.
fn chips_remark(result: &RunResult, chips: usize) -> String {
    match &result.accuracy.chips_ideal {
        Some(ideal) => format!(
            "of {chips} chips; ideal on the same {} images {}",
            number::grouped(ideal.images),
            number::percent(ideal.estimate, 1)
        ),
        None => format!("of {chips} chips"),
    }
}

/// The documented condition keys in words.
pub fn condition_name(key: &str) -> String {
    match key {
        "noise_free" => "ADC without noise".into(),
        "read_noise" => "noise at each read".into(),
        "chips" => "mean of virtual chips".into(),
        other => other.replace('_', " "),
    }
}

fn margin_tiles(result: &RunResult) -> Vec<Tile> {
    let mut tiles = Vec::new();
    let on_macro = result.layers.iter().filter(|layer| layer.on_macro);
    let worst_layer = on_macro.max_by(|a, b| a.error_rate.total_cmp(&b.error_rate));
    if let Some(layer) = worst_layer {
        tiles.push(Tile(
            "ADC error rate, worst layer",
            number::probability(layer.error_rate),
            layer_remark(layer),
        ));
    } else if let Some(report) = result.margins.first() {
        let sampled = match (report.error_rate_sampled, report.error_rate_standard_error) {
            (Some(rate), Some(error)) => format!(
                "Monte Carlo {} ± {}",
                number::probability(rate),
                number::probability(error)
            ),
            _ => format!("{} patterns", report.policy),
        };
        tiles.push(Tile(
            "ADC error rate over chips and reads",
            number::probability(report.error_rate),
            sampled,
        ));
    }
    let worst_pair = facts::deciding(result).and_then(|report| {
        let pair = facts::worst_pair(report)?;
        Some((report, pair, pair.margin()?))
    });
    if let Some((report, pair, margin)) = worst_pair {
        tiles.push(Tile(
            "Smallest read margin",
            format!("{} µA", number::significant(margin)),
            format!(
                "{}, at {} σ, between {} and {}; one MAC unit is {} µA",
                facts::scope(report),
                report.z,
                number::fixed(f64::from(pair.low.value), 0),
                number::fixed(f64::from(pair.high.value), 0),
                number::significant(report.unit_ua)
            ),
        ));
    }
    tiles
}

/// Which layer, what its error rate counts, and what it is over chips and reads.
fn layer_remark(layer: &LayerResult) -> String {
    let over_chips = layer.margin.as_ref().map_or(String::new(), |margin| {
        format!(
            "; {} over chips and reads",
            number::probability(margin.error_rate)
        )
    });
    format!(
        "{}, noise at each read alone{over_chips}; SQNR {} dB",
        layer.name,
        number::fixed(layer.sqnr_db, 1)
    )
}

/// What limits the design, beside the accuracy figure.
pub fn limits(result: &RunResult) -> String {
    if result.verdict.limits.is_empty() {
        return String::new();
    }
    let items: String = result
        .verdict
        .limits
        .iter()
        .map(|limit| format!("<li>{}</li>\n", escape(limit)))
        .collect();
    format!("<section class=\"card\"><h2>What limits it</h2><ol>\n{items}</ol></section>\n")
}

/// Warnings of the run.
pub fn warnings(result: &RunResult) -> String {
    if result.warnings.is_empty() {
        return String::new();
    }
    let items: String = result
        .warnings
        .iter()
        .map(|warning| format!("<li>{}</li>\n", escape(warning)))
        .collect();
    format!("<section class=\"warnings\"><h2>Warnings</h2><ul>\n{items}</ul></section>\n")
}

/// Command, seed, fingerprint, network, images, fidelity and timings.
pub fn reproduction(result: &RunResult) -> String {
    let mut rows = vec![
        ("Command".to_string(), result.command.clone()),
        ("Program".to_string(), result.program.clone()),
        ("Seed".to_string(), result.seed.to_string()),
        (
            "Hardware fingerprint".to_string(),
            result.arch.fingerprint.clone(),
        ),
    ];
    if !result.model.name.is_empty() {
        let model = &result.model;
        let parameters = number::count(model.parameters);
        rows.push((
            "Network".into(),
            format!(
                "{}, {parameters} parameters, {} layers on the macro; weights: {}",
                model.name, model.macro_layers, model.weights
            ),
        ));
        let data = &result.data;
        rows.push((
            "Images".into(),
            match data.classes {
                // Recorded layers: no labels.
                0 => format!("{}: {} images", data.name, number::grouped(data.images)),
                classes => format!(
                    "{}: {} test images, {} calibration images, {classes} classes",
                    data.name,
                    number::grouped(data.images),
                    number::grouped(data.calibration_images),
                ),
            },
        ));
    }
    rows.extend(result.fidelity.iter().map(|(what, how)| {
        (
            format!("Fidelity of {}", what.replace('_', " ")),
            how.clone(),
        )
    }));
    rows.extend(
        result
            .seconds
            .iter()
            .map(|(stage, seconds)| (format!("Time: {stage}"), number::seconds(*seconds))),
    );
    let cells: String = rows
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| {
            format!(
                "<tr><th>{}</th><td><code>{}</code></td></tr>\n",
                escape(name),
                escape(value)
            )
        })
        .collect();
    format!(
        "<section><h2>How to repeat this run</h2><table class=\"facts\">\n{cells}</table>\n\
         <p class=\"sub\">All numbers: summary.json and tables/*.csv beside this page; figures as SVG and PNG in \
         figures/.</p></section>\n"
    )
}
