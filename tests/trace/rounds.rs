//! Networks larger than the chip: weights are written, rounds run one after the other, and writing takes time and energy.

use super::cycles;
use imcsim::results::cycle::Part;

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
    // All cells in use are written once for both images: pairs of 64 outputs of 800 rows, of 512 outputs of 3136 rows.
    let cells = 800 * 2 * 64 + 3136 * 2 * 512;
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

/// What weights take is part of the time that shares are of.
#[test]
fn writing_is_a_share_of_the_whole_run() {
    let small = cycles(&SMALL, 1);
    let of = |parts: &[Part], name: &str| {
        let part = parts.iter().find(|part| part.name == name);
        part.expect("is there").value
    };
    let (mut writing, mut all) = (0, 0);
    for round in &small.rounds {
        writing += round.weight_cycles * round.macros;
        all += (round.weight_cycles + round.cycles) * round.macros;
    }
    let share = writing as f64 / all as f64;
    assert!(share > 0.5, "most of this run is writing");
    for parts in [&small.array_cycles, &small.readout_cycles] {
        assert!((of(parts, "writing weights") - share).abs() < 1e-9);
        let sum: f64 = parts.iter().map(|part| part.value).sum();
        assert!((sum - 1.0).abs() < 1e-9);
    }
    // fc1 is in two rounds with as many macros: the weights of the second are written within its time.
    let fc1 = small.layers.iter().find(|layer| layer.name == "fc1");
    let fc1 = fc1.expect("LeNet has it");
    let own = fc1.end_cycle - fc1.start_cycle;
    let last = small.rounds.last().expect("rounds").weight_cycles;
    let found = of(&fc1.array_cycles, "writing weights");
    assert!((found - last as f64 / own as f64).abs() < 1e-9, "{found}");
}
