//! Accuracy against ADC bits through the program: a macro that fits is never refused for a read-out that is only looked at,
//! its own point is on the curve, and the images it takes are few and shared out by need.

use super::run;
use super::support::{Scratch, shipped};
use serde_json::Value;
use std::sync::OnceLock;

/// Everything a small run found out with some numbers of the macro changed.
fn curve(changes: &[&str]) -> Value {
    run("--images 32", changes)
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
    let all = curve(&["accumulator.bits=14"]);
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
    let all = curve(&[
        &format!("{references}.snap=free"),
        &format!("{references}.step_resolution_mac=0.3"),
    ]);
    assert_eq!(
        own_points(&all),
        ["4 \"calibrated\" false", "4 \"calibrated\" true"]
    );
}

#[test]
fn what_cannot_be_placed_is_left_out_with_a_warning() {
    // 4096 steps of this size reach the full range of 4 bits, not that of 2 and 3.
    let references = "readout.binary_search.references.calibrated";
    let all = curve(&[&format!("{references}.step_resolution_mac=0.002")]);
    let warnings = all["warnings"].as_array().expect("warnings");
    assert!(!warnings.is_empty());
    let first = warnings[0].as_str().expect("text");
    assert!(first.contains("2 bits, calibrated references"), "{first}");
    assert!(!own_points(&all).is_empty());
}

fn points(all: &Value) -> &Vec<Value> {
    all["adc_curve"].as_array().expect("curve")
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("number")
}

/// A run that shares its images out, the same for all tests.
fn by_need() -> &'static Value {
    static RUN: OnceLock<Value> = OnceLock::new();
    RUN.get_or_init(|| run("--images 1400", &[]))
}

#[test]
fn the_curve_takes_little_more_images_than_one_point() {
    let all = by_need();
    let images = all["adc_curve_images"].as_u64().expect("number");
    assert!((1401..=1750).contains(&images), "{images}");
    assert_eq!(all["adc_curve_ideal"], all["accuracy"]["ideal"]);
    let ideal = number(&all["adc_curve_ideal"]["estimate"]);
    for point in points(all) {
        let (accuracy, lost) = (&point["accuracy"], &point["lost"]);
        assert!(accuracy["images"].as_u64() >= Some(64), "{point}");
        assert_eq!(accuracy["images"], lost["images"]);
        let estimate = number(&accuracy["estimate"]);
        assert!(
            (estimate + number(&lost["estimate"]) - ideal).abs() < 1e-12,
            "{point}"
        );
        assert!(number(&accuracy["low"]) <= estimate && estimate <= number(&accuracy["high"]));
        if point["is_this_macro"] == true {
            let own = match point["noise"] == true {
                true => &all["accuracy"]["read_noise"]["runs"][0],
                false => &all["accuracy"]["noise_free"],
            };
            assert_eq!(accuracy["correct"], own["correct"]);
            assert_eq!(accuracy["estimate"], own["estimate"]);
        }
        if point["bits"] == 8 && point["references"] == "full_range" && point["noise"] == false {
            assert_eq!(number(&accuracy["low"]), ideal, "lossless: nothing is open");
        }
    }
    assert_eq!(points(&run("--images 1400 --threads 1", &[])), points(all));
}

#[test]
fn a_point_sees_the_same_images_however_many_were_asked_for() {
    let by_need = by_need();
    let asked = |images: u64| run(&format!("--images 1400 --curve-images {images}"), &[]);
    let most = points(by_need)
        .iter()
        .filter(|point| point["accuracy"]["images"] != 1400);
    let most = most
        .filter_map(|point| point["accuracy"]["images"].as_u64())
        .max();
    let same = asked(most.expect("points"));
    let mut compared = 0;
    for (point, other) in points(by_need).iter().zip(points(&same)) {
        assert_eq!(other["accuracy"]["images"].as_u64(), most);
        if point["accuracy"]["images"].as_u64() == most {
            assert_eq!(point, other);
            compared += 1;
        }
    }
    assert!(compared > 0);
}

#[test]
fn on_all_images_the_estimate_is_the_plain_accuracy() {
    for options in ["--images 200 --curve-images 200", "--images 40"] {
        let all = run(options, &[]);
        for point in points(&all) {
            let accuracy = &point["accuracy"];
            assert_eq!(accuracy["images"], all["data"]["images"]);
            let plain = number(&accuracy["correct"]) / number(&accuracy["images"]);
            assert_eq!(number(&accuracy["estimate"]), plain, "{point}");
        }
    }
    let none = run("--images 32 --curve-images 0", &[]);
    assert!(points(&none).is_empty() && none["adc_curve_ideal"].is_null());
    assert_eq!(none["adc_curve_images"], 0);
}

#[test]
fn a_read_out_of_many_bits_is_the_ideal_network_image_by_image() {
    // Evaluated as the macro's own read-out, which no shortcut of the curve takes for the ideal.
    for kind in ["binary_search", "flash", "ramp"] {
        let scratch = Scratch::new();
        let text = shipped("reram_9wl")
            .replace("binary_search", kind)
            .replace("bits = 4", "bits = 7")
            .replace(
                "references.calibrated]\nstep_resolution_mac = 0.25",
                "references.full_range]",
            )
            .replace("noise.normal = { sigma_ua = 2.2 }", "noise.none = {}");
        scratch.write("many.toml", &text);
        let options = "run many.toml --model lenet --images 200 --calibration-images 32 --repeats 0 --chips 0 \
                       --samples 0 --curve-images 0 --cycle-images 0 --json";
        let output = scratch.imcsim(&options.split_whitespace().collect::<Vec<_>>());
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{kind}: {error}");
        let all: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let accuracy = &all["accuracy"];
        assert_eq!(accuracy["noise_free"], accuracy["ideal"], "{kind}");
        assert_eq!(accuracy["lost"]["only_ideal"], 0, "{kind}");
        assert_eq!(accuracy["lost"]["only_macro"], 0, "{kind}");
        let layers = all["layers"].as_array().expect("layers").iter();
        let on_macro = layers.filter(|layer| layer["on_macro"] == true);
        // Every code stands for one sum: nothing is off by anything.
        assert!(on_macro.clone().count() > 0);
        on_macro.for_each(|layer| assert_eq!(layer["clipped"], 0.0, "{kind}"));
    }
}
