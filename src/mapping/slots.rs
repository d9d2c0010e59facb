//! Which column (or subtracted pair) a read-out converts at which position of the column multiplexer.
//!
//! Units stand side by side, output by output, those that all outputs share last; every read-out serves a run of neighbours,
//! runs differ by one at most. Not responsible for how many there are ([`super::layer`]).

use super::layer::LayerMapping;

/// Position of every unit of one array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slots {
    /// Position of each unit.
    position: Vec<u32>,
    /// Units at each position.
    at: Vec<u32>,
    units_per_output: usize,
}

impl Slots {
    /// The units on the arrays of a column tile.
    pub fn new(mapping: &LayerMapping, column_tile: usize) -> Self {
        let (units, readouts) = (mapping.units(column_tile), mapping.readouts());
        let position = |unit: usize| {
            let readout = ((unit + 1) * readouts - 1) / units;
            (unit - readout * units / readouts) as u32
        };
        let position: Vec<u32> = (0..units).map(position).collect();
        let mut at = vec![0; mapping.positions(column_tile)];
        for &place in &position {
            at[place as usize] += 1;
        }
        Slots {
            position,
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
        self.position[output * self.units_per_output + plane] as usize
    }

    /// Position of the array's `plane`-th shared unit, with `outputs` outputs on the array.
    pub fn shared(&self, outputs: usize, plane: usize) -> usize {
        self.position[outputs * self.units_per_output + plane] as usize
    }
}
