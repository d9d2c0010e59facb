//! An experiment whose seeds start from the shipped network instead of a full-precision training; and `imcsim train` from it.

use super::support::Scratch;
use super::{Folder, complaint};
use imcsim::gzip;
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
    let (head, rest) = text.split_once("[[row]]\nname = \"noisy\"").expect("rows");
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
    assert!(
        page.contains("over seeds, which share the trained network"),
        "{page}"
    );

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
    assert_eq!(refused.status.code(), Some(2));
    let complaint = complaint(&refused);
    assert!(
        complaint.contains("--init shipped") && complaint.contains("ideal_values"),
        "{complaint}"
    );
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
    let again = said(&train("lenet", "imcq", "shipped", "a"));
    assert!(
        again.contains("from a deployed network") && !again.contains("epoch"),
        "{again}"
    );
    // What a training leaves is a start as well, packed or not; it goes on where it stopped only from the same one.
    let left = scratch.at("a/deployed.safetensors");
    let packed = gzip::packed(&fs::read(left).expect("a network")).expect("packed");
    scratch.write("packed.gz", &packed);
    let states = ["a/deployed.safetensors", "packed.gz"].map(|init| {
        let out = format!("from_{}", init.replace('/', "_"));
        let said = said(&train("lenet", "qat", init, &out));
        assert!(said.contains("from a deployed network"), "{said}");
        fs::read(scratch.at(&format!("{out}/deployed.safetensors"))).expect("a network")
    });
    assert!(states[0] == states[1], "one start, one training");
    scratch.write("cut.gz", &packed[..packed.len() / 2]);
    for (arguments, named) in [
        (
            ["lenet", "qat", "shipped", "from_packed.gz"],
            "started elsewhere",
        ),
        (["lenet", "qat", "cut.gz", "c"], "not a whole gzip file"),
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
