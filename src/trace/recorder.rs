//! Keeps what an engine tells, within a window: some layers, the first pixels, so many events.
//!
//! Not responsible for files.

use crate::cycle::observer::{Conversion, Observer, Operation, Span, Transfer, Unit};
use crate::cycle::outcome::Stall;
use crate::cycle::plan::Mvm;

/// What is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Layers of the plan; empty: all.
    pub layers: Vec<u32>,
    /// Output pixels below this number, of every image.
    pub pixels: u32,
    /// Most events.
    pub events: usize,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An operation of a macro.
    Operation(Operation),
    /// A conversion of its read-outs.
    Conversion(Conversion),
    /// A transfer.
    Transfer(Transfer),
    /// An MVM on a macro.
    Mvm {
        /// Which.
        mvm: Mvm,
        /// On which macro.
        macro_index: u32,
        /// From start to end.
        span: Span,
    },
    /// A macro waits.
    Stall {
        /// Which.
        macro_index: u32,
        /// For what.
        stall: Stall,
        /// How long.
        span: Span,
    },
    /// A unit beside the array works.
    Unit {
        /// Macro it belongs to; `None`: the digital unit.
        macro_index: Option<u32>,
        /// What it does.
        unit: Unit,
        /// How long.
        span: Span,
    },
}

impl Event {
    /// First cycle.
    pub fn start(&self) -> u64 {
        match self {
            Event::Operation(operation) => operation.front.start,
            Event::Conversion(conversion) => conversion.sense.start,
            Event::Transfer(transfer) => transfer.span.start,
            Event::Mvm { span, .. } | Event::Stall { span, .. } | Event::Unit { span, .. } => {
                span.start
            }
        }
    }
}

impl Event {
    /// The same so many cycles later.
    fn delay(&mut self, cycles: u64) {
        let shift = |span: &mut Span| *span = span.start + cycles..span.end + cycles;
        match self {
            Event::Operation(operation) => {
                shift(&mut operation.front);
                shift(&mut operation.sample);
            }
            Event::Conversion(conversion) => {
                shift(&mut conversion.sense);
                shift(&mut conversion.latch);
            }
            Event::Transfer(transfer) => {
                transfer.requested += cycles;
                shift(&mut transfer.span);
            }
            Event::Mvm { span, .. } | Event::Stall { span, .. } | Event::Unit { span, .. } => {
                shift(span);
            }
        }
    }
}

/// An observer of `cycle::engine` that keeps the events of a window. The engine tells an MVM after its operations and what the
/// macro waited for before and within it, so that these stalls are those of the MVM.
#[derive(Clone, Debug)]
pub struct Recorder {
    window: Window,
    /// Macros that work for the layers of the window.
    macros: Vec<bool>,
    events: Vec<Event>,
    left_out: u64,
    /// Stalls of each macro since the MVM that was told last: they belong to the next one.
    waits: Vec<Vec<(Stall, Span)>>,
}

/// What was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// In order of time.
    pub events: Vec<Event>,
    /// Events of the window for which there was no room.
    pub left_out: u64,
}

impl Recorder {
    /// Keeps a window; `macros[m]` says whether macro m works for one of its layers.
    pub fn new(window: Window, macros: Vec<bool>) -> Self {
        Recorder {
            window,
            waits: vec![Vec::new(); macros.len()],
            macros,
            events: Vec::new(),
            left_out: 0,
        }
    }

    /// The events in order of time, when the run began at cycle `offset`.
    pub fn finish(mut self, offset: u64) -> Recorded {
        for event in &mut self.events {
            event.delay(offset);
        }
        self.events.sort_by_key(Event::start);
        Recorded {
            events: self.events,
            left_out: self.left_out,
        }
    }

    fn sees(&self, mvm: Mvm) -> bool {
        mvm.pixel < self.window.pixels
            && (self.window.layers.is_empty() || self.window.layers.contains(&mvm.layer))
    }

    fn keep(&mut self, event: Event) {
        if self.events.len() < self.window.events {
            self.events.push(event);
        } else {
            self.left_out += 1;
        }
    }
}

impl Observer for Recorder {
    fn operation(&mut self, operation: &Operation) {
        if self.sees(operation.mvm) {
            self.keep(Event::Operation(operation.clone()));
        }
    }

    fn conversion(&mut self, conversion: &Conversion) {
        if self.sees(conversion.mvm) {
            self.keep(Event::Conversion(conversion.clone()));
        }
    }

    fn transfer(&mut self, transfer: &Transfer) {
        if self.sees(transfer.mvm) {
            self.keep(Event::Transfer(transfer.clone()));
        }
    }

    fn mvm(&mut self, mvm: Mvm, macro_index: u32, span: Span) {
        let waits = self.waits.get_mut(macro_index as usize);
        let waits = waits.map(std::mem::take).unwrap_or_default();
        if !self.sees(mvm) {
            return;
        }
        for (stall, span) in waits {
            self.keep(Event::Stall {
                macro_index,
                stall,
                span,
            });
        }
        self.keep(Event::Mvm {
            mvm,
            macro_index,
            span,
        });
    }

    fn stall(&mut self, macro_index: u32, stall: Stall, span: Span) {
        let at = macro_index as usize;
        let ours = self.macros.get(at).copied().unwrap_or(false);
        if ours && let Some(waits) = self.waits.get_mut(at) {
            waits.push((stall, span));
        }
    }

    fn unit(&mut self, macro_index: Option<u32>, unit: Unit, span: Span) {
        let (Unit::Merge(mvm) | Unit::Activate(mvm) | Unit::Digital(mvm)) = &unit;
        if self.sees(*mvm) {
            self.keep(Event::Unit {
                macro_index,
                unit,
                span,
            });
        }
    }
}
