//! Array, sample-and-hold, read-outs and latch of one macro as four state machines.
//!
//! Written to be the law of [`crate::cycle`], one state per box of its formulas. Not responsible for when an MVM may start.

use crate::cycle::observer::{Conversion, Observer, Operation, Span};
use crate::cycle::plan::{Hold, MacroTiming, Mvm};
use std::collections::VecDeque;

/// An operation that has not left the sample-and-hold.
pub(super) struct Pending {
    /// Number of its MVM on this macro.
    pub number: usize,
    pub mvm: Mvm,
    pub index: u32,
    pub senses: Vec<u32>,
    /// Last of its MVM.
    pub last: bool,
}

pub(super) enum Array {
    Free,
    /// Precharge and development.
    Front {
        operation: Pending,
        span: Span,
    },
    /// Developed, waits for the sample-and-hold.
    Developed {
        operation: Pending,
        front: Span,
    },
    /// Its operation is in the sample-and-hold already.
    Sampling {
        until: u64,
    },
    /// No sample-and-hold: held until the conversion is latched.
    Held,
}

/// The sample-and-hold in use.
pub(super) struct Holding {
    operation: Pending,
    sampled: bool,
    /// Conversions that have gone to the latch.
    latched: usize,
}

pub(super) enum Readout {
    Free,
    Sensing(Span),
    /// Sensed, waits for the latch.
    Blocked(Span),
}

pub(super) enum Latch {
    Free,
    Busy {
        number: usize,
        until: u64,
        last_of_operation: bool,
        last_of_mvm: bool,
    },
}

/// What the rest of the macro must know.
pub(super) enum Finish {
    /// The last sample of this MVM.
    InputsUsed(usize),
    /// The last latch of this MVM.
    Mvm(usize),
}

pub(super) struct Core {
    pub macro_index: u32,
    timing: MacroTiming,
    pub array: Array,
    hold: Option<Holding>,
    pub readout: Readout,
    pub latch: Latch,
    /// Operations of the MVM that started last.
    queue: VecDeque<Pending>,
    pub operations: u64,
    pub conversions: u64,
}

impl Core {
    pub fn new(macro_index: u32, timing: MacroTiming) -> Core {
        Core {
            macro_index,
            timing,
            array: Array::Free,
            hold: None,
            readout: Readout::Free,
            latch: Latch::Free,
            queue: VecDeque::new(),
            operations: 0,
            conversions: 0,
        }
    }

    /// No operation on the array, none to come from the MVM that started last.
    pub fn array_is_free(&self) -> bool {
        matches!(self.array, Array::Free) && self.queue.is_empty()
    }

    pub fn is_working(&self) -> bool {
        let timed = matches!(self.array, Array::Front { .. } | Array::Sampling { .. });
        timed
            || matches!(self.readout, Readout::Sensing(_))
            || matches!(self.latch, Latch::Busy { .. })
    }

    pub fn push(&mut self, operation: Pending) {
        self.queue.push_back(operation);
    }

    /// Everything that ends at `cycle` ends.
    pub fn end(&mut self, cycle: u64, finished: &mut Vec<Finish>) {
        self.array = match std::mem::replace(&mut self.array, Array::Free) {
            Array::Front { operation, span } if span.end == cycle => Array::Developed {
                operation,
                front: span,
            },
            Array::Sampling { until } if until == cycle => self.sampled(finished),
            other => other,
        };
        self.readout = match std::mem::replace(&mut self.readout, Readout::Free) {
            Readout::Sensing(span) if span.end == cycle => Readout::Blocked(span),
            other => other,
        };
        if let Latch::Busy {
            number,
            until,
            last_of_operation,
            last_of_mvm,
        } = self.latch
            && until == cycle
        {
            self.latch = Latch::Free;
            if last_of_operation && self.timing.hold == Hold::None {
                self.array = Array::Free;
            }
            if last_of_mvm {
                finished.push(Finish::Mvm(number));
            }
        }
    }

    /// The sample-and-hold has its value; what becomes of the array.
    fn sampled(&mut self, finished: &mut Vec<Finish>) -> Array {
        if let Some(holding) = &mut self.hold {
            holding.sampled = true;
            if holding.operation.last {
                finished.push(Finish::InputsUsed(holding.operation.number));
            }
        }
        match self.timing.hold {
            Hold::None => Array::Held,
            Hold::PerReadout | Hold::PerColumn => Array::Free,
        }
    }

    /// Starts what may start; whether anything did.
    pub fn start<O: Observer>(
        &mut self,
        cycle: u64,
        observer: &mut O,
        finished: &mut Vec<Finish>,
    ) -> bool {
        self.start_front(cycle)
            | self.start_sample(cycle, observer, finished)
            | self.start_latch(cycle, observer)
            | self.start_sense(cycle)
    }

    fn start_front(&mut self, cycle: u64) -> bool {
        if !matches!(self.array, Array::Free) {
            return false;
        }
        let Some(operation) = self.queue.pop_front() else {
            return false;
        };
        self.operations += 1;
        let span = cycle..cycle + u64::from(self.timing.front);
        self.array = Array::Front { operation, span };
        true
    }

    fn start_sample<O: Observer>(
        &mut self,
        cycle: u64,
        observer: &mut O,
        finished: &mut Vec<Finish>,
    ) -> bool {
        if self.hold.is_some() || !matches!(self.array, Array::Developed { .. }) {
            return false;
        }
        let before = std::mem::replace(&mut self.array, Array::Free);
        let Array::Developed { operation, front } = before else {
            return false;
        };
        let until = cycle + u64::from(self.timing.sample);
        if O::DETAIL {
            observer.operation(&Operation {
                mvm: operation.mvm,
                macro_index: self.macro_index,
                index: operation.index,
                front,
                sample: cycle..until,
            });
        }
        self.hold = Some(Holding {
            operation,
            sampled: false,
            latched: 0,
        });
        self.array = if until == cycle {
            self.sampled(finished)
        } else {
            Array::Sampling { until }
        };
        true
    }

    fn start_sense(&mut self, cycle: u64) -> bool {
        let Some(holding) = &self.hold else {
            return false;
        };
        if !holding.sampled || !matches!(self.readout, Readout::Free) {
            return false;
        }
        let sense = u64::from(holding.operation.senses[holding.latched]);
        self.readout = Readout::Sensing(cycle..cycle + sense);
        true
    }

    fn start_latch<O: Observer>(&mut self, cycle: u64, observer: &mut O) -> bool {
        let (Readout::Blocked(sense), Latch::Free, Some(holding)) =
            (&self.readout, &self.latch, &mut self.hold)
        else {
            return false;
        };
        let operation = &holding.operation;
        let until = cycle + u64::from(self.timing.latch);
        if O::DETAIL {
            observer.conversion(&Conversion {
                mvm: operation.mvm,
                macro_index: self.macro_index,
                operation: operation.index,
                position: holding.latched as u32,
                sense: sense.clone(),
                latch: cycle..until,
            });
        }
        self.conversions += 1;
        holding.latched += 1;
        let last_of_operation = holding.latched == operation.senses.len();
        self.latch = Latch::Busy {
            number: operation.number,
            until,
            last_of_operation,
            last_of_mvm: last_of_operation && operation.last,
        };
        self.readout = Readout::Free;
        if last_of_operation {
            self.hold = None;
        }
        true
    }
}
