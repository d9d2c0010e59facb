//! A recorded layer as its file describes it, every number against its bounds before anything is allocated or computed from it.
//!
//! Not responsible for tensors (`file`).

use super::About;
use crate::net::network::{Geometry, Layer, Shape, Weights};
use serde::{Deserialize, Serialize};

/// Most layers of a file.
const MOST_LAYERS: usize = 64;
/// Most images of a file.
const MOST_IMAGES: usize = 1024;
/// Most characters of a name or a note.
const MOST_TEXT: usize = 1000;
/// Largest edge of a map or a kernel.
const MOST_EDGE: usize = 4096;
/// Most channels and outputs.
const MOST_CHANNELS: usize = 1 << 18;
/// Most weights of a layer, and most values of a map.
const MOST_VALUES: usize = 1 << 28;
/// Sums of whole numbers are exact in f32 up to here.
const MOST_SUM: u64 = 1 << 24;

/// Shape of a layer in the header of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerHeader {
    pub name: String,
    pub channels: usize,
    pub height: usize,
    pub width: usize,
    pub outputs: usize,
    pub kernel: usize,
    pub stride: usize,
    pub padding: usize,
    pub linear: bool,
    pub weight_bits: u32,
    pub input_bits: u32,
    pub activation_bits: Option<u32>,
    pub pool: Option<usize>,
}

impl LayerHeader {
    /// The header of a layer on the macro.
    pub fn new(layer: &Layer, input_bits: u32) -> Self {
        let geometry = &layer.geometry;
        let (Weights::Digital { bits } | Weights::Macro { bits }) = layer.weights;
        LayerHeader {
            name: layer.name.clone(),
            channels: geometry.input.channels,
            height: geometry.input.height,
            width: geometry.input.width,
            outputs: geometry.outputs,
            kernel: geometry.kernel,
            stride: geometry.stride,
            padding: geometry.padding,
            linear: layer.linear,
            weight_bits: bits,
            input_bits,
            activation_bits: layer.activation_bits,
            pool: layer.pool,
        }
    }

    /// The layer, if its numbers can be those of one.
    ///
    /// # Errors
    /// What is out of bounds.
    pub fn layer(&self) -> Result<Layer, String> {
        text("name of a layer", &self.name)?;
        let here = |problem: String| format!("layer {}: {problem}", self.name);
        self.bounds().map_err(here)?;
        let layer = Layer {
            name: self.name.clone(),
            geometry: Geometry {
                input: Shape {
                    channels: self.channels,
                    height: self.height,
                    width: self.width,
                },
                outputs: self.outputs,
                kernel: self.kernel,
                stride: self.stride,
                padding: self.padding,
            },
            linear: self.linear,
            weights: Weights::Macro {
                bits: self.weight_bits,
            },
            activation_bits: self.activation_bits,
            pool: self.pool,
        };
        self.sizes(&layer).map_err(here)?;
        Ok(layer)
    }

    /// Every number by itself, and the kernel in its map.
    fn bounds(&self) -> Result<(), String> {
        within("channels", self.channels, 1, MOST_CHANNELS)?;
        within("height", self.height, 1, MOST_EDGE)?;
        within("width", self.width, 1, MOST_EDGE)?;
        within("outputs", self.outputs, 1, MOST_CHANNELS)?;
        within("kernel", self.kernel, 1, MOST_EDGE)?;
        within("padding", self.padding, 0, self.kernel - 1)?;
        let padded = self.height.min(self.width) + 2 * self.padding;
        within("kernel", self.kernel, 1, padded)?;
        within("stride", self.stride, 1, padded)?;
        within("weight_bits", self.weight_bits as usize, 2, 8)?;
        within("input_bits", self.input_bits as usize, 1, 8)?;
        if let Some(bits) = self.activation_bits {
            within("activation_bits", bits as usize, 1, 8)?;
        }
        let window = (self.height, self.width, self.kernel, self.padding);
        if self.linear && window != (1, 1, 1, 0) {
            return Err("a fully connected layer has a map, kernel and stride of 1".into());
        }
        Ok(())
    }

    /// What follows from them: numbers of weights, of values, and the largest sum.
    fn sizes(&self, layer: &Layer) -> Result<(), String> {
        let geometry = &layer.geometry;
        // Channels, kernel and outputs are small enough for these products in 64 bits.
        let rows = geometry.rows() as u64;
        let weights = rows * self.outputs as u64;
        let map = geometry.output();
        let values = [
            weights,
            self.channels as u64 * self.height as u64 * self.width as u64,
            self.outputs as u64 * map.height as u64 * map.width as u64,
        ];
        if values.iter().any(|&count| count > MOST_VALUES as u64) {
            return Err(format!(
                "{} weights, {} inputs and {} outputs; at most {MOST_VALUES} each",
                values[0], values[1], values[2]
            ));
        }
        let top = (1u64 << (self.weight_bits - 1)) - 1;
        let largest = rows * top * ((1 << self.input_bits) - 1);
        if largest >= MOST_SUM {
            return Err(format!(
                "sums of {rows} rows may reach {largest}; sums are exact below {MOST_SUM}: use fewer rows or bits"
            ));
        }
        if let Some(edge) = self.pool {
            within("pool", edge, 2, map.height.min(map.width))?;
        }
        Ok(())
    }
}

/// The notes of a file, and its number of layers.
///
/// # Errors
/// What is out of bounds.
pub fn about(about: &About, layers: &[LayerHeader]) -> Result<(), String> {
    within("number of layers", layers.len(), 1, MOST_LAYERS)?;
    within("number of images", about.images.len(), 1, MOST_IMAGES)?;
    for (what, value) in [
        ("program", &about.program),
        ("network", &about.network),
        ("network_hash", &about.network_hash),
        ("weights", &about.weights),
        ("data", &about.data),
        ("data_fingerprint", &about.data_fingerprint),
        ("path", &about.path),
    ] {
        text(what, value)?;
    }
    for (index, layer) in layers.iter().enumerate() {
        if layers[..index].iter().any(|other| other.name == layer.name) {
            return Err(format!("two layers are called `{}`", layer.name));
        }
    }
    Ok(())
}

fn within(what: &str, value: usize, least: usize, most: usize) -> Result<(), String> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(format!("{what} {value}: expected {least} to {most}"))
}

fn text(what: &str, value: &str) -> Result<(), String> {
    let count = value.chars().count();
    if (1..=MOST_TEXT).contains(&count) && !value.chars().any(char::is_control) {
        return Ok(());
    }
    Err(format!(
        "{what}: expected 1 to {MOST_TEXT} characters without control characters, found {count}"
    ))
}
