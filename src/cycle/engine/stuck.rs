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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cycle::observer::Blind;
    use crate::cycle::plan::{
        BetweenPixels, Buffers, Hold, Layer, MacroTiming, MacroWork, Network, Order, Plan,
        TileWork, Topology, Uniform, Work,
    };

    fn layer(needs: Vec<u32>, macro_index: u32) -> Layer {
        let part = TileWork {
            operations: 1,
            conversions_per_operation: 1,
            load_bits: 1,
            load_bits_next: 1,
            sum_bits: 0,
            merge: 0,
            activate: 1,
            output_bits: 1,
        };
        Layer {
            pixels: 1,
            row_pixels: 1,
            needs,
            work: Work::Macro(MacroWork {
                row_tiles: 1,
                column_tiles: 1,
                tiles: vec![part],
                macros: vec![macro_index],
            }),
        }
    }

    /// The check is left out: the second layer needs two pixels of one.
    #[test]
    fn who_waits_is_named() {
        let plan = Plan {
            timing: MacroTiming {
                front: 1,
                sample: 0,
                sense: 1,
                latch: 1,
                hold: Hold::PerReadout,
            },
            network: Network {
                topology: Topology::Bus,
                width_bits: 1,
                hop_cycles: 0,
            },
            buffers: Buffers {
                input_vectors: 1,
                accumulator_banks: 1,
                output_vectors: 1,
            },
            between_pixels: BetweenPixels::Drain,
            order: Order::Pipelined,
            images: 1,
            tile_of_macro: vec![0, 0],
            layers: vec![layer(vec![], 0), layer(vec![2], 1)],
        };
        let mut observer = Blind;
        let error = Engine::new(&plan, &Uniform, &mut observer)
            .run()
            .expect_err("no inputs");
        let words = "macro 1 (layer 1, image 0, pixel 0) waits for inputs";
        let expected = CycleError::Stuck {
            cycle: 6,
            waiting: words.into(),
        };
        assert_eq!(error, expected);
    }
}
