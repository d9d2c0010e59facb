//! Networks larger than the chip: weights are written, rounds run one after the other, and writing takes time and energy.

use super::cycles;

const SMALL: [&str; 2] = [
    "chip.tiles=4",
    "chip.weight_writing={row_ns=100.0, macros_at_once=4}",
];

#[test]
fn rounds_write_their_weights_and_run_in_sequence() {
    let (whole, small) = (cycles(&[], 2), cycles(&SMALL, 2));
    assert_eq!(whole.rounds.len(), 1);
    assert!(small.rounds.len() > 1 && small.rounds.iter().all(|round| round.macros <= 32));
    let total: u64 = small
        .rounds
        .iter()
        .map(|round| round.weight_cycles + round.cycles)
        .sum();
    assert_eq!(small.cycles, total);
    // The same work in the same groups.
    for (a, b) in whole.layers.iter().zip(&small.layers) {
        assert_eq!(
            (a.operations, a.conversions),
            (b.operations, b.conversions),
            "{}",
            a.name
        );
        assert_eq!(a.macros, b.macros, "{}: arrays over all rounds", a.name);
    }
    // 52 arrays of fc1 do not fit beside those of conv2: it is in several rounds, conv2 in the first.
    let rounds = |name: &str| {
        &small
            .layers
            .iter()
            .find(|layer| layer.name == name)
            .expect("is there")
            .rounds
    };
    assert_eq!(rounds("conv2"), &[1]);
    assert!(rounds("fc1").len() > 1);
    // All rows are written once for both images: 800 rows of one, 3136 rows of four column tiles.
    let cells = (800 + 4 * 3136) * 256;
    let cost = small.cost.as_ref().expect("has models");
    let writing = cost
        .energy_pj
        .iter()
        .find(|part| part.name == "writing weights")
        .expect("is there");
    assert!(
        (writing.value * 2.0 / (f64::from(cells) * 15.0) - 1.0).abs() < 1e-9,
        "{}",
        writing.value
    );
    let whole_cost = whole.cost.as_ref().expect("has models");
    assert!(
        whole_cost
            .energy_pj
            .iter()
            .all(|part| part.name != "writing weights" || part.value == 0.0)
    );
}

/// Arrays of 252 rows (28 groups of 9), four at once, the fullest first; 100 cycles a row.
#[test]
fn cycles_of_writing_by_hand() {
    let small = cycles(&SMALL, 1);
    // conv2: 252, 252, 252 and 44 rows at once.
    let conv = 252;
    // Two column tiles of fc1, each 12 arrays of 252 rows and one of 112: six turns of full arrays, one of the others.
    let full = 6 * 252 + 112;
    let rows: Vec<u64> = small
        .rounds
        .iter()
        .map(|round| round.weight_cycles / 100)
        .collect();
    assert_eq!(rows, [conv, full, full], "{:?}", small.rounds);
}
