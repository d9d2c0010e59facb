//! Which column (or subtracted pair) a read-out converts at which position of the column multiplexer.
//!
//! Units stand side by side, output by output, those that all outputs share last; every read-out serves a run of neighbours,
//! runs differ by one at most. Not responsible for how many there are ([`super::layer`]).

use super::layer::LayerMapping;

/// Where a unit is converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit {
    /// By which read-out of the array.
    pub readout: u32,
    /// At which position of the column multiplexer.
    pub position: u32,
}

/// Place of every unit of one array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slots {
    /// Place of each unit.
    place: Vec<Unit>,
    /// Units at each position.
    at: Vec<u32>,
    units_per_output: usize,
}

impl Slots {
    /// The units on the arrays of a column tile.
    pub fn new(mapping: &LayerMapping, column_tile: usize) -> Self {
        let (units, readouts) = (mapping.units(column_tile), mapping.readouts());
        let place = |unit: usize| {
            let readout = ((unit + 1) * readouts - 1) / units;
            Unit {
                readout: readout as u32,
                position: (unit - readout * units / readouts) as u32,
            }
        };
        let place: Vec<Unit> = (0..units).map(place).collect();
        let mut at = vec![0; mapping.positions(column_tile)];
        for unit in &place {
            at[unit.position as usize] += 1;
        }
        Slots {
            place,
            at,
            units_per_output: mapping.units_per_output(),
        }
    }

    /// Positions in use.
    pub fn positions(&self) -> usize {
        self.at.len()
    }

    /// Read-outs that convert at each position.
    pub fn readouts(&self) -> &[u32] {
        &self.at
    }

    /// Position of plane `plane` (among those of its own) of the array's output `output`.
    pub fn own(&self, output: usize, plane: usize) -> usize {
        self.own_unit(output, plane).position as usize
    }

    /// Place of plane `plane` (among those of its own) of the array's output `output`.
    pub fn own_unit(&self, output: usize, plane: usize) -> Unit {
        self.place[output * self.units_per_output + plane]
    }

    /// Place of the array's `plane`-th shared unit, with `outputs` outputs on the array.
    pub fn shared_unit(&self, outputs: usize, plane: usize) -> Unit {
        self.place[outputs * self.units_per_output + plane]
    }

    /// Position of the array's `plane`-th shared unit, with `outputs` outputs on the array.
    pub fn shared(&self, outputs: usize, plane: usize) -> usize {
        self.shared_unit(outputs, plane).position as usize
    }
}
