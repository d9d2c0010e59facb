//! The waveforms as a viewer reads them: hierarchy, widths, and at every cycle that matters the values that the golden vectors
//! and the times of the macro ask for.

use super::{imcsim, number, place_of, table, text, traced};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use wellen::simple::{Waveform, read};

/// Signals of one macro by name: (time, bits), width.
struct Wires {
    wires: HashMap<String, (u32, Vec<(u64, String)>)>,
    /// Time of one cycle in the unit of the file, in femtoseconds.
    unit_fs: f64,
}

impl Wires {
    fn of(folder: &Path, module: &str) -> Wires {
        let mut wave: Waveform = read(folder.join("trace/waveform.vcd")).expect("parses");
        let times = wave.time_table().to_vec();
        let hierarchy = wave.hierarchy();
        let scale = hierarchy.timescale().expect("a timescale");
        let exponent = scale.unit.to_exponent().expect("a unit");
        let prefix = format!("chip.{module}.");
        let vars: Vec<_> = hierarchy
            .all_vars()
            .filter_map(|var| {
                let var = &hierarchy[var];
                let name = var.full_name(hierarchy);
                let own = name.strip_prefix(&prefix)?.to_string();
                Some((own, var.length(hierarchy).expect("bits"), var.signal_ref()))
            })
            .collect();
        let ids: Vec<_> = vars.iter().map(|var| var.2).collect();
        wave.load_signals(&ids);
        let mut wires = HashMap::new();
        for (name, width, id) in vars {
            let signal = wave.get_signal(id).expect("is loaded");
            let changes = signal.iter_changes().map(|(at, value)| {
                let bits = value.to_bit_string().expect("bits");
                assert_eq!(bits.len(), width as usize, "{name}");
                (times[at as usize], bits)
            });
            let changes = changes.collect();
            assert!(
                wires.insert(name, (width, changes)).is_none(),
                "names are unique"
            );
        }
        let unit_fs = f64::from(scale.factor) * 10f64.powi(i32::from(exponent) + 15);
        Wires { wires, unit_fs }
    }

    fn width(&self, name: &str) -> u32 {
        self.wires[name].0
    }

    fn bits(&self, name: &str, time: u64) -> &str {
        let changes = &self.wires[name].1;
        let after = changes.partition_point(|change| change.0 <= time);
        &changes[after - 1].1
    }

    fn value(&self, name: &str, time: u64) -> u64 {
        let bits = self.bits(name, time);
        u64::from_str_radix(bits, 2).unwrap_or_else(|_| panic!("{name} at {time}: {bits}"))
    }

    fn signed(&self, name: &str, time: u64) -> i64 {
        let shift = 64 - self.width(name);
        ((self.value(name, time) << shift) as i64) >> shift
    }
}

/// What sense amps say while a code is found: (time of each step's answer, all wires) to a code.
type Replay = fn(&dyn Fn(u64) -> String, steps: u64) -> u64;

/// Sign first, then seven references of one side: three more answers.
fn binary_search(answer: &dyn Fn(u64) -> String, steps: u64) -> u64 {
    assert_eq!(steps, 4);
    let bit = |step| u64::from(answer(step) == "1");
    7 * bit(1) + 4 * bit(2) + 2 * bit(3) + bit(4)
}

/// References from below until one says no.
fn ramp(answer: &dyn Fn(u64) -> String, steps: u64) -> u64 {
    (1..=steps.min(14))
        .take_while(|&step| answer(step) == "1")
        .count() as u64
}

/// All at once: ones from below.
fn flash(answer: &dyn Fn(u64) -> String, steps: u64) -> u64 {
    assert_eq!(steps, 1);
    let all = answer(1);
    let ones = all.chars().filter(|&c| c == '1').count();
    let thermometer = "0".repeat(all.len() - ones) + &"1".repeat(ones);
    assert_eq!(all, thermometer);
    ones as u64
}

struct Times {
    clock_fs: f64,
    /// Cycles of each state of the array.
    phases: [(u64, u64); 4],
    /// Cycles before the first comparison and of each comparison.
    sense: (u64, u64),
}

