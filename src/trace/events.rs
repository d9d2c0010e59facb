//! Events as a table: one line each, times in cycles and nanoseconds.

use super::recorder::Event;
use crate::cycle::observer::{Cargo, Unit};
use crate::cycle::plan::{Mvm, Node};
use std::io::{self, Write};

/// Head of the table.
const HEAD: [&str; 14] = [
    "event",
    "layer",
    "image",
    "pixel",
    "tile",
    "macro",
    "operation",
    "position",
    "start_cycle",
    "end_cycle",
    "start_ns",
    "end_ns",
    "bits",
    "detail",
];

/// One line of the table.
#[derive(Default)]
struct Line {
    event: &'static str,
    mvm: Option<Mvm>,
    macro_index: Option<u32>,
    operation: Option<u32>,
    position: Option<u32>,
    start: u64,
    end: u64,
    bits: Option<u32>,
    detail: String,
}

/// Writes all events; `layers` are the names of the plan's layers.
///
/// # Errors
/// If it cannot be written.
pub fn write(
    events: &[Event],
    layers: &[String],
    clock_ns: f64,
    to: impl Write,
) -> Result<(), csv::Error> {
    let mut table = csv::Writer::from_writer(to);
    table.write_record(HEAD)?;
    for line in events.iter().flat_map(lines) {
        let shown = |number: Option<u32>| number.map(|n| n.to_string()).unwrap_or_default();
        let of = |part: fn(&Mvm) -> u32| shown(line.mvm.as_ref().map(part));
        let layer = line.mvm.and_then(|mvm| layers.get(mvm.layer as usize));
        table.write_record([
            line.event,
            layer.map_or("", String::as_str),
            &of(|mvm| mvm.image),
            &of(|mvm| mvm.pixel),
            &of(|mvm| mvm.tile),
            &shown(line.macro_index),
            &shown(line.operation),
            &shown(line.position),
            &line.start.to_string(),
            &line.end.to_string(),
            &nanoseconds(line.start, clock_ns),
            &nanoseconds(line.end, clock_ns),
            &shown(line.bits),
            &line.detail,
        ])?;
    }
    table.flush().map_err(io::Error::into)
}

/// Cycles as nanoseconds, without digits that the clock does not have.
fn nanoseconds(cycle: u64, clock_ns: f64) -> String {
    let written = format!("{:.6}", cycle as f64 * clock_ns);
    let short = written.trim_end_matches('0').trim_end_matches('.');
    short.to_string()
}

/// Lines of one event: an operation and a conversion have two phases.
fn lines(event: &Event) -> Vec<Line> {
    match event {
        Event::Operation(operation) => {
            let line = |event, span: &std::ops::Range<u64>| Line {
                event,
                mvm: Some(operation.mvm),
                macro_index: Some(operation.macro_index),
                operation: Some(operation.index),
                start: span.start,
                end: span.end,
                ..Line::default()
            };
            let sample = (!operation.sample.is_empty()).then(|| line("sample", &operation.sample));
            std::iter::once(line("front", &operation.front))
                .chain(sample)
                .collect()
        }
        Event::Conversion(conversion) => {
            let line = |event, span: &std::ops::Range<u64>| Line {
                event,
                mvm: Some(conversion.mvm),
                macro_index: Some(conversion.macro_index),
                operation: Some(conversion.operation),
                position: Some(conversion.position),
                start: span.start,
                end: span.end,
                ..Line::default()
            };
            vec![
                line("sense", &conversion.sense),
                line("latch", &conversion.latch),
            ]
        }
        Event::Transfer(transfer) => vec![Line {
            event: cargo(transfer.cargo),
            mvm: Some(transfer.mvm),
            macro_index: Some(transfer.macro_index),
            start: transfer.span.start,
            end: transfer.span.end,
            bits: Some(transfer.bits),
            detail: format!(
                "{} to {}, requested at {}",
                node(transfer.from),
                node(transfer.to),
                transfer.requested
            ),
            ..Line::default()
        }],
        Event::Mvm {
            mvm,
            macro_index,
            span,
        } => vec![Line {
            event: "mvm",
            mvm: Some(*mvm),
            macro_index: Some(*macro_index),
            start: span.start,
            end: span.end,
            ..Line::default()
        }],
        Event::Stall {
            macro_index,
            stall,
            span,
        } => vec![Line {
            event: "stall",
            macro_index: Some(*macro_index),
            start: span.start,
            end: span.end,
            detail: stall.name().to_string(),
            ..Line::default()
        }],
        Event::Unit {
            macro_index,
            unit,
            span,
        } => {
            let (event, mvm) = named(unit);
            vec![Line {
                event,
                mvm: Some(mvm),
                macro_index: *macro_index,
                start: span.start,
                end: span.end,
                ..Line::default()
            }]
        }
    }
}

/// Word for what travels.
pub fn cargo(cargo: Cargo) -> &'static str {
    match cargo {
        Cargo::Output => "output",
        Cargo::Sums => "partial sums",
        Cargo::Load => "load",
    }
}

/// Word for a unit's work, and whose.
pub fn named(unit: &Unit) -> (&'static str, Mvm) {
    match unit {
        Unit::Merge(mvm) => ("merge", *mvm),
        Unit::Activate(mvm) => ("activate", *mvm),
        Unit::Digital(mvm) => ("digital", *mvm),
    }
}

/// Words for a place.
pub fn node(node: Node) -> String {
    match node {
        Node::GlobalBuffer => "buffer".into(),
        Node::Tile(tile) => format!("tile {tile}"),
    }
}
