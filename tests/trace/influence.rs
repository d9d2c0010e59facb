//! Every number of [timing], [chip] and [cost] changes something that a run of the chip reports.

use super::cycles;
use imcsim::results::cycle::CycleResult;
use toml::Value;

/// What a designer reads off, without what merely repeats the file.
fn read_off(set: &[&str]) -> String {
    let CycleResult {
        cycles,
        latency_us,
        images_per_s,
        rounds,
        layers,
        cost,
        macros_used,
        ..
    } = cycles(set, 1);
    let energy: Vec<_> = layers.iter().map(|layer| &layer.energy_pj).collect();
    let cost = cost.map(|cost| {
        (
            cost.energy_pj,
            cost.conversion_fj,
            cost.area_mm2,
            cost.tops_per_mm2,
        )
    });
    format!("{cycles} {latency_us} {images_per_s} {macros_used} {rounds:?} {energy:?} {cost:?}")
}

/// Every number below a table with its path, changed.
fn changed(path: &str, value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Table(table) => {
            for (key, value) in table {
                changed(&format!("{path}.{key}"), value, into);
            }
        }
        // Up, or down where more of it is more than enough.
        Value::Integer(number) => {
            into.push(format!("{path}={}", number + 1 + number / 4));
            into.push(format!("{path}={}", (number / 2).max(1)));
        }
        Value::Float(number) => into.push(format!("{path}={:?}", number * 1.25)),
        // Which bits a table is for is no number to turn.
        Value::Array(list) if !path.ends_with(".bits") => {
            let more: Vec<String> = list
                .iter()
                .filter_map(Value::as_float)
                .map(|v| format!("{:?}", v * 1.25))
                .collect();
            into.push(format!("{path}=[{}]", more.join(", ")));
        }
        _ => {}
    }
}

const HELD: &[&str] = &[
    "timing.sample_and_hold=per_readout",
    "timing.sample_cycles=3",
];
const WALDEN: &[&str] = &["cost.adc.model=walden"];
const TABLE: &[&str] = &["cost.adc.model=table"];
const SENSE_AMPS: &[&str] = &["cost.adc.model=sense_amps"];
const SMALL: &[&str] = &[
    "chip.tiles=4",
    "chip.weight_writing={row_ns=100.0, macros_at_once=4}",
];
const MESH: &[&str] = &[
    "chip.tiles=64",
    "chip.macros_per_tile=2",
    "chip.interconnect={mesh={columns=4, width_bits=32, hop_cycles=1}}",
];

#[test]
fn every_number_of_the_shipped_macro_matters() {
    let file = format!("{}/arch/reram_9wl.toml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(file).expect("is shipped");
    let file: Value = text
        .parse::<toml::Table>()
        .map(Value::Table)
        .expect("parses");
    let mut changes = Vec::new();
    for section in ["timing", "chip", "cost"] {
        changed(section, &file[section], &mut changes);
    }
    // Where a number can matter, if not on the shipped macro.
    let ways = [&[][..], HELD, WALDEN, TABLE, SENSE_AMPS, SMALL];
    let plain: Vec<String> = ways.iter().map(|way| read_off(way)).collect();
    let mut keys: Vec<&str> = changes
        .iter()
        .filter_map(|change| change.split('=').next())
        .collect();
    keys.dedup();
    assert!(keys.len() > 45, "{}", keys.len());
    for key in keys {
        let own = changes
            .iter()
            .filter(|change| change.split('=').next() == Some(key));
        let matters = own
            .flat_map(|change| ways.iter().zip(&plain).map(move |way| (change, way)))
            .any(|(change, (way, plain))| {
                // Nothing is sampled without a sample-and-hold: such a file is refused.
                if key == "timing.sample_cycles" && *way != HELD {
                    return false;
                }
                let all: Vec<&str> = way.iter().copied().chain([change.as_str()]).collect();
                // Fewer macros than the network needs are refused.
                let fits =
                    !(key == "chip.tiles" || key == "chip.macros_per_tile") || way.is_empty();
                fits && read_off(&all) != *plain
            });
        assert!(matters, "{key} has no influence on any result");
    }
}

#[test]
fn every_other_choice_matters() {
    let cases: [(&[&str], &[&str]); 13] = [
        (&[], &["chip.schedule.order=pipelined"]),
        // Without a sample-and-hold the array is held until a pixel has left.
        (HELD, &["chip.schedule.between_pixels=drain"]),
        (&[], &["chip.schedule.input_reuse=none"]),
        (&[], &["timing.skip_zero_groups=true"]),
        (&[], &["timing.sense_steps=5"]),
        (&[], &["timing.sample_and_hold=per_readout"]),
        (
            &["timing.sample_and_hold=per_readout"],
            &["timing.sample_and_hold=per_column"],
        ),
        (&[], &["chip.duplication={by_hand={conv2=3}}"]),
        (MESH, &["chip.interconnect.mesh.columns=8"]),
        (MESH, &["chip.interconnect.mesh.width_bits=64"]),
        (MESH, &["chip.interconnect.mesh.hop_cycles=3"]),
        (SMALL, &["chip.weight_writing.row_ns=120.0"]),
        (SMALL, &["chip.weight_writing.macros_at_once=8"]),
    ];
    for (way, change) in cases {
        let all: Vec<&str> = way.iter().chain(change).copied().collect();
        assert_ne!(read_off(way), read_off(&all), "{change:?} has no influence");
    }
}

/// Open word lines take energy while they wait to be sampled.
#[test]
fn waiting_for_the_sample_and_hold_takes_energy() {
    let cells = |steps: &str| -> f64 {
        let steps = format!("timing.sense_steps={steps}");
        let cycle = cycles(
            &[
                "timing.sample_and_hold=per_readout",
                "timing.sample_cycles=1",
                &steps,
            ],
            1,
        );
        let cost = cycle.cost.expect("has models");
        cost.energy_pj
            .iter()
            .find(|part| part.name == "cells")
            .expect("is there")
            .value
    };
    // 6 cycles of front and sample: conversions of 4 and 5 cycles do not hold the array up, 20 do.
    assert_eq!(cells("4"), cells("5"));
    // Open for develop + sample = 5 cycles; at an interval of sample + 20 = 21, 15 more for nearly every operation.
    let ratio = cells("20") / cells("5");
    assert!((3.9..4.0).contains(&ratio), "{ratio}");
}
