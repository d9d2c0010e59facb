//! Networks as written in models/*.toml, and their resolution into a checked [`Network`].
//!
//! Layers are a list in order; sizes follow from the input, so a file states only what cannot be derived. Here are the keys;
//! `build` checks them against each other, `places` knows their lines. Not responsible for weights (`checkpoint`).

mod build;
mod places;

use super::error::NetError;
use super::network::Network;
use build::Builder;
use places::Places;
use serde::Deserialize;

/// A network file.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkSpec {
    /// Name.
    pub name: String,
    /// Input image.
    pub input: ShapeSpec,
    /// Classes.
    pub classes: usize,
    /// Layers in order.
    pub layers: Vec<LayerSpec>,
}

/// Size of the input image.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShapeSpec {
    /// Channels.
    pub channels: usize,
    /// Rows of pixels.
    pub height: usize,
    /// Columns of pixels.
    pub width: usize,
}

/// One entry of `[[layers]]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LayerSpec {
    /// Convolution, batch norm, activation.
    Conv(ConvSpec),
    /// Fully connected, batch norm, activation.
    Linear(LinearSpec),
    /// Max pooling of the layer before.
    MaxPool(PoolSpec),
    /// Last fully connected layer: logits.
    Classifier(ClassifierSpec),
}

/// `conv = { .. }`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConvSpec {
    /// Name.
    pub name: String,
    /// Output channels.
    pub outputs: usize,
    /// Kernel edge.
    pub kernel: usize,
    /// Stride.
    pub stride: usize,
    /// Zero padding.
    pub padding: usize,
    /// Coding of the weights.
    pub weights: WeightsSpec,
    /// Bits of the activation.
    pub activation_bits: u32,
}

/// `linear = { .. }`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinearSpec {
    /// Name.
    pub name: String,
    /// Output features.
    pub outputs: usize,
    /// Coding of the weights.
    pub weights: WeightsSpec,
    /// Bits of the activation.
    pub activation_bits: u32,
}

/// `max_pool = { .. }`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolSpec {
    /// Edge and stride.
    pub size: usize,
}

/// `classifier = { .. }`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassifierSpec {
    /// Name.
    pub name: String,
    /// Coding of the weights.
    pub weights: WeightsSpec,
}

/// `weights = { digital = { bits = 8 } }` or `{ macro = { bits = 2 } }`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WeightsSpec {
    /// Digital logic.
    Digital(BitsSpec),
    /// In-memory macro.
    Macro(BitsSpec),
}

/// `{ bits = .. }`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BitsSpec {
    /// Bits including the sign.
    pub bits: u32,
}

/// Parses and checks a network file; `file` names it in errors.
///
/// # Errors
/// With file, line and key if anything in it is wrong.
pub fn parse(text: &str, file: &str) -> Result<Network, NetError> {
    let places = Places::read(text, file)?;
    let spec: NetworkSpec = toml::from_str(text).map_err(|error| places.shape(&error))?;
    Builder::new(&spec, &places)?.build(&spec)
}
