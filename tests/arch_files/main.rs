//! Hardware files: whatever is wrong is named with file, line and key; overrides; provenance; shipped files.
//!
//! The wrong files are not listed by hand: every key of the shipped files and of the variants is mistyped, removed, given a
//! stranger as neighbour and set out of range, and the error must name the line as this test counts it.

mod canonical;
mod command;
mod content;
mod cost;
mod overrides;
mod variants;

use canonical::{Line, Text, dotted};
use imcsim::arch::{self, ArchError, Loaded};
use std::fs;
use std::path::PathBuf;
use toml::Value;

/// A path for a hardware file that no other test writes to.
fn file(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("arch_files");
    fs::create_dir_all(&folder).expect("the folder for test files can be made");
    folder.join(format!("{name}.toml"))
}

fn load_text(name: &str, text: &str, overrides: &[&str]) -> Result<Loaded, ArchError> {
    let path = file(name);
    fs::write(&path, text).expect("a test file can be written");
    let overrides: Vec<String> = overrides.iter().map(ToString::to_string).collect();
    arch::load(path.to_str().expect("the path is UTF-8"), &overrides)
}

fn error_of(name: &str, text: &str) -> String {
    match load_text(name, text, &[]) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    }
}

fn set(name: &str, overrides: &[&str]) -> Result<Loaded, String> {
    let overrides: Vec<String> = overrides.iter().map(ToString::to_string).collect();
    arch::load(name, &overrides).map_err(|error| error.to_string())
}

/// Every text of the house with other keys than the rest: shipped files (published macros have the keys of `reram_9wl`) and
/// variants.
fn texts() -> Vec<(String, Text)> {
    let shipped = ["ideal", "reram_9wl", "reram_64wl"]
        .into_iter()
        .map(|name| {
            let path = format!("{}/arch/{name}.toml", env!("CARGO_MANIFEST_DIR"));
            let text = fs::read_to_string(path).expect("shipped files stand in arch/");
            (name.to_string(), text)
        });
    let variants = variants::all().into_iter();
    shipped
        .chain(variants.map(|(name, text)| (name.to_string(), text)))
        .map(|(name, text)| (name, Text::read(&text)))
        .collect()
}

/// Collects what is not as it should be, so that one run shows all of it.
#[derive(Default)]
struct Wanted {
    checked: usize,
    missed: Vec<String>,
}

impl Wanted {
    /// The error for `text` must name the line and the key.
    fn error(&mut self, name: &str, text: &Text, line: usize, key: &[String], what: &str) {
        self.checked += 1;
        let error = error_of(name, &text.write());
        let start = format!("{}:{line}: {}: ", file(name).display(), dotted(key));
        if !error.lines().any(|one| one.starts_with(&start)) {
            self.missed
                .push(format!("{what}: expected {start}..\n  got {error:?}"));
        }
    }

    fn finish(self, at_least: usize) {
        let (checked, missed) = (self.checked, &self.missed);
        assert!(
            missed.is_empty(),
            "{} of {checked}:\n{}",
            missed.len(),
            missed.join("\n")
        );
        assert!(checked >= at_least, "only {checked} cases");
    }
}

#[test]
fn every_text_is_right_before_it_is_made_wrong() {
    for (name, text) in texts() {
        let error = error_of(&format!("right_{name}"), &text.write());
        assert_eq!(error, "", "{name}");
    }
}

#[test]
fn wrong_types_are_named() {
    let mut wanted = Wanted::default();
    for (name, text) in texts() {
        for (index, path) in text.keys() {
            let mut wrong = text.clone();
            let value = wrong.value_mut(index, &path);
            *value = match value {
                Value::String(_) | Value::Table(_) => Value::Integer(7),
                _ => Value::String("much".into()),
            };
            let name = format!("type_{name}");
            wanted.error(&name, &wrong, index + 1, &path, "wrong type");
        }
    }
    wanted.finish(200);
}

#[test]
fn lists_are_no_tables() {
    let mut wanted = Wanted::default();
    for (name, text) in texts() {
        for (index, path) in text.keys() {
            let mut wrong = text.clone();
            let value = wrong.value_mut(index, &path);
            let Value::Table(table) = value else { continue };
            *value = Value::Array(table.values().cloned().collect());
            let name = format!("list_{name}");
            wanted.error(&name, &wrong, index + 1, &path, "list for a table");
        }
    }
    wanted.finish(10);
}

#[test]
fn unknown_neighbours_are_named() {
    let mut wanted = Wanted::default();
    for (name, text) in texts() {
        let name = format!("unknown_{name}");
        for (index, path) in text.keys() {
            let (_, holder) = path.split_last().expect("a key has a name");
            let mut stranger = holder.to_vec();
            stranger.push("stranger".into());
            let mut wrong = text.clone();
            let Line::Entry {
                path: entry,
                header,
                ..
            } = &text.0[index]
            else {
                continue;
            };
            let line = if path.len() == entry.len() {
                let added = Line::Entry {
                    path: stranger.clone(),
                    header: *header,
                    value: Value::Integer(1),
                };
                wrong.0.insert(index + 1, added);
                index + 2
            } else {
                if let Value::Table(table) = wrong.value_mut(index, holder) {
                    table.insert("stranger".into(), Value::Integer(1));
                }
                index + 1
            };
            wanted.error(&name, &wrong, line, &stranger, "unknown key");
        }
        for line in &text.0 {
            let Line::Header(header) = line else { continue };
            for depth in 0..=header.len() {
                let mut stranger = header[..depth].to_vec();
                stranger.push("stranger".into());
                let mut wrong = text.clone();
                wrong.0.push(Line::Header(stranger.clone()));
                wanted.error(&name, &wrong, wrong.0.len(), &stranger, "unknown table");
            }
        }
    }
    wanted.finish(300);
}

