//! Array, sample-and-hold, read-outs and latch of one macro: the recurrence of [`crate::cycle`] over the operations of an MVM.
//!
//! Four times stay from one MVM to the next. Where all operations are alike and one operation has moved all four by the same
//! cycles, the next does exactly that again, so the rest is a product. Not responsible for when an MVM starts.

use crate::cycle::observer::{Conversion, Observer, Operation};
use crate::cycle::outcome::Stall;
use crate::cycle::plan::{Hold, MacroTiming, Mvm};

/// When the parts of a macro are free.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pipeline {
    pub array_free: u64,
    hold_free: u64,
    readout_free: u64,
    latch_free: u64,
}

/// Cycles of the operations of one MVM.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Spent {
    pub operations: u64,
    pub conversions: u64,
    pub sense: u64,
    pub latch_wait: u64,
    /// Array waits for the sample-and-hold.
    pub hold_wait: u64,
    /// Array waits for the conversion, without sample-and-hold.
    pub readout_wait: u64,
}

/// An MVM that has been timed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Timed {
    pub spent: Spent,
    /// End of its last sample.
    pub inputs_used: u64,
    /// Its last latch has ended.
    pub end: u64,
}

/// Who is told of operations.
pub(super) struct Told<'o, O> {
    pub observer: &'o mut O,
    pub mvm: Mvm,
    pub macro_index: u32,
}

impl Spent {
    /// Adds `times` times what was spent between `before` and `after`.
    fn repeat(&mut self, before: &Spent, after: &Spent, times: u64) {
        let add = |to: &mut u64, before: u64, after: u64| *to += times * (after - before);
        add(&mut self.operations, before.operations, after.operations);
        add(&mut self.conversions, before.conversions, after.conversions);
        add(&mut self.sense, before.sense, after.sense);
        add(&mut self.latch_wait, before.latch_wait, after.latch_wait);
        add(&mut self.hold_wait, before.hold_wait, after.hold_wait);
        add(
            &mut self.readout_wait,
            before.readout_wait,
            after.readout_wait,
        );
    }
}

impl Pipeline {
    /// Times an MVM that starts at `start`: each entry of `senses` is a conversion, `conversions` of them an operation.
    pub fn listed<O: Observer>(
        &mut self,
        start: u64,
        timing: &MacroTiming,
        senses: &[u32],
        conversions: usize,
        told: &mut Told<O>,
    ) -> Timed {
        let mut timed = Timed::starting(start);
        self.begin(start);
        for senses in senses.chunks_exact(conversions) {
            self.operation(timing, senses.iter().copied(), &mut timed, told);
        }
        timed
    }

    /// Times an MVM that starts at `start` and has only operations of `conversions` conversions of `timing.sense` cycles.
    pub fn uniform<O: Observer>(
        &mut self,
        start: u64,
        timing: &MacroTiming,
        operations: u32,
        conversions: u32,
        told: &mut Told<O>,
    ) -> Timed {
        let mut timed = Timed::starting(start);
        self.begin(start);
        for done in 0..operations {
            let (before, spent_before) = (*self, timed.spent);
            if O::DETAIL {
                let senses = std::iter::repeat_n(timing.sense, conversions as usize);
                self.operation(timing, senses, &mut timed, told);
                continue;
            }
            self.alike(timing, conversions, &mut timed);
            if let Some(step) = self.steady_step(&before) {
                let left = u64::from(operations - done - 1);
                self.advance(&mut timed, step * left);
                let spent = timed.spent;
                timed.spent.repeat(&spent_before, &spent, left);
                break;
            }
        }
        timed
    }

    fn begin(&mut self, start: u64) {
        self.array_free = self.array_free.max(start);
    }

    /// One operation up to its last sample: (sample start, sample end).
    #[inline(always)]
    fn sample(&mut self, timing: &MacroTiming, timed: &mut Timed) -> (u64, u64) {
        let developed = self.array_free + u64::from(timing.front);
        let sample_start = developed.max(self.hold_free);
        let sample_end = sample_start + u64::from(timing.sample);
        timed.spent.operations += 1;
        timed.spent.hold_wait += sample_start - developed;
        timed.inputs_used = sample_end;
        (sample_start, sample_end)
    }

