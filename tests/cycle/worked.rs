//! A schedule worked out by hand: a layer 3x3x64->64 with 16x16 outputs, 4-bit inputs bit by bit, 4-bit weights in 1-bit
//! cells, 9 open word lines, 128x128 arrays, 8 columns per ADC, 3 cycles of precharge and development, 1 of latching.
//!
//! 576 rows are 64 groups of 9; an array holds 14, so four row tiles are full and the fifth has 8. 256 columns are two column
//! tiles. An operation is one group, one input bit and one position of the multiplexer: 14 * 4 * 8 = 448 in a full array.

use crate::plans::small;
use crate::record::Record;
use imcsim::cycle::closed_form::mvm_cycles;
use imcsim::cycle::plan::{Hold, Layer, MacroTiming, MacroWork, Plan, TileWork, Uniform, Work};
use imcsim::cycle::{engine, tick};

const PIXELS: u32 = 256;
const OPERATIONS: u32 = 14 * 4 * 8;

fn timing(sense: u32, hold: Hold) -> MacroTiming {
    MacroTiming {
        front: 3,
        sample: 0,
        sense,
        latch: 1,
        hold,
    }
}

/// The bus is so wide, and buffers so many, that they never limit.
fn layer(sense: u32, hold: Hold) -> Plan {
    let part = |row: u32| TileWork {
        operations: if row < 4 { OPERATIONS } else { 8 * 4 * 8 },
        conversions_per_operation: 1,
        load_bits: 504,
        load_bits_next: 504,
        sum_bits: if row == 0 { 0 } else { 1024 },
        merge: 1,
        activate: 1,
        output_bits: if row == 0 { 128 } else { 0 },
    };
    let mut plan = small();
    plan.timing = timing(sense, hold);
    plan.network.width_bits = 1 << 20;
    plan.buffers.input_vectors = PIXELS;
    plan.buffers.accumulator_banks = PIXELS;
    plan.buffers.output_vectors = PIXELS;
    plan.tile_of_macro = (0..10).collect();
    plan.layers = vec![Layer {
        pixels: PIXELS,
        row_pixels: 16,
        needs: Vec::new(),
        work: Work::Macro(MacroWork {
            row_tiles: 5,
            column_tiles: 2,
            tiles: (0..10).map(|tile| part(tile % 5)).collect(),
            macros: (0..10).collect(),
        }),
    }];
    plan
}

#[test]
fn layer_times_of_three_readouts() {
    for (sense, pixel, whole) in [
        (1, 1346, 344_576),
        (5, 2244, 574_464),
        (16, 7172, 1_836_032),
    ] {
        let plan = layer(sense, Hold::PerReadout);
        assert_eq!(mvm_cycles(&plan.timing, OPERATIONS, 1), pixel);
        let mut told = Record::<false>::default();
        let outcome = engine::run(&plan, &Uniform, &mut told).expect("the plan is right");
        let mut busy = [0; 10];
        for (_, macro_index, span) in &told.mvms {
            busy[*macro_index as usize] += span.end - span.start;
        }
        assert_eq!(busy.iter().max(), Some(&whole), "sense {sense}");
        let busiest = &outcome.macros[0];
        assert_eq!(
            busiest.operations,
            u64::from(OPERATIONS) * u64::from(PIXELS)
        );
        assert_eq!(busiest.stalls[4..], {
            // Between pixels the array waits for sense and latch of the last operation; the last pixel's wait is idle.
            let drained = u64::from(sense + 1) * 255;
            let within = u64::from(PIXELS) * 447 * u64::from(sense.saturating_sub(3));
            [drained, within]
        });
    }
}

#[test]
fn pixels_without_sample_and_hold() {
    for (sense, pixel) in [(1, 2240), (5, 4032), (16, 8960)] {
        let plan = layer(sense, Hold::None);
        assert_eq!(mvm_cycles(&plan.timing, OPERATIONS, 1), pixel);
        let mut told = Record::<false>::default();
        engine::run(&plan, &Uniform, &mut told).expect("the plan is right");
        let longest = told.mvms.iter().map(|(.., span)| span.end - span.start);
        assert_eq!(longest.max(), Some(pixel), "sense {sense}");
    }
}

/// The short form of the literature: operations times the interval, and what the last one sticks out by.
#[test]
fn short_form_without_sampling_and_with_a_short_latch() {
    for sense in 1..20 {
        let timing = timing(sense, Hold::PerReadout);
        let interval = u64::from(sense.max(3));
        let expected = 448 * interval + (3 + u64::from(sense) + 1 - interval);
        assert_eq!(mvm_cycles(&timing, 448, 1), expected);
    }
    assert_eq!(mvm_cycles(&timing(5, Hold::PerReadout), 0, 1), 0);
}

#[test]
fn the_literal_engine_gives_the_same_layer() {
    let plan = layer(1, Hold::PerReadout);
    let (mut fast, mut slow) = (Record::<false>::default(), Record::<false>::default());
    let by_events = engine::run(&plan, &Uniform, &mut fast);
    assert_eq!(by_events, tick::run(&plan, &Uniform, &mut slow));
    assert_eq!(fast.sorted(), slow.sorted());
}
