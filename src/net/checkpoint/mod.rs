//! A trained, deployed network on disk: safetensors with string metadata.
//!
//! Per layer `L`: `L.codes` (U8, two-bit codes packed four to a byte, see [`super::packed`]) or `L.codes` (I8, wider codes),
//! `L.scale` and `L.shift` (F32), what batch norm saw ([`super::statistics`]) and trained references ([`super::references`]) where
//! there are any. Metadata says what the weights are for: format, network and hash of its shape, data set and
//! its fingerprint, method, seed, epochs, training images, the macro that it was trained through, programs, accuracies. Everything is checked on loading; nothing is written in place,
//! and the same network with the same metadata gives the same bytes.

mod read;
mod write;

pub use read::from_bytes;
pub use write::to_bytes;

use super::error::NetError;
use super::network::{IntNetwork, Network};
use crate::durable;
use crate::fingerprint::fingerprint;
use safetensors::SafeTensors;
use std::collections::HashMap;
use std::path::Path;

/// Version of this layout.
const FORMAT: &str = "imcsim-deployed-1";

/// Key of the metadata with the fingerprint of all tensors; files of older programs have none.
pub const NUMBERS: &str = "numbers";

/// What the weights are for and how they came about: key to text.
pub type Metadata = HashMap<String, String>;

/// A stable hash of the shape of a network.
pub fn shape_hash(network: &Network) -> String {
    let text = format!(
        "{:?} {:?} {:?}",
        network.input, network.classes, network.layers
    );
    fingerprint(text.as_bytes())
}

/// Writes a checkpoint, whole or not at all.
///
/// # Errors
/// If the file cannot be written.
pub fn save(network: &IntNetwork, metadata: &Metadata, path: &Path) -> Result<(), NetError> {
    let bytes = to_bytes(network, metadata)?;
    durable::replace(path, &bytes).map_err(|source| NetError::File {
        path: path.into(),
        source,
    })
}

