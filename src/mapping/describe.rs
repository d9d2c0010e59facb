//! A mapped network as plain results: what reports show of it.
//!
//! Not responsible for the mapping itself ([`super::plan`]).

use super::layer::LayerMapping;
use super::plan::{Builder, Part, Round};
use crate::results::mapping::{ChipMapping, LayerOnChip, RoundOnChip};
use std::ops::Range;

impl Builder<'_> {
    /// Operations, conversions of one read-out and cycles per pixel of the array that has most of these.
    pub(super) fn slowest(&self, mapping: &LayerMapping, tiles: &Range<usize>) -> (u64, u64, u64) {
        let hold = self.timing.sample_and_hold;
        // The first row tile has the most groups.
        let of = |column_tile| {
            let operations = mapping.operations(hold, 0, column_tile) as u64;
            let each = mapping.conversions_per_operation(hold, column_tile) as u64;
            let cycles = self.timing.slots_cycles(operations, each);
            (cycles, operations, operations * each)
        };
        let (cycles, operations, conversions) = tiles.clone().map(of).max().unwrap_or((0, 0, 0));
        (operations, conversions, cycles)
    }

    /// Rounds and layers in words and numbers.
    pub(super) fn describe(&self, rounds: &[Round], buffer_bits: u64) -> ChipMapping {
        let used = |round: &Round| round.parts.iter().map(macros_of).sum::<usize>();
        let of_round = |round: &Round| RoundOnChip {
            macros: used(round),
            rows_written: round.rows_written,
            weight_cycles: round.weight_cycles,
        };
        let numbered = rounds.iter().enumerate();
        let layers = numbered.flat_map(|(number, round)| {
            let parts = round.parts.iter();
            parts.map(move |part| self.describe_part(part, number))
        });
        ChipMapping {
            macros: self.macros(),
            macros_used: rounds.iter().map(used).max().unwrap_or(0),
            macros_needed: self
                .mappings
                .iter()
                .flatten()
                .map(LayerMapping::arrays)
                .sum(),
            buffer_bits,
            rounds: rounds.iter().map(of_round).collect(),
            layers: layers.collect(),
        }
    }

    fn describe_part(&self, part: &Part, round: usize) -> LayerOnChip {
        let common = LayerOnChip {
            name: part.name.clone(),
            round,
            pixels: u64::from(self.pixels(part.layer)),
            copies: part.copies,
            ..LayerOnChip::default()
        };
        let Some(mapping) = &part.mapping else {
            return common;
        };
        let (operations, conversions_per_readout, cycles) =
            self.slowest(mapping, &part.column_tiles);
        let positions = part
            .column_tiles
            .clone()
            .map(|tile| mapping.positions(tile));
        let row_tiles = mapping.row_tiles();
        LayerOnChip {
            on_macro: true,
            macros: macros_of(part),
            row_tiles,
            first_column_tile: part.column_tiles.start,
            column_tiles: part.column_tiles.len(),
            wasted_rows: mapping.wasted_rows(),
            row_utilisation: mapping.row_utilisation(),
            cell_utilisation: mapping.cell_utilisation(),
            positions: positions.max().unwrap_or(0),
            operations,
            conversions_per_readout,
            cycles,
            sum_bits: match row_tiles {
                1 => 0,
                _ => self.sum_bits(part.layer, mapping, 0),
            },
            ..common
        }
    }
}

/// Macros of all copies of a part.
fn macros_of(part: &Part) -> usize {
    let rows = part.mapping.as_ref().map_or(0, LayerMapping::row_tiles);
    rows * part.column_tiles.len() * part.copies as usize
}
