//! What several test programs need: folders that remove themselves, the program as a user starts it, shipped macros with
//! changed text, and a network small enough to train.
#![allow(
    dead_code,
    reason = "every test program takes in the whole file and uses a part of it"
)]

use imcsim::convert::{prepare, sums};
use imcsim::hw::chip::{Hardware, HardwareSpec};
use imcsim::kernel::stream::NoiseKey;
use imcsim::net::network::{Geometry, Shape};
use imcsim::net::references::LayerReferences;
use imcsim::train::mvm::Estimator;
use imcsim::train::mvm::tables::{ConversionTables, Learned, Making};
use imcsim::train::ops::reconv::Reading;
use std::ffi::OsStr;
#[cfg(unix)]
use std::io::Write;
use std::path::{Path, PathBuf};
#[cfg(unix)]
use std::process::Stdio;
use std::process::{Command, Output};
use std::sync::Arc;
use tempfile::TempDir;

/// A network small enough to train in a test, on the built-in digits.
pub const TINY: &str = r#"
name = "tiny"
input = { channels = 1, height = 28, width = 28 }
classes = 10

[[layers]]
conv = { name = "c1", outputs = 4, kernel = 5, stride = 4, padding = 2, weights = { digital = { bits = 8 } }, activation_bits = 2 }
[[layers]]
linear = { name = "f1", outputs = 16, weights = { macro = { bits = 2 } }, activation_bits = 2 }
[[layers]]
classifier = { name = "f2", weights = { digital = { bits = 8 } } }
"#;

/// An empty folder of its own, removed when it goes out of scope.
pub struct Scratch(TempDir);

impl Scratch {
    pub fn new() -> Self {
        Scratch(TempDir::new().expect("temporary folder"))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Writes a file, and the folders that it lies in.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.at(name);
        std::fs::create_dir_all(path.parent().expect("has a parent")).expect("scratch folder");
        std::fs::write(path, bytes).expect("scratch file");
    }

    /// The program in this folder, not yet started.
    pub fn command(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_imcsim"));
        command.args(arguments).current_dir(self.path());
        command
    }

    /// The program in this folder, after it has ended.
    pub fn imcsim(&self, arguments: &[&str]) -> Output {
        self.command(arguments)
            .output()
            .expect("the program starts")
    }
}

/// Files that are no short text, each refused by `load` with its path: one that turns from UTF-8 to something else in its
/// second line, `right` with more behind it than is read, a folder.
pub fn no_short_text(right: &str, load: impl Fn(&str) -> String) {
    let scratch = Scratch::new();
    let latin = [b"\n# caf\xe9\n", right.as_bytes()].concat();
    scratch.write("latin.toml", latin);
    scratch.write("long.toml", format!("{right}#{}", "x".repeat(1 << 20)));
    std::fs::create_dir(scratch.at("folder")).expect("scratch folder");
    for (name, parts) in [
        (
            "latin.toml",
            ["2: ", "not UTF-8; save the file as UTF-8 text"],
        ),
        ("long.toml", ["larger than 1 MiB", "short TOML text"]),
        ("folder", ["is a directory", "give the TOML file"]),
    ] {
        let path = scratch.at(name).display().to_string();
        let error = load(&path);
        assert!(error.starts_with(&path), "{error}");
        assert!(parts.iter().all(|part| error.contains(part)), "{error}");
    }
}

/// What the program says to a text that it reads from a pipe.
#[cfg(unix)]
pub fn piped(mut command: Command, text: &str) -> String {
    command.stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut pipe = child.stdin.take().expect("a pipe");
    pipe.write_all(text.as_bytes()).expect("it is read");
    drop(pipe);
    let output = child.wait_with_output().expect("it ends");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A shipped macro with parts of its text replaced.
pub fn hardware(file: &str, changes: &[(&str, &str)]) -> Hardware {
    resolved(&shipped(file), changes)
}

/// The text of a shipped macro.
pub fn shipped(file: &str) -> String {
    let path = format!("{}/arch/{file}.toml", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).expect("the arch is shipped")
}

/// The macro of a text with parts of it replaced.
pub fn resolved(text: &str, changes: &[(&str, &str)]) -> Hardware {
    let replaced = changes.iter().fold(text.to_string(), |text, (from, to)| {
        assert!(text.contains(from), "{from} stands in the file");
        text.replace(from, to)
    });
    let spec: HardwareSpec = toml::from_str(&replaced).expect("the arch parses");
    Hardware::resolve(&spec).expect("the arch resolves")
}

/// `reram_9wl` with a read-out of five codes that is known by measurement only, parts of the text replaced.
pub fn measured_macro(changes: &[(&str, &str)]) -> Hardware {
    let text = shipped("reram_9wl");
    let start = text.find("[readout.binary_search]").expect("a read-out");
    let end = text.find("[accumulator]").expect("an accumulator");
    let row = |s: i32| {
        let code = ((s + 10) / 4).clamp(0, 4) as usize;
        let mut row = [0.0; 5];
        row[code] = 0.9;
        row[code.saturating_sub(1)] += 0.05;
        row[(code + 1).min(4)] += 0.05;
        format!("{row:?}")
    };
    let rows: Vec<String> = (-27..=27).map(row).collect();
    let readout = format!(
        "[readout.measured]\nsmallest_sum = -27\ncode_values_mac = [-8, -4, 0, 4, 8]\nprobabilities = [{}]\n",
        rows.join(", ")
    );
    resolved(
        &format!("{}{readout}\n{}", &text[..start], &text[end..]),
        changes,
    )
}

/// A convolution of 3 x 3 that keeps the size of its map.
pub fn conv(input: Shape, outputs: usize) -> Geometry {
    Geometry {
        input,
        outputs,
        kernel: 3,
        stride: 1,
        padding: 1,
    }
}

/// A fully connected layer.
pub fn full(inputs: usize, outputs: usize) -> Geometry {
    Geometry {
        input: Shape {
            channels: inputs,
            height: 1,
            width: 1,
        },
        outputs,
        kernel: 1,
        stride: 1,
        padding: 0,
    }
}

/// Read-outs of one layer on a macro, placed without having seen sums, as a training step takes them.
pub fn layer_reading(
    hardware: &Hardware,
    geometry: &Geometry,
    codes: &[i8],
    (estimator, noisy): (Estimator, bool),
) -> Reading {
    let conversions = prepare(hardware, geometry, codes, 2, 2).expect("fits");
    let layer = sums::Layer {
        hardware,
        conversions: &conversions,
        codes,
        input_bits: 2,
        index: 0,
    };
    let (seen, fixed) = (layer.empty(), LayerReferences::Calibrated);
    let (design, accumulator) = (&hardware.readout, hardware.accumulator);
    let placed = sums::place(&conversions, &seen, design, &fixed, accumulator).expect("fits");
    let making = Making {
        estimator,
        noisy,
        column_offset: 0.0,
        seed: 1,
    };
    let tables = placed
        .iter()
        .map(|readouts| ConversionTables::new(readouts, making, &[], Learned::Nothing));
    Reading {
        tables: Arc::new(tables.collect()),
        conversions: Arc::new(conversions),
        bits: (2, 2),
        key: NoiseKey {
            seed: 1,
            layer: 0,
            block: 0,
            repeat: 0,
            conversion: 0,
        },
    }
}