/// The error for a text from which `path` was taken: the shortest part of it that is gone, at the table that should hold it.
fn missing(wanted: &mut Wanted, name: &str, without: &Text, path: &[String]) {
    let gone = (1..=path.len()).find(|&depth| !without.contains(&path[..depth]));
    let depth = gone.expect("the key was taken out");
    let holder = &path[..depth - 1];
    // Where one of several kinds must stand, the table that is left empty is named.
    let kind = ["none", "logistic"].contains(&path[path.len() - 1].as_str());
    let key = if kind && depth == path.len() {
        holder
    } else {
        &path[..depth]
    };
    wanted.error(name, without, without.line_of(holder), key, "missing key");
}

/// Keys and tables that may be left out.
fn optional(text: &Text, path: &[String]) -> bool {
    let key = dotted(path);
    let set = |key: &str, word: &str| {
        let says = |line: &Line| match line {
            Line::Entry { path, value, .. } => dotted(path) == key && value.as_str() == Some(word),
            _ => false,
        };
        text.0.iter().any(says)
    };
    let chosen = |model: &str| set("cost.adc.model", model);
    if key == "cost.sample_and_hold" {
        return set("timing.sample_and_hold", "none");
    }
    match key.strip_prefix("cost.adc.") {
        Some(model) if !model.contains('.') && model != "model" => !chosen(model),
        _ => {
            let keys = [
                "timing",
                "timing.sense_steps",
                "chip",
                "cost",
                "cost.calibration_factor",
                "cost.conversion_bits",
            ];
            keys.contains(&key.as_str())
        }
    }
}

#[test]
fn missing_keys_are_named() {
    let mut wanted = Wanted::default();
    for (name, text) in texts() {
        let name = format!("missing_{name}");
        for (index, path) in text.keys() {
            if path[0] != "provenance" && !optional(&text, &path) {
                missing(&mut wanted, &name, &text.without(index, &path), &path);
            }
        }
        for line in &text.0 {
            let Line::Header(header) = line else { continue };
            if optional(&text, header) {
                continue;
            }
            let mut without = text.clone();
            without.0.retain(|line| match line {
                Line::Header(path) => !path.starts_with(header),
                Line::Entry { path, .. } => !path.starts_with(header),
                Line::Other(_) => true,
            });
            missing(&mut wanted, &name, &without, header);
        }
    }
    wanted.finish(200);
}

/// Values of the right type that no hardware has.
fn impossible(value: &Value, path: &[String]) -> Vec<Value> {
    let key = path.last().map_or("", String::as_str);
    let listed = |number: f64| Value::Array(vec![Value::Float(number), Value::Float(1.0)]);
    match (value, key) {
        _ if path[0] == "provenance" => vec![Value::String("somewhere".into())],
        (_, "name" | "description") => Vec::new(),
        (Value::String(_), _) => vec![Value::String("whatever".into())],
        (Value::Integer(_), "smallest_sum") => {
            vec![Value::Integer(5_000_000_000), Value::Integer(2)]
        }
        (
            Value::Integer(_),
            "precharge_cycles" | "sample_cycles" | "sense_setup_cycles" | "hop_cycles",
        ) => vec![Value::Integer(-1), Value::Integer(1 << 40)],
        (Value::Integer(_), _) => vec![
            Value::Integer(0),
            Value::Integer(-1),
            Value::Integer(1 << 40),
        ],
        (Value::Float(_), "on_off_ratio") => {
            [f64::NAN, f64::INFINITY, 1.0].map(Value::Float).into()
        }
        (Value::Float(_), _) => [f64::NAN, f64::INFINITY, -0.5].map(Value::Float).into(),
        (Value::Array(_), "probabilities") => vec![
            Value::Array(Vec::new()),
            Value::Array(vec![listed(2.0)]),
            Value::Array(vec![listed(f64::NAN)]),
        ],
        (Value::Array(_), "code_values_mac") => vec![listed(f64::NAN), Value::Array(Vec::new())],
        (Value::Array(_), "coefficients_us") => vec![listed(f64::NAN), listed(-1e9)],
        (Value::Array(_), "sigma_relative" | "sigma_us") => {
            vec![listed(f64::NAN), listed(-0.5), Value::Array(Vec::new())]
        }
        (Value::Array(_), _) => vec![listed(f64::NAN), listed(1e9), Value::Array(Vec::new())],
        _ => Vec::new(),
    }
}

#[test]
fn impossible_values_are_named() {
    let mut wanted = Wanted::default();
    for (name, text) in texts() {
        let name = format!("range_{name}");
        for (index, path) in text.keys() {
            let value = text.clone().value_mut(index, &path).clone();
            for impossible in impossible(&value, &path) {
                let mut wrong = text.clone();
                *wrong.value_mut(index, &path) = impossible.clone();
                // A matrix that starts late misses sums: the fault is the matrix's.
                let key = match (path[path.len() - 1].as_str(), &impossible) {
                    ("smallest_sum", Value::Integer(2)) => "probabilities",
                    (key, _) => key,
                };
                let mut path = path.clone();
                let last = path.len() - 1;
                path[last] = key.into();
                let line = wrong.line_of(&path);
                wanted.error(&name, &wrong, line, &path, &format!("{impossible}"));
            }
        }
    }
    wanted.finish(200);
}
