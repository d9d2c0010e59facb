//! Counts to energies and areas by hand, on the shipped macro's file with round numbers in its `[cost]`.

use super::breakdown::EnergyBreakdown;
use super::counts::EnergyCounts;
use super::invocation::MeanPattern;
use super::{AreaCounts, CostSpec};
use crate::hw::chip::{Hardware, HardwareSpec};
use crate::hw::error::HwError;
use approx::assert_relative_eq;

const ROUND: &str = r#"
calibration_factor = 2.0
array_read = { bit_line_capacitance_ff = 50.0, precharge_voltage_v = 1.0, precharge_swing_v = 0.2, cell_area_um2 = 0.5 }
word_lines = { capacitance_ff = 100.0, swing_v = 2.0, driver_area_um2 = 3.0 }
accumulation = { latch_energy_fj = 7.0, area_um2 = 11.0 }

[adc]
model = "sense_amps"
sense_amps = { comparison_energy_fj = 10.0, sense_amp_area_um2 = 20.0 }
zigzag = { supply_v = 0.8 }

[chip.digital]
add_energy_fj = 2.0
activation_energy_fj = 3.0
mac_energy_fj = 5.0
add_area_um2 = 13.0
activation_area_um2 = 17.0
mac_area_um2 = 19.0

[chip.buffers]
bit_read_energy_fj = 0.25
bit_write_energy_fj = 0.5
bit_area_um2 = 0.125

[chip.wires]
bit_energy_fj = 4.0
link_area_um2 = 23.0
link_leakage_uw = 1.5
macro_leakage_uw = 2.5

[chip.weight_writing]
cell_energy_fj = 1000.0
"#;

fn spec() -> HardwareSpec {
    let mut spec: HardwareSpec =
        toml::from_str(include_str!("../../../arch/reram_9wl.toml")).expect("parses");
    spec.cost = Some(toml::from_str::<CostSpec>(ROUND).expect("parses"));
    spec
}

fn hardware(change: impl FnOnce(&mut CostSpec)) -> Result<Hardware, Vec<HwError>> {
    let mut spec = spec();
    if let Some(cost) = &mut spec.cost {
        change(cost);
    }
    Hardware::resolve(&spec)
}

fn energy(counts: &EnergyCounts) -> EnergyBreakdown {
    let cost = hardware(|_| {}).expect("right").cost.expect("there");
    cost.energy(counts).expect("valid")
}

#[test]
fn every_count_has_its_price() {
    let mut counts = EnergyCounts::default();
    counts.add_operation(90.0, 5.0, 16.0, 9.0);
    counts.add_conversions(16.0, 4.0);
    counts.adds = 10.0;
    counts.activations = 20.0;
    counts.macs = 30.0;
    counts.buffer_read_bits = 400.0;
    counts.buffer_written_bits = 100.0;
    counts.link_bits = 50.0;
    counts.cells_written = 3.0;
    counts.link_time_ns = 8.0;
    counts.macro_time_ns = 12.0;
    let energy = energy(&counts);
    // Macro parts twice (calibration), in pJ: 0.2 V * 450 fC; 16 * 50 * 0.2 * 1; 9 * 100 * 4; 16 * 4 * 10; 16 * 7 fJ.
    let expected = [
        0.18, 0.32, 7.2, 0.0, 1.28, 0.224, 0.02, 0.06, 0.15, 0.15, 0.2, 0.042, 3.0,
    ];
    for ((name, value), expected) in energy.parts().iter().zip(expected) {
        assert_relative_eq!(*value, expected, max_relative = 1e-12);
        assert!(!name.is_empty());
    }
    assert_relative_eq!(energy.macro_pj(), 9.204, max_relative = 1e-12);
    assert_relative_eq!(energy.macro_uncalibrated_pj(), 4.602, max_relative = 1e-12);
    assert_relative_eq!(energy.total_pj(), 12.826, max_relative = 1e-12);
}

