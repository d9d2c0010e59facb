//! Recorded layers on disk: safetensors, gzipped where the name ends in `.gz`; the page is docs/trace-format.md.
//!
//! Per layer `L`: `L.weights` (I8, `[output][row]`) and `L.inputs` (U8, `[image][channel][y][x]`). The metadata has one key,
//! `recorded`, with everything else as JSON: several keys would stand in an order that changes from run to run. All of it
//! is checked on loading; nothing is written in place.

use super::check::{self, LayerHeader};
use super::{About, Recorded, RecordedLayer};
use crate::durable;
use crate::gzip;
use crate::net::error::NetError;
use flate2::read::GzDecoder;
use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// Version of this layout.
const FORMAT: &str = "imcsim-recorded-1";
/// What the versions of all layouts begin with.
const FORMATS: &str = "imcsim-recorded-";
/// Most bytes of a header by which a file is known; those of this program are far shorter.
const LARGEST_HEADER: u64 = 1 << 24;
/// The only key of the metadata.
const KEY: &str = "recorded";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: String,
    about: About,
    layers: Vec<LayerHeader>,
}

/// The part of a header that every version has.
#[derive(Deserialize)]
struct Version {
    format: String,
}

/// The part of a safetensors header that files of all programs may have.
#[derive(Deserialize)]
struct Tensors {
    #[serde(rename = "__metadata__")]
    metadata: HashMap<String, String>,
}

impl Recorded {
    /// True if a recording of this program lies there, of whatever version and even cut off: only its header is read.
    pub fn lies_at(path: &Path) -> bool {
        let recorded = |header: Vec<u8>| {
            let tensors: Tensors = serde_json::from_slice(&header).ok()?;
            let version: Version = serde_json::from_str(tensors.metadata.get(KEY)?).ok()?;
            Some(version.format.starts_with(FORMATS))
        };
        path.is_file() && start(path).ok().and_then(recorded).unwrap_or(false)
    }
}

/// The header of a safetensors file, gzipped or not; as much of it as there is.
fn start(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = BufReader::new(File::open(path)?);
    let is_packed = file.fill_buf()?.starts_with(&[0x1F, 0x8B]);
    let mut plain: Box<dyn Read> = match is_packed {
        true => Box::new(GzDecoder::new(file)),
        false => Box::new(file),
    };
    let mut length = [0; 8];
    plain.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length).min(LARGEST_HEADER);
    let mut header = Vec::new();
    plain.take(length).read_to_end(&mut header)?;
    Ok(header)
}

/// The bytes of a file, not gzipped.
///
/// # Errors
/// If the recording cannot be serialized (never for one that was loaded or recorded here).
pub fn to_bytes(recorded: &Recorded) -> Result<Vec<u8>, NetError> {
    let failed = |problem: String| NetError::Recorded {
        file: "new".into(),
        problem,
    };
    let layers = recorded.layers.iter();
    let header = Header {
        format: FORMAT.into(),
        about: recorded.about.clone(),
        layers: layers
            .map(|one| LayerHeader::new(&one.layer, one.input_bits))
            .collect(),
    };
    let header = serde_json::to_string(&header).map_err(|error| failed(error.to_string()))?;
    let mut views = Vec::new();
    for one in &recorded.layers {
        let geometry = &one.layer.geometry;
        let input = geometry.input;
        let weights = vec![geometry.outputs, geometry.rows()];
        let inputs = vec![recorded.images(), input.channels, input.height, input.width];
        let bytes: &[u8] = bytemuck::cast_slice(&one.weights);
        for (what, dtype, shape, bytes) in [
            ("weights", Dtype::I8, weights, bytes),
            ("inputs", Dtype::U8, inputs, &one.inputs),
        ] {
            let view = TensorView::new(dtype, shape, bytes);
            let view = view.map_err(|error| failed(error.to_string()))?;
            views.push((format!("{}.{what}", one.layer.name), view));
        }
    }
    let metadata = HashMap::from([(KEY.to_string(), header)]);
    serialize(views, Some(metadata)).map_err(|error| failed(error.to_string()))
}

/// Writes a file, whole or not at all.
///
/// # Errors
/// If the file cannot be written, or could not be read again.
pub fn save(recorded: &Recorded, path: &Path) -> Result<(), NetError> {
    let wrap = |source| NetError::File {
        path: path.into(),
        source,
    };
    let mut bytes = to_bytes(recorded)?;
    // A file that would be refused is better refused now.
    from_bytes(&bytes, &path.display().to_string())?;
    if path.extension().is_some_and(|extension| extension == "gz") {
        bytes = gzip::packed(&bytes).map_err(wrap)?;
    }
    durable::replace(path, &bytes).map_err(wrap)
}

