//! Schedules of a few events, written down by hand from the law. Unless said otherwise: front 3, sense 4, latch 1,
//! activation 2, every transfer one cycle on a bus, one place in every buffer.

use crate::plans::{digital_layer, macro_layer, part, small};
use crate::record::Record;
use imcsim::cycle::observer::{Cargo, Span};
use imcsim::cycle::outcome::{Outcome, Stall};
use imcsim::cycle::plan::{Activity, BetweenPixels, Hold, Mvm, Order, Plan, Uniform, Work};
use imcsim::cycle::{engine, tick};

/// Runs both engines; they must agree.
fn run_with(plan: &Plan, activity: &impl Activity) -> (Outcome, Record<true>) {
    let (mut fast, mut slow) = (Record::default(), Record::<true>::default());
    let outcome = engine::run(plan, activity, &mut fast).expect("the plan is right");
    let literal = tick::run(plan, activity, &mut slow).expect("the plan is right");
    assert_eq!(outcome, literal);
    assert_eq!(fast.sorted(), slow.sorted());
    (outcome, fast)
}

fn run(plan: &Plan) -> (Outcome, Record<true>) {
    run_with(plan, &Uniform)
}

fn stalled(outcome: &Outcome, macro_index: usize, stall: Stall) -> u64 {
    let place = Stall::ALL.iter().position(|&class| class == stall);
    outcome.macros[macro_index].stalls[place.expect("ALL has all")]
}

fn with_operations(operations: u32, hold: Hold) -> Plan {
    let mut plan = small();
    plan.timing.hold = hold;
    plan.layers = vec![macro_layer(1, vec![], 1, 1, part(operations), vec![0])];
    plan
}

#[test]
fn one_operation() {
    // Load 0..1, front 1..4, sense 4..8, latch 8..9, activation 9..11, output 11..12.
    let (outcome, told) = run(&with_operations(1, Hold::PerReadout));
    assert_eq!((outcome.cycles, outcome.images), (12, vec![12]));
    assert_eq!(told.operations[0].front, 1..4);
    assert_eq!(told.conversions[0].sense, 4..8);
    assert_eq!(told.conversions[0].latch, 8..9);
    assert_eq!(told.units[0].2, 9..11);
    assert_eq!(told.transfers_of(Cargo::Output)[0].span, 11..12);
    let counted = &outcome.macros[0];
    assert_eq!((counted.front, counted.idle), (3, 8));
    assert_eq!(counted.stalls, [0, 0, 1, 0, 0, 0]);
    // The read-outs wait for 1..4, and for the latch of the last conversion 8..9.
    assert_eq!((counted.sense, counted.array_wait), (4, 4));
    assert_eq!(outcome.layers[0].start, 0);
    assert_eq!(outcome.links, [2]);
}

#[test]
fn two_operations_with_a_sample_and_hold() {
    // The second is developed at 7, sampled at 8 when the first goes to the latch, sensed 8..12, latched 12..13.
    let (outcome, told) = run(&with_operations(2, Hold::PerReadout));
    assert_eq!(told.operations[1].front, 4..7);
    assert_eq!(told.operations[1].sample, 8..8);
    assert_eq!(told.conversions[1].latch, 12..13);
    assert!(told.stalls.contains(&(0, Stall::SampleAndHold, 7..8)));
    assert_eq!(outcome.cycles, 16);
}

#[test]
fn two_operations_with_sampling() {
    // Samples 4..6 and, developed at 9, 10..12; senses 6..10 and 12..16.
    let mut plan = with_operations(2, Hold::PerReadout);
    plan.timing.sample = 2;
    let (outcome, told) = run(&plan);
    assert_eq!(told.operations[1].sample, 10..12);
    assert_eq!(told.conversions[1].sense, 12..16);
    assert_eq!(stalled(&outcome, 0, Stall::SampleAndHold), 1);
    assert_eq!(outcome.cycles, 20);
}