#[test]
fn energies_add_up_over_counts() {
    let mut one = EnergyCounts::default();
    one.add_operation(45.0, 4.0, 8.0, 5.0);
    one.add_conversions(8.0, 4.0);
    let mut other = EnergyCounts {
        macs: 12.0,
        ..EnergyCounts::default()
    };
    other.add_conversions(2.0, 1.5);
    let apart = energy(&one).total_pj() + energy(&other).total_pj();
    one += other;
    assert_relative_eq!(energy(&one).total_pj(), apart, max_relative = 1e-12);
    assert_eq!(energy(&EnergyCounts::default()).total_pj(), 0.0);
}

/// 16 read-outs of pairs in 256 columns; half of 9 rows for 4 ns (develop and sample), mean cell (10 + 1) / 2 uA.
#[test]
fn a_mean_invocation_is_counted_by_hand() {
    let hardware = hardware(|_| {}).expect("right");
    let timing = hardware.timing.expect("shipped with times");
    let open_ns = f64::from(timing.open_cycles()) * timing.clock_ns;
    let counts = hardware.mean_invocation(&timing, MeanPattern::HALF);
    assert_eq!(hardware.readouts(), 16);
    assert_relative_eq!(counts.cell_charge_fc, 32.0 * 4.5 * 5.5 * open_ns);
    assert_relative_eq!(counts.precharged_bit_lines, 32.0);
    // Two bits per read: two pulses.
    assert_relative_eq!(counts.word_line_pulses, 9.0);
    assert_relative_eq!(counts.conversions, 16.0);
    assert_relative_eq!(counts.comparisons, 64.0);
}

/// A flash has one sense amp for each border between two codes, and all of them compare: 15 codes of both signs have 14.
#[test]
fn a_flash_has_a_sense_amp_for_each_border_of_codes() {
    let amps = |signed_codes: &str, subtraction: &str| {
        let text = include_str!("../../../arch/reram_9wl.toml")
            .replace("readout.binary_search", "readout.flash")
            .replace("signed_codes = \"symmetric\"", signed_codes)
            .replace("subtraction = \"analog\"", subtraction);
        let spec: HardwareSpec = toml::from_str(&text).expect("parses");
        let hardware = Hardware::resolve(&spec).expect("right");
        let timing = hardware.timing.expect("shipped with times");
        let (readouts, each) = (
            hardware.readouts() as f64,
            hardware.sense_amps_per_readout(),
        );
        let counts = hardware.mean_invocation(&timing, MeanPattern::HALF);
        assert_relative_eq!(counts.comparisons, readouts * f64::from(each));
        assert_relative_eq!(
            hardware.macro_area_counts().sense_amps_each,
            f64::from(each)
        );
        each
    };
    let (mirrored, all) = ("signed_codes = \"symmetric\"", "signed_codes = \"all\"");
    let (analog, digital) = ("subtraction = \"analog\"", "subtraction = \"digital\"");
    assert_eq!(amps(mirrored, analog), 14);
    assert_eq!(amps(all, analog), 15);
    assert_eq!(amps(mirrored, digital), 15);
}

#[test]
fn what_holds_values_is_paid_for() {
    let with = |hold: &str| {
        let mut spec = spec();
        let timing = spec.timing.as_mut().expect("shipped with times");
        timing.sample_and_hold = toml::Value::String(hold.into()).try_into().expect("a name");
        let cost = spec.cost.as_mut().expect("written");
        let numbers = "capacitance_ff = 10.0\nswing_v = 0.5\narea_um2 = 6.0";
        cost.sample_and_hold = Some(toml::from_str(numbers).expect("parses"));
        Hardware::resolve(&spec).expect("right")
    };
    // 16 read-outs of pairs, 128 pairs of columns; energies twice for the calibration factor.
    for (hold, holds, samples) in [
        ("none", 0.0, 0.0),
        ("per_readout", 16.0, 16.0),
        ("per_column", 128.0, 16.0),
    ] {
        let hardware = with(hold);
        let (timing, cost) = (
            hardware.timing.expect("there"),
            hardware.cost.clone().expect("there"),
        );
        let counts = hardware.mean_invocation(&timing, MeanPattern::HALF);
        let energy = cost.energy(&counts).expect("valid");
        let area = cost.area(&hardware.macro_area_counts()).expect("valid");
        assert_relative_eq!(
            energy.samples_pj,
            2.0 * samples * 2.5e-3,
            max_relative = 1e-12
        );
        assert_relative_eq!(area.holds_um2, 6.0 * holds);
    }
    let mut spec = spec();
    let timing = spec.timing.as_mut().expect("shipped with times");
    timing.sample_and_hold = crate::hw::timing::SampleAndHold::PerReadout;
    let errors = Hardware::resolve(&spec).expect_err("nothing says what holding costs");
    assert!(
        errors
            .iter()
            .any(|error| error.key == "cost.sample_and_hold"),
        "{errors:?}"
    );
}

