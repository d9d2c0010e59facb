//! The timeline by the schema of the format, and the table of events against it.

use super::{number, table, text, traced};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

fn events(folder: &Path) -> Vec<Value> {
    let file: Value = serde_json::from_str(&text(folder, "trace/timeline.json")).expect("JSON");
    file["traceEvents"].as_array().expect("a list").clone()
}

/// Cycles of a time in microseconds.
fn cycle(value: &Value, clock_ns: f64) -> u64 {
    let us = value.as_f64().expect("a number");
    let cycles = us * 1e3 / clock_ns;
    assert!(
        us >= 0.0 && (cycles - cycles.round()).abs() < 1e-6 * cycles.max(1.0),
        "{us} us"
    );
    cycles.round() as u64
}

/// Every rectangle has its place and time, none crosses another of its row, every row has a name.
fn follows_the_schema(folder: &Path, clock_ns: f64) -> usize {
    let mut rows: BTreeMap<(u64, u64), Vec<(u64, u64)>> = BTreeMap::new();
    let (mut processes, mut threads) = (BTreeSet::new(), BTreeSet::new());
    for event in events(folder) {
        let name = event["name"].as_str().expect("a name");
        let (pid, tid) = (event["pid"].as_u64(), event["tid"].as_u64());
        let place = (pid.expect("a process"), tid.expect("a thread"));
        match event["ph"].as_str().expect("a phase") {
            "X" => {
                let start = cycle(&event["ts"], clock_ns);
                let length = cycle(&event["dur"], clock_ns);
                assert!(event["args"].is_object());
                rows.entry(place).or_default().push((start, start + length));
            }
            "M" => {
                let named = event["args"]["name"].is_string();
                match name {
                    "process_name" if named => assert!(processes.insert(place.0)),
                    "thread_name" if named => assert!(threads.insert(place)),
                    "process_sort_index" | "thread_sort_index" => {}
                    other => panic!("{other}"),
                }
            }
            other => panic!("phase {other}"),
        }
    }
    for (place, spans) in &mut rows {
        assert!(
            threads.contains(place) && processes.contains(&place.0),
            "{place:?}"
        );
        spans.sort_unstable();
        for pair in spans.windows(2) {
            assert!(pair[0].1 <= pair[1].0, "{place:?}: {pair:?} cross");
        }
    }
    assert_eq!(
        threads.len(),
        rows.len(),
        "a name for each row and no other"
    );
    rows.values().map(Vec::len).sum()
}

/// Lines of the table against rectangles, what belongs to a pixel against the pixel, stalls against what the array does.
fn agrees_with_the_table(folder: &Path) {
    let lines = table(folder, "trace/events.csv");
    let is = |line: &HashMap<String, String>, event: &str| line["event"] == event;
    // Waiting for a sample-and-hold is drawn with its operation.
    let waits = |event: &Value| event["name"] == "waits for sample-and-hold";
    let held = lines
        .iter()
        .filter(|line| is(line, "stall") && line["detail"] == "sample-and-hold")
        .count();
    let drawn = events(folder);
    let rectangles = drawn.iter().filter(|event| event["ph"] == "X").count();
    assert_eq!(rectangles, lines.len(), "spans of the table and rectangles");
    assert_eq!(drawn.iter().filter(|event| waits(event)).count(), held);

    let key = |line: &HashMap<String, String>| {
        ["image", "pixel", "tile", "macro", "layer"].map(|column| line[column].clone())
    };
    let span =
        |line: &HashMap<String, String>| (number(line, "start_cycle"), number(line, "end_cycle"));
    let mvms: HashMap<_, _> = lines
        .iter()
        .filter(|line| is(line, "mvm"))
        .map(|line| (key(line), span(line)))
        .collect();
    assert!(!mvms.is_empty());
    let mut within = 0;
    let mut fronts: HashMap<String, Vec<(i64, i64)>> = HashMap::new();
    for line in &lines {
        let (start, end) = span(line);
        assert!(start <= end);
        if ["front", "sample", "sense", "latch"].contains(&line["event"].as_str()) {
            let mvm = mvms[&key(line)];
            assert!(mvm.0 <= start && end <= mvm.1, "{line:?} within {mvm:?}");
            within += 1;
        }
        if is(line, "front") || is(line, "sample") {
            fronts
                .entry(line["macro"].clone())
                .or_default()
                .push((start, end));
        }
    }
    assert!(within > 1000);
    for line in lines.iter().filter(|line| is(line, "stall")) {
        let (start, end) = span(line);
        assert!(start < end);
        let own = &fronts[&line["macro"]];
        assert!(
            own.iter().all(|front| front.1 <= start || end <= front.0),
            "{line:?}"
        );
        // Nothing of a pixel that is not traced: the macro's last traced pixel begins after or holds the wait.
        let last = mvms
            .iter()
            .filter(|(key, _)| key[3] == line["macro"])
            .map(|(_, span)| span.1);
        assert!(
            end <= last.max().expect("has pixels"),
            "{line:?} after the traced pixels"
        );
    }
    let images: BTreeSet<&str> = lines
        .iter()
        .filter(|line| is(line, "mvm"))
        .map(|line| line["image"].as_str())
        .collect();
    for image in &images {
        // Stalls of later images are kept too: each image's first pixel waits for its inputs.
        let first = mvms
            .iter()
            .filter(|(key, _)| key[0] == *image)
            .map(|(_, span)| span.0)
            .min();
        let first = first.expect("has pixels");
        let waited = lines
            .iter()
            .any(|line| is(line, "stall") && number(line, "end_cycle") == first);
        assert!(waited, "image {image} waits until {first}");
    }
}

#[test]
fn shipped_macro_with_overlapping_pixels() {
    let folder = traced("timeline", &["--images", "2", "--pixels", "3"]);
    assert!(follows_the_schema(&folder, 1.0) > 1000);
    assert!(!text(&folder, "trace/timeline.json").contains("drawn is a cycle"));
    agrees_with_the_table(&folder);
}

#[test]
fn mesh_with_sample_and_holds_and_another_clock() {
    let further = [
        "--set",
        "timing.sample_and_hold=per_column",
        "--set",
        "timing.sample_cycles=1",
        "--set",
        "timing.clock_ns=1.25",
        "--set",
        "chip.schedule.order=pipelined",
        "--set",
        "chip.interconnect={mesh={columns=4, width_bits=32, hop_cycles=1}}",
        "--set",
        "chip.tiles=64",
        "--set",
        "chip.macros_per_tile=2",
        "--layer",
        "conv2",
        "--layer",
        "fc1",
        "--pixels",
        "5",
    ];
    let folder = traced("timeline_mesh", &further);
    // Viewers keep whole nanoseconds: a cycle of 1.25 ns is drawn as one, and said so.
    assert!(follows_the_schema(&folder, 1.0) > 1000);
    let note = "1 ns drawn is a cycle of 1.25 ns";
    assert!(text(&folder, "trace/timeline.json").contains(note));
    agrees_with_the_table(&folder);
}
