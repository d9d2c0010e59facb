//! Recorded layers: a layer computed from its file is the layer in its network, bit for bit, and takes the cycles of its own
//! schedule; files round-trip, hostile ones are refused by name, the shipped ones run.

use imcsim::convert::record::inputs;
use imcsim::cycle::engine;
use imcsim::cycle::observer::Blind;
use imcsim::cycle::outcome::Outcome;
use imcsim::data::{DataSource, Dataset};
use imcsim::hw::chip::{Hardware, HardwareSpec};
use imcsim::hw::readout::Readout;
use imcsim::kernel::lanes::LANES;
use imcsim::kernel::stream::NoiseKey;
use imcsim::net::network::{Geometry, Inputs, Layer, Shape, Weights};
use imcsim::net::recorded::{About, Recorded, RecordedLayer, from_bytes, load, save, to_bytes};
use imcsim::net::shipped::load_network;
use imcsim::net::weights::{self, Trained};
use imcsim::sim::accuracy::Images;
use imcsim::sim::calibrate::{count_sums, place};
use imcsim::sim::condition::Condition;
use imcsim::sim::cycles::OnChip;
use imcsim::sim::forward::{Seen, accumulate, forward};
use imcsim::sim::prepare::Prepared;
use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn hardware() -> Hardware {
    let text = std::fs::read_to_string(root("arch/reram_9wl.toml")).expect("shipped");
    let spec: HardwareSpec = toml::from_str(&text).expect("parses");
    Hardware::resolve(&spec).expect("resolves")
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
    let folder = Scratch::new("round");
    for name in ["a.safetensors", "a.safetensors.gz"] {
        let path = folder.0.join(name);
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

/// The bytes of `small` with its JSON changed; the header is rewritten to fit.
fn with_header(from: &str, to: &str) -> Vec<u8> {
    let bytes = to_bytes(&small()).expect("bytes");
    let length = u64::from_le_bytes(bytes[..8].try_into().expect("8 bytes")) as usize;
    let mut header: Value = serde_json::from_slice(&bytes[8..8 + length]).expect("JSON");
    let inner = header["__metadata__"]["recorded"].as_str().expect("text");
    assert!(inner.contains(from), "{from} in {inner}");
    header["__metadata__"]["recorded"] = Value::String(inner.replacen(from, to, 1));
    framed(&header, &bytes[8 + length..])
}

fn framed(header: &Value, data: &[u8]) -> Vec<u8> {
    let header = serde_json::to_vec(header).expect("JSON");
    let mut all = (header.len() as u64).to_le_bytes().to_vec();
    all.extend(header);
    all.extend(data);
    all
}

#[test]
fn hostile_headers_are_refused_by_name() {
    for (from, to, expected) in [
        (
            "imcsim-recorded-1",
            "imcsim-recorded-9",
            "imcsim-recorded-9",
        ),
        ("\"name\":\"full\"", "\"name\":\"conv\"", "two layers"),
        ("\"name\":\"full\"", "\"name\":\"fc\"", "fc.weights"),
        (
            "\"name\":\"full\"",
            "\"name\":\"fu\\nll\"",
            "control characters",
        ),
        ("\"name\":\"full\"", "\"name\":\"\"", "1 to 300 characters"),
        ("\"height\":4", "\"height\":0", "height 0"),
        ("\"height\":4", "\"height\":99999999", "height 99999999"),
        ("\"height\":4", "\"height\":-1", "invalid value"),
        ("\"height\":4", "\"height\":5", "conv.inputs"),
        ("\"channels\":2", "\"channels\":262144", "conv"),
        (
            "\"channels\":2",
            "\"channels\":18446744073709551615",
            "channels",
        ),
        ("\"kernel\":3", "\"kernel\":0", "kernel 0"),
        ("\"kernel\":3", "\"kernel\":4096", "kernel 4096"),
        ("\"padding\":1", "\"padding\":3", "padding 3"),
        ("\"stride\":1", "\"stride\":0", "stride 0"),
        ("\"stride\":1", "\"stride\":6", "stride 6"),
        ("\"weight_bits\":2", "\"weight_bits\":1", "weight_bits 1"),
        ("\"weight_bits\":2", "\"weight_bits\":40", "weight_bits 40"),
        ("\"weight_bits\":3", "\"weight_bits\":2", "full.weights"),
        ("\"input_bits\":2", "\"input_bits\":0", "input_bits 0"),
        ("\"input_bits\":2", "\"input_bits\":9", "input_bits 9"),
        ("\"input_bits\":2", "\"input_bits\":1", "conv.inputs"),
        (
            "\"activation_bits\":2",
            "\"activation_bits\":77",
            "activation_bits 77",
        ),
        ("\"pool\":2", "\"pool\":4", "pool 4"),
        ("\"linear\":false", "\"linear\":true", "fully connected"),
        ("\"images\":[0,1,2]", "\"images\":[0,1]", "conv.inputs"),
        ("\"images\":[0,1,2]", "\"images\":[]", "number of images 0"),
        ("\"linear\":false", "\"linear\":false,\"extra\":1", "extra"),
        ("\"network\":\"net\"", "\"network\":\"\"", "network"),
        ("{\"format\"", "{{\"format\"", "metadata"),
    ] {
        let error = from_bytes(&with_header(from, to), "x.safetensors").expect_err(to);
        let error = error.to_string();
        assert!(error.starts_with("trace x.safetensors: "), "{error}");
        assert!(error.contains(expected), "{from} -> {to}: {error}");
    }
}

#[test]
fn sums_too_large_for_the_simulator_are_refused() {
    let mut recorded = small();
    let layer = &mut recorded.layers[1];
    layer.layer.geometry.input.channels = 1024;
    layer.layer.weights = Weights::Macro { bits: 8 };
    layer.input_bits = 8;
    layer.weights = vec![0; 4 * 1024];
    layer.inputs = vec![0; 3 * 1024];
    // 1024 * 127 * 255 is twice 2^24.
    let error = from_bytes(&to_bytes(&recorded).expect("bytes"), "x").expect_err("too large");
    assert!(error.to_string().contains("33162240"), "{error}");
}

#[test]
fn damaged_tensors_are_refused() {
    let refused = |bytes: &[u8], expected: &str| {
        let error = from_bytes(bytes, "x").expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
    };
    let mut recorded = small();
    recorded.layers[0].weights[4] = -2;
    refused(
        &to_bytes(&recorded).expect("bytes"),
        "conv.weights` holds the code -2",
    );
    let mut recorded = small();
    recorded.layers[1].inputs[4] = 8;
    refused(
        &to_bytes(&recorded).expect("bytes"),
        "full.inputs` holds the code 8",
    );
    // A tensor under another name, of another type, and one too many.
    let bytes = to_bytes(&small()).expect("bytes");
    let length = u64::from_le_bytes(bytes[..8].try_into().expect("8 bytes")) as usize;
    let header: Value = serde_json::from_slice(&bytes[8..8 + length]).expect("JSON");
    let data = &bytes[8 + length..];
    let mut other = header.clone();
    other["conv.weights"]["dtype"] = "U8".into();
    refused(&framed(&other, data), "conv.weights` is U8");
    let mut other = header.clone();
    let moved = other["full.inputs"].take();
    other.as_object_mut().expect("object").remove("full.inputs");
    other["stranger"] = moved;
    refused(&framed(&other, data), "full.inputs` is missing");
    let mut other = header.clone();
    let end = data.len();
    other["stranger"] =
        serde_json::json!({"dtype": "U8", "shape": [1], "data_offsets": [end, end + 1]});
    let mut longer = data.to_vec();
    longer.push(0);
    refused(&framed(&other, &longer), "5 tensors");
    let mut other = header;
    other["__metadata__"] = serde_json::json!({"format": "imcsim-deployed-1"});
    refused(&framed(&other, data), "imcsim record");
}

#[test]
fn truncated_files_are_errors_and_never_a_panic() {
    let bytes = to_bytes(&small()).expect("bytes");
    for length in 0..bytes.len() {
        assert!(
            from_bytes(&bytes[..length], "x").is_err(),
            "cut at {length}"
        );
    }
    let mut hostile = bytes.clone();
    hostile[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(from_bytes(&hostile, "x").is_err());
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&bytes).expect("memory");
    let packed = packed.finish().expect("memory");
    assert!(from_bytes(&packed, "x").is_ok());
    for length in [2, 10, packed.len() / 2, packed.len() - 1] {
        assert!(
            from_bytes(&packed[..length], "x").is_err(),
            "cut at {length}"
        );
    }
    // Every byte of the header turned into others: refused or read, never a panic.
    let header = 8 + u64::from_le_bytes(bytes[..8].try_into().expect("8 bytes")) as usize;
    for at in 0..header {
        for flip in [0x01, 0x08, 0x80] {
            let mut damaged = bytes.clone();
            damaged[at] ^= flip;
            let _ = from_bytes(&damaged, "x");
        }
    }
}

fn images<'a>(pixels: &'a [u8], labels: &'a [u8], shape: Shape) -> Images<'a> {
    Images {
        pixels,
        labels,
        shape,
    }
}

/// Everything about conv2 and conv6 of the built-in VGG: the network with its read-outs, and the recording of two test images.
struct Pair {
    hardware: Hardware,
    trained: Trained,
    data: Dataset,
    recorded: Recorded,
    /// Numbers of the recorded layers in the network.
    layers: [usize; 2],
}

const RECORDED: usize = 2;

fn pair() -> Pair {
    let (data, trained) = vgg();
    let layers = [1, 5];
    let pixels = &data.test.pixels[..RECORDED * data.shape.len()];
    let codes = inputs(&trained.network, pixels, &layers);
    let layers_of = layers.iter().zip(codes).map(|(&index, inputs)| {
        let int = &trained.network.layers[index];
        RecordedLayer {
            layer: int.layer.clone(),
            input_bits: trained.network.network.input_bits(index),
            weights: int.codes.clone(),
            inputs,
        }
    });
    let recorded = Recorded {
        layers: layers_of.collect(),
        about: about(RECORDED),
    };
    // Through the bytes of a file.
    let recorded = from_bytes(&to_bytes(&recorded).expect("bytes"), "x").expect("read");
    Pair {
        hardware: hardware(),
        trained,
        data,
        recorded,
        layers,
    }
}

impl Pair {
    fn readouts(&self, prepared: &Prepared) -> Vec<Vec<Readout>> {
        let count = 32;
        let train = &self.data.train;
        let pixels = &train.pixels[..count * self.data.shape.len()];
        let images = images(pixels, &train.labels[..count], self.data.shape);
        let sums = count_sums(prepared, images, 7).expect("counted");
        place(prepared, &self.hardware.readout, &sums).expect("placed")
    }

    fn test(&self) -> Images<'_> {
        let (pixels, labels) = (&self.data.test.pixels, &self.data.test.labels);
        images(pixels, labels, self.data.shape).first(RECORDED)
    }
}

/// Sums of every layer shown, `[output][y][x]` of each image.
fn sums_of(seen: &[f32], lanes: usize) -> Vec<Vec<u32>> {
    let lane = |lane: usize| {
        let own = seen.iter().skip(lane).step_by(LANES);
        own.map(|sum| sum.to_bits()).collect()
    };
    (0..lanes).map(lane).collect()
}

#[test]
fn a_recorded_layer_computes_what_it_computes_in_its_network() {
    let pair = pair();
    let prepared = Prepared::new(&pair.trained.network, &pair.hardware).expect("fits");
    let readouts = pair.readouts(&prepared);
    let condition = Condition::noise_free(&readouts);
    let key = NoiseKey {
        seed: 0,
        layer: 0,
        block: 0,
        repeat: 0,
        conversion: 0,
    };
    // In the network: ideal values up to the layer, then its partial sums through the read-outs.
    let (mut inside, mut ideal) = (Vec::new(), Vec::new());
    let block = pair.test().block(0);
    forward(
        &prepared,
        &Condition::ideal(),
        block,
        0,
        &mut |seen: Seen| {
            if pair.layers.contains(&seen.layer) {
                let (layer, int) = (
                    &prepared.layers[seen.layer],
                    &pair.trained.network.layers[seen.layer],
                );
                let through = accumulate(
                    layer,
                    int,
                    &condition.layers[seen.layer],
                    seen.input,
                    key,
                    false,
                );
                inside.push(sums_of(&through.values, RECORDED));
                ideal.push(sums_of(&seen.sums.values, RECORDED));
            }
        },
    );
    // From the file, with the same read-outs.
    let network = pair.recorded.network();
    let alone = Prepared::new(&network, &pair.hardware).expect("fits");
    let own: Vec<Vec<Readout>> = pair.layers.iter().map(|&at| readouts[at].clone()).collect();
    let (codes, labels) = (pair.recorded.codes(), vec![0; RECORDED]);
    let inputs = images(&codes, &labels, network.network.input);
    for (condition, expected) in [
        (Condition::noise_free(&own), &inside),
        (Condition::ideal(), &ideal),
    ] {
        let mut found = Vec::new();
        forward(&alone, &condition, inputs.block(0), 0, &mut |seen: Seen| {
            found.push(sums_of(&seen.sums.values, RECORDED));
        });
        assert!(found == *expected, "sums differ");
    }
    assert_eq!(inside.len(), 2);
    assert!(inside != ideal, "the read-outs change sums");
    assert_eq!(inside[0][0].len(), 64 * 32 * 32);
    assert_eq!(inside[1][1].len(), 256 * 8 * 8);
}

/// Cycles of the rounds of recorded layers on the chip.
fn rounds(recorded: &Recorded, hardware: &Hardware, count: usize) -> Vec<Outcome> {
    let network = recorded.network();
    let prepared = Prepared::new(&network, hardware).expect("fits");
    let (codes, labels) = (recorded.codes(), vec![0; recorded.images()]);
    let inputs = images(&codes, &labels, network.network.input);
    let sums = count_sums(&prepared, inputs, 1).expect("counted");
    let readouts = place(&prepared, &hardware.readout, &sums).expect("placed");
    let condition = Condition::noise_free(&readouts);
    let chip =
        OnChip::new(&prepared, &readouts, &condition, inputs.first(count)).expect("laid out");
    let rounds = chip.mapped.rounds.iter();
    rounds
        .map(|round| {
            let activity = chip.activity(round).expect("activity");
            engine::run(&round.plan, &activity, &mut Blind).expect("runs")
        })
        .collect()
}

#[test]
fn a_recorded_layer_takes_the_cycles_of_its_own_schedule() {
    let pair = pair();
    let both = rounds(&pair.recorded, &pair.hardware, 1);
    assert_eq!(both.len(), 2, "every layer has the chip for itself");
    for (at, outcome) in both.iter().enumerate() {
        let one = Recorded {
            about: pair.recorded.about.clone(),
            layers: vec![pair.recorded.layers[at].clone()],
        };
        let alone = rounds(&one, &pair.hardware, 1);
        assert_eq!(alone.len(), 1);
        assert_eq!(alone[0], *outcome, "the layer beside it changes nothing");
    }
    // In the network, layer by layer, one copy of each layer: the same work from its start to its end.
    let hardware = &pair.hardware;
    let prepared = Prepared::new(&pair.trained.network, hardware).expect("fits");
    let readouts = pair.readouts(&prepared);
    let condition = Condition::noise_free(&readouts);
    let chip =
        OnChip::new(&prepared, &readouts, &condition, pair.test().first(1)).expect("laid out");
    assert_eq!(chip.mapped.rounds.len(), 1, "the network fits at once");
    let round = &chip.mapped.rounds[0];
    let activity = chip.activity(round).expect("activity");
    let whole = engine::run(&round.plan, &activity, &mut Blind).expect("runs");
    let alone = rounds(&pair.recorded, hardware, 1);
    for (outcome, &layer) in alone.iter().zip(&pair.layers) {
        let (own, inside) = (&outcome.layers[0], &whole.layers[layer]);
        assert_eq!(
            own.end - own.start,
            inside.end - inside.start,
            "layer {layer}"
        );
        assert_eq!(own.bits, inside.bits, "layer {layer}");
    }
}

#[test]
fn rounds_of_recorded_layers_write_no_weights_and_end_with_the_sum() {
    let recorded = small();
    let hardware = Hardware::resolve(&{
        let text = std::fs::read_to_string(root("arch/ideal.toml")).expect("shipped");
        toml::from_str::<HardwareSpec>(&text).expect("parses")
    })
    .expect("resolves");
    let network = recorded.network();
    let mapped = imcsim::mapping::plan::map_network(&hardware, &network.network, None, 1);
    let mapped = mapped.expect("fits");
    assert_eq!(mapped.rounds.len(), 2);
    assert!(mapped.rounds.iter().all(|round| round.weight_cycles == 0));
}

/// An empty folder of its own, removed afterwards.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let name = format!("imcsim-recorded-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("temporary folder");
        Scratch(path)
    }

    fn imcsim(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_imcsim"))
            .args(arguments)
            .current_dir(&self.0)
            .output()
            .expect("the program starts")
    }

    fn done(&self, arguments: &[&str]) -> Output {
        let output = self.imcsim(arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {error}");
        output
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The traces that travel with the program.
fn shipped() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root("traces")).expect("traces are shipped");
    let paths = entries.map(|entry| entry.expect("entry").path());
    let mut traces: Vec<PathBuf> = paths
        .filter(|path| path.to_string_lossy().ends_with(".safetensors.gz"))
        .collect();
    traces.sort();
    traces
}

