//! Whole networks on a chip: numbers by hand for LeNet, and what keeps a network off.

use super::hardware;
use imcsim::cycle::plan::{Layer, MacroWork, TileWork, Work};
use imcsim::hw::chip::Hardware;
use imcsim::mapping::plan::{Mapped, map_network};
use imcsim::net::shipped::load_network;

fn mapped(change: &[(&str, &str)], name: &str, images: u32) -> Result<Mapped, String> {
    let network = load_network(name).expect("shipped");
    map_network(&hardware(change), &network, None, images).map_err(|error| error.to_string())
}

fn macros(layer: &Layer) -> &MacroWork {
    match &layer.work {
        Work::Macro(work) => work,
        Work::Digital { .. } => panic!("a layer on macros"),
    }
}

/// conv2: 800 rows = 89 groups, 28 per array of 256 rows: 4 row tiles, 64 pairs on 16 read-outs. fc1: 3136 rows = 349
/// groups: 13 row tiles, 512 pairs: 4 column tiles.
#[test]
fn lenet_by_hand() {
    let network = load_network("lenet").expect("shipped");
    let mapped = map_network(&hardware(&[]), &network, Some(&[0, 14, 14, 0]), 3).expect("fits");
    assert_eq!(mapped.rounds.len(), 1);
    let round = &mapped.rounds[0];
    assert_eq!((round.weight_cycles, round.rows_written), (0, 0));
    let plan = &round.plan;
    assert_eq!((plan.images, plan.layers.len()), (3, 4));
    assert_eq!(
        (plan.timing.front, plan.timing.sense, plan.timing.latch),
        (3, 4, 1)
    );
    assert_eq!(plan.tile_of_macro.len(), 80);
    assert_eq!((plan.tile_of_macro[19], plan.tile_of_macro[20]), (0, 1));
    // 25 x 32 products, 64 per cycle.
    assert_eq!(
        plan.layers[0].work,
        Work::Digital {
            cycles_per_pixel: 13
        }
    );
    let conv = macros(&plan.layers[1]);
    assert_eq!((conv.row_tiles, conv.column_tiles), (4, 1));
    assert_eq!(conv.macros, [0, 1, 2, 3]);
    let first = TileWork {
        operations: 28 * 4,
        conversions_per_operation: 1,
        load_bits: 252 * 2,
        load_bits_next: 252 * 2,
        sum_bits: 0,
        merge: 4,
        activate: 7,
        output_bits: 128,
    };
    assert_eq!(conv.tiles[0], first);
    // 28 groups of levels up to 14: 392 takes 9 bits and a sign; 5 groups: 70 takes 7.
    let second = TileWork {
        sum_bits: 640,
        merge: 0,
        activate: 0,
        output_bits: 0,
        ..first
    };
    assert_eq!(conv.tiles[1], second);
    let last = TileWork {
        operations: 5 * 4,
        load_bits: 44 * 2,
        load_bits_next: 44 * 2,
        sum_bits: 512,
        ..second
    };
    assert_eq!(conv.tiles[3], last);
    // Its first pixel needs pooled pixel (2, 2), which is pixel (5, 5) before pooling.
    assert_eq!(
        (plan.layers[1].pixels, plan.layers[1].row_pixels),
        (196, 14)
    );
    assert_eq!(plan.layers[1].needs[0], 5 * 28 + 6);
    let full = macros(&plan.layers[2]);
    assert_eq!(
        (full.row_tiles, full.column_tiles, full.macros.len()),
        (13, 4, 52)
    );
    assert_eq!(full.macros[0], 4);
    assert_eq!(plan.layers[2].needs, [196]);
    assert_eq!(full.tiles[0].operations, 28 * 8);
    let description = &mapped.description;
    assert_eq!(
        (
            description.macros,
            description.macros_used,
            description.macros_needed
        ),
        (80, 56, 56)
    );
    let conv = &description.layers[1];
    assert_eq!(
        (
            conv.macros,
            conv.row_tiles,
            conv.column_tiles,
            conv.wasted_rows
        ),
        (4, 4, 1, 4)
    );
    assert_eq!(
        (conv.operations, conv.positions, conv.sum_bits),
        (112, 4, 10)
    );
    assert_eq!(conv.row_utilisation, 800.0 / 1024.0);
    assert_eq!(conv.cell_utilisation, 800.0 * 128.0 / (4.0 * 65536.0));
}

