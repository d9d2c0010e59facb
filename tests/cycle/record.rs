//! An observer that keeps everything it is told.

use imcsim::cycle::observer::{Cargo, Conversion, Observer, Operation, Span, Transfer, Unit};
use imcsim::cycle::outcome::Stall;
use imcsim::cycle::plan::Mvm;

/// Everything, or (`Record<false>`) everything but operations and conversions.
#[derive(Default)]
pub struct Record<const DETAIL: bool> {
    pub operations: Vec<Operation>,
    pub conversions: Vec<Conversion>,
    pub transfers: Vec<Transfer>,
    pub mvms: Vec<(Mvm, u32, Span)>,
    pub stalls: Vec<(u32, Stall, Span)>,
    pub units: Vec<(Option<u32>, Unit, Span)>,
    pub progress: Vec<(u64, u64, u64)>,
}

impl<const DETAIL: bool> Observer for Record<DETAIL> {
    const DETAIL: bool = DETAIL;

    fn operation(&mut self, operation: &Operation) {
        self.operations.push(operation.clone());
    }
    fn conversion(&mut self, conversion: &Conversion) {
        self.conversions.push(conversion.clone());
    }
    fn transfer(&mut self, transfer: &Transfer) {
        self.transfers.push(transfer.clone());
    }
    fn mvm(&mut self, mvm: Mvm, macro_index: u32, span: Span) {
        self.mvms.push((mvm, macro_index, span));
    }
    fn stall(&mut self, macro_index: u32, stall: Stall, span: Span) {
        self.stalls.push((macro_index, stall, span));
    }
    fn unit(&mut self, macro_index: Option<u32>, unit: Unit, span: Span) {
        self.units.push((macro_index, unit, span));
    }
    fn progress(&mut self, cycle: u64, done: u64, all: u64) {
        self.progress.push((cycle, done, all));
    }
}

impl<const DETAIL: bool> Record<DETAIL> {
    /// All events but progress as text, in an order that does not depend on that of telling.
    pub fn sorted(&self) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        all.extend(self.operations.iter().map(|event| format!("{event:?}")));
        all.extend(self.conversions.iter().map(|event| format!("{event:?}")));
        all.extend(self.transfers.iter().map(|event| format!("{event:?}")));
        all.extend(self.mvms.iter().map(|event| format!("mvm {event:?}")));
        all.extend(self.stalls.iter().map(|event| format!("stall {event:?}")));
        all.extend(self.units.iter().map(|event| format!("unit {event:?}")));
        all.sort();
        all
    }

    /// Start and end of an MVM, wherever it ran.
    pub fn span_of(&self, layer: u32, image: u32, pixel: u32, tile: u32) -> Span {
        let wanted = Mvm {
            image,
            layer,
            pixel,
            tile,
        };
        let found = self.mvms.iter().find(|(mvm, ..)| *mvm == wanted);
        let (.., span) = found.unwrap_or_else(|| panic!("{wanted:?} was not told"));
        span.clone()
    }

    /// Transfers of one kind, in order of their start.
    pub fn transfers_of(&self, cargo: Cargo) -> Vec<&Transfer> {
        let kind = |transfer: &&Transfer| transfer.cargo == cargo;
        let mut found: Vec<_> = self.transfers.iter().filter(kind).collect();
        found.sort_by_key(|transfer| (transfer.span.start, transfer.macro_index));
        found
    }
}