#[test]
fn areas_are_parts_times_their_area() {
    let hardware = hardware(|_| {}).expect("right");
    let cost = hardware.cost.as_ref().expect("there");
    let parts = AreaCounts {
        adders: 2.0,
        activation_units: 3.0,
        multipliers: 4.0,
        buffer_bits: 800.0,
        links: 5.0,
        ..hardware.macro_area_counts()
    };
    let area = cost.area(&parts).expect("valid");
    let expected = [32_768.0, 768.0, 0.0, 320.0, 176.0, 153.0, 100.0, 115.0];
    for ((_, value), expected) in area.parts().iter().zip(expected) {
        assert_relative_eq!(*value, expected);
    }
    assert_relative_eq!(area.total_um2(), expected.iter().sum::<f64>());
}

#[test]
fn costs_do_not_touch_values() {
    let with = hardware(|_| {}).expect("right");
    let mut bare = spec();
    (bare.timing, bare.chip, bare.cost) = (None, None, None);
    let without = Hardware::resolve(&bare).expect("right");
    assert_eq!(with.fingerprint(), without.fingerprint());
    // Shipped weights and results belong to this number.
    assert_eq!(with.fingerprint(), "a74c69dcdb11462e");
}

#[test]
fn what_is_missing_is_named() {
    let first = |change: fn(&mut CostSpec)| {
        let errors = hardware(change).expect_err("wrong");
        errors[0].key.clone()
    };
    assert_eq!(
        first(|cost| cost.adc.sense_amps = None),
        "cost.adc.sense_amps"
    );
    assert_eq!(first(|cost| cost.chip = None), "cost.chip");
    assert_eq!(
        first(|cost| cost.calibration_factor = Some(0.0)),
        "cost.calibration_factor"
    );
    let mut alone = spec();
    alone.chip = None;
    if let Some(cost) = &mut alone.cost {
        cost.chip = None;
    }
    let cost = Hardware::resolve(&alone)
        .expect("a macro alone")
        .cost
        .expect("there");
    let moved = EnergyCounts {
        link_bits: 1.0,
        ..EnergyCounts::default()
    };
    assert_eq!(cost.energy(&moved).expect_err("no price").key, "cost.chip");
}

#[test]
fn an_exact_read_out_has_values_without_times_and_costs() {
    let mut spec = spec();
    spec.readout = toml::from_str("ideal = {}").expect("parses");
    let exact = Hardware::resolve(&spec).expect("values are known");
    assert!(exact.timing.is_none() && exact.cost.is_none());
    let keys: Vec<&str> = exact.undetermined.iter().map(|e| e.key.as_str()).collect();
    assert_eq!(keys, ["timing.sense_steps", "cost.conversion_bits"]);
    if let (Some(timing), Some(cost)) = (&mut spec.timing, &mut spec.cost) {
        (timing.sense_steps, cost.conversion_bits) = (Some(6), Some(6));
    }
    let told = Hardware::resolve(&spec).expect("right");
    assert!(told.undetermined.is_empty());
    assert_eq!(told.cost.expect("told").bits, 6);
    assert_eq!(told.timing.expect("told").sense_steps, 6);
}
