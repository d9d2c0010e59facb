//! The keys of a network file against each other: sizes from layer to layer, ranges, names, what may follow what.
//!
//! Not responsible for lines (`places`): a fault names the path of its key.

use super::places::Places;
use super::{BitsSpec, ConvSpec, LayerSpec, NetworkSpec, WeightsSpec};
use crate::net::error::NetError;
use crate::net::network::{Geometry, Inputs, Layer, Network, PIXEL_ZERO, Shape, Weights};

/// Largest edge of an image or a kernel.
const MOST_EDGE: usize = 4096;
/// Most weights of one layer, and most values of one image between two layers: far beyond what fits a memory.
const MOST_VALUES: usize = 1 << 28;

/// A network being built, layer by layer.
pub struct Builder<'a> {
    places: &'a Places<'a>,
    input: Shape,
    shape: Shape,
    layers: Vec<Layer>,
    ended: bool,
    /// Entry of `[[layers]]` that is looked at, and its kind.
    at: (usize, &'static str),
}

/// What every weighted layer says.
struct Weighted<'a> {
    name: &'a str,
    geometry: Geometry,
    linear: bool,
    weights: WeightsSpec,
    activation_bits: Option<u32>,
}

impl<'a> Builder<'a> {
    /// A network without layers.
    ///
    /// # Errors
    /// If name, input or classes are out of range.
    pub fn new(spec: &NetworkSpec, places: &'a Places<'a>) -> Result<Self, NetError> {
        let input = Shape {
            channels: spec.input.channels,
            height: spec.input.height,
            width: spec.input.width,
        };
        if spec.name.is_empty() {
            return Err(places.fault(&["name"], "the network has no name; write one"));
        }
        for (key, size) in [
            ("channels", input.channels),
            ("height", input.height),
            ("width", input.width),
        ] {
            if !(1..=MOST_EDGE).contains(&size) {
                let problem = format!("expected 1 to {MOST_EDGE}, found {size}");
                return Err(places.fault(&["input", key], problem));
            }
        }
        if !(2..=256).contains(&spec.classes) {
            let problem = format!("expected 2 to 256 classes, found {}", spec.classes);
            return Err(places.fault(&["classes"], problem));
        }
        Ok(Builder {
            places,
            input,
            shape: input,
            layers: Vec::new(),
            ended: false,
            at: (0, ""),
        })
    }

    /// A fault of a key of the layer that is looked at.
    fn wrong(&self, path: &[&str], problem: impl Into<String>) -> NetError {
        let index = self.at.0.to_string();
        let mut whole = vec!["layers", &index, self.at.1];
        whole.extend(path);
        self.places.fault(&whole, problem)
    }

    /// The checked network.
    ///
    /// # Errors
    /// With the key if a layer is out of range or does not fit the one before.
    pub fn build(mut self, spec: &NetworkSpec) -> Result<Network, NetError> {
        for (index, layer) in spec.layers.iter().enumerate() {
            self.at = (index, kind(layer));
            if self.ended {
                let problem = "the classifier is the last layer; remove what follows it";
                return Err(self.wrong(&[], problem));
            }
            self.layer(layer, spec.classes)?;
        }
        if !self.ended {
            let last = spec.layers.len().saturating_sub(1).to_string();
            let problem = "a network ends with `classifier = { .. }`; add it after this layer";
            return Err(self.places.fault(&["layers", &last], problem));
        }
        Ok(Network {
            name: spec.name.clone(),
            input: self.input,
            inputs: Inputs::Images,
            classes: spec.classes,
            layers: self.layers,
        })
    }

    fn layer(&mut self, layer: &LayerSpec, classes: usize) -> Result<(), NetError> {
        match layer {
            LayerSpec::MaxPool(pool) => self.pool(pool.size),
            LayerSpec::Conv(conv) => {
                let weighted = Weighted {
                    name: &conv.name,
                    geometry: self.convolution(conv)?,
                    linear: false,
                    weights: conv.weights,
                    activation_bits: Some(conv.activation_bits),
                };
                self.push(&weighted)
            }
            LayerSpec::Linear(linear) => {
                let weighted = Weighted {
                    name: &linear.name,
                    geometry: self.full(linear.outputs),
                    linear: true,
                    weights: linear.weights,
                    activation_bits: Some(linear.activation_bits),
                };
                self.push(&weighted)
            }
            LayerSpec::Classifier(last) => {
                self.ended = true;
                let weighted = Weighted {
                    name: &last.name,
                    geometry: self.full(classes),
                    linear: true,
                    weights: last.weights,
                    activation_bits: None,
                };
                self.push(&weighted)
            }
        }
    }

    fn convolution(&self, spec: &ConvSpec) -> Result<Geometry, NetError> {
        let (kernel, stride, padding) = (spec.kernel, spec.stride, spec.padding);
        let Shape { height, width, .. } = self.shape;
        if !(1..=MOST_EDGE).contains(&kernel) {
            let problem = format!("expected 1 to {MOST_EDGE}, found {kernel}");
            return Err(self.wrong(&["kernel"], problem));
        }
        if padding >= kernel {
            let problem = format!("expected less than the kernel ({kernel}), found {padding}");
            return Err(self.wrong(&["padding"], problem));
        }
        // A padding below a small kernel cannot overflow the size of the padded map.
        let padded = height.min(width) + 2 * padding;
        if kernel > padded {
            let problem = format!(
                "{kernel} does not fit a map of {height} x {width} with padding {padding}; use at most {padded}"
            );
            return Err(self.wrong(&["kernel"], problem));
        }
        if !(1..=padded).contains(&stride) {
            let problem = format!("expected 1 to {padded} (the padded map), found {stride}");
            return Err(self.wrong(&["stride"], problem));
        }
        Ok(Geometry {
            input: self.shape,
            outputs: spec.outputs,
            kernel,
            stride,
            padding,
        })
    }

