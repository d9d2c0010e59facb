//! What happened when: told to an observer while an engine runs, nothing is kept.
//!
//! Both engines tell the same events with the same times; their order within a macro is that of time, across macros it is
//! not defined. Transfers and pixels of digital layers are told in the cycle in which they start, in order of time.
//! Not responsible for files (`trace`).

use super::outcome::Stall;
use super::plan::{Mvm, Node};
use std::ops::Range;

/// What travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cargo {
    /// Codes to the global buffer.
    Output,
    /// Partial sums to the first tile along the rows.
    Sums,
    /// Inputs to a macro.
    Load,
}

/// Cycles.
pub type Span = Range<u64>;

/// One operation of a macro and the conversions that follow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Of which MVM.
    pub mvm: Mvm,
    /// On which macro.
    pub macro_index: u32,
    /// Number among the operations of the MVM that take place.
    pub index: u32,
    /// Precharge and development.
    pub front: Span,
    /// Sampling (empty if it takes no time); between `front.end` and `sample.start` the array waits for the sample-and-hold.
    pub sample: Span,
}

/// One conversion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversion {
    /// Of which MVM.
    pub mvm: Mvm,
    /// On which macro.
    pub macro_index: u32,
    /// Operation it belongs to.
    pub operation: u32,
    /// Position of the multiplexer within the operation (0 unless every column has a sample-and-hold).
    pub position: u32,
    /// All read-outs sense.
    pub sense: Span,
    /// Latch, shift and add.
    pub latch: Span,
}

/// One transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// What.
    pub cargo: Cargo,
    /// For which MVM (`Sums`: the sender's).
    pub mvm: Mvm,
    /// Macro that sends (`Output`, `Sums`) or receives (`Load`).
    pub macro_index: u32,
    /// From.
    pub from: Node,
    /// To.
    pub to: Node,
    /// Bits.
    pub bits: u32,
    /// Cycle of the request.
    pub requested: u64,
    /// Links are held.
    pub span: Span,
}

/// Work of the units beside the array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Partial sums of this MVM are added by the first tile along the rows.
    Merge(Mvm),
    /// Activation unit of the first tile along the rows.
    Activate(Mvm),
    /// Pixel of a digital layer (`tile` is 0).
    Digital(Mvm),
}

/// Told by an engine; does nothing unless it wants to know.
pub trait Observer {
    /// False: operations, conversions and what the array waits for between the operations of an MVM are not told, which is
    /// faster.
    const DETAIL: bool = true;
    /// An operation.
    fn operation(&mut self, _: &Operation) {}
    /// A conversion.
    fn conversion(&mut self, _: &Conversion) {}
    /// A transfer.
    fn transfer(&mut self, _: &Transfer) {}
    /// An MVM from its start to its end on a macro.
    fn mvm(&mut self, _: Mvm, _macro_index: u32, _: Span) {}
    /// A macro (its array) waits: one span per class and MVM (before it starts) or operation (within one), not empty, in
    /// order of time.
    fn stall(&mut self, _macro_index: u32, _: Stall, _: Span) {}
    /// A unit works; `macro_index` is that of the unit, `None` for the digital one.
    fn unit(&mut self, _macro_index: Option<u32>, _: Unit, _: Span) {}
    /// How far the run is, every few thousand MVMs (pixels of digital layers are none) and at its end; by `engine` only.
    fn progress(&mut self, _cycle: u64, _done_mvms: u64, _all_mvms: u64) {}
}

/// Wants to know nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Blind;

impl Observer for Blind {
    const DETAIL: bool = false;
}