#[test]
fn shipped_traces_are_small_and_what_recording_gives_today() {
    let readme = std::fs::read_to_string(root("traces/README.md")).expect("README");
    let scratch = Scratch::new("again");
    let traces = shipped();
    assert!(traces.len() >= 2, "{traces:?}");
    for path in traces {
        let name = path
            .file_name()
            .expect("name")
            .to_string_lossy()
            .into_owned();
        let size = std::fs::metadata(&path).expect("there").len();
        assert!(size <= 100 * 1024, "{name}: {size} bytes");
        let command = readme
            .lines()
            .find(|line| line.trim_start().starts_with("imcsim record") && line.contains(&name));
        let command =
            command.unwrap_or_else(|| panic!("{name} has its command in traces/README.md"));
        let command = command.replace("traces/", "");
        let arguments: Vec<&str> = command.split_whitespace().skip(1).collect();
        scratch.done(&arguments);
        let again = load(&scratch.0.join(&name)).expect("recorded again");
        assert!(
            again == load(&path).expect("shipped"),
            "{name}: record it anew"
        );
    }
}

#[test]
fn shipped_traces_run_on_a_macro_and_its_chip() {
    let scratch = Scratch::new("shipped");
    let path = shipped().into_iter().next().expect("one is shipped");
    let recorded = load(&path).expect("reads");
    let file = path.to_string_lossy().into_owned();
    let out = scratch.done(&[
        "run",
        "reram_9wl",
        "--trace",
        &file,
        "--samples",
        "1000",
        "--json",
    ]);
    let all: Value = serde_json::from_slice(&out.stdout).expect("JSON");
    assert_eq!(all["verdict"]["status"], "recorded");
    assert_eq!(all["accuracy"]["ideal"]["images"], 0);
    assert_eq!(all["adc_curve"], serde_json::json!([]));
    let fidelity = all["fidelity"].to_string();
    assert!(fidelity.contains("own partial sums"), "{fidelity}");
    let layer = &all["layers"][0];
    let geometry = &recorded.layers[0].layer.geometry;
    assert_eq!(layer["mapping"]["rows"], geometry.rows());
    // Every partial sum of every recorded image is counted.
    let map = geometry.output();
    let expected = geometry.rows().div_ceil(9) * map.len() * recorded.images();
    let counted = layer["sum_histogram"].as_array().expect("counts");
    let total: u64 = counted.iter().filter_map(Value::as_u64).sum();
    assert_eq!(total, expected as u64);
    assert!(layer["margin"].is_object() && layer["error_rate"].as_f64().expect("rate") > 0.0);
    assert!(all["cycle"]["cycles"].as_u64().expect("cycles") > 0);
    let cycles = all["cycle"]["cycles"].clone();

    let out = scratch.done(&[
        "trace",
        "reram_9wl",
        "--trace",
        &file,
        "--out",
        "traced",
        "--json",
    ]);
    let all: Value = serde_json::from_slice(&out.stdout).expect("JSON");
    assert_eq!(
        all["cycle"]["cycles"], cycles,
        "run and trace tell the same cycles"
    );
    let layers = all["cycle"]["layers"].as_array().expect("layers");
    assert_eq!(layers.len(), recorded.layers.len());
    for name in ["timeline.json", "waveform.vcd", "events.csv"] {
        let file = scratch.0.join("traced/trace").join(name);
        assert!(
            std::fs::metadata(file).expect("written").len() > 0,
            "{name}"
        );
    }
}

