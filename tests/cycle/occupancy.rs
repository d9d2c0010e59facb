//! What the global buffer holds: two layers by hand, pooling, rounds, and random plans against a count after the run.

use crate::plans::{digital_layer, macro_layer, part, plans, small};
use crate::record::Record;
use imcsim::cycle::engine;
use imcsim::cycle::observer::{Cargo, Span, Unit};
use imcsim::cycle::occupancy::{Map, Occupancy, Peak};
use imcsim::cycle::plan::{Mvm, Order, Plan, Uniform, Work};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn peak(plan: &Plan, maps: &[Map]) -> Peak {
    let mut occupancy = Occupancy::new(plan, maps);
    engine::run(plan, &Uniform, &mut occupancy).expect("the plan is right");
    occupancy.finish()
}

fn image(bits: u64) -> Map {
    Map {
        at_once: bits,
        ..Map::default()
    }
}

fn written(bits: u64) -> Map {
    Map {
        pixel_bits: vec![bits],
        ..Map::default()
    }
}

/// Layers of two pixels, the second of which waits for both of the first (`pipelined_layers` in `tiny` has the cycles).
fn two_layers() -> Plan {
    let mut plan = small();
    plan.tile_of_macro = vec![0, 1];
    plan.layers = vec![
        macro_layer(2, vec![], 1, 1, part(1), vec![0]),
        macro_layer(2, vec![1, 2], 1, 1, part(1), vec![1]),
    ];
    plan
}

/// Loads 0..1 and 4..5, outputs 11..12 and 21..22; second layer: loads 12..13 and 22..23, outputs 23..24 and 33..34.
#[test]
fn two_layers_by_hand() {
    // The image is there for 0..5, both pixels of 7 bits from 21 to 23, both results of 5 bits from 33 to 34.
    let found = peak(&two_layers(), &[image(10), written(7), written(5)]);
    let expected = Peak {
        bits: 14,
        cycle: 21,
        maps: vec![0, 14, 0],
        at_end: 0,
    };
    assert_eq!(found, expected);
    let large = peak(&two_layers(), &[image(100), written(7), written(5)]);
    assert_eq!((large.bits, large.cycle), (100, 0));
    // 14 bits are gone when the first result begins to travel at 23: nothing is above the results alone.
    let results = peak(&two_layers(), &[image(10), written(7), written(13)]);
    assert_eq!((results.bits, results.cycle), (26, 33));
    assert_eq!(results.maps, [0, 0, 26]);
}

#[test]
fn maps_of_other_rounds_are_there_and_stay() {
    let mut maps = [image(10), written(7), written(5)];
    maps[0] = Map {
        before: 30,
        stays: true,
        ..Map::default()
    };
    maps[2].stays = true;
    let found = peak(&two_layers(), &maps);
    // The image never goes: 30 and 14 at 21; 30 and 10 are left.
    assert_eq!((found.bits, found.cycle, found.at_end), (44, 21, 40));
    let mut plan = two_layers();
    plan.images = 3;
    let found = peak(&plan, &maps);
    assert_eq!(found.at_end, 3 * 40);
    assert_eq!(found.maps[0], 90);
}

/// A digital layer of 4 x 5 pixels, one cycle each, pooled by 2: places are taken at the pixels 0, 2, 10 and 12; neither the
/// last column nor anything after row 3 is in a window.
#[test]
fn pooled_pixels_take_one_place() {
    let mut plan = small();
    plan.layers = vec![digital_layer(20, vec![], 1)];
    plan.layers[0].row_pixels = 5;
    let mut map = written(3);
    map.pool = 2;
    let found = peak(&plan, &[image(0), map.clone()]);
    assert_eq!((found.bits, found.cycle), (12, 12));
    let found = peak(&plan, &[image(2), map]);
    assert_eq!((found.bits, found.cycle), (14, 12));
}

/// The first layer needs a cycle for a pixel, the second twenty operations: all images pile up between them.
#[test]
fn a_fast_layer_piles_up_images() {
    let mut plan = two_layers();
    plan.layers[0] = digital_layer(2, vec![], 1);
    plan.layers[1] = macro_layer(2, vec![1, 2], 1, 1, part(20), vec![1]);
    plan.images = 5;
    let found = peak(&plan, &[image(0), written(7), written(0)]);
    // The last pixel begins at 9, before the second load of the first image: its buffer has one place.
    assert_eq!((found.bits, found.cycle), (5 * 14, 9));
    plan.order = Order::LayerByLayer;
    let found = peak(&plan, &[image(0), written(7), written(0)]);
    assert_eq!(found.bits, 14, "an image waits for the one before");
}

