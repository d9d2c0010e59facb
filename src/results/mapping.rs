//! A network on a chip: which macros hold which part of which layer, how well they are filled, and what is written when.

use serde::{Deserialize, Serialize};

/// One layer, or those of its column tiles that are in the arrays together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LayerOnChip {
    /// Name.
    pub name: String,
    /// False for a layer computed by the digital unit (what follows about arrays is then 0).
    pub on_macro: bool,
    /// Round, from 0.
    pub round: usize,
    /// Output pixels (before pooling).
    pub pixels: u64,
    /// Copies.
    pub copies: u32,
    /// Macros of all copies.
    pub macros: usize,
    /// Arrays stacked along the rows.
    pub row_tiles: usize,
    /// First of its column tiles that is in the arrays in this round.
    pub first_column_tile: usize,
    /// Arrays side by side along the columns in this round.
    pub column_tiles: usize,
    /// Rows of one array that no whole group of open word lines fits into.
    pub wasted_rows: usize,
    /// Share of the rows of its arrays that hold weights.
    pub row_utilisation: f64,
    /// Share of the cells of all arrays of the whole layer that hold weights.
    pub cell_utilisation: f64,
    /// Most positions of the column multiplexer in use on one of its arrays.
    pub positions: usize,
    /// Operations per output pixel of the array that has most.
    pub operations: u64,
    /// Conversions of one read-out per output pixel on the array that has most.
    pub conversions_per_readout: u64,
    /// Cycles per output pixel of that array if nothing else holds it up.
    pub cycles: u64,
    /// Bits of the partial sum of one output that travel between arrays (0 if one array holds all rows).
    pub sum_bits: u32,
}

/// Layers that are in the arrays together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RoundOnChip {
    /// Macros with weights.
    pub macros: usize,
    /// Rows written before it on all macros; 0 if all layers stay in the arrays.
    pub rows_written: u64,
    /// Cycles that writing takes.
    pub weight_cycles: u64,
}

/// A network on a chip.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ChipMapping {
    /// Macros of the chip.
    pub macros: usize,
    /// Most macros with weights in one round.
    pub macros_used: usize,
    /// Macros that all layers together need, one copy of each.
    pub macros_needed: usize,
    /// Bits in the global buffer when it is fullest. Layer by layer: input and output map of a layer, or what is kept between rounds.
    /// In a pipeline: what a run has kept at most (before it has run: at least).
    pub buffer_bits: u64,
    /// Rounds in order.
    pub rounds: Vec<RoundOnChip>,
    /// Layers in order, round by round.
    pub layers: Vec<LayerOnChip>,
}
