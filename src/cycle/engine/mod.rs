//! The fast engine: jumps from event to event, times a whole MVM when it starts, and keeps nothing that has happened.
//!
//! A cycle at which something ends is handled as the law of [`super`] says: all ends, then units until nothing changes, then
//! transfers, again if one took no time. Only what an end may have changed is looked at. Cost grows with MVMs where all
//! operations are alike, with operations where they depend on the data or are told.

mod column;
mod digital;
mod macros;
mod pipeline;
mod state;
mod stored;
mod stuck;
mod transfers;
mod travel;

use super::error::CycleError;
use super::links::Links;
use super::observer::Observer;
use super::outcome::{LayerCycles, MacroCycles, Outcome};
use super::plan::{Activity, Order, Plan, Work};
use digital::DigitalUnit;
use state::Parts;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use stored::Consumer;
use transfers::Transfers;

/// MVMs between two reports of progress.
const REPORT: u64 = 4096;

/// Something that ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A transfer, by slot.
    Arrival(u32),
    /// The last sample of an MVM of a worker.
    InputsUsed(u32),
    /// A worker's array may take the next MVM.
    ArrayFree(u32),
    /// An MVM of a worker.
    Mvm(u32, u64),
    /// Sums were added, by column of tiles.
    Merged(u32),
    /// An activation unit, by column of tiles.
    Activated(u32),
    /// The digital unit.
    Digital,
}

struct Engine<'a, A, O> {
    plan: &'a Plan,
    activity: &'a A,
    observer: &'a mut O,
    now: u64,
    events: BinaryHeap<Reverse<(u64, Event)>>,
    /// Workers to look at.
    dirty: Vec<u32>,
    parts: Parts,
    digital: DigitalUnit,
    transfers: Transfers,
    links: Links,
    /// Pixels (of each column of tiles) that are not stored, by image.
    image_left: Vec<u64>,
    images_left: u32,
    /// Layer by layer: consumers in the first layer that wait for the image before.
    waiting_for_image: Vec<Consumer>,
    started_layers: Vec<bool>,
    mvms: u64,
    all_mvms: u64,
    /// Sense cycles of the MVM that starts; kept for its memory.
    senses: Vec<u32>,
    woken: Vec<Consumer>,
    at_once: Vec<u32>,
    outcome: Outcome,
}

/// Runs a plan.
///
/// # Errors
/// A plan or an activity that contradicts itself ([`Plan::check`]); no progress.
pub fn run<A: Activity, O: Observer>(
    plan: &Plan,
    activity: &A,
    observer: &mut O,
) -> Result<Outcome, CycleError> {
    plan.check()?;
    Engine::new(plan, activity, observer).run()
}

impl<'a, A: Activity, O: Observer> Engine<'a, A, O> {
    fn new(plan: &'a Plan, activity: &'a A, observer: &'a mut O) -> Self {
        let links = Links::new(plan);
        let parts = Parts::new(plan);
        let columns = |work: &Work| match work {
            Work::Macro(work) => u64::from(work.column_tiles),
            Work::Digital { .. } => 1,
        };
        let layers = plan.layers.iter();
        let per_image = layers.map(|layer| u64::from(layer.pixels) * columns(&layer.work));
        let images = plan.images as usize;
        Engine {
            plan,
            activity,
            observer,
            now: 0,
            events: BinaryHeap::new(),
            dirty: Vec::new(),
            digital: DigitalUnit::new(plan),
            transfers: Transfers::new(links),
            links,
            image_left: vec![per_image.sum(); images],
            images_left: plan.images,
            waiting_for_image: Vec::new(),
            started_layers: vec![false; plan.layers.len()],
            mvms: 0,
            all_mvms: parts.workers.iter().map(|worker| worker.mvms).sum(),
            senses: Vec::new(),
            woken: Vec::new(),
            at_once: Vec::new(),
            outcome: Outcome {
                images: vec![0; images],
                macros: vec![MacroCycles::default(); plan.tile_of_macro.len()],
                layers: vec![LayerCycles::default(); plan.layers.len()],
                links: vec![0; links.count()],
                ..Outcome::default()
            },
            parts,
        }
    }

