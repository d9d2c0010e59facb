//! Wrong networks, checkpoints, training states and options of `imcsim train`: each is answered with an error that names
//! the file and what is wrong in it (exit code 2), never with a panic or a great allocation.

use imcsim::data::{Dataset, Split};
use imcsim::net::checkpoint::{Metadata, from_bytes, to_bytes};
use imcsim::net::network::{IntLayer, IntNetwork, Network};
use imcsim::net::spec::parse;
use imcsim::train::augment::Augment;
use imcsim::train::model::{Method, Model};
use imcsim::train::optimizer::Rule;
use imcsim::train::quantizer::weight::StepRule;
use imcsim::train::schedule::Schedule;
use imcsim::train::state;
use imcsim::train::trainer::{Settings, Trainer};
use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use toml::{Table, Value};

const FILE: &str = "wrong.toml";
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

/// A folder of its own for each test, removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("imcsim-bad-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("scratch folder");
        Scratch(path)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Every path in the value, tables and arrays included.
fn paths(value: &Value, here: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Table(table) => table.iter().map(|(k, v)| (k.clone(), v)).collect(),
        Value::Array(list) => list
            .iter()
            .enumerate()
            .map(|(k, v)| (k.to_string(), v))
            .collect(),
        _ => Vec::new(),
    };
    for (key, child) in children {
        here.push(key);
        found.push(here.clone());
        paths(child, here, found);
        here.pop();
    }
}

fn child<'a>(value: &'a mut Value, key: &str) -> &'a mut Value {
    match value {
        Value::Array(list) => &mut list[key.parse::<usize>().expect("an index")],
        other => &mut other[key],
    }
}

fn place<'a>(root: &'a mut Value, path: &[String]) -> &'a mut Value {
    path.iter().fold(root, |value, key| child(value, key))
}

/// The file with the value at `path` changed.
fn changed(root: &Value, path: &[String], change: impl FnOnce(&mut Value)) -> String {
    let mut root = root.clone();
    change(place(&mut root, path));
    toml::to_string(&root).expect("a table")
}

fn refused(text: &str, key: &str, what: &str) {
    let error = match parse(text, FILE) {
        Ok(_) => panic!("{what} of {key} was accepted:\n{text}"),
        Err(error) => error.to_string(),
    };
    assert!(error.contains(FILE), "{what} of {key}: {error}");
    assert!(error.contains(key), "{what} of {key}: {error}");
}

