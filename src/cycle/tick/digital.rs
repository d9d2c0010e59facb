//! The digital unit: one pixel of one layer at a time, the one first whose pixel was ready first.
//!
//! Not responsible for what a pixel costs.

use super::chip::Chip;
use crate::cycle::observer::{Observer, Unit};
use crate::cycle::plan::{Mvm, Plan, Work};

/// A digital layer and its next pixel.
struct Head {
    layer: u32,
    cycles_per_pixel: u32,
    /// Image and pixel; image = images of the plan where all is done.
    image: u32,
    pixel: u32,
    /// First cycle at which the pixel could be computed, once it is there.
    ready: Option<u64>,
}

pub(super) struct DigitalUnit {
    heads: Vec<Head>,
    /// Head that is served, and until when.
    serving: Option<(usize, u64)>,
}

impl DigitalUnit {
    pub fn new(plan: &Plan) -> DigitalUnit {
        let layers = plan.layers.iter().enumerate();
        let head = |(layer, work): (usize, &Work)| match work {
            Work::Macro(_) => None,
            Work::Digital { cycles_per_pixel } => Some(Head {
                layer: layer as u32,
                cycles_per_pixel: *cycles_per_pixel,
                image: 0,
                pixel: 0,
                ready: None,
            }),
        };
        let heads = layers.map(|(index, layer)| (index, &layer.work));
        DigitalUnit {
            heads: heads.filter_map(head).collect(),
            serving: None,
        }
    }

    pub fn is_working(&self) -> bool {
        self.serving.is_some()
    }

    /// Layer that is served.
    pub fn served_layer(&self) -> Option<u32> {
        self.serving.map(|(head, _)| self.heads[head].layer)
    }
}

impl Chip<'_> {
    pub fn end_digital(&mut self, cycle: u64) {
        let Some((index, until)) = self.digital.serving else {
            return;
        };
        if until != cycle {
            return;
        }
        self.digital.serving = None;
        let head = &mut self.digital.heads[index];
        let mvm = Mvm {
            image: head.image,
            layer: head.layer,
            pixel: head.pixel,
            tile: 0,
        };
        head.ready = None;
        head.pixel += 1;
        if head.pixel == self.plan.layers[head.layer as usize].pixels {
            head.pixel = 0;
            head.image += 1;
        }
        self.store(cycle, mvm, 0);
    }

    pub fn start_digital<O: Observer>(&mut self, cycle: u64, observer: &mut O) -> bool {
        for index in 0..self.digital.heads.len() {
            let head = &self.digital.heads[index];
            let left = head.image < self.plan.images && head.ready.is_none();
            if left && self.is_ready(head.image, head.layer, head.pixel) {
                self.digital.heads[index].ready = Some(cycle);
            }
        }
        if self.digital.serving.is_some() {
            return false;
        }
        let heads = self.digital.heads.iter().enumerate();
        let waiting = heads.filter_map(|(index, head)| Some((head.ready?, head, index)));
        let first = waiting.min_by_key(|(ready, head, _)| (*ready, head.image, head.layer));
        let Some((_, head, index)) = first else {
            return false;
        };
        let mvm = Mvm {
            image: head.image,
            layer: head.layer,
            pixel: head.pixel,
            tile: 0,
        };
        let until = cycle + u64::from(head.cycles_per_pixel);
        observer.unit(None, Unit::Digital(mvm), cycle..until);
        let first = self.started.entry(head.layer).or_insert(cycle);
        self.outcome.layers[head.layer as usize].start = *first;
        self.digital.serving = Some((index, until));
        true
    }
}
