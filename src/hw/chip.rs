//! The whole macro: parts as written ([`HardwareSpec`]), checked and resolved into one [`Hardware`] that cannot be invalid.
//!
//! Not responsible for files (`arch`), networks or time.

use super::accumulator::{Accumulator, AccumulatorSpec};
use super::bit_line::{BitLine, BitLineSpec};
use super::cell::{Cell, CellSpec};
use super::cost::{Cost, CostSpec};
use super::error::{Checks, HwError};
use super::readout::{CellNoise, CurrentNoise, Kind, ReadoutDesign, ReadoutSpec};
use super::tiles::{Chip, ChipSpec};
use super::timing::{Timing, TimingSpec};
use super::weight_plane::{Conversion, WeightPlane};
use super::weights::WeightsSpec;
use super::word_line::{RowOrder, WordLines, WordLinesSpec};
use crate::fingerprint::fingerprint;
use serde::Deserialize;
use std::collections::BTreeMap;

/// `[array]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArraySpec {
    /// Word lines.
    pub rows: usize,
    /// Bit lines.
    pub columns: usize,
    /// Bit lines (or subtracted pairs) that share one read-out.
    pub columns_per_readout: usize,
}

/// Size of one array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArrayShape {
    /// Word lines.
    pub rows: usize,
    /// Bit lines.
    pub columns: usize,
    /// Bit lines (or subtracted pairs) that share one read-out.
    pub columns_per_readout: usize,
}

/// A macro as written in TOML.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HardwareSpec {
    /// Short name.
    pub name: String,
    /// One line.
    pub description: String,
    /// Array.
    pub array: ArraySpec,
    /// Cell.
    pub cell: CellSpec,
    /// Weights to cells.
    pub weights: WeightsSpec,
    /// Word lines.
    pub word_lines: WordLinesSpec,
    /// Bit line.
    pub bit_line: BitLineSpec,
    /// Read-out.
    pub readout: ReadoutSpec,
    /// Digital side.
    pub accumulator: AccumulatorSpec,
    /// Times; without them a macro has values and no cycles.
    #[serde(default)]
    pub timing: Option<TimingSpec>,
    /// What stands around the macros.
    #[serde(default)]
    pub chip: Option<ChipSpec>,
    /// Energy and area.
    #[serde(default)]
    pub cost: Option<CostSpec>,
    /// Dotted key to `source: ..` or `assumed: ..`.
    pub provenance: BTreeMap<String, String>,
}

/// A resolved macro.
#[derive(Clone, Debug, PartialEq)]
pub struct Hardware {
    /// Short name.
    pub name: String,
    /// One line.
    pub description: String,
    /// Array.
    pub array: ArrayShape,
    /// Cell.
    pub cell: Cell,
    /// Weights to cells.
    pub weights: WeightsSpec,
    /// Word lines.
    pub word_lines: WordLines,
    /// Which rows of a weight matrix are opened together.
    pub row_order: RowOrder,
    /// Bit line.
    pub bit_line: BitLine,
    /// Read-out.
    pub readout: ReadoutDesign,
    /// Digital side.
    pub accumulator: Accumulator,
    /// Times.
    pub timing: Option<Timing>,
    /// What stands around the macros.
    pub chip: Option<Chip>,
    /// Energy and area.
    pub cost: Option<Cost>,
    /// What times and costs lack for this read-out: they are written and cannot be told, while values can.
    pub undetermined: Vec<HwError>,
}

impl Hardware {
    /// True if no read is ever disturbed, whatever sum it sees.
    pub fn is_silent(&self) -> bool {
        match &self.readout.kind {
            Kind::Ideal => true,
            Kind::Converter(converter) => {
                let line = self.readout.current_noise.line.is_none();
                let cells = self.cell.read_sigma_relative == 0.0;
                converter.sense_amp.noise.is_none() && line && cells
            }
            Kind::Measured(matrix) => {
                let mut probabilities = matrix.rows.iter().flatten();
                probabilities.all(|&p| p == 0.0 || p == 1.0)
            }
        }
    }

    /// Checks and resolves a written macro.
    ///
    /// # Errors
    /// Every wrong number at once.
    pub fn resolve(spec: &HardwareSpec) -> Result<Self, Vec<HwError>> {
        let mut checks = Checks::default();
        let array = resolve_array(&spec.array, &mut checks);
        let cell = spec.cell.resolve(&mut checks);
        // A cell without a current step was reported above; what follows must not divide by it.
        let unit = cell.unit_ua();
        let unit = if unit.is_finite() && unit > 0.0 {
            unit
        } else {
            1.0
        };
        spec.weights.check(&mut checks);
        let word_lines = spec.word_lines.resolve(array.rows, &mut checks);
        let bit_line = spec.bit_line.resolve(unit, &mut checks);
        let on_units = cell.current_ua(cell.top()) / unit / cell.top().max(1) as f64;
        let cell_variance_per_unit =
            (cell.read_sigma_relative * on_units).powi(2) * mean_input(word_lines.bits_per_read);
        let noise = CurrentNoise {
            line: bit_line.read_noise,
            cells: CellNoise::PerUnit(cell_variance_per_unit),
        };
        let readout = spec
            .readout
            .resolve(unit, noise, bit_line.limit, &mut checks);
        let accumulator = spec.accumulator.resolve(&mut checks);
        let mut undetermined = Vec::new();
        let timing = spec.timing.as_ref();
        let timing = timing.map(|timing| timing.resolve(&readout, &mut checks));
        let timing = timing.and_then(|timing| timing.map_err(|e| undetermined.push(e)).ok());
        let chip = spec.chip.as_ref().map(|chip| chip.resolve(&mut checks));
        let cost = spec.cost.as_ref();
        let hold = spec.timing.as_ref().map(|timing| timing.sample_and_hold);
        let cost =
            cost.map(|cost| cost.resolve(&cell, &readout, (hold, chip.is_some()), &mut checks));
        let cost = cost.and_then(|cost| cost.map_err(|e| undetermined.push(e)).ok().flatten());
        checks.finish()?;
        Ok(Hardware {
            name: spec.name.clone(),
            description: spec.description.clone(),
            array,
            cell,
            weights: spec.weights.clone(),
            word_lines,
            row_order: spec.word_lines.order,
            bit_line,
            readout,
            accumulator,
            timing,
            chip,
            cost,
            undetermined,
        })
    }

