//! Current of one row of a group: what a driven word line and the cells of one weight put on the bit line.
//!
//! A row with input value a and cells at levels p (and m in a subtracted column) adds `a (I_p - I_m)`, in MAC units. Its
//! moments over chips (programming variation) and over reads (cell noise) add up over the rows of a group; a stuck cell is an
//! outcome of its own, because its error is far from normal. Not responsible for the read-out nor for wire resistance, which
//! depends on the place of the group ([`super::imc_array`]).

use super::bit_line::Leakage;
use super::cell::Cell;
use super::chip::Hardware;
use super::readout::Kind;
use super::variation::standard_normal;
use super::weight_plane::{CellPair, WeightPlane};
use rand::Rng;

/// One possible outcome of programming the cells of a row, in MAC units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RowOutcome {
    /// Probability of this outcome (below 1 only where cells can be stuck).
    pub probability: f64,
    /// The MAC value that the row was meant to add.
    pub value: i32,
    /// Mean current minus that value, if no cell is stuck.
    pub nominal_deviation: f64,
    /// Mean current minus that value in this outcome.
    pub deviation: f64,
    /// True if a stuck cell has another level than it should.
    pub is_stuck: bool,
    /// Input value that moves the references (0 unless they are input-aware).
    pub driven: i32,
    /// Variance over chips.
    pub spread: f64,
    /// Variance over reads.
    pub noise: f64,
}

/// Deviations below this are rounding of evenly spaced levels, in MAC units.
const ROUNDING: f64 = 1e-11;

impl Hardware {
    /// What a row with this input value on its word line and this weight code adds, one outcome per combination of stuck
    /// cells.
    pub fn row_outcomes(&self, plane: &WeightPlane, input: u8, weight: i8) -> Vec<RowOutcome> {
        let cells = plane.cells(weight);
        let value = i32::from(input) * i32::from(plane.apply(weight));
        let driven = self.moves_references(cells) * i32::from(input);
        let deviation = |levels: CellPair| self.row_mean(levels, input) - f64::from(value);
        let nominal_deviation = without_rounding(deviation(cells));
        let outcome = |(probability, levels): (f64, CellPair)| RowOutcome {
            probability,
            value,
            nominal_deviation,
            is_stuck: levels != cells,
            deviation: without_rounding(deviation(levels)),
            driven,
            spread: self.row_variance(levels, input, |cell, level| cell.sigma_ua(level).powi(2)),
            noise: self.row_variance(levels, input, |cell, level| {
                let square = cell.current_ua(level).powi(2) + cell.sigma_ua(level).powi(2);
                cell.read_sigma_relative.powi(2) * square
            }),
        };
        self.stuck_outcomes(cells)
            .into_iter()
            .map(outcome)
            .collect()
    }

    /// Current of one row with freshly programmed cells at one read, in MAC units, minus what a replica column or an
    /// input-aware reference takes away. Noise at each read is that of a converter: an ideal read-out has none, a measured one has it
    /// in its matrix.
    pub fn sample_row(
        &self,
        plane: &WeightPlane,
        input: u8,
        weight: i8,
        rng: &mut impl Rng,
    ) -> f64 {
        if input == 0 {
            return 0.0;
        }
        let cells = plane.cells(weight);
        let read_sigma = match &self.readout.kind {
            Kind::Converter(_) => self.cell.read_sigma_relative,
            Kind::Ideal | Kind::Measured(_) => 0.0,
        };
        let mut one = |level: u8| {
            let current = self.cell.program_us(usize::from(level), rng) * self.cell.read_voltage_v;
            current * (1.0 + read_sigma * standard_normal(rng))
        };
        let plus = one(cells.plus);
        let minus = match cells.minus {
            Some(level) => one(level),
            None => self.compensated_ua(),
        };
        f64::from(input) * (plus - minus) / self.unit_ua()
    }

    /// How far the references move per unit of driven input, in MAC units.
    pub fn reference_shift(&self, plane: &WeightPlane) -> f64 {
        f64::from(self.moves_references(plane.cells(0))) * self.cell.leakage_units()
    }

    /// Largest sum per unit of driven input, if the read-out knows how many inputs are driven.
    pub fn reach_per_input(&self, plane: &WeightPlane) -> Option<i32> {
        let input_aware = self.moves_references(plane.cells(0)) == 1;
        input_aware.then(|| plane.top())
    }

    fn moves_references(&self, cells: CellPair) -> i32 {
        let input_aware = self.bit_line.leakage == Leakage::InputAwareReference;
        i32::from(input_aware && cells.minus.is_none())
    }

    /// Off-cell current taken away from each driven cell of a single column, in uA.
    fn compensated_ua(&self) -> f64 {
        match self.bit_line.leakage {
            Leakage::Uncompensated => 0.0,
            Leakage::ReplicaColumn | Leakage::InputAwareReference => self.cell.current_ua(0),
        }
    }

    fn row_mean(&self, cells: CellPair, input: u8) -> f64 {
        let current = |level: u8| self.cell.current_ua(usize::from(level));
        let minus = cells.minus.map_or(self.compensated_ua(), current);
        f64::from(input) * (current(cells.plus) - minus) / self.unit_ua()
    }

    fn row_variance(
        &self,
        cells: CellPair,
        input: u8,
        of_cell: impl Fn(&Cell, usize) -> f64,
    ) -> f64 {
        let of = |level: u8| of_cell(&self.cell, usize::from(level));
        let scale = f64::from(input) / self.unit_ua();
        (of(cells.plus) + cells.minus.map_or(0.0, of)) * scale * scale
    }

    /// Levels that the cells really take, with their probabilities.
    fn stuck_outcomes(&self, cells: CellPair) -> Vec<(f64, CellPair)> {
        let (off, on, top) = (
            self.cell.stuck_off,
            self.cell.stuck_on,
            self.cell.top() as u8,
        );
        let of = |level: u8| [(1.0 - off - on, level), (off, 0), (on, top)];
        let mut outcomes = Vec::new();
        for (p, plus) in of(cells.plus) {
            match cells.minus {
                None => outcomes.push((p, CellPair { plus, minus: None })),
                Some(level) => outcomes.extend(of(level).map(|(q, minus)| {
                    let minus = Some(minus);
                    (p * q, CellPair { plus, minus })
                })),
            }
        }
        outcomes.retain(|(probability, _)| *probability > 0.0);
        outcomes
    }
}

fn without_rounding(deviation: f64) -> f64 {
    if deviation.abs() < ROUNDING {
        0.0
    } else {
        deviation
    }
}
