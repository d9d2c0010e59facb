//! Cycles of arrays and read-outs as shares: busy, waiting by class, idle.

use super::Ran;
use crate::cycle::outcome::{MacroCycles, Stall};
use crate::cycle::plan::Work;
use crate::results::cycle::{Part, UnitUse};

/// Cycles of some macros, added up.
#[derive(Clone, Debug, Default)]
pub(super) struct Shares {
    /// Cycles of all of them, working or not.
    total: u64,
    front: u64,
    stalls: [u64; 6],
    /// Cycles in which weights were written.
    writing: u64,
    sense: u64,
    latch: u64,
    latch_wait: u64,
    array_wait: u64,
    /// Macros of the chip, and those with work.
    macros: (u64, u64),
    /// Cycles of all macros of the chip.
    chip_cycles: u64,
    /// Links, those used, cycles held and cycles of the run.
    links: (u64, u64, u64, u64),
    /// Cycles of the digital unit.
    digital: u64,
    /// Cycles of the rounds.
    cycles: u64,
}

impl Shares {
    /// Of all macros that ever had work.
    pub fn of(ran: &[Ran]) -> Self {
        let mut all = Shares::default();
        for ran in ran {
            let outcome = &ran.outcome;
            // Weights are written before a round, and nothing works meanwhile.
            let cycles = ran.round.weight_cycles + outcome.cycles;
            let working = outcome.macros.iter().filter(|one| one.mvms > 0);
            all.macros.0 = outcome.macros.len() as u64;
            all.macros.1 = all.macros.1.max(working.clone().count() as u64);
            all.chip_cycles += cycles * all.macros.0;
            for one in working {
                all.add(one, cycles);
                all.writing += ran.round.weight_cycles;
            }
            let used = outcome.links.iter().filter(|&&held| held > 0);
            all.links.0 = outcome.links.len() as u64;
            all.links.1 = all.links.1.max(used.clone().count() as u64);
            all.links.2 += used.sum::<u64>();
            all.links.3 += cycles * all.links.1;
            all.digital += outcome.digital;
            all.cycles += cycles;
        }
        all
    }

    /// Adds the macros of a layer over the time from its start to its end, or from the end of its part in an earlier round;
    /// returns how many there are.
    pub fn add_layer(&mut self, ran: &Ran, layer: usize, before: Option<u64>) -> u64 {
        let Work::Macro(work) = &ran.round.plan.layers[layer].work else {
            return 0;
        };
        let found = &ran.outcome.layers[layer];
        let (span, writing) = match before {
            None => (found.end - found.start, 0),
            Some(end) => (ran.offset + found.end - end, ran.round.weight_cycles),
        };
        for &index in &work.macros {
            let one = &ran.outcome.macros[index as usize];
            // A macro has one layer: outside its layer's time it does nothing but wait for inputs or idle.
            let before = found.start;
            let mut own = one.clone();
            own.stalls[0] = own.stalls[0].saturating_sub(before);
            self.add(&own, span);
            self.writing += writing;
        }
        work.macros.len() as u64
    }

    fn add(&mut self, one: &MacroCycles, cycles: u64) {
        self.total += cycles;
        self.front += one.front + one.sample;
        for (sum, stall) in self.stalls.iter_mut().zip(one.stalls) {
            *sum += stall;
        }
        self.sense += one.sense;
        self.latch += one.latch;
        self.latch_wait += one.latch_wait;
        self.array_wait += one.array_wait;
    }

    fn share(&self, cycles: u64) -> f64 {
        cycles as f64 / self.total.max(1) as f64
    }

    /// What arrays do; shares that sum to 1.
    pub fn arrays(&self) -> Vec<Part> {
        if self.total == 0 {
            return Vec::new();
        }
        let mut parts = vec![part("busy", self.share(self.front))];
        for (stall, cycles) in Stall::ALL.iter().zip(self.stalls) {
            parts.push(part(stall.name(), self.share(cycles)));
        }
        parts.push(part("writing weights", self.share(self.writing)));
        parts.push(part("idle", rest(&parts)));
        parts
    }

    /// What read-outs do; shares that sum to 1.
    pub fn readouts(&self) -> Vec<Part> {
        let mut parts = vec![
            part("busy", self.share(self.sense)),
            part("array", self.share(self.array_wait)),
            part("latch", self.share(self.latch_wait)),
            part("writing weights", self.share(self.writing)),
        ];
        parts.push(part("idle", rest(&parts)));
        parts
    }

    /// Shares of arrays and read-outs that work.
    pub fn busy(&self) -> (f64, f64) {
        (self.share(self.front), self.share(self.sense))
    }

    /// Every kind of unit.
    pub fn units(&self) -> Vec<UnitUse> {
        let of =
            |name: &str, (count, used): (u64, u64), busy: u64, (own, all): (u64, u64)| UnitUse {
                name: name.into(),
                count,
                used,
                busy: busy as f64 / own.max(1) as f64,
                busy_of_all: busy as f64 / all.max(1) as f64,
            };
        let cycles = (self.total, self.chip_cycles);
        let links = (self.links.3, self.cycles * self.links.0);
        vec![
            of("arrays", self.macros, self.front, cycles),
            of(
                "read-outs (of a macro, in step)",
                self.macros,
                self.sense,
                cycles,
            ),
            of("latch and shift-add", self.macros, self.latch, cycles),
            of("links", (self.links.0, self.links.1), self.links.2, links),
            of(
                "digital unit",
                (1, u64::from(self.digital > 0)),
                self.digital,
                (self.cycles, self.cycles),
            ),
        ]
    }
}

fn part(name: &str, value: f64) -> Part {
    Part {
        name: name.into(),
        value,
    }
}

/// What is left of 1.
fn rest(parts: &[Part]) -> f64 {
    (1.0 - parts.iter().map(|part| part.value).sum::<f64>()).max(0.0)
}

/// Operations of a layer's macros if none is left out.
pub(super) fn planned_operations(ran: &Ran, layer: usize) -> u64 {
    let plan = &ran.round.plan;
    let Work::Macro(work) = &plan.layers[layer].work else {
        return 0;
    };
    let of_pixel: u64 = work
        .tiles
        .iter()
        .map(|tile| u64::from(tile.operations))
        .sum();
    of_pixel * u64::from(plan.layers[layer].pixels) * u64::from(plan.images)
}