#[test]
fn wrong_commands_are_answered_with_exit_code_2_and_what_to_do() {
    let scratch = Scratch::new("wrong");
    std::fs::write(scratch.0.join("cut.safetensors"), b"\x08\0\0\0").expect("file");
    let path = shipped().into_iter().next().expect("one is shipped");
    let trace = path.to_string_lossy().into_owned();
    let record = ["record", "--model", "lenet", "--out", "x.safetensors"];
    let with = |more: &[&'static str]| [&record[..], more].concat();
    let cases: Vec<(Vec<&str>, &str)> = vec![
        (
            vec!["run", "reram_9wl", "--trace", &trace, "--model", "vgg"],
            "--model",
        ),
        (
            vec!["run", "reram_9wl", "--trace", &trace, "--images", "3"],
            "--images",
        ),
        (
            vec!["trace", "reram_9wl", "--trace", &trace, "--data", "builtin"],
            "--data",
        ),
        (
            vec!["trace", "reram_9wl", "--trace", "nowhere.gz"],
            "nowhere.gz",
        ),
        (
            vec!["run", "reram_9wl", "--trace", "cut.safetensors"],
            "trace cut.safetensors",
        ),
        (
            vec!["trace", "reram_9wl", "--trace", &trace, "--layer", "conv9"],
            "--layer conv9",
        ),
        (with(&["--layer", "conv9"]), "did you mean `conv2`"),
        (with(&["--layer", "conv1"]), "digital unit"),
        (
            with(&["--layer", "conv2", "--layer", "conv2"]),
            "named twice",
        ),
        (with(&["--layer", "conv2", "--images", "0"]), "--images 0"),
        (with(&[]), "--layer"),
    ];
    for (arguments, expected) in cases {
        let output = scratch.imcsim(&arguments);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(error.contains(expected), "{arguments:?}: {error}");
    }
    assert!(
        !scratch.0.join("x.safetensors").exists(),
        "nothing was written"
    );
}
