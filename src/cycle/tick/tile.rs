//! Around the macro: loads, starts, partial sums, activation.
//!
//! Each function is one rule of [`crate::cycle`]: it does what the rule allows at this cycle and says whether it did anything.

use super::array::{Finish, Pending};
use super::chip::{Chip, Load, Stage};
use super::transfers::Moving;
use crate::cycle::error::CycleError;
use crate::cycle::observer::{Cargo, Observer, Unit};
use crate::cycle::plan::{Activity, BetweenPixels, Mvm, Node};

impl Chip<'_> {
    /// Everything of a tile that ends at `cycle`, transfers apart.
    pub fn end_tile<O: Observer>(&mut self, cycle: u64, index: usize, observer: &mut O) {
        let mut finished = Vec::new();
        self.tiles[index].core.end(cycle, &mut finished);
        self.finish(cycle, index, finished, observer);
        let tile = &mut self.tiles[index];
        if let Some((until, number)) = tile.merging
            && until == cycle
        {
            tile.merging = None;
            tile.added[number] += 1;
        }
        if let Some((until, number)) = tile.activating
            && until == cycle
        {
            self.activated(cycle, index, number);
        }
    }

    fn finish<O: Observer>(
        &mut self,
        cycle: u64,
        index: usize,
        finished: Vec<Finish>,
        observer: &mut O,
    ) {
        for finish in finished {
            match finish {
                Finish::InputsUsed(number) => {
                    self.tiles[index].inputs.remove(&number);
                }
                Finish::Mvm(number) => self.mvm_ends(cycle, index, number, observer),
            }
        }
    }

    fn mvm_ends<O: Observer>(&mut self, cycle: u64, index: usize, number: usize, observer: &mut O) {
        let tile = &mut self.tiles[index];
        if let Stage::Running { start } = tile.stages[number] {
            observer.mvm(tile.mvms[number], tile.core.macro_index, start..cycle);
        }
        tile.stages[number] = Stage::Ended;
    }

    /// Everything of a tile that may start, transfers apart.
    pub fn start_tile<A: Activity, O: Observer>(
        &mut self,
        cycle: u64,
        index: usize,
        activity: &A,
        observer: &mut O,
    ) -> Result<bool, CycleError> {
        let mut changed = self.request_load(cycle, index);
        changed |= self.start_mvm(cycle, index, activity, observer)?;
        let mut finished = Vec::new();
        changed |= self.tiles[index].core.start(cycle, observer, &mut finished);
        self.finish(cycle, index, finished, observer);
        changed |= self.request_sums(cycle, index);
        if self.tiles[index].row == 0 {
            changed |= self.start_merge(cycle, index, observer);
            changed |= self.start_activation(cycle, index, observer);
        }
        Ok(changed)
    }

    /// The first MVM whose load is not requested, if there is one.
    pub fn next_load(&self, index: usize) -> Option<usize> {
        let tile = &self.tiles[index];
        let after = |number: usize| tile.loads[number] != Load::NotRequested;
        let mut number = self.next_start(index)?;
        while number < tile.loads.len() && after(number) {
            number += 1;
        }
        (number < tile.loads.len()).then_some(number)
    }

    /// The first MVM that has not started, if there is one.
    pub fn next_start(&self, index: usize) -> Option<usize> {
        let number = self.tiles[index].cycles.mvms as usize;
        (number < self.tiles[index].mvms.len()).then_some(number)
    }

    fn request_load(&mut self, cycle: u64, index: usize) -> bool {
        let Some(number) = self.next_load(index) else {
            return false;
        };
        let tile = &self.tiles[index];
        let mvm = tile.mvms[number];
        let room = tile.inputs.len() < self.plan.buffers.input_vectors as usize;
        if !room || !self.is_ready(mvm.image, mvm.layer, mvm.pixel) {
            return false;
        }
        let layer = &self.plan.layers[mvm.layer as usize];
        let (to, bits) = (tile.node, layer.load_bits(&tile.part, mvm.pixel));
        let tile = &mut self.tiles[index];
        tile.inputs.insert(number);
        tile.loads[number] = Load::Requested;
        let first = self.started.entry(mvm.layer).or_insert(cycle);
        self.outcome.layers[mvm.layer as usize].start = *first;
        let moving = Moving::new(Cargo::Load, index, number, Node::GlobalBuffer, to, bits);
        self.request(cycle, moving);
        true
    }

    fn start_mvm<A: Activity, O: Observer>(
        &mut self,
        cycle: u64,
        index: usize,
        activity: &A,
        observer: &mut O,
    ) -> Result<bool, CycleError> {
        let Some(number) = self.next_start(index) else {
            return Ok(false);
        };
        if self.tiles[index].loads[number] != Load::Arrived
            || !self.bank_is_free(index)
            || !self.predecessor_allows(index, number)
        {
            return Ok(false);
        }
        let mvm = self.tiles[index].mvms[number];
        let operations = self.operations(mvm, index, activity)?;
        let tile = &mut self.tiles[index];
        tile.cycles.mvms += 1;
        tile.banks.insert(number);
        tile.stages[number] = Stage::Running { start: cycle };
        let count = operations.len();
        for (place, senses) in operations.into_iter().enumerate() {
            tile.core.push(Pending {
                number,
                mvm,
                index: place as u32,
                senses,
                last: place + 1 == count,
            });
        }
        if count == 0 {
            tile.inputs.remove(&number);
            self.mvm_ends(cycle, index, number, observer);
        }
        Ok(true)
    }

    pub fn bank_is_free(&self, index: usize) -> bool {
        self.tiles[index].banks.len() < self.plan.buffers.accumulator_banks as usize
    }

    pub fn predecessor_allows(&self, index: usize, number: usize) -> bool {
        let tile = &self.tiles[index];
        match self.plan.between_pixels {
            BetweenPixels::Drain => number == 0 || tile.stages[number - 1] == Stage::Ended,
            BetweenPixels::Overlap => tile.core.array_is_free(),
        }
    }

    /// Sense cycles of the conversions of every operation that takes place.
    fn operations<A: Activity>(
        &self,
        mvm: Mvm,
        index: usize,
        activity: &A,
    ) -> Result<Vec<Vec<u32>>, CycleError> {
        let part = &self.tiles[index].part;
        let conversions = part.conversions_per_operation as usize;
        let mut senses = Vec::new();
        if activity.senses(mvm, &mut senses) {
            self.plan.check_senses(mvm, part, &senses)?;
            return Ok(senses.chunks(conversions).map(<[u32]>::to_vec).collect());
        }
        let one = vec![self.plan.timing.sense; conversions];
        Ok(vec![one; part.operations as usize])
    }

    /// A tile that is not the first along the rows, when the MVM of the first has ended too.
    fn request_sums(&mut self, cycle: u64, index: usize) -> bool {
        let tile = &self.tiles[index];
        if tile.row == 0 {
            return false;
        }
        let first = &self.tiles[tile.first];
        let both_ended = |number: usize| {
            tile.stages[number] == Stage::Ended && first.stages[number] == Stage::Ended
        };
        let due = |number: &usize| both_ended(*number) && !tile.sums_requested.contains(number);
        let Some(number) = tile.banks.iter().copied().find(due) else {
            return false;
        };
        let (from, to, bits) = (tile.node, first.node, tile.part.sum_bits);
        self.tiles[index].sums_requested.insert(number);
        let moving = Moving::new(Cargo::Sums, index, number, from, to, bits);
        self.request(cycle, moving);
        true
    }

    fn start_merge<O: Observer>(&mut self, cycle: u64, index: usize, observer: &mut O) -> bool {
        let tile = &mut self.tiles[index];
        if tile.merging.is_some() {
            return false;
        }
        let Some(next) = tile.arrived.iter().min().copied() else {
            return false;
        };
        tile.arrived.retain(|sums| *sums != next);
        let (_, row, number) = next;
        let until = cycle + u64::from(tile.part.merge);
        let mut sender = tile.mvms[number];
        sender.tile += row;
        let unit = Unit::Merge(sender);
        observer.unit(Some(tile.core.macro_index), unit, cycle..until);
        if until == cycle {
            tile.added[number] += 1;
        } else {
            tile.merging = Some((until, number));
        }
        true
    }

    fn start_activation<O: Observer>(
        &mut self,
        cycle: u64,
        index: usize,
        observer: &mut O,
    ) -> bool {
        let tile = &self.tiles[index];
        let number = tile.next_activation;
        let others = self.row_tiles(tile.layer) - 1;
        let place = tile.outputs.len() < self.plan.buffers.output_vectors as usize;
        if tile.activating.is_some()
            || tile.stages.get(number) != Some(&Stage::Ended)
            || tile.added[number] < others
            || !place
        {
            return false;
        }
        let until = cycle + u64::from(tile.part.activate);
        let unit = Unit::Activate(tile.mvms[number]);
        observer.unit(Some(tile.core.macro_index), unit, cycle..until);
        let tile = &mut self.tiles[index];
        tile.outputs.insert(number);
        tile.next_activation += 1;
        if until == cycle {
            self.activated(cycle, index, number);
        } else {
            tile.activating = Some((until, number));
        }
        true
    }

    fn activated(&mut self, cycle: u64, index: usize, number: usize) {
        let tile = &mut self.tiles[index];
        tile.activating = None;
        tile.banks.remove(&number);
        let (from, bits) = (tile.node, tile.part.output_bits);
        let to = Node::GlobalBuffer;
        let moving = Moving::new(Cargo::Output, index, number, from, to, bits);
        self.request(cycle, moving);
    }
}
