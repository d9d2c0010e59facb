//! Transfers: who holds which link, and who waits for it.
//!
//! A transfer that cannot start waits at one link that is held; it is looked at again when that link is free and every
//! earlier transfer at it has been. So a look through all that wait costs only what may have changed. Not responsible for
//! what an arrival means.

use crate::cycle::links::Links;
use crate::cycle::observer::Cargo;
use crate::cycle::plan::{Mvm, Node};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A transfer that waits or travels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moving {
    pub cargo: Cargo,
    /// Worker that sends or receives.
    pub worker: u32,
    pub macro_index: u32,
    /// Number of the MVM on that macro.
    pub number: u64,
    pub mvm: Mvm,
    pub from: Node,
    pub to: Node,
    pub bits: u32,
    pub requested: u64,
}

/// The order of the law, then the transfer's slot.
type Key = (u64, Cargo, u32, u32, u32, u32);

pub(super) struct Transfers {
    links: Links,
    held: Vec<bool>,
    waiting: Vec<BinaryHeap<Reverse<Key>>>,
    slots: Vec<Moving>,
    empty: Vec<u32>,
    fresh: Vec<Key>,
    freed: Vec<usize>,
    candidates: BinaryHeap<Reverse<(Key, Option<usize>)>>,
}

impl Transfers {
    pub fn new(links: Links) -> Transfers {
        Transfers {
            links,
            held: vec![false; links.count()],
            waiting: vec![BinaryHeap::new(); links.count()],
            slots: Vec::new(),
            empty: Vec::new(),
            fresh: Vec::new(),
            freed: Vec::new(),
            candidates: BinaryHeap::new(),
        }
    }

    pub fn request(&mut self, moving: Moving) {
        let slot = match self.empty.pop() {
            Some(slot) => {
                self.slots[slot as usize] = moving;
                slot
            }
            None => {
                self.slots.push(moving);
                self.slots.len() as u32 - 1
            }
        };
        let Moving {
            requested,
            cargo,
            macro_index,
            mvm,
            ..
        } = moving;
        let key = (requested, cargo, macro_index, mvm.image, mvm.pixel, slot);
        self.fresh.push(key);
    }

    /// A transfer of some cycles has ended: its links are free.
    pub fn end(&mut self, slot: u32) -> Moving {
        let moving = self.slots[slot as usize];
        for link in self.links.path(moving.from, moving.to) {
            self.held[link] = false;
            self.freed.push(link);
        }
        self.empty.push(slot);
        moving
    }

    /// A transfer that took no time.
    pub fn end_at_once(&mut self, slot: u32) -> Moving {
        self.empty.push(slot);
        self.slots[slot as usize]
    }

    /// Looks through the transfers that may start, in order; `start` is told slot, transfer and cycles of each that does.
    pub fn look_through(&mut self, mut start: impl FnMut(u32, &Moving, u64)) {
        for key in self.fresh.drain(..) {
            self.candidates.push(Reverse((key, None)));
        }
        while let Some(link) = self.freed.pop() {
            self.call(link);
        }
        while let Some(Reverse((key, from_link))) = self.candidates.pop() {
            let slot = key.5;
            let Moving { from, to, bits, .. } = self.slots[slot as usize];
            let mut path = self.links.path(from, to);
            if let Some(link) = path.find(|&link| self.held[link]) {
                self.waiting[link].push(Reverse(key));
            } else {
                let cycles = self.links.cycles(from, to, bits);
                if cycles > 0 {
                    self.links
                        .path(from, to)
                        .for_each(|link| self.held[link] = true);
                }
                start(slot, &self.slots[slot as usize], cycles);
            }
            if let Some(link) = from_link {
                self.call(link);
            }
        }
    }

    /// The earliest transfer that waits at a link becomes a candidate if the link is free.
    fn call(&mut self, link: usize) {
        if self.held[link] {
            return;
        }
        if let Some(Reverse(key)) = self.waiting[link].pop() {
            self.candidates.push(Reverse((key, Some(link))));
        }
    }

    pub fn waiting(&self) -> usize {
        self.waiting.iter().map(BinaryHeap::len).sum()
    }
}
