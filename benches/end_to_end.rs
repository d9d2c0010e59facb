//! Images per second of whole networks through `sim::accuracy::evaluate`, and the largest memory it took: `cargo bench
//! --bench end_to_end`, optionally followed by a network of models/ (default vgg7), rounds (3) and blocks of 32 images (2).
//!
//! Random weights on the 9-row macro with 4-bit read-outs; one line per condition: ideal MVM values, noise-free codes, a
//! random code per partial sum, one virtual chip. Each figure is the fastest round, conditions interleaved, because other
//! work on the machine only ever adds time.

use imcsim::hw::chip::{Hardware, HardwareSpec};
use imcsim::net::network::{IntLayer, IntNetwork, Layer, Network, Weights};
use imcsim::net::references::LayerReferences;
use imcsim::net::spec::parse;
use imcsim::rng::{Purpose, keyed};
use imcsim::sim::accuracy::{Images, evaluate};
use imcsim::sim::calibrate::{count_sums, place};
use imcsim::sim::condition::Condition;
use imcsim::sim::prepare::Prepared;
use rand::{Rng, RngExt};
use std::time::Instant;

fn read(path: &str) -> String {
    let path = format!("{}/{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Random codes, and a scale that spreads the activations over their codes.
fn random_layer(layer: &Layer, first: bool, seed: u64) -> IntLayer {
    let mut random = keyed(seed, Purpose::Weights, &[]);
    let (rows, top) = (layer.geometry.rows(), layer.weights.max_code());
    let outputs = layer.geometry.outputs;
    let codes = (0..outputs * rows)
        .map(|_| random.random_range(-top..=top) as i8)
        .collect();
    let weight_sigma = match layer.weights {
        Weights::Macro { .. } => 0.8,
        Weights::Digital { .. } => 73.0,
    };
    let input_sigma = if first { 74.0 } else { 1.6 };
    let scale = 1.0 / (weight_sigma * input_sigma * (rows as f32).sqrt());
    IntLayer {
        layer: layer.clone(),
        codes,
        scale: vec![scale; outputs],
        shift: vec![1.0; outputs],
        statistics: None,
        references: LayerReferences::Calibrated,
    }
}

fn random_network(network: Network) -> IntNetwork {
    let layers = network.layers.iter().enumerate();
    let layers = layers.map(|(index, layer)| random_layer(layer, index == 0, index as u64));
    IntNetwork {
        layers: layers.collect(),
        network,
    }
}

/// Largest resident memory of this process so far, MiB; none where the system does not tell.
fn peak_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024.0)
}

fn memory(when: &str) {
    if let Some(mib) = peak_mib() {
        println!("peak memory {when}: {mib:.0} MiB");
    }
}

fn main() {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    let name = words.first().map_or("vgg7", String::as_str);
    let number = |at: usize, otherwise: usize| {
        words
            .get(at)
            .and_then(|word| word.parse().ok())
            .unwrap_or(otherwise)
    };
    let (rounds, blocks) = (number(1, 3), number(2, 2));
    let network = parse(&read(&format!("models/{name}.toml")), name).expect("the network parses");
    let network = random_network(network);
    let spec: HardwareSpec = toml::from_str(&read("arch/reram_9wl.toml")).expect("the arch parses");
    let hardware = Hardware::resolve(&spec).expect("the arch resolves");
    let shape = network.network.input;
    let mut pixels = vec![0; blocks * 32 * shape.len()];
    keyed(1, Purpose::Data, &[]).fill_bytes(&mut pixels);
    let labels = vec![0; blocks * 32];
    let images = Images {
        pixels: &pixels,
        labels: &labels,
        shape,
    };
    let prepared = Prepared::new(&network, &hardware).expect("the network fits");
    let sums = count_sums(&prepared, images.first(32), 16).expect("images fit");
    let readouts = place(&prepared, &hardware.readout, &sums).expect("the read-out fits");
    memory("before");
    let conditions = [
        ("ideal MVM values", Condition::ideal()),
        ("noise-free codes", Condition::noise_free(&readouts)),
        ("random codes", Condition::read_noise(&readouts, 1, 0)),
        (
            "one virtual chip",
            Condition::chip(&prepared, &readouts, 1, 0),
        ),
    ];
    let mut best = [f64::INFINITY; 4];
    for round in 0..rounds {
        for ((what, condition), best) in conditions.iter().zip(&mut best) {
            let begin = Instant::now();
            evaluate(&prepared, condition, images, &|_| ()).expect("images fit");
            let seconds = begin.elapsed().as_secs_f64();
            *best = best.min(seconds);
            println!(
                "round {round} {what:20} {:8.1} images/s",
                labels.len() as f64 / seconds
            );
        }
        memory(&format!("after round {round}"));
    }
    for ((what, _), seconds) in conditions.iter().zip(best) {
        println!(
            "{name} {what:20} {:8.1} images/s",
            labels.len() as f64 / seconds
        );
    }
    more_images(&prepared, &conditions[1].1, images);
}

/// Sixteen times the images take no more memory than four times (from when on every thread reuses what it freed), apart
/// from their own bytes and from how often the threads are at their largest layer at the same time.
fn more_images(prepared: &Prepared, condition: &Condition, images: Images) {
    let peak = [4, 16].map(|times| {
        let (pixels, labels) = (images.pixels.repeat(times), images.labels.repeat(times));
        let more = Images {
            pixels: &pixels,
            labels: &labels,
            ..images
        };
        evaluate(prepared, condition, more, &|_| ()).expect("images fit");
        memory(&format!("with {times} times the images"));
        peak_mib()
    });
    if let [Some(before), Some(after)] = peak {
        assert!(after < 1024.0, "a network of this size fits into 1 GiB");
        assert!(after < 1.25 * before, "memory grows with images");
    }
}
