//! The answer on one screen of text, 80 columns by 24 lines with the line after it: verdict, accuracies, layers, margin, ADC bits.

use super::curve_screen::{adc_table, word_line_table};
use super::{facts, number};
use crate::results::cycle::CycleResult;
use crate::results::layer::LayerResult;
use crate::results::margin::MarginReport;
use crate::results::run::RunResult;

const COLUMNS: usize = 80;
/// Lines of the summary: a screen less the lines for the place of the report and for what is typed next.
const LINES: usize = 22;
/// Lines that layers want at least: their head, two of them, and how many there are more.
const FEWEST_OF_LAYERS: usize = 4;

/// The summary of a run; lines end with a newline, none is longer than 80 characters, at most 22 lines.
pub fn terminal(result: &RunResult) -> String {
    let mut lines = verdict(result);
    lines.extend(accuracies(result));
    let room = |below: &[String]| LINES.saturating_sub(lines.len() + below.len());
    let mut below = below_layers(result, true);
    if room(&below) < FEWEST_OF_LAYERS {
        below = below_layers(result, false);
    }
    let room = room(&below);
    lines.extend(layers(&result.layers, room));
    lines.extend(below);
    join(lines)
}

/// Everything below the layers; the curve of ADC bits with or without its lines without noise.
fn below_layers(result: &RunResult, noise_free: bool) -> Vec<String> {
    let mut below = Vec::new();
    if let Some(report) = facts::deciding(result) {
        let scope = facts::scope(report);
        let scoped = |line: String| wrap(&format!("{scope}: {line}"), 2);
        below.extend(margin_line(report).map_or_else(Vec::new, scoped));
    }
    below.extend(adc_table(&result.adc_curve, noise_free));
    below.extend(word_line_table(&result.word_line_curve));
    below.extend(result.cycle.as_ref().map(time_and_energy));
    match result.warnings.len() {
        0 => {}
        1 => below.push("1 warning, see the report".into()),
        many => below.push(format!("{many} warnings, see the report")),
    }
    below
}

/// Time and energy of an image on one line.
fn time_and_energy(cycle: &CycleResult) -> String {
    let time = format!(
        "an image takes {} us, {} images/s",
        number::significant(cycle.latency_us),
        number::significant(cycle.images_per_s)
    );
    match &cycle.cost {
        None => time,
        Some(cost) => format!(
            "{time}, {} uJ; {} TOPS/W",
            number::significant(cost.energy_uj),
            number::significant(cost.tops_per_w)
        ),
    }
}

/// The summary of a macro alone, a table of one line per policy and its worst pair.
pub fn margin_terminal(margins: &[MarginReport]) -> String {
    let mut lines = vec![row(&[
        ("patterns", -14),
        ("values", 7),
        ("error rate*", 13),
        ("sampled", 13),
        ("± std. error", 13),
        ("MSE", 13),
    ])];
    for report in margins {
        let optional = |value: Option<f64>| value.map_or("–".into(), number::probability);
        lines.push(row(&[
            (&report.policy, -14),
            (&report.values.len().to_string(), 7),
            (&number::probability(report.error_rate), 13),
            (&optional(report.error_rate_sampled), 13),
            (&optional(report.error_rate_standard_error), 13),
            (&number::significant(report.mse), 13),
        ]));
    }
    lines.push("* share of conversions with a wrong code over chips and reads".into());
    for report in margins {
        if let Some(line) = margin_line(report) {
            lines.extend(wrap(&format!("{}: {line}", report.policy), 2));
        }
        lines.extend(active_line(report));
        lines.extend(reference_line(report));
    }
    join(lines)
}

fn join(lines: Vec<String>) -> String {
    let cut = |line: String| {
        let mut kept: String = line.chars().take(COLUMNS).collect();
        kept.truncate(kept.trim_end().len());
        kept + "\n"
    };
    lines.into_iter().map(cut).collect()
}

/// Cells padded to their widths, a space at least between two; a negative width pads on the right. Names are cut to their
/// width, numbers never: a number that lost digits is another number.
fn row(cells: &[(&str, i32)]) -> String {
    let mut line = String::new();
    for &(text, width) in cells {
        let room = (width.unsigned_abs() as usize).saturating_sub(1);
        line += &if width < 0 {
            let text: String = text.chars().take(room).collect();
            format!("{text:<room$} ")
        } else {
            format!(" {text:>room$}")
        };
    }
    line
}

fn verdict(result: &RunResult) -> Vec<String> {
    let text = format!(
        "{}: {}",
        result.verdict.status.to_uppercase(),
        result.verdict.headline
    );
    let mut lines = wrap(&text, 2);
    if let Some(limit) = result.verdict.limits.first() {
        lines.extend(wrap(&format!("Limited by: {limit}"), 2));
    }
    lines
}

/// Breaks at spaces; what does not fit into `most` lines ends with an ellipsis.
pub(super) fn wrap(text: &str, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let length = lines.last().map_or(0, |line| line.chars().count());
        if length > 0 && length + 1 + word.chars().count() > COLUMNS - 2 {
            if lines.len() == most {
                lines[most - 1].push_str(" …");
                break;
            }
            lines.push(String::new());
        }
        let last = lines.len() - 1;
        if !lines[last].is_empty() {
            lines[last].push(' ');
        }
        lines[last].push_str(word);
    }
    lines
}

