//! The figures of a report, one file each: what a designer sees of the margins, the codes, the layers and the accuracy.
//!
//! A figure that has nothing to show is left out. Drawing style comes from [`super::frame`].

pub mod accuracy;
pub mod adc_bits;
pub mod chips;
pub mod code_use;
pub mod confusion;
pub mod cycle_energy;
mod cycle_parts;
pub mod cycle_stalls;
pub mod cycle_timeline;
pub mod experiment_bars;
pub mod experiment_lines;
pub mod layer_quality;
pub mod learning;
pub mod loss_curves;
pub mod margin_histogram;
pub mod margin_per_value;
pub mod partial_sums;
pub mod word_line_sweep;
pub mod word_lines;

use super::facts;
use super::picture::Picture;
use crate::results::cycle::CycleResult;
use crate::results::margin::MarginReport;
use crate::results::run::RunResult;

/// Width of a figure over the whole page, in points.
pub const WIDE: f64 = 1080.0;
/// Width of a figure over half the page.
pub const HALF: f64 = 540.0;

/// A drawn figure.
#[derive(Clone, Debug)]
pub struct Figure {
    /// File name without ending.
    pub name: String,
    /// What it shows, for people who cannot see it.
    pub title: String,
    /// One sentence on how to read it.
    pub caption: String,
    /// The drawing.
    pub picture: Picture,
}

impl Figure {
    /// True if it takes the whole width of a page.
    pub fn is_wide(&self) -> bool {
        self.picture.width > HALF
    }
}

/// All figures of a run, in the order of the page: first the margins that decide, last those of the macro alone.
pub fn of_run(result: &RunResult) -> Vec<Figure> {
    let deciding = facts::deciding(result);
    let mut figures = deciding.map_or_else(Vec::new, |report| of_policy(report, ""));
    figures.extend(accuracy::figure(result));
    figures.extend(adc_bits::figure(result));
    figures.extend(word_lines::figure(result));
    figures.extend(chips::figure(result));
    figures.extend(partial_sums::figure(&result.layers));
    figures.extend(layer_quality::figure(&result.layers));
    figures.extend(code_use::figure(&result.layers));
    if let Some(cycle) = &result.cycle {
        figures.extend(of_cycle(cycle));
    }
    let is_shown =
        |report: &MarginReport| deciding.is_some_and(|shown| std::ptr::eq(shown, report));
    let worst = result
        .layers
        .iter()
        .filter(|layer| layer.error_rate.is_finite())
        .max_by(|a, b| a.error_rate.total_cmp(&b.error_rate));
    if let Some(margin) = worst.and_then(|layer| layer.margin.as_ref())
        && !is_shown(margin)
    {
        figures.extend(confusion::figure(margin, "_worst_layer"));
    }
    for report in result.margins.iter().filter(|report| !is_shown(report)) {
        figures.extend(of_policy(report, &suffix(report)));
    }
    figures
}

/// Figures of a run of the chip over time.
fn of_cycle(cycle: &CycleResult) -> Vec<Figure> {
    let figures = [
        cycle_timeline::figure(cycle),
        cycle_stalls::figure(cycle),
        cycle_energy::figure(cycle),
    ];
    figures.into_iter().flatten().collect()
}

/// The figures of the macro alone; those of the first pattern policy carry no suffix in their names.
pub fn of_margins(margins: &[MarginReport]) -> Vec<Figure> {
    let name = |(index, report)| match index {
        0 => String::new(),
        _ => suffix(report),
    };
    let suffixes = margins.iter().enumerate().map(name);
    margins
        .iter()
        .zip(suffixes)
        .flat_map(|(report, suffix)| of_policy(report, &suffix))
        .collect()
}

fn suffix(report: &MarginReport) -> String {
    format!("_{}", super::folder::file_name(&report.policy))
}

fn of_policy(report: &MarginReport, suffix: &str) -> Vec<Figure> {
    let figures = [
        margin_histogram::figure(report, suffix),
        margin_per_value::figure(report, suffix),
        confusion::figure(report, suffix),
        word_line_sweep::figure(report, suffix),
    ];
    figures.into_iter().flatten().collect()
}
