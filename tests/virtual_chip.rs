//! The cell path of the chip: a virtual chip without variation is the table path, with variation it has the closed-form mean
//! and variance, every draw depends on its place only, and every non-ideality has its influence.

use imcsim::hw::chip::{Hardware, HardwareSpec};
use imcsim::hw::imc_array::{ChipPlace, VirtualChip};
use imcsim::hw::readout::Readout;
use imcsim::hw::weight_plane::Conversion;
use imcsim::hw::word_line::RowOrder;
use imcsim::rng::{Purpose, keyed};
use rand::RngExt;

const PLACE: ChipPlace = ChipPlace {
    seed: 1,
    chip: 0,
    layer: 2,
    plane: 0,
};

/// A 9-row macro with exact parts; every role can be replaced.
struct Parts {
    programming: &'static str,
    faults: &'static str,
    weights: &'static str,
    inputs: &'static str,
    bit_line: &'static str,
    readout: &'static str,
    errors: &'static str,
    offset: &'static str,
    bits: u32,
}

const EXACT: Parts = Parts {
    programming: "none = {}",
    faults: "stuck_off_probability = 0.0, stuck_on_probability = 0.0",
    weights: "sign_split = { subtraction = \"analog\" }",
    inputs: "multi_level = { bits_per_read = 2 }",
    bit_line: "leakage = \"replica_column\"\nsaturation.none = {}\nwire.ideal = {}",
    readout: "flash",
    errors: "shared_sigma_relative = 0.0, column_sigma_relative = 0.0, single_sigma_ua = 0.0",
    offset: "none = {}",
    bits: 4,
};

impl Parts {
    fn toml(&self) -> String {
        format!(
            r#"
            name = "test"
            description = "test"
            array = {{ rows = 256, columns = 256, columns_per_readout = 8 }}
            weights.{weights}
            word_lines = {{ active = 9, inputs.{inputs} }}
            accumulator.bits = 20
            provenance = {{}}
            [cell.on_off]
            g_on_us = 50.0
            on_off_ratio = 10.0
            bits = 2
            read_voltage_v = 0.2
            programming.{programming}
            read_noise.none = {{}}
            faults = {{ {faults} }}
            [bit_line]
            {bit_line}
            read_noise.none = {{}}
            [readout.{readout}]
            bits = {bits}
            signed_codes = "symmetric"
            decode = "centre"
            references.full_range.snap = "half_integer"
            reference_error = {{ {errors} }}
            sense_amp = {{ offset.{offset}, noise.none = {{}} }}
            "#,
            weights = self.weights,
            inputs = self.inputs,
            programming = self.programming,
            faults = self.faults,
            bit_line = self.bit_line,
            readout = self.readout,
            errors = self.errors,
            offset = self.offset,
            bits = self.bits,
        )
    }

    fn hardware(&self) -> Hardware {
        let spec: HardwareSpec = toml::from_str(&self.toml()).expect("the test macro parses");
        Hardware::resolve(&spec).expect("the test macro resolves")
    }
}

fn placed(hardware: &Hardware, conversion: &Conversion) -> Readout {
    let range = conversion.sum_range(hardware.word_lines.active, 2, 2);
    hardware
        .readout
        .place(range, None)
        .expect("full range needs no histogram")
}

fn random_codes(outputs: usize, rows: usize) -> Vec<i8> {
    let mut rng = keyed(9, Purpose::Weights, &[]);
    (0..outputs * rows)
        .map(|_| rng.random_range(-1..=1))
        .collect()
}

/// Every conversion and group of random patterns: (code of the table, code of the chip).
fn compare(parts: &Parts) -> Vec<(u8, usize)> {
    let hardware = parts.hardware();
    let (outputs, rows) = (6, 9);
    let codes = random_codes(outputs, rows);
    let mut both = Vec::new();
    for conversion in hardware.conversions(2, 2).expect("two bits fit") {
        let readout = placed(&hardware, &conversion);
        let chip = VirtualChip::program(
            &hardware,
            &readout.clone().into(),
            &conversion,
            &codes,
            rows,
            PLACE,
        );
        let steps = readout.thresholds.len();
        let mut rng = keyed(4, Purpose::Pattern, &[]);
        for pattern in 0..200 {
            let output = pattern % outputs;
            let inputs: Vec<u8> = (0..rows).map(|_| rng.random_range(0..4)).collect();
            let (mut s, mut x) = (0, 0.0f32);
            for (row, &input) in inputs.iter().enumerate() {
                let at = output * rows + row;
                let a = conversion.input.apply(input);
                s += i32::from(conversion.weight.apply(codes[at])) * i32::from(a);
                x += chip.weights[at] * f32::from(a);
            }
            let thresholds = &chip.thresholds[output * steps..(output + 1) * steps];
            both.push((
                readout.code(f64::from(s)),
                thresholds.iter().filter(|t| x >= **t).count(),
            ));
        }
    }
    both
}