#[test]
fn every_macro_has_one_layer_and_copies_share_pixels() {
    for name in ["lenet", "vgg", "vgg7", "vgg_quarter"] {
        for duplication in ["none = {}", "balanced = {}"] {
            let change = [
                ("none = {}", duplication),
                ("tiles = 4", "tiles = 9"),
                ("global_kib = 64", "global_kib = 4096"),
            ];
            let mapped = mapped_with_chip(&change, name);
            for round in &mapped.rounds {
                let mut used = vec![false; round.plan.tile_of_macro.len()];
                for (layer, part) in round.plan.layers.iter().zip(&round.parts) {
                    assert_eq!(layer.needs.len(), layer.pixels as usize);
                    assert_eq!(layer.pixels % layer.row_pixels, 0);
                    let Work::Macro(work) = &layer.work else {
                        continue;
                    };
                    assert!(part.copies <= layer.pixels);
                    let tiles = (work.row_tiles * work.column_tiles) as usize;
                    assert_eq!(work.tiles.len(), tiles);
                    assert_eq!(work.macros.len(), tiles * part.copies as usize);
                    for &index in &work.macros {
                        assert!(!used[index as usize], "{name}: macro {index} twice");
                        used[index as usize] = true;
                    }
                }
            }
        }
    }
}

/// `none = {}` also stands in the macro, so the chip's own is named by its key.
fn mapped_with_chip(change: &[(&str, &str)], name: &str) -> Mapped {
    let own = change.iter().map(|&(from, to)| match from {
        "none = {}" => (
            "duplication = { none = {} }".to_string(),
            format!("duplication = {{ {to} }}"),
        ),
        _ => (from.to_string(), to.to_string()),
    });
    let own: Vec<(String, String)> = own.collect();
    let own: Vec<(&str, &str)> = own.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    mapped(&own, name, 2).expect("fits")
}

#[test]
fn free_macros_go_to_the_slowest_layer() {
    let mapped = mapped_with_chip(&[("none = {}", "balanced = {}")], "lenet");
    // 24 macros are free: conv2 takes 196 pixels of 112 operations, fc1 one of 224; 6 more copies of conv2.
    let copies: Vec<u32> = mapped.rounds[0]
        .parts
        .iter()
        .map(|part| part.copies)
        .collect();
    assert_eq!(copies, [1, 7, 1, 1]);
    let hand = mapped_with_chip(&[("none = {}", "by_hand = { conv2 = 3 }")], "lenet");
    let work = macros(&hand.rounds[0].plan.layers[1]);
    assert_eq!(work.macros, (0..12).collect::<Vec<u32>>());
}

#[test]
fn a_small_chip_takes_turns() {
    let change = [
        ("macros_per_tile = 20", "macros_per_tile = 4"),
        ("none = {}", "balanced = {}"),
    ];
    let mapped = mapped_with_chip(&change, "lenet");
    let names: Vec<Vec<(&str, usize, u32)>> = mapped
        .rounds
        .iter()
        .map(|round| {
            round
                .parts
                .iter()
                .map(|p| (p.name.as_str(), p.column_tiles.start, p.copies))
                .collect()
        })
        .collect();
    assert_eq!(
        names,
        [
            vec![("conv1", 0, 1), ("conv2", 0, 4)],
            vec![("fc1", 0, 1)],
            vec![("fc1", 1, 1)],
            vec![("fc1", 2, 1)],
            vec![("fc1", 3, 1), ("fc2", 0, 1)],
        ]
    );
    // Four copies of 252 + 252 + 252 + 44 rows; two at a time: 6 x 252 + 2 x 44 rows of 100 ns at 2 ns per cycle.
    assert_eq!(mapped.rounds[0].rows_written, 3200);
    assert_eq!(mapped.rounds[0].weight_cycles, (6 * 252 + 2 * 44) * 50);
    // 12 full tiles and one of 3136 - 12 x 252 = 112 rows.
    assert_eq!(mapped.rounds[1].rows_written, 3136);
    assert_eq!(mapped.rounds[1].weight_cycles, (6 * 252 + 112) * 50);
    let last = &mapped.rounds[4].plan.layers;
    assert_eq!((last.len(), &last[1].needs), (2, &vec![1]));
    assert_eq!(mapped.description.rounds[0].macros, 16);
}

