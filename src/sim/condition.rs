//! Under which condition a network runs: the read-out of every conversion of every layer.
//!
//! Not responsible for placing references or drawing chips (`hw`); this only pairs resolved tables with conversions.

use super::prepare::Prepared;
use crate::convert::accumulate::Codes;
use crate::convert::first_of_plane;
use crate::hw::imc_array::{ChipPlace, VirtualChip};
use crate::hw::readout::columns::{ColumnReadouts, Columns};
use crate::hw::readout::table::{CodeTable, Decode};
use crate::kernel::tables::{LevelTable, RandomTable, TOLERANCE};
use rayon::prelude::*;

/// How the codes of one conversion are computed.
#[derive(Clone, Debug)]
pub enum Conversions {
    /// Table path: codes of every class of columns.
    Table(Vec<Codes>),
    /// Cell path: analog weights and thresholds of one virtual chip.
    Chip(VirtualChip),
}

/// The read-out of one conversion.
#[derive(Clone, Debug)]
pub struct ConversionReadout {
    /// Codes.
    pub conversions: Conversions,
    /// What codes of every class are worth.
    pub decodes: Vec<Decode>,
    /// Which output column is of which class.
    pub columns: Columns,
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
    pub fn noise_free(readouts: &[Vec<ColumnReadouts>]) -> Self {
        let one = |readouts: &ColumnReadouts| {
            let tables = readouts.classes().iter().map(|r| r.noise_free_table());
            by_table(readouts, tables, |table| {
                Codes::NoiseFree(LevelTable::new(table))
            })
        };
        Condition {
            layers: each(readouts, one),
            ..Condition::default()
        }
    }

    /// The read-outs with noise at each read.
    pub fn read_noise(readouts: &[Vec<ColumnReadouts>], seed: u64, repeat: u64) -> Self {
        let one = |readouts: &ColumnReadouts| {
            let tables = readouts.classes().iter().map(|r| r.table());
            by_table(readouts, tables, |table| {
                Codes::Random(RandomTable::new(table, TOLERANCE))
            })
        };
        Condition {
            layers: each(readouts, one),
            seed,
            repeat,
            ..Condition::default()
        }
    }

    /// One virtual chip: cells, offsets and references drawn once, reads without noise.
    pub fn chip(
        prepared: &Prepared,
        readouts: &[Vec<ColumnReadouts>],
        seed: u64,
        chip: u64,
    ) -> Self {
        let layers = readouts.par_iter().enumerate().map(|(index, layer)| {
            let readouts = layer.iter().enumerate().map(|(c, readouts)| {
                let programmed = program(prepared, readouts, (index, c), seed, chip);
                let classes = readouts.classes().iter();
                ConversionReadout {
                    conversions: Conversions::Chip(programmed),
                    decodes: classes.map(|readout| readout.decode.clone()).collect(),
                    columns: readouts.columns().clone(),
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
    readouts: &ColumnReadouts,
    (layer, c): (usize, usize),
    seed: u64,
    chip: u64,
) -> VirtualChip {
    let conversions = &prepared.layers[layer].conversions;
    let conversion = &conversions[c].conversion;
    let place = ChipPlace {
        seed,
        chip,
        layer: layer as u64,
        plane: first_of_plane(conversions, c) as u64,
    };
    let int = &prepared.network.layers[layer];
    VirtualChip::program(
        prepared.hardware,
        readouts,
        conversion,
        &conversions[c].weights.plan.on_word_lines(&int.codes),
        int.layer.geometry.rows(),
        place,
    )
}

/// The table path of one conversion.
fn by_table(
    readouts: &ColumnReadouts,
    tables: impl Iterator<Item = CodeTable>,
    codes: impl Fn(&CodeTable) -> Codes,
) -> ConversionReadout {
    let (codes, decodes) = tables.map(|table| (codes(&table), table.decode)).unzip();
    ConversionReadout {
        conversions: Conversions::Table(codes),
        decodes,
        columns: readouts.columns().clone(),
    }
}

fn each(
    readouts: &[Vec<ColumnReadouts>],
    make: impl Fn(&ColumnReadouts) -> ConversionReadout,
) -> Vec<Vec<ConversionReadout>> {
    readouts
        .iter()
        .map(|layer| layer.iter().map(&make).collect())
        .collect()
}
