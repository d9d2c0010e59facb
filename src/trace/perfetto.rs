//! A timeline in the Trace Event Format that Perfetto and Chrome open: one process per tile, threads for the units of a
//! macro.
//!
//! ```text
//! {"displayTimeUnit": "ns", "traceEvents": [{"ph": "X", "name": .., "cat": .., "ts": us, "dur": us, "pid": tile, "tid": unit, "args": {..}}, ..]}
//! ```
//! Viewers keep whole nanoseconds, so a cycle that is no whole number of them is drawn as one, and the first process says so.
//! Process 0 is what the tiles share: links and the digital unit. Format after the public description of the Trace Event Format.
//! Not responsible for which events there are (`recorder`).

use super::events::{cargo, named, node};
use super::recorder::Event;
use crate::cycle::observer::Span;
use crate::cycle::plan::Mvm;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::Write;

/// What a timeline needs to know beside the events.
#[derive(Clone, Copy)]
pub struct Names<'a> {
    /// Layers of the plan.
    pub layers: &'a [String],
    /// Tile of each macro.
    pub tile_of_macro: &'a [u32],
    /// Clock period.
    pub clock_ns: f64,
}

impl Names<'_> {
    /// How long a cycle is drawn.
    fn drawn_ns(&self) -> f64 {
        match self.clock_ns.fract() {
            0.0 => self.clock_ns,
            _ => 1.0,
        }
    }

    /// Name of what tiles share, with the scale where it is not true to time.
    fn shared(&self) -> String {
        let name = "chip: links and digital unit";
        match self.clock_ns.fract() {
            0.0 => name.into(),
            _ => format!("{name}; 1 ns drawn is a cycle of {} ns", self.clock_ns),
        }
    }
}

/// Units of a macro, in the order they are drawn.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Lane {
    Mvm,
    Array,
    Readouts,
    Accumulators,
    Merge,
    Activation,
}

const LANES: [(Lane, &str); 6] = [
    (Lane::Mvm, "output pixels"),
    (Lane::Array, "array"),
    (Lane::Readouts, "read-outs"),
    (Lane::Accumulators, "latch, shift-add"),
    (Lane::Merge, "sums of other tiles"),
    (Lane::Activation, "activation"),
];

/// Process of what tiles share.
const SHARED: u32 = 0;
/// Thread of the digital unit; links of loads, sums and outputs follow.
const DIGITAL: u32 = 1;

#[derive(Serialize)]
struct Slice<'a> {
    name: &'a str,
    cat: &'static str,
    ph: char,
    ts: f64,
    dur: f64,
    pid: u32,
    tid: u32,
    args: Map<String, Value>,
}

/// Rows that were drawn on. What overlaps on one unit (output pixels on a macro, transfers over other links) gets rows of its
/// own: rectangles of a thread must not cross.
#[derive(Default)]
struct Threads {
    /// By process, unit, and number among the rows of the unit.
    rows: BTreeMap<(u32, u32, u32), Row>,
}

struct Row {
    /// Number of the thread in the file.
    thread: u32,
    name: String,
    /// End of what was drawn last.
    end: u64,
}

impl Threads {
    /// Thread of the first row of a unit that is free for this time; spans of a unit come in order of their start.
    fn row(&mut self, (process, unit, name): (u32, u32, &str), span: &Span) -> u32 {
        let mut number = 0;
        loop {
            let new = self.rows.len() as u32 + 1;
            let row = self
                .rows
                .entry((process, unit, number))
                .or_insert_with(|| Row {
                    thread: new,
                    name: match number {
                        0 => name.to_string(),
                        _ => format!("{name} ({})", number + 1),
                    },
                    end: 0,
                });
            if row.end <= span.start {
                row.end = span.end;
                return row.thread;
            }
            number += 1;
        }
    }
}

/// Writes the timeline; without events it is an empty list.
///
/// # Errors
/// If it cannot be written.
pub fn write(events: &[Event], names: Names, mut to: impl Write) -> std::io::Result<()> {
    to.write_all(b"{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n")?;
    let mut threads = Threads::default();
    for event in events {
        for slice in slices(event, names, &mut threads) {
            serde_json::to_writer(&mut to, &slice)?;
            to.write_all(b",\n")?;
        }
    }
    let mut metadata = Vec::new();
    let mut processes: Vec<u32> = threads.rows.keys().map(|key| key.0).collect();
    processes.dedup();
    for process in processes {
        let name = match process {
            SHARED => names.shared(),
            tile => format!("tile {}", tile - 1),
        };
        metadata.push(named_row(
            "process_name",
            process,
            0,
            json!({ "name": name }),
        ));
        let order = json!({ "sort_index": process });
        metadata.push(named_row("process_sort_index", process, 0, order));
    }
    for (order, ((process, ..), row)) in threads.rows.iter().enumerate() {
        let (name, order) = (json!({ "name": row.name }), json!({ "sort_index": order }));
        metadata.push(named_row("thread_name", *process, row.thread, name));
        metadata.push(named_row("thread_sort_index", *process, row.thread, order));
    }
    let last = metadata.len().saturating_sub(1);
    for (at, row) in metadata.iter().enumerate() {
        serde_json::to_writer(&mut to, row)?;
        to.write_all(if at == last { b"\n" } else { b",\n" })?;
    }
    to.write_all(b"]}\n")?;
    to.flush()
}