/// Everything of macro 0 against golden vectors and events; conversions looked at.
fn agrees(folder: &Path, times: &Times, replay: Replay) -> usize {
    let wires = Wires::of(folder, "macro_0");
    let per_cycle = times.clock_fs / wires.unit_fs;
    assert!(
        (per_cycle - per_cycle.round()).abs() < 1e-9,
        "a cycle is {per_cycle} units"
    );
    let at = |cycle: i64| cycle as u64 * per_cycle.round() as u64;
    let events = table(folder, "trace/events.csv");
    let key = |row: &HashMap<String, String>, position: &str| {
        ["image", "pixel", "tile", "operation", position].map(|column| number(row, column))
    };
    let spans = |event: &str| -> HashMap<_, (i64, i64)> {
        let own = events
            .iter()
            .filter(|row| row["event"] == event && row["macro"] == "0");
        own.map(|row| {
            (
                key(row, "position"),
                (number(row, "start_cycle"), number(row, "end_cycle")),
            )
        })
        .collect()
    };
    let (senses, latches) = (spans("sense"), spans("latch"));
    let golden = table(folder, "trace/golden_readouts.csv");
    let mut seen = 0;
    let ended: HashMap<i64, usize> = latches.values().fold(HashMap::new(), |mut count, span| {
        *count.entry(span.1).or_default() += 1;
        count
    });
    assert!(
        ended.values().all(|&count| count == 1),
        "one latch at a time"
    );
    for row in golden.iter().filter(|row| row["macro"] == "0") {
        let place = key(row, "conversion_of_operation");
        let (sense, latch) = (senses[&place], latches[&place]);
        let wire = |name: &str| format!("readout_{}_{name}", row["readout"]);
        let code = number(row, "code") as u64;
        // At the end of sensing and when it is latched.
        for cycle in [sense.1, latch.0, latch.1 - 1] {
            if cycle < sense.1 + times.sense.1 as i64 {
                assert_eq!(wires.value(&wire("code"), at(cycle)), code, "{row:?}");
            }
        }
        assert_eq!(wires.value(&wire("sensing"), at(sense.0)), 1);
        assert_eq!(wires.value(&wire("sensing"), at(sense.1 - 1)), 1);
        assert_eq!(
            wires.value(&wire("output"), at(sense.0)),
            number(row, "output") as u64
        );
        assert_eq!(
            wires.signed(&wire("accumulator"), at(latch.1)),
            number(row, "accumulated")
        );
        assert_eq!(
            wires.value("column_position", at(sense.0)),
            number(row, "position") as u64
        );
        let (setup, step) = times.sense;
        let answer = |number: u64| {
            wires
                .bits(
                    &wire("sense_amps"),
                    at(sense.0 + (setup + number * step) as i64),
                )
                .to_string()
        };
        let steps = ((sense.1 - sense.0) as u64 - setup) / step;
        assert_eq!(replay(&answer, steps), code, "{row:?}");
        seen += 1;
    }
    phases(&wires, &events, at, times);
    inputs(&wires, folder, &events, at, times);
    seen
}

/// Every operation has its phases, as long as they are to be.
fn phases(
    wires: &Wires,
    events: &[HashMap<String, String>],
    at: impl Fn(i64) -> u64,
    times: &Times,
) {
    let changes = &wires.wires["array_state"].1;
    let mut counted: HashMap<u64, usize> = HashMap::new();
    for pair in changes.windows(2) {
        let Ok(state) = u64::from_str_radix(&pair[0].1, 2) else {
            continue;
        };
        let cycles = (pair[1].0 - pair[0].0) / at(1);
        *counted.entry(state).or_default() += 1;
        if let Some((_, length)) = times.phases.iter().find(|phase| phase.0 == state) {
            assert_eq!(cycles, *length, "state {state} at {}", pair[0].0);
        }
    }
    let fronts = events
        .iter()
        .filter(|row| row["event"] == "front" && row["macro"] == "0")
        .count();
    for (state, length) in times.phases {
        if length > 0 {
            assert_eq!(
                counted.get(&state),
                Some(&fronts),
                "one phase {state} per operation"
            );
        }
    }
}

