//! Margins of shipped and made-up macros: the closed form and the Monte Carlo agree for every kind of read-out with all its
//! non-idealities, references that follow the inputs act on virtual chips as in the closed form, and more word lines never
//! read better.

mod support;

use imcsim::hw::chip::Hardware;
use imcsim::hw::imc_array::{ChipPlace, VirtualChip};
use imcsim::hw::partial_sum::SumRange;
use imcsim::margin::{MarginOptions, Pattern, RowCount, layer_margin, macro_margins};
use imcsim::results::margin::MarginReport;

/// Four standard errors: one in sixteen thousand by chance, and the seed is fixed.
const STANDARD_ERRORS: f64 = 4.0;

fn hardware(change: &[(&str, &str)]) -> Hardware {
    support::hardware("reram_9wl", change)
}

fn agrees(report: &MarginReport, what: &str) {
    let sampled = report.error_rate_sampled.expect("was sampled");
    let rate = report.error_rate;
    let standard_error = (rate * (1.0 - rate) / report.samples as f64).sqrt();
    assert!(
        (sampled - rate).abs() <= STANDARD_ERRORS * standard_error,
        "{what}, {}: sampled {sampled}, closed form {rate}, standard error {standard_error}",
        report.policy
    );
    let total: f64 = report.values.iter().map(|value| value.probability).sum();
    assert!(
        (total - 1.0).abs() < 1e-9,
        "{what}: probabilities of sum {total}"
    );
}

#[test]
fn every_read_out_agrees_with_its_monte_carlo() {
    let single = ("single_sigma_ua = 0.0", "single_sigma_ua = 0.7");
    let options = MarginOptions {
        samples: 300_000,
        bins: 100,
        ..MarginOptions::default()
    };
    for kind in ["binary_search", "flash", "ramp"] {
        let hardware = hardware(&[("binary_search", kind), single]);
        for report in macro_margins(&hardware, 2, 2, &options).expect("fits") {
            agrees(&report, kind);
        }
    }
}

#[test]
fn read_outs_without_comparisons_agree_with_their_monte_carlo() {
    let options = MarginOptions {
        samples: 300_000,
        bins: 100,
        ..MarginOptions::default()
    };
    let loud = [
        ("sigma_relative = 0.01", "sigma_relative = 0.5"),
        (
            "read_noise.none = {}",
            "read_noise.normal = { sigma_ua = 20.0 }",
        ),
    ];
    let clamp = (
        "saturation.none = {}",
        "saturation.clamp = { limit_ua = 45.0 }",
    );
    let rates = |hardware: Hardware, what: &str| -> Vec<f64> {
        let reports = macro_margins(&hardware, 2, 2, &options).expect("fits");
        reports.iter().for_each(|report| agrees(report, what));
        reports.iter().map(|report| report.error_rate).collect()
    };
    let plain = rates(support::measured_macro(&[]), "measured");
    // The same but for how entries of nearly equal currents were merged.
    let same = |one: &[f64], other: &[f64]| {
        let mut pairs = one.iter().zip(other);
        pairs.all(|(a, b)| (a - b).abs() < 1e-6 * a)
    };
    // Noise at each read is in the matrix already.
    let loud_rates = rates(support::measured_macro(&loud), "measured, loud");
    assert!(same(&plain, &loud_rates), "{plain:?} {loud_rates:?}");
    assert_ne!(
        rates(support::measured_macro(&[clamp]), "measured, clamp"),
        plain
    );
    let steady = [(
        "sigma_relative = [0.05, 0.05]",
        "sigma_relative = [0.001, 0.001]",
    )];
    let steady = rates(support::measured_macro(&steady), "measured, steady cells");
    assert!(
        steady
            .iter()
            .zip(&plain)
            .all(|(steady, plain)| steady < plain)
    );
    let text = support::shipped("reram_9wl");
    let start = text.find("[readout.binary_search]").expect("a read-out");
    let end = text.find("[accumulator]").expect("an accumulator");
    let ideal = format!("{}[readout.ideal]\n{}", &text[..start], &text[end..]);
    let quiet = rates(support::resolved(&ideal, &[]), "ideal");
    let loud_rates = rates(support::resolved(&ideal, &loud), "ideal, loud");
    assert!(same(&quiet, &loud_rates), "{quiet:?} {loud_rates:?}");
}

/// One column alone, references that follow the inputs.
fn input_aware() -> Hardware {
    hardware(&[
        ("subtraction = \"analog\"", "subtraction = \"digital\""),
        ("replica_column", "input_aware_reference"),
        ("noise.normal = { sigma_ua = 2.2 }", "noise.none = {}"),
        (
            "[cell.on_off.read_noise.normal]\nsigma_relative = 0.01",
            "[cell.on_off.read_noise.none]",
        ),
        (
            "references.calibrated]\nstep_resolution_mac = 0.25",
            "references.full_range]",
        ),
        (
            "column_sigma_relative = 0.02",
            "column_sigma_relative = 0.05",
        ),
        ("bits = 4", "bits = 5"),
    ])
}