fn named_row(name: &str, process: u32, thread: u32, args: Value) -> Value {
    json!({ "name": name, "ph": "M", "pid": process, "tid": thread, "args": args })
}

/// The rectangles of one event.
fn slices<'a>(event: &'a Event, names: Names<'a>, threads: &mut Threads) -> Vec<Slice<'a>> {
    let layer = |mvm: Mvm| {
        let name = names.layers.get(mvm.layer as usize);
        name.map_or("", String::as_str)
    };
    let mut draw = |(pid, unit, row): (u32, u32, String),
                    name: &'a str,
                    cat: &'static str,
                    span: &Span,
                    args: Map<String, Value>| {
        let tid = threads.row((pid, unit, &row), span);
        let us = |cycles: u64| cycles as f64 * names.drawn_ns() / 1e3;
        Slice {
            name,
            cat,
            ph: 'X',
            ts: us(span.start),
            dur: us(span.end - span.start),
            pid,
            tid,
            args,
        }
    };
    let on = |macro_index: u32, lane: Lane| place(names, macro_index, lane);
    match event {
        Event::Operation(operation) => {
            let macro_index = operation.macro_index;
            let args = || arguments(operation.mvm, &[("operation", operation.index)]);
            let array = on(macro_index, Lane::Array);
            let mut drawn = vec![draw(
                array.clone(),
                "precharge, develop",
                "array",
                &operation.front,
                args(),
            )];
            let hold = operation.front.end..operation.sample.start;
            if !hold.is_empty() {
                drawn.push(draw(
                    array.clone(),
                    "waits for sample-and-hold",
                    "stall",
                    &hold,
                    args(),
                ));
            }
            if !operation.sample.is_empty() {
                drawn.push(draw(array, "sample", "array", &operation.sample, args()));
            }
            drawn
        }
        Event::Conversion(conversion) => {
            let args = || {
                let numbers = [
                    ("operation", conversion.operation),
                    ("position", conversion.position),
                ];
                arguments(conversion.mvm, &numbers)
            };
            let (readouts, latch) = (
                on(conversion.macro_index, Lane::Readouts),
                on(conversion.macro_index, Lane::Accumulators),
            );
            vec![
                draw(readouts, "sense", "read-out", &conversion.sense, args()),
                draw(latch, "latch", "accumulator", &conversion.latch, args()),
            ]
        }
        Event::Transfer(transfer) => {
            let thread = DIGITAL + 1 + transfer.cargo as u32;
            let mut args = arguments(transfer.mvm, &[("bits", transfer.bits)]);
            args.insert("from".into(), json!(node(transfer.from)));
            args.insert("to".into(), json!(node(transfer.to)));
            args.insert("requested_cycle".into(), json!(transfer.requested));
            let row = format!("links: {}", cargo(transfer.cargo));
            let name = layer(transfer.mvm);
            vec![draw(
                (SHARED, thread, row),
                name,
                "transfer",
                &transfer.span,
                args,
            )]
        }
        Event::Mvm {
            mvm,
            macro_index,
            span,
        } => {
            let row = on(*macro_index, Lane::Mvm);
            vec![draw(row, layer(*mvm), "mvm", span, arguments(*mvm, &[]))]
        }
        Event::Stall {
            macro_index,
            stall,
            span,
        } => {
            // Waiting for the sample-and-hold is drawn with its operation.
            let row = on(*macro_index, Lane::Array);
            match stall {
                crate::cycle::outcome::Stall::SampleAndHold => Vec::new(),
                _ => vec![draw(row, stall.name(), "stall", span, Map::new())],
            }
        }
        Event::Unit {
            macro_index,
            unit,
            span,
        } => {
            let (word, mvm) = named(unit);
            let row = match macro_index {
                Some(index) if word == "merge" => on(*index, Lane::Merge),
                Some(index) => on(*index, Lane::Activation),
                None => (SHARED, DIGITAL, "digital unit".into()),
            };
            let name = if macro_index.is_some() {
                word
            } else {
                layer(mvm)
            };
            vec![draw(row, name, "digital", span, arguments(mvm, &[]))]
        }
    }
}

/// Process, number and name of a unit of a macro.
fn place(names: Names, macro_index: u32, lane: Lane) -> (u32, u32, String) {
    let tile = names.tile_of_macro.get(macro_index as usize);
    let word = LANES[lane as usize].1;
    (
        tile.map_or(1, |tile| tile + 1),
        macro_index * LANES.len() as u32 + lane as u32 + 1,
        format!("macro {macro_index}: {word}"),
    )
}

fn arguments(mvm: Mvm, numbers: &[(&str, u32)]) -> Map<String, Value> {
    let own = [
        ("image", mvm.image),
        ("pixel", mvm.pixel),
        ("tile of layer", mvm.tile),
    ];
    let all = own.iter().chain(numbers);
    all.map(|(key, value)| ((*key).to_string(), json!(value)))
        .collect()
}