#[test]
fn two_operations_without_sample_and_hold() {
    // 1..9 and 9..17; the array waits 4..9 and 12..17.
    let (outcome, told) = run(&with_operations(2, Hold::None));
    assert_eq!(told.span_of(0, 0, 0, 0), 1..17);
    assert_eq!(stalled(&outcome, 0, Stall::Readout), 10);
    assert_eq!(outcome.cycles, 20);
}

#[test]
fn three_conversions_of_an_operation() {
    // Senses from 4, 8, 12; the second operation is sampled at 16: senses from 16, 20, 24, the last latch 28..29.
    let mut plan = with_operations(2, Hold::PerColumn);
    let Work::Macro(work) = &mut plan.layers[0].work else {
        panic!("a layer on macros");
    };
    work.tiles[0].conversions_per_operation = 3;
    let (outcome, told) = run(&plan);
    let starts = told.conversions.iter().map(|one| one.sense.start);
    assert_eq!(starts.collect::<Vec<_>>(), [4, 8, 12, 16, 20, 24]);
    assert_eq!(stalled(&outcome, 0, Stall::SampleAndHold), 9);
    assert_eq!(outcome.cycles, 32);
}

#[test]
fn a_long_latch_blocks_the_readout() {
    // Latches 8..14 and 14..20; the second sense 8..12 waits for two cycles.
    let mut plan = with_operations(2, Hold::PerReadout);
    plan.timing.latch = 6;
    let (outcome, told) = run(&plan);
    assert_eq!(told.conversions[1].sense, 8..12);
    assert_eq!(told.conversions[1].latch, 14..20);
    assert_eq!(outcome.macros[0].latch_wait, 2);
    assert_eq!(outcome.cycles, 23);
}

