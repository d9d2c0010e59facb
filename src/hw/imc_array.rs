//! The macro's array as one virtual chip: every cell programmed once, every reference and offset drawn once.
//!
//! The cell path of the two fidelities: a weight matrix becomes analog weights in MAC units and every output's own
//! thresholds. A layer with more groups of rows than an array holds is stacked on several arrays, its *row tiles*, each with
//! read-outs of its own. Every draw is keyed by (chip, layer, column, tile, what), so it depends on nothing else. Noise at
//! each read is the table path's business ([`super::readout`]).

use super::bit_line::Leakage;
use super::chip::Hardware;
use super::readout::columns::ColumnReadouts;
use super::readout::{Architecture, Converter, Readout, binary_search, flash, ramp};
use super::reference::ReferenceError;
use super::weight_plane::{Conversion, WeightPlane};
use crate::rng::{Purpose, keyed};
use rand_pcg::Pcg64Mcg;

/// Which chip, and where on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChipPlace {
    /// Seed of the run.
    pub seed: u64,
    /// Number of the virtual chip.
    pub chip: u64,
    /// Number of the layer.
    pub layer: u64,
    /// Number of the weight plane: conversions that read the same cells share it.
    pub plane: u64,
}

/// One conversion of one layer on one virtual chip, in MAC units.
#[derive(Clone, Debug, PartialEq)]
pub struct VirtualChip {
    /// Analog weights `[output][word line]`: current at input 1, minus what is subtracted as a current.
    pub weights: Vec<f32>,
    /// Ascending thresholds `[row tile][output][codes - 1]` with static errors.
    pub thresholds: Vec<f32>,
    /// Highest code for each sum of inputs of a group, per class of columns, where references follow the inputs.
    pub highest: Option<Vec<Vec<u8>>>,
    /// Groups of open word lines per row tile.
    pub groups_per_array: usize,
}

/// The part of an array that reads one output.
#[derive(Clone, Copy)]
struct Column {
    output: usize,
    /// Which of the arrays stacked along the rows.
    tile: usize,
}

impl VirtualChip {
    /// Programs the weight codes `[output][word line]` of a layer on `rows` word lines; every output misses the references of its own read-out.
    pub fn program(
        hardware: &Hardware,
        readouts: &ColumnReadouts,
        conversion: &Conversion,
        codes: &[i8],
        rows: usize,
        place: ChipPlace,
    ) -> Self {
        let outputs = codes.len() / rows.max(1);
        let groups_per_array = hardware.groups_per_array();
        let groups = rows.div_ceil(hardware.word_lines.active);
        let tiles = groups.div_ceil(groups_per_array);
        let mut weights = Vec::with_capacity(codes.len());
        let steps = readouts.of(0).thresholds.len();
        let mut thresholds = Vec::with_capacity(tiles * outputs * steps);
        for output in 0..outputs {
            let row_codes = &codes[output * rows..(output + 1) * rows];
            let gain = |tile| match readouts.of(output).converter() {
                Some(converter) => gain(converter, hardware, Column { output, tile }, place).0,
                None => 1.0,
            };
            let gains: Vec<f64> = (0..tiles).map(gain).collect();
            weights.extend(column_weights(
                hardware,
                &conversion.weight,
                row_codes,
                (output as u64, &gains),
                place,
            ));
        }
        for tile in 0..tiles {
            for output in 0..outputs {
                let column = Column { output, tile };
                thresholds.extend(column_thresholds(
                    hardware,
                    readouts.of(output),
                    column,
                    place,
                ));
            }
        }
        VirtualChip {
            weights,
            thresholds,
            highest: readouts
                .classes()
                .iter()
                .map(|readout| highest_codes(hardware, readout, &conversion.weight))
                .collect(),
            groups_per_array,
        }
    }
}

fn generator(place: ChipPlace, purpose: Purpose, rest: [u64; 2]) -> Pcg64Mcg {
    keyed(
        place.seed,
        purpose,
        &[place.chip, place.layer, place.plane, rest[0], rest[1]],
    )
}

/// Highest code for each sum of inputs: references beyond what the driven rows can make are not used.
fn highest_codes(hardware: &Hardware, readout: &Readout, plane: &WeightPlane) -> Option<Vec<u8>> {
    let top = hardware.reach_per_input(plane)?;
    let last = readout.range.max / top.max(1);
    let code = |driven: i32| readout.code(f64::from(driven * top));
    Some((0..=last).map(code).collect())
}