fn wrong(parts: &Parts) -> usize {
    let differs = |(table, chip): &(u8, usize)| usize::from(*table) != *chip;
    compare(parts)
        .into_iter()
        .filter(|pair| differs(pair))
        .count()
}

#[test]
fn a_chip_without_variation_is_the_table() {
    let mappings = [
        "sign_split = { subtraction = \"analog\" }",
        "sign_split = { subtraction = \"digital\" }",
        "differential_pair = {}",
        "offset_column = { subtraction = \"analog\" }",
        "offset_column = { subtraction = \"digital\" }",
        "bit_slices = { cell_bits = 1, subtraction = \"analog\" }",
        "bit_slices = { cell_bits = 2, subtraction = \"digital\" }",
    ];
    for weights in mappings {
        for inputs in ["multi_level = { bits_per_read = 2 }", "bit_serial = {}"] {
            for readout in ["flash", "binary_search", "ramp"] {
                let parts = Parts {
                    weights,
                    inputs,
                    readout,
                    ..EXACT
                };
                assert_eq!(wrong(&parts), 0, "{weights} {inputs} {readout}");
            }
        }
    }
}

#[test]
fn every_non_ideality_has_influence() {
    let changed = [
        Parts {
            programming: "lognormal.sigma_relative = [0.2]",
            ..EXACT
        },
        Parts {
            faults: "stuck_off_probability = 0.1, stuck_on_probability = 0.1",
            ..EXACT
        },
        Parts {
            bit_line: "leakage = \"uncompensated\"\nsaturation.none = {}\nwire.ideal = {}",
            weights: "sign_split = { subtraction = \"digital\" }",
            ..EXACT
        },
        Parts {
            bit_line: "leakage = \"replica_column\"\nsaturation.none = {}\nwire.lumped.ohm_per_cell = 500.0",
            ..EXACT
        },
        Parts {
            errors: "shared_sigma_relative = 0.3, column_sigma_relative = 0.0, single_sigma_ua = 0.0",
            ..EXACT
        },
        Parts {
            errors: "shared_sigma_relative = 0.0, column_sigma_relative = 0.3, single_sigma_ua = 0.0",
            ..EXACT
        },
        Parts {
            errors: "shared_sigma_relative = 0.0, column_sigma_relative = 0.0, single_sigma_ua = 5.0",
            ..EXACT
        },
        Parts {
            offset: "normal = { sigma_ua = 5.0 }",
            ..EXACT
        },
    ];
    for (index, parts) in changed.iter().enumerate() {
        let parts = Parts { bits: 5, ..*parts };
        assert!(wrong(&parts) > 0, "change {index} has no influence");
    }
}

#[test]
fn a_current_limit_acts_alike_on_both_paths() {
    let parts = Parts {
        bit_line: "leakage = \"replica_column\"\nsaturation.clamp.limit_ua = 20.0\nwire.ideal = {}",
        ..EXACT
    };
    let hardware = parts.hardware();
    let conversion = hardware.conversions(2, 2).expect("two bits fit")[0];
    let readout = placed(&hardware, &conversion);
    let top = readout.code(20.0 / hardware.unit_ua());
    assert!(usize::from(top) < readout.thresholds.len());
    let pairs = compare(&parts);
    assert!(
        pairs
            .iter()
            .all(|(table, chip)| usize::from(*table) == *chip)
    );
    assert!(pairs.iter().all(|(table, _)| *table <= top));
}

#[test]
fn column_currents_have_the_closed_form_moments() {
    // k cells on and h off in a single column: mean k I_L + h I_H, variance k (s I_L)^2 + h (s I_H)^2.
    for programming in [
        "normal.sigma_relative = [0.05]",
        "lognormal.sigma_relative = [0.05]",
        "absolute.sigma_us = [0.25, 1.0, 1.75, 2.5]",
    ] {
        let hardware = Parts {
            programming,
            weights: "offset_column = { subtraction = \"digital\" }",
            bit_line: "leakage = \"uncompensated\"\nsaturation.none = {}\nwire.ideal = {}",
            ..EXACT
        }
        .hardware();
        let conversion = hardware.conversions(2, 2).expect("two bits fit")[0];
        let readout = placed(&hardware, &conversion);
        let codes: Vec<i8> = vec![1, 1, 1, 1, 0, 0, -1, -1, -1];
        let outputs = 4000;
        let chip = VirtualChip::program(
            &hardware,
            &readout.into(),
            &conversion,
            &codes.repeat(outputs),
            9,
            PLACE,
        );
        let sums: Vec<f64> = chip
            .weights
            .chunks(9)
            .map(|w| w.iter().map(|w| f64::from(*w)).sum())
            .collect();
        let (mut mean, mut variance) = (0.0, 0.0);
        for &code in &codes {
            let level = (code + 1) as usize;
            mean += hardware.cell.current_ua(level) / hardware.unit_ua();
            variance += (hardware.cell.sigma_ua(level) / hardware.unit_ua()).powi(2);
        }
        let n = outputs as f64;
        let measured = sums.iter().sum::<f64>() / n;
        let spread = sums.iter().map(|x| (x - measured).powi(2)).sum::<f64>() / (n - 1.0);
        assert!(
            (measured - mean).abs() < 4.0 * (variance / n).sqrt(),
            "{programming}: {measured} against {mean}"
        );
        assert!(
            (spread / variance - 1.0).abs() < 4.0 * (2.0 / n).sqrt(),
            "{programming}: {spread} against {variance}"
        );
    }
}

