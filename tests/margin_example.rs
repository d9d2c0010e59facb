//! The worked example of read margins, nine word lines, on/off ratio 10, 5 % cell spread: every printed digit from the closed
//! form, and the same within Monte Carlo error from sampling. Cases: A all rows driven, B random data with fixed, disturbed and
//! input-aware references, C other ratios, spreads and numbers of rows.

use imcsim::hw::chip::{Hardware, HardwareSpec};
use imcsim::margin::{MarginOptions, macro_margins};
use imcsim::results::margin::MarginReport;

/// Current of an on cell in uA.
const ON_UA: f64 = 10.0;

/// A case of the example; fields are what differs between them.
#[derive(Clone)]
struct Case {
    rows: usize,
    on_off: f64,
    spread: f64,
    input_on: f64,
    leakage: &'static str,
    offset_ua: f64,
    reference_error: f64,
    samples: u64,
}

const CASE: Case = Case {
    rows: 9,
    on_off: 10.0,
    spread: 0.05,
    input_on: 0.5,
    leakage: "uncompensated",
    offset_ua: 0.0,
    reference_error: 0.0,
    samples: 0,
};

impl Case {
    /// References in the middle between pattern-averaged means; half-way between the ideal currents if the leakage is
    /// compensated.
    fn thresholds_ua(&self) -> Vec<f64> {
        let off = ON_UA / self.on_off;
        let step = |k: usize| k as f64 + 0.5;
        let (px, pw) = (self.input_on, 0.5);
        let q = px * (1.0 - pw) / (1.0 - px * pw);
        let leak = if self.leakage == "uncompensated" {
            q * off
        } else {
            off
        };
        let rest = if self.leakage == "uncompensated" {
            self.rows as f64 * leak
        } else {
            0.0
        };
        (0..self.rows)
            .map(|k| step(k) * (ON_UA - leak) + rest)
            .collect()
    }

    fn hardware(&self) -> Hardware {
        let thresholds = self.thresholds_ua();
        let values: Vec<f64> = (0..=self.rows).map(|k| k as f64).collect();
        let text = format!(
            r#"
name = "example"
description = "worked example"
accumulator.bits = 32
weights.sign_split.subtraction = "digital"
word_lines = {{ active = {rows}, inputs.bit_serial = {{}} }}
bit_line = {{ leakage = "{leakage}", saturation.none = {{}}, wire.ideal = {{}}, read_noise.none = {{}} }}
provenance = {{}}

[array]
rows = 256
columns = 256
columns_per_readout = 8

[cell.on_off]
g_on_us = 50.0
on_off_ratio = {ratio:?}
bits = 1
read_voltage_v = 0.2
programming.normal.sigma_relative = [{spread:?}]
read_noise.none = {{}}
faults = {{ stuck_off_probability = 0.0, stuck_on_probability = 0.0 }}

[readout.ramp]
bits = 8
signed_codes = "symmetric"
decode = "centre"
references.list_ua = {{ thresholds_ua = {thresholds:?}, code_values_mac = {values:?} }}
reference_error = {{ shared_sigma_relative = 0.0, column_sigma_relative = {reference:?}, single_sigma_ua = 0.0 }}
sense_amp = {{ offset.normal.sigma_ua = {offset:?}, noise.none = {{}} }}
"#,
            rows = self.rows,
            leakage = self.leakage,
            ratio = self.on_off,
            spread = self.spread,
            reference = self.reference_error,
            offset = self.offset_ua,
        );
        let spec: HardwareSpec = toml::from_str(&text).expect("the case parses");
        Hardware::resolve(&spec).expect("the case resolves")
    }

    fn random(&self) -> MarginReport {
        let options = MarginOptions {
            samples: self.samples,
            bins: 5000,
            inputs: Some(vec![1.0 - self.input_on, self.input_on]),
            weights: Some(vec![0.0, 0.5, 0.5]),
            ..MarginOptions::default()
        };
        let mut reports = macro_margins(&self.hardware(), 2, 1, &options).expect("the case fits");
        reports.swap_remove(0)
    }

    fn error_rate(&self) -> f64 {
        self.random().error_rate
    }
}

