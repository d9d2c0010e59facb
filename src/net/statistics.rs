//! What batch norm saw in training, as tensors of a checkpoint: `L.mean` and `L.variance` (F32, both or none).
//!
//! Scale and shift of a deployed layer stand for these statistics; whoever re-estimates batch norm goes back to them.

use super::error::NetError;
use super::network::{Layer, SumStatistics};
use safetensors::SafeTensors;

const MEAN: &str = "mean";
const VARIANCE: &str = "variance";

/// True for the tensors of this file.
pub(super) fn is_known(what: &str) -> bool {
    matches!(what, MEAN | VARIANCE)
}

/// Name and numbers of the tensors of layer `layer`; all F32.
pub(super) fn tensors(layer: &str, statistics: Option<&SumStatistics>) -> Vec<(String, Vec<f32>)> {
    let both = |found: &SumStatistics| {
        [(MEAN, &found.mean), (VARIANCE, &found.variance)]
            .map(|(what, values)| (format!("{layer}.{what}"), values.clone()))
    };
    statistics.into_iter().flat_map(both).collect()
}

/// What the tensors say; `floats` reads one of this many finite numbers, `wrong` makes an error of a problem.
pub(super) fn read(
    tensors: &SafeTensors,
    layer: &Layer,
    floats: impl Fn(&str, usize) -> Result<Vec<f32>, NetError>,
    wrong: impl Fn(String) -> NetError,
) -> Result<Option<SumStatistics>, NetError> {
    let is_there = |what: &str| tensors.tensor(&format!("{}.{what}", layer.name)).is_ok();
    if !is_there(MEAN) && !is_there(VARIANCE) {
        return Ok(None);
    }
    let outputs = layer.geometry.outputs;
    let found = SumStatistics {
        mean: floats(MEAN, outputs)?,
        variance: floats(VARIANCE, outputs)?,
    };
    if found.variance.iter().any(|&variance| variance < 0.0) {
        let problem = format!("tensor `{}.{VARIANCE}` holds a negative number", layer.name);
        return Err(wrong(problem));
    }
    Ok(Some(found))
}