#[test]
fn thresholds_have_the_declared_errors() {
    let parts = Parts {
        errors: "shared_sigma_relative = 0.0, column_sigma_relative = 0.05, single_sigma_ua = 0.3",
        offset: "normal = { sigma_ua = 0.6 }",
        readout: "binary_search",
        bits: 2,
        ..EXACT
    };
    let hardware = parts.hardware();
    let conversion = hardware.conversions(2, 2).expect("two bits fit")[0];
    let readout = placed(&hardware, &conversion);
    let outputs = 16_000;
    let codes = vec![0i8; outputs];
    let chip = VirtualChip::program(
        &hardware,
        &readout.clone().into(),
        &conversion,
        &codes,
        1,
        PLACE,
    );
    let steps = readout.thresholds.len();
    // Eight columns share a read-out: one threshold set per instance.
    let upper: Vec<f64> = chip
        .thresholds
        .chunks(steps)
        .step_by(8)
        .map(|t| f64::from(t[1]))
        .collect();
    assert_eq!(chip.thresholds[..steps], chip.thresholds[steps..2 * steps]);
    let n = upper.len() as f64;
    let unit = hardware.unit_ua();
    let t = readout.thresholds[1];
    let variance = (0.05 * t).powi(2) + (0.3 / unit).powi(2) + (0.6 / unit).powi(2);
    let mean = upper.iter().sum::<f64>() / n;
    let spread = upper.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
    assert!((mean - t).abs() < 4.0 * (variance / n).sqrt());
    assert!((spread / variance - 1.0).abs() < 4.0 * (2.0 / n).sqrt());
}

#[test]
fn every_draw_depends_on_its_place_only() {
    let hardware = Parts {
        programming: "lognormal.sigma_relative = [0.2]",
        offset: "normal = { sigma_ua = 1.0 }",
        ..EXACT
    }
    .hardware();
    let conversion = hardware.conversions(2, 2).expect("two bits fit")[0];
    let readout = placed(&hardware, &conversion);
    let (outputs, rows) = (12, 18);
    let codes = random_codes(outputs, rows);
    let program = |codes: &[i8], place| {
        VirtualChip::program(
            &hardware,
            &readout.clone().into(),
            &conversion,
            codes,
            rows,
            place,
        )
    };
    let all = program(&codes, PLACE);
    let some = program(&codes[..5 * rows], PLACE);
    assert_eq!(all.weights[..5 * rows], some.weights[..]);
    assert_eq!(all.thresholds[..some.thresholds.len()], some.thresholds[..]);
    assert_eq!(all, program(&codes, PLACE));
    for other in [
        ChipPlace { seed: 2, ..PLACE },
        ChipPlace { chip: 1, ..PLACE },
        ChipPlace { layer: 3, ..PLACE },
        ChipPlace { plane: 1, ..PLACE },
    ] {
        assert_ne!(all.weights, program(&codes, other).weights);
    }
}

#[test]
fn conversions_rebuild_every_product() {
    for weights in [
        "sign_split = { subtraction = \"digital\" }",
        "differential_pair = {}",
        "offset_column = { subtraction = \"digital\" }",
        "bit_slices = { cell_bits = 1, subtraction = \"analog\" }",
    ] {
        for inputs in ["multi_level = { bits_per_read = 2 }", "bit_serial = {}"] {
            let hardware = Parts {
                weights,
                inputs,
                ..EXACT
            }
            .hardware();
            let conversions = hardware.conversions(2, 3).expect("these fit the cell");
            for (w, a) in (-1..=1).flat_map(|w| (0..8).map(move |a| (w, a))) {
                let sum: i32 = conversions
                    .iter()
                    .map(|c| c.factor * i32::from(c.weight.apply(w)) * i32::from(c.input.apply(a)))
                    .sum();
                assert_eq!(sum, i32::from(w) * i32::from(a), "{weights} {inputs}");
            }
        }
    }
}

