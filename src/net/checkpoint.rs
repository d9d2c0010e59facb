//! A trained, deployed network on disk: safetensors with string metadata.
//!
//! Per layer `L`: `L.codes` (U8, two-bit codes packed four to a byte, see [`super::packed`]) or `L.codes` (I8, wider codes),
//! `L.scale` and `L.shift` (F32), what batch norm saw ([`super::statistics`]) and trained references ([`super::references`]) where
//! there are any. Metadata says what the weights are for: format, network and hash of its shape, data set and
//! its fingerprint, method, seed, epochs, accuracies, command. Everything is checked on loading; nothing is written in place.

use super::error::NetError;
use super::network::{IntLayer, IntNetwork, Network};
use super::packed::{pack, unpack};
use super::references;
use super::statistics;
use crate::durable;
use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};
use std::collections::HashMap;
use std::path::Path;

/// Version of this layout.
const FORMAT: &str = "imcsim-deployed-1";

/// What the weights are for and how they came about: key to text.
pub type Metadata = HashMap<String, String>;

/// A stable hash of the shape of a network.
pub fn shape_hash(network: &Network) -> String {
    let text = format!(
        "{:?} {:?} {:?}",
        network.input, network.classes, network.layers
    );
    let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
    format!("{:016x}", text.bytes().fold(0xCBF2_9CE4_8422_2325, fold))
}

