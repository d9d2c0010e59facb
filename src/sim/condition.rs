//! Under which condition a network runs: the read-out of every conversion of every layer.
//!
//! Not responsible for placing references or drawing chips (`hw`); this only pairs resolved tables with conversions.

use super::prepare::Prepared;
use crate::convert::accumulate::Codes;
use crate::hw::imc_array::{ChipPlace, VirtualChip};
use crate::hw::readout::Readout;
use crate::hw::readout::table::Decode;
use crate::kernel::tables::{LevelTable, RandomTable, TOLERANCE};

/// How the codes of one conversion are computed.
#[derive(Clone, Debug)]
pub enum Conversions {
    /// Table path.
    Table(Codes),
    /// Cell path: analog weights and thresholds of one virtual chip.
    Chip(VirtualChip),
}

/// The read-out of one conversion.
#[derive(Clone, Debug)]
pub struct ConversionReadout {
    /// Codes.
    pub conversions: Conversions,
    /// What codes are worth.
    pub decode: Decode,
}

/// Batch-norm scale and shift that replace the network's own.
#[derive(Clone, Debug, PartialEq)]
pub struct ScaleShift {
    /// Per output channel.
    pub scale: Vec<f32>,
    /// Per output channel.
    pub shift: Vec<f32>,
}

/// A whole network under one condition.
#[derive(Clone, Debug, Default)]
pub struct Condition {
    /// `[layer][conversion]`; a layer without entries computes exact sums (digital layers, ideal MVM values).
    pub layers: Vec<Vec<ConversionReadout>>,
    /// Replacement of batch-norm constants per layer, empty if there is none.
    pub re_estimated: Vec<Option<ScaleShift>>,
    /// Seed of the read noise.
    pub seed: u64,
    /// Which repeat of the read noise.
    pub repeat: u64,
}

impl Condition {
    /// Ideal MVM values: the integer network.
    pub fn ideal() -> Self {
        Condition::default()
    }

    /// The read-outs without noise.
    pub fn noise_free(readouts: &[Vec<Readout>]) -> Self {
        let table = |readout: &Readout| {
            let table = readout.noise_free_table();
            ConversionReadout {
                conversions: Conversions::Table(Codes::NoiseFree(LevelTable::new(&table))),
                decode: table.decode,
            }
        };
        Condition {
            layers: each(readouts, table),
            ..Condition::default()
        }
    }

    /// The read-outs with noise at each read.
    pub fn read_noise(readouts: &[Vec<Readout>], seed: u64, repeat: u64) -> Self {
        let table = |readout: &Readout| {
            let table = readout.table();
            let random = RandomTable::new(&table, TOLERANCE);
            ConversionReadout {
                conversions: Conversions::Table(Codes::Random(random)),
                decode: table.decode,
            }
        };
        Condition {
            layers: each(readouts, table),
            seed,
            repeat,
            ..Condition::default()
        }
    }

    /// One virtual chip: cells, offsets and references drawn once, reads without noise.
    pub fn chip(prepared: &Prepared, readouts: &[Vec<Readout>], seed: u64, chip: u64) -> Self {
        let layers = readouts.iter().enumerate().map(|(index, layer)| {
            let readouts = layer.iter().enumerate().map(|(c, readout)| {
                let programmed = program(prepared, readout, (index, c), seed, chip);
                ConversionReadout {
                    conversions: Conversions::Chip(programmed),
                    decode: readout.decode.clone(),
                }
            });
            readouts.collect()
        });
        Condition {
            layers: layers.collect(),
            ..Condition::default()
        }
    }
}

fn program(
    prepared: &Prepared,
    readout: &Readout,
    (layer, c): (usize, usize),
    seed: u64,
    chip: u64,
) -> VirtualChip {
    let conversions = &prepared.layers[layer].conversions;
    let conversion = &conversions[c].conversion;
    // Conversions with the same weight plane (input bits in time) read the same physical cells.
    let plane = conversions
        .iter()
        .position(|other| other.conversion.weight == conversion.weight)
        .unwrap_or(c);
    let place = ChipPlace {
        seed,
        chip,
        layer: layer as u64,
        plane: plane as u64,
    };
    let int = &prepared.network.layers[layer];
    VirtualChip::program(
        prepared.hardware,
        readout,
        conversion,
        &int.codes,
        int.layer.geometry.rows(),
        place,
    )
}

fn each(
    readouts: &[Vec<Readout>],
    make: impl Fn(&Readout) -> ConversionReadout,
) -> Vec<Vec<ConversionReadout>> {
    readouts
        .iter()
        .map(|layer| layer.iter().map(&make).collect())
        .collect()
}
