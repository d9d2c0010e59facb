//! From a network to the bytes of its checkpoint.
//!
//! Not responsible for files.

use super::{FORMAT, Metadata, NUMBERS, shape_hash};
use crate::fingerprint::of_named;
use crate::net::error::NetError;
use crate::net::network::{IntLayer, IntNetwork};
use crate::net::packed::pack;
use crate::net::{references, statistics};
use safetensors::serialize;
use safetensors::tensor::{Dtype, TensorView};
use serde_json::Value;

/// Name, type, shape and bytes of a tensor.
type Tensor = (String, Dtype, Vec<usize>, Vec<u8>);

/// The bytes of a checkpoint.
///
/// # Errors
/// If a scale or shift is not finite, or the network cannot be serialized (never for one that was loaded or trained here).
pub fn to_bytes(network: &IntNetwork, metadata: &Metadata) -> Result<Vec<u8>, NetError> {
    let layers = || network.layers.iter();
    if let Some(layer) = layers().find(|layer| !layer.is_finite()) {
        let name = &layer.layer.name;
        return Err(failed(format!(
            "layer {name}: a scale or shift is not finite; train the network anew, with a lower --lr"
        )));
    }
    let tensors: Vec<Tensor> = layers()
        .flat_map(codes)
        .chain(layers().flat_map(further))
        .collect();
    let mut metadata = metadata.clone();
    metadata.insert("format".into(), FORMAT.into());
    metadata.insert("network".into(), network.network.name.clone());
    metadata.insert("network_hash".into(), shape_hash(&network.network));
    let named = tensors
        .iter()
        .map(|(name, _, _, bytes)| (&name[..], &bytes[..]));
    metadata.insert(NUMBERS.into(), of_named(named.collect()));
    let mut views = Vec::with_capacity(tensors.len());
    for (name, dtype, shape, bytes) in &tensors {
        let view = TensorView::new(*dtype, shape.clone(), bytes);
        views.push((
            name.as_str(),
            view.map_err(|error| failed(error.to_string()))?,
        ));
    }
    let bytes = serialize(views, Some(metadata)).map_err(|error| failed(error.to_string()))?;
    in_order(&bytes).ok_or_else(|| failed("a header that cannot be read back".into()))
}

fn failed(problem: String) -> NetError {
    NetError::Checkpoint {
        file: "new".into(),
        problem,
    }
}

/// Codes, scale and shift.
fn codes(layer: &IntLayer) -> Vec<Tensor> {
    let name = &layer.layer.name;
    let of_codes = format!("{name}.codes");
    let mut tensors = vec![if layer.layer.weights.max_code() == 1 {
        let packed = pack(&layer.codes);
        (of_codes, Dtype::U8, vec![packed.len()], packed)
    } else {
        let shape = vec![layer.layer.geometry.outputs, layer.layer.geometry.rows()];
        let bytes = bytemuck::cast_slice(&layer.codes).to_vec();
        (of_codes, Dtype::I8, shape, bytes)
    }];
    for (what, values) in [("scale", &layer.scale), ("shift", &layer.shift)] {
        tensors.push(floats(format!("{name}.{what}"), values));
    }
    tensors
}

/// What batch norm saw, and trained references.
fn further(layer: &IntLayer) -> Vec<Tensor> {
    let name = &layer.layer.name;
    let statistics = statistics::tensors(name, layer.statistics.as_ref());
    let references = references::tensors(name, &layer.references);
    let pairs = statistics.into_iter().chain(references);
    let mut tensors: Vec<Tensor> = pairs.map(|(name, values)| floats(name, &values)).collect();
    let registers = references::registers(name, &layer.references);
    tensors.extend(registers.map(|(name, bytes)| (name, Dtype::U8, vec![bytes.len()], bytes)));
    tensors
}

fn floats(name: String, values: &[f32]) -> Tensor {
    let bytes = values.iter().flat_map(|value| value.to_le_bytes());
    (name, Dtype::F32, vec![values.len()], bytes.collect())
}

/// The same file with the keys of its header in alphabetical order: the library writes metadata in the order of a hash.
fn in_order(bytes: &[u8]) -> Option<Vec<u8>> {
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let (header, data) = rest.split_at_checked(length)?;
    let header: Value = serde_json::from_slice(header).ok()?;
    let mut text = serde_json::to_vec(&header).ok()?;
    text.resize(text.len().next_multiple_of(8), b' ');
    let length = (text.len() as u64).to_le_bytes();
    Some([&length[..], &text, data].concat())
}
