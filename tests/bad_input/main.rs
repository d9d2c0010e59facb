//! Wrong networks, checkpoints, training states and options of `imcsim train`: each is answered with an error that names
//! the file and what is wrong in it (exit code 2), never with a panic or a great allocation.

mod checkpoint;
mod command;
mod network;
mod state;
#[path = "../support/mod.rs"]
mod support;

use imcsim::net::checkpoint::NUMBERS;
use imcsim::net::network::Network;
use imcsim::net::spec::parse;
use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};
use std::collections::HashMap;

const SMALL: &str = r#"
name = "small"
input = { channels = 1, height = 4, width = 4 }
classes = 2

[[layers]]
conv = { name = "c1", outputs = 2, kernel = 3, stride = 1, padding = 1, weights = { digital = { bits = 8 } }, activation_bits = 2 }
[[layers]]
max_pool = { size = 2 }
[[layers]]
linear = { name = "f1", outputs = 3, weights = { macro = { bits = 2 } }, activation_bits = 2 }
[[layers]]
classifier = { name = "f2", weights = { digital = { bits = 8 } } }
"#;

fn small() -> Network {
    parse(SMALL, "small.toml").expect("a right network")
}

type Tensors = Vec<(String, Dtype, Vec<usize>, Vec<u8>)>;

/// The file with its tensors and metadata changed.
fn rewritten(
    bytes: &[u8],
    change: impl FnOnce(&mut Tensors, &mut HashMap<String, String>),
) -> Vec<u8> {
    let (_, header) = SafeTensors::read_metadata(bytes).expect("a right file");
    let mut metadata = header.metadata().clone().unwrap_or_default();
    // Whoever changes numbers on purpose takes their checksum away.
    metadata.remove(NUMBERS);
    let file = SafeTensors::deserialize(bytes).expect("a right file");
    let mut tensors: Tensors = file
        .tensors()
        .into_iter()
        .map(|(name, view)| {
            (
                name,
                view.dtype(),
                view.shape().to_vec(),
                view.data().to_vec(),
            )
        })
        .collect();
    change(&mut tensors, &mut metadata);
    let views = tensors.iter().map(|(name, dtype, shape, data)| {
        let view = TensorView::new(*dtype, shape.clone(), data).expect("sizes agree");
        (name.as_str(), view)
    });
    serialize(views.collect::<Vec<_>>(), Some(metadata)).expect("serializes")
}

fn tensor<'a>(
    tensors: &'a mut Tensors,
    name: &str,
) -> &'a mut (String, Dtype, Vec<usize>, Vec<u8>) {
    let found = tensors.iter_mut().find(|tensor| tensor.0 == name);
    found.expect("the tensor exists")
}
