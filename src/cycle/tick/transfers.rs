//! Transfers: looked through once the units of the cycle have come to rest, in the order of the law.
//!
//! Not responsible for when they are requested (`tile`).

use super::chip::{Chip, Load};
use crate::cycle::observer::{Cargo, Observer, Transfer};
use crate::cycle::plan::Node;

/// A transfer that waits or travels.
pub(super) struct Moving {
    cargo: Cargo,
    /// Tile that sends or receives.
    tile: usize,
    /// Number of the MVM on that tile.
    number: usize,
    from: Node,
    to: Node,
    bits: u32,
    requested: u64,
    until: u64,
}

impl Moving {
    pub fn new(
        cargo: Cargo,
        tile: usize,
        number: usize,
        from: Node,
        to: Node,
        bits: u32,
    ) -> Moving {
        Moving {
            cargo,
            tile,
            number,
            from,
            to,
            bits,
            requested: 0,
            until: 0,
        }
    }
}

impl Chip<'_> {
    pub fn request(&mut self, cycle: u64, moving: Moving) {
        self.waiting.push(Moving {
            requested: cycle,
            ..moving
        });
    }

    /// Transfers that end at `cycle` free their links, then their cargo is there.
    pub fn end_transfers(&mut self, cycle: u64) {
        let travelling = std::mem::take(&mut self.travelling);
        let ends = |moving: &Moving| moving.until == cycle;
        let (ended, going) = travelling.into_iter().partition(ends);
        self.travelling = going;
        self.free_and_arrive(cycle, ended);
    }

    fn free_and_arrive(&mut self, cycle: u64, ended: Vec<Moving>) {
        for moving in &ended {
            for link in self.links.path(moving.from, moving.to) {
                self.held[link] = false;
            }
        }
        for moving in ended {
            self.arrive(cycle, &moving);
        }
    }

    fn arrive(&mut self, cycle: u64, moving: &Moving) {
        let (index, number) = (moving.tile, moving.number);
        let tile = &mut self.tiles[index];
        match moving.cargo {
            Cargo::Load => tile.loads[number] = Load::Arrived,
            Cargo::Sums => {
                tile.banks.remove(&number);
                let (row, first) = (tile.row, tile.first);
                self.tiles[first].arrived.push((cycle, row, number));
            }
            Cargo::Output => {
                tile.outputs.remove(&number);
                let (mvm, column) = (tile.mvms[number], tile.column);
                self.store(cycle, mvm, column);
            }
        }
    }

    /// Looks through the waiting transfers once; whether one arrived at once, so that units must be looked at again.
    pub fn start_transfers<O: Observer>(&mut self, cycle: u64, observer: &mut O) -> bool {
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.sort_by_key(|moving| {
            let tile = &self.tiles[moving.tile];
            let mvm = tile.mvms[moving.number];
            let macro_index = tile.core.macro_index;
            (
                moving.requested,
                moving.cargo,
                macro_index,
                mvm.image,
                mvm.pixel,
            )
        });
        let mut arrived = Vec::new();
        for mut moving in waiting {
            let mut path = self.links.path(moving.from, moving.to);
            if path.any(|link| self.held[link]) {
                self.waiting.push(moving);
                continue;
            }
            self.start_transfer(cycle, &mut moving, observer);
            if moving.until == cycle {
                arrived.push(moving);
            } else {
                for link in self.links.path(moving.from, moving.to) {
                    self.held[link] = true;
                }
                self.travelling.push(moving);
            }
        }
        let any = !arrived.is_empty();
        for moving in arrived {
            self.arrive(cycle, &moving);
        }
        any
    }

    fn start_transfer<O: Observer>(&mut self, cycle: u64, moving: &mut Moving, observer: &mut O) {
        let (from, to, bits) = (moving.from, moving.to, moving.bits);
        moving.until = cycle + self.links.cycles(from, to, bits);
        let tile = &self.tiles[moving.tile];
        observer.transfer(&Transfer {
            cargo: moving.cargo,
            mvm: tile.mvms[moving.number],
            macro_index: tile.core.macro_index,
            from,
            to,
            bits,
            requested: moving.requested,
            span: cycle..moving.until,
        });
        let layer = &mut self.outcome.layers[tile.layer as usize];
        let kind = match moving.cargo {
            Cargo::Load => 0,
            Cargo::Sums => 1,
            Cargo::Output => 2,
        };
        layer.bits[kind] += u64::from(bits);
        layer.bit_links[kind] += u64::from(bits) * self.links.path(from, to).count() as u64;
    }
}