    fn full(&self, outputs: usize) -> Geometry {
        Geometry {
            input: Shape {
                channels: self.shape.len(),
                height: 1,
                width: 1,
            },
            outputs,
            kernel: 1,
            stride: 1,
            padding: 0,
        }
    }

    fn push(&mut self, layer: &Weighted) -> Result<(), NetError> {
        self.check_name(layer.name)?;
        self.check_size(&layer.geometry)?;
        let weights = self.weights(layer.weights)?;
        self.check_sums(&layer.geometry, &weights)?;
        if let Some(bits) = layer.activation_bits.filter(|bits| !(1..=7).contains(bits)) {
            let problem = format!("expected 1 to 7 bits, found {bits}");
            return Err(self.wrong(&["activation_bits"], problem));
        }
        self.shape = layer.geometry.output();
        self.layers.push(Layer {
            name: layer.name.into(),
            geometry: layer.geometry,
            linear: layer.linear,
            weights,
            activation_bits: layer.activation_bits,
            pool: None,
        });
        Ok(())
    }

    fn check_name(&self, name: &str) -> Result<(), NetError> {
        if name.is_empty() {
            return Err(self.wrong(&["name"], "a layer has a name; write one"));
        }
        if self.layers.iter().any(|layer| layer.name == name) {
            let problem = format!("another layer is called `{name}`; every layer has its own name");
            return Err(self.wrong(&["name"], problem));
        }
        Ok(())
    }

    fn check_size(&self, geometry: &Geometry) -> Result<(), NetError> {
        if !(1..=65_536).contains(&geometry.outputs) {
            let problem = format!("expected 1 to 65536, found {}", geometry.outputs);
            return Err(self.wrong(&["outputs"], problem));
        }
        let weights = geometry.rows() * geometry.outputs;
        let map = geometry.output().len();
        if weights > MOST_VALUES || map > MOST_VALUES {
            let problem = format!(
                "{weights} weights and a map of {map} values, at most {MOST_VALUES} each; use fewer outputs or a smaller input"
            );
            return Err(self.wrong(&["outputs"], problem));
        }
        Ok(())
    }

    /// Sums are counted in 32 bits.
    fn check_sums(&self, geometry: &Geometry, weights: &Weights) -> Result<(), NetError> {
        let bits = self.layers.last().and_then(|before| before.activation_bits);
        let top = bits.map_or(PIXEL_ZERO, |bits| (1 << bits) - 1);
        let largest = geometry.rows() as u64 * weights.max_code() as u64 * top as u64;
        if largest > i32::MAX as u64 {
            let problem = format!(
                "sums of {} rows may reach {largest}, at most {} is counted; use a smaller input or kernel, or fewer bits",
                geometry.rows(),
                i32::MAX
            );
            return Err(self.wrong(&["weights"], problem));
        }
        Ok(())
    }

    fn weights(&self, spec: WeightsSpec) -> Result<Weights, NetError> {
        let (place, bits, weights) = match spec {
            WeightsSpec::Digital(BitsSpec { bits }) => ("digital", bits, Weights::Digital { bits }),
            WeightsSpec::Macro(BitsSpec { bits }) => ("macro", bits, Weights::Macro { bits }),
        };
        if !(2..=8).contains(&bits) {
            let problem = format!("expected 2 to 8 bits including the sign, found {bits}");
            return Err(self.wrong(&["weights", place, "bits"], problem));
        }
        if self.layers.is_empty() && place == "macro" {
            let problem = "the first layer sees signed image bytes and is computed digitally; write weights = { digital = { bits = 8 } }";
            return Err(self.wrong(&["weights", place], problem));
        }
        Ok(weights)
    }

    fn pool(&mut self, size: usize) -> Result<(), NetError> {
        let Shape { height, width, .. } = self.shape;
        if !(2..=height.min(width)).contains(&size) {
            let problem = format!(
                "expected at least 2 and a window inside the map of {height} x {width}, found {size}"
            );
            return Err(self.wrong(&["size"], problem));
        }
        match self.layers.last_mut().filter(|layer| layer.pool.is_none()) {
            Some(last) => {
                last.pool = Some(size);
                self.shape = last.output();
                Ok(())
            }
            None => {
                let problem =
                    "pooling follows a weighted layer, once; remove it or put a layer before it";
                Err(self.wrong(&[], problem))
            }
        }
    }
}

fn kind(layer: &LayerSpec) -> &'static str {
    match layer {
        LayerSpec::Conv(_) => "conv",
        LayerSpec::Linear(_) => "linear",
        LayerSpec::MaxPool(_) => "max_pool",
        LayerSpec::Classifier(_) => "classifier",
    }
}
