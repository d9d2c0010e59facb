//! What a training left to say about the references of one layer, and its tensors in a checkpoint.
//!
//! `L.reference_step` (one number) or `L.reference_thresholds` with `L.reference_values` (one more); no tensor where references
//! are placed by calibration. Not responsible for placing them (`hw`).

use super::error::NetError;
use safetensors::SafeTensors;
use safetensors::tensor::Dtype;

/// References of a layer whose macro calibrates them, in MAC units.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum LayerReferences {
    /// Placed on the layer's partial sums.
    #[default]
    Calibrated,
    /// Evenly spaced at a trained step.
    Step(f32),
    /// Trained one by one.
    Thresholds {
        /// Ascending.
        thresholds: Vec<f32>,
        /// What the codes are worth, one more than thresholds, ascending.
        values: Vec<f32>,
    },
}

const STEP: &str = "reference_step";
const THRESHOLDS: &str = "reference_thresholds";
const VALUES: &str = "reference_values";
/// Codes of 8 bits have one less.
const MOST_THRESHOLDS: usize = 255;

/// True for the tensors of this file.
pub(super) fn is_known(what: &str) -> bool {
    matches!(what, STEP | THRESHOLDS | VALUES)
}

/// Name and bytes of the tensors of layer `layer`; all F32.
pub(super) fn tensors(layer: &str, references: &LayerReferences) -> Vec<(String, Vec<f32>)> {
    let name = |what: &str| format!("{layer}.{what}");
    match references {
        LayerReferences::Calibrated => Vec::new(),
        LayerReferences::Step(step) => vec![(name(STEP), vec![*step])],
        LayerReferences::Thresholds { thresholds, values } => vec![
            (name(THRESHOLDS), thresholds.clone()),
            (name(VALUES), values.clone()),
        ],
    }
}

/// What the tensors say; `floats` reads one of this many finite numbers, `wrong` makes an error of a problem.
pub(super) fn read(
    tensors: &SafeTensors,
    layer: &str,
    floats: impl Fn(&str, usize) -> Result<Vec<f32>, NetError>,
    wrong: impl Fn(String) -> NetError,
) -> Result<LayerReferences, NetError> {
    let count = |what: &str| {
        let view = tensors.tensor(&format!("{layer}.{what}")).ok()?;
        (view.dtype() == Dtype::F32).then(|| view.shape().iter().product::<usize>())
    };
    let there = |what: &str| tensors.tensor(&format!("{layer}.{what}")).is_ok();
    match (there(STEP), there(THRESHOLDS) || there(VALUES)) {
        (false, false) => return Ok(LayerReferences::Calibrated),
        (true, false) => return Ok(LayerReferences::Step(floats(STEP, 1)?[0])),
        (false, true) => {}
        (true, true) => {
            return Err(wrong(format!(
                "tensors `{layer}.{STEP}` and `{layer}.{THRESHOLDS}` exclude each other; deploy the training again"
            )));
        }
    }
    let found = count(THRESHOLDS).unwrap_or(0);
    if found > MOST_THRESHOLDS {
        return Err(wrong(format!(
            "tensor `{layer}.{THRESHOLDS}` has {found} numbers, expected 1 to {MOST_THRESHOLDS}"
        )));
    }
    let ascending = |what: &str, values: Vec<f32>| {
        if values.windows(2).all(|pair| pair[0] <= pair[1]) {
            return Ok(values);
        }
        Err(wrong(format!(
            "tensor `{layer}.{what}` holds a number below the one before it, expected ascending numbers"
        )))
    };
    let found = found.max(1);
    Ok(LayerReferences::Thresholds {
        thresholds: ascending(THRESHOLDS, floats(THRESHOLDS, found)?)?,
        values: ascending(VALUES, floats(VALUES, found + 1)?)?,
    })
}
