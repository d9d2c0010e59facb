//! Networks larger than the chip: weights are written, rounds run one after the other, and writing takes time and energy.

use super::{cycles, number, table, text, traced};
use imcsim::results::cycle::Part;
use serde_json::Value;

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

/// One array column of fc1 at a time: conv2 in round 1, fc1 in rounds 2 to 5. Its events begin when the table says it begins.
#[test]
fn trace_files_count_cycles_from_the_start_of_the_run() {
    let further = [
        "--set",
        "chip.tiles=1",
        "--set",
        "chip.macros_per_tile=16",
        "--set",
        "chip.weight_writing={row_ns=1000,macros_at_once=1}",
        "--layer",
        "fc1",
    ];
    let folder = traced("rounds", &further);
    let layers = table(&folder, "tables/cycle_layers.csv");
    let row = layers.iter().find(|row| row["layer"] == "fc1");
    let row = row.expect("is there");
    let (start, end) = (number(row, "start_cycle"), number(row, "end_cycle"));
    let summary: Value = serde_json::from_str(&text(&folder, "summary.json")).expect("parses");
    let cycle = &summary["cycle"];
    let rounds = cycle["rounds"].as_array().expect("rounds");
    let of = |round: usize, key: &str| rounds[round][key].as_i64().expect("a number");
    let before = of(0, "weight_cycles") + of(0, "cycles") + of(1, "weight_cycles");
    assert_eq!((rounds.len(), start), (5, before));

    let events = table(&folder, "trace/events.csv");
    let own = events.iter().filter(|line| line["layer"] == "fc1");
    let cycles = own.map(|line| number(line, "start_cycle"));
    assert_eq!(cycles.min(), Some(start));
    let last = events.iter().map(|line| number(line, "end_cycle")).max();
    assert_eq!(last, Some(start + of(1, "cycles")));
    assert!(last < Some(end), "the first of four parts");
    let requested = format!("requested at {start}");
    assert!(
        events
            .iter()
            .any(|line| line["detail"].ends_with(&requested))
    );

    // One cycle is a whole number of nanoseconds, which both viewers keep.
    let clock_ns = cycle["clock_ns"].as_f64().expect("a number");
    let timeline: Value =
        serde_json::from_str(&text(&folder, "trace/timeline.json")).expect("parses");
    let drawn = timeline["traceEvents"].as_array().expect("events");
    let spans = drawn.iter().filter(|event| event["ph"] == "X");
    let first_us = spans.map(|event| event["ts"].as_f64().expect("a time"));
    let first_us = first_us.fold(f64::INFINITY, f64::min);
    assert!(
        (first_us * 1e3 / clock_ns - start as f64).abs() < 1e-3,
        "{first_us}"
    );
    let waves = text(&folder, "trace/waveform.vcd");
    let times = waves.lines().filter_map(|line| line.strip_prefix('#'));
    let times: Vec<f64> = times.map(|time| time.parse().expect("a time")).collect();
    let array = events
        .iter()
        .filter(|line| line["macro"] == "0" && ["front", "stall"].contains(&line["event"].as_str()))
        .map(|line| number(line, "start_cycle"))
        .min();
    let first = array.expect("the array works") as f64 * clock_ns;
    assert!(
        array >= Some(start) && times[0] == 0.0 && times[1] == first,
        "{times:?}"
    );

    let warnings = summary["warnings"].as_array().expect("a list");
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert_eq!(
        warnings[0],
        "layer fc1 is larger than the chip and is in the arrays in 4 rounds: trace files show round 2 of 5, its outputs 0 to 127 \
         of 512"
    );
}
