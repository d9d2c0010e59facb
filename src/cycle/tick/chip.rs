//! The state of a whole chip at one cycle, and what is stored.
//!
//! Not responsible for the units' rules (`array`, `tile`, `transfers`, `digital`).

use super::array::Core;
use super::digital::DigitalUnit;
use super::transfers::Moving;
use crate::cycle::links::Links;
use crate::cycle::outcome::{LayerCycles, MacroCycles, Outcome, Stall};
use crate::cycle::plan::{MacroWork, Mvm, Node, Order, Plan, TileWork, Work};
use std::collections::{BTreeMap, BTreeSet};

/// Where the inputs of an MVM are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Load {
    NotRequested,
    Requested,
    Arrived,
}

/// How far an MVM is on its macro.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    NotStarted,
    Running { start: u64 },
    Ended,
}

/// What an array waits for, for how long, and before which MVM or operation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Waiting {
    pub stall: Stall,
    pub before: Before,
    pub since: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    Mvm(usize),
    Operation(u64),
}

/// A macro with work.
pub(super) struct Tile {
    pub core: Core,
    pub layer: u32,
    pub row: u32,
    pub column: u32,
    pub node: Node,
    pub part: TileWork,
    /// Index (in `Chip::tiles`) of the first tile along the rows of the same copy and column.
    pub first: usize,
    pub mvms: Vec<Mvm>,
    pub loads: Vec<Load>,
    pub stages: Vec<Stage>,
    /// MVMs that take a place of the input buffer, an accumulator bank, a place of the output buffer.
    pub inputs: BTreeSet<usize>,
    pub banks: BTreeSet<usize>,
    pub outputs: BTreeSet<usize>,
    /// MVMs whose sums were requested to travel.
    pub sums_requested: BTreeSet<usize>,
    /// First tile only: sums that have arrived, as (cycle, row tile, MVM).
    pub arrived: Vec<(u64, u32, usize)>,
    pub merging: Option<(u64, usize)>,
    pub activating: Option<(u64, usize)>,
    /// By MVM: sums of other tiles added.
    pub added: Vec<u32>,
    pub next_activation: usize,
    pub waiting: Option<Waiting>,
    pub cycles: MacroCycles,
}

pub(super) struct Chip<'a> {
    pub plan: &'a Plan,
    pub links: Links,
    pub held: Vec<bool>,
    pub tiles: Vec<Tile>,
    pub waiting: Vec<Moving>,
    pub travelling: Vec<Moving>,
    pub digital: DigitalUnit,
    /// (image, layer, pixel, column tile).
    stored: BTreeSet<(u32, u32, u32, u32)>,
    /// What is not stored, by image.
    left: Vec<u64>,
    /// First start of each layer that has started.
    pub started: BTreeMap<u32, u64>,
    pub outcome: Outcome,
}

fn columns(work: &Work) -> u32 {
    match work {
        Work::Macro(work) => work.column_tiles,
        Work::Digital { .. } => 1,
    }
}

impl<'a> Chip<'a> {
    pub fn new(plan: &'a Plan) -> Chip<'a> {
        let links = Links::new(plan);
        let count = |layer: &crate::cycle::plan::Layer| {
            u64::from(layer.pixels) * u64::from(columns(&layer.work))
        };
        let per_image = plan.layers.iter().map(count).sum();
        let images = plan.images as usize;
        let mut chip = Chip {
            plan,
            links,
            held: vec![false; links.count()],
            tiles: Vec::new(),
            waiting: Vec::new(),
            travelling: Vec::new(),
            digital: DigitalUnit::new(plan),
            stored: BTreeSet::new(),
            left: vec![per_image; images],
            started: BTreeMap::new(),
            outcome: Outcome {
                images: vec![0; images],
                macros: vec![MacroCycles::default(); plan.tile_of_macro.len()],
                layers: vec![LayerCycles::default(); plan.layers.len()],
                links: vec![0; links.count()],
                ..Outcome::default()
            },
        };
        for (layer, of_layer) in plan.layers.iter().enumerate() {
            if let Work::Macro(work) = &of_layer.work {
                chip.add_tiles(layer as u32, of_layer.pixels, work);
            }
        }
        chip
    }

    fn add_tiles(&mut self, layer: u32, pixels: u32, work: &MacroWork) {
        let copies = work.macros.len() / work.tiles.len();
        for (place, &macro_index) in work.macros.iter().enumerate() {
            let (copy, tile) = (place / work.tiles.len(), place % work.tiles.len());
            let row = tile as u32 % work.row_tiles;
            let mine = (0..pixels).filter(|&pixel| pixel as usize % copies == copy);
            let mine: Vec<u32> = mine.collect();
            let mvm = |image, pixel| Mvm {
                image,
                layer,
                pixel,
                tile: tile as u32,
            };
            let mvms: Vec<Mvm> = (0..self.plan.images)
                .flat_map(|image| mine.iter().map(move |&pixel| mvm(image, pixel)))
                .collect();
            let count = mvms.len();
            self.tiles.push(Tile {
                core: Core::new(macro_index, self.plan.timing),
                layer,
                row,
                column: tile as u32 / work.row_tiles,
                node: Node::Tile(self.plan.tile_of_macro[macro_index as usize]),
                part: work.tiles[tile],
                first: self.tiles.len() - row as usize,
                mvms,
                loads: vec![Load::NotRequested; count],
                stages: vec![Stage::NotStarted; count],
                inputs: BTreeSet::new(),
                banks: BTreeSet::new(),
                outputs: BTreeSet::new(),
                sums_requested: BTreeSet::new(),
                arrived: Vec::new(),
                merging: None,
                activating: None,
                added: vec![0; count],
                next_activation: 0,
                waiting: None,
                cycles: MacroCycles::default(),
            });
        }
    }

    pub fn row_tiles(&self, layer: u32) -> u32 {
        match &self.plan.layers[layer as usize].work {
            Work::Macro(work) => work.row_tiles,
            Work::Digital { .. } => 1,
        }
    }

    /// One column of tiles has stored this pixel.
    pub fn store(&mut self, cycle: u64, mvm: Mvm, column: u32) {
        self.stored
            .insert((mvm.image, mvm.layer, mvm.pixel, column));
        self.outcome.layers[mvm.layer as usize].end = cycle;
        let image = mvm.image as usize;
        self.left[image] -= 1;
        if self.left[image] == 0 {
            self.outcome.images[image] = cycle;
        }
    }

    fn is_stored(&self, image: u32, layer: u32, pixel: u32) -> bool {
        let columns = columns(&self.plan.layers[layer as usize].work);
        (0..columns).all(|column| self.stored.contains(&(image, layer, pixel, column)))
    }

    pub fn all_is_stored(&self) -> bool {
        self.left.iter().all(|&left| left == 0)
    }

    /// The inputs of this pixel are stored and its turn has come.
    pub fn is_ready(&self, image: u32, layer: u32, pixel: u32) -> bool {
        let by_layer = self.plan.order == Order::LayerByLayer;
        if by_layer && image > 0 && self.left[image as usize - 1] > 0 {
            return false;
        }
        if layer == 0 {
            return true;
        }
        let before = layer - 1;
        let need = if by_layer {
            self.plan.layers[before as usize].pixels
        } else {
            self.plan.layers[layer as usize].needs[pixel as usize]
        };
        (0..need).all(|pixel| self.is_stored(image, before, pixel))
    }
}
