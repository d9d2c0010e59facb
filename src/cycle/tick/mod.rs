//! The law of [`super`] taken literally: every unit is a state machine that is looked at in every cycle.
//!
//! Slow, and meant to be: the event-driven engine is tested against it. The two share plan, observer, outcome and the
//! paths of [`super::links`], nothing else.

mod account;
mod array;
mod chip;
mod digital;
mod tile;
mod transfers;

use super::error::CycleError;
use super::observer::Observer;
use super::outcome::Outcome;
use super::plan::{Activity, Plan};
use chip::Chip;

/// Runs a plan cycle by cycle.
///
/// # Errors
/// A plan or an activity that contradicts itself ([`Plan::check`]); no progress.
pub fn run<A: Activity, O: Observer>(
    plan: &Plan,
    activity: &A,
    observer: &mut O,
) -> Result<Outcome, CycleError> {
    plan.check()?;
    let mut chip = Chip::new(plan);
    let mut cycle = 0;
    loop {
        chip.end(cycle, observer);
        chip.start(cycle, activity, observer)?;
        if chip.all_is_stored() {
            break;
        }
        if !chip.anything_works() {
            return Err(CycleError::Stuck {
                cycle,
                waiting: format!("{} transfers wait and nothing works", chip.waiting.len()),
            });
        }
        chip.account(cycle, observer);
        cycle += 1;
    }
    for index in 0..chip.tiles.len() {
        chip.tell_stall(cycle, index, observer);
    }
    chip.conclude(cycle);
    Ok(chip.outcome)
}

impl Chip<'_> {
    fn end<O: Observer>(&mut self, cycle: u64, observer: &mut O) {
        self.end_transfers(cycle);
        for index in 0..self.tiles.len() {
            self.end_tile(cycle, index, observer);
        }
        self.end_digital(cycle);
    }

    /// Units until nothing changes, then transfers; again if one of them took no time.
    fn start<A: Activity, O: Observer>(
        &mut self,
        cycle: u64,
        activity: &A,
        observer: &mut O,
    ) -> Result<(), CycleError> {
        loop {
            let mut changed = true;
            while changed {
                changed = self.start_digital(cycle, observer);
                for index in 0..self.tiles.len() {
                    changed |= self.start_tile(cycle, index, activity, observer)?;
                }
            }
            if !self.start_transfers(cycle, observer) {
                return Ok(());
            }
        }
    }

    fn anything_works(&self) -> bool {
        let unit = |tile: &chip::Tile| {
            tile.core.is_working() || tile.merging.is_some() || tile.activating.is_some()
        };
        !self.travelling.is_empty() || self.digital.is_working() || self.tiles.iter().any(unit)
    }
}
