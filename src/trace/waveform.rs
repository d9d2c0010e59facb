//! What the wires of a macro show: array state, word lines, sense amps, codes and accumulators, from recorded events and the
//! values behind them.
//!
//! Not responsible for the file format (`vcd`) nor for when anything happens (`cycle`).

use super::recorder::Event;
use super::vcd::{Change, Signal, bits, signed_bits};
use crate::cycle::observer::{Conversion, Operation};
use crate::cycle::outcome::Stall;
use crate::cycle::plan::Mvm;
use crate::hw::timing::{SampleAndHold, Timing};
use crate::mapping::slot_values::{ReadoutValue, SlotValues};
use std::collections::HashMap;

/// States of an array, as `array_state` shows them.
pub const STATES: [(&str, u64); 6] = [
    ("idle or waiting", 0),
    ("precharge", 1),
    ("develop", 2),
    ("waits for sample-and-hold", 3),
    ("sample", 4),
    (
        "converted while word lines are open (no sample-and-hold)",
        5,
    ),
];

/// What the numbers of `array_state` and `waits_for` mean, for people who open the file.
pub fn remarks() -> Vec<String> {
    let states = STATES.map(|(name, number)| format!("{number} {name}"));
    let waits = (1..).zip(Stall::ALL);
    let waits = waits.map(|(number, stall): (u64, Stall)| format!("{number} {}", stall.name()));
    vec![
        format!("array_state: {}", states.join(", ")),
        format!(
            "waits_for: 0 nothing, {}",
            waits.collect::<Vec<_>>().join(", ")
        ),
    ]
}

/// What the values of a waveform come from.
pub trait Values {
    /// Slots of an MVM in order of time.
    fn slots(&self, mvm: Mvm) -> Vec<SlotValues>;
    /// What the sense amps of a read-out say on the way to a code.
    fn decisions(&self, layer: u32, value: &ReadoutValue) -> Vec<bool>;
}

/// Widths of the signals of a macro.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Widths {
    /// Word lines open at once.
    pub word_lines: u32,
    /// Bits on a word line.
    pub input_bits: u32,
    /// Read-outs.
    pub readouts: u32,
    /// Bits of a code.
    pub code_bits: u32,
    /// Sense amps of a read-out (1 unless it is a flash).
    pub sense_amps: u32,
    /// Bits of an accumulator.
    pub accumulator_bits: u32,
}

/// Signals of the macro itself.
const OWN: usize = 7;
/// Signals of each read-out.
const EACH: usize = 5;

/// Signals and changes.
pub struct Waveform<'a, V> {
    values: &'a V,
    timing: Timing,
    widths: Widths,
    macros: Vec<u32>,
    /// Signals, macro by macro.
    pub signals: Vec<Signal>,
    /// Changes in any order.
    pub changes: Vec<Change>,
    slots: HashMap<Mvm, Vec<SlotValues>>,
}

impl<'a, V: Values> Waveform<'a, V> {
    /// Draws the recorded events of these macros.
    pub fn new(
        events: &[Event],
        macros: Vec<u32>,
        values: &'a V,
        (timing, widths): (Timing, Widths),
    ) -> Self {
        let signals = macros.iter().flat_map(|&index| signals(index, widths));
        let mut waveform = Waveform {
            signals: signals.collect(),
            values,
            timing,
            widths,
            macros,
            changes: Vec::new(),
            slots: HashMap::new(),
        };
        for event in events {
            waveform.event(event);
        }
        waveform
    }

    fn event(&mut self, event: &Event) {
        match event {
            Event::Operation(operation) => self.operation(operation),
            Event::Conversion(conversion) => self.conversion(conversion),
            Event::Stall {
                macro_index,
                stall,
                span,
            } => {
                if let Some(base) = self.base(*macro_index) {
                    let number = 1 + Stall::ALL.iter().position(|s| s == stall).unwrap_or(0);
                    self.change(span.start, base + 6, bits(number as u64, 3));
                    self.change(span.end, base + 6, bits(0, 3));
                }
            }
            Event::Transfer(_) | Event::Mvm { .. } | Event::Unit { .. } => {}
        }
    }

    /// First signal of a macro, if it is drawn.
    fn base(&self, macro_index: u32) -> Option<usize> {
        let at = self.macros.iter().position(|&index| index == macro_index)?;
        Some(at * (OWN + EACH * self.widths.readouts as usize))
    }

    fn change(&mut self, cycle: u64, signal: usize, value: Option<Vec<bool>>) {
        self.changes.push(Change {
            cycle,
            signal,
            value,
        });
    }

    fn slot(&mut self, mvm: Mvm, operation: u32, position: u32) -> Option<SlotValues> {
        let values = self.values;
        let slots = self.slots.entry(mvm).or_insert_with(|| values.slots(mvm));
        let wanted = |slot: &&SlotValues| {
            slot.operation == operation && slot.position_in_operation == position
        };
        slots.iter().find(wanted).cloned()
    }

