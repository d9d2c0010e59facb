//! What the global buffer holds over time: an observer of `engine` that takes and frees places as maps are written and read.
//!
//! A map is what one layer writes of one image and the next layer reads; map 0 is what the first layer reads. The rule:
//! - an image from outside comes whole when its first read begins (a load; a pixel of a digital layer);
//! - an output pixel after pooling takes its place when the upper left pixel of its window begins to travel to the buffer
//!   (of a digital layer: to be computed);
//! - an image's map goes whole, when all of its pixels are stored and all reads of the next layer have ended; the last map has
//!   no reads. A map that later rounds read stays.
//!
//! Places freed at a cycle are free for what begins in it; a transfer that takes no time counts as one cycle. Nothing is
//! allocated per event. Not responsible for holding anything up (engines never wait for room in this buffer), nor for how large
//! maps are (`mapping`).

use super::observer::{Cargo, Observer, Span, Transfer, Unit};
use super::plan::{Mvm, Plan, Work};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A map of every image, as far as the buffer is concerned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Map {
    /// Bits that are there of each image before anything runs.
    pub before: u64,
    /// Bits of an image that come with its first read (of map 0).
    pub at_once: u64,
    /// Bits of an output pixel, by column of tiles of the layer that writes it (not of map 0).
    pub pixel_bits: Vec<u64>,
    /// Edge of the pooling windows; 0 or 1 where nothing is pooled.
    pub pool: u32,
    /// What is there at the end stays.
    pub stays: bool,
}

/// The buffer when it was fullest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peak {
    /// Bits.
    pub bits: u64,
    /// First cycle with that many.
    pub cycle: u64,
    /// Bits of each map then, all images together.
    pub maps: Vec<u64>,
    /// Bits when the run had ended.
    pub at_end: u64,
}

/// One image of a map.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    bits: u64,
    /// Pixels to be stored and reads, those to come.
    left: u64,
    /// End of those told.
    ended: u64,
}

/// Counts bits while an engine runs.
#[derive(Clone, Debug)]
pub struct Occupancy<'a> {
    plan: &'a Plan,
    maps: &'a [Map],
    /// `[map][image]`.
    places: Vec<Place>,
    /// Pixels and reads of an image of each map.
    uses: Vec<u64>,
    bits: u64,
    by_map: Vec<u64>,
    /// Places that will be free: cycle, place.
    freed: BinaryHeap<Reverse<(u64, usize)>>,
    peak: Peak,
}

impl<'a> Occupancy<'a> {
    /// Before the first cycle; `maps[l]` is read by layer l of the plan, `maps[l + 1]` written by it.
    pub fn new(plan: &'a Plan, maps: &'a [Map]) -> Self {
        let reads = |map: usize| match plan.layers.get(map).map(|l| (l.pixels, &l.work)) {
            Some((pixels, Work::Macro(work))) => u64::from(pixels) * work.tiles.len() as u64,
            Some((pixels, Work::Digital { .. })) => u64::from(pixels),
            None => 0,
        };
        let writes = |map: usize| {
            let layer = map.checked_sub(1).and_then(|layer| plan.layers.get(layer));
            match layer.map(|l| (l.pixels, &l.work)) {
                Some((pixels, Work::Macro(work))) => {
                    u64::from(pixels) * u64::from(work.column_tiles)
                }
                Some((pixels, Work::Digital { .. })) => u64::from(pixels),
                None => 0,
            }
        };
        let uses: Vec<u64> = (0..maps.len()).map(|m| reads(m) + writes(m)).collect();
        let images = plan.images as usize;
        let mut occupancy = Occupancy {
            plan,
            maps,
            places: Vec::with_capacity(maps.len() * images),
            uses,
            bits: 0,
            by_map: vec![0; maps.len()],
            freed: BinaryHeap::new(),
            peak: Peak {
                maps: vec![0; maps.len()],
                ..Peak::default()
            },
        };
        for (number, map) in maps.iter().enumerate() {
            let left = occupancy.uses[number];
            let empty = Place {
                left,
                ..Place::default()
            };
            for image in 0..images {
                occupancy.places.push(empty);
                occupancy.take(number, image, map.before, 0);
            }
        }
        occupancy
    }

