//! Cycles and cost on one screen of text, 80 columns: totals, layers, what arrays wait for, energy by part.

use super::number;
use super::screen::wrap;
use crate::results::cycle::{CycleResult, Part};
use crate::results::run::RunResult;

/// Most layers that are listed.
const LAYERS: usize = 12;

/// The summary of a run of the chip; empty without one.
pub fn cycle_terminal(result: &RunResult) -> String {
    let Some(cycle) = &result.cycle else {
        return String::new();
    };
    let (model, arch) = (&result.model.name, &result.arch.name);
    let mut text = wrapped(&format!("{model} on {arch}: {}", result.verdict.headline));
    text += &format!(
        "{} cycles of {} ns, {} of {} macros, {}\n",
        number::grouped(cycle.cycles),
        number::significant(cycle.clock_ns),
        cycle.macros_used,
        cycle.macros,
        cycle.order.replace('_', " "),
    );
    text += &layers(cycle);
    text += &line("arrays:   ", &cycle.array_cycles);
    text += &line("read-outs:", &cycle.readout_cycles);
    if let Some(cost) = &cycle.cost {
        let total: f64 = cost.energy_pj.iter().map(|part| part.value).sum();
        let shares: Vec<Part> = cost
            .energy_pj
            .iter()
            .map(|part| Part {
                name: part.name.clone(),
                value: part.value / total.max(f64::MIN_POSITIVE),
            })
            .collect();
        text += &line("energy:   ", &shares);
        let models: Vec<String> = cost
            .conversion_fj
            .iter()
            .map(|part| {
                let name = part.name.split(' ').next().unwrap_or_default();
                format!("{name} {}", number::significant(part.value))
            })
            .collect();
        let models = models.join(", ");
        text += &wrapped(&format!(
            "one conversion by model, before calibration (fJ): {models}"
        ));
        text += &wrapped(&format!(
            "energy of the macros times {} ({}); times bits of inputs and weights: {} TOPS/W, {} TOPS/mm2",
            number::significant(cost.calibration_factor),
            if cost.calibration_factor == 1.0 {
                "not calibrated"
            } else {
                "calibration factor"
            },
            number::significant(cost.tops_per_w_1b),
            number::significant(cost.tops_per_mm2_1b)
        ));
    }
    for warning in &result.warnings {
        text += &wrapped(&format!("warning: {warning}"));
    }
    text
}

/// Words on as many lines as they take, within reason.
fn wrapped(text: &str) -> String {
    wrap(text, 4).join("\n") + "\n"
}

fn layers(cycle: &CycleResult) -> String {
    let mut text = format!(
        "{:<12}{:>8}{:>8}{:>14}{:>12}{:>12}{:>12}\n",
        "layer", "macros", "copies", "conversions", "time (us)", "arrays", "read-outs"
    );
    for layer in cycle.layers.iter().take(LAYERS) {
        let name: String = layer.name.chars().take(11).collect();
        let (macros, copies) = match layer.on_macro {
            true => (layer.macros.to_string(), layer.copies.to_string()),
            false => ("digital".into(), "–".into()),
        };
        text += &format!(
            "{name:<12}{macros:>8}{copies:>8}{:>14}{:>12}{:>12}{:>12}\n",
            number::grouped(layer.conversions),
            number::significant(layer.time_us),
            number::share(layer.array_busy),
            number::share(layer.readout_busy),
        );
    }
    if cycle.layers.len() > LAYERS {
        text += &format!(
            "… {} more layers, see the report\n",
            cycle.layers.len() - LAYERS
        );
    }
    text
}

/// Shares from the largest down, as many as fit.
fn line(name: &str, parts: &[Part]) -> String {
    let mut sorted: Vec<&Part> = parts.iter().filter(|part| part.value > 0.0005).collect();
    sorted.sort_by(|a, b| b.value.total_cmp(&a.value));
    let mut text = name.to_string();
    for part in sorted {
        let next = format!(" {} {},", part.name, number::share(part.value));
        if text.chars().count() + next.chars().count() > 80 {
            break;
        }
        text += &next;
    }
    text.trim_end_matches(',').to_string() + "\n"
}
