//! What every unit does in the cycle that begins now, by looking at its state.
//!
//! Nothing is inferred from times: each cycle of each unit is counted once.

use super::array::{Array, Latch, Readout};
use super::chip::{Before, Chip, Load, Stage, Waiting};
use crate::cycle::observer::Observer;
use crate::cycle::outcome::Stall;

fn place(stall: Stall) -> usize {
    Stall::ALL
        .iter()
        .position(|&class| class == stall)
        .unwrap_or(0)
}

impl Chip<'_> {
    pub fn account<O: Observer>(&mut self, cycle: u64, observer: &mut O) {
        for index in 0..self.tiles.len() {
            let stall = self.count_array(index);
            self.count_stall(cycle, index, stall, observer);
            self.count_readouts(index);
            self.count_units(index);
        }
        for (link, held) in self.held.iter().enumerate() {
            self.outcome.links[link] += u64::from(*held);
        }
        if let Some(layer) = self.digital.served_layer() {
            self.outcome.digital += 1;
            self.outcome.layers[layer as usize].digital += 1;
        }
    }

    /// Counts the array's cycle; what it waits for, if it waits.
    fn count_array(&mut self, index: usize) -> Option<(Stall, Before)> {
        let within = Before::Operation(self.tiles[index].core.operations);
        let next = self.next_start(index);
        let tile = &mut self.tiles[index];
        let cycles = &mut tile.cycles;
        match tile.core.array {
            Array::Front { .. } => cycles.front += 1,
            Array::Sampling { .. } => cycles.sample += 1,
            Array::Developed { .. } => return Some((Stall::SampleAndHold, within)),
            Array::Held => return Some((Stall::Readout, within)),
            Array::Free => match next {
                Some(number) => return Some((self.reason(index, number), Before::Mvm(number))),
                None => cycles.idle += 1,
            },
        }
        None
    }

    /// Why the next MVM has not started.
    fn reason(&self, index: usize, number: usize) -> Stall {
        let tile = &self.tiles[index];
        let mvm = tile.mvms[number];
        if !self.is_ready(mvm.image, mvm.layer, mvm.pixel) {
            Stall::Inputs
        } else if tile.loads[number] == Load::NotRequested {
            Stall::Buffer
        } else if tile.loads[number] == Load::Requested {
            Stall::Bus
        } else if !self.bank_is_free(index) {
            Stall::Accumulator
        } else {
            Stall::Readout
        }
    }

    fn count_stall<O: Observer>(
        &mut self,
        cycle: u64,
        index: usize,
        stall: Option<(Stall, Before)>,
        observer: &mut O,
    ) {
        let tile = &mut self.tiles[index];
        let goes_on = match (stall, &tile.waiting) {
            (Some(now), Some(waiting)) => now == (waiting.stall, waiting.before),
            (None, None) => true,
            _ => false,
        };
        if let Some((stall, _)) = stall {
            tile.cycles.stalls[place(stall)] += 1;
        }
        if goes_on {
            return;
        }
        self.tell_stall(cycle, index, observer);
        self.tiles[index].waiting = stall.map(|(stall, before)| Waiting {
            stall,
            before,
            since: cycle,
        });
    }

    /// A wait that ends at `cycle`.
    pub fn tell_stall<O: Observer>(&mut self, cycle: u64, index: usize, observer: &mut O) {
        let tile = &mut self.tiles[index];
        let Some(waiting) = tile.waiting.take() else {
            return;
        };
        let told = O::DETAIL || matches!(waiting.before, Before::Mvm(_));
        if told {
            let span = waiting.since..cycle;
            observer.stall(tile.core.macro_index, waiting.stall, span);
        }
    }

    fn count_readouts(&mut self, index: usize) {
        let tile = &mut self.tiles[index];
        // An MVM that runs holds its bank.
        let runs = |number: &usize| matches!(tile.stages[*number], Stage::Running { .. });
        match tile.core.readout {
            Readout::Sensing(_) => tile.cycles.sense += 1,
            Readout::Blocked(_) => tile.cycles.latch_wait += 1,
            Readout::Free => {
                if tile.banks.iter().any(runs) {
                    tile.cycles.array_wait += 1;
                }
            }
        }
        if matches!(tile.core.latch, Latch::Busy { .. }) {
            tile.cycles.latch += 1;
        }
    }

    fn count_units(&mut self, index: usize) {
        let tile = &self.tiles[index];
        let layer = &mut self.outcome.layers[tile.layer as usize];
        layer.merge += u64::from(tile.merging.is_some());
        layer.activate += u64::from(tile.activating.is_some());
    }

    /// Sums up at the end of the run.
    pub fn conclude(&mut self, cycle: u64) {
        self.outcome.cycles = cycle;
        for counted in &mut self.outcome.macros {
            counted.idle = cycle;
        }
        for tile in &mut self.tiles {
            tile.cycles.operations = tile.core.operations;
            tile.cycles.conversions = tile.core.conversions;
            let layer = &mut self.outcome.layers[tile.layer as usize];
            layer.operations += tile.cycles.operations;
            layer.conversions += tile.cycles.conversions;
            layer.sense += tile.cycles.sense;
            layer.mvms += tile.cycles.mvms;
            for (sum, stall) in layer.stalls.iter_mut().zip(&tile.cycles.stalls) {
                *sum += stall;
            }
            self.outcome.macros[tile.core.macro_index as usize] = tile.cycles.clone();
        }
    }
}