#[test]
fn the_fingerprint_sees_numbers_and_not_names() {
    let hardware = EXACT.hardware();
    let mut renamed = hardware.clone();
    renamed.name = "other".into();
    assert_eq!(hardware.fingerprint(), renamed.fingerprint());
    let other = Parts { bits: 5, ..EXACT }.hardware();
    assert_ne!(hardware.fingerprint(), other.fingerprint());
    assert_eq!(hardware.fingerprint().len(), 16);
    let mut interleaved = hardware.clone();
    interleaved.row_order = RowOrder::Interleaved;
    assert_ne!(hardware.fingerprint(), interleaved.fingerprint());
}

#[test]
fn every_wrong_number_is_reported_at_once_with_its_key() {
    let parts = Parts {
        programming: "normal.sigma_relative = [-0.1]",
        faults: "stuck_off_probability = 2.0, stuck_on_probability = 0.0",
        inputs: "multi_level = { bits_per_read = 9 }",
        weights: "bit_slices = { cell_bits = 0, subtraction = \"analog\" }",
        bit_line: "leakage = \"replica_column\"\nsaturation.clamp.limit_ua = 0.0\nwire.lumped.ohm_per_cell = -1.0",
        errors: "shared_sigma_relative = -1.0, column_sigma_relative = -1.0, single_sigma_ua = -1.0",
        offset: "normal = { sigma_ua = -1.0 }",
        bits: 9,
        ..EXACT
    };
    let text = parts
        .toml()
        .replace("columns_per_readout = 8", "columns_per_readout = 0")
        .replace("active = 9", "active = 300")
        .replace("accumulator.bits = 20", "accumulator.bits = 1");
    let spec: HardwareSpec = toml::from_str(&text).expect("the words are right");
    let errors = Hardware::resolve(&spec).expect_err("the numbers are wrong");
    let keys = [
        "array.columns_per_readout",
        "cell.on_off.programming.normal.sigma_relative",
        "cell.on_off.faults.stuck_off_probability",
        "weights.bit_slices.cell_bits",
        "word_lines.active",
        "word_lines.inputs.multi_level.bits_per_read",
        "bit_line.saturation.clamp.limit_ua",
        "bit_line.wire.lumped.ohm_per_cell",
        "readout.flash.bits",
        "readout.flash.reference_error.shared_sigma_relative",
        "readout.flash.reference_error.column_sigma_relative",
        "readout.flash.reference_error.single_sigma_ua",
        "readout.flash.sense_amp.offset.normal.sigma_ua",
        "accumulator.bits",
    ];
    for key in keys {
        assert!(
            errors.iter().any(|error| error.key == key),
            "{key} is not among {errors:?}"
        );
    }
}

#[test]
fn short_lists_of_levels_are_an_error_and_not_a_panic() {
    for levels in ["[]", "[5.0]", "[50.0, 5.0]", "[nan, 5.0]", "[5.0, inf]"] {
        let text = EXACT
            .toml()
            .replace("[cell.on_off]", "[cell.levels]")
            .replace("on_off_ratio = 10.0", "")
            .replace("g_on_us = 50.0", &format!("conductances_us = {levels}"))
            .replace("            bits = 2\n", "");
        let spec: HardwareSpec = toml::from_str(&text).expect("the keys are right");
        let errors = Hardware::resolve(&spec).expect_err("the levels are wrong");
        assert!(
            errors
                .iter()
                .any(|error| error.key == "cell.levels.conductances_us"),
            "{levels}: {errors:?}"
        );
    }
}

#[test]
fn words_are_checked_where_they_stand() {
    for (right, wrong) in [
        ("\"symmetric\"", "\"symetric\""),
        ("active = 9", "order = \"random\", active = 9"),
        ("decode = \"centre\"", "decode = \"middle\""),
        ("\"replica_column\"", "{ replica_column = {} }"),
        ("read_voltage_v", "read_voltage_mv"),
    ] {
        let text = EXACT.toml();
        assert!(text.contains(right));
        let line = text
            .lines()
            .position(|line| line.contains(right))
            .map(|index| index + 1);
        let error = toml::from_str::<HardwareSpec>(&text.replace(right, wrong))
            .expect_err("the word is wrong");
        let at = error
            .span()
            .map(|span| text[..span.start.min(text.len())].lines().count());
        assert!(
            at == line || at.map(|at| at + 1) == line,
            "{wrong}: {error} at {at:?}, expected line {line:?}"
        );
    }
}