    /// Current of one MAC unit in uA.
    pub fn unit_ua(&self) -> f64 {
        self.cell.unit_ua()
    }

    /// The same macro with another number of open word lines, at least one and at most its rows. Its read-out may then have another
    /// number of references, so that noises listed for each of them become one.
    #[must_use]
    pub fn with_word_lines(&self, active: usize) -> Self {
        let active = active.clamp(1, self.array.rows.max(1));
        if active == self.word_lines.active {
            return self.clone();
        }
        let word_lines = WordLines {
            active,
            ..self.word_lines.clone()
        };
        Hardware {
            word_lines,
            readout: self.readout.with_common_noise(),
            ..self.clone()
        }
    }

    /// Whole groups of open word lines that one array holds; the next group lies on the next array.
    pub fn groups_per_array(&self) -> usize {
        (self.array.rows / self.word_lines.active).max(1)
    }

    /// The conversions of every group and output, for weights and inputs of these bits.
    ///
    /// # Errors
    /// If the cells cannot hold the weights or the word lines cannot take the inputs.
    pub fn conversions(
        &self,
        weight_bits: u32,
        input_bits: u32,
    ) -> Result<Vec<Conversion>, HwError> {
        let weights = self.weights.planes(weight_bits, self.cell.top())?;
        let inputs = self.word_lines.planes(input_bits)?;
        let pair = |&(a_factor, input): &(i32, _)| {
            let of = move |&(w_factor, weight): &(i32, _)| Conversion {
                factor: a_factor * w_factor,
                input,
                weight,
            };
            weights.iter().map(of).collect::<Vec<_>>()
        };
        Ok(inputs.iter().flat_map(pair).collect())
    }

    /// Variance over reads of the current of one row at input 1, over the outcomes of programming its cells, in MAC units
    /// squared; that of input a is a^2 times as large.
    pub fn row_noise(&self, plane: &WeightPlane, weight: i8) -> f64 {
        let outcomes = self.row_outcomes(plane, 1, weight).into_iter();
        outcomes.map(|row| row.probability * row.noise).sum()
    }

    /// A stable hash of every resolved number that values depend on (not of the name, times and cost).
    pub fn fingerprint(&self) -> String {
        let Hardware {
            name: _,
            description: _,
            array,
            cell,
            weights,
            word_lines,
            row_order,
            bit_line,
            readout,
            accumulator,
            timing: _,
            chip: _,
            cost: _,
            undetermined: _,
        } = self;
        let numbers = format!(
            "{:?}",
            (
                array,
                cell,
                weights,
                word_lines,
                bit_line,
                readout,
                accumulator
            )
        );
        // What has the order that was the only one has the fingerprint that it had then.
        let order = match row_order {
            RowOrder::Consecutive => String::new(),
            RowOrder::Interleaved => format!("{row_order:?}"),
        };
        fingerprint((numbers + &order).as_bytes())
    }
}

/// Mean square over mean of the non-zero values of an input: what Sum a^2 is per unit of Sum a when all are equally likely.
/// The variance that cell noise adds to a partial sum of magnitude |s| is at least that of cells that only just make |s|.
fn mean_input(bits: u32) -> f64 {
    let top = f64::from((1u32 << bits.clamp(1, 8)) - 1);
    (2.0 * top + 1.0) / 3.0
}

/// Rows of the largest array.
const MOST_ROWS: usize = 65_536;

fn resolve_array(spec: &ArraySpec, checks: &mut Checks) -> ArrayShape {
    checks.within(
        "array.rows",
        spec.rows as u64,
        1,
        MOST_ROWS as u64,
        "an array has at least one word line",
    );
    checks.within(
        "array.columns",
        spec.columns as u64,
        1,
        65_536,
        "an array has at least one bit line",
    );
    let columns = spec.columns.max(1) as u64;
    checks.within(
        "array.columns_per_readout",
        spec.columns_per_readout as u64,
        1,
        columns,
        "a read-out serves at least one column and at most all",
    );
    // No rows were reported above; the open word lines are then held against the largest array.
    let rows = if spec.rows == 0 { MOST_ROWS } else { spec.rows };
    ArrayShape {
        rows,
        columns: spec.columns.max(1),
        columns_per_readout: spec.columns_per_readout.max(1),
    }
}
