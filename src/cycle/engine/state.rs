//! What the engine knows of each macro with work, and of each column of tiles.
//!
//! Not responsible for what happens to it (`macros`, `column`).

use super::pipeline::Pipeline;
use super::stored::{Stored, pixels_of_copy};
use crate::cycle::plan::{MacroWork, Mvm, Node, Plan, TileWork, Work};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// A load that was requested and whose MVM has not started.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    /// First cycle at which the inputs were stored and the MVM next in turn to load.
    pub ready: u64,
    pub requested: u64,
    /// Arrival, once it has arrived.
    pub arrived: u64,
}

/// An MVM that has started and not left its macro.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flight {
    pub ended: bool,
    /// Not the first tile along the rows: its sums have arrived.
    pub gone: bool,
    /// First tile along the rows: sums of others added.
    pub added: u32,
}

/// A macro with work.
#[derive(Debug)]
pub(super) struct Worker {
    pub macro_index: u32,
    pub layer: u32,
    pub row: u32,
    pub copy: u32,
    pub copies: u32,
    /// Index of its column of tiles.
    pub column: u32,
    pub node: Node,
    pub tile: u32,
    pub part: TileWork,
    pub mvms_per_image: u32,
    pub mvms: u64,

    /// In the list of those to look at.
    pub dirty: bool,
    /// MVMs whose loads were requested, loads that have arrived, MVMs that have started.
    pub requested: u64,
    pub arrived: u64,
    pub started: u64,
    /// Since when the next MVM to load is ready, once that is known.
    pub ready_since: Option<u64>,
    /// Waits to be woken by what it needs.
    pub asleep: bool,
    pub places_used: u32,
    pub loads: VecDeque<Load>,
    pub banks_used: u32,
    /// Since when a bank is free, where one is.
    pub bank_since: u64,
    pub pipeline: Pipeline,
    /// End of the MVM that started last.
    pub last_end: u64,
    /// Before this cycle everything the array did is accounted for.
    pub accounted: u64,
    /// End of the last cycle at which an MVM that has started is on the macro.
    pub covered: u64,
    /// MVMs that have started and not left, the first of which is number `left`.
    pub flights: VecDeque<Flight>,
    pub left: u64,
}

/// A column of row tiles of one copy: what its first tile does for all.
#[derive(Debug)]
pub(super) struct Column {
    /// Worker of its first tile; the others follow.
    pub first: u32,
    pub index: u32,
    pub row_tiles: u32,
    /// Sums that have arrived: cycle, row tile, MVM.
    pub arrived: BinaryHeap<Reverse<(u64, u32, u64)>>,
    /// MVM whose sums are being added.
    pub merging: Option<u64>,
    pub activating: bool,
    /// MVMs whose activation has started.
    pub activations: u64,
    pub places_used: u32,
}

impl Worker {
    pub fn mvm(&self, number: u64) -> Mvm {
        let each = u64::from(self.mvms_per_image);
        let pixel = u64::from(self.copy) + u64::from(self.copies) * (number % each);
        Mvm {
            image: (number / each) as u32,
            layer: self.layer,
            pixel: pixel as u32,
            tile: self.tile,
        }
    }

    pub fn flight(&self, number: u64) -> Option<&Flight> {
        self.flights.get(number.checked_sub(self.left)? as usize)
    }

    pub fn flight_mut(&mut self, number: u64) -> Option<&mut Flight> {
        self.flights
            .get_mut(number.checked_sub(self.left)? as usize)
    }
}

/// Everything with work, and what is stored of each layer.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub workers: Vec<Worker>,
    pub columns: Vec<Column>,
    pub stored: Vec<Stored>,
}

impl Parts {
    pub fn new(plan: &Plan) -> Parts {
        let mut parts = Parts::default();
        for (index, layer) in plan.layers.iter().enumerate() {
            let stored = match &layer.work {
                Work::Macro(work) => {
                    parts.add(plan, index as u32, layer.pixels, work);
                    let copies = work.macros.len() / work.tiles.len();
                    Stored::new(layer.pixels, copies as u32, work.column_tiles)
                }
                Work::Digital { .. } => Stored::new(layer.pixels, 1, 1),
            };
            parts.stored.push(stored);
        }
        parts
    }

    fn add(&mut self, plan: &Plan, layer: u32, pixels: u32, work: &MacroWork) {
        let tiles = work.tiles.len();
        let copies = (work.macros.len() / tiles) as u32;
        for (place, &macro_index) in work.macros.iter().enumerate() {
            let (copy, tile) = ((place / tiles) as u32, (place % tiles) as u32);
            let row = tile % work.row_tiles;
            if row == 0 {
                let index = tile / work.row_tiles;
                let first = self.workers.len() as u32;
                self.columns.push(Column::new(first, index, work.row_tiles));
            }
            let mvms_per_image = pixels_of_copy(pixels, copies, copy);
            self.workers.push(Worker {
                macro_index,
                layer,
                row,
                copy,
                copies,
                column: self.columns.len() as u32 - 1,
                node: Node::Tile(plan.tile_of_macro[macro_index as usize]),
                tile,
                part: work.tiles[tile as usize],
                mvms_per_image,
                mvms: u64::from(mvms_per_image) * u64::from(plan.images),
                dirty: false,
                requested: 0,
                arrived: 0,
                started: 0,
                ready_since: None,
                asleep: false,
                places_used: 0,
                loads: VecDeque::new(),
                banks_used: 0,
                bank_since: 0,
                pipeline: Pipeline::default(),
                last_end: 0,
                accounted: 0,
                covered: 0,
                flights: VecDeque::new(),
                left: 0,
            });
        }
    }
}

impl Column {
    fn new(first: u32, index: u32, row_tiles: u32) -> Column {
        Column {
            first,
            index,
            row_tiles,
            arrived: BinaryHeap::new(),
            merging: None,
            activating: false,
            activations: 0,
            places_used: 0,
        }
    }
}
