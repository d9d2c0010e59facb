//! Recorded layers: a layer computed from its file is the layer in its network, bit for bit, and takes the cycles of its own
//! schedule; files round-trip, hostile ones are refused by name, the shipped ones run.

mod command;
mod hostile;
mod layer;
#[path = "../support/mod.rs"]
mod support;
mod worked;

use imcsim::data::{DataSource, Dataset};
use imcsim::net::network::{Geometry, Inputs, Layer, Shape, Weights};
use imcsim::net::recorded::{About, Recorded, RecordedLayer, from_bytes, load, save, to_bytes};
use imcsim::net::shipped::load_network;
use imcsim::net::weights::{self, Trained};
use imcsim::sim::accuracy::Images;
use std::path::{Path, PathBuf};
use std::process::Output;
use support::Scratch;

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn vgg() -> (Dataset, Trained) {
    let network = load_network("vgg").expect("shipped");
    let data = imcsim::data::load(&DataSource::Builtin, network.input).expect("built in");
    let found = weights::shipped(&network, &data.name, &data.fingerprint, "").expect("shipped");
    (data, found.trained)
}

fn about(images: usize) -> About {
    let text = |text: &str| text.to_string();
    About {
        program: text("test"),
        network: text("net"),
        network_hash: text("0"),
        weights: text("none"),
        data: text("numbers"),
        data_fingerprint: text("0"),
        seed: Some(7),
        images: (0..images as u64).collect(),
        path: text("by hand"),
    }
}

/// Two layers of different shapes and bits, three images.
fn small() -> Recorded {
    let convolution = Layer {
        name: "conv".into(),
        geometry: Geometry {
            input: Shape {
                channels: 2,
                height: 4,
                width: 3,
            },
            outputs: 3,
            kernel: 3,
            stride: 1,
            padding: 1,
        },
        linear: false,
        weights: Weights::Macro { bits: 2 },
        activation_bits: Some(2),
        pool: Some(2),
    };
    let full = Layer {
        name: "full".into(),
        geometry: Geometry {
            input: Shape {
                channels: 5,
                height: 1,
                width: 1,
            },
            outputs: 4,
            kernel: 1,
            stride: 1,
            padding: 0,
        },
        linear: true,
        weights: Weights::Macro { bits: 3 },
        activation_bits: None,
        pool: None,
    };
    let layers = [(convolution, 2), (full, 3)].map(|(layer, input_bits)| {
        let (rows, size) = (layer.geometry.rows(), layer.geometry.input.len());
        let top = layer.weights.max_code();
        let weight = |k: usize| (k as i32 * 5 % (2 * top + 1) - top) as i8;
        RecordedLayer {
            weights: (0..rows * layer.geometry.outputs).map(weight).collect(),
            inputs: (0..3 * size)
                .map(|k| (k * 7 % (1 << input_bits)) as u8)
                .collect(),
            input_bits,
            layer,
        }
    });
    Recorded {
        about: about(3),
        layers: layers.into(),
    }
}

#[test]
fn a_file_comes_back_as_it_was_and_the_same_bytes_every_time() {
    let recorded = small();
    let bytes = to_bytes(&recorded).expect("bytes");
    assert_eq!(from_bytes(&bytes, "x").expect("read"), recorded);
    assert_eq!(to_bytes(&recorded).expect("bytes"), bytes);
    let folder = Scratch::new();
    for name in ["a.safetensors", "a.safetensors.gz"] {
        let path = folder.at(name);
        save(&recorded, &path).expect("saved");
        assert_eq!(load(&path).expect("loaded"), recorded);
        let packed = std::fs::read(&path)
            .expect("there")
            .starts_with(&[0x1F, 0x8B]);
        assert_eq!(packed, name.ends_with(".gz"));
    }
}

#[test]
fn inputs_stand_image_by_image_and_layer_by_layer() {
    let recorded = small();
    let (conv, full) = (&recorded.layers[0].inputs, &recorded.layers[1].inputs);
    let codes = recorded.codes();
    assert_eq!(codes.len(), 3 * (24 + 5));
    for image in 0..3 {
        let own = &codes[image * 29..(image + 1) * 29];
        assert_eq!(own[..24], conv[image * 24..(image + 1) * 24]);
        assert_eq!(own[24..], full[image * 5..(image + 1) * 5]);
    }
    let network = recorded.network().network;
    assert_eq!(network.inputs, Inputs::Recorded(vec![2, 3]));
    assert_eq!((network.input_bits(0), network.input_bits(1)), (2, 3));
    assert!(!network.sees_bytes(0));
}

fn images<'a>(pixels: &'a [u8], labels: &'a [u8], shape: Shape) -> Images<'a> {
    Images {
        pixels,
        labels,
        shape,
    }
}

/// What the program says where it succeeds.
fn done(scratch: &Scratch, arguments: &[&str]) -> Output {
    let output = scratch.imcsim(arguments);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {error}");
    output
}
