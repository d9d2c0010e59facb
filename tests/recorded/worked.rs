//! The schedule that is worked out by hand, from the shipped chip and the shipped layer through the command: what a user sees is
//! what the arithmetic says. The engine alone is held to the same numbers in `tests/cycle`.

use super::support::Scratch;
use super::{about, done, root};
use imcsim::net::network::{Geometry, Layer, Shape, Weights};
use imcsim::net::recorded::{Recorded, RecordedLayer, load};
use serde_json::Value;

const TRACE: &str = "traces/worked_layer.safetensors.gz";
const PIXELS: u64 = 256;

/// The layer by its formulas.
fn layer() -> RecordedLayer {
    let input = Shape {
        channels: 64,
        height: 16,
        width: 16,
    };
    let layer = Layer {
        name: "worked".into(),
        geometry: Geometry {
            input,
            outputs: 64,
            kernel: 3,
            stride: 1,
            padding: 1,
        },
        linear: false,
        weights: Weights::Macro { bits: 5 },
        activation_bits: Some(4),
        pool: None,
    };
    let weight = |k: i32| ((7 * (k / 576) + 3 * (k % 576)) % 31 - 15) as i8;
    let code = |k: usize| ((5 * (k / 256) + 3 * (k / 16 % 16) + k % 16) % 16) as u8;
    RecordedLayer {
        layer,
        input_bits: 4,
        weights: (0..64 * 576).map(weight).collect(),
        inputs: (0..input.len()).map(code).collect(),
    }
}

#[test]
fn the_shipped_layer_is_its_formula() {
    let found = load(&root(TRACE)).expect("shipped");
    let expected = Recorded {
        about: found.about.clone(),
        layers: vec![layer()],
    };
    assert!(found == expected);
    assert_eq!(found.about.images, about(1).images);
}

fn cycles(settings: &[String]) -> Value {
    let scratch = Scratch::new();
    let trace = root(TRACE).to_string_lossy().into_owned();
    let mut arguments = vec!["trace", "worked_schedule", "--trace", &trace, "--json"];
    for setting in settings {
        arguments.extend(["--set", setting]);
    }
    let out = done(&scratch, &arguments);
    let all: Value = serde_json::from_slice(&out.stdout).expect("JSON");
    all["cycle"].clone()
}

#[test]
fn flash_sar_and_ramp_take_the_cycles_of_the_arithmetic() {
    for (steps, held, alone) in [(1, 1346, 2240), (5, 2244, 4032), (16, 7172, 8960)] {
        for (hold, pixel) in [("per_readout", held), ("none", alone)] {
            let steps = format!("timing.sense_steps={steps}");
            let hold = format!("timing.sample_and_hold=\"{hold}\"");
            let found = cycles(&[steps.clone(), hold.clone()]);
            // Beside the busiest macro's work: the first load, the last sums, their activation and the way out.
            let around = found["cycles"].as_u64().expect("cycles") - PIXELS * pixel;
            assert_eq!(around, 21, "{steps} {hold}");
        }
    }
}

#[test]
fn conversions_rows_and_converters_are_those_of_the_arithmetic() {
    let found = cycles(&[]);
    let layer = &found["mapping"]["layers"][0];
    assert_eq!(found["layers"][0]["conversions"], 16_777_216);
    assert_eq!(found["macro_macs"], 9_437_184);
    assert_eq!(found["conversions_per_mac"], 16.0 / 9.0);
    assert_eq!(layer["row_utilisation"], 0.9);
    assert_eq!(
        (&layer["row_tiles"], &layer["column_tiles"]),
        (&5.into(), &2.into())
    );
    assert_eq!(layer["operations"], 14 * 4 * 8);
    // 16.78 M conversions of 0.256 pJ are 4.3 uJ.
    let parts = found["cost"]["energy_pj"].as_array().expect("parts");
    let part = parts.iter().find(|part| part["name"] == "conversions");
    let energy_uj = part.expect("conversions")["value"]
        .as_f64()
        .expect("energy")
        * 1e-6;
    assert!(
        (energy_uj - 16_777_216.0 * 0.256_163_84e-6).abs() < 1e-9,
        "{energy_uj}"
    );
}
