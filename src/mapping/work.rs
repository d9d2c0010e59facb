//! What every macro does for one output pixel of its part of a layer, and the chip around it, as the cycle engine takes them.
//!
//! Not responsible for which layers are in the arrays ([`super::plan`]).

use super::layer::LayerMapping;
use super::plan::{Builder, Part};
use crate::cycle::plan::{
    BetweenPixels, Buffers, Hold, Layer, MacroTiming, MacroWork, Network as Links, Order, Plan,
    TileWork, Topology, Work,
};
use crate::hw::tiles::{self, InputReuse, InterconnectSpec};
use crate::hw::timing::SampleAndHold;

impl Builder<'_> {
    /// Who computes a part; its macros are the next free ones.
    pub(super) fn work(&self, part: &Part, next_macro: &mut u32) -> Work {
        let Some(mapping) = &part.mapping else {
            let geometry = &self.network.layers[part.layer].geometry;
            let products = (geometry.rows() * geometry.outputs) as u32;
            return Work::Digital {
                cycles_per_pixel: products.div_ceil(self.chip.digital.macs_per_cycle).max(1),
            };
        };
        let row_tiles = mapping.row_tiles();
        let pairs = part
            .column_tiles
            .clone()
            .flat_map(|column| (0..row_tiles).map(move |row| (row, column)));
        let tiles: Vec<TileWork> = pairs
            .map(|(row, column)| self.tile(part, mapping, row, column))
            .collect();
        let first = *next_macro;
        *next_macro += part.copies * tiles.len() as u32;
        Work::Macro(MacroWork {
            row_tiles: row_tiles as u32,
            column_tiles: part.column_tiles.len() as u32,
            tiles,
            macros: (first..*next_macro).collect(),
        })
    }

    fn tile(&self, part: &Part, mapping: &LayerMapping, row: usize, column: usize) -> TileWork {
        let hold = self.timing.sample_and_hold;
        let outputs = mapping.tile_outputs(column).len() as u32;
        let bits = self.input_bits(part.layer);
        let digital = &self.chip.digital;
        let load = mapping.tile_rows(row).len() as u32 * bits;
        let load_next = match self.chip.schedule.input_reuse {
            InputReuse::None => load,
            InputReuse::LineBuffer => mapping.new_inputs(row, part.copies as usize) as u32 * bits,
        };
        let is_first = row == 0;
        let of_first = |value: u32| if is_first { value } else { 0 };
        let code_bits = self.network.layers[part.layer].activation_bits;
        TileWork {
            operations: mapping.operations(hold, row, column) as u32,
            conversions_per_operation: mapping.conversions_per_operation(hold, column) as u32,
            load_bits: load,
            load_bits_next: load_next,
            sum_bits: match is_first {
                true => 0,
                false => outputs * self.sum_bits(part.layer, mapping, row),
            },
            merge: match mapping.row_tiles() {
                1 => 0,
                _ => of_first(outputs.div_ceil(digital.adds_per_cycle)),
            },
            activate: of_first(outputs.div_ceil(digital.activations_per_cycle)),
            output_bits: of_first(outputs * code_bits.unwrap_or(self.hardware.accumulator.bits)),
        }
    }

    /// Width of a partial sum of one output.
    pub(super) fn sum_bits(&self, layer: usize, mapping: &LayerMapping, row: usize) -> u32 {
        let declared = self.hardware.accumulator.bits;
        let highest = self.highest.and_then(|all| all.get(layer));
        highest.map_or(declared, |&highest| mapping.sum_bits(row, highest))
    }

    /// The chip with these layers.
    pub(super) fn plan(&self, layers: Vec<Layer>) -> Plan {
        let (timing, chip) = (self.timing, self.chip);
        let buffers = &chip.buffers;
        Plan {
            timing: MacroTiming {
                front: timing.front_cycles(),
                sample: timing.sample_cycles,
                sense: timing.sense_cycles(timing.sense_steps),
                latch: timing.latch_cycles,
                hold: match timing.sample_and_hold {
                    SampleAndHold::None => Hold::None,
                    SampleAndHold::PerReadout => Hold::PerReadout,
                    SampleAndHold::PerColumn => Hold::PerColumn,
                },
            },
            network: links(&chip.interconnect),
            buffers: Buffers {
                input_vectors: buffers.input_vectors,
                accumulator_banks: buffers.accumulator_banks,
                output_vectors: buffers.output_vectors,
            },
            between_pixels: match chip.schedule.between_pixels {
                tiles::BetweenPixels::Drain => BetweenPixels::Drain,
                tiles::BetweenPixels::Overlap => BetweenPixels::Overlap,
            },
            order: match chip.schedule.order {
                tiles::Order::LayerByLayer => Order::LayerByLayer,
                tiles::Order::Pipelined => Order::Pipelined,
            },
            images: self.images,
            tile_of_macro: (0..self.macros() as u32)
                .map(|index| index / chip.macros_per_tile)
                .collect(),
            layers,
        }
    }
}

fn links(interconnect: &InterconnectSpec) -> Links {
    match interconnect {
        InterconnectSpec::Bus(bus) => Links {
            topology: Topology::Bus,
            width_bits: bus.width_bits,
            hop_cycles: 0,
        },
        InterconnectSpec::Mesh(mesh) => Links {
            topology: Topology::Mesh {
                columns: mesh.columns,
            },
            width_bits: mesh.width_bits,
            hop_cycles: mesh.hop_cycles,
        },
    }
}

/// Rows with weights on each macro of a part.
pub(super) fn rows_of(part: &Part) -> Vec<usize> {
    let Some(mapping) = &part.mapping else {
        return Vec::new();
    };
    let column: Vec<usize> = (0..mapping.row_tiles())
        .map(|row| mapping.tile_rows(row).len())
        .collect();
    column.repeat(part.column_tiles.len() * part.copies as usize)
}

/// Cells in use on all arrays of a part.
pub(super) fn cells_of(part: &Part) -> u64 {
    let Some(mapping) = &part.mapping else {
        return 0;
    };
    let tiles = part.column_tiles.clone();
    let columns: usize = tiles.map(|tile| mapping.tile_columns(tile)).sum();
    mapping.geometry.rows() as u64 * columns as u64 * u64::from(part.copies)
}
