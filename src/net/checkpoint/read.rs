//! From the bytes of a checkpoint to the network, everything checked.
//!
//! Not responsible for files.

use super::{Metadata, NUMBERS, metadata, shape_hash};
use crate::fingerprint::of_named;
use crate::net::error::NetError;
use crate::net::network::{IntLayer, IntNetwork, Layer, Network};
use crate::net::packed::unpack;
use crate::net::{references, statistics};
use safetensors::SafeTensors;
use safetensors::tensor::Dtype;

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
    if metadata.get("network_hash") != Some(&shape_hash(network)) {
        let other = metadata.get("network");
        return Err(wrong(format!(
            "its weights belong to `{}` (hash differs), not to `{}`; train again or choose that model",
            other.map_or("another network", String::as_str),
            network.name
        )));
    }
    let tensors =
        SafeTensors::deserialize(bytes).map_err(|error| wrong(format!("damaged: {error}")))?;
    let names = tensors.names();
    if let Some(name) = names.into_iter().find(|name| !belongs(name, network)) {
        return Err(wrong(format!(
            "tensor `{name}` belongs to no layer of `{}`",
            network.name
        )));
    }
    let one = |layer: &Layer| layer_of(&tensors, layer, &wrong);
    let layers = network.layers.iter().map(one).collect::<Result<_, _>>()?;
    let found = || {
        let all = tensors.tensors();
        let named = all.iter().map(|(name, view)| (&name[..], view.data()));
        of_named(named.collect())
    };
    if metadata.get(NUMBERS).is_some_and(|saved| *saved != found()) {
        return Err(wrong(format!(
            "its numbers are not those that were saved (the checksum differs); take a copy that is whole, or, if they were changed on purpose, remove `{NUMBERS}` from its metadata"
        )));
    }
    let network = IntNetwork {
        network: network.clone(),
        layers,
    };
    Ok((network, metadata))
}

fn belongs(tensor: &str, network: &Network) -> bool {
    let (layer, what) = tensor.rsplit_once('.').unwrap_or((tensor, ""));
    (matches!(what, "codes" | "scale" | "shift")
        || statistics::is_known(what)
        || references::is_known(what))
        && network.layers.iter().any(|l| l.name == layer)
}

fn layer_of(
    tensors: &SafeTensors,
    layer: &Layer,
    wrong: &impl Fn(String) -> NetError,
) -> Result<IntLayer, NetError> {
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
    let floats = |what: &str, count: usize| {
        let data = get(what, Dtype::F32, count)?;
        let four = |four: &[u8]| f32::from_le_bytes([four[0], four[1], four[2], four[3]]);
        let values: Vec<f32> = data.chunks_exact(4).map(four).collect();
        match values.iter().all(|value| value.is_finite()) {
            true => Ok(values),
            false => Err(wrong(format!(
                "tensor `{}.{what}` holds a number that is not finite",
                layer.name
            ))),
        }
    };
    let bytes = |what: &str, count: usize| get(what, Dtype::U8, count);
    Ok(IntLayer {
        layer: layer.clone(),
        codes: codes(layer, get, wrong)?,
        scale: floats("scale", layer.geometry.outputs)?,
        shift: floats("shift", layer.geometry.outputs)?,
        statistics: statistics::read(tensors, layer, floats, wrong)?,
        references: references::read(tensors, layer, floats, bytes, wrong)?,
    })
}

/// Weight codes within their bits.
fn codes(
    layer: &Layer,
    get: impl Fn(&str, Dtype, usize) -> Result<Vec<u8>, NetError>,
    wrong: &impl Fn(String) -> NetError,
) -> Result<Vec<i8>, NetError> {
    let count = layer.geometry.outputs * layer.geometry.rows();
    let top = layer.weights.max_code();
    let codes = if top == 1 {
        unpack(&get("codes", Dtype::U8, count.div_ceil(4))?, count)
    } else {
        let codes: Vec<i8> = bytemuck::cast_vec(get("codes", Dtype::I8, count)?);
        let within = codes.iter().all(|code| i32::from(*code).abs() <= top);
        within.then_some(codes)
    };
    codes.ok_or_else(|| {
        wrong(format!(
            "tensor `{}.codes` holds a code beyond +-{top}",
            layer.name
        ))
    })
}