/// Analog weights of one output whose references have these gains, one per row tile.
fn column_weights(
    hardware: &Hardware,
    plane: &WeightPlane,
    codes: &[i8],
    (output, gains): (u64, &[f64]),
    place: ChipPlace,
) -> Vec<f32> {
    let cell = &hardware.cell;
    // The column of middle levels is one physical column for all outputs.
    let plus_column = if matches!(plane, WeightPlane::Middle { .. }) {
        0
    } else {
        output
    };
    let minus_column = if matches!(plane, WeightPlane::Offset { .. }) {
        0
    } else {
        output
    };
    let mut plus_rng = generator(place, Purpose::Program, [plus_column, 0]);
    let mut minus_rng = generator(place, Purpose::Program, [minus_column, 1]);
    // What moves the references acts like a subtracted current that bears their gain error and no wire.
    let (replica_us, reference_us) = match hardware.bit_line.leakage {
        Leakage::Uncompensated => (0.0, 0.0),
        Leakage::ReplicaColumn => (cell.conductances_us[0], 0.0),
        Leakage::InputAwareReference => (0.0, cell.conductances_us[0]),
    };
    let is_single = plane.cells(0).minus.is_none();
    let mut pairs = Vec::with_capacity(codes.len());
    for &code in codes {
        let levels = plane.cells(code);
        let plus = cell.program_us(usize::from(levels.plus), &mut plus_rng);
        let minus = levels.minus.map_or(replica_us, |level| {
            cell.program_us(usize::from(level), &mut minus_rng)
        });
        pairs.push((plus, minus));
    }
    let active = hardware.word_lines.active;
    let per_us = cell.read_voltage_v / cell.unit_ua();
    let mut weights = Vec::with_capacity(codes.len());
    let groups_per_array = hardware.groups_per_array();
    for (group, cells) in pairs.chunks(active).enumerate() {
        let gain = gains[group / groups_per_array];
        let moved_us = if is_single { gain * reference_us } else { 0.0 };
        let distance = ((group % groups_per_array) * active) as f64 + 0.5 * cells.len() as f64;
        let loss = |side: fn(&(f64, f64)) -> f64| {
            hardware
                .bit_line
                .attenuation(cells.iter().map(side).sum(), distance)
        };
        let (plus_kept, minus_kept) = (loss(|pair| pair.0), loss(|pair| pair.1));
        weights.extend(cells.iter().map(|(plus, minus)| {
            ((plus * plus_kept - minus * minus_kept - moved_us) * per_us) as f32
        }));
    }
    weights
}

/// Thresholds of one output's read-out in one row tile: reference errors, offsets, and the limit of the current.
fn column_thresholds(
    hardware: &Hardware,
    readout: &Readout,
    column: Column,
    place: ChipPlace,
) -> Vec<f32> {
    let thresholds = match readout.converter() {
        Some(converter) => missed(converter, &readout.thresholds, hardware, column, place),
        None => readout.thresholds.clone(),
    };
    let reachable = readout.reachable(&thresholds);
    reachable.into_iter().map(|t| t as f32).collect()
}

/// Which read-out of the layer: the one of the output's columns, on the tile's array.
fn instance(hardware: &Hardware, column: Column) -> [u64; 2] {
    let along_columns = column.output / hardware.array.columns_per_readout;
    [along_columns as u64, column.tile as u64]
}

/// Gain of the references that an output sees in a row tile, and the generator of their further errors.
fn gain(
    converter: &Converter,
    hardware: &Hardware,
    column: Column,
    place: ChipPlace,
) -> (f64, Pcg64Mcg) {
    // One gain error is common to the whole macro; instances differ between layers, which lie on different arrays.
    let mut macro_rng = keyed(place.seed, Purpose::Reference, &[place.chip]);
    let mut rng = generator(place, Purpose::Reference, instance(hardware, column));
    let normal = crate::hw::variation::standard_normal;
    let error = converter.reference_error;
    let gain = 1.0 + error.shared * normal(&mut macro_rng) + error.column * normal(&mut rng);
    (gain, rng)
}

fn missed(
    converter: &Converter,
    nominal: &[f64],
    hardware: &Hardware,
    column: Column,
    place: ChipPlace,
) -> Vec<f64> {
    let (gain, mut rng) = gain(converter, hardware, column, place);
    let instance = instance(hardware, column);
    let mut offset_rng = generator(place, Purpose::SenseOffset, instance);
    let normal = crate::hw::variation::standard_normal;
    let error = converter.reference_error;
    let flash_kind = converter.architecture == Architecture::Flash;
    let common = converter.sense_amp.offset.sample(&mut offset_rng);
    let one = |&t: &f64| {
        let own = if flash_kind {
            converter.sense_amp.offset.sample(&mut offset_rng)
        } else {
            common
        };
        ReferenceError::displaced(t, 0.0, gain, error.single * normal(&mut rng), own)
    };
    let drawn: Vec<f64> = nominal.iter().map(one).collect();
    match converter.architecture {
        Architecture::Flash => flash::effective(drawn),
        Architecture::BinarySearch => binary_search::effective(drawn, nominal, -common),
        Architecture::Ramp => ramp::effective(drawn),
    }
}