    /// The conversions are timed: what becomes free when.
    #[inline(always)]
    fn release(&mut self, timing: &MacroTiming, sample_end: u64, timed: &mut Timed) {
        self.hold_free = self.readout_free;
        timed.end = self.latch_free;
        self.array_free = match timing.hold {
            Hold::None => {
                timed.spent.readout_wait += self.latch_free - sample_end;
                self.latch_free
            }
            Hold::PerReadout | Hold::PerColumn => sample_end,
        };
    }

    /// One operation, conversion by conversion.
    #[inline(always)]
    fn operation<O: Observer>(
        &mut self,
        timing: &MacroTiming,
        senses: impl Iterator<Item = u32>,
        timed: &mut Timed,
        told: &mut Told<O>,
    ) {
        let front_start = self.array_free;
        let index = timed.spent.operations as u32;
        let (sample_start, sample_end) = self.sample(timing, timed);
        let front_end = front_start + u64::from(timing.front);
        if O::DETAIL {
            told.observer.operation(&Operation {
                mvm: told.mvm,
                macro_index: told.macro_index,
                index,
                front: front_start..front_end,
                sample: sample_start..sample_end,
            });
            told.stall(Stall::SampleAndHold, front_end, sample_start);
        }
        for (position, sense) in senses.enumerate() {
            let sense_start = sample_end.max(self.readout_free);
            let sense_end = sense_start + u64::from(sense);
            let latch_start = sense_end.max(self.latch_free);
            self.readout_free = latch_start;
            self.latch_free = latch_start + u64::from(timing.latch);
            timed.spent.conversions += 1;
            timed.spent.sense += u64::from(sense);
            timed.spent.latch_wait += latch_start - sense_end;
            if O::DETAIL {
                told.observer.conversion(&Conversion {
                    mvm: told.mvm,
                    macro_index: told.macro_index,
                    operation: index,
                    position: position as u32,
                    sense: sense_start..sense_end,
                    latch: latch_start..self.latch_free,
                });
            }
        }
        self.release(timing, sample_end, timed);
        if O::DETAIL && timing.hold == Hold::None {
            told.stall(Stall::Readout, sample_end, self.latch_free);
        }
    }

    /// One operation whose conversions all take `timing.sense` cycles: beyond the first, each follows after the longer of
    /// sense and latch.
    #[inline(always)]
    fn alike(&mut self, timing: &MacroTiming, conversions: u32, timed: &mut Timed) {
        let (_, sample_end) = self.sample(timing, timed);
        let (sense, latch) = (u64::from(timing.sense), u64::from(timing.latch));
        let further = u64::from(conversions) - 1;
        let sense_end = sample_end.max(self.readout_free) + sense;
        let first_latch = sense_end.max(self.latch_free);
        let step = sense.max(latch);
        self.readout_free = first_latch + further * step;
        self.latch_free = self.readout_free + latch;
        timed.spent.conversions += u64::from(conversions);
        timed.spent.sense += u64::from(conversions) * sense;
        timed.spent.latch_wait += first_latch - sense_end + further * (step - sense);
        self.release(timing, sample_end, timed);
    }

    /// The cycles by which all four times have moved, if they have moved alike.
    #[inline(always)]
    fn steady_step(&self, before: &Pipeline) -> Option<u64> {
        let step = self.array_free - before.array_free;
        let alike = self.hold_free == before.hold_free + step
            && self.readout_free == before.readout_free + step
            && self.latch_free == before.latch_free + step;
        alike.then_some(step)
    }

    fn advance(&mut self, timed: &mut Timed, cycles: u64) {
        self.array_free += cycles;
        self.hold_free += cycles;
        self.readout_free += cycles;
        self.latch_free += cycles;
        timed.inputs_used += cycles;
        timed.end += cycles;
    }
}

impl Timed {
    /// Nothing done yet: an MVM without operations uses its inputs and ends when it starts.
    fn starting(start: u64) -> Timed {
        Timed {
            spent: Spent::default(),
            inputs_used: start,
            end: start,
        }
    }
}

impl<O: Observer> Told<'_, O> {
    fn stall(&mut self, stall: Stall, from: u64, until: u64) {
        if from < until {
            self.observer.stall(self.macro_index, stall, from..until);
        }
    }
}
