//! Plans that contradict themselves are refused with words that name the number, and no plan at all hangs or panics.

use crate::plans::{Scattered, digital_layer, macro_layer, part, plans, small};
use crate::record::Record;
use imcsim::cycle::error::CycleError;
use imcsim::cycle::observer::Blind;
use imcsim::cycle::plan::{Activity, Hold, MacroWork, Mvm, Plan, Topology, Uniform, Work};
use imcsim::cycle::{engine, tick};
use proptest::prelude::*;

fn work(plan: &mut Plan, layer: usize) -> &mut MacroWork {
    match &mut plan.layers[layer].work {
        Work::Macro(work) => work,
        Work::Digital { .. } => panic!("a layer on macros"),
    }
}

/// Two layers on macros, one digital.
fn sound() -> Plan {
    let mut plan = small();
    plan.tile_of_macro = vec![0, 1, 2, 3];
    plan.layers = vec![
        macro_layer(3, vec![], 1, 2, part(2), vec![0, 1]),
        digital_layer(2, vec![1, 3], 2),
        macro_layer(2, vec![1, 2], 1, 1, part(1), vec![2, 3]),
    ];
    plan
}

type Change = fn(&mut Plan);

/// Wrong number, its name, what was found.
const WRONG: &[(Change, &str, &str)] = &[
    (|plan| plan.timing.front = 0, "timing: front", "0"),
    (|plan| plan.timing.sense = 0, "timing: sense", "0"),
    (|plan| plan.timing.latch = 0, "timing: latch", "0"),
    (|plan| plan.network.width_bits = 0, "width_bits", "0"),
    (
        |plan| plan.network.topology = Topology::Mesh { columns: 0 },
        "columns of the mesh",
        "0",
    ),
    (
        |plan| plan.network.topology = Topology::Mesh { columns: u32::MAX },
        "routers",
        "4294967295",
    ),
    (
        |plan| {
            plan.network.topology = Topology::Mesh { columns: 2 };
            plan.tile_of_macro[3] = u32::MAX;
        },
        "routers",
        "4294967296",
    ),
    (|plan| plan.buffers.input_vectors = 0, "input_vectors", "0"),
    (
        |plan| plan.buffers.accumulator_banks = 0,
        "accumulator_banks",
        "0",
    ),
    (
        |plan| plan.buffers.output_vectors = 0,
        "output_vectors",
        "0",
    ),
    (|plan| plan.images = 0, "images", "0"),
    (|plan| plan.images = u32::MAX, "images", "4294967295"),
    (|plan| plan.tile_of_macro.clear(), "macros of the chip", "0"),
    (|plan| plan.layers.clear(), "layers", "0"),
    (|plan| plan.layers[1].pixels = 0, "layer 1: pixels", "0"),
    (|plan| plan.layers[1].needs.push(3), "layer 1: needs", "3"),
    (
        |plan| plan.layers[1].needs = vec![3, 1],
        "layer 1: needs",
        "1 after 3",
    ),
    (|plan| plan.layers[1].needs[1] = 4, "layer 1: needs", "4"),
    (
        |plan| {
            plan.layers[1].work = Work::Digital {
                cycles_per_pixel: 0,
            }
        },
        "layer 1: cycles_per_pixel",
        "0",
    ),
    (
        |plan| work(plan, 0).row_tiles = 0,
        "layer 0: row_tiles",
        "0",
    ),
    (
        |plan| work(plan, 0).column_tiles = 0,
        "layer 0: column_tiles",
        "0",
    ),
    (
        |plan| work(plan, 0).row_tiles = u32::MAX,
        "layer 0: tiles",
        "2",
    ),
    (|plan| work(plan, 0).tiles.clear(), "layer 0: tiles", "0"),
    (|plan| work(plan, 0).macros.clear(), "layer 0: macros", "0"),
    (
        |plan| work(plan, 0).macros = vec![0],
        "layer 0: macros",
        "1",
    ),
    (|plan| work(plan, 0).macros[1] = 4, "layer 0: macros", "4"),
    (
        |plan| work(plan, 2).macros[1] = 0,
        "layer 2: macros",
        "macro 0 again",
    ),
    (
        |plan| work(plan, 0).tiles[1].operations = 0,
        "layer 0, tile 1: operations",
        "0",
    ),
    (
        |plan| work(plan, 0).tiles[1].conversions_per_operation = 0,
        "layer 0, tile 1: conversions_per_operation",
        "0",
    ),
    (
        |plan| work(plan, 0).tiles[1].conversions_per_operation = 8,
        "layer 0, tile 1: conversions_per_operation",
        "8",
    ),
    (
        |plan| {
            plan.timing.hold = Hold::PerColumn;
            plan.timing.sense = u32::MAX;
            work(plan, 0).tiles[0].operations = u32::MAX;
            work(plan, 0).tiles[0].conversions_per_operation = u32::MAX;
        },
        "cycles of all work",
        "",
    ),
    (
        |plan| {
            plan.network.topology = Topology::Mesh { columns: 1 };
            plan.network.width_bits = u32::MAX;
            plan.tile_of_macro[3] = 65_535;
            plan.images = 1 << 24;
            work(plan, 0).tiles[0].load_bits = u32::MAX;
        },
        "bits times links",
        "",
    ),
];

