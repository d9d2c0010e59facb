//! What a training left to say about the references of one layer, and its tensors in a checkpoint.
//!
//! `L.reference_step` (one number), with `L.reference_trims` (U8, one register per output) where columns have a step of their own;
//! or `L.reference_thresholds` with `L.reference_values` (one more); no tensor where references are placed by calibration. Not
//! responsible for placing them nor for what a trim is (`hw`).

use super::error::NetError;
use super::network::Layer;
use crate::hw::trim::Trim;
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
    /// Evenly spaced at a trained step of every output column.
    StepPerColumn {
        /// Of the layer.
        step: f32,
        /// Per output, what its step is over that.
        trims: Vec<Trim>,
    },
    /// Trained one by one.
    Thresholds {
        /// Ascending.
        thresholds: Vec<f32>,
        /// What the codes are worth, one more than thresholds, ascending.
        values: Vec<f32>,
    },
}

const STEP: &str = "reference_step";
const TRIMS: &str = "reference_trims";
const THRESHOLDS: &str = "reference_thresholds";
const VALUES: &str = "reference_values";
/// Codes of 8 bits have one less.
const MOST_THRESHOLDS: usize = 255;

/// True for the tensors of this file.
pub(super) fn is_known(what: &str) -> bool {
    matches!(what, STEP | TRIMS | THRESHOLDS | VALUES)
}

/// Name and numbers of the F32 tensors of layer `layer`.
pub(super) fn tensors(layer: &str, references: &LayerReferences) -> Vec<(String, Vec<f32>)> {
    let name = |what: &str| format!("{layer}.{what}");
    match references {
        LayerReferences::Calibrated => Vec::new(),
        LayerReferences::Step(step) | LayerReferences::StepPerColumn { step, .. } => {
            vec![(name(STEP), vec![*step])]
        }
        LayerReferences::Thresholds { thresholds, values } => vec![
            (name(THRESHOLDS), thresholds.clone()),
            (name(VALUES), values.clone()),
        ],
    }
}

/// Name and registers of the U8 tensor of layer `layer`, if it has one.
pub(super) fn registers(layer: &str, references: &LayerReferences) -> Option<(String, Vec<u8>)> {
    let LayerReferences::StepPerColumn { trims, .. } = references else {
        return None;
    };
    let registers = trims.iter().map(|trim| trim.register()).collect();
    Some((format!("{layer}.{TRIMS}"), registers))
}

/// What the tensors say; `floats` reads one of this many finite numbers, `bytes` one of this many bytes, `wrong` makes an error of
/// a problem.
pub(super) fn read(
    tensors: &SafeTensors,
    layer: &Layer,
    floats: impl Fn(&str, usize) -> Result<Vec<f32>, NetError>,
    bytes: impl Fn(&str, usize) -> Result<Vec<u8>, NetError>,
    wrong: impl Fn(String) -> NetError,
) -> Result<LayerReferences, NetError> {
    let (outputs, layer) = (layer.geometry.outputs, &layer.name);
    let count = |what: &str| {
        let view = tensors.tensor(&format!("{layer}.{what}")).ok()?;
        (view.dtype() == Dtype::F32).then(|| view.shape().iter().product::<usize>())
    };
    let there = |what: &str| tensors.tensor(&format!("{layer}.{what}")).is_ok();
    let stepped = there(STEP) || there(TRIMS);
    match (stepped, there(THRESHOLDS) || there(VALUES)) {
        (false, false) => return Ok(LayerReferences::Calibrated),
        (true, false) => {
            let step = positive(layer, floats(STEP, 1)?[0], &wrong)?;
            if !there(TRIMS) {
                return Ok(LayerReferences::Step(step));
            }
            let trims = trims(layer, &bytes(TRIMS, outputs)?, &wrong)?;
            return Ok(LayerReferences::StepPerColumn { step, trims });
        }
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

fn positive(layer: &str, step: f32, wrong: impl Fn(String) -> NetError) -> Result<f32, NetError> {
    match step > 0.0 {
        true => Ok(step),
        false => Err(wrong(format!(
            "tensor `{layer}.{STEP}` holds {step}, expected a positive step in MAC units"
        ))),
    }
}

fn trims(
    layer: &str,
    registers: &[u8],
    wrong: impl Fn(String) -> NetError,
) -> Result<Vec<Trim>, NetError> {
    let one = |(output, &register): (usize, &u8)| {
        Trim::new(register).map_err(|error| {
            wrong(format!(
                "tensor `{layer}.{TRIMS}` holds {register} for output {output}, expected {}",
                error.expected
            ))
        })
    };
    registers.iter().enumerate().map(one).collect()
}
