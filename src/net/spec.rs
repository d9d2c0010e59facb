//! Networks as written in models/*.toml, and their resolution into a checked [`Network`].
//!
//! Layers are a list in order; sizes follow from the input, so a file states only what cannot be derived.
//! Not responsible for weights (`checkpoint`).

use super::error::NetError;
use super::network::{Geometry, Layer, Network, Shape, Weights};
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

/// Largest edge of an image or a kernel.
const MOST_EDGE: usize = 4096;
/// Most weights of one layer, and most values of one image between two layers: far beyond what fits a memory.
const MOST_VALUES: usize = 1 << 28;

/// Parses and checks a network file; `file` names it in errors.
///
/// # Errors
/// With file, line and key if the text is wrong, with the layer if sizes do not fit.
pub fn parse(text: &str, file: &str) -> Result<Network, NetError> {
    let wrong = |error: toml::de::Error| NetError::Parse {
        file: file.into(),
        message: error.to_string(),
    };
    let spec: NetworkSpec = toml::from_str(text).map_err(wrong)?;
    Builder::new(&spec, file)?.build(&spec)
}

struct Builder<'a> {
    file: &'a str,
    shape: Shape,
    layers: Vec<Layer>,
    ended: bool,
}

impl<'a> Builder<'a> {
    fn new(spec: &NetworkSpec, file: &'a str) -> Result<Self, NetError> {
        let ShapeSpec {
            channels,
            height,
            width,
        } = spec.input;
        let builder = Builder {
            file,
            shape: Shape {
                channels,
                height,
                width,
            },
            layers: Vec::new(),
            ended: false,
        };
        let sizes = [channels, height, width];
        if sizes.iter().any(|size| !(1..=MOST_EDGE).contains(size)) {
            return Err(builder.wrong("input", "channels, height and width lie between 1 and 4096"));
        }
        if spec.name.is_empty() {
            return Err(builder.wrong("none", "`name` of the network is empty"));
        }
        if !(2..=256).contains(&spec.classes) {
            return Err(builder.wrong("classes", "a classifier has 2 to 256 classes"));
        }
        Ok(builder)
    }

    fn wrong(&self, layer: &str, problem: impl Into<String>) -> NetError {
        NetError::Layer {
            file: self.file.into(),
            layer: layer.into(),
            problem: problem.into(),
        }
    }

    fn build(mut self, spec: &NetworkSpec) -> Result<Network, NetError> {
        for layer in &spec.layers {
            if self.ended {
                return Err(self.wrong(
                    "after the classifier",
                    "the classifier is the last layer; remove what follows",
                ));
            }
            match layer {
                LayerSpec::Conv(conv) => self.conv(conv)?,
                LayerSpec::Linear(linear) => {
                    self.full(
                        &linear.name,
                        linear.outputs,
                        linear.weights,
                        Some(linear.activation_bits),
                    )?;
                }
                LayerSpec::MaxPool(pool) => self.pool(pool.size)?,
                LayerSpec::Classifier(last) => {
                    self.full(&last.name, spec.classes, last.weights, None)?;
                    self.ended = true;
                }
            }
        }
        if !self.ended {
            return Err(self.wrong("last", "a network ends with `classifier = { .. }`"));
        }
        let input = Shape {
            channels: spec.input.channels,
            height: spec.input.height,
            width: spec.input.width,
        };
        Ok(Network {
            name: spec.name.clone(),
            input,
            classes: spec.classes,
            layers: self.layers,
        })
    }

    fn conv(&mut self, spec: &ConvSpec) -> Result<(), NetError> {
        let small = self.shape.height.min(self.shape.width);
        // Checked first: a padding below a small kernel cannot overflow the size of the padded map.
        let legal = (1..=MOST_EDGE).contains(&spec.kernel) && spec.padding < spec.kernel;
        let padded = if legal { small + 2 * spec.padding } else { 0 };
        if spec.kernel > padded || !(1..=padded).contains(&spec.stride) {
            let problem = format!(
                "`kernel` {}, `stride` {}, `padding` {} do not fit a map of {} x {}; the padding is smaller than the kernel, kernel and stride are at least 1 and at most the padded map",
                spec.kernel, spec.stride, spec.padding, self.shape.height, self.shape.width
            );
            return Err(self.wrong(&spec.name, problem));
        }
        let geometry = Geometry {
            input: self.shape,
            outputs: spec.outputs,
            kernel: spec.kernel,
            stride: spec.stride,
            padding: spec.padding,
        };
        self.push(
            &spec.name,
            geometry,
            false,
            spec.weights,
            Some(spec.activation_bits),
        )
    }

    fn full(
        &mut self,
        name: &str,
        outputs: usize,
        weights: WeightsSpec,
        bits: Option<u32>,
    ) -> Result<(), NetError> {
        let input = Shape {
            channels: self.shape.len(),
            height: 1,
            width: 1,
        };
        let geometry = Geometry {
            input,
            outputs,
            kernel: 1,
            stride: 1,
            padding: 0,
        };
        self.push(name, geometry, true, weights, bits)
    }

    fn push(
        &mut self,
        name: &str,
        geometry: Geometry,
        linear: bool,
        spec: WeightsSpec,
        bits: Option<u32>,
    ) -> Result<(), NetError> {
        if name.is_empty() || self.layers.iter().any(|layer| layer.name == name) {
            return Err(self.wrong(name, "every layer has a name of its own"));
        }
        if !(1..=65_536).contains(&geometry.outputs) {
            return Err(self.wrong(name, "`outputs` lies between 1 and 65536"));
        }
        let (weights, map) = (geometry.rows() * geometry.outputs, geometry.output().len());
        if weights > MOST_VALUES || map > MOST_VALUES {
            let problem = format!(
                "{weights} weights and a map of {map} values, at most {MOST_VALUES} each; check `outputs` and the size of the input"
            );
            return Err(self.wrong(name, problem));
        }
        let weights = match spec {
            WeightsSpec::Digital(BitsSpec { bits }) => Weights::Digital { bits },
            WeightsSpec::Macro(BitsSpec { bits }) => Weights::Macro { bits },
        };
        let (Weights::Digital { bits: width } | Weights::Macro { bits: width }) = weights;
        if !(2..=8).contains(&width) || bits.is_some_and(|bits| !(1..=7).contains(&bits)) {
            return Err(self.wrong(
                name,
                "`bits` of weights lie between 2 and 8 including the sign, `activation_bits` between 1 and 7",
            ));
        }
        if self.layers.is_empty() && matches!(weights, Weights::Macro { .. }) {
            return Err(self.wrong(name, "the first layer sees signed image bytes and is computed digitally; write weights = { digital = { bits = 8 } }"));
        }
        self.shape = geometry.output();
        self.layers.push(Layer {
            name: name.into(),
            geometry,
            linear,
            weights,
            activation_bits: bits,
            pool: None,
        });
        Ok(())
    }

    fn pool(&mut self, size: usize) -> Result<(), NetError> {
        let small = self.shape.height.min(self.shape.width);
        let Some(last) = self
            .layers
            .last_mut()
            .filter(|layer| layer.pool.is_none() && size >= 2 && size <= small)
        else {
            let problem = format!(
                "max_pool of `size` {size} needs a layer before it and a map of at least {size} x {size}, and is at least 2"
            );
            return Err(self.wrong("max_pool", problem));
        };
        last.pool = Some(size);
        self.shape = last.output();
        Ok(())
    }
}
