//! Who waits for what when nothing can happen any more.
//!
//! A plan that passed its check never gets here; the words are for whoever finds out that it did.

use super::Engine;
use super::state::Worker;
use crate::cycle::error::CycleError;
use crate::cycle::observer::Observer;
use crate::cycle::plan::Activity;

/// Units that are named.
const NAMED: usize = 4;

impl<A: Activity, O: Observer> Engine<'_, A, O> {
    pub(super) fn stuck(&self) -> CycleError {
        let workers = self.parts.workers.iter();
        let macros = workers.filter(|worker| worker.left < worker.mvms);
        let mut words: Vec<String> = macros.map(|worker| self.words(worker)).collect();
        let digital = self.digital.left(self.plan).map(|pixel| {
            let (image, layer, pixel) = (pixel.image, pixel.layer, pixel.pixel);
            format!("digital layer {layer} waits for the inputs of image {image}, pixel {pixel}")
        });
        words.extend(digital);
        let more = words.len().saturating_sub(NAMED);
        words.truncate(NAMED);
        if more > 0 {
            words.push(format!("{more} more"));
        }
        let transfers = self.transfers.waiting();
        if transfers > 0 {
            words.push(format!("{transfers} transfers wait for links"));
        }
        CycleError::Stuck {
            cycle: self.now,
            waiting: words.join("; "),
        }
    }

    fn words(&self, worker: &Worker) -> String {
        let buffers = &self.plan.buffers;
        let what = if worker.started == worker.mvms {
            "outputs that have not left"
        } else if worker.requested == worker.started && worker.ready_since.is_none() {
            "inputs"
        } else if worker.requested == worker.started {
            "room in the input buffer"
        } else if worker.arrived == worker.started {
            "inputs on their way"
        } else if worker.banks_used == buffers.accumulator_banks {
            "an accumulator bank"
        } else {
            "the pixel before"
        };
        let number = worker.started.min(worker.mvms - 1);
        let mvm = worker.mvm(number);
        format!(
            "macro {} (layer {}, image {}, pixel {}) waits for {what}",
            worker.macro_index, mvm.layer, mvm.image, mvm.pixel
        )
    }
}