#[test]
fn a_line_buffer_loads_new_columns_only() {
    let reuse = ("input_reuse = \"none\"", "input_reuse = \"line_buffer\"");
    for copies in 1..=6usize {
        let duplication = format!("by_hand = {{ conv2 = {copies} }}");
        let mapped = mapped_with_chip(&[reuse, ("none = {}", &duplication)], "lenet");
        let layers = &mapped.rounds[0].plan.layers;
        let total = |of: fn(&TileWork) -> u32| macros(&layers[1]).tiles.iter().map(of).sum::<u32>();
        assert_eq!(total(|tile| tile.load_bits), 800 * 2);
        // Each pixel of a copy is `copies` columns after the one before it.
        assert_eq!(
            total(|tile| tile.load_bits_next),
            (5 * 32 * copies.min(5) * 2) as u32
        );
        let full = &macros(&layers[2]).tiles;
        assert!(
            full.iter()
                .all(|tile| tile.load_bits_next == tile.load_bits)
        );
    }
}

#[test]
fn what_is_missing_or_too_small_is_named() {
    let network = load_network("lenet").expect("shipped");
    let without = |part: &dyn Fn(&mut Hardware)| {
        let mut hardware = hardware(&[]);
        part(&mut hardware);
        map_network(&hardware, &network, None, 1)
            .expect_err("incomplete")
            .to_string()
    };
    assert!(without(&|hardware| hardware.timing = None).contains("[timing] is missing"));
    assert!(without(&|hardware| hardware.chip = None).contains("[chip] is missing"));
    let writing = (
        "weight_writing = { row_ns = 100.0, macros_at_once = 2 }\n",
        "",
    );
    let small = ("macros_per_tile = 20", "macros_per_tile = 13");
    let error = mapped(&[writing, small], "lenet", 1).expect_err("too small");
    assert!(
        error.contains("needs 56 macros and the chip has 52"),
        "{error}"
    );
    let tiny = ("macros_per_tile = 20", "macros_per_tile = 3");
    let error = mapped(&[tiny], "lenet", 1).expect_err("too tall");
    assert!(
        error.contains("layer fc1 needs 13 macros for one") && error.contains("chip has 12"),
        "{error}"
    );
    let unknown = (
        "duplication = { none = {} }",
        "duplication = { by_hand = { conv1 = 2 } }",
    );
    let error = mapped(&[unknown], "lenet", 1).expect_err("digital");
    assert!(error.contains("by_hand.conv1"), "{error}");
    let error = mapped(&[], "lenet", 0).expect_err("no images");
    assert!(error.contains("images = 0"), "{error}");
}

#[test]
fn the_global_buffer_holds_input_and_output_of_a_layer() {
    // conv1: 28 x 28 bytes and 14 x 14 x 32 codes of 2 bits are 18816 bits; conv2: 12544 and 7 x 7 x 64 x 2 = 6272 the same.
    let by_layer = ("order = \"pipelined\"", "order = \"layer_by_layer\"");
    let fullest = mapped(&[by_layer], "lenet", 1)
        .expect("fits")
        .description
        .buffer_bits;
    assert_eq!(fullest, 18816);
    let just = |kib: &str| mapped(&[by_layer, ("global_kib = 64.0", kib)], "lenet", 1);
    assert!(just("global_kib = 2.296875").is_ok());
    let error = just("global_kib = 2.29").expect_err("too small");
    assert!(
        error.contains("layer conv1 needs 2.297 KiB")
            && error.contains("input 6272 and output 12544"),
        "{error}"
    );
    // Between rounds all images wait: conv2's 6272 bits each, and fc1's own output of 1024 while it is cut.
    let small = ("macros_per_tile = 20", "macros_per_tile = 4");
    let kept = |images| {
        mapped(&[by_layer, small], "lenet", images).map(|mapped| mapped.description.buffer_bits)
    };
    assert_eq!(kept(1), Ok(18816));
    assert_eq!(kept(10), Ok(72960));
    let error = kept(100).expect_err("too many images");
    assert!(
        error.contains("between rounds 2 and 3") && error.contains("fewer images"),
        "{error}"
    );
}