    fn run(mut self) -> Result<Outcome, CycleError> {
        for worker in 0..self.parts.workers.len() {
            self.mark(worker as u32);
        }
        for head in 0..self.digital.heads() {
            self.look_for_pixel(head);
        }
        self.settle()?;
        while let Some(Reverse((cycle, event))) = self.events.pop() {
            self.now = cycle;
            self.end(event);
            while let Some(&Reverse((same, event))) = self.events.peek() {
                if same != cycle {
                    break;
                }
                self.events.pop();
                self.end(event);
            }
            self.settle()?;
        }
        if self.images_left > 0 {
            return Err(self.stuck());
        }
        self.conclude();
        self.observer.progress(self.now, self.mvms, self.all_mvms);
        Ok(self.outcome)
    }

    fn end(&mut self, event: Event) {
        match event {
            Event::Arrival(slot) => {
                let moving = self.transfers.end(slot);
                self.arrive(&moving);
            }
            Event::InputsUsed(worker) => self.inputs_used(worker),
            Event::ArrayFree(worker) => self.mark(worker),
            Event::Mvm(worker, number) => self.mvm_ends(worker, number),
            Event::Merged(column) => self.merged(column),
            Event::Activated(column) => self.activated(column),
            Event::Digital => self.digital_ends(),
        }
    }

    /// Units until nothing changes, then transfers; again if one of them took no time.
    fn settle(&mut self) -> Result<(), CycleError> {
        loop {
            self.start_digital();
            while let Some(worker) = self.dirty.pop() {
                self.parts.workers[worker as usize].dirty = false;
                self.look_at(worker)?;
            }
            if !self.start_transfers() {
                return Ok(());
            }
        }
    }

    fn after(&mut self, cycles: u64, event: Event) {
        self.events.push(Reverse((self.now + cycles, event)));
    }

    /// A worker must be looked at.
    fn mark(&mut self, worker: u32) {
        let state = &mut self.parts.workers[worker as usize];
        if !state.dirty {
            state.dirty = true;
            self.dirty.push(worker);
        }
    }

    /// Whether this pixel may be loaded; if not, the consumer will be woken when that may have changed.
    fn ready_or_wait(&mut self, image: u32, layer: u32, pixel: u32, consumer: Consumer) -> bool {
        let Some(need) = self.plan.need(layer, pixel) else {
            let by_layer = self.plan.order == Order::LayerByLayer;
            if by_layer && image > 0 && self.image_left[image as usize - 1] > 0 {
                self.waiting_for_image.push(consumer);
                return false;
            }
            return true;
        };
        let before = &mut self.parts.stored[layer as usize - 1];
        let ready = before.leading(image) >= need;
        if !ready {
            before.wait(image, need, consumer);
        }
        ready
    }

    /// A pixel of one column of tiles is stored.
    fn store(&mut self, layer: u32, copy: u32, column: u32, image: u32) {
        self.outcome.layers[layer as usize].end = self.now;
        let mut woken = std::mem::take(&mut self.woken);
        self.parts.stored[layer as usize].store(copy, column, image, &mut woken);
        let left = &mut self.image_left[image as usize];
        *left -= 1;
        if *left == 0 {
            self.images_left -= 1;
            self.outcome.images[image as usize] = self.now;
            woken.append(&mut self.waiting_for_image);
        }
        for consumer in woken.drain(..) {
            match consumer {
                Consumer::Worker(worker) => {
                    self.parts.workers[worker as usize].asleep = false;
                    self.mark(worker);
                }
                Consumer::Digital(head) => self.look_for_pixel(head),
            }
        }
        self.woken = woken;
    }

    fn layer_starts(&mut self, layer: u32) {
        let started = &mut self.started_layers[layer as usize];
        if !*started {
            *started = true;
            self.outcome.layers[layer as usize].start = self.now;
        }
    }

    fn report(&mut self) {
        self.mvms += 1;
        if self.mvms.is_multiple_of(REPORT) {
            self.observer.progress(self.now, self.mvms, self.all_mvms);
        }
    }
}