/// Equal to all the digits printed.
fn printed(value: f64, text: &str) {
    let (digits, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let decimals = digits.split_once('.').map_or(0, |(_, d)| d.len() as i32);
    let scale: i32 = exponent.parse().expect("an exponent");
    let expected: f64 = text.parse().expect("a number");
    let half = 0.5 * 10f64.powi(scale - decimals);
    assert!(
        (value - expected).abs() <= half * (1.0 + 1e-6),
        "{value:e} is not {text}"
    );
}

#[test]
fn case_a_all_rows_driven() {
    let table = "\
        0 9 0.1500 4.9e-198 2.354e-18 13.441 11.0161 6.9912
        1 18 0.5196 2.354e-18 1.982e-10 7.264 21.7745 5.2830
        2 27 0.7194 1.982e-10 1.338e-07 5.646 31.0617 4.2179
        3 36 0.8746 1.338e-07 3.872e-06 4.785 40.1852 3.3574
        4 45 1.0062 3.872e-06 3.050e-05 4.228 49.2542 2.6138
        5 54 1.1225 3.050e-05 1.236e-04 3.829 58.2984 1.9491
        6 63 1.2278 1.236e-04 3.409e-04 3.526 67.3291 1.3423
        7 72 1.3248 3.409e-04 7.364e-04 3.285 76.3516 0.7804
        8 81 1.4151 7.364e-04 1.350e-03 3.087 85.3689 0.2547";
    let report = Case {
        input_on: 1.0,
        ..CASE
    }
    .random();
    for (line, pair) in table.lines().zip(report.values.windows(2)) {
        let cells: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(pair[0].value.to_string(), cells[0]);
        let some = |value: Option<f64>| value.expect("has a neighbour");
        let got = [
            pair[0].mean_ua,
            pair[0].sigma_ua,
            pair[0].p_above,
            pair[1].p_below,
            some(pair[0].d_prime),
            some(pair[0].equal_z_reference_ua),
            some(pair[0].z_margin_ua),
        ];
        for (value, text) in got.into_iter().zip(&cells[1..]) {
            printed(value, text);
        }
    }
    printed(report.values[9].sigma_ua, "1.5000");
}

#[test]
fn case_b_random_data() {
    let table = "\
        0 0.075085 3.000000 1.416863 0 9 8.562e-04
        1 0.225254 12.666667 1.426340 10 18 5.645e-04
        2 0.300339 22.333333 1.435754 20 27 5.797e-04
        3 0.233597 32.000000 1.445107 30 36 6.250e-04
        4 0.116798 41.666667 1.454399 40 45 6.927e-04
        8 0.000103 80.333333 1.490991 80 81 1.130e-03
        9 0.000004 90.000000 1.500000 90 90 6.360e-04";
    let report = CASE.random();
    for line in table.lines() {
        let cells: Vec<&str> = line.split_whitespace().collect();
        let value = &report.values[cells[0].parse::<usize>().expect("a value")];
        let got = [
            value.probability,
            value.mean_ua,
            value.sigma_ua,
            value.pattern_min_ua,
            value.pattern_max_ua,
            value.p_error,
        ];
        for (value, text) in got.into_iter().zip(&cells[1..]) {
            printed(value, text);
        }
    }
    let q = 1.0 / 3.0;
    for (k, value) in report.values.iter().enumerate() {
        let (on, off) = (k as f64, 9.0 - k as f64);
        let variance = 0.25 * on + off * q * 0.0025 + off * q * (1.0 - q);
        assert!((value.mean_ua - (10.0 * on + off * q)).abs() < 1e-11);
        assert!((value.sigma_ua.powi(2) - variance).abs() < 1e-11);
    }
    printed(report.error_rate, "6.318e-4");
    printed(report.mse, "6.318e-4");
    let margin = report.values[0].worst_margin_ua.expect("has a neighbour");
    assert!(
        (margin - 1.0).abs() < 1e-9,
        "one uA from pattern to pattern"
    );
}

#[test]
fn case_b_offsets_and_reference_errors() {
    let offset = Case {
        offset_ua: 0.5,
        ..CASE
    };
    printed(offset.error_rate(), "1.210e-3");
    let reference = Case {
        reference_error: 0.02,
        ..CASE
    };
    let report = reference.random();
    printed(report.error_rate, "1.927e-3");
    let worst = report
        .values
        .iter()
        .max_by(|a, b| a.p_error.total_cmp(&b.p_error));
    let worst = worst.expect("there are values");
    assert_eq!(worst.value, 8);
    printed(worst.p_error, "2.77e-2");
    let both = Case {
        offset_ua: 0.5,
        ..reference
    };
    printed(both.error_rate(), "2.973e-3");
}

#[test]
fn case_b_references_that_follow_the_inputs() {
    let aware = Case {
        leakage: "input_aware_reference",
        ..CASE
    };
    printed(aware.error_rate(), "5.416e-6");
    let disturbed = Case {
        offset_ua: 0.5,
        reference_error: 0.02,
        ..aware
    };
    printed(disturbed.error_rate(), "4.839e-4");
}

#[test]
fn case_c_sweep() {
    let error = |rows: usize, on_off: f64, spread: f64| {
        let case = Case {
            rows,
            on_off,
            spread,
            ..CASE
        };
        case.error_rate()
    };
    let table: [(usize, [&str; 4]); 3] = [
        (9, ["6.42e-2", "6.32e-4", "5.34e-6", "1.11e-6"]),
        (32, ["3.37e-1", "7.44e-2", "7.63e-3", "1.14e-3"]),
        (128, ["6.30e-1", "3.73e-1", "1.78e-1", "8.21e-2"]),
    ];
    for (rows, texts) in table {
        for (on_off, text) in [5.0, 10.0, 20.0, 100.0].into_iter().zip(texts) {
            printed(error(rows, on_off, 0.05), text);
        }
    }
    printed(error(9, 10.0, 0.10), "1.48e-2");
    printed(error(32, 10.0, 0.10), "1.86e-1");
}

/// Four standard errors: one in sixteen thousand by chance, and the seed is fixed.
const STANDARD_ERRORS: f64 = 4.0;

#[test]
fn sampling_agrees_with_the_closed_form() {
    let base = Case {
        samples: 400_000,
        ..CASE
    };
    let disturbed = Case {
        offset_ua: 0.5,
        reference_error: 0.02,
        ..base.clone()
    };
    let aware = Case {
        leakage: "input_aware_reference",
        ..disturbed.clone()
    };
    for case in [base, disturbed, aware] {
        let report = case.random();
        let sampled = report.error_rate_sampled.expect("was sampled");
        let n = report.samples as f64;
        let standard_error = (report.error_rate * (1.0 - report.error_rate) / n).sqrt();
        assert!(
            (sampled - report.error_rate).abs() < STANDARD_ERRORS * standard_error,
            "{}: {sampled} is not {} within {STANDARD_ERRORS} x {standard_error}",
            case.leakage,
            report.error_rate
        );
        moments_agree(&report);
    }
}

/// Mean and standard deviation of the sampled currents, as far as bins show them.
fn moments_agree(report: &MarginReport) {
    let bin = report.bin_edges_ua[1] - report.bin_edges_ua[0];
    for value in &report.values {
        let n: u64 = value.histogram.iter().sum();
        if n < 1000 {
            continue;
        }
        let center = |k: usize| report.bin_edges_ua[k] + 0.5 * bin;
        let sum = |power: i32| {
            let of = |(k, &count): (usize, &u64)| count as f64 * center(k).powi(power);
            value.histogram.iter().enumerate().map(of).sum::<f64>() / n as f64
        };
        let (mean, n) = (sum(1), n as f64);
        let variance = sum(2) - mean * mean;
        let allowed = STANDARD_ERRORS * value.sigma_ua / n.sqrt();
        assert!(
            (mean - value.mean_ua).abs() < allowed + 0.5 * bin,
            "mean of {}: {mean} is not {}",
            value.value,
            value.mean_ua
        );
        let ratio = variance / value.sigma_ua.powi(2);
        assert!(
            (ratio - 1.0).abs() < STANDARD_ERRORS * (4.0 / n).sqrt() + 0.02,
            "variance of {}: {ratio} of the closed form",
            value.value
        );
    }
}
