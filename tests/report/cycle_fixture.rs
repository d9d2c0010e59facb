//! A run of a chip with made-up, plausible numbers.

use imcsim::results::cycle::{
    CostResult, CycleResult, LayerTime, Part, RoundTime, Timeline, UnitUse,
};
use imcsim::results::mapping::{ChipMapping, LayerOnChip, RoundOnChip};

fn parts(named: &[(&str, f64)]) -> Vec<Part> {
    let one = |&(name, value): &(&str, f64)| Part {
        name: name.into(),
        value,
    };
    named.iter().map(one).collect()
}

fn layer(name: &str, start: u64, end: u64, energy: f64) -> LayerTime {
    let on_macro = energy > 0.0;
    LayerTime {
        name: name.into(),
        on_macro,
        rounds: vec![1],
        macros: 4,
        copies: 2,
        pixels: 256,
        operations: 28_672,
        skipped_operations: 1_024,
        conversions: 458_752,
        start_cycle: start,
        end_cycle: end,
        time_us: (end - start) as f64 * 2e-3,
        array_busy: 0.5,
        readout_busy: 0.3,
        array_cycles: parts(&[
            ("busy", 0.5),
            ("inputs", 0.2),
            ("bus", 0.1),
            ("read-out", 0.15),
            ("idle", 0.05),
        ]),
        energy_pj: parts(&[
            ("array", energy),
            ("read-outs", 2.0 * energy),
            ("word lines", 0.2 * energy),
            ("digital", 100.0),
        ]),
    }
}

/// The whole run of the chip.
pub fn cycle() -> CycleResult {
    CycleResult {
        clock_ns: 2.0,
        images: 1,
        order: "pipelined".into(),
        cycles: 1_900_000,
        latency_us: 3800.0,
        images_per_s: 263.2,
        macro_macs: 150_000_000,
        macs: 152_000_000,
        macros: 128,
        macros_used: 40,
        conversions_per_mac: 0.111,
        mapping: ChipMapping {
            macros: 128,
            macros_used: 40,
            macros_needed: 20,
            buffer_bits: 163_840,
            rounds: vec![RoundOnChip {
                macros: 40,
                rows_written: 0,
                weight_cycles: 0,
            }],
            layers: vec![LayerOnChip {
                name: "conv2".into(),
                on_macro: true,
                pixels: 256,
                copies: 2,
                macros: 8,
                row_tiles: 3,
                column_tiles: 1,
                wasted_rows: 4,
                row_utilisation: 0.75,
                cell_utilisation: 0.375,
                positions: 8,
                operations: 224,
                conversions_per_readout: 224,
                cycles: 2240,
                sum_bits: 9,
                ..LayerOnChip::default()
            }],
        },
        activity: "Nothing depends on the data: every group is opened, every conversion takes its full time.".into(),
        rounds: vec![RoundTime {
            layers: vec!["conv1".into(), "conv2".into(), "conv3".into()],
            macros: 40,
            weight_cycles: 0,
            cycles: 1_900_000,
        }],
        layers: vec![
            layer("conv1", 0, 900_000, 0.0),
            layer("conv2", 10_000, 1_700_000, 52_000.0),
            layer("conv3", 300_000, 1_900_000, 21_000.0),
        ],
        units: vec![
            UnitUse {
                name: "arrays".into(),
                count: 128,
                used: 40,
                busy: 0.41,
                busy_of_all: 0.128,
            },
            UnitUse {
                name: "read-outs".into(),
                count: 2048,
                used: 640,
                busy: 0.33,
                busy_of_all: 0.1,
            },
        ],
        array_cycles: parts(&[("busy", 0.41), ("inputs", 0.3), ("bus", 0.09), ("idle", 0.2)]),
        readout_cycles: parts(&[("busy", 0.33), ("array", 0.3), ("latch", 0.01), ("idle", 0.36)]),
        timeline: Timeline {
            bin_us: 100.0,
            layers: vec![
                (0..38).map(|bin| if bin < 18 { 1.0 } else { 0.0 }).collect(),
                (0..38).map(|bin| f64::from(bin % 10) / 10.0).collect(),
                (0..38).map(|bin| if bin > 6 { 0.6 } else { 0.0 }).collect(),
            ],
            link: vec![0.4; 38],
        },
        cost: Some(CostResult {
            models: vec![("ADC".into(), "sense amps: energy per comparison, assumed".into())],
            calibration_factor: 1.3,
            energy_pj: parts(&[("array", 73_000.0), ("read-outs", 146_000.0), ("bus", 9_000.0)]),
            energy_uj: 0.228,
            conversion_fj: parts(&[("sense amps", 40.0), ("ZigZag", 324.0)]),
            area_mm2: parts(&[("arrays", 1.9), ("read-outs", 2.6), ("buffers", 0.4)]),
            tops_per_w: 30.1,
            tops_per_w_1b: 120.4,
            macro_tops_per_w: 41.2,
            macro_tops_per_w_1b: 164.8,
            tops_per_mm2: 0.016,
            tops_per_mm2_1b: 0.064,
        }),
    }
}
