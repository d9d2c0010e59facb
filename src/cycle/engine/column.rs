//! What follows an MVM: partial sums to the first tile along the rows, adding, activation, output.
//!
//! Not responsible for the travel of the results (`travel`).

use super::state::Worker;
use super::transfers::Moving;
use super::{Engine, Event};
use crate::cycle::observer::{Cargo, Observer, Unit};
use crate::cycle::plan::{Activity, Node};
use std::cmp::Reverse;

impl<A: Activity, O: Observer> Engine<'_, A, O> {
    pub(super) fn mvm_ends(&mut self, index: u32, number: u64) {
        let worker = &mut self.parts.workers[index as usize];
        if let Some(flight) = worker.flight_mut(number) {
            flight.ended = true;
        }
        let (row, column) = (worker.row, worker.column);
        let column = &self.parts.columns[column as usize];
        let (first, rows) = (column.first, column.row_tiles);
        if row > 0 {
            self.request_sums(first, index, number);
        } else {
            for sender in first + 1..first + rows {
                self.request_sums(first, sender, number);
            }
        }
        self.mark(index);
    }

    /// If the MVM has ended on sender and first tile.
    fn request_sums(&mut self, first: u32, sender: u32, number: u64) {
        let ended = |worker: &Worker| worker.flight(number).is_some_and(|flight| flight.ended);
        let [first, from] = [first, sender].map(|index| &self.parts.workers[index as usize]);
        if !ended(first) || !ended(from) {
            return;
        }
        self.transfers.request(Moving {
            cargo: Cargo::Sums,
            worker: sender,
            macro_index: from.macro_index,
            number,
            mvm: from.mvm(number),
            from: from.node,
            to: first.node,
            bits: from.part.sum_bits,
            requested: self.now,
        });
    }

    pub(super) fn sums_arrived(&mut self, sender: u32, number: u64) {
        let worker = &mut self.parts.workers[sender as usize];
        if let Some(flight) = worker.flight_mut(number) {
            flight.gone = true;
        }
        while worker.flights.front().is_some_and(|flight| flight.gone) {
            worker.flights.pop_front();
            worker.left += 1;
        }
        let (row, column) = (worker.row, worker.column);
        self.free_bank(sender);
        let column = &mut self.parts.columns[column as usize];
        column.arrived.push(Reverse((self.now, row, number)));
        let first = column.first;
        self.mark(first);
    }

    pub(super) fn start_merge(&mut self, index: u32) -> bool {
        let column = &mut self.parts.columns[index as usize];
        if column.merging.is_some() {
            return false;
        }
        let Some(Reverse((_, row, number))) = column.arrived.pop() else {
            return false;
        };
        column.merging = Some(number);
        let worker = &self.parts.workers[column.first as usize];
        let cycles = u64::from(worker.part.merge);
        let mut sender = worker.mvm(number);
        sender.tile += row;
        let span = self.now..self.now + cycles;
        let unit = Unit::Merge(sender);
        self.observer.unit(Some(worker.macro_index), unit, span);
        self.outcome.layers[worker.layer as usize].merge += cycles;
        if cycles == 0 {
            self.merged(index);
        } else {
            self.after(cycles, Event::Merged(index));
        }
        true
    }

    pub(super) fn merged(&mut self, index: u32) {
        let column = &mut self.parts.columns[index as usize];
        let first = column.first;
        let worker = &mut self.parts.workers[first as usize];
        if let Some(number) = column.merging.take()
            && let Some(flight) = worker.flight_mut(number)
        {
            flight.added += 1;
        }
        self.mark(first);
    }

    pub(super) fn start_activation(&mut self, index: u32) -> bool {
        let column = &mut self.parts.columns[index as usize];
        let worker = &self.parts.workers[column.first as usize];
        let others = column.row_tiles - 1;
        let complete = worker
            .flight(column.activations)
            .is_some_and(|flight| flight.ended && flight.added == others);
        let room = column.places_used < self.plan.buffers.output_vectors;
        if column.activating || !complete || !room {
            return false;
        }
        let number = column.activations;
        column.activating = true;
        column.activations += 1;
        column.places_used += 1;
        let cycles = u64::from(worker.part.activate);
        let unit = Unit::Activate(worker.mvm(number));
        let span = self.now..self.now + cycles;
        self.observer.unit(Some(worker.macro_index), unit, span);
        self.outcome.layers[worker.layer as usize].activate += cycles;
        if cycles == 0 {
            self.activated(index);
        } else {
            self.after(cycles, Event::Activated(index));
        }
        true
    }

    pub(super) fn activated(&mut self, index: u32) {
        let column = &mut self.parts.columns[index as usize];
        column.activating = false;
        let (first, number) = (column.first, column.activations - 1);
        let worker = &mut self.parts.workers[first as usize];
        worker.flights.pop_front();
        worker.left += 1;
        self.transfers.request(Moving {
            cargo: Cargo::Output,
            worker: first,
            macro_index: worker.macro_index,
            number,
            mvm: worker.mvm(number),
            from: worker.node,
            to: Node::GlobalBuffer,
            bits: worker.part.output_bits,
            requested: self.now,
        });
        self.free_bank(first);
    }
}
