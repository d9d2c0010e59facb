//! What an experiment takes from another one below the same folder: trainings that are the same and have ended, nothing else.

use super::belonging::Finished;
use super::{FILE, Folder, complaint};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// The finished experiment and one of another name beside it, with the rows named otherwise.
fn beside() -> Finished {
    let test = Finished::new();
    for (from, to) in [
        ("name = \"quick\"", "name = \"second\""),
        ("name = \"noisy\"", "name = \"other_name\""),
        ("from = \"noisy\"", "from = \"other_name\""),
    ] {
        test.edit("quick.toml", from, to);
    }
    test
}

/// Lines that say what was taken, and the bytes of every network against those of the experiment beside it.
fn taken(test: &Finished) -> (usize, Vec<bool>) {
    let said = test.succeeds(&[]);
    let rows = [
        ("float", "float"),
        ("qat", "qat"),
        ("ideal_values", "ideal_values"),
        ("noisy", "other_name"),
    ];
    let is_same = |(there, here): (&str, &str)| {
        ["state.safetensors", "curve.csv"].iter().all(|file| {
            let here = test.0.at("out/second/seed1").join(here).join(file);
            let [there, here] = [test.at(there).join(file), here]
                .map(|path| fs::read(&path).unwrap_or_else(|error| panic!("{path:?}: {error}")));
            there == here
        })
    };
    let count = said.matches(": the same training").count();
    (count, rows.map(is_same).to_vec())
}

#[test]
fn what_another_experiment_has_trained_is_taken() {
    let test = beside();
    assert_eq!(taken(&test), (4, vec![true; 4]));
    for row in ["ideal_values", "noisier"] {
        let there = test.result(row);
        let here = fs::read(test.0.at("out/second/seed1").join(row).join("result.json"));
        let here: Value = serde_json::from_slice(&here.expect("a result")).expect("JSON");
        assert_eq!(there["modes"], here["modes"], "{row}");
        assert_eq!(here["experiment"], "second");
    }
    let said = test.succeeds(&[]);
    assert_eq!(said.matches("there already").count(), 4, "{said}");
}

#[test]
fn what_is_trained_otherwise_is_trained() {
    let test = beside();
    test.edit("quick.toml", "--method imcaq", "--method imcaq --lr 0.005");
    assert_eq!(taken(&test), (3, vec![true, true, true, false]));
    // Another pre-training: nothing after it is the same.
    let test = beside();
    test.edit(
        "quick.toml",
        "qat = \"--epochs 1",
        "qat = \"--lr 0.005 --epochs 1",
    );
    assert_eq!(taken(&test), (1, vec![true, false, false, false]));
}

#[test]
fn what_is_damaged_is_trained() {
    let cut = |bytes: &mut Vec<u8>| bytes.truncate(bytes.len() / 2);
    // One number is another: the header knows nothing of it.
    let flipped = |bytes: &mut Vec<u8>| *bytes.last_mut().expect("not empty") ^= 1;
    for damage in [&cut as &dyn Fn(&mut Vec<u8>), &flipped] {
        let test = beside();
        let state = test.at("ideal_values/state.safetensors");
        let mut bytes = fs::read(&state).expect("a state");
        damage(&mut bytes);
        fs::write(&state, &bytes).expect("scratch file");
        let said = test.succeeds(&[]);
        assert_eq!(said.matches(": the same training").count(), 3, "{said}");
        let curve = |at: &str| fs::read(test.0.at(at).join("seed1/ideal_values/curve.csv"));
        let [there, here] = ["out/quick", "out/second"].map(|at| curve(at).expect("a curve"));
        assert!(there == here);
    }
}

/// The state without some keys of its header, as an older program wrote it.
fn older(state: &Path, keys: &[&str]) {
    let bytes = fs::read(state).expect("a state");
    let length = u64::from_le_bytes(bytes[..8].try_into().expect("8 bytes")) as usize;
    let mut outer: Value = serde_json::from_slice(&bytes[8..8 + length]).expect("JSON");
    let text = outer["__metadata__"]["imcsim"].as_str().expect("text");
    let mut header: Value = serde_json::from_str(text).expect("JSON");
    for key in keys {
        let header = header.as_object_mut().expect("an object");
        assert!(header.remove(*key).is_some(), "{key}");
    }
    outer["__metadata__"]["imcsim"] = Value::String(header.to_string());
    let outer = serde_json::to_vec(&outer).expect("JSON");
    let mut all = (outer.len() as u64).to_le_bytes().to_vec();
    all.extend(outer);
    all.extend(&bytes[8 + length..]);
    fs::write(state, all).expect("scratch file");
}

#[test]
fn what_does_not_say_its_start_or_its_images_is_trained() {
    for key in ["start", "train_data"] {
        let test = beside();
        older(&test.at("ideal_values/state.safetensors"), &[key, "header"]);
        // It is good enough for the experiment whose folder it lies in.
        test.edit("quick.toml", "\"second\"", "\"quick\"");
        test.edit("quick.toml", "\"other_name\"", "\"noisy\"");
        test.edit("quick.toml", "\"other_name\"", "\"noisy\"");
        let said = test.succeeds(&["--rows", "ideal_values"]);
        assert!(said.contains("ideal_values: there already"), "{said}");
        test.edit("quick.toml", "name = \"quick\"", "name = \"second\"");
        let said = test.succeeds(&["--rows", "ideal_values"]);
        assert_eq!(
            said.matches(": the same training").count(),
            2,
            "{key}: {said}"
        );
    }
}

#[test]
fn what_was_interrupted_is_trained() {
    let scratch = Folder::new();
    let long = FILE.replace(
        "--epochs 2 --train-images 640",
        "--epochs 40 --train-images 640",
    );
    scratch.write("quick.toml", &long);
    let mut child = scratch
        .command("quick.toml", "out", &["--quiet"])
        .spawn()
        .expect("the program starts");
    let float = scratch.at("out/quick/seed1/float");
    let began = Instant::now();
    while !float.join("state.safetensors").exists() && began.elapsed() < Duration::from_secs(300) {
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().expect("it runs or has ended");
    child.wait().expect("it ends");
    let done =
        imcsim::train::state::curve(&float.join("state.safetensors")).expect("a whole state");
    assert!(
        (1..40).contains(&done.len()),
        "it was over before it could be interrupted"
    );
    scratch.write("quick.toml", long.replace("\"quick\"", "\"second\""));
    let output = scratch.run("out", &["--seeds", "1", "--rows", "start"]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", complaint(&output));
    assert!(!said.contains(": the same training"), "{said}");
}