fn shipped(name: &str) -> Value {
    let path = format!("{}/models/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(path).expect("the model is shipped");
    Value::Table(text.parse::<Table>().expect("it parses"))
}

#[test]
fn every_key_of_a_network_file_is_checked() {
    let mut checked = 0;
    for name in ["lenet", "vgg"] {
        let root = shipped(name);
        assert!(parse(&toml::to_string(&root).expect("a table"), FILE).is_ok());
        let mut found = Vec::new();
        paths(&root, &mut Vec::new(), &mut found);
        for path in &found {
            let mut copy = root.clone();
            let value = place(&mut copy, path).clone();
            let (key, parent) = path.split_last().expect("not empty");
            let in_list = key.parse::<usize>().is_ok();
            let shown = if in_list { "layers" } else { key };
            for wrong in wrong_values(&value) {
                let text = changed(&root, path, |value| *value = wrong.clone());
                refused(
                    &text,
                    if in_list { FILE } else { shown },
                    &format!("{wrong}"),
                );
            }
            if value.is_table() {
                let text = changed(&root, path, |value| {
                    let table = value.as_table_mut().expect("a table");
                    table.insert("no_such_key".into(), Value::Integer(1));
                });
                refused(&text, FILE, "an unknown sibling");
            }
            if !in_list {
                let text = changed(&root, parent, |value| {
                    value.as_table_mut().expect("a table").remove(key);
                });
                refused(&text, FILE, &format!("absence of {key}"));
            }
            checked += 1;
        }
    }
    assert!(checked > 140, "only {checked} keys");
}

/// Values of every other type, and numbers out of range.
fn wrong_values(value: &Value) -> Vec<Value> {
    let kinds = [
        Value::String("x".into()),
        Value::Integer(3),
        Value::Float(1.5),
        Value::Float(f64::NAN),
        Value::Boolean(true),
        Value::Array(Vec::new()),
        Value::Table(Table::new()),
    ];
    let mut wrong: Vec<Value> = kinds
        .into_iter()
        .filter(|other| !other.same_type(value))
        .collect();
    match value {
        Value::Integer(_) => wrong.extend([-1, i64::MIN, i64::MAX].map(Value::Integer)),
        Value::String(_) => wrong.push(Value::String(String::new())),
        _ => (),
    }
    wrong
}

#[test]
fn text_that_is_no_network_is_named_with_its_line() {
    for text in ["", "name = ", "= 3", "[[layers]\n", "\u{0}", "layers = []"] {
        let error = parse(text, FILE).expect_err("must be refused").to_string();
        assert!(error.contains(FILE), "{error}");
    }
    let twice = SMALL.replace("classes = 2", "classes = 2\nclasses = 3");
    assert!(
        parse(&twice, FILE)
            .expect_err("twice")
            .to_string()
            .contains("line 5")
    );
    let same = SMALL.replace("\"f1\"", "\"c1\"");
    assert!(
        parse(&same, FILE)
            .expect_err("same")
            .to_string()
            .contains("c1")
    );
    let huge = SMALL
        .replace("height = 4, width = 4", "height = 4096, width = 4096")
        .replace("outputs = 2", "outputs = 65536");
    assert!(
        parse(&huge, FILE)
            .expect_err("huge")
            .to_string()
            .contains("`outputs`")
    );
}

fn deployed() -> IntNetwork {
    let network = small();
    let layer = |layer: &imcsim::net::network::Layer| {
        let outputs = layer.geometry.outputs;
        IntLayer {
            layer: layer.clone(),
            codes: vec![1; outputs * layer.geometry.rows()],
            scale: vec![0.5; outputs],
            shift: vec![0.25; outputs],
        }
    };
    let layers = network.layers.iter().map(layer).collect();
    IntNetwork { network, layers }
}

type Tensors = Vec<(String, Dtype, Vec<usize>, Vec<u8>)>;

/// The file with its tensors and metadata changed.
fn rewritten(
    bytes: &[u8],
    change: impl FnOnce(&mut Tensors, &mut HashMap<String, String>),
) -> Vec<u8> {
    let (_, header) = SafeTensors::read_metadata(bytes).expect("a right file");
    let mut metadata = header.metadata().clone().unwrap_or_default();
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

/// A change of a checkpoint, and what the error must name.
type Case = (&'static str, fn(&mut Tensors, &mut HashMap<String, String>));

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

fn trainer() -> (Trainer, Dataset) {
    let network = small();
    let split = || Split {
        pixels: (0..64 * 16).map(|k| (k * 37 % 256) as u8).collect(),
        labels: (0..64).map(|k| (k % 2) as u8).collect(),
    };
    let data = Dataset {
        name: "test".into(),
        fingerprint: "f".into(),
        shape: network.input,
        class_names: vec!["a".into(), "b".into()],
        train: split(),
        test: split(),
    };
    let mut model = Model::<f32>::new(&network, Method::Float, 1);
    model.start_quantized(StepRule::Learned);
    let trainer = Trainer::new(model, settings(), &data).expect("settings are right");
    (trainer, data)
}

fn settings() -> Settings {
    Settings {
        epochs: 3,
        batch: 32,
        rate: 0.01,
        schedule: Schedule::Cosine,
        warmup: 0.5,
        rule: Rule::Adam,
        weight_decay: 0.0,
        augment: Augment::NONE,
        seed: 1,
    }
}

#[test]
fn every_fault_of_a_training_state_is_named() {
    let scratch = Scratch::new("state");
    let path = scratch.at("state.safetensors");
    let (mut first, data) = trainer();
    first.epoch(&data, &mut |_, _| ()).expect("training");
    state::save(&first, "f", &path).expect("saved");
    let bytes = fs::read(&path).expect("written");
    let names = SafeTensors::deserialize(&bytes)
        .expect("right")
        .names()
        .into_iter()
        .map(String::from)
        .collect::<Vec<_>>();
    assert!(names.len() > 15, "{names:?}");
    for name in &names {
        let faults: [&dyn Fn(&mut Tensors); 4] = [
            &|t| t.retain(|tensor| tensor.0 != *name),
            &|t| {
                let found = tensor(t, name);
                (found.1, found.2, found.3) = (Dtype::U8, vec![found.3.len()], found.3.clone());
            },
            &|t| {
                let found = tensor(t, name);
                (found.2, found.3) = (vec![0], Vec::new());
            },
            &|t| tensor(t, name).3.fill(0xFF),
        ];
        for (number, fault) in faults.into_iter().enumerate() {
            fs::write(&path, rewritten(&bytes, |t, _| fault(t))).expect("scratch");
            let mut second = trainer().0;
            let before = second.model.params.clone();
            let error = state::resume(&mut second, "f", &path)
                .expect_err(name)
                .to_string();
            assert!(
                error.contains(name) && error.contains("state.safetensors"),
                "{number}: {error}"
            );
            assert_eq!(
                second.model.params, before,
                "a refused state changes nothing"
            );
        }
    }
    for text in ["", "{}", "[1]", "{\"format\":3}"] {
        let wrong = rewritten(&bytes, |_, m| {
            m.insert("imcsim".into(), text.into());
        });
        fs::write(&path, wrong).expect("scratch");
        let error = state::resume(&mut trainer().0, "f", &path)
            .expect_err(text)
            .to_string();
        assert!(error.contains("damaged metadata"), "{error}");
    }
    assert!(state::resume(&mut trainer().0, "f", &scratch.0).is_err());
}

#[test]
fn an_interrupted_write_leaves_the_old_state_whole() {
    let scratch = Scratch::new("interrupted");
    let path = scratch.at("state.safetensors");
    let (mut first, data) = trainer();
    first.epoch(&data, &mut |_, _| ()).expect("training");
    state::save(&first, "f", &path).expect("saved");
    let whole = fs::read(&path).expect("written");
    // The next write stops half way: its bytes lie under the temporary name only.
    fs::write(path.with_extension("tmp"), &whole[..whole.len() / 2]).expect("scratch");
    let mut second = trainer().0;
    state::resume(&mut second, "f", &path).expect("the old state is whole");
    assert_eq!(second.model.params, first.model.params);
    // The next write is not possible at all.
    fs::remove_file(path.with_extension("tmp")).expect("scratch");
    fs::create_dir(path.with_extension("tmp")).expect("scratch");
    second.epoch(&data, &mut |_, _| ()).expect("training");
    assert!(state::save(&second, "f", &path).is_err());
    assert_eq!(fs::read(&path).expect("still there"), whole);
    fs::remove_dir(path.with_extension("tmp")).expect("scratch");
    state::save(&second, "f", &path).expect("saved");
    assert!(!path.with_extension("tmp").exists());
    let mut third = trainer().0;
    state::resume(&mut third, "f", &path).expect("the new state is whole");
    assert_eq!(third.curve.len(), 2);
}

fn pictures(folder: &Path) {
    for (class, shade) in [("a", 20u8), ("b", 220)] {
        fs::create_dir_all(folder.join(class)).expect("scratch");
        for k in 0..24u8 {
            let picture = image::GrayImage::from_pixel(4, 4, image::Luma([shade + k]));
            picture
                .save(folder.join(class).join(format!("{k:02}.png")))
                .expect("scratch");
        }
    }
}

fn train(scratch: &Scratch, options: &[&str]) -> Output {
    let option = |name: &str, otherwise: &str| {
        let given = options.iter().any(|o| o.split('=').next() == Some(name));
        (!given).then(|| format!("{name}={otherwise}"))
    };
    let images = format!("images:{}", scratch.at("images").display());
    let defaults = [
        option("--model", &scratch.at("small.toml").display().to_string()),
        option("--data", &images),
        option("--method", "float"),
        option("--epochs", "1"),
        option("--batch", "32"),
        option("--out", &scratch.at("out").display().to_string()),
    ];
    let mut command = Command::new(env!("CARGO_BIN_EXE_imcsim"));
    command
        .arg("train")
        .args(defaults.into_iter().flatten())
        .args(options);
    command.output().expect("the program starts")
}

#[test]
fn every_wrong_option_of_train_is_answered_with_exit_code_2() {
    let scratch = Scratch::new("train");
    fs::write(scratch.at("small.toml"), SMALL).expect("scratch");
    fs::write(scratch.at("wrong.toml"), SMALL.replace("kernel", "kernl")).expect("scratch");
    fs::write(scratch.at("file"), "text").expect("scratch");
    fs::create_dir(scratch.at("empty")).expect("scratch");
    pictures(&scratch.at("images"));
    let right = train(&scratch, &[]);
    assert!(
        right.status.success(),
        "{}",
        String::from_utf8_lossy(&right.stderr)
    );
    let at = |name: &str| scratch.at(name).display().to_string();
    let cases: &[(String, &str)] = &[
        ("--epochs=0".into(), "--epochs"),
        ("--epochs=-1".into(), "--epochs"),
        ("--batch=0".into(), "--batch"),
        ("--batch=33".into(), "multiple of 32"),
        ("--batch=64".into(), "40 training images"),
        ("--batch=18446744073709551584".into(), "--batch"),
        ("--lr=NaN".into(), "--lr"),
        ("--lr=-1".into(), "--lr"),
        ("--lr=inf".into(), "--lr"),
        ("--lr=fast".into(), "--lr"),
        ("--weight-decay=-1".into(), "--weight-decay"),
        ("--warmup=NaN".into(), "--warmup"),
        ("--shift=18446744073709551615".into(), "--shift"),
        ("--method=magic".into(), "--method"),
        (format!("--out={}", at("file")), "file"),
        (format!("--out={}", at("file/below")), "below"),
        (format!("--init={}", at("absent")), "absent"),
        (format!("--init={}", at("file")), "file"),
        (format!("--init={}", at("empty")), "empty"),
        (format!("--model={}", at("wrong.toml")), "kernl"),
        ("--model=vgq".into(), "vgg"),
        ("--model=vgg".into(), "4 x 4"),
        (format!("--data=images:{}", at("empty")), "empty"),
        (format!("--data=mnist:{}", at("empty")), "28x28"),
        ("--data=tape".into(), "tape"),
        ("--threads=0".into(), "--threads"),
    ];
    for (option, named) in cases {
        let output = train(&scratch, &[option]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{option}: {error}");
        assert!(
            error.contains("error: ") && error.contains(named),
            "{option}: {error}"
        );
    }
    // A state of other options is not overwritten.
    let other = train(&scratch, &["--seed=9"]);
    assert_eq!(other.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&other.stderr).contains("state.safetensors"));
}