/// Metadata of a checkpoint.
///
/// # Errors
/// If the bytes are not a checkpoint of this format.
pub fn metadata(bytes: &[u8], file: &str) -> Result<Metadata, NetError> {
    let wrong = |problem: String| NetError::Checkpoint {
        file: file.into(),
        problem,
    };
    let (_, header) = SafeTensors::read_metadata(bytes)
        .map_err(|error| wrong(format!("not a safetensors file ({error}); was it cut off?")))?;
    let metadata = header.metadata().clone().unwrap_or_default();
    match metadata.get("format").map(String::as_str) {
        Some(FORMAT) => Ok(metadata),
        Some(other) => Err(wrong(format!(
            "format `{other}`, this program reads `{FORMAT}`"
        ))),
        None => Err(wrong(format!(
            "no format in its metadata; deployed networks of this program say `{FORMAT}`"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hw::trim::Trim;
    use crate::net::network::{IntLayer, SumStatistics};
    use crate::net::references::LayerReferences;
    use crate::net::shipped::load_network;
    use crate::rng::{Purpose, keyed};
    use rand::RngExt;

    fn sample() -> IntNetwork {
        let network = load_network("lenet").unwrap();
        let mut rng = keyed(1, Purpose::Weights, &[]);
        let layer = |layer: &crate::net::network::Layer| {
            let top = layer.weights.max_code();
            let count = layer.geometry.outputs * layer.geometry.rows();
            let mut values = |n: usize| (0..n).map(|_| rng.random::<f32>()).collect::<Vec<_>>();
            let (scale, shift) = (
                values(layer.geometry.outputs),
                values(layer.geometry.outputs),
            );
            let codes = (0..count)
                .map(|_| rng.random_range(-top..=top) as i8)
                .collect();
            IntLayer {
                layer: layer.clone(),
                codes,
                scale,
                shift,
                statistics: (top == 1).then(|| SumStatistics {
                    mean: vec![-1.5; layer.geometry.outputs],
                    variance: vec![2.0; layer.geometry.outputs],
                }),
                references: match layer.name.as_str() {
                    "conv2" => LayerReferences::StepPerColumn {
                        step: 1.5,
                        trims: (0..layer.geometry.outputs)
                            .map(|output| Trim::nearest(0.5 + 0.05 * output as f64))
                            .collect(),
                    },
                    "fc2" => LayerReferences::Step(1.5),
                    "fc1" => LayerReferences::Thresholds {
                        thresholds: vec![-1.5, 0.25],
                        values: vec![-2.0, 0.0, 2.0],
                    },
                    _ => LayerReferences::Calibrated,
                },
            }
        };
        let layers = network.layers.iter().map(layer).collect();
        IntNetwork { network, layers }
    }

    #[test]
    fn the_same_network_gives_the_same_bytes() {
        let network = sample();
        let bytes = || {
            // Every map has its own order.
            let note = |n: usize| (format!("key {n}"), format!("value {n}"));
            to_bytes(&network, &(0..20).map(note).collect()).unwrap()
        };
        let first = bytes();
        assert!((0..5).all(|_| bytes() == first));
    }

    #[test]
    fn round_trip_and_refusals() {
        let network = sample();
        let note = Metadata::from([("data".to_string(), "MNIST".to_string())]);
        let bytes = to_bytes(&network, &note).unwrap();
        let (back, metadata) = from_bytes(&bytes, &network.network, "x").unwrap();
        assert_eq!(back, network);
        assert_eq!(metadata["data"], "MNIST");
        let vgg = load_network("vgg").unwrap();
        assert!(
            from_bytes(&bytes, &vgg, "x")
                .unwrap_err()
                .to_string()
                .contains("belong to `lenet`")
        );
        let mut broken = network.clone();
        if let Some(statistics) = &mut broken.layers[1].statistics {
            statistics.variance[2] = -1.0;
        }
        let bytes = to_bytes(&broken, &note).unwrap();
        let error = from_bytes(&bytes, &network.network, "x").unwrap_err();
        assert!(error.to_string().contains("conv2.variance"), "{error}");
        let mut broken = network.clone();
        broken.layers[1].scale[3] = f32::NAN;
        let error = to_bytes(&broken, &note).unwrap_err().to_string();
        assert!(error.contains("layer conv2: a scale"), "{error}");
        // A file of another hand may hold it all the same.
        let mut bytes = to_bytes(&network, &note).unwrap();
        let scale: &[u8] = bytemuck::cast_slice(&network.layers[1].scale);
        let at = bytes.windows(scale.len()).position(|part| part == scale);
        let place = at.unwrap() + 3 * 4;
        bytes[place..place + 4].copy_from_slice(&f32::NAN.to_le_bytes());
        let error = from_bytes(&bytes, &network.network, "x").unwrap_err();
        assert!(error.to_string().contains("conv2.scale"), "{error}");
        // A number that could be one is told by the checksum.
        bytes[place..place + 4].copy_from_slice(&0.5f32.to_le_bytes());
        let error = from_bytes(&bytes, &network.network, "x").unwrap_err();
        assert!(
            error.to_string().contains("the checksum differs"),
            "{error}"
        );
    }

    #[test]
    fn damage_is_an_error_never_a_panic() {
        let network = sample();
        let bytes = to_bytes(&network, &Metadata::new()).unwrap();
        for length in [0, 4, 8, 100, bytes.len() / 2, bytes.len() - 1] {
            assert!(
                from_bytes(&bytes[..length], &network.network, "x").is_err(),
                "cut at {length}"
            );
        }
        let mut rng = keyed(2, Purpose::Data, &[]);
        for _ in 0..300 {
            let mut damaged = bytes.clone();
            let header = rng.random_range(0..1500);
            damaged[header] = rng.random();
            let _ = from_bytes(&damaged, &network.network, "x");
        }
        let mut hostile = bytes.clone();
        hostile[..8].copy_from_slice(&u64::MAX.to_le_bytes());
        assert!(from_bytes(&hostile, &network.network, "x").is_err());
    }
}
