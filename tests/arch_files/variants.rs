//! Hardware texts that together use every kind of every part that the shipped files leave out.

const HEAD: &str = r#"name = "variant"
description = "a test"

[array]
rows = 64
columns = 32
columns_per_readout = 4
"#;

const TAIL: &str = r#"
[accumulator]
bits = 24

[provenance]
"array" = "assumed: test"
"cell" = "assumed: test"
"weights" = "assumed: test"
"word_lines" = "assumed: test"
"bit_line" = "assumed: test"
"readout" = "assumed: test"
"accumulator" = "source: test"
"#;

const SERIAL: &str = r#"
[word_lines]
active = 4

[word_lines.inputs.bit_serial]
"#;

const ON_OFF: &str = r#"
[cell.on_off]
g_on_us = 50.0
on_off_ratio = 10.0
bits = 2
read_voltage_v = 0.2

[cell.on_off.read_noise.none]

[cell.on_off.faults]
stuck_off_probability = 0.0
stuck_on_probability = 0.0
"#;

const PLAIN_LINE: &str = r#"
[bit_line]
leakage = "uncompensated"

[bit_line.saturation.none]

[bit_line.wire.ideal]

[bit_line.read_noise.none]
"#;

const ERRORS: &str = r#"
reference_error = { shared_sigma_relative = 0.01, column_sigma_relative = 0.0, single_sigma_ua = 0.1 }
sense_amp = { offset = { logistic = { sigma_ua = 0.2 } }, noise = { none = {} } }
"#;

/// Name and text of every variant.
pub fn all() -> Vec<(&'static str, String)> {
    vec![
        ("levels_flash", levels_flash()),
        ("absolute_ramp", absolute_ramp()),
        ("polynomial_list", polynomial_list()),
        ("measured", measured()),
    ]
}

fn levels_flash() -> String {
    let middle = r#"
[cell.levels]
conductances_us = [2.0, 20.0, 40.0]
read_voltage_v = 0.2

[cell.levels.programming.lognormal]
sigma_relative = [0.2, 0.1, 0.05]

[cell.levels.read_noise.normal]
sigma_relative = 0.01

[cell.levels.faults]
stuck_off_probability = 0.01
stuck_on_probability = 0.0

[weights.offset_column]
subtraction = "digital"

[word_lines]
active = 9
inputs.multi_level = { bits_per_read = 2 }

[bit_line]
leakage = "uncompensated"
saturation.clamp = { limit_ua = 100.0 }
wire.lumped = { ohm_per_cell = 1.5 }
read_noise.logistic = { sigma_ua = 0.3 }

[readout.flash]
bits = 5
signed_codes = "all"
decode = "conditional_mean"
references.full_range = { snap = "free" }
"#;
    format!("{HEAD}{middle}{ERRORS}{TAIL}")
}

fn absolute_ramp() -> String {
    let middle = r#"
[cell.on_off.programming.absolute]
sigma_us = [0.5, 1.0, 1.0, 2.0]

[weights.bit_slices]
cell_bits = 1
subtraction = "analog"
"#;
    let readout = r#"
[readout.ramp]
bits = 3
signed_codes = "symmetric"
decode = "nearest_integer"
references.list = { thresholds_mac = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5] }
"#;
    // A noise of its own at each of the six references.
    let amps = r#"
[readout.ramp.sense_amp]
offset.logistic = { sigma_ua = 0.2 }
noise.logistic = { sigma_ua = [0.3, 0.2, 0.1, 0.1, 0.2, 0.3] }
"#;
    let errors = ERRORS.lines().filter(|line| !line.starts_with("sense_amp"));
    let errors = errors.collect::<Vec<_>>().join("\n") + amps;
    format!("{HEAD}{ON_OFF}{middle}{SERIAL}{PLAIN_LINE}{readout}{errors}{TAIL}")
}

fn polynomial_list() -> String {
    let middle = r#"
[cell.on_off.programming.polynomial]
coefficients_us = [0.348, 16.03, -43.853, 45.393, -16.815]
reference_us = 40.0

[weights.differential_pair]
"#;
    let readout = r#"
[readout.flash]
bits = 2
signed_codes = "symmetric"
decode = "centre"
references.list_ua = { thresholds_ua = [-1.5, 1.5] }
"#;
    format!("{HEAD}{ON_OFF}{middle}{SERIAL}{PLAIN_LINE}{readout}{ERRORS}{TAIL}")
}

fn measured() -> String {
    let middle = r#"
[cell.on_off.programming.none]

[weights.sign_split]
subtraction = "digital"
"#;
    let readout = r#"
[readout.measured]
smallest_sum = 0
code_values_mac = [0.0, 2.0, 4.0]
probabilities = [[1.0, 0.0, 0.0], [0.6, 0.4, 0.0], [0.1, 0.8, 0.1], [0.0, 0.4, 0.6], [0.0, 0.0, 1.0]]
"#;
    format!("{HEAD}{ON_OFF}{middle}{SERIAL}{PLAIN_LINE}{readout}{TAIL}")
}
