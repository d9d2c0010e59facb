//! Recorded layers on a macro: what can be said without a network around them and without labels.
//!
//! References lie on the layers' own partial sums, all of them; the same images are looked at for quality, margins and cycles.
//! Not responsible for accuracies, which recorded layers have none of.

use super::accuracy::Images;
use super::error::SimError;
use super::prepare::Prepared;
use super::run::{RunOptions, cycles, macro_view};
use super::stage::Progress;
use crate::results::cycle::CycleResult;
use crate::results::layer::LayerResult;
use crate::results::run::Verdict;

/// What was found out about recorded layers.
pub struct Looked {
    /// Layers.
    pub layers: Vec<LayerResult>,
    /// Cycles, energy and area; none where the hardware says nothing of time or chip, or a layer does not fit the chip.
    pub cycle: Option<CycleResult>,
    /// Why there are none although the hardware says it.
    pub cycle_problem: Option<SimError>,
}

/// Every recorded layer by itself on the macro.
///
/// # Errors
/// If a layer does not fit the macro.
pub fn look(
    prepared: &Prepared,
    inputs: Images,
    options: &RunOptions,
    progress: Progress,
) -> Result<Looked, SimError> {
    inputs.check(prepared)?;
    let view = macro_view(prepared, inputs, options, progress)?;
    let first = inputs.first(options.cycle_images);
    let (cycle, cycle_problem) = match cycles(prepared, &view.readouts, first, progress) {
        Ok(cycle) => (cycle, None),
        Err(problem) => (None, Some(problem)),
    };
    Ok(Looked {
        layers: view.layers,
        cycle,
        cycle_problem,
    })
}

/// What was found in a sentence, and what stands out; whether a network bears it is not known.
pub fn verdict(name: &str, images: usize, looked: &Looked) -> Verdict {
    let images = match images {
        1 => "1 recorded image".to_string(),
        many => format!("{many} recorded images"),
    };
    let quality = worst(&looked.layers, |layer| -layer.sqnr_db).map_or_else(String::new, |layer| {
        format!(
            "; lowest SQNR {} ({} without noise) in {}",
            decibel(layer.sqnr_db),
            decibel(layer.sqnr_noise_free_db),
            layer.name
        )
    });
    let mut limits = Vec::new();
    if let Some(layer) = worst(&looked.layers, |layer| layer.error_rate)
        && layer.error_rate > 0.0
    {
        limits.push(format!(
            "{} reads {:.2} % of its codes wrong from noise at each read alone.",
            layer.name,
            100.0 * layer.error_rate
        ));
    }
    if let Some(layer) = worst(&looked.layers, |layer| layer.clipped)
        && layer.clipped > 0.0
    {
        limits.push(format!(
            "{} has {:.2} % of its partial sums beyond its outermost codes.",
            layer.name,
            100.0 * layer.clipped
        ));
    }
    Verdict {
        status: "recorded".into(),
        headline: format!("{name}: {images} without labels{quality}."),
        limits,
    }
}

fn worst(layers: &[LayerResult], badness: impl Fn(&LayerResult) -> f64) -> Option<&LayerResult> {
    let better = |a: &&LayerResult, b: &&LayerResult| badness(a).total_cmp(&badness(b));
    layers.iter().max_by(better)
}

fn decibel(ratio: f64) -> String {
    match ratio.is_finite() {
        true => format!("{ratio:.1} dB"),
        // An ideal read-out: no error at all.
        false => "without end".into(),
    }
}
