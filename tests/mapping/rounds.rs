//! Rounds of layers that are in the arrays together.

use imcsim::hw::tiles::WeightWritingSpec;
use imcsim::mapping::rounds::{Placed, Size, Sized, cut, weight_cycles};
use imcsim::rng::{Purpose, keyed};
use rand::RngExt;

const WRITING: WeightWritingSpec = WeightWritingSpec {
    row_ns: 100.0,
    macros_at_once: 2,
};

fn size(row_tiles: usize, column_tiles: usize, copies: usize) -> Option<Size> {
    Some(Size {
        row_tiles,
        column_tiles,
        copies,
    })
}

fn shown(rounds: &[Vec<Placed>]) -> Vec<Vec<(usize, std::ops::Range<usize>)>> {
    let round = |round: &Vec<Placed>| {
        round
            .iter()
            .map(|p| (p.layer, p.column_tiles.clone()))
            .collect()
    };
    rounds.iter().map(round).collect()
}

#[test]
fn layers_take_turns_in_order() {
    let layers = [
        ("a", None),
        ("b", size(2, 2, 1)),
        ("c", size(3, 1, 1)),
        ("d", size(2, 5, 1)),
        ("e", size(1, 1, 1)),
        ("f", None),
    ];
    let all = cut(&layers, 18, None).expect("fits");
    assert_eq!(all.len(), 1);
    let rounds = cut(&layers, 7, Some(&WRITING)).expect("writing is possible");
    // d is larger than the chip: three of its column tiles at a time, then the last two with e.
    let expected = vec![
        vec![(0, 0..0), (1, 0..2), (2, 0..1)],
        vec![(3, 0..3)],
        vec![(3, 3..5), (4, 0..1), (5, 0..0)],
    ];
    assert_eq!(shown(&rounds), expected);
}

#[test]
fn what_does_not_fit_says_what_would() {
    let layers = [("a", size(2, 2, 1)), ("b", size(3, 2, 1))];
    let error = cut(&layers, 6, None).expect_err("too large").to_string();
    assert!(
        error.contains("needs 10 macros and the chip has 6")
            && error.contains("[chip.weight_writing]"),
        "{error}"
    );
    let error = cut(&layers, 2, Some(&WRITING))
        .expect_err("too tall")
        .to_string();
    assert!(
        error.contains("layer b needs 3 macros for one") && error.contains("chip has 2"),
        "{error}"
    );
}

#[test]
fn every_tile_is_placed_once_and_no_round_is_too_large() {
    let mut rng = keyed(5, Purpose::Pattern, &[]);
    for _ in 0..500 {
        let macros = rng.random_range(4..20);
        let layers: Vec<Sized> = (0..rng.random_range(1..6))
            .map(|_| {
                (
                    "layer",
                    rng.random_bool(0.8).then(|| Size {
                        row_tiles: rng.random_range(1..=4),
                        column_tiles: rng.random_range(1..=9),
                        copies: 1,
                    }),
                )
            })
            .collect();
        let rounds = cut(&layers, macros, Some(&WRITING)).expect("four rows of tiles fit");
        let all: Vec<&Placed> = rounds.iter().flatten().collect();
        for (index, (_, size)) in layers.iter().enumerate() {
            let own = all.iter().filter(|placed| placed.layer == index);
            let tiles: Vec<usize> = own.flat_map(|placed| placed.column_tiles.clone()).collect();
            assert_eq!(
                tiles,
                (0..size.map_or(0, |size| size.column_tiles)).collect::<Vec<_>>()
            );
        }
        assert!(all.windows(2).all(|pair| pair[0].layer <= pair[1].layer));
        for round in &rounds {
            let used: usize = round
                .iter()
                .map(|p| p.column_tiles.len() * layers[p.layer].1.map_or(0, |s| s.row_tiles))
                .sum();
            assert!(used <= macros && !round.is_empty(), "{used} of {macros}");
        }
    }
}

#[test]
fn arrays_are_written_so_many_at_a_time() {
    // 10 with 9, 4 with 3, 2 alone: 16 rows of 100 ns are 533.3 cycles of 3 ns.
    assert_eq!(weight_cycles(&[3, 10, 2, 9, 4], &WRITING, 3.0), 534);
    assert_eq!(weight_cycles(&[], &WRITING, 3.0), 0);
}