/// Nothing to do in the pixels it names; all else ends after one cycle of sensing.
struct Skips(&'static [u32]);

impl Activity for Skips {
    fn senses(&self, mvm: Mvm, senses: &mut Vec<u32>) -> bool {
        if !self.0.contains(&mvm.pixel) {
            senses.push(1);
        }
        true
    }
}

#[test]
fn everything_skipped() {
    // Starts and ends at 1, activation 1..3, output 3..4.
    let (outcome, told) = run_with(&small(), &Skips(&[0]));
    assert_eq!(told.span_of(0, 0, 0, 0), 1..1);
    assert_eq!(outcome.cycles, 4);
    assert_eq!(outcome.macros[0].idle, 3);
}

#[test]
fn a_conversion_ends_early() {
    // Sense 4..5, latch 5..6.
    let (outcome, _) = run_with(&small(), &Skips(&[]));
    assert_eq!(outcome.cycles, 9);
}

#[test]
fn two_macros_on_one_bus() {
    // Loads of three cycles, 0..3 and 3..6; MVMs 3..11 and 6..14; outputs 13..14 and 16..17.
    let mut plan = small();
    plan.tile_of_macro = vec![0, 1];
    let mut wide = part(1);
    (wide.load_bits, wide.load_bits_next) = (24, 24);
    plan.layers = vec![macro_layer(1, vec![], 1, 2, wide, vec![0, 1])];
    let (outcome, told) = run(&plan);
    let spans = |cargo| -> Vec<Span> {
        let transfers = told.transfers_of(cargo);
        transfers.iter().map(|one| one.span.clone()).collect()
    };
    assert_eq!(spans(Cargo::Load), [0..3, 3..6]);
    assert_eq!(spans(Cargo::Output), [13..14, 16..17]);
    assert_eq!(stalled(&outcome, 0, Stall::Bus), 3);
    assert_eq!(stalled(&outcome, 1, Stall::Bus), 6);
    assert_eq!((outcome.cycles, outcome.links), (17, vec![8]));
    assert_eq!(outcome.layers[0].bits, [48, 0, 16]);
}

#[test]
fn two_macros_on_a_mesh_of_two_routers() {
    // Both loads need link 0: 0..3 and 3..7 (a hop more). Outputs of tile 1 take a hop back.
    let mut plan = small();
    plan.network.topology = imcsim::cycle::plan::Topology::Mesh { columns: 2 };
    plan.network.hop_cycles = 1;
    plan.tile_of_macro = vec![0, 1];
    let mut wide = part(1);
    (wide.load_bits, wide.load_bits_next) = (24, 24);
    plan.layers = vec![macro_layer(1, vec![], 1, 2, wide, vec![0, 1])];
    let (outcome, told) = run(&plan);
    let loads = told.transfers_of(Cargo::Load);
    assert_eq!(loads[0].span, 0..3);
    assert_eq!(loads[1].span, 3..7);
    assert_eq!(told.span_of(0, 0, 0, 1), 7..15);
    // 15 + 2 of activation + 2 of travel.
    assert_eq!(outcome.cycles, 19);
    assert_eq!(outcome.links, [7, 3, 4, 0, 0, 0, 0, 2, 0, 0]);
    assert_eq!(outcome.layers[0].bit_links, [24 + 48, 0, 8 + 16]);
}

#[test]
fn partial_sums() {
    // MVMs 1..9 and 2..10; sums 10..11, added 11..12, activation 12..14, output 14..15. Within one tile sums take no time.
    let mut plan = small();
    plan.tile_of_macro = vec![0, 1];
    plan.layers = vec![macro_layer(1, vec![], 2, 1, part(1), vec![0, 1])];
    let (outcome, told) = run(&plan);
    assert_eq!(told.transfers_of(Cargo::Sums)[0].span, 10..11);
    assert_eq!((outcome.cycles, outcome.layers[0].merge), (15, 1));
    plan.tile_of_macro = vec![0, 0];
    let (outcome, told) = run(&plan);
    assert_eq!(told.transfers_of(Cargo::Sums)[0].span, 10..10);
    assert_eq!(outcome.cycles, 14);
}

fn two_pixels(banks: u32) -> Plan {
    let mut plan = small();
    plan.buffers.input_vectors = 2;
    plan.buffers.accumulator_banks = banks;
    plan.layers = vec![macro_layer(2, vec![], 1, 1, part(1), vec![0])];
    plan
}

#[test]
fn one_accumulator_bank() {
    // The bank is taken until the activation ends at 11: MVMs 1..9 and 11..19.
    let (outcome, told) = run(&two_pixels(1));
    assert_eq!(told.span_of(0, 0, 1, 0), 11..19);
    assert_eq!(stalled(&outcome, 0, Stall::Accumulator), 7);
    assert_eq!(outcome.cycles, 22);
}

#[test]
fn two_accumulator_banks() {
    // The second MVM starts when the first has ended: 9..17.
    let (outcome, told) = run(&two_pixels(2));
    assert_eq!(told.span_of(0, 0, 1, 0), 9..17);
    assert_eq!(stalled(&outcome, 0, Stall::Accumulator), 0);
    assert_eq!(stalled(&outcome, 0, Stall::Readout), 5);
    assert_eq!(outcome.cycles, 20);
}

#[test]
fn overlapping_pixels() {
    // The second MVM starts when the array is free at 4, is sampled at 8 and ends at 13.
    let mut plan = two_pixels(2);
    plan.between_pixels = BetweenPixels::Overlap;
    let (outcome, told) = run(&plan);
    assert_eq!(told.span_of(0, 0, 1, 0), 4..13);
    assert_eq!(stalled(&outcome, 0, Stall::SampleAndHold), 1);
    assert_eq!(outcome.cycles, 16);
}

#[test]
fn one_place_in_the_input_buffer() {
    // The second load waits for the first sample at 4; the array, free from 4 on, waits for it 4..5, then for the bank.
    let mut plan = two_pixels(1);
    plan.buffers.input_vectors = 1;
    let (outcome, told) = run(&plan);
    assert_eq!(told.transfers_of(Cargo::Load)[1].requested, 4);
    assert_eq!(outcome.macros[0].stalls, [0, 0, 2, 6, 0, 0]);
}

#[test]
fn two_copies_share_the_pixels() {
    // Loads 0..1 and 1..2; MVMs 1..9 and 2..10; outputs 11..12 and 12..13.
    let mut plan = two_pixels(1);
    plan.tile_of_macro = vec![0, 1];
    plan.layers = vec![macro_layer(2, vec![], 1, 1, part(1), vec![0, 1])];
    let (outcome, told) = run(&plan);
    assert_eq!(told.span_of(0, 0, 1, 0), 2..10);
    assert_eq!(outcome.cycles, 13);
}

#[test]
fn a_digital_layer_between_macros() {
    // Stored at 12; digital 12..17; load 17..18; MVM 18..26; activation to 28; output 28..29.
    let mut plan = small();
    plan.tile_of_macro = vec![0, 0];
    plan.layers.push(digital_layer(1, vec![1], 5));
    let last = macro_layer(1, vec![1], 1, 1, part(1), vec![1]);
    plan.layers.push(last);
    let (outcome, told) = run(&plan);
    assert!(told.units.iter().any(|unit| unit.2 == (12..17)));
    assert_eq!(told.span_of(2, 0, 0, 0), 18..26);
    assert_eq!(stalled(&outcome, 1, Stall::Inputs), 17);
    assert_eq!((outcome.cycles, outcome.digital), (29, 5));
    let starts = outcome.layers.iter().map(|layer| layer.start);
    assert_eq!(starts.collect::<Vec<_>>(), [0, 12, 17]);
}

#[test]
fn two_digital_layers_share_the_unit() {
    // At 2 the second layer's first pixel and the first layer's second are ready at once: the earlier layer goes first.
    let mut plan = small();
    plan.layers = vec![digital_layer(2, vec![], 2), digital_layer(2, vec![1, 2], 3)];
    let (outcome, told) = run(&plan);
    let spans: Vec<_> = told.units.iter().map(|unit| unit.2.clone()).collect();
    assert_eq!(spans, [0..2, 2..4, 4..7, 7..10]);
    assert_eq!(outcome.cycles, 10);
    plan.images = 2;
    let (outcome, told) = run(&plan);
    let spans: Vec<_> = told.units.iter().map(|unit| unit.2.clone()).collect();
    // At 4 the second layer's first pixel has waited since 2, the next image since 4; at 7 the next image goes first.
    assert_eq!(
        spans,
        [0..2, 2..4, 4..7, 7..9, 9..12, 12..14, 14..17, 17..20]
    );
    assert_eq!(outcome.images, [12, 20]);
}

fn two_layers(order: Order) -> Plan {
    let mut plan = small();
    plan.order = order;
    plan.tile_of_macro = vec![0, 0];
    plan.layers = vec![
        macro_layer(2, vec![], 1, 1, part(1), vec![0]),
        macro_layer(2, vec![1, 2], 1, 1, part(1), vec![1]),
    ];
    plan
}

#[test]
fn pipelined_layers() {
    // First layer 1..9 and 11..19, stored at 12 and 22; second layer loads 12..13 and 22..23, MVMs 13..21 and 23..31.
    let (outcome, told) = run(&two_layers(Order::Pipelined));
    assert_eq!(told.span_of(1, 0, 0, 0), 13..21);
    assert_eq!(told.span_of(1, 0, 1, 0), 23..31);
    assert_eq!(outcome.cycles, 34);
}

#[test]
fn layer_by_layer() {
    // The second layer loads from 22 on: MVMs 23..31 and 33..41.
    let (outcome, told) = run(&two_layers(Order::LayerByLayer));
    assert_eq!(told.span_of(1, 0, 0, 0), 23..31);
    assert_eq!(told.span_of(1, 0, 1, 0), 33..41);
    assert_eq!((outcome.layers[1].start, outcome.cycles), (22, 44));
}

#[test]
fn images_follow_each_other() {
    // Pipelined the second image waits for the bank (11), layer by layer for the first image (12, then its load).
    let mut plan = small();
    plan.images = 2;
    assert_eq!(run(&plan).0.images, [12, 22]);
    plan.order = Order::LayerByLayer;
    assert_eq!(run(&plan).0.images, [12, 24]);
}
