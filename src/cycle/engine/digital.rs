//! The digital unit: one pixel of one layer at a time, the one first whose pixel was ready first.
//!
//! Not responsible for what a pixel costs.

use super::stored::Consumer;
use super::{Engine, Event};
use crate::cycle::observer::{Observer, Unit};
use crate::cycle::plan::{Activity, Mvm, Plan, Work};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A digital layer and its next pixel.
struct Head {
    layer: u32,
    cycles_per_pixel: u32,
    image: u32,
    pixel: u32,
}

pub(super) struct DigitalUnit {
    heads: Vec<Head>,
    /// Pixels that are ready: since when, image, layer, head.
    ready: BinaryHeap<Reverse<(u64, u32, u32, u32)>>,
    serving: Option<u32>,
}

impl DigitalUnit {
    pub fn new(plan: &Plan) -> DigitalUnit {
        let mut heads = Vec::new();
        for (layer, of_layer) in plan.layers.iter().enumerate() {
            if let Work::Digital { cycles_per_pixel } = of_layer.work {
                heads.push(Head {
                    layer: layer as u32,
                    cycles_per_pixel,
                    image: 0,
                    pixel: 0,
                });
            }
        }
        DigitalUnit {
            heads,
            ready: BinaryHeap::new(),
            serving: None,
        }
    }

    pub fn heads(&self) -> u32 {
        self.heads.len() as u32
    }

    /// Layers with pixels left, and the pixel that is next, for people.
    pub fn left(&self, plan: &Plan) -> impl Iterator<Item = Mvm> {
        let images = plan.images;
        let left = self.heads.iter().filter(move |head| head.image < images);
        left.map(Head::pixel)
    }
}

impl Head {
    fn pixel(&self) -> Mvm {
        Mvm {
            image: self.image,
            layer: self.layer,
            pixel: self.pixel,
            tile: 0,
        }
    }
}

impl<A: Activity, O: Observer> Engine<'_, A, O> {
    /// The next pixel of a digital layer enters the list of those that are ready, or waits for its inputs.
    pub(super) fn look_for_pixel(&mut self, index: u32) {
        let pixel = self.digital.heads[index as usize].pixel();
        if pixel.image == self.plan.images {
            return;
        }
        let consumer = Consumer::Digital(index);
        if self.ready_or_wait(pixel.image, pixel.layer, pixel.pixel, consumer) {
            let entry = (self.now, pixel.image, pixel.layer, index);
            self.digital.ready.push(Reverse(entry));
        }
    }

    pub(super) fn start_digital(&mut self) {
        if self.digital.serving.is_some() {
            return;
        }
        let Some(Reverse((_, _, layer, index))) = self.digital.ready.pop() else {
            return;
        };
        self.digital.serving = Some(index);
        let head = &self.digital.heads[index as usize];
        let cycles = u64::from(head.cycles_per_pixel);
        let unit = Unit::Digital(head.pixel());
        self.observer.unit(None, unit, self.now..self.now + cycles);
        self.outcome.digital += cycles;
        self.outcome.layers[layer as usize].digital += cycles;
        self.layer_starts(layer);
        self.after(cycles, Event::Digital);
    }

    pub(super) fn digital_ends(&mut self) {
        let Some(index) = self.digital.serving.take() else {
            return;
        };
        let head = &mut self.digital.heads[index as usize];
        let (layer, image) = (head.layer, head.image);
        head.pixel += 1;
        if head.pixel == self.plan.layers[layer as usize].pixels {
            head.pixel = 0;
            head.image += 1;
        }
        self.look_for_pixel(index);
        self.store(layer, 0, 0, image);
    }
}
