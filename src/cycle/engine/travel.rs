//! Transfers that start and arrive, and what they amount to.
//!
//! Not responsible for who may start (`transfers`).

use super::transfers::Moving;
use super::{Engine, Event};
use crate::cycle::observer::{Cargo, Observer, Transfer};
use crate::cycle::plan::Activity;
use std::cmp::Reverse;

impl<A: Activity, O: Observer> Engine<'_, A, O> {
    /// Looks through the waiting transfers once; whether one arrived at once, so that units must be looked at again.
    pub(super) fn start_transfers(&mut self) -> bool {
        let Engine {
            now,
            transfers,
            events,
            observer,
            outcome,
            links,
            at_once,
            ..
        } = self;
        transfers.look_through(|slot, moving, cycles| {
            let span = *now..*now + cycles;
            observer.transfer(&Transfer {
                cargo: moving.cargo,
                mvm: moving.mvm,
                macro_index: moving.macro_index,
                from: moving.from,
                to: moving.to,
                bits: moving.bits,
                requested: moving.requested,
                span,
            });
            let layer = &mut outcome.layers[moving.mvm.layer as usize];
            let kind = match moving.cargo {
                Cargo::Load => 0,
                Cargo::Sums => 1,
                Cargo::Output => 2,
            };
            let bits = u64::from(moving.bits);
            layer.bits[kind] += bits;
            layer.bit_links[kind] += bits * links.length(moving.from, moving.to);
            if cycles == 0 {
                at_once.push(slot);
                return;
            }
            for link in links.path(moving.from, moving.to) {
                outcome.links[link] += cycles;
            }
            events.push(Reverse((*now + cycles, Event::Arrival(slot))));
        });
        let any = !self.at_once.is_empty();
        for place in 0..self.at_once.len() {
            let moving = self.transfers.end_at_once(self.at_once[place]);
            self.arrive(&moving);
        }
        self.at_once.clear();
        any
    }

    pub(super) fn arrive(&mut self, moving: &Moving) {
        match moving.cargo {
            Cargo::Load => self.load_arrived(moving.worker),
            Cargo::Sums => self.sums_arrived(moving.worker, moving.number),
            Cargo::Output => {
                let worker = &self.parts.workers[moving.worker as usize];
                let (layer, copy, column) = (worker.layer, worker.copy, worker.column);
                let column = &mut self.parts.columns[column as usize];
                column.places_used -= 1;
                let index = column.index;
                self.mark(moving.worker);
                self.store(layer, copy, index, moving.mvm.image);
            }
        }
    }
}