/// Takes and the end of all uses, by map and image, from everything told.
type Told = BTreeMap<(usize, u32), (Vec<(u64, u64)>, u64)>;

fn count(plan: &Plan, maps: &[Map], told: &Record<true>) -> Told {
    let mut all = Told::new();
    let mut used = |map: usize, mvm: Mvm, span: &Span, bits: Option<u64>| {
        let of = all.entry((map, mvm.image)).or_default();
        of.0.extend(bits.map(|bits| (span.start, bits)));
        of.1 = of.1.max(span.end).max(span.start + 1);
    };
    for transfer in &told.transfers {
        let (mvm, layer) = (transfer.mvm, transfer.mvm.layer as usize);
        let Work::Macro(work) = &plan.layers[layer].work else {
            panic!("transfers are of macros")
        };
        let column = (mvm.tile / work.row_tiles) as usize;
        let bits = |map: usize| Some(maps[map].pixel_bits[column]);
        match transfer.cargo {
            Cargo::Load => used(layer, mvm, &transfer.span, None),
            Cargo::Output => used(layer + 1, mvm, &transfer.span, bits(layer + 1)),
            Cargo::Sums => {}
        }
    }
    for (_, unit, span) in &told.units {
        if let Unit::Digital(mvm) = unit {
            let layer = mvm.layer as usize;
            used(layer, *mvm, span, None);
            let bits = maps[layer + 1].pixel_bits[0];
            used(layer + 1, *mvm, span, Some(bits));
        }
    }
    // The image comes with its first read, which is the first thing told of it in time.
    let reads = |mvm: &Mvm, image: u32| mvm.layer == 0 && mvm.image == image;
    for image in 0..plan.images {
        let loads = told.transfers.iter();
        let loads = loads.filter(|t| t.cargo == Cargo::Load && reads(&t.mvm, image));
        let digital = told.units.iter().filter_map(|(_, unit, span)| match unit {
            Unit::Digital(mvm) if reads(mvm, image) => Some(span.start),
            _ => None,
        });
        let first = loads.map(|t| t.span.start).chain(digital).min();
        let first = first.expect("every image is read");
        let of = all.get_mut(&(0, image)).expect("is read");
        of.0.push((first, maps[0].at_once));
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_fullest_moment_of_any_plan((plan, activity) in plans(), at_once in 0..60_u64) {
        let mut maps = vec![image(at_once)];
        for (number, layer) in plan.layers.iter().enumerate() {
            let columns = match &layer.work {
                Work::Macro(work) => work.column_tiles,
                Work::Digital { .. } => 1,
            };
            let bits = (0..u64::from(columns)).map(|column| 3 + 5 * number as u64 + column);
            maps.push(Map { pixel_bits: bits.collect(), ..Map::default() });
        }
        let mut told = Record::<true>::default();
        engine::run(&plan, &activity, &mut told).expect("the plan is right");
        let mut occupancy = Occupancy::new(&plan, &maps);
        engine::run(&plan, &activity, &mut occupancy).expect("the plan is right");
        let found = occupancy.finish();
        // Frees of a cycle before what is taken in it.
        let mut steps: Vec<(u64, i64)> = Vec::new();
        for (takes, end) in count(&plan, &maps, &told).into_values() {
            let bits: u64 = takes.iter().map(|take| take.1).sum();
            steps.push((end, -(bits as i64)));
            steps.extend(takes.iter().map(|&(cycle, bits)| (cycle, bits as i64)));
        }
        steps.sort();
        let (mut level, mut most) = (0, (0, 0));
        for (cycle, bits) in steps {
            level += bits;
            prop_assert!(level >= 0, "{} at {}", level, cycle);
            if level > most.0 {
                most = (level, cycle);
            }
        }
        prop_assert_eq!((level, found.at_end), (0, 0));
        prop_assert_eq!((found.bits as i64, found.cycle), most);
        prop_assert_eq!(found.maps.iter().sum::<u64>(), found.bits);
    }
}