/// Word lines carry the golden inputs from the end of the precharge until nothing needs them.
fn inputs(
    wires: &Wires,
    folder: &Path,
    events: &[HashMap<String, String>],
    at: impl Fn(i64) -> u64,
    times: &Times,
) {
    let fronts: HashMap<_, i64> = events
        .iter()
        .filter(|row| row["event"] == "front" && row["macro"] == "0")
        .map(|row| {
            (
                ["image", "pixel", "operation"].map(|c| number(row, c)),
                number(row, "start_cycle"),
            )
        })
        .collect();
    // Sampled, or converted where nothing is sampled.
    let until = if times.phases.contains(&(4, 0)) {
        "sense"
    } else {
        "sample"
    };
    let closed: HashMap<_, i64> = events
        .iter()
        .filter(|row| row["event"] == until && row["macro"] == "0")
        .map(|row| {
            (
                ["image", "pixel", "operation"].map(|c| number(row, c)),
                number(row, "end_cycle"),
            )
        })
        .collect();
    let length = |state| {
        times
            .phases
            .iter()
            .find(|phase| phase.0 == state)
            .map_or(0, |phase| phase.1 as i64)
    };
    let positions = wires.width("word_lines") / 9;
    let rows = table(folder, "trace/golden_inputs.csv");
    let mut lines = text(folder, "trace/inputs.mem")
        .lines()
        .map(str::to_string)
        .collect::<Vec<_>>()
        .into_iter();
    for row in &rows {
        let line = lines.next().expect("a line for each operation");
        if row["macro"] != "0" {
            continue;
        }
        let listed: Vec<u64> = row["inputs"]
            .split(' ')
            .map(|one| one.parse().expect("a number"))
            .collect();
        let packed = listed
            .iter()
            .rev()
            .fold(0, |packed, input| (packed << positions) | input);
        assert_eq!(u64::from_str_radix(&line, 16), Ok(packed));
        let start = fronts[&["image", "pixel", "operation"].map(|c| number(row, c))];
        let open = start + length(1);
        let close = closed[&["image", "pixel", "operation"].map(|c| number(row, c))];
        assert!(close >= open + length(2) + length(4) + length(5));
        for cycle in [open, close - 1] {
            assert_eq!(
                wires.value("word_lines", at(cycle)),
                packed,
                "cycle {cycle} of {row:?}"
            );
        }
        assert_eq!(wires.value("word_lines", at(close)), 0, "closed at {close}");
        assert_eq!(
            wires.value("word_line_group", at(open)),
            number(row, "group") as u64
        );
        assert_eq!(wires.value("pixel", at(open)), number(row, "pixel") as u64);
    }
    assert!(lines.next().is_none());
}

#[test]
fn shipped_macro() {
    let folder = traced("wave", &["--pixels", "3"]);
    let wires = Wires::of(&folder, "macro_0");
    let widths = [
        ("array_state", 3),
        ("word_lines", 18),
        ("readout_0_code", 4),
        ("readout_15_accumulator", 20),
    ];
    for (name, width) in widths {
        assert_eq!(wires.width(name), width, "{name}");
    }
    assert_eq!(wires.wires.len(), 7 + 16 * 5);
    assert!(Wires::of(&folder, "macro_1").wires.is_empty());
    let times = Times {
        clock_fs: 1e6,
        phases: [(1, 1), (2, 4), (4, 0), (5, 4)],
        sense: (0, 1),
    };
    // 28 groups of 64 outputs, three pixels.
    assert_eq!(agrees(&folder, &times, binary_search), 3 * 28 * 64);
}

#[test]
fn a_last_readout_with_fewer_columns_has_wires_too() {
    // 128 pairs, seven to a read-out: 18 full ones and one of two; 64 outputs take four positions of them.
    let folder = traced("wave_seven", &["--set", "array.columns_per_readout=7"]);
    let readouts = table(&folder, "trace/golden_readouts.csv");
    let last = readouts.iter().map(|row| number(row, "readout")).max();
    assert_eq!(last, Some(18));
    let wires = Wires::of(&folder, "macro_0");
    assert!(wires.wires.contains_key("readout_18_code"));
    assert!(!wires.wires.contains_key("readout_19_code"));
}