    /// When everything has been told.
    pub fn finish(mut self) -> Peak {
        self.free_until(u64::MAX);
        self.peak.at_end = self.bits;
        self.peak
    }

    fn take(&mut self, map: usize, image: usize, bits: u64, cycle: u64) {
        self.places[map * self.plan.images as usize + image].bits += bits;
        self.by_map[map] += bits;
        self.bits += bits;
        if self.bits > self.peak.bits {
            self.peak.bits = self.bits;
            self.peak.cycle = cycle;
            self.peak.maps.copy_from_slice(&self.by_map);
        }
    }

    fn free_until(&mut self, cycle: u64) {
        while let Some(&Reverse((freed, place))) = self.freed.peek() {
            if freed > cycle {
                return;
            }
            self.freed.pop();
            let bits = std::mem::take(&mut self.places[place].bits);
            self.by_map[place / self.plan.images as usize] -= bits;
            self.bits -= bits;
        }
    }

    /// A pixel of a map is written or read.
    fn used(&mut self, map: usize, image: usize, span: &Span) {
        let place = map * self.plan.images as usize + image;
        let own = &mut self.places[place];
        own.ended = own.ended.max(span.end).max(span.start + 1);
        own.left -= 1;
        if own.left == 0 && !self.maps[map].stays {
            self.freed.push(Reverse((own.ended, place)));
        }
    }

    fn read(&mut self, mvm: Mvm, span: &Span) {
        self.free_until(span.start);
        let (map, image) = (mvm.layer as usize, mvm.image as usize);
        let place = &self.places[map * self.plan.images as usize + image];
        if place.left == self.uses[map] {
            self.take(map, image, self.maps[map].at_once, span.start);
        }
        self.used(map, image, span);
    }

    fn write(&mut self, mvm: Mvm, column: usize, span: &Span) {
        self.free_until(span.start);
        let (map, image) = (mvm.layer as usize + 1, mvm.image as usize);
        if self.begins_window(mvm, self.maps[map].pool) {
            let bits = self.maps[map].pixel_bits.get(column).copied();
            self.take(map, image, bits.unwrap_or(0), span.start);
        }
        self.used(map, image, span);
    }

    /// Whether a pixel is the upper left one of a whole window of the pooling.
    fn begins_window(&self, mvm: Mvm, pool: u32) -> bool {
        if pool <= 1 {
            return true;
        }
        let layer = &self.plan.layers[mvm.layer as usize];
        let width = layer.row_pixels.max(1);
        let height = layer.pixels / width;
        let begins = |at: u32, size: u32| at.is_multiple_of(pool) && at / pool < size / pool;
        begins(mvm.pixel / width, height) && begins(mvm.pixel % width, width)
    }
}

impl Observer for Occupancy<'_> {
    const DETAIL: bool = false;

    fn transfer(&mut self, transfer: &Transfer) {
        match transfer.cargo {
            Cargo::Load => self.read(transfer.mvm, &transfer.span),
            Cargo::Output => {
                let layer = &self.plan.layers[transfer.mvm.layer as usize];
                let row_tiles = match &layer.work {
                    Work::Macro(work) => work.row_tiles.max(1),
                    Work::Digital { .. } => 1,
                };
                let column = (transfer.mvm.tile / row_tiles) as usize;
                self.write(transfer.mvm, column, &transfer.span);
            }
            Cargo::Sums => {}
        }
    }

    fn unit(&mut self, _: Option<u32>, unit: Unit, span: Span) {
        if let Unit::Digital(mvm) = unit {
            self.read(mvm, &span);
            self.write(mvm, 0, &span);
        }
    }
}
