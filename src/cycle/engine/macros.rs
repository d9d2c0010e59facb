//! Loads and starts of a macro's MVMs, and what its array waited for in between.
//!
//! Not responsible for what follows an MVM (`column`).

use super::pipeline::{Timed, Told};
use super::state::{Flight, Load};
use super::stored::Consumer;
use super::transfers::Moving;
use super::{Engine, Event};
use crate::cycle::error::CycleError;
use crate::cycle::observer::{Cargo, Observer};
use crate::cycle::outcome::Stall;
use crate::cycle::plan::{Activity, BetweenPixels, Node};

impl<A: Activity, O: Observer> Engine<'_, A, O> {
    /// Does all that a worker can do in this cycle.
    pub(super) fn look_at(&mut self, worker: u32) -> Result<(), CycleError> {
        loop {
            let mut changed = self.request_load(worker);
            changed |= self.start_mvm(worker)?;
            let state = &self.parts.workers[worker as usize];
            if state.row == 0 {
                let column = state.column;
                changed |= self.start_merge(column);
                changed |= self.start_activation(column);
            }
            if !changed {
                return Ok(());
            }
        }
    }

    fn request_load(&mut self, index: u32) -> bool {
        let worker = &self.parts.workers[index as usize];
        if worker.requested == worker.mvms || worker.asleep {
            return false;
        }
        let number = worker.requested;
        let mvm = worker.mvm(number);
        if worker.ready_since.is_none() {
            let consumer = Consumer::Worker(index);
            let ready = self.ready_or_wait(mvm.image, mvm.layer, mvm.pixel, consumer);
            let worker = &mut self.parts.workers[index as usize];
            worker.asleep = !ready;
            worker.ready_since = ready.then_some(self.now);
        }
        let worker = &mut self.parts.workers[index as usize];
        let Some(ready) = worker.ready_since else {
            return false;
        };
        if worker.places_used == self.plan.buffers.input_vectors {
            return false;
        }
        let layer = &self.plan.layers[mvm.layer as usize];
        let bits = layer.load_bits(&worker.part, mvm.pixel);
        let started = &mut self.started_layers[mvm.layer as usize];
        if !std::mem::replace(started, true) {
            self.outcome.layers[mvm.layer as usize].start = self.now;
        }
        worker.places_used += 1;
        worker.requested += 1;
        worker.ready_since = None;
        worker.loads.push_back(Load {
            ready,
            requested: self.now,
            arrived: u64::MAX,
        });
        self.transfers.request(Moving {
            cargo: Cargo::Load,
            worker: index,
            macro_index: worker.macro_index,
            number,
            mvm,
            from: Node::GlobalBuffer,
            to: worker.node,
            bits,
            requested: self.now,
        });
        true
    }

    pub(super) fn load_arrived(&mut self, index: u32) {
        let worker = &mut self.parts.workers[index as usize];
        let place = (worker.arrived - worker.started) as usize;
        worker.arrived += 1;
        if let Some(load) = worker.loads.get_mut(place) {
            load.arrived = self.now;
        }
        self.mark(index);
    }

    pub(super) fn inputs_used(&mut self, index: u32) {
        self.parts.workers[index as usize].places_used -= 1;
        self.mark(index);
    }

    pub(super) fn free_bank(&mut self, index: u32) {
        let worker = &mut self.parts.workers[index as usize];
        if worker.banks_used == self.plan.buffers.accumulator_banks {
            worker.bank_since = self.now;
        }
        worker.banks_used -= 1;
        self.mark(index);
    }

    fn start_mvm(&mut self, index: u32) -> Result<bool, CycleError> {
        let worker = &self.parts.workers[index as usize];
        let allowed = match self.plan.between_pixels {
            BetweenPixels::Drain => worker.last_end <= self.now,
            BetweenPixels::Overlap => worker.pipeline.array_free <= self.now,
        };
        if worker.started == worker.arrived
            || worker.banks_used == self.plan.buffers.accumulator_banks
            || !allowed
        {
            return Ok(false);
        }
        let number = worker.started;
        self.count_wait(index);
        let timed = self.time_mvm(index, number)?;
        self.count_mvm(index, &timed);
        let worker = &mut self.parts.workers[index as usize];
        worker.banks_used += 1;
        worker.started += 1;
        worker.last_end = timed.end;
        worker.flights.push_back(Flight::default());
        let (mvm, macro_index) = (worker.mvm(number), worker.macro_index);
        self.observer.mvm(mvm, macro_index, self.now..timed.end);
        if timed.spent.operations == 0 {
            self.inputs_used(index);
            self.mvm_ends(index, number);
        } else {
            self.schedule(index, number, &timed);
        }
        self.report();
        Ok(true)
    }

    fn schedule(&mut self, index: u32, number: u64, timed: &Timed) {
        let array_free = self.parts.workers[index as usize].pipeline.array_free;
        if self.plan.between_pixels == BetweenPixels::Overlap {
            let event = Event::ArrayFree(index);
            self.after(array_free - self.now, event);
        }
        self.after(timed.inputs_used - self.now, Event::InputsUsed(index));
        self.after(timed.end - self.now, Event::Mvm(index, number));
    }

    fn time_mvm(&mut self, index: u32, number: u64) -> Result<Timed, CycleError> {
        let worker = &mut self.parts.workers[index as usize];
        let (mvm, part) = (worker.mvm(number), worker.part);
        let mut told = Told {
            observer: &mut *self.observer,
            mvm,
            macro_index: worker.macro_index,
        };
        let timing = &self.plan.timing;
        let conversions = part.conversions_per_operation;
        self.senses.clear();
        if !self.activity.senses(mvm, &mut self.senses) {
            let pipeline = &mut worker.pipeline;
            let operations = part.operations;
            return Ok(pipeline.uniform(self.now, timing, operations, conversions, &mut told));
        }
        let senses = &self.senses;
        self.plan.check_senses(mvm, &part, senses)?;
        let conversions = conversions as usize;
        Ok(worker
            .pipeline
            .listed(self.now, timing, senses, conversions, &mut told))
    }

    /// What the array waited for until the MVM that starts now.
    fn count_wait(&mut self, index: u32) {
        let worker = &mut self.parts.workers[index as usize];
        let Some(load) = worker.loads.pop_front() else {
            return;
        };
        let counted = &mut self.outcome.macros[worker.macro_index as usize];
        let mut from = worker.accounted;
        let ends = [
            load.ready,
            load.requested,
            load.arrived,
            worker.bank_since,
            self.now,
        ];
        for (place, end) in ends.into_iter().enumerate() {
            if end > from {
                counted.stalls[place] += end - from;
                self.observer
                    .stall(worker.macro_index, Stall::ALL[place], from..end);
                from = end;
            }
        }
        worker.accounted = from;
    }

    fn count_mvm(&mut self, index: u32, timed: &Timed) {
        let worker = &mut self.parts.workers[index as usize];
        let counted = &mut self.outcome.macros[worker.macro_index as usize];
        let (timing, spent) = (&self.plan.timing, &timed.spent);
        counted.mvms += 1;
        counted.operations += spent.operations;
        counted.conversions += spent.conversions;
        counted.front += spent.operations * u64::from(timing.front);
        counted.sample += spent.operations * u64::from(timing.sample);
        counted.sense += spent.sense;
        counted.latch += spent.conversions * u64::from(timing.latch);
        counted.latch_wait += spent.latch_wait;
        counted.stalls[4] += spent.readout_wait;
        counted.stalls[5] += spent.hold_wait;
        // While any MVM is on the macro its read-outs sense, are blocked or wait for the array.
        let covered = timed.end.saturating_sub(worker.covered.max(self.now));
        worker.covered = worker.covered.max(timed.end);
        counted.array_wait += covered;
        if spent.operations > 0 {
            worker.accounted = worker.pipeline.array_free;
        }
    }

    pub(super) fn conclude(&mut self) {
        let cycles = self.outcome.images.iter().max().copied().unwrap_or(0);
        self.outcome.cycles = cycles;
        for worker in &self.parts.workers {
            let counted = &mut self.outcome.macros[worker.macro_index as usize];
            counted.array_wait -= counted.sense + counted.latch_wait;
            let layer = &mut self.outcome.layers[worker.layer as usize];
            layer.operations += counted.operations;
            layer.conversions += counted.conversions;
            layer.sense += counted.sense;
            layer.mvms += counted.mvms;
            for (sum, stall) in layer.stalls.iter_mut().zip(&counted.stalls) {
                *sum += stall;
            }
        }
        for counted in &mut self.outcome.macros {
            let stalls: u64 = counted.stalls.iter().sum();
            counted.idle = cycles - counted.front - counted.sample - stalls;
        }
    }
}