    fn operation(&mut self, operation: &Operation) {
        let Some(base) = self.base(operation.macro_index) else {
            return;
        };
        let front = &operation.front;
        let developed = front.end;
        let open = (front.start + u64::from(self.timing.precharge_cycles)).min(developed);
        let end = operation.sample.end.max(developed);
        let state = [
            (front.start, 1),
            (open, 2),
            (developed, 3),
            (operation.sample.start, 4),
        ];
        // Of several in one cycle the last one stays: phases without cycles are not seen.
        for (cycle, state) in state {
            self.change(cycle, base, bits(state, 3));
        }
        // Without a sample-and-hold the conversion takes over.
        if self.timing.sample_and_hold != SampleAndHold::None {
            self.close(end, base);
        }
        let Some(slot) = self.slot(operation.mvm, operation.index, 0) else {
            return;
        };
        let start = front.start;
        self.change(start, base + 1, bits(operation.mvm.pixel.into(), 32));
        self.change(start, base + 2, bits(slot.group.into(), 16));
        self.change(start, base + 3, bits(slot.read.into(), 4));
        let lines = self.word_lines(&slot.inputs);
        self.change(open, base + 4, lines);
    }

    /// Word lines close.
    fn close(&mut self, cycle: u64, base: usize) {
        self.change(cycle, base, bits(0, 3));
        let closed = self.word_lines(&[]);
        self.change(cycle, base + 4, closed);
    }

    /// Inputs of the open word lines, the first row in the lowest bits.
    fn word_lines(&self, inputs: &[u8]) -> Option<Vec<bool>> {
        let (lines, each) = (self.widths.word_lines, self.widths.input_bits);
        let input = |line: u32| inputs.get(line as usize).copied().unwrap_or(0);
        let of_line = |line: u32| (0..each).rev().map(move |bit| input(line) >> bit & 1 == 1);
        Some((0..lines).rev().flat_map(of_line).collect())
    }

    fn conversion(&mut self, conversion: &Conversion) {
        let Some(base) = self.base(conversion.macro_index) else {
            return;
        };
        let (sense, latch) = (&conversion.sense, &conversion.latch);
        if self.timing.sample_and_hold == SampleAndHold::None {
            self.change(sense.start, base, bits(5, 3));
            self.close(sense.end, base);
        }
        let at = (conversion.mvm, conversion.operation, conversion.position);
        let Some(slot) = self.slot(at.0, at.1, at.2) else {
            return;
        };
        self.change(sense.start, base + 5, bits(slot.position.into(), 8));
        for value in &slot.readouts {
            let first = base + OWN + EACH * value.readout as usize;
            let widths = self.widths;
            self.change(sense.start, first, bits(1, 1));
            self.change(sense.end, first, bits(0, 1));
            self.sense_amps((sense.start, sense.end), first + 1, conversion.mvm, value);
            let code = bits(value.code.into(), widths.code_bits);
            self.change(sense.end, first + 2, code);
            self.change(sense.start, first + 3, bits(value.output.into(), 16));
            let sum = signed_bits(value.accumulated, widths.accumulator_bits);
            self.change(latch.end, first + 4, sum);
        }
    }

    /// Sense amps of a flash all at once at the end, the others step by step.
    fn sense_amps(
        &mut self,
        (start, end): (u64, u64),
        signal: usize,
        mvm: Mvm,
        value: &ReadoutValue,
    ) {
        let said = self.values.decisions(mvm.layer, value);
        if self.widths.sense_amps > 1 {
            // The highest reference in the highest bit.
            let all: Vec<bool> = said.iter().rev().copied().collect();
            self.change(end, signal, (!all.is_empty()).then_some(all));
            return;
        }
        let step = u64::from(self.timing.sense_cycles_per_step);
        let first = start + u64::from(self.timing.sense_setup_cycles);
        for (index, one) in (1..).zip(said) {
            let cycle = (first + index * step).min(end);
            self.change(cycle, signal, bits(one.into(), 1));
        }
    }
}

/// Signals of one macro in the order that [`Waveform`] counts on.
fn signals(index: u32, widths: Widths) -> Vec<Signal> {
    let module = format!("macro_{index}");
    let own = [
        ("array_state", 3),
        ("pixel", 32),
        ("word_line_group", 16),
        ("input_read", 4),
        ("word_lines", (widths.word_lines * widths.input_bits).max(1)),
        ("column_position", 8),
        ("waits_for", 3),
    ];
    let named = |name: String, width: u32| Signal {
        module: module.clone(),
        name,
        width,
    };
    let mut all: Vec<Signal> = own
        .iter()
        .map(|&(name, width)| named(name.into(), width))
        .collect();
    for readout in 0..widths.readouts {
        let each = [
            ("sensing", 1),
            ("sense_amps", widths.sense_amps.max(1)),
            ("code", widths.code_bits),
            ("output", 16),
            ("accumulator", widths.accumulator_bits),
        ];
        all.extend(each.map(|(name, width)| named(format!("readout_{readout}_{name}"), width)));
    }
    all
}
