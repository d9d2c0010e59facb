//! Accuracy against ADC bits through the program: a macro that fits is never refused for a read-out that is only looked at,
//! and its own point is on the curve.

use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// The curve of a small run with some numbers changed.
fn curve(name: &str, changes: &[&str]) -> Value {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("adc_curve")
        .join(name);
    let small = "--model lenet --images 32 --calibration-images 32 --repeats 1 --chips 0 --samples 0 --json";
    let mut command = Command::new(env!("CARGO_BIN_EXE_imcsim"));
    command.args(["run", "reram_9wl"]).args(small.split(' '));
    for change in changes {
        command.args(["--set", change]);
    }
    let output = command.arg("--out").arg(&out).output().expect("starts");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Bits, references and noise of the points that are marked as the macro's own.
fn own_points(all: &Value) -> Vec<String> {
    let points = all["adc_curve"].as_array().expect("curve");
    let own = points.iter().filter(|point| point["is_this_macro"] == true);
    own.map(|point| {
        format!(
            "{} {} {}",
            point["bits"], point["references"], point["noise"]
        )
    })
    .collect()
}

#[test]
fn an_accumulator_that_fits_the_macro_is_wide_enough_for_the_curve() {
    let all = curve("narrow", &["accumulator.bits=14"]);
    assert_eq!(all["adc_curve"].as_array().map(Vec::len), Some(7 * 2 * 2));
    assert_eq!(all["warnings"].as_array().map(Vec::len), Some(0));
    assert_eq!(
        own_points(&all),
        ["4 \"calibrated\" false", "4 \"calibrated\" true"]
    );
}

#[test]
fn references_snap_as_those_of_the_macro() {
    let references = "readout.binary_search.references.calibrated";
    let all = curve(
        "free",
        &[
            &format!("{references}.snap=free"),
            &format!("{references}.step_resolution_mac=0.3"),
        ],
    );
    assert_eq!(
        own_points(&all),
        ["4 \"calibrated\" false", "4 \"calibrated\" true"]
    );
}

#[test]
fn what_cannot_be_placed_is_left_out_with_a_warning() {
    // 4096 steps of this size reach the full range of 4 bits, not that of 2 and 3.
    let references = "readout.binary_search.references.calibrated";
    let all = curve(
        "fine",
        &[&format!("{references}.step_resolution_mac=0.002")],
    );
    let warnings = all["warnings"].as_array().expect("warnings");
    assert!(!warnings.is_empty());
    let first = warnings[0].as_str().expect("text");
    assert!(first.contains("2 bits, calibrated references"), "{first}");
    assert!(!own_points(&all).is_empty());
}
