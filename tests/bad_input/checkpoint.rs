//! Damaged, foreign and hostile checkpoints.

use super::support::Scratch;
use super::{Tensors, rewritten, small, tensor};
use imcsim::net::checkpoint::{Metadata, from_bytes, to_bytes};
use imcsim::net::network::{IntLayer, IntNetwork};
use imcsim::net::references::LayerReferences;
use imcsim::net::weights;
use safetensors::tensor::Dtype;
use std::collections::HashMap;

fn deployed() -> IntNetwork {
    let network = small();
    let layer = |layer: &imcsim::net::network::Layer| {
        let outputs = layer.geometry.outputs;
        IntLayer {
            layer: layer.clone(),
            codes: vec![1; outputs * layer.geometry.rows()],
            scale: vec![0.5; outputs],
            shift: vec![0.25; outputs],
            statistics: None,
            references: match layer.name.as_str() {
                "f1" => LayerReferences::Thresholds {
                    thresholds: vec![-0.5, 0.5],
                    values: vec![-1.0, 0.0, 1.0],
                },
                _ => LayerReferences::Calibrated,
            },
        }
    };
    let layers = network.layers.iter().map(layer).collect();
    IntNetwork { network, layers }
}

/// A change of a checkpoint, and what the error must name.
type Case = (&'static str, fn(&mut Tensors, &mut HashMap<String, String>));

/// Gives `f1` a step for every one of its three columns in place of its thresholds.
fn per_column(tensors: &mut Tensors, step: f32, registers: &[u8]) {
    tensors.retain(|tensor| !tensor.0.starts_with("f1.reference"));
    let step = step.to_le_bytes().to_vec();
    tensors.push(("f1.reference_step".into(), Dtype::F32, vec![1], step));
    let shape = vec![registers.len()];
    let trims = (
        "f1.reference_trims".into(),
        Dtype::U8,
        shape,
        registers.to_vec(),
    );
    tensors.push(trims);
}

const DAMAGE: &[Case] = &[
    ("c1.scale", |t, _| t.retain(|tensor| tensor.0 != "c1.scale")),
    ("f9.codes", |t, _| {
        let copy = tensor(t, "f1.codes").clone();
        t.push(("f9.codes".into(), copy.1, copy.2, copy.3));
    }),
    ("f1.bias", |t, _| {
        t.push(("f1.bias".into(), Dtype::U8, vec![1], vec![0]));
    }),
    ("c1.codes", |t, _| tensor(t, "c1.codes").1 = Dtype::U8),
    ("f1.codes", |t, _| tensor(t, "f1.codes").3[0] = 0),
    ("c1.codes", |t, _| tensor(t, "c1.codes").3[5] = 0x80),
    ("c1.shift", |t, _| {
        tensor(t, "c1.shift").3[..4].copy_from_slice(&f32::NAN.to_le_bytes());
    }),
    ("f2.scale", |t, _| {
        tensor(t, "f2.scale").3[..4].copy_from_slice(&f32::INFINITY.to_le_bytes());
    }),
    ("f2.scale", |t, _| {
        let scale = tensor(t, "f2.scale");
        (scale.2, scale.3) = (vec![1], vec![0; 4]);
    }),
    ("f1.reference_thresholds", |t, _| {
        let numbers = tensor(t, "f1.reference_thresholds");
        numbers.3[..4].copy_from_slice(&2f32.to_le_bytes());
    }),
    ("f1.reference_values", |t, _| {
        let numbers = tensor(t, "f1.reference_values");
        numbers.3[4..8].copy_from_slice(&f32::NAN.to_le_bytes());
    }),
    ("f1.reference_values", |t, _| {
        t.retain(|tensor| tensor.0 != "f1.reference_values");
    }),
    ("f1.reference_thresholds", |t, _| {
        t.retain(|tensor| tensor.0 != "f1.reference_thresholds");
    }),
    ("f1.reference_values", |t, _| {
        let numbers = tensor(t, "f1.reference_values");
        (numbers.2, numbers.3) = (vec![2], vec![0; 8]);
    }),
    ("f1.reference_thresholds", |t, _| {
        let numbers = tensor(t, "f1.reference_thresholds");
        (numbers.2, numbers.3) = (vec![300], vec![0; 1200]);
    }),
    ("exclude each other", |t, _| {
        let step = ("f1.reference_step".into(), Dtype::F32, vec![1], vec![0; 4]);
        t.push(step);
    }),
    ("f1.reference_trims", |t, _| {
        per_column(t, 1.0, &[16, 16]);
    }),
    ("f1.reference_trims", |t, _| {
        per_column(t, 1.0, &[16; 300]);
    }),
    ("f1.reference_trims` holds 33 for output 2", |t, _| {
        per_column(t, 1.0, &[8, 32, 33]);
    }),
    ("f1.reference_trims` holds 7 for output 0", |t, _| {
        per_column(t, 1.0, &[7, 16, 16]);
    }),
    ("f1.reference_trims", |t, _| {
        per_column(t, 1.0, &[16; 12]);
        tensor(t, "f1.reference_trims").1 = Dtype::F32;
        tensor(t, "f1.reference_trims").2 = vec![3];
    }),
    ("f1.reference_step` holds 0", |t, _| {
        per_column(t, 0.0, &[16; 3]);
    }),
    ("f1.reference_step` holds -1.5", |t, _| {
        per_column(t, -1.5, &[16; 3]);
        t.retain(|tensor| tensor.0 != "f1.reference_trims");
    }),
    ("f1.reference_step", |t, _| {
        per_column(t, f32::INFINITY, &[16; 3]);
    }),
    ("f1.reference_step", |t, _| {
        per_column(t, 1.0, &[16; 3]);
        t.retain(|tensor| tensor.0 != "f1.reference_step");
    }),
    ("exclude each other", |t, _| {
        let trims = ("f1.reference_trims".into(), Dtype::U8, vec![3], vec![16; 3]);
        t.push(trims);
    }),
    ("format", |_, m| {
        m.remove("format");
    }),
    ("imcsim-deployed-9", |_, m| {
        m.insert("format".into(), "imcsim-deployed-9".into());
    }),
    ("another network", |_, m| {
        m.remove("network_hash");
        m.remove("network");
    }),
];

#[test]
fn every_fault_of_a_checkpoint_is_named() {
    let network = deployed();
    let bytes = to_bytes(&network, &Metadata::new()).expect("serializes");
    let same = rewritten(&bytes, |_, _| ());
    assert!(from_bytes(&same, &network.network, "a file").is_ok());
    let columns = rewritten(&bytes, |t, _| per_column(t, 1.5, &[8, 32, 17]));
    assert!(from_bytes(&columns, &network.network, "a file").is_ok());
    for (named, change) in DAMAGE {
        let error = from_bytes(&rewritten(&bytes, change), &network.network, "a file")
            .expect_err(named)
            .to_string();
        assert!(
            error.contains("a file") && error.contains(named),
            "{named}: {error}"
        );
    }
    for length in 0..bytes.len() {
        assert!(from_bytes(&bytes[..length], &network.network, "a file").is_err());
    }
    // Headers that promise more than there is.
    for size in [bytes.len() as u64, 1 << 40, u64::MAX] {
        let mut hostile = bytes.clone();
        hostile[..8].copy_from_slice(&size.to_le_bytes());
        assert!(from_bytes(&hostile, &network.network, "a file").is_err());
    }
}

#[test]
fn a_file_that_would_fill_the_memory_is_refused_by_its_size() {
    let scratch = Scratch::new();
    let path = scratch.at("weights.safetensors");
    let file = std::fs::File::create(&path).expect("scratch file");
    file.set_len((1 << 30) + 1).expect("a sparse file");
    let error = weights::load(&path, &small()).expect_err("too large");
    let error = error.to_string();
    assert!(
        error.ends_with("weights.safetensors: is larger than 1024 MiB"),
        "{error}"
    );
}