fn accuracies(result: &RunResult) -> Vec<String> {
    let all = &result.accuracy;
    if all.ideal.images == 0 {
        return Vec::new();
    }
    let mut cells = Vec::new();
    if let Some(share) = all.full_precision {
        cells.push(("full precision", number::percent(share, 1)));
    }
    cells.push(("ideal MVM", number::accuracy(&all.ideal)));
    cells.push(("ADC noise-free", number::accuracy(&all.noise_free)));
    if let Some(repeats) = &all.read_noise {
        cells.push(("read noise", number::repeats(repeats)));
    }
    if let Some(repeats) = &all.chips {
        let worst = number::percent(repeats.worst, 1);
        let name = match all.chips_calibrated {
            true => "calibr. chips",
            false => "virtual chips",
        };
        cells.push((
            name,
            format!("{}, worst {worst}", number::percent(repeats.mean, 1)),
        ));
    }
    if let Some(ideal) = all.chips.as_ref().and(all.chips_ideal.as_ref()) {
        let share = number::percent(ideal.estimate, 1);
        let images = number::grouped(ideal.images);
        cells.push(("their ideal", format!("{share}, {images} images")));
    }
    if let Some(accuracy) = &all.re_estimated {
        cells.push(("re-estimated", number::accuracy(accuracy)));
    }
    if let Some(before) = &result.before {
        // Before the network was trained through the macro.
        let accuracy = &before.accuracy;
        cells.push(("before: ideal", number::accuracy(&accuracy.ideal)));
        cells.push(match &accuracy.read_noise {
            Some(repeats) => ("before: noise", number::repeats(repeats)),
            None => ("before: quiet", number::accuracy(&accuracy.noise_free)),
        });
        let gained = &before.gained;
        let [mean, low, high] =
            [gained.estimate, gained.low, gained.high].map(|share| number::fixed(100.0 * share, 1));
        cells.push(("gained since", format!("{mean} points, {low} … {high}")));
    }
    cells
        .chunks(2)
        .map(|pair| {
            let cell = |(name, value): &(&str, String)| format!("{name:<14} {value}");
            let left = cell(&pair[0]);
            let right = pair.get(1).map(cell).unwrap_or_default();
            format!("{left:<38}{right}")
        })
        .collect()
}

/// The layer table in at most `room` lines; of too many layers those that read most codes wrong.
fn layers(all: &[LayerResult], room: usize) -> Vec<String> {
    let on_macro: Vec<&LayerResult> = all.iter().filter(|layer| layer.on_macro).collect();
    if on_macro.is_empty() || room < 2 {
        return Vec::new();
    }
    let mut lines = vec![row(&[
        ("layer", -12),
        ("groups", 7),
        ("arrays", 7),
        ("used", 7),
        ("clipped", 9),
        ("wrong:reads", 12),
        ("chips+reads", 12),
        ("SQNR dB", 8),
        ("clean", 6),
    ])];
    let shown = worst(&on_macro, room - 1);
    for layer in &shown {
        let over_chips = layer.margin.as_ref().map_or("–".into(), |margin| {
            number::probability(margin.error_rate)
        });
        lines.push(row(&[
            (&layer.name, -12),
            (&layer.mapping.row_groups.to_string(), 7),
            (&layer.mapping.arrays.to_string(), 7),
            (&number::percent(layer.mapping.utilisation, 0), 7),
            (&number::share(layer.clipped), 9),
            (&number::probability(layer.error_rate), 12),
            (&over_chips, 12),
            (&number::fixed(layer.sqnr_db, 1), 8),
            (&number::fixed(layer.sqnr_noise_free_db, 1), 6),
        ]));
    }
    if on_macro.len() > shown.len() {
        let more = on_macro.len() - shown.len();
        lines.push(format!("and {more} better layers, see the report"));
    }
    lines
}

/// All layers if they fit into `room` lines, else the worst ones with a line to spare, in the order of the network.
fn worst<'a>(layers: &[&'a LayerResult], room: usize) -> Vec<&'a LayerResult> {
    if layers.len() <= room {
        return layers.to_vec();
    }
    let mut order: Vec<usize> = (0..layers.len()).collect();
    order.sort_by(|&a, &b| layers[b].error_rate.total_cmp(&layers[a].error_rate));
    order.truncate(room.saturating_sub(1));
    order.sort_unstable();
    order.into_iter().map(|index| layers[index]).collect()
}

fn margin_line(report: &MarginReport) -> Option<String> {
    let pair = facts::worst_pair(report)?;
    let value = |value: i32| number::fixed(f64::from(value), 0);
    Some(format!(
        "smallest margin {} µA at {} σ between {} and {} (unit {} µA)",
        number::significant(pair.margin()?),
        report.z,
        value(pair.low.value),
        value(pair.high.value),
        number::significant(report.unit_ua)
    ))
}

/// How many word lines the error limit allows, and the error rates around it.
fn active_line(report: &MarginReport) -> Option<String> {
    let limit = report.error_limit?;
    let last = report.active_sweep.last().map(|point| point.active);
    let most = match report.largest_active {
        Some(active) if last == Some(active) => {
            format!("at least {active} open word lines, the most looked at")
        }
        Some(active) => format!("up to {active} open word lines"),
        None => "not even one open word line".into(),
    };
    let beyond = report
        .active_sweep
        .iter()
        .find(|point| point.error_rate > limit);
    let next = beyond.map_or(String::new(), |point| {
        let rate = number::probability(point.error_rate);
        format!(" (at {}: {rate})", point.active)
    });
    let limit = number::probability(limit);
    Some(format!("error rate at most {limit}: {most}{next}"))
}

/// How far the references lie from the best ones.
fn reference_line(report: &MarginReport) -> Option<String> {
    let pairs = report.references_ua.iter().zip(&report.best_references_ua);
    if report.error_rate == 0.0 || report.references_ua.len() != report.best_references_ua.len() {
        return None;
    }
    let farthest = pairs.max_by(|a, b| (a.0 - a.1).abs().total_cmp(&(b.0 - b.1).abs()))?;
    Some(format!(
        "references are within {} µA of the best ones",
        number::significant((farthest.0 - farthest.1).abs())
    ))
}