/// Reads a file, gzipped or not.
///
/// # Errors
/// As [`from_bytes`], or if the file cannot be read.
pub fn load(path: &Path) -> Result<Recorded, NetError> {
    let bytes = gzip::read(path).map_err(|source| NetError::File {
        path: path.into(),
        source,
    })?;
    from_bytes(&bytes, &path.display().to_string())
}

/// Recorded layers from the bytes of a file, gzipped or not; `file` names it in errors.
///
/// # Errors
/// If anything is missing, of the wrong size or type, out of range, or of another version.
pub fn from_bytes(bytes: &[u8], file: &str) -> Result<Recorded, NetError> {
    let wrong = |problem: String| NetError::Recorded {
        file: file.into(),
        problem,
    };
    let bytes = gzip::unpacked(bytes).map_err(wrong)?;
    let header = header(&bytes).map_err(wrong)?;
    check::about(&header.about, &header.layers).map_err(wrong)?;
    let tensors =
        SafeTensors::deserialize(&bytes).map_err(|error| wrong(format!("damaged: {error}")))?;
    let mut layers = Vec::with_capacity(header.layers.len());
    for one in &header.layers {
        layers.push(layer(one, &tensors, header.about.images.len()).map_err(wrong)?);
    }
    if tensors.len() != 2 * layers.len() {
        return Err(wrong(format!(
            "{} tensors, expected weights and inputs of {} layers and nothing else",
            tensors.len(),
            layers.len()
        )));
    }
    Ok(Recorded {
        about: header.about,
        layers,
    })
}

fn header(bytes: &[u8]) -> Result<Header, String> {
    let (_, metadata) = SafeTensors::read_metadata(bytes)
        .map_err(|error| format!("not a safetensors file ({error}); was it cut off?"))?;
    let text = metadata.metadata().as_ref().and_then(|all| all.get(KEY));
    let text = text.ok_or_else(|| {
        format!("no `{KEY}` in its metadata: not a trace; record one with `imcsim record`")
    })?;
    let damaged = |error: serde_json::Error| format!("`{KEY}` in its metadata: {error}");
    let version: Version = serde_json::from_str(text).map_err(damaged)?;
    if version.format != FORMAT {
        let found: String = version.format.chars().take(40).collect();
        return Err(format!("format `{found}`, this program reads `{FORMAT}`"));
    }
    serde_json::from_str(text).map_err(damaged)
}

fn layer(
    header: &LayerHeader,
    tensors: &SafeTensors,
    images: usize,
) -> Result<RecordedLayer, String> {
    let layer = header.layer()?;
    let get = |what: &str, dtype: Dtype, shape: &[usize]| {
        let name = format!("{}.{what}", layer.name);
        let view = tensors
            .tensor(&name)
            .map_err(|_| format!("tensor `{name}` is missing"))?;
        if view.dtype() != dtype || view.shape() != shape {
            return Err(format!(
                "tensor `{name}` is {:?} {:?}, expected {dtype:?} {shape:?}",
                view.dtype(),
                view.shape()
            ));
        }
        Ok(view.data().to_vec())
    };
    let (geometry, input) = (&layer.geometry, layer.geometry.input);
    let shape = [geometry.outputs, geometry.rows()];
    let weights: Vec<i8> = get("weights", Dtype::I8, &shape)?
        .into_iter()
        .map(|byte| byte as i8)
        .collect();
    let shape = [images, input.channels, input.height, input.width];
    let inputs = get("inputs", Dtype::U8, &shape)?;
    let top = layer.weights.max_code();
    if let Some(code) = weights.iter().find(|code| i32::from(**code).abs() > top) {
        return Err(format!(
            "tensor `{}.weights` holds the code {code}; {} bits reach from -{top} to {top}",
            layer.name, header.weight_bits
        ));
    }
    let highest = ((1u32 << header.input_bits) - 1) as u8;
    if let Some(code) = inputs.iter().find(|code| **code > highest) {
        return Err(format!(
            "tensor `{}.inputs` holds the code {code}; {} bits reach from 0 to {highest}",
            layer.name, header.input_bits
        ));
    }
    Ok(RecordedLayer {
        input_bits: header.input_bits,
        weights,
        inputs,
        layer,
    })
}
