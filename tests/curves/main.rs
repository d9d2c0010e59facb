//! Curves of accuracy through the program: against ADC bits and against open word lines.

mod adc_bits;
#[path = "../support/mod.rs"]
mod support;
mod word_lines;

use serde_json::Value;
use support::Scratch;

/// Everything a small run of `reram_9wl` with LeNet found out, with options and some numbers of the macro changed.
fn run(options: &str, changes: &[&str]) -> Value {
    let small = "--model lenet --calibration-images 32 --repeats 1 --chips 0 --samples 0 --json";
    let scratch = Scratch::new();
    let mut command = scratch.command(["run", "reram_9wl"]);
    command.args(small.split(' '));
    command.args(options.split_whitespace());
    for change in changes {
        command.args(["--set", change]);
    }
    let output = command.output().expect("starts");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}
