//! Accuracy against open word lines through the program: every point is what a macro with that many word lines gives, and its own
//! is that of the curve of ADC bits.

use super::run;
use serde_json::Value;

/// A small run without the chip over time.
fn small(options: &str, changes: &[&str]) -> Value {
    run(&format!("--images 64 --cycle-images 0 {options}"), changes)
}

fn points(all: &Value) -> &Vec<Value> {
    all["word_line_curve"].as_array().expect("curve")
}

/// The point of so many word lines.
fn point<'a>(all: &'a Value, active: u64, references: &str) -> &'a Value {
    let mut of_this = points(all).iter().filter(|point| {
        point["active"].as_u64() == Some(active) && point["references"] == references
    });
    let found = of_this.next().expect("on the curve");
    assert!(of_this.next().is_none());
    found
}

#[test]
fn every_point_is_what_such_a_macro_gives() {
    let all = small("", &[]);
    let numbers: Vec<u64> = points(&all)
        .iter()
        .step_by(2)
        .filter_map(|point| point["active"].as_u64())
        .collect();
    // 8 is too close to the 9 of this macro.
    assert_eq!(numbers, [4, 9, 16, 32, 64, 128]);
    assert_eq!(all["word_line_curve_images"], 5 * 2 * 64);
    assert_eq!(all["warnings"].as_array().map(Vec::len), Some(0));
    let mut right = Vec::new();
    for active in [4, 32] {
        let lines = format!("word_lines.active={active}");
        for (references, more) in [
            ("calibrated", &[][..]),
            (
                "full_range",
                &["readout.binary_search.references={full_range={snap=\"half_integer\"}}"][..],
            ),
        ] {
            let changes = [&[lines.as_str()], more].concat();
            let such = small("--curve-images 0", &changes);
            let own = &such["accuracy"]["read_noise"]["runs"][0];
            let on_curve = point(&all, active, references);
            assert_eq!(
                on_curve["accuracy"]["correct"], own["correct"],
                "{active} {references}"
            );
            right.push(own["correct"].as_u64());
            let layers = such["layers"].as_array().expect("layers");
            let conversions = layers
                .iter()
                .filter_map(|layer| layer["mapping"]["conversions"].as_u64());
            assert_eq!(on_curve["conversions"].as_u64(), Some(conversions.sum()));
        }
    }
    right.sort_unstable();
    right.dedup();
    assert!(right.len() > 2, "word lines have an influence: {right:?}");
}

#[test]
fn its_own_points_are_those_of_the_curve_of_bits() {
    let all = small("", &["word_lines.active=12"]);
    let bits = all["adc_curve"].as_array().expect("curve");
    for references in ["calibrated", "full_range"] {
        let own = point(&all, 12, references);
        let same = bits.iter().find(|point| {
            point["bits"] == 4 && point["noise"] == true && point["references"] == references
        });
        let same = same.expect("own bits");
        for key in ["accuracy", "lost", "is_this_macro"] {
            assert_eq!(own[key], same[key], "{references} {key}");
        }
    }
    let marked = points(&all)
        .iter()
        .filter(|point| point["is_this_macro"] == true);
    assert_eq!(marked.count(), 1);
    let close = points(&all).iter().any(|point| point["active"] == 16);
    assert!(!close, "16 is close to 12");
}

#[test]
fn no_more_word_lines_than_the_array_has() {
    let all = small("", &["array.rows=70"]);
    let most = points(&all)
        .iter()
        .filter_map(|point| point["active"].as_u64());
    assert_eq!(most.max(), Some(64));
    let none = small("--curve-images 0", &[]);
    assert!(points(&none).is_empty());
    assert_eq!(none["word_line_curve_images"], 0);
}

#[test]
fn a_number_that_cannot_be_placed_is_left_out_with_a_warning() {
    // 4096 steps of this size reach the sums of few word lines only.
    let references = "readout.binary_search.references.calibrated";
    let all = small("", &[&format!("{references}.step_resolution_mac=0.002")]);
    let warnings = all["warnings"].as_array().expect("warnings");
    let texts: Vec<&str> = warnings.iter().filter_map(Value::as_str).collect();
    let left_out = |active: u64| {
        let start =
            format!("Accuracy against open word lines leaves out {active}, calibrated references:");
        texts.iter().any(|text| text.starts_with(&start))
    };
    assert!(left_out(128) && !left_out(4), "{texts:?}");
    assert!(points(&all).iter().any(|point| point["active"] == 128));
}
