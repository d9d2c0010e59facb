//! Time, chip and cost of hardware files: they may be left out, change no value, and are named with their line where wrong.

use super::canonical::{Line, Text};
use super::{error_of, load_text, set};
use std::fs;

/// The text without the sections of these tables and their provenance.
fn without_tables(text: &str, tables: &[&str]) -> String {
    let mut text = Text::read(text);
    let gone = |key: &str| tables.contains(&key.split('.').next().unwrap_or_default());
    text.0.retain(|line| match line {
        Line::Header(path) => !gone(&path[0]),
        Line::Entry { path, .. } if path[0] == "provenance" => !gone(&path[1]),
        Line::Entry { path, .. } => !gone(&path[0]),
        Line::Other(_) => true,
    });
    text.write()
}

#[test]
fn times_chip_and_cost_may_be_left_out_and_change_no_value() {
    for name in ["ideal", "reram_9wl", "reram_64wl"] {
        let path = format!("{}/arch/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        let text = fs::read_to_string(path).expect("shipped");
        let whole = set(name, &[]).expect("shipped");
        for gone in [
            &["cost"][..],
            &["chip"],
            &["timing"],
            &["timing", "chip", "cost"],
        ] {
            let loaded = load_text("left_out", &without_tables(&text, gone), &[]).expect("right");
            assert_eq!(
                loaded.summary.fingerprint, whole.summary.fingerprint,
                "{name}"
            );
            assert!(loaded.summary.facts.len() < whole.summary.facts.len());
        }
    }
}

/// The hash of shipped weights and published results.
#[test]
fn fingerprints_are_those_that_weights_were_trained_for() {
    for (name, fingerprint) in [
        ("reram_9wl", "a74c69dcdb11462e"),
        ("reram_64wl", "fc4f3bfdd8ff4c4a"),
        ("ideal", "6a4bc34ec2afd7ee"),
    ] {
        assert_eq!(
            set(name, &[]).expect("shipped").summary.fingerprint,
            fingerprint
        );
    }
}

#[test]
fn wrong_costs_are_named_with_their_line() {
    let text = fs::read_to_string(format!(
        "{}/arch/reram_9wl.toml",
        env!("CARGO_MANIFEST_DIR")
    ))
    .expect("shipped");
    for (from, to, key, part) in [
        (
            "model = \"zigzag\"",
            "model = \"zigzig\"",
            "cost.adc.model",
            "did you mean `zigzag`?",
        ),
        (
            "zigzag = { supply_v = 0.9 }",
            "zigzag = { supply_v = nan }",
            "cost.adc.zigzag.supply_v",
            "above 0",
        ),
        (
            "zigzag = { supply_v = 0.9 }\n",
            "",
            "cost.adc.zigzag",
            "the numbers of cost.adc.model",
        ),
        (
            "bits = [4, 6]",
            "bits = [6, 4]",
            "cost.adc.table.bits",
            "ascending",
        ),
        (
            "area_um2 = [500.0, 580.0]",
            "area_um2 = [500.0]",
            "cost.adc.table.area_um2",
            "2 numbers",
        ),
        (
            "driver_area_um2 = 10.0",
            "driver_area_um2 = -1.0",
            "cost.word_lines.driver_area_um2",
            "0 or more",
        ),
        (
            "[cost]\n",
            "[cost]\ncalibration_factor = 0.0\n",
            "cost.calibration_factor",
            "above 0",
        ),
        (
            "\"cost.array_read\" =",
            "\"cost.array_red\" =",
            "cost.array_read.bit_line_capacitance_ff",
            "expected an entry",
        ),
    ] {
        let wrong = text.replace(from, to);
        assert_ne!(wrong, text, "{from}");
        let path: Vec<String> = key.split('.').map(Into::into).collect();
        let canonical = Text::read(&wrong);
        let depth = (1..=path.len())
            .rev()
            .find(|&d| canonical.contains(&path[..d]));
        let line = canonical.line_of(&path[..depth.unwrap_or(0)]);
        let error = error_of("wrong_cost", &wrong);
        let start = format!("wrong_cost.toml:{line}: {key}: ");
        assert!(
            error.contains(&start) && error.contains(part),
            "{start} {part} in\n{error}"
        );
    }
    // A table that says nothing about the macro's bits: never interpolated.
    let wrong = text
        .replace("model = \"zigzag\"", "model = \"table\"")
        .replace("bits = [4, 6]", "bits = [3, 6]");
    let error = error_of("wrong_cost", &wrong);
    assert!(
        error.contains("cost.adc.table.bits: expected an entry for 4 bits, found [3, 6]"),
        "{error}"
    );
    assert!(error.contains("nothing is extrapolated"), "{error}");
}

/// Numbers that are right one by one and wrong together, or that no unit explains.
#[test]
fn times_that_cannot_be_are_named_by_their_key() {
    let mesh = "chip.interconnect={mesh={columns=16777216, width_bits=256, hop_cycles=1}}";
    for (settings, key, says) in [
        (
            &["timing.sense_steps=3"][..],
            "timing.sense_steps",
            "at least 4",
        ),
        (
            &[
                "timing.sense_steps=65537",
                "timing.sense_cycles_per_step=65536",
            ],
            "timing.sense_cycles_per_step",
            "all 65537 comparisons",
        ),
        (&["timing.clock_ns=1e300"], "timing.clock_ns", "at most"),
        (&["timing.clock_ns=1e-9"], "timing.clock_ns", "at least"),
        (
            &["cost.array_read.bit_line_capacitance_ff=1e308"],
            "cost.array_read.bit_line_capacitance_ff",
            "at most",
        ),
        (
            &["chip.weight_writing={row_ns=1e300, macros_at_once=1}"],
            "chip.weight_writing.row_ns",
            "at most",
        ),
        (&[mesh], "chip.interconnect.mesh.columns", "routers"),
        (
            &[
                "timing.sample_and_hold=per_readout",
                "timing.sample_cycles=1",
            ],
            "",
            "",
        ),
    ] {
        let found = set("reram_9wl", settings);
        if key.is_empty() {
            assert!(found.is_ok(), "{settings:?}");
            continue;
        }
        let error = found.err().unwrap_or_default();
        let line = error.lines().find(|line| line.contains(key));
        assert!(
            line.is_some_and(|line| line.contains(says)),
            "{settings:?}: {error}"
        );
    }
}
