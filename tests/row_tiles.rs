//! A layer on several arrays stacked along its rows: every array has read-outs of its own, the first one those of a layer
//! that fits one array.

mod support;

use imcsim::hw::chip::Hardware;
use imcsim::hw::imc_array::{ChipPlace, VirtualChip};
use imcsim::hw::readout::Readout;
use imcsim::hw::reference::ReferenceError;
use imcsim::hw::variation::standard_normal;
use imcsim::rng::{Purpose, keyed};

const PLACE: ChipPlace = ChipPlace {
    seed: 1,
    chip: 4,
    layer: 2,
    plane: 0,
};
const ROWS: usize = 45;
/// Two groups of nine rows.
const TILE_ROWS: usize = 18;
const SMALL_ARRAY: (&str, &str) = ("rows = 256", "rows = 20");

/// The nine-row macro with exact cells, a ramp over the full range, gain errors and offsets of its read-outs.
fn hardware(change: &[(&str, &str)]) -> Hardware {
    let common = [
        (
            "sigma_relative = [0.05, 0.05]",
            "sigma_relative = [0.0, 0.0]",
        ),
        (
            "stuck_off_probability = 0.001, stuck_on_probability = 0.001",
            "stuck_off_probability = 0.0, stuck_on_probability = 0.0",
        ),
        ("readout.binary_search", "readout.ramp"),
        (
            "references.calibrated]\nstep_resolution_mac = 0.25\n",
            "references.full_range]\n",
        ),
    ];
    let all: Vec<_> = common.iter().chain(change).copied().collect();
    support::hardware("reram_9wl", &all)
}

fn program(hardware: &Hardware, outputs: usize, rows: usize) -> (Readout, VirtualChip) {
    let conversion = hardware.conversions(2, 2).expect("two bits fit")[0];
    let range = conversion.sum_range(hardware.word_lines.active, 2, 2);
    let readout = hardware.readout.place(range, None).expect("full range");
    let codes = vec![0; outputs * rows];
    let chip = VirtualChip::program(
        hardware,
        &readout.clone().into(),
        &conversion,
        &codes,
        rows,
        PLACE,
    );
    (readout, chip)
}

/// Gain and offset of the read-out of `output` on the array `tile`; what was drawn before arrays were told apart is tile 0.
fn drawn(hardware: &Hardware, readout: &Readout, output: usize, tile: u64) -> (f64, f64) {
    let converter = readout.converter().expect("a ramp");
    let key = [PLACE.chip, PLACE.layer, PLACE.plane];
    let instance = (output / hardware.array.columns_per_readout) as u64;
    let key = [key[0], key[1], key[2], instance, tile];
    let normal = standard_normal(&mut keyed(PLACE.seed, Purpose::Reference, &key));
    let offset = converter.sense_amp.offset;
    (
        1.0 + converter.reference_error.column * normal,
        offset.sample(&mut keyed(PLACE.seed, Purpose::SenseOffset, &key)),
    )
}

#[test]
fn thresholds_are_drawn_per_read_out_and_array() {
    for (change, tiles) in [(&[][..], 1), (&[SMALL_ARRAY][..], 3)] {
        let (hardware, outputs) = (hardware(change), 20);
        let (readout, chip) = program(&hardware, outputs, ROWS);
        let mut expected: Vec<f32> = Vec::new();
        for (tile, output) in (0..tiles).flat_map(|tile| (0..outputs).map(move |o| (tile, o))) {
            let (gain, offset) = drawn(&hardware, &readout, output, tile);
            let one = |&t: &f64| ReferenceError::displaced(t, 0.0, gain, 0.0, offset) as f32;
            expected.extend(readout.thresholds.iter().map(one));
        }
        assert_eq!(chip.thresholds, expected, "{tiles} arrays");
    }
}

#[test]
fn the_first_array_does_not_know_of_the_others() {
    let (outputs, small) = (20, hardware(&[SMALL_ARRAY]));
    let (_, large) = program(&hardware(&[]), outputs, ROWS);
    let (_, stacked) = program(&small, outputs, ROWS);
    let (_, short) = program(&small, outputs, TILE_ROWS);
    assert_eq!(stacked.groups_per_array, 2);
    assert_eq!(stacked.weights, large.weights);
    assert_eq!(
        stacked.thresholds[..large.thresholds.len()],
        large.thresholds
    );
    assert_eq!(short.thresholds, large.thresholds);
}

#[test]
fn offsets_of_stacked_arrays_do_not_add_coherently() {
    let (tiles, outputs) = (16, 8 * 1000);
    let no_gain = (
        "column_sigma_relative = 0.02",
        "column_sigma_relative = 0.0",
    );
    let hardware = hardware(&[SMALL_ARRAY, no_gain]);
    let (readout, chip) = program(&hardware, outputs, tiles * TILE_ROWS);
    let steps = readout.thresholds.len();
    let instances = outputs / hardware.array.columns_per_readout;
    let total = |instance: usize| -> f64 {
        let one = |tile: usize| {
            let at = (tile * outputs + instance * hardware.array.columns_per_readout) * steps;
            f64::from(chip.thresholds[at]) - readout.thresholds[0]
        };
        (0..tiles).map(one).sum()
    };
    let variance = (0..instances).map(|i| total(i).powi(2)).sum::<f64>() / instances as f64;
    let independent = tiles as f64 * (0.5 / hardware.unit_ua()).powi(2);
    let ratio = variance / independent;
    assert!(
        (ratio - 1.0).abs() < 4.0 * (2.0 / instances as f64).sqrt(),
        "{ratio} of the variance of independent offsets"
    );
}

#[test]
fn references_that_follow_the_inputs_have_the_gain_of_the_row_s_array() {
    let hardware = hardware(&[
        SMALL_ARRAY,
        ("replica_column", "input_aware_reference"),
        ("subtraction = \"analog\"", "subtraction = \"digital\""),
    ]);
    let outputs = 20;
    let (readout, chip) = program(&hardware, outputs, ROWS);
    let off_us = hardware.cell.conductances_us[0];
    let per_us = hardware.cell.read_voltage_v / hardware.unit_ua();
    for (at, &weight) in chip.weights.iter().enumerate() {
        let (output, row) = (at / ROWS, at % ROWS);
        let (gain, _) = drawn(&hardware, &readout, output, (row / TILE_ROWS) as u64);
        let expected = ((off_us - gain * off_us) * per_us) as f32;
        assert!(
            (weight - expected).abs() < 1e-6 && expected != 0.0,
            "output {output} row {row}: {weight} against {expected}"
        );
    }
}