#[test]
fn two_macros_with_noise_and_sample_and_holds_at_another_clock() {
    let further = [
        "--noise",
        "--macros",
        "2",
        "--images",
        "2",
        "--set",
        "timing.sample_and_hold=per_readout",
        "--set",
        "timing.sample_cycles=2",
        "--set",
        "timing.clock_ns=1.25",
        "--set",
        "timing.sense_setup_cycles=1",
        "--set",
        "timing.sense_cycles_per_step=2",
    ];
    let folder = traced("wave_hold", &further);
    assert!(!Wires::of(&folder, "macro_1").wires.is_empty());
    let times = Times {
        clock_fs: 1.25e6,
        phases: [(1, 1), (2, 4), (4, 2), (5, 0)],
        sense: (1, 2),
    };
    assert_eq!(agrees(&folder, &times, binary_search), 2 * 2 * 28 * 64);
}

/// The shipped macro with another kind of read-out.
fn other_readout(name: &str, kind: &str, timing: &str) -> PathBuf {
    let text = std::fs::read_to_string(format!(
        "{}/arch/reram_9wl.toml",
        env!("CARGO_MANIFEST_DIR")
    ));
    let text = text
        .expect("is shipped")
        .replace("readout.binary_search", kind);
    let text = text.replace("early_termination = false", timing);
    let folder = place_of(name);
    let arch = folder.with_extension("toml");
    std::fs::write(&arch, text).expect("written");
    let (arch, out) = (arch.display().to_string(), folder.display().to_string());
    let output = imcsim(&["trace", &arch, "--model", "lenet", "--out", &out, "--quiet"]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    folder
}

#[test]
fn ramp_that_stops_early() {
    let folder = other_readout("wave_ramp", "readout.ramp", "early_termination = true");
    let wires = Wires::of(&folder, "macro_0");
    let lengths = wires.wires["array_state"]
        .1
        .windows(2)
        .filter(|pair| pair[0].1 == "101");
    let lengths: Vec<u64> = lengths.map(|pair| pair[1].0 - pair[0].0).collect();
    assert!(
        lengths.iter().any(|&cycles| cycles != lengths[0])
            && lengths.iter().all(|&cycles| cycles <= 16)
    );
    let events = table(&folder, "trace/events.csv");
    let golden = table(&folder, "trace/golden_readouts.csv");
    let mut most: HashMap<[i64; 2], i64> = HashMap::new();
    for row in golden
        .iter()
        .filter(|row| row["macro"] == "0" && row["pixel"] == "0")
    {
        let place = [
            number(row, "operation"),
            number(row, "conversion_of_operation"),
        ];
        let needed = (number(row, "code") + 1).min(14);
        let entry = most.entry(place).or_default();
        *entry = needed.max(*entry);
    }
    let own = events
        .iter()
        .filter(|row| row["event"] == "sense" && row["macro"] == "0" && row["pixel"] == "0");
    let mut seen = 0;
    for row in own {
        let place = [number(row, "operation"), number(row, "position")];
        assert_eq!(
            number(row, "end_cycle") - number(row, "start_cycle"),
            most[&place]
        );
        let start = number(row, "start_cycle") as u64;
        for value in golden.iter().filter(|value| {
            value["macro"] == "0"
                && value["pixel"] == "0"
                && [
                    number(value, "operation"),
                    number(value, "conversion_of_operation"),
                ] == place
        }) {
            let name = format!("readout_{}_sense_amps", value["readout"]);
            let answer = |step: u64| wires.bits(&name, start + step).to_string();
            assert_eq!(
                ramp(&answer, most[&place] as u64),
                number(value, "code") as u64
            );
            seen += 1;
        }
    }
    assert_eq!(seen, 28 * 64);
}

#[test]
fn flash_compares_at_once() {
    let folder = other_readout("wave_flash", "readout.flash", "early_termination = false");
    let times = Times {
        clock_fs: 1e6,
        phases: [(1, 1), (2, 4), (4, 0), (5, 1)],
        sense: (0, 1),
    };
    assert_eq!(agrees(&folder, &times, flash), 2 * 28 * 64);
}
