//! Recorded layers: single layers of a network with the input codes of a few images, which run on a macro without the network,
//! its data set or its labels.
//!
//! Layers are independent of each other: every one has the inputs that were recorded for it, not what another one computes.
//! `file` (bytes on disk), `check` (every number against its bounds). Not responsible for recording (`convert::record`).

mod check;
mod file;

pub use file::{from_bytes, load, save, to_bytes};

use super::network::{Inputs, IntLayer, IntNetwork, Layer, Network, Shape};
use super::references::LayerReferences;
use serde::{Deserialize, Serialize};

/// Where a recording comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// Program and version that recorded it.
    pub program: String,
    /// Network.
    pub network: String,
    /// Hash of its shape.
    pub network_hash: String,
    /// Its weights, and how they were trained.
    pub weights: String,
    /// Data set.
    pub data: String,
    /// Fingerprint of the data set.
    pub data_fingerprint: String,
    /// Seed that chose the images; none for the first ones.
    pub seed: Option<u64>,
    /// Numbers of the test images, in the order of the codes.
    pub images: Vec<u64>,
    /// What computed the layers before.
    pub path: String,
}

/// One layer with its inputs.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedLayer {
    /// Shape, and what follows it in its network.
    pub layer: Layer,
    /// Bits of the input codes.
    pub input_bits: u32,
    /// Weight codes `[output][row]`.
    pub weights: Vec<i8>,
    /// Input codes `[image][channel][y][x]`.
    pub inputs: Vec<u8>,
}

/// Recorded layers of one network.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// Where they come from.
    pub about: About,
    /// In the order of the network.
    pub layers: Vec<RecordedLayer>,
}

impl Recorded {
    /// Number of images.
    pub fn images(&self) -> usize {
        self.about.images.len()
    }

    /// Names of the layers, for people.
    pub fn layer_names(&self) -> String {
        let names: Vec<&str> = self.layers.iter().map(|one| &one.layer.name[..]).collect();
        names.join(", ")
    }

    /// The layers as a network of layers side by side. They have no digital scale and shift: what follows a layer is not
    /// recorded.
    pub fn network(&self) -> IntNetwork {
        let len = |one: &RecordedLayer| one.layer.geometry.input.len();
        let layer = |one: &RecordedLayer| IntLayer {
            layer: one.layer.clone(),
            codes: one.weights.clone(),
            scale: Vec::new(),
            shift: Vec::new(),
            statistics: None,
            references: LayerReferences::Calibrated,
        };
        IntNetwork {
            network: Network {
                name: format!("{} of {}", self.layer_names(), self.about.network),
                input: Shape {
                    channels: self.layers.iter().map(len).sum(),
                    height: 1,
                    width: 1,
                },
                inputs: Inputs::Recorded(self.layers.iter().map(|one| one.input_bits).collect()),
                classes: 0,
                layers: self.layers.iter().map(|one| one.layer.clone()).collect(),
            },
            layers: self.layers.iter().map(layer).collect(),
        }
    }

    /// Input codes `[image][layer][channel][y][x]`, as [`Self::network`] takes them.
    pub fn codes(&self) -> Vec<u8> {
        let mut codes = Vec::new();
        for image in 0..self.images() {
            for one in &self.layers {
                let size = one.layer.geometry.input.len();
                codes.extend_from_slice(&one.inputs[image * size..(image + 1) * size]);
            }
        }
        codes
    }
}
