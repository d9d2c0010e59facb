//! Results whose networks were not kept: they stand for themselves, are never thrown away, and tell what they are of.

use super::belonging::Finished;
use serde_json::{Value, json};
use std::fs;

const PAGES: [&str; 4] = ["results.md", "results.json", "results.csv", "curves.csv"];

/// The finished experiment with what is worth keeping of its trainings: all but the networks.
fn without_networks() -> Finished {
    let test = Finished::new();
    for training in ["float", "qat", "ideal_values", "noisy"] {
        for name in ["state.safetensors", "deployed.safetensors", "curve.svg"] {
            let _ = fs::remove_file(test.at(training).join(name));
        }
    }
    test
}

fn page(test: &Finished, name: &str) -> Vec<u8> {
    fs::read(test.0.at("out/quick").join(name)).expect("a page")
}

fn text(test: &Finished) -> String {
    String::from_utf8(page(test, "results.md")).expect("text")
}

#[test]
fn results_outlive_their_networks() {
    let test = without_networks();
    let before = PAGES.map(|name| page(&test, name));
    for name in PAGES {
        fs::remove_file(test.0.at("out/quick").join(name)).expect("scratch file");
    }
    let said = test.succeeds(&[]);
    assert_eq!(said.matches("there already").count(), 4, "{said}");
    assert!(PAGES.map(|name| page(&test, name)) == before);
    assert!(!test.at("float/state.safetensors").exists());
    // A row that is missing needs the network again, and finds that of the results on this machine.
    test.mark("noisy");
    fs::remove_file(test.at("noisier/result.json")).expect("scratch file");
    test.succeeds(&["--quiet"]);
    assert!(test.at("noisy/deployed.safetensors").exists());
    assert!(test.is_marked("noisy"), "its result stands");
}

#[test]
fn a_network_of_other_rounding_is_evaluated_and_the_result_before_it_kept() {
    let test = without_networks();
    let before = PAGES.map(|name| page(&test, name));
    // As if another machine had trained it.
    test.change_result("noisy", |result| {
        result["evaluation"]["weights_fingerprint"] = json!("0123456789abcdef");
    });
    let elsewhere = test.result("noisy");
    test.succeeds(&["--quiet", "--rows", "noisier"]);
    assert!(text(&test).contains("of one training that was done more than once"));
    fs::remove_file(test.at("noisier/result.json")).expect("scratch file");
    // The row before it lost its network to the one that this row needs: one command leaves a whole page all the same.
    test.succeeds(&["--quiet"]);
    assert!(!text(&test).contains("Still missing"));
    assert!(PAGES.map(|name| page(&test, name)) == before);
    let kept = fs::read(test.at("noisy/result.before.json")).expect("kept");
    let kept: Value = serde_json::from_slice(&kept).expect("JSON");
    assert_eq!(kept, elsewhere);
}

#[test]
fn results_of_two_networks_of_one_training_are_told() {
    let test = without_networks();
    test.change_result("noisier", |result| {
        result["evaluation"]["weights_fingerprint"] = json!("0123456789abcdef");
    });
    test.change_result("ideal_values", |result| {
        result["start_fingerprint"] = json!("00000000deadbeef");
    });
    test.change_result("start", |result| result["start_fingerprint"] = Value::Null);
    test.succeeds(&["--quiet", "--rows", "start"]);
    let page = text(&test);
    for part in [
        "## Starts",
        "Seed 1: rows did not all start from the same numbers",
        "- 00000000deadbeef: `ideal_values`\n",
        "Seed 1: these rows are of one training that was done more than once.",
        "- 0123456789abcdef: `noisier`\n",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    // What was not recorded is no start of its own.
    for row in ["ideal_values", "noisier"] {
        test.change_result(row, |result| result["start_fingerprint"] = Value::Null);
    }
    test.succeeds(&["--quiet", "--rows", "start"]);
    assert!(!text(&test).contains("did not all start"));
}

#[test]
fn what_does_not_stand_for_itself_is_refused_and_nothing_is_trained() {
    let test = without_networks();
    let right = test.result("noisy");
    let wrong: [(&str, &str, Value); 3] = [
        (
            "another training",
            "training_fingerprint",
            json!("0123456789abcdef"),
        ),
        (
            "does not say what training",
            "training_fingerprint",
            Value::Null,
        ),
        (
            "other training images",
            "train_data_fingerprint",
            json!("0123456789abcdef"),
        ),
    ];
    for (told, key, value) in wrong {
        test.change_result("noisy", |result| result[key] = value.clone());
        let error = test.refused(&["--rows", "noisy"]);
        assert!(
            error.contains(told) && error.contains("noisy/result.json"),
            "{told}: {error}"
        );
        test.change_result("noisy", |result| *result = right.clone());
    }
    // Another evaluation would take hours of training here, so it is not done by itself.
    test.edit("quick.toml", "repeats = 2", "repeats = 3");
    let error = test.refused(&["--rows", "noisy"]);
    assert!(
        error.contains("evaluated otherwise") && error.contains("put it back"),
        "{error}"
    );
    assert!(!test.at("float/state.safetensors").exists());
    assert_eq!(test.result("noisy"), right);
}

#[test]
fn a_folder_with_the_result_of_another_training_is_not_trained_in() {
    let test = without_networks();
    let right = test.result("noisy");
    test.edit("quick.toml", "--method imcaq", "--method imcq");
    fs::remove_file(test.at("noisier/result.json")).expect("scratch file");
    let output = test.run(&["--rows", "noisier", "--quiet"]);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(
        error.contains("noisy/result.json is of another training"),
        "{error}"
    );
    assert_eq!(test.result("noisy"), right);
    assert!(!test.at("noisy/state.safetensors").exists());
}

#[test]
fn a_network_without_its_state_is_no_start() {
    let test = Finished::new();
    fs::remove_file(test.at("qat/state.safetensors")).expect("scratch file");
    for name in ["state.safetensors", "deployed.safetensors", "result.json"] {
        fs::remove_file(test.at("noisy").join(name)).expect("scratch file");
    }
    let output = test.run(&["--rows", "noisy", "--quiet"]);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{error}");
    for part in ["qat/state.safetensors is gone", "put it back"] {
        assert!(error.contains(part), "{part}: {error}");
    }
}

/// A change of what these are made of (settings, macros, networks in the program's own words) refuses every result that was kept
/// without its network. If that is what is meant, these change, and the changelog says so.
#[test]
fn trainings_keep_their_fingerprints() {
    let test = Finished::new();
    for (row, fingerprint) in [
        ("start", "41c484d368214fff"),
        ("ideal_values", "a3c261c2dec3ab72"),
        ("noisy", "437cdd2fa537a98a"),
    ] {
        assert_eq!(
            test.result(row)["training_fingerprint"],
            json!(fingerprint),
            "{row}"
        );
    }
}