#[test]
fn each_contradiction_is_named() {
    assert_eq!(sound().check(), Ok(()));
    for (place, (change, name, value)) in WRONG.iter().enumerate() {
        let mut plan = sound();
        change(&mut plan);
        let error = plan.check().expect_err(&format!("change {place}: {name}"));
        let CycleError::Plan { what, found, .. } = &error else {
            panic!("change {place}: {error}");
        };
        assert!(what.contains(name), "change {place}: {error}");
        assert!(found.contains(value), "change {place}: {error}");
        assert_eq!(engine::run(&plan, &Uniform, &mut Blind), Err(error.clone()));
        assert_eq!(tick::run(&plan, &Uniform, &mut Blind), Err(error));
    }
}

/// Says the same of every MVM.
struct Says(Vec<u32>);

impl Activity for Says {
    fn senses(&self, _: Mvm, senses: &mut Vec<u32>) -> bool {
        senses.extend(&self.0);
        true
    }
}

#[test]
fn activities_are_held_against_the_plan() {
    let mut plan = small();
    plan.timing.hold = Hold::PerColumn;
    work(&mut plan, 0).tiles[0].conversions_per_operation = 2;
    let wrong = [
        (vec![4], "conversions"),
        (vec![4; 4], "operations"),
        (vec![4, 0], "sense cycles"),
        (vec![5, 4], "sense cycles"),
        (vec![u32::MAX, 4], "sense cycles"),
    ];
    assert!(engine::run(&plan, &Says(vec![4, 4]), &mut Blind).is_ok());
    for (senses, name) in wrong {
        let activity = Says(senses);
        let error = engine::run(&plan, &activity, &mut Blind).expect_err(name);
        assert!(error.to_string().contains(name), "{error}");
        assert_eq!(tick::run(&plan, &activity, &mut Blind), Err(error));
    }
}

/// One number of a plan, made wrong or huge.
fn spoil(plan: &mut Plan, which: usize, value: u32) {
    let layer = which % plan.layers.len();
    match which % 19 {
        0 => plan.timing.front = value,
        1 => plan.timing.sample = value,
        2 => plan.timing.sense = value,
        3 => plan.timing.latch = value,
        4 => plan.network.width_bits = value,
        5 => plan.network.hop_cycles = value,
        6 => plan.network.topology = Topology::Mesh { columns: value },
        7 => plan.buffers.input_vectors = value,
        8 => plan.buffers.accumulator_banks = value,
        9 => plan.buffers.output_vectors = value,
        10 => plan.tile_of_macro[0] = value,
        11 => plan.layers[layer].pixels = value,
        12 => plan.layers[layer].needs = vec![value],
        other => {
            let Work::Macro(work) = &mut plan.layers[layer].work else {
                return;
            };
            match other {
                13 => work.row_tiles = value,
                14 => work.column_tiles = value,
                15 => work.macros[0] = value,
                16 => work.tiles[0].operations = value.min(1 << 24),
                17 => work.tiles[0].conversions_per_operation = value,
                _ => work.tiles[0].load_bits = value,
            }
        }
    }
}

fn values() -> impl Strategy<Value = u32> {
    prop_oneof![Just(0), Just(u32::MAX), Just(1 << 20), 0..9_u32]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever passes the check runs to its end.
    #[test]
    fn spoiled_plans_are_refused_or_run(
        (mut plan, _) in plans(),
        spoils in proptest::collection::vec((any::<usize>(), values()), 1..4),
        seed in any::<u64>(),
    ) {
        for (which, value) in spoils {
            spoil(&mut plan, which, value);
        }
        let pixels: u64 = plan.layers.iter().map(|layer| u64::from(layer.pixels)).sum();
        if plan.check().is_err() || pixels > 1000 {
            prop_assert!(pixels > 1000 || engine::run(&plan, &Uniform, &mut Blind).is_err());
            return Ok(());
        }
        let mut told = Record::<false>::default();
        let outcome = engine::run(&plan, &Uniform, &mut told);
        prop_assert!(outcome.is_ok(), "{:?}", outcome);
        let small = plan.layers.iter().all(|layer| match &layer.work {
            Work::Macro(work) => work.tiles.iter().all(|part| {
                u64::from(part.operations) * u64::from(part.conversions_per_operation) < 1 << 12
            }),
            Work::Digital { .. } => true,
        });
        if small {
            let scattered = Scattered::new(&plan, seed);
            let outcome = engine::run(&plan, &scattered, &mut Blind);
            prop_assert!(outcome.is_ok(), "{:?}", outcome);
        }
    }
}
