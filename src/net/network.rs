//! A network as plain data: what is computed, not how and not on which hardware.
//!
//! Two forms. [`Network`] is the shape (from models/*.toml). [`IntNetwork`] is the deployed network: integer weight
//! codes and per-channel digital scale and shift, exactly what a macro plus its digital side computes:
//!
//! ```text
//! acc   = sum over rows of w_code * a_code            (on the macro: sum of decoded partial MVM values)
//! x     = acc * scale[c] + shift[c]                   (folded batch norm and activation step; one f32 multiply, one f32 add, never fused)
//! code  = clamp(floor(x + 0.5), 0, max_code)          (2-bit activation), then max pooling on codes
//! ```
//! Sums are whole numbers of 32 bits, so their order never matters; below 2^24, as in all shipped networks, f32 holds them exactly.

use super::references::LayerReferences;

/// Size of an activation tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Channels.
    pub channels: usize,
    /// Rows of pixels.
    pub height: usize,
    /// Columns of pixels.
    pub width: usize,
}

impl Shape {
    /// Number of elements.
    pub fn len(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Geometry of a convolution; a fully connected layer is a 1x1 convolution on a 1x1 map whose channels are the
/// flattened input (channel-major, then y, then x).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Input after flattening where the layer is fully connected.
    pub input: Shape,
    /// Output channels.
    pub outputs: usize,
    /// Kernel edge.
    pub kernel: usize,
    /// Stride (1 unless the network says otherwise).
    pub stride: usize,
    /// Zero padding on each side.
    pub padding: usize,
}

impl Geometry {
    /// Rows of the weight matrix: channel-major, then kernel position (im2col order).
    pub fn rows(&self) -> usize {
        self.input.channels * self.kernel * self.kernel
    }

    /// Output map.
    pub fn output(&self) -> Shape {
        let edge = |size: usize| (size + 2 * self.padding - self.kernel) / self.stride + 1;
        Shape {
            channels: self.outputs,
            height: edge(self.input.height),
            width: edge(self.input.width),
        }
    }
}

/// Where a layer's products are computed and how its weights are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weights {
    /// Digital logic with signed weights of this many bits (first and last layer).
    Digital {
        /// Bits including the sign.
        bits: u32,
    },
    /// In-memory macro, sign-magnitude weights of this many bits (2 bits: -1, 0, +1).
    Macro {
        /// Bits including the sign.
        bits: u32,
    },
}

impl Weights {
    /// Largest magnitude of a weight code.
    pub fn max_code(&self) -> i32 {
        match *self {
            Weights::Digital { bits } | Weights::Macro { bits } => (1 << (bits - 1)) - 1,
        }
    }
}

/// One weighted layer with what follows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// Name, unique in the network.
    pub name: String,
    /// Sizes.
    pub geometry: Geometry,
    /// True if the layer was written as fully connected.
    pub linear: bool,
    /// Weight coding.
    pub weights: Weights,
    /// Batch norm and unsigned activation of this many bits; `None` for the last layer (logits).
    pub activation_bits: Option<u32>,
    /// Max pooling of this edge and stride after the activation.
    pub pool: Option<usize>,
}

impl Layer {
    /// Map after pooling.
    pub fn output(&self) -> Shape {
        let map = self.geometry.output();
        match self.pool {
            Some(edge) => Shape {
                height: map.height / edge,
                width: map.width / edge,
                ..map
            },
            None => map,
        }
    }
}

/// What the layers of a network take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inputs {
    /// The first layer takes image bytes, every other one the codes of the layer before.
    Images,
    /// Every layer takes codes of its own, recorded before, of these many bits; an input is those of all layers one after
    /// the other, and no layer sees what another one computes.
    Recorded(Vec<u32>),
}

/// Bits of an image byte.
const IMAGE_BITS: u32 = 8;

/// The shape of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// Name (file stem in models/).
    pub name: String,
    /// Input image, or all recorded inputs.
    pub input: Shape,
    /// What the layers take.
    pub inputs: Inputs,
    /// Number of classes.
    pub classes: usize,
    /// Layers in order.
    pub layers: Vec<Layer>,
}

impl Network {
    /// Bits of the input codes of a layer.
    pub fn input_bits(&self, layer: usize) -> u32 {
        match &self.inputs {
            Inputs::Images => {
                let before = self.layers[..layer].iter().rev();
                let bits = before.filter_map(|layer| layer.activation_bits).next();
                bits.unwrap_or(IMAGE_BITS)
            }
            Inputs::Recorded(bits) => bits[layer],
        }
    }

    /// True if a layer takes image bytes, offset by [`PIXEL_ZERO`].
    pub fn sees_bytes(&self, layer: usize) -> bool {
        layer == 0 && self.inputs == Inputs::Images
    }
}

/// Offset of an image byte: the first layer sees `pixel - PIXEL_ZERO` as a signed integer, padding is PIXEL_ZERO grey.
pub const PIXEL_ZERO: i32 = 128;

impl IntLayer {
    /// True if scale and shift are numbers.
    pub fn is_finite(&self) -> bool {
        let all = self.scale.iter().chain(&self.shift);
        all.copied().all(f32::is_finite)
    }
}

/// Mean and variance of a layer's accumulated sums per output channel, as batch norm saw them in training.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SumStatistics {
    /// Mean.
    pub mean: Vec<f32>,
    /// Variance.
    pub variance: Vec<f32>,
}

/// One layer of a deployed network.
#[derive(Clone, Debug, PartialEq)]
pub struct IntLayer {
    /// Shape.
    pub layer: Layer,
    /// Weight codes `[output][row]`, rows in im2col order.
    pub codes: Vec<i8>,
    /// Digital scale per output channel.
    pub scale: Vec<f32>,
    /// Digital shift per output channel.
    pub shift: Vec<f32>,
    /// Statistics of the sums that scale and shift stand for, where they are recorded.
    pub statistics: Option<SumStatistics>,
    /// References of a macro that calibrates them, as far as they were trained.
    pub references: LayerReferences,
}

/// A network ready to run on a macro.
#[derive(Clone, Debug, PartialEq)]
pub struct IntNetwork {
    /// Shape.
    pub network: Network,
    /// Layers in order.
    pub layers: Vec<IntLayer>,
}

/// The activation code of a digital value: the one rounding rule of the network (ties up), `clamp(floor(x + 1/2), 0, max)`.
#[inline(always)]
pub fn activation_code(x: f32, max_code: u8) -> u8 {
    // Clamped first, so that the conversion's truncation is the floor: no call of a rounding function, loops vectorize.
    (x + 0.5).clamp(0.0, f32::from(max_code)) as i32 as u8
}
