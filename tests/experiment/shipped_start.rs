//! An experiment whose seeds start from the shipped network instead of a full-precision training; and `imcsim train` from it.

use super::support::Scratch;
use super::{Folder, complaint};
use serde_json::Value;
use std::fs;
use std::process::Output;

/// Few images of the built-in digits; LeNet is shipped for them.
fn folder() -> Folder {
    let scratch = Folder::new();
    let text = super::FILE
        .replace("tiny.toml", "lenet")
        .replace("seeds = [1, 2]", "seeds = [1]")
        .replace(
            "float = \"--epochs 2 --train-images 640\"",
            "start = \"shipped\"",
        )
        .replace("--train-images 640", "--train-images 64")
        .replace("--train-images 320", "--train-images 64");
    // One trained row and the start are enough.
    let (head, rest) = text
        .split_once("[[row]]\nname = \"lattice\"")
        .expect("rows");
    let (_, last) = rest.rsplit_once("[[row]]").expect("rows");
    scratch.write("quick.toml", format!("{head}[[row]]{last}"));
    scratch
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", complaint(output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn seeds_start_from_the_shipped_network() {
    let scratch = folder();
    let said_first = said(&scratch.run("out", &[]));
    assert!(
        said_first.contains("from a deployed network"),
        "{said_first}"
    );
    assert!(!scratch.at("out/quick/seed1/float").exists());
    let noted = String::from_utf8(scratch.read("out/quick/seed1/qat/commands.txt"));
    let noted = noted.expect("text");
    assert!(
        noted.contains("--init shipped") && noted.contains("# its --init has the fingerprint"),
        "{noted}"
    );
    let result = |row: &str| -> Value {
        let bytes = scratch.read(&format!("out/quick/seed1/{row}/result.json"));
        serde_json::from_slice(&bytes).expect("JSON")
    };
    let row = result("ideal_values");
    assert_eq!(row["commands"].as_array().map(Vec::len), Some(2));
    // 64 images leave the network about as good as it was shipped: 96.95 % of 2000.
    let share = row["modes"]["ideal"]["estimate"].as_f64().expect("a share");
    assert!(share > 0.85, "{share}");
    let page = String::from_utf8(scratch.read("out/quick/results.md")).expect("text");
    assert!(page.contains("--init shipped"), "{page}");

    // Results outlive the networks, and belong to this start only.
    for name in ["qat", "ideal_values"] {
        for file in ["state.safetensors", "deployed.safetensors"] {
            let path = scratch.at("out/quick/seed1").join(name).join(file);
            fs::remove_file(path).expect("a file");
        }
    }
    let again = said(&scratch.run("out", &[]));
    assert_eq!(again.matches("there already").count(), 2, "{again}");
    let other = scratch.read("quick.toml");
    let other = String::from_utf8(other).expect("text").replace(
        "start = \"shipped\"",
        "float = \"--epochs 1 --train-images 64\"",
    );
    scratch.write("quick.toml", other);
    let refused = scratch.run("out", &[]);
    assert!(!refused.status.success());
}

#[test]
fn a_training_starts_from_networks_that_fit_it() {
    let scratch = Scratch::new();
    let train = |model: &str, method: &str, init: &str, out: &str| {
        let fixed = ["--epochs", "1", "--train-images", "64"];
        let own = [
            "train", "--model", model, "--method", method, "--init", init, "--out", out,
        ];
        let all: Vec<&str> = own.into_iter().chain(fixed).collect();
        scratch.imcsim(&all)
    };
    let first = said(&train("lenet", "imcq", "shipped", "a"));
    assert!(first.contains("from a deployed network"), "{first}");
    // What a training leaves is a start as well, packed or not; it goes on where it stopped only from the same one.
    let left = said(&train("lenet", "qat", "a/deployed.safetensors", "b"));
    assert!(left.contains("from a deployed network"), "{left}");
    for (arguments, named) in [
        (["lenet", "qat", "shipped", "b"], "started elsewhere"),
        (
            ["lenet", "float", "shipped", "c"],
            "cannot start from a quantized",
        ),
        (
            ["vgg_quarter", "qat", "shipped", "c"],
            "no weights of `vgg_quarter` for built-in pictures are shipped",
        ),
        (
            ["vgg", "qat", "a/deployed.safetensors", "c"],
            "its weights belong to `lenet`",
        ),
        (["lenet", "qat", "./shipped", "c"], "shipped"),
    ] {
        let [model, method, init, out] = arguments;
        let output = train(model, method, init, out);
        assert_eq!(output.status.code(), Some(2), "{named}");
        assert!(complaint(&output).contains(named), "{}", complaint(&output));
    }
}