/// The bytes of a checkpoint.
///
/// # Errors
/// If the network cannot be serialized (never for a network that was loaded or trained here).
pub fn to_bytes(network: &IntNetwork, metadata: &Metadata) -> Result<Vec<u8>, NetError> {
    let mut store: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = Vec::new();
    for layer in &network.layers {
        let name = &layer.layer.name;
        let codes = if layer.layer.weights.max_code() == 1 {
            let packed = pack(&layer.codes);
            (
                format!("{name}.codes"),
                Dtype::U8,
                vec![packed.len()],
                packed,
            )
        } else {
            let shape = vec![layer.layer.geometry.outputs, layer.layer.geometry.rows()];
            (
                format!("{name}.codes"),
                Dtype::I8,
                shape,
                bytemuck::cast_slice(&layer.codes).to_vec(),
            )
        };
        store.push(codes);
        for (what, values) in [("scale", &layer.scale), ("shift", &layer.shift)] {
            let bytes = values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect();
            store.push((
                format!("{name}.{what}"),
                Dtype::F32,
                vec![values.len()],
                bytes,
            ));
        }
    }
    for layer in &network.layers {
        let statistics = statistics::tensors(&layer.layer.name, layer.statistics.as_ref());
        let references = references::tensors(&layer.layer.name, &layer.references);
        for (name, values) in statistics.into_iter().chain(references) {
            let bytes = bytemuck::cast_slice(&values).to_vec();
            store.push((name, Dtype::F32, vec![values.len()], bytes));
        }
        let registers = references::registers(&layer.layer.name, &layer.references);
        store.extend(registers.map(|(name, bytes)| (name, Dtype::U8, vec![bytes.len()], bytes)));
    }
    let mut metadata = metadata.clone();
    metadata.insert("format".into(), FORMAT.into());
    metadata.insert("network".into(), network.network.name.clone());
    metadata.insert("network_hash".into(), shape_hash(&network.network));
    let failed = |error: safetensors::SafeTensorError| NetError::Checkpoint {
        file: "new".into(),
        problem: error.to_string(),
    };
    let mut views = Vec::with_capacity(store.len());
    for (name, dtype, shape, bytes) in &store {
        views.push((
            name.as_str(),
            TensorView::new(*dtype, shape.clone(), bytes).map_err(failed)?,
        ));
    }
    serialize(views, Some(metadata)).map_err(failed)
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

/// Reads a checkpoint for a network of known shape; `file` names it in errors.
///
/// # Errors
/// If anything is missing, of the wrong size or type, out of range, or for another network.
pub fn from_bytes(
    bytes: &[u8],
    network: &Network,
    file: &str,
) -> Result<(IntNetwork, Metadata), NetError> {
    let wrong = |problem: String| NetError::Checkpoint {
        file: file.into(),
        problem,
    };
    let metadata = metadata(bytes, file)?;
    let hash = shape_hash(network);
    if metadata.get("network_hash") != Some(&hash) {
        let other = metadata
            .get("network")
            .map_or("another network", String::as_str);
        return Err(wrong(format!(
            "its weights belong to `{other}` (hash differs), not to `{}`; train again or choose that model",
            network.name
        )));
    }
    let tensors =
        SafeTensors::deserialize(bytes).map_err(|error| wrong(format!("damaged: {error}")))?;
    if let Some(name) = tensors
        .names()
        .into_iter()
        .find(|name| !belongs(name, network))
    {
        return Err(wrong(format!(
            "tensor `{name}` belongs to no layer of `{}`",
            network.name
        )));
    }
    let mut layers = Vec::with_capacity(network.layers.len());
    for layer in &network.layers {
        let get = |what: &str, dtype: Dtype, count: usize| {
            let name = format!("{}.{what}", layer.name);
            let view = tensors
                .tensor(&name)
                .map_err(|_| wrong(format!("tensor `{name}` is missing")))?;
            let elements: usize = view.shape().iter().product();
            if view.dtype() != dtype || elements != count {
                return Err(wrong(format!(
                    "tensor `{name}` has {elements} numbers of {:?}, expected {count} of {dtype:?}",
                    view.dtype()
                )));
            }
            Ok(view.data().to_vec())
        };
        let count = layer.geometry.outputs * layer.geometry.rows();
        let top = layer.weights.max_code();
        let codes = if top == 1 {
            unpack(&get("codes", Dtype::U8, count.div_ceil(4))?, count)
        } else {
            let codes: Vec<i8> = get("codes", Dtype::I8, count)?
                .iter()
                .map(|&byte| byte as i8)
                .collect();
            codes
                .iter()
                .all(|code| i32::from(*code).abs() <= top)
                .then_some(codes)
        };
        let codes = codes.ok_or_else(|| {
            wrong(format!(
                "tensor `{}.codes` holds a code beyond +-{top}",
                layer.name
            ))
        })?;
        let floats = |what: &str, count: usize| {
            let data = get(what, Dtype::F32, count)?;
            let values: Vec<f32> = data
                .chunks_exact(4)
                .map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]]))
                .collect();
            let finite = values.iter().all(|value| value.is_finite());
            if finite {
                Ok(values)
            } else {
                Err(wrong(format!(
                    "tensor `{}.{what}` holds a number that is not finite",
                    layer.name
                )))
            }
        };
        let bytes = |what: &str, count: usize| get(what, Dtype::U8, count);
        layers.push(IntLayer {
            layer: layer.clone(),
            codes,
            scale: floats("scale", layer.geometry.outputs)?,
            shift: floats("shift", layer.geometry.outputs)?,
            statistics: statistics::read(&tensors, layer, floats, wrong)?,
            references: references::read(&tensors, layer, floats, bytes, wrong)?,
        });
    }
    Ok((
        IntNetwork {
            network: network.clone(),
            layers,
        },
        metadata,
    ))
}

fn belongs(tensor: &str, network: &Network) -> bool {
    let (layer, what) = tensor.rsplit_once('.').unwrap_or((tensor, ""));
    (matches!(what, "codes" | "scale" | "shift")
        || statistics::is_known(what)
        || references::is_known(what))
        && network.layers.iter().any(|l| l.name == layer)
}

/// Reads a checkpoint file.
///
/// # Errors
/// As [`from_bytes`], or if the file cannot be read.
pub fn load(path: &Path, network: &Network) -> Result<(IntNetwork, Metadata), NetError> {
    let bytes = std::fs::read(path).map_err(|source| NetError::File {
        path: path.into(),
        source,
    })?;
    from_bytes(&bytes, network, &path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hw::trim::Trim;
    use crate::net::network::SumStatistics;
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
        let bytes = to_bytes(&broken, &note).unwrap();
        assert!(
            from_bytes(&bytes, &network.network, "x")
                .unwrap_err()
                .to_string()
                .contains("conv2.scale")
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
