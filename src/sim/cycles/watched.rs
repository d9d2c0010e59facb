//! What a run is watched by: use over time, what the global buffer holds, and progress with the cycles simulated per second.

use super::{OnChip, Ran};
use crate::cycle::observer::{Observer, Span, Transfer, Unit};
use crate::cycle::occupancy::{Map, Occupancy, Peak};
use crate::cycle::plan::{Mvm, Order, Plan};
use crate::cycle::profile::Profile;
use crate::mapping::maps::check_peak;
use crate::sim::error::SimError;
use crate::sim::stage::Progress;
use std::time::Instant;

/// Observers of a round.
pub(super) struct Watched<'a> {
    profile: Profile,
    /// In a pipeline only: layer by layer what is held is known before.
    occupancy: Option<Occupancy<'a>>,
    began: Instant,
    progress: Progress<'a>,
}

impl<'a> Watched<'a> {
    pub fn new(plan: &'a Plan, maps: &'a [Map], progress: Progress<'a>) -> Self {
        let pipelined = plan.order == Order::Pipelined;
        Watched {
            profile: Profile::new(plan.layers.len(), plan.network.topology),
            occupancy: pipelined.then(|| Occupancy::new(plan, maps)),
            began: Instant::now(),
            progress,
        }
    }

    /// What was seen.
    pub fn finish(self) -> (Profile, Option<Peak>) {
        (self.profile, self.occupancy.map(Occupancy::finish))
    }
}

/// Bits of the global buffer when it is fullest: what was seen in a pipeline, otherwise what the mapping says.
///
/// # Errors
/// If the buffer is smaller.
pub(super) fn fullest(chip: &OnChip, ran: &[Ran]) -> Result<u64, SimError> {
    let seen = ran.iter().filter_map(|one| Some((one, one.peak.as_ref()?)));
    let Some((one, peak)) = seen.max_by_key(|(_, peak)| peak.bits) else {
        return Ok(chip.mapped.description.buffer_bits);
    };
    if let Some(described) = &chip.prepared.hardware.chip {
        check_peak(described.buffers.global_kib, one.round, peak, one.offset)?;
    }
    Ok(peak.bits)
}

impl Observer for Watched<'_> {
    const DETAIL: bool = Profile::DETAIL;

    fn transfer(&mut self, transfer: &Transfer) {
        self.profile.transfer(transfer);
        if let Some(occupancy) = &mut self.occupancy {
            occupancy.transfer(transfer);
        }
    }

    fn mvm(&mut self, mvm: Mvm, macro_index: u32, span: Span) {
        self.profile.mvm(mvm, macro_index, span);
    }

    fn unit(&mut self, macro_index: Option<u32>, unit: Unit, span: Span) {
        if let Some(occupancy) = &mut self.occupancy {
            occupancy.unit(macro_index, unit.clone(), span.clone());
        }
        self.profile.unit(macro_index, unit, span);
    }

    fn progress(&mut self, cycle: u64, done: u64, all: u64) {
        let seconds = self.began.elapsed().as_secs_f64().max(1e-3);
        let per_second = cycle as f64 / seconds / 1e6;
        (self.progress)(&format!("cycles, {per_second:.1} M/s"), done, all);
    }
}
