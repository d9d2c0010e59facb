//! What a run of an engine amounts to: cycles of every unit by what they were spent on, and counts that energy is made of.
//!
//! Of every macro the busy and stalled cycles add up to the cycles of the run; both engines give the same numbers.

/// What an array waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stall {
    /// Inputs that are not computed yet.
    Inputs,
    /// Room in the input buffer.
    Buffer,
    /// Inputs on their way.
    Bus,
    /// An accumulator bank.
    Accumulator,
    /// Conversions of the operation or pixel before.
    Readout,
    /// The sample-and-hold.
    SampleAndHold,
}

impl Stall {
    /// All classes.
    pub const ALL: [Stall; 6] = [
        Stall::Inputs,
        Stall::Buffer,
        Stall::Bus,
        Stall::Accumulator,
        Stall::Readout,
        Stall::SampleAndHold,
    ];

    /// For people and files.
    pub fn name(self) -> &'static str {
        match self {
            Stall::Inputs => "inputs",
            Stall::Buffer => "buffer",
            Stall::Bus => "bus",
            Stall::Accumulator => "accumulator",
            Stall::Readout => "read-out",
            Stall::SampleAndHold => "sample-and-hold",
        }
    }
}

/// Cycles of one macro. `front + sample + stalls + idle` = cycles of the run; so is `sense + latch_wait + array_wait + rest`
/// of its read-outs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MacroCycles {
    /// Array: precharge and development.
    pub front: u64,
    /// Array: sampling.
    pub sample: u64,
    /// Array: waiting, by [`Stall::ALL`].
    pub stalls: [u64; 6],
    /// Array: no work left, or none at all.
    pub idle: u64,
    /// Read-outs: sensing.
    pub sense: u64,
    /// Read-outs: blocked because the latch is busy.
    pub latch_wait: u64,
    /// Read-outs: waiting for the array, from the start to the end of an MVM.
    pub array_wait: u64,
    /// Latch, shift and add.
    pub latch: u64,
    /// Operations.
    pub operations: u64,
    /// Conversions of one read-out.
    pub conversions: u64,
    /// MVMs.
    pub mvms: u64,
}

/// Times and counts of one layer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LayerCycles {
    /// First request of a load, or first start of the digital unit: until then its macros wait for inputs and nothing else.
    pub start: u64,
    /// Last pixel of the last image stored.
    pub end: u64,
    /// Operations of all its macros.
    pub operations: u64,
    /// Conversions of one read-out, of all its macros.
    pub conversions: u64,
    /// Sense cycles of one read-out, of all its macros.
    pub sense: u64,
    /// MVMs.
    pub mvms: u64,
    /// Stalls of its arrays by [`Stall::ALL`].
    pub stalls: [u64; 6],
    /// Bits loaded, of partial sums, of outputs.
    pub bits: [u64; 3],
    /// Bits times links travelled: loads, partial sums, outputs.
    pub bit_links: [u64; 3],
    /// Cycles of adding the sums of other tiles.
    pub merge: u64,
    /// Cycles of activation units.
    pub activate: u64,
    /// Cycles of the digital unit.
    pub digital: u64,
}

/// A finished run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Cycle at which the last pixel of the last image was stored.
    pub cycles: u64,
    /// Cycle at which each image was finished.
    pub images: Vec<u64>,
    /// By macro.
    pub macros: Vec<MacroCycles>,
    /// By layer of the plan.
    pub layers: Vec<LayerCycles>,
    /// Cycles each link was held, by number of the link (a bus: one).
    pub links: Vec<u64>,
    /// Cycles of the digital unit.
    pub digital: u64,
}