#[test]
fn references_that_follow_the_inputs_act_on_virtual_chips_as_in_the_closed_form() {
    let hardware = input_aware();
    let conversion = hardware.conversions(2, 2).expect("fits")[0];
    let range = conversion.sum_range(9, 2, 2);
    assert_eq!(range, SumRange { min: 0, max: 27 });
    let readout = hardware.readout.place(range, None).expect("fits");
    let codes = [1i8, 1, 1, -1, 0, 0, -1, 0, 1];
    let inputs = [3u8, 2, 0, 3, 3, 1, 2, 3, 2];
    let (mut sum, mut driven) = (0, 0);
    let mut states = Vec::new();
    for (&weight, &input) in codes.iter().zip(&inputs) {
        sum += i32::from(conversion.weight.apply(weight)) * i32::from(input);
        driven += usize::from(input);
        if input > 0 {
            let rows = 1;
            states.push(RowCount {
                input,
                weight,
                rows,
            });
        }
    }
    let pattern = [Pattern { states }];
    let options = MarginOptions {
        samples: 0,
        ..MarginOptions::default()
    };
    let bits = (2, 2);
    let report = layer_margin(
        &hardware,
        &readout,
        &conversion,
        "one",
        (&pattern, bits),
        &options,
    );
    let right = readout.code(f64::from(sum));
    let chips = 20_000;
    let is_wrong = |chip: &u64| {
        let place = ChipPlace {
            seed: 5,
            chip: *chip,
            layer: 0,
            plane: 0,
        };
        let chip = VirtualChip::program(
            &hardware,
            &readout.clone().into(),
            &conversion,
            &codes,
            9,
            place,
        );
        let rows = chip.weights.iter().zip(&inputs);
        let x: f32 = rows.map(|(w, &a)| w * f32::from(a)).sum();
        let code = chip.thresholds.iter().filter(|&&t| t <= x).count();
        let highest = chip.highest.as_ref().expect("knows its inputs")[0][driven];
        code.min(usize::from(highest)) != usize::from(right)
    };
    let wrong = (0..chips).filter(is_wrong).count();
    let (rate, share) = (report.error_rate, wrong as f64 / chips as f64);
    let standard_error = (rate * (1.0 - rate) / chips as f64).sqrt();
    assert!(rate > 0.01, "the case shows errors: {rate}");
    assert!(
        (share - rate).abs() <= STANDARD_ERRORS * standard_error,
        "chips {share}, closed form {rate}, standard error {standard_error}"
    );
}

#[test]
fn observed_patterns_agree_with_their_monte_carlo() {
    let hardware = hardware(&[]);
    let conversion = hardware.conversions(2, 2).expect("fits")[0];
    let range = conversion.sum_range(9, 2, 2);
    let design = hardware.readout.with_full_range();
    let readout = design.place(range, None).expect("fits");
    let rows = |input, weight, rows| RowCount {
        input,
        weight,
        rows,
    };
    let pattern = |n: u16| Pattern {
        states: vec![rows(1, 1, 1 + n % 4), rows(3, -1, n % 3), rows(2, 0, n % 2)],
    };
    let patterns: Vec<Pattern> = (0..40).map(pattern).collect();
    let options = MarginOptions {
        samples: 60_000,
        bins: 100,
        ..MarginOptions::default()
    };
    let observed = (patterns.as_slice(), (2, 2));
    let report = layer_margin(&hardware, &readout, &conversion, "conv", observed, &options);
    agrees(&report, "observed");
    assert_eq!(report.policy, "conv");
}

#[test]
fn more_word_lines_never_read_better_without_clipping() {
    let hardware = hardware(&[
        ("bits = 4", "bits = 8"),
        ("sigma_ua = 2.2", "sigma_ua = 0.8"),
    ]);
    let options = MarginOptions {
        samples: 0,
        error_limit: Some(0.02),
        ..MarginOptions::default()
    };
    let report = &macro_margins(&hardware, 2, 2, &options).expect("fits")[0];
    let rates: Vec<f64> = report.active_sweep.iter().map(|p| p.error_rate).collect();
    let rising = rates.windows(2).all(|pair| pair[0] <= pair[1]);
    assert!(rates.len() >= 9 && rising, "{rates:?}");
    let most = report.largest_active.expect("one row is read well");
    let within = report.active_sweep.iter().filter(|p| p.error_rate <= 0.02);
    assert_eq!(most, within.map(|p| p.active).max().unwrap_or(0));
}
